"""The picture as it is really drawn, in a process of its own."""

import struct

import pytest

from bot.picture.painter import Painter, _environment
from bot.ports import Unpainted
from strategies.course import Course, Measured, Pace, Point, Probes
from strategies.picture import MOST_MARKS, Picture, picture
from strategies.release import Release
from tests.slack import stories

ODD = "שלום 👩‍🚀 $x^2$ <b>日本語\n\x00"


def released(version: str = "v6", looks: int = 20) -> Release:
    begun = stories.started(stories.planned(steps=(25, 50, 100)))
    release = stories.rolled_back(stories.asking(stories.proven(begun)))
    points = [
        Point.of(
            Measured(asked=25, hits=27, n=100, verdict="proven", at=stories.later(9)),
            stories.tally(),
            stories.later(7),
        ),
        *(Point.look(stories.later(10 + 15 * n), 25, stories.tally(15, 45)) for n in range(looks)),
        Point(at=stories.later(420), asked=0, hits=0, n=60, verdict="proven", old=Pace(n=60, p50=3, p95=9)),
    ]
    course = Course(during=Probes(sent=900), spent={"pods": 5, "soak": 300}).measured(*points)
    plan = release.plan.model_copy(update={"to_version": version})
    return release.model_copy(update={"course": course, "plan": plan})


def seen(release: Release, names: dict[str, str] | None = None) -> Picture:
    found = picture(release, names)
    assert found is not None
    return found


@pytest.mark.parametrize("release", [released(), released(ODD * 9, looks=0)], ids=["usual", "odd"])
async def test_a_release_becomes_a_png_as_wide_as_slack_shows(release: Release) -> None:
    drawn = await Painter().paint(seen(release, {"U1": ODD, "U2": ODD * 40}))
    width, height = struct.unpack(">II", drawn[16:24])
    assert width == 1440
    assert 800 < height < 2000
    assert len(drawn) < 500_000


async def test_a_drawing_that_takes_too_long_is_ended() -> None:
    with pytest.raises(Unpainted, match="not drawn within"):
        await Painter(patience=0.01).paint(seen(released()))


def test_no_token_goes_to_the_process_that_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("KUBECONFIG", "/somewhere")
    assert not {"SLACK_BOT_TOKEN", "KUBECONFIG"} & set(_environment("/scratch"))


def test_asked_holds_from_the_shift_and_measured_has_its_interval() -> None:
    found = seen(released())
    assert found.asked == ((0.0, 0), (7.0, 25), (420.0, 0))
    assert (found.dots[0].share, found.dots[0].low, found.dots[0].high) == (27, 19.27, 36.43)
    assert found.end == 430
    assert found.fast_new[0].p95 == 5.4


def test_who_decided_is_named_and_the_engine_is_nobody() -> None:
    labels = [mark.label for mark in seen(released(), {"U1": "Ana", "U2": "Ben"}).marks]
    assert labels == ["started by Ana", "rolled back by Ben", "as before again"]
    assert [mark.label for mark in seen(released()).marks][1] == "rolled back by U2"


def test_there_are_never_more_marks_than_fit() -> None:
    release = released()
    for n in range(60):
        release = release.tell("held" if n % 2 else "stuck", "x", stories.later(500 + n), by=stories.BEN)
    marks = seen(release).marks
    assert len(marks) <= MOST_MARKS
    assert {mark.kind for mark in marks[-5:]} == {"held"}


def test_of_nothing_there_is_no_picture() -> None:
    assert picture(released().model_copy(update={"course": Course()})) is None

"""A release's picture: once at its end, natively or as a file, on demand, and never in anybody's way."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.playground.slack import Message, SlackStandIn
from bot.ports import Unpainted
from bot.slack.announce import Announcer
from bot.slack.client import web_client
from strategies.course import Course, Measured, Point, Probes
from strategies.picture import Picture
from strategies.release import Release
from tests.slack import stories
from tests.slack.conftest import Room

Show = Callable[[Release], Awaitable[Release]]
PNG = b"\x89PNG of a release"


class Brush:
    """Draws at once; remembers what, or fails."""

    def __init__(self) -> None:
        self.drawn: list[Picture] = []
        self.fails = False

    async def paint(self, picture: Picture) -> bytes:
        """Something that begins as a PNG does."""
        if self.fails:
            raise Unpainted("the brush is dry")
        self.drawn.append(picture)
        return PNG


def measured(release: Release) -> Release:
    """With what its proofs saw."""
    counts = ((25, 27, 73, 9), (50, 31, 29, 400), (0, 0, 60, 420))
    points = []
    for asked, new, old, at in counts:
        found = Measured(asked=asked, hits=new, n=new + old, verdict="proven", at=stories.later(at))
        points.append(Point.of(found, stories.tally(new, old), stories.later(at - 2)))
    course = Course(spent=release.course.spent, during=Probes(sent=220)).measured(*points)
    return release.model_copy(update={"course": course})


def ended() -> Release:
    begun = stories.started(stories.planned(steps=(25, 50, 100)))
    return stories.rolled_back(stories.asking(stories.proven(begun)))


@pytest.fixture
async def brush() -> Brush:
    return Brush()


@pytest.fixture
async def show(slack: SlackStandIn, brush: Brush) -> AsyncIterator[Show]:
    announcer = Announcer(
        web_client(slack.bot_token, slack.url, retries=0), stories.KEY, painter=brush, every=0
    )

    async def shown(release: Release) -> Release:
        after = release.model_copy(update={"card": await announcer.announce(release)})
        assert announcer.current(after)
        return after

    yield shown
    await announcer.close()


def charts(slack: SlackStandIn) -> list[Message]:
    return [m for m in slack.messages if any(b["type"] == "data_visualization" for b in m.blocks)]


def files(slack: SlackStandIn) -> list[Message]:
    return [m for m in slack.messages if m.files]


async def test_the_end_is_shown_natively_once_and_nothing_is_uploaded(
    slack: SlackStandIn, show: Show, brush: Brush
) -> None:
    release = await show(measured(ended()))
    (message,) = charts(slack)
    assert message.in_thread
    assert not message.broadcast
    share, latency = (b for b in message.blocks if b["type"] == "data_visualization")
    assert [s["name"] for s in share["chart"]["series"]] == ["asked", "v6 measured"]
    assert [p["value"] for p in share["chart"]["series"][0]["data"]] == [0, 25, 50, 0]
    assert [s["name"] for s in latency["chart"]["series"]] == ["v2 p95", "v6 p95"]
    assert release.card is not None
    assert release.card.drawn
    await show(release)
    assert (len(charts(slack)), files(slack), brush.drawn) == (1, [], [])


async def test_where_charts_are_refused_a_file_takes_their_place(
    slack: SlackStandIn, show: Show, brush: Brush
) -> None:
    told = await show(ended())
    slack.faults.refuse("chat.postMessage", "invalid_blocks")
    await show(measured(told))
    (message,) = files(slack)
    assert charts(slack) == []
    assert message.in_thread
    assert message.files[0]["name"] == "k8sdemo-17-end.png"
    assert slack.workspace.files[message.files[0]["id"]]["content"] == PNG
    before = len(slack.calls)
    await show(measured(ended()).model_copy(update={"card": told.card}))
    assert "chat.postMessage" not in [call.method for call in slack.calls[before:]]
    assert len(files(slack)) == 2


@pytest.mark.parametrize("what", ["painting", "reserving", "sharing"])
async def test_a_picture_that_fails_keeps_nothing_from_its_end(
    slack: SlackStandIn, show: Show, brush: Brush, what: str
) -> None:
    told = await show(ended())
    slack.faults.refuse("chat.postMessage", "invalid_blocks")
    brush.fails = what == "painting"
    if what == "reserving":
        slack.faults.refuse("files.getUploadURLExternal", "missing_scope")
    if what == "sharing":
        slack.faults.status("files.completeUploadExternal", 503)
    release = await show(measured(told))
    assert release.card is not None
    assert release.card.drawn
    assert files(slack) == []


@pytest.mark.parametrize("natively", [True, False])
async def test_a_new_process_finds_the_picture_that_was_not_remembered(
    slack: SlackStandIn, show: Show, brush: Brush, *, natively: bool
) -> None:
    told = await show(ended())
    if not natively:
        slack.faults.refuse("chat.postMessage", "invalid_blocks")
    release = await show(measured(told))
    forgetful = release.model_copy(update={"card": told.card})
    reborn = Announcer(web_client(slack.bot_token, slack.url, retries=0), stories.KEY, painter=brush)
    card = await reborn.resume(forgetful)
    assert card is not None
    assert card.drawn
    await reborn.announce(forgetful.model_copy(update={"card": card}))
    assert (len(charts(slack)), len(files(slack))) == ((1, 0) if natively else (0, 1))
    await reborn.close()


async def test_what_changed_nothing_or_measured_nothing_has_no_picture(
    slack: SlackStandIn, show: Show
) -> None:
    await show(ended())
    assert charts(slack) == files(slack) == []


# on demand


async def test_a_picture_asked_for_goes_into_the_thread_and_names_who_decided(
    room: Room, brush: Brush, show: Show
) -> None:
    room.app.pictures.painter = brush
    room.desk.release = measured(await show(ended()))
    await (await room.slack.slash("picture k8sdemo-17")).done()
    await room.private("The picture is in")
    (message,) = files(room.slack)
    assert message.files[0]["name"] == "k8sdemo-17-now.png"
    assert message.in_thread
    labels = [mark.label for mark in brush.drawn[0].marks]
    assert any(label.startswith("rolled back by ") and "U2" not in label for label in labels)


async def test_of_what_was_not_measured_there_is_no_picture(room: Room, brush: Brush) -> None:
    room.app.pictures.painter = brush
    room.desk.release = ended()
    await (await room.slack.slash("picture k8sdemo-17")).done()
    await room.private("nothing to draw")
    assert files(room.slack) == []


async def test_samples_can_bring_the_picture_with_them(room: Room, brush: Brush) -> None:
    room.app.pictures.painter = brush
    room.desk.release = measured(stories.asking(stories.proven(stories.started(stories.planned()))))
    room.desk.looked = None
    await (await room.slack.slash("samples k8sdemo-17 --picture")).done()
    await room.private("The picture is in")
    assert len(files(room.slack)) == 1

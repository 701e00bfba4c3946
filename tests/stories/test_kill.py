"""Law 2: a bot that is killed between any two effects, and followed by another, ends where it would have ended.

The story without a kill is run first; then the same with a kill before and after each write it made to the cluster, to
the record and to Slack. What must be the same: the state of the release, every object, what its log says and what
people read, but for one line that the bot was restarted.
"""

import re
from dataclasses import fields, replace
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.stories.process import ANY, Point
from tests.stories.scenarios import SCENARIOS, Scenario, Told, run

NAMES = [s.name for s in SCENARIOS]
SOME = 2  # points of each scenario in the usual suite; all of them where `-m slow` asks
SHARDS = 4
LIFE = 8  # writes
# While no bot is there a rollout goes on past its pause, as far as it gets (see test_rolling): that is told as found.
BLURRED = (
    (re.compile(r"Paused with \d+ of \d+ pods new"), "Paused"),
    (
        re.compile(r"([aA]sked \d+ %, (users get|but v6 answered) N of N \(N %\)( ✓ proven in)?).*"),
        "PROVEN",
    ),
)
UNKILLED: dict[str, Told] = {}


async def unkilled(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The run to compare with, made once."""
    if scenario.name not in UNKILLED:
        UNKILLED[scenario.name] = await run(scenario, tmp_path, monkeypatch)
    return UNKILLED[scenario.name]


def differences(scenario: Scenario, expected: Told, told: Told) -> list[str]:
    """What a killed run did otherwise."""
    found = [f"posted twice: {one}" for one in told.twice] + [
        f"refused by Slack: {one}" for one in told.refusals
    ]
    if not (told.under_way > 0) <= told.ending.restarts <= told.under_way:
        found.append(f"{told.under_way} restarts of a running release, {told.ending.restarts} told")
    if told.under_way == 1 != told.ending.restarts:
        found.append("a restart was not told")
    for name in (f.name for f in fields(expected.ending) if f.name != "restarts"):
        before, after = getattr(expected.ending, name), getattr(told.ending, name)
        if isinstance(before, tuple) and scenario.command.startswith("rolling"):
            before, after = blurred(before), blurred(after)
        if before == after:
            continue
        if isinstance(before, tuple):
            found.append("\n    ".join([name, *unified_diff(before, after, lineterm="", n=0)]))
        elif isinstance(before, dict):
            found += [
                f"{name} {k}:\n    {before.get(k)}\n    {after.get(k)}"
                for k in {*before, *after}
                if before.get(k) != after.get(k)
            ]
        else:
            found.append(f"{name}: {before} became {after}")
    return found


def blurred(said: tuple[str, ...]) -> tuple[str, ...]:
    """Without how far a rollout got."""
    for pattern, instead in BLURRED:
        said = tuple(pattern.sub(instead, line) for line in said)
    return said


def points(told: Told, shard: int = 0, of: int = 1) -> list[Point]:
    """Both sides of each write of a run, or a shard of them."""
    both = [replace(p, when=when) for p in told.points for when in ("before", "after")]
    return both[shard::of]


async def killed(
    scenario: Scenario, expected: Told, faults: list[Point], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What went otherwise in a run whose processes died at these points."""
    try:
        told = await run(scenario, tmp_path, monkeypatch, *faults)
    except AssertionError as e:
        return [f"{faults}: {e}"]
    return [f"{faults}: {one}" for one in differences(scenario, expected, told)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_a_release_that_nobody_kills_ends_as_asked(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await unkilled(scenario, tmp_path, monkeypatch)
    assert told.ending.state == scenario.state
    assert told.ending.restarts == 0
    assert not told.twice
    assert not told.refusals


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_killing_the_bot_at_some_points_changes_nothing(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    every = points(expected)
    stride = len(every) // SOME
    chosen = every[SCENARIOS.index(scenario) % stride :: stride]
    wrong = [one for p in chosen for one in await killed(scenario, expected, [p], tmp_path, monkeypatch)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_killing_the_bot_at_any_point_changes_nothing(
    scenario: Scenario, shard: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    chosen = points(expected, shard, SHARDS)
    wrong = [one for p in chosen for one in await killed(scenario, expected, [p], tmp_path, monkeypatch)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_a_bot_that_dies_again_and_again_gets_there_all_the_same(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    short = [Point(ANY, LIFE, when) for when in ("before", "after")] * 20
    wrong = await killed(scenario, expected, short, tmp_path, monkeypatch)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_losing_the_answer_to_any_write_changes_nothing(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    wrong = []
    for point in expected.points:
        lost = replace(point, when="lost")
        if lost.what == "POST secrets/signing-key":
            continue  # before anything runs: the process ends with a message, and is started again
        told = await killed(scenario, expected, [lost], tmp_path, monkeypatch)
        wrong += told
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("second", range(1, 7))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
async def test_killing_the_bot_again_while_it_resumes_changes_nothing(
    scenario: Scenario, second: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    wrong: list[str] = []
    for first in points(expected)[second::9]:
        for when in ("before", "after"):
            faults = [first, Point(ANY, second, when)]
            wrong += await killed(scenario, expected, faults, tmp_path, monkeypatch)
    assert not wrong, "\n".join(wrong)

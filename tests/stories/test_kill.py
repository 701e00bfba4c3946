"""Law 2: a bot that is killed between any two effects, and followed by another, ends where it would have ended.

The story without a kill is run first; then the same with a kill before and after each write it made to the cluster, to
the record and to Slack. What must be the same: the state of the release, every object, what its log says and what
people read, but for one line that the bot was restarted.
"""

from dataclasses import fields, replace
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.stories.process import Point
from tests.stories.scenarios import SCENARIOS, Scenario, Told, run

UNKILLED: dict[str, Told] = {}


async def unkilled(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The run to compare with, made once."""
    if scenario.name not in UNKILLED:
        UNKILLED[scenario.name] = await run(scenario, tmp_path, monkeypatch)
    return UNKILLED[scenario.name]


def differences(expected: Told, told: Told) -> list[str]:
    """What a killed run did otherwise."""
    found = [f"posted twice: {one}" for one in told.twice] + [f"refused by Slack: {one}" for one in told.refusals]
    if told.ending.restarts != told.under_way:
        found.append(f"{told.under_way} restarts of a running release, {told.ending.restarts} told")
    for name in (f.name for f in fields(expected.ending) if f.name != "restarts"):
        before, after = getattr(expected.ending, name), getattr(told.ending, name)
        if before == after:
            continue
        if isinstance(before, tuple):
            found.append("\n    ".join([name, *unified_diff(before, after, lineterm="", n=0)]))
        elif isinstance(before, dict):
            found += [f"{name} {k}:\n    {before.get(k)}\n    {after.get(k)}" for k in {*before, *after} if before.get(k) != after.get(k)]
        else:
            found.append(f"{name}: {before} became {after}")
    return found


def points(told: Told, shard: int = 0, of: int = 1) -> list[Point]:
    """Both sides of each write of a run, or a shard of them."""
    both = [replace(p, when=when) for p in told.points for when in ("before", "after")]
    return both[shard::of]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
async def test_a_release_that_nobody_kills_ends_as_asked(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await unkilled(scenario, tmp_path, monkeypatch)
    assert told.ending.state == scenario.state
    assert told.ending.restarts == 0
    assert not told.twice
    assert not told.refusals


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shard", range(4))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
async def test_killing_the_bot_at_any_point_changes_nothing(
    scenario: Scenario, shard: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await unkilled(scenario, tmp_path, monkeypatch)
    wrong = []
    for point in points(expected, shard, 4):
        try:
            told = await run(scenario, tmp_path, monkeypatch, point)
        except AssertionError as e:
            wrong.append(f"{point}: {e}")
            continue
        wrong += [f"{point}: {one}" for one in differences(expected, told)]
    assert not wrong, "\n".join(wrong)

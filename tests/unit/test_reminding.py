"""Reminders by themselves and by a nudge: who is named, how often, and that nights are quiet."""

from datetime import timedelta

from strategies.people import Calendar
from strategies.refusal import Refusal
from strategies.release import Release, State
from strategies.reminding import APART, LONGEST, nudged, reminded
from strategies.windows import Once
from tests.unit.stations import release
from tests.unit.test_consent import ANA, NOW

DAY = Calendar()
NIGHT = Calendar(quiet=(Once(NOW - timedelta(hours=1), NOW + timedelta(hours=6)),))


def asking() -> Release:
    return release().become(State.ASKING, NOW - timedelta(minutes=20))


def done(said: Release | Refusal) -> Release:
    assert isinstance(said, Release), said
    return said


def code(said: Release | Refusal) -> str:
    assert isinstance(said, Refusal), said
    return said.code


def test_a_nudge_reminds_once_and_the_usual_reminders_begin_anew_behind_it() -> None:
    moved = done(nudged(asking(), ANA.actor, ("S0SRE",), NOW, DAY, anyway=False))
    told = moved.events[-1]
    assert told.kind == "reminder"
    assert told.by == ANA.actor
    assert "<!subteam^S0SRE>" in told.text
    assert moved.remind_at is not None
    assert moved.remind_at > NOW
    soon = NOW + APART - timedelta(seconds=1)
    assert code(nudged(moved, ANA.actor, (), soon, DAY, anyway=True)) == "reminded"
    assert done(nudged(moved, ANA.actor, (), NOW + APART, DAY, anyway=False)).reminded == 2


def test_in_quiet_hours_nobody_is_nudged_unless_it_is_asked_for() -> None:
    assert code(nudged(asking(), ANA.actor, (), NOW, NIGHT, anyway=False)) == "quiet"
    assert done(nudged(asking(), ANA.actor, (), NOW, NIGHT, anyway=True)).reminded == 1


def test_who_waits_for_nobody_nudges_nobody() -> None:
    running = release().become(State.RUNNING, NOW)
    assert code(nudged(running, ANA.actor, (), NOW, DAY, anyway=True)) == "waits-for-nobody"
    ended = release().become(State.PROMOTED, NOW, ended_at=NOW)
    assert code(nudged(ended, ANA.actor, (), NOW, DAY, anyway=True)) == "waits-for-nobody"


def test_reminders_come_at_growing_intervals_up_to_the_longest() -> None:
    found, gaps, now = asking(), list[float](), NOW
    for _ in range(8):
        found = reminded(found, (), now)
        assert found.remind_at is not None
        gaps.append((found.remind_at - now).total_seconds())
        now = found.remind_at
    assert gaps == sorted(gaps)
    assert gaps[0] == 2 * found.plan.timers.remind
    assert gaps[-1] == LONGEST


def test_where_everybody_can_decide_the_one_who_started_it_is_named() -> None:
    found = reminded(asking(), (), NOW)
    assert found.events[-1].text.startswith(("<@", "`"))

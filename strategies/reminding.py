"""Reminders of a release that a person must decide on: who is named, how often, and when nobody is to be disturbed.

By themselves they come at growing intervals and never in quiet hours; somebody who nudges brings one now.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from strategies import words
from strategies.denials import shown
from strategies.duration import words as duration
from strategies.people import Calendar
from strategies.refusal import Refusal
from strategies.release import ENGINE, Actor, Release, State

LONGEST: Final = 4 * 3600  # seconds between two reminders at the most
APART: Final = timedelta(minutes=5)  # between two that people ask for
MOST: Final = 12  # ids in one


def mention(release: Release, asked: Iterable[str]) -> str:
    """Those who can decide; who started it where everybody can."""
    named = [shown(i) for i in asked][:MOST]
    return " ".join(named) if named else words.who(release.started_by)


def reminded(release: Release, asked: tuple[str, ...], now: datetime, by: Actor = ENGINE) -> Release:
    """With one more reminder in its log, and the next one later than the one before."""
    count = release.reminded + 1
    gap = min(release.plan.timers.remind * 2**count, LONGEST)
    text = words.reminder(release, (now - release.since).total_seconds(), mention(release, asked))
    if by is not ENGINE:
        text = f"{text} ({words.who(by)} asks.)"
    told = release.model_copy(update={"reminded": count, "remind_at": now + timedelta(seconds=gap)})
    return told.tell("reminder", text, now, by=by, asks=list(asked[:MOST]))


def nudged(
    release: Release,
    by: Actor,
    asked: tuple[str, ...],
    now: datetime,
    calendar: Calendar,
    *,
    anyway: bool,
) -> Release | Refusal:
    """A reminder because somebody asks for it, or why not."""
    if release.state not in (State.ASKING, State.HOLDING):
        what = (
            f"{release.id} has ended: {release.outcome}."
            if release.ended
            else (f"{release.id} is {words.state(release)} and waits for nobody.")
        )
        return Refusal(code="waits-for-nobody", what=what, remedy=f"Look: `/release status {release.id}`.")
    quiet = calendar.quiet_until(now)
    if quiet and not anyway:
        return Refusal(
            code="quiet",
            what=f"{release.plan.environment} has quiet hours until {quiet:%Y-%m-%d %H:%M} UTC, so nobody is reminded.",
            remedy=f"If it cannot wait: `/release nudge {release.id} --anyway`.",
        )
    last = next((e for e in reversed(release.events) if e.kind == "reminder"), None)
    if last is not None and now - last.at < APART:
        ago = duration(max((now - last.at).total_seconds(), 1))
        return Refusal(
            code="reminded",
            what=f"They were reminded {ago} ago.",
            remedy=f"Wait: one reminder in {duration(APART.total_seconds())} is enough.",
        )
    return reminded(release, asked, now, by)


def gone(release_id: str) -> Refusal:
    """A record that is not there any more."""
    return Refusal(
        code="no-such-release",
        what=f"There is no release `{release_id}`.",
        remedy="`/release status` lists what runs.",
    )

"""Where a release stands, in the few numbers that people look for: the split asked, the next one, the stages.

Pure; everything is derived from the record.
"""

from dataclasses import dataclass
from datetime import datetime

from strategies.plan import Stage
from strategies.release import Release, State
from strategies.samples import Tally
from strategies.soaking import EVERY
from strategies.steps import Check, Prove

CELLS = 10


def asked(release: Release) -> int:
    """The share of the new version that users were sent to last, in percent.

    What counts is the last proof that was reached, so that a step which still brings up pods does not count; once that
    proof is done, what it asked: a rollout that has gone on past its pause cannot make the share of the plan.
    """
    if release.back:
        return 0
    steps = (
        release.plan.steps if release.state is State.PROMOTED else release.plan.steps[: release.cursor + 1]
    )
    for step in reversed(steps):
        if isinstance(step, Prove):
            seen = release.measured
            return seen.asked if seen and step is not release.step else step.share
        if isinstance(step, Check):
            return 0
    return 0


def stage(release: Release) -> Stage | None:
    """The stage it is at; None on the way back and after an end."""
    if release.going_back or release.ended:
        return None
    return next((s for s in release.plan.stages if s.number == release.stage), None)


def next_stage(release: Release) -> Stage | None:
    """What a yes leads to; None at the last one."""
    here = stage(release)
    if here is None:
        return None
    return next((s for s in release.plan.stages if s.number == here.number + 1), None)


def under_way(release: Release) -> int | None:
    """The share that is being brought about, where it is not the one asked already."""
    here = stage(release)
    return here.share if here is not None and not release.proven and here.share != asked(release) else None


@dataclass(frozen=True, slots=True)
class Track:
    """What was sampled of one version: answers, how many of them failed, and the p95 in ms; None where nothing was."""

    answers: int | None = None
    failed: int = 0
    p95: float = 0.0


def sides(release: Release) -> tuple[Track, Track]:
    """The old version's and the new one's: all of a comparison that is under way, else as last sampled."""
    judged = release.judged
    if judged.looks:
        old, new = judged.old, judged.new
        return Track(old.requests, old.errors, old.p95), Track(new.requests, new.errors, new.p95)
    seen = next((e.detail["tally"] for e in reversed(release.events) if e.detail.get("tally")), None)
    if seen is None:
        return Track(), Track()
    tally = Tally.model_validate(seen)
    return (
        Track(tally.old.n, tally.old.failed, tally.old.p95),
        Track(tally.new.n, tally.new.failed, tally.new.p95),
    )


def next_look(release: Release) -> datetime | None:
    """When both versions are compared next; None where they are not, or the state ends before."""
    if release.state not in (State.SOAKING, State.KEEPING) or release.due is None:
        return None
    following = (release.judged.at or release.since) + EVERY
    return following if following < release.due else None


def bar(share: int) -> str:
    """A share as a bar of ten; nothing looks like all, or something like nothing, unless it is.

    >>> bar(0), bar(2), bar(25), bar(99), bar(100)
    ('▱▱▱▱▱▱▱▱▱▱', '▰▱▱▱▱▱▱▱▱▱', '▰▰▱▱▱▱▱▱▱▱', '▰▰▰▰▰▰▰▰▰▱', '▰▰▰▰▰▰▰▰▰▰')
    """
    full = share * CELLS // 100
    if 0 < share < 100:  # noqa: PLR2004 - percent
        full = min(max(full, 1), CELLS - 1)
    return "▰" * full + "▱" * (CELLS - full)


def trail(release: Release) -> str:
    """The stages in a line: those behind, the present one, those to come; empty where that says nothing."""
    here = stage(release)
    done = release.state is State.PROMOTED
    if here is None and not done:
        return ""
    marks = []
    for one in release.plan.stages:
        if done or (here is not None and one.number < here.number):
            marks.append(f"✓ {one.title}")
        elif here is not None and one.number == here.number:
            marks.append(f"*● {one.title}*")
        else:
            marks.append(f"○ {one.title}")
    return "  ›  ".join(marks)

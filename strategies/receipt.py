"""What a release took: where its seconds went, and the requests that were sent to prove and to compare.

Derived from the record alone, so it is as true after any number of restarts; of a release that runs, as of `now`.
"""

from dataclasses import dataclass
from datetime import datetime

from strategies.course import PHASES, Phase, Probes
from strategies.release import Release

SHOWN = 0.05  # seconds below which a phase is not worth its word


@dataclass(frozen=True, slots=True)
class Receipt:
    """`spent` in seconds, in the order in which phases come; `at_least`: an engine ended while it was sampling."""

    seconds: float
    spent: tuple[tuple[Phase, float], ...]
    probes: Probes
    at_least: bool


def receipt(release: Release, now: datetime | None = None) -> Receipt:
    """All that an ended release took, or what one that runs has taken until now."""
    until = release.ended_at or now or release.since
    course = release.course
    if not release.ended:
        course = course.passed(release.phase, (until - release.since).total_seconds())
    spent = tuple((phase, s) for phase in PHASES if (s := course.spent.get(phase, 0.0)) >= SHOWN)
    whole = max((until - release.started_at).total_seconds(), 0.0)
    return Receipt(whole, spent, course.probes, course.cut)

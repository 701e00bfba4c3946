"""Is the canary as good as stable? Failures of both, counted in the same window, by Fisher's exact test.

Source: R. A. Fisher, The Design of Experiments (1935), the one-sided exact test of a two-by-two table.
"""

from dataclasses import dataclass
from math import comb
from typing import TypeAlias

from strategies.samples import Side, Tally

WORSE = 0.01  # chance below which a difference is not luck
ENOUGH = 10  # answers of the canary below which nothing is said


@dataclass(frozen=True, slots=True)
class Pass:
    """As good as the old version, as far as can be seen."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Worse, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Not enough to say; it asks, it never promotes."""

    reason: str


Judgement: TypeAlias = Pass | Fail | Inconclusive


def judge(new: Side, old: Side, version: str) -> Judgement:
    """Compare failures.

    >>> judge(Side(n=60, failed=9), Side(n=180, failed=0), "v6")
    Fail(reason='v6 fails 9 of 60, the old version 0 of 180: worse, p < 0.001')
    >>> judge(Side(n=60), Side(n=180), "v6")
    Pass()
    """
    if new.n < ENOUGH:
        return Inconclusive(f"{version} answered only {new.n} sampled requests")
    chance = worse(new.failed, new.n, old.failed, old.n)
    if chance < WORSE:
        shown = "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"
        return Fail(
            f"{version} fails {new.failed} of {new.n}, the old version {old.failed} of {old.n}: worse, {shown}"
        )
    if new.failed and not old.n:
        return Inconclusive(
            f"{version} fails {new.failed} of {new.n}, and there is no old version to compare with"
        )
    return Pass()


def of(tally: Tally, version: str) -> Judgement:
    """Compare what both versions answered; failures that name no version leave it open whose they are."""
    found = judge(tally.new, tally.old, version)
    if isinstance(found, Pass) and tally.nameless:
        return Inconclusive(
            f"{tally.nameless} of {tally.sent} requests failed, and do not say which version failed them"
        )
    return found


def asked_apart(new: tuple[int, int], old: tuple[int, int], version: str) -> Judgement:
    """Compare what pods answered when each was asked by itself: (asked, fine) of both versions.

    >>> asked_apart((40, 31), (120, 120), "v6")
    Fail(reason='v6, its pods asked one by one, fails 9 of 40, the old version 0 of 120: worse, p < 0.001')
    """
    theirs, ours = (Side(n=asked, failed=asked - fine) for asked, fine in (new, old))
    return judge(theirs, ours, f"{version}, its pods asked one by one,")


def worse(failed: int, n: int, old_failed: int, old_n: int) -> float:
    """The chance of at least so many failures among `n`, were both the same.

    >>> round(worse(3, 10, 0, 10), 3), worse(0, 10, 0, 10)
    (0.105, 1.0)
    """
    total, bad = n + old_n, failed + old_failed
    if not failed or not old_n:
        return 1.0
    ways = comb(total, bad)
    return sum(comb(n, k) * comb(old_n, bad - k) for k in range(failed, min(n, bad) + 1)) / ways

"""Which shares a count of answers is compatible with: the interval posted beside every measured share.

It describes one look, for people to read. It decides nothing: what may be looked at after every batch is in
`proof`.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, exp, pi, sqrt

PRECISION = 1e-12  # standard deviations


@dataclass(frozen=True, slots=True)
class Interval:
    """Shares from `low` to `high`, both included, 0..1.

    >>> str(Interval(0.193, 0.364)), 0.25 in Interval(0.193, 0.364)
    ('19–36 %', True)
    """

    low: float
    high: float

    def __contains__(self, share: float) -> bool:
        return self.low <= share <= self.high

    def __str__(self) -> str:
        return f"{100 * self.low:.0f}–{100 * self.high:.0f} %"


@lru_cache
def quantile(confidence: float) -> float:
    """How many standard deviations either side of the mean hold `confidence` (between 0 and 1) of a normal.

    Newton's method on the error function; `statistics.NormalDist` would bring `random` into the brain.

    >>> round(quantile(0.95), 4)
    1.96
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    z = 0.0
    # From 0 the steps climb without ever passing the root (erf is concave there), so this always ends.
    while (step := (confidence - erf(z / sqrt(2))) / (sqrt(2 / pi) * exp(-z * z / 2))) > PRECISION:
        z += step
    return z


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for `hits` of `n`; everything (0..1) where n is 0.

    Chosen over Clopper-Pearson because its coverage is near the nominal level instead of above it, and over
    Wald's because it stays honest at 0 of n. Without continuity correction. Source: E. B. Wilson, Probable
    inference, the law of succession, and statistical inference, Journal of the American Statistical
    Association 22 (1927), 209-212.

    >>> str(wilson(27, 100)), str(wilson(0, 60)), str(wilson(60, 60))
    ('19–36 %', '0–6 %', '94–100 %')
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no count")
    if n == 0:
        return Interval(0.0, 1.0)
    z = quantile(confidence)
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    # At 0 of n and n of n the end is exact; the subtraction above would leave dust of 1e-18 that excludes 0.
    return Interval(0.0 if hits == 0 else middle - half, 1.0 if hits == n else middle + half)

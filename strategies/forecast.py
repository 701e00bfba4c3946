"""Can a share be proven at all within its bound? Asked at the plan, before anything moves.

Deterministic: the chances of every count are added up, nothing is drawn.
"""

from dataclasses import replace
from functools import lru_cache
from math import ceil, comb, erf, exp, sqrt

from strategies.proof import LEAST, MET, Asked, Disproven, Proven, bars, gain, judge

SURE = 0.95  # of the runs at a true share must be proven within the bound, else the plan refuses the step
FOLLOWED = 1_000  # requests up to which every chance is followed, whatever the bound
DUST = 1e-9  # chances below it are not followed


@lru_cache
def needed(asked: Asked) -> int:
    """About how many counted requests prove a true share in 95 of 100 runs; those up to the sign not counted.

    What `max_requests` bounds is one window too, so they compare. Up to `FOLLOWED` it is computed from the
    chances of every count at every look (LEAST apart, in the first window); beyond, from when a Brownian
    motion with the odds' drift has reached the bar (inverse Gaussian).

    >>> needed(Asked(25, before=0)), needed(Asked(25, before=20)) > 400, needed(Asked(100, before=50))
    (190, True, 60)
    """
    if asked.whole:
        return MET
    unbounded = replace(asked, max_requests=FOLLOWED + 1)
    proven, chances = 0.0, {0: 1.0}
    for n in range(LEAST, FOLLOWED + 1, LEAST):
        chances = _after(chances, asked.share / 100)
        for hits in tuple(chances):
            verdict = judge(unbounded, hits, n)
            # A dropped window is followed as if it went on: the next one is stricter, but has the whole bound.
            if isinstance(verdict, Proven | Disproven):
                chance = chances.pop(hits)
                proven += chance if isinstance(verdict, Proven) else 0
        if proven >= SURE:
            return n
    return max(FOLLOWED + 1, _beyond(asked))


def decidable(asked: Asked) -> bool:
    """Whether a true share is proven within `max_requests` in 95 of 100 runs; else the plan refuses it.

    >>> decidable(Asked(50, before=25)), decidable(Asked(10, before=5))
    (True, False)
    """
    return needed(asked) <= asked.max_requests


def _after(chances: dict[int, float], share: float) -> dict[int, float]:
    """The chances of each count of hits after LEAST more requests."""
    binomial = [comb(LEAST, hits) * share**hits * (1 - share) ** (LEAST - hits) for hits in range(LEAST + 1)]
    after: dict[int, float] = {}
    for had, chance in chances.items():
        if chance > DUST:
            for more, part in enumerate(binomial):
                after[had + more] = after.get(had + more, 0.0) + chance * part
    return after


def _beyond(asked: Asked) -> int:
    """Where the bound is too small: from the slower edge's odds, or the second answer of the rarer track."""
    needs = zip(bars(asked, 0), (asked.near, asked.far), strict=True)
    slowest = max(_sure(bar) / gain(asked.target, edge) for bar, edge in needs)
    # 4.75 expected answers are at least two in 95 % of runs (Poisson).
    return ceil(max(slowest, 4.75 / asked.target, 4.75 / (1 - asked.target)))


def _sure(bar: float) -> float:
    """The drift at which 95 % of Brownian motions reached `bar`; the odds' variance is twice the drift."""

    def reached(drift: float) -> float:
        spread = sqrt(2 * drift)
        ahead, behind = (erf(x / spread / sqrt(2)) / 2 + 0.5 for x in (drift - bar, -drift - bar))
        return ahead + exp(bar) * behind

    low, high = bar, 10 * bar + 10
    for _ in range(30):  # halvings: to a billionth
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < SURE else (low, middle)
    return high

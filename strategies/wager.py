"""Is one version worse than the other? A bet on two-by-two tables that may be looked at as often as one likes.

Method. Each look counts both versions in the same window: `bad` of `n` of the new one, `old_bad` of `old_n` of the
old one. Given how many were bad in all, and were both versions equally good, the number that fell to the new one is
drawn as from an urn (hypergeometric), whatever the rate is, and even if it is another at each look. Against that
stands the same urn with odds tilted towards the new version (Fisher's noncentral hypergeometric). The ratio of the
two chances is on average 1 while both are equally good, so the product over all looks is money won in a fair game:
it *ever* reaches 1 / level in at most `level` of runs (Ville's inequality). Nobody knows the odds beforehand, so the
money is spread over several (`ODDS`), which stays fair.

    one look, 9 of 60 against 0 of 180: had luck made that split, the bets had won 193,000 times their stake

Invariants. Pure; `added` never lowers what the best moment showed (`peak`), by which alone is decided, and a look in
which nothing was bad, or everything, changes nothing. One-sided: a new version that is better wins nothing.

Sources. R. A. Fisher, The Logic of Inductive Inference, Journal of the Royal Statistical Society 98 (1935), 39-82
(the urn and its tilted form); H. Robbins, Statistical methods related to the law of the iterated logarithm, Annals of
Mathematical Statistics 41 (1970), 1397-1409 (mixing over alternatives); A. Ramdas, P. Grünwald, V. Vovk, G. Shafer,
Game-theoretic statistics and safe anytime-valid inference, Statistical Science 38 (2023), 576-601.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import exp, inf, lgamma, log
from typing import Self

from pydantic import Field

from strategies.plan import Frozen

ODDS = (1.5, 3.0, 8.0, 25.0, 1000.0)  # how much likelier a bad answer is the new version's
STAKES = (0.1, 0.15, 0.15, 0.2, 0.4)  # of the money on each; a version that fails by itself is the usual case
MOST = 4_000  # answers of both in one look; more are scaled down, which only loses money
NEGLIGIBLE = 45.0  # natural logarithm: terms so much smaller than the largest add nothing


class Wager(Frozen):
    """The money on each of `ODDS` after all looks, as natural logarithms, and the most it ever was together."""

    money: tuple[float, ...] = Field((0.0,) * len(ODDS), min_length=len(ODDS), max_length=len(ODDS))
    peak: float = 0.0

    def added(self, bad: int, n: int, old_bad: int, old_n: int) -> Self:
        """After one more look; raises ValueError where these are no counts.

        >>> round(Wager().added(9, 60, 0, 180).peak, 1), Wager().added(0, 60, 0, 180).peak
        (12.2, 0.0)
        """
        if not (0 <= bad <= n and 0 <= old_bad <= old_n):
            raise ValueError(f"{bad} of {n} and {old_bad} of {old_n} are no counts")
        return self._after(_won(*_scaled(bad, n, old_bad, old_n)))

    def alone(self, bad: int, n: int, usual: float) -> Self:
        """After one more look at the new version by itself, where `usual` (0..1) is the most that may be bad of it.

        While no more is, the chances under tilted odds are on average no larger than those under `usual`: the game
        is fair again (Wald's sequential test, mixed over the same odds).

        >>> Wager().alone(6, 20, 0.02).luck < 0.01, Wager().alone(0, 20, 0.02).luck
        (True, 1.0)
        """
        won = []
        for odds in ODDS:
            tilted = odds * usual / (1 - usual + odds * usual)
            won.append(bad * log(tilted / usual) + (n - bad) * log((1 - tilted) / (1 - usual)))
        return self._after(tuple(won))

    def _after(self, won: tuple[float, ...]) -> Self:
        money = tuple(round(have + more, 4) for have, more in zip(self.money, won, strict=True))
        after = self.model_copy(update={"money": money})
        return after.model_copy(update={"peak": max(self.peak, round(after.now, 4))})

    @property
    def now(self) -> float:
        """What all of it is worth, as a natural logarithm; it was 0 at the beginning."""
        return _sum(log(stake) + have for stake, have in zip(STAKES, self.money, strict=True))

    @property
    def luck(self) -> float:
        """The chance of ever winning so much were both equally good, at most: an anytime-valid p-value."""
        return min(1.0, exp(-self.peak))

    def beyond(self, level: float) -> bool:
        """Whether that is less than `level` allows."""
        return self.peak >= -log(level)


@lru_cache(maxsize=1024)
def _won(bad: int, n: int, old_bad: int, old_n: int) -> tuple[float, ...]:
    """What one look wins at each odds, as natural logarithms: tilted chance over plain chance of this split.

    With h(j) the plain chance that j of all the bad ones are the new version's, the tilted one of `bad` is
    h(bad) * odds**bad / sum of h(j) * odds**j, so h(bad) cancels.
    """
    every = bad + old_bad
    least, most = max(0, every - old_n), min(n, every)
    if least == most:
        return (0.0,) * len(ODDS)  # only one split is possible: it tells nothing
    whole = _choose(n + old_n, every)
    plain = [_choose(n, j) + _choose(old_n, every - j) - whole for j in range(least, most + 1)]
    return tuple(
        bad * log(odds) - _sum(h + j * log(odds) for j, h in enumerate(plain, least)) for odds in ODDS
    )


def _scaled(bad: int, n: int, old_bad: int, old_n: int) -> tuple[int, int, int, int]:
    """The same table with at most `MOST` answers: numbers of a busy service's metrics are many.

    >>> _scaled(40, 10_000, 30, 30_000)
    (4, 1000, 3, 3000)
    """
    total = n + old_n
    if total <= MOST:
        return bad, n, old_bad, old_n
    small, old_small = max(1, round(n * MOST / total)), max(1, round(old_n * MOST / total))
    return (
        min(small, bad * MOST // total),
        small,
        min(old_small, -(-old_bad * MOST // total)),
        old_small,
    )


def _choose(n: int, k: int) -> float:
    """The natural logarithm of the number of ways to choose k of n."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _sum(logs: Iterator[float]) -> float:
    """The logarithm of a sum of what these are the logarithms of."""
    every = tuple(logs)
    largest = max(every, default=-inf)
    return largest + log(sum(exp(e - largest) for e in every if e > largest - NEGLIGIBLE))

"""How values are spread: counts in buckets that grow by 5 %, so that any number of them takes little room in a record.

A quantile is right to 2.5 %. Values below 0.1 count as 0.1.
"""

from collections.abc import Iterable
from math import ceil, log
from typing import Self

from pydantic import Field

from strategies.plan import Frozen

GROWTH = log(1.05)
LEAST = 0.1


class Spread(Frozen):
    """`counts` by number of the bucket; bucket b stands for 1.05 ** b."""

    counts: dict[int, int] = Field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many values."""
        return sum(self.counts.values())

    def added(self, values: Iterable[float]) -> Self:
        """With these too."""
        counts = dict(self.counts)
        for value in values:
            bucket = round(log(max(value, LEAST)) / GROWTH)
            counts[bucket] = counts.get(bucket, 0) + 1
        return self.model_copy(update={"counts": dict(sorted(counts.items()))})

    def quantile(self, share: float) -> float:
        """The value that this share of all does not exceed (nearest rank), with three digits; 0 of none.

        >>> spread = Spread().added([2.0] * 95 + [150.0] * 5)
        >>> spread.quantile(0.5), spread.quantile(0.95), spread.quantile(0.99), Spread().quantile(0.5)
        (1.98, 1.98, 152, 0.0)
        """
        left = ceil(share * self.n)
        for bucket, count in self.counts.items():
            left -= count
            if left <= 0:
                value = 1.05**bucket
                return round(value, 2) if value < 10 else round(value, 1) if value < 100 else round(value)
        return 0.0

"""What Prometheus said of both tracks, look by look: counts of users' requests, and own queries with their limits.

Counts come as totals since judging began, so that each look bets on what came since the last; a counter that begins
anew only loses what was not seen. Own queries have no error rate that could be promised: one beyond its limit counts
once it is so at `TWICE` looks in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field

from strategies.plan import Frozen
from strategies.wager import Wager

TWICE = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A query's answer."""

    value: float


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Why there is none, as the end of a sentence: `gave no data`."""

    why: str


@dataclass(frozen=True, slots=True)
class Metered:
    """One look: what each query, by its text, answered."""

    answers: Mapping[str, Number | NoNumber] = field(default_factory=dict)


class Own(Frozen):
    """One own query: its last values, whether beyond its limit, and for how many looks in a row."""

    new: float | None = None
    old: float | None = None
    row: int = 0
    trouble: str = ""


class Readings(Frozen):
    """Totals of users' requests by the router's own counters, and `own` queries by name."""

    looks: int = 0
    new: tuple[int, int] = Field((0, 0), description="requests, failed")
    old: tuple[int, int] = (0, 0)
    failures: Wager = Wager()
    trouble: str = Field("", description="why the last look had no counts")
    own: dict[str, Own] = Field(default_factory=dict)

    def counted(self, new: tuple[int, int], old: tuple[int, int]) -> Self:
        """After a look with these totals: what came since the last one is bet on."""
        n, bad = _since(self.new, new)
        old_n, old_bad = _since(self.old, old)
        update = {
            "looks": self.looks + 1,
            "new": new,
            "old": old,
            "failures": self.failures.added(bad, n, old_bad, old_n),
            "trouble": "",
        }
        return self.model_copy(update=update)

    def missed(self, why: str) -> Self:
        """After a look that brought no counts."""
        return self.model_copy(update={"looks": self.looks + 1, "trouble": why})

    def valued(self, name: str, new: float | None, old: float | None, *, beyond: bool, trouble: str) -> Self:
        """After a look at an own query."""
        before = self.own.get(name, Own())
        row = before.row + 1 if beyond else 0
        own = self.own | {name: Own(new=new, old=old, row=row, trouble=trouble)}
        return self.model_copy(update={"own": own})


def _since(before: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    """What was added between two totals: requests, and how many of them failed."""
    n = max(0, now[0] - before[0])
    return n, min(n, max(0, now[1] - before[1]))

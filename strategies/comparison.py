"""What both versions did while they were compared, added up over all looks: the part of the record that judgement reads.

One `Account` for each track, over the same looks; what the looks prove is in wagers beside them. Bounded: statuses,
fields and pods that are kept are few, and times are spread over buckets, however many looks there are.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import Field

from strategies.mishaps import Mishaps
from strategies.objects import Obj
from strategies.plan import Frozen
from strategies.readings import Readings
from strategies.samples import Sample
from strategies.shape import Shapes
from strategies.spread import Spread
from strategies.wager import Wager

TIMED = 10  # answers of the old version that must be known before times are compared with theirs
SLOWER, MORE = 1.5, 5.0  # a time is long beyond so many times the old version's, and so many ms more
MOST_STATUSES = 8
MOST_TOLD = 8


class Account(Frozen):
    """One track: how many requests it answered, how many of them failed (5xx), and how long the others took, in ms."""

    requests: int = 0
    errors: int = 0
    statuses: dict[str, int] = Field(default_factory=dict)
    times: Spread = Spread()
    shapes: Shapes = Shapes()
    pods: Mishaps = Mishaps()

    @property
    def p50(self) -> float:
        """Half of the answers took no longer, in ms; 0 where none was timed."""
        return self.times.quantile(0.5)

    @property
    def p95(self) -> float:
        """95 % of the answers took no longer, in ms."""
        return self.times.quantile(0.95)

    @property
    def rate(self) -> float:
        """The part of the requests that failed, 0..1."""
        return self.errors / self.requests if self.requests else 0.0

    def added(self, samples: Sequence[Sample], *, timed: bool) -> Self:
        """With these answers too, all of this track."""
        fine = [s for s in samples if not s.failed]
        statuses = Counter(self.statuses) + Counter(str(s.status) for s in samples)
        update = {
            "requests": self.requests + len(samples),
            "errors": self.errors + len(samples) - len(fine),
            "statuses": dict(sorted(statuses.most_common(MOST_STATUSES))),
            "times": self.times.added(s.seconds * 1000 for s in fine) if timed else self.times,
            "shapes": self.shapes.added((s.kind, s.body) for s in fine if s.status < 300),
        }
        return self.model_copy(update=update)


class Comparison(Frozen):
    """Both tracks since `since`; `at` is the last look. `nameless` requests failed without saying whose they were."""

    since: datetime | None = None
    at: datetime | None = None
    looks: int = 0
    timed: int = Field(0, description="looks of which the times were compared too")
    new: Account = Account()
    old: Account = Account()
    nameless: int = 0
    failures: Wager = Wager()
    usual: Wager = Field(Wager(), description="on answers slower than the old version's usual ones")
    tail: Wager = Field(Wager(), description="on answers slower than the old version's slow ones")
    apart: Wager = Field(Wager(), description="on failures of pods that were asked by themselves")
    apart_new: tuple[int, int] = Field((0, 0), description="asked, failed")
    apart_old: tuple[int, int] = (0, 0)
    kept: Wager = Field(Wager(), description="on failures while the new version has all traffic")
    kept_n: int = 0
    kept_bad: int = 0
    readings: Readings = Readings()
    told: tuple[str, ...] = Field((), description="differences in shape that people know of")

    def added(self, samples: Sequence[Sample], now: datetime, *, timed: bool = True) -> Self:
        """After one more look at answers of both; without `timed` their times do not count: pods were cold."""
        new = [s for s in samples if s.version == "new"]
        old = [s for s in samples if s.version == "old"]
        bad, old_bad = sum(s.failed for s in new), sum(s.failed for s in old)
        update: dict[str, object] = {
            "since": self.since or now,
            "at": now,
            "looks": self.looks + 1,
            "timed": self.timed + timed,
            "new": self.new.added(new, timed=timed),
            "old": self.old.added(old, timed=timed),
            "nameless": self.nameless + sum(s.failed for s in samples if not s.version),
            "failures": self.failures.added(bad, len(new), old_bad, len(old)),
        }
        return self.model_copy(update=update | (self._slow(new, old) if timed else {}))

    def _slow(self, new: Sequence[Sample], old: Sequence[Sample]) -> dict[str, Wager]:
        """How many of each are slow, by what was usual for the old version *before* these answers.

        So the limit is fixed before the bet. At the first look the first half of the old answers sets it.
        """
        mine = [s.seconds * 1000 for s in new if not s.failed]
        theirs = [s.seconds * 1000 for s in old if not s.failed]
        before = self.old.times
        if before.n < TIMED:
            half = len(theirs) // 2
            before, theirs = before.added(theirs[:half]), theirs[half:]
        if before.n < TIMED:
            return {}
        made = {}
        for name, share in (("usual", 0.5), ("tail", 0.95)):
            limit = before.quantile(share) * SLOWER + MORE
            slow, others = sum(t > limit for t in mine), sum(t > limit for t in theirs)
            wager: Wager = getattr(self, name)
            made[name] = wager.added(slow, len(mine), others, len(theirs))
        return made

    def seen(self, new: Sequence[Obj], old: Sequence[Obj], now: datetime) -> Self:
        """After one more look at the pods of both."""
        update = {
            "since": self.since or now,
            "at": now,
            "new": self.new.model_copy(update={"pods": self.new.pods.added(new)}),
            "old": self.old.model_copy(update={"pods": self.old.pods.added(old)}),
        }
        return self.model_copy(update=update)

    def asked_apart(self, new: tuple[int, int], old: tuple[int, int]) -> Self:
        """After pods of both were asked by themselves: asked and fine of each."""
        (n, fine), (old_n, old_fine) = new, old
        update = {
            "apart": self.apart.added(n - fine, n, old_n - old_fine, old_n),
            "apart_new": (self.apart_new[0] + n, self.apart_new[1] + n - fine),
            "apart_old": (self.apart_old[0] + old_n, self.apart_old[1] + old_n - old_fine),
        }
        return self.model_copy(update=update)

    def alone(self, samples: Sequence[Sample], now: datetime, usual: float) -> Self:
        """After a look while the new version has all traffic: whatever fails is its failure."""
        bad = sum(s.failed for s in samples)
        update = {
            "at": now,
            "looks": self.looks + 1,
            "kept": self.kept.alone(bad, len(samples), usual),
            "kept_n": self.kept_n + len(samples),
            "kept_bad": self.kept_bad + bad,
        }
        return self.model_copy(update=update)

    def anew(self) -> Self:
        """Nothing judged yet: a person looked at what was seen, and what people know of they know."""
        return type(self)(told=self.told)

    def knows(self, differences: Sequence[str]) -> Self:
        """After people were told of these."""
        told = tuple(dict.fromkeys((*self.told, *differences)))[-MOST_TOLD:]
        return self.model_copy(update={"told": told})

"""What was measured over a release's life, with how many requests, and where its seconds went.

Part of the record, and bounded whatever happens. Seconds are added whenever the state or the step changes, so that all
of them together are exactly the time from start to end, however often the engine was another one.
"""

from datetime import datetime
from typing import Literal, Self, get_args

from pydantic import Field

from strategies.plan import Frozen
from strategies.samples import NOTHING, Side, Tally

Verdict = Literal["proven", "unproven", "failed"]
Phase = Literal["pods", "route", "proof", "soak", "people", "keeping"]
PHASES: tuple[Phase, ...] = get_args(Phase)
KEPT_POINTS = 48  # of 310 bytes at the most: 15 KiB of the record


class Measured(Frozen):
    """The last proof: `hits` of `n` answers came from the new version where `asked` percent were asked."""

    asked: int
    hits: int
    n: int
    verdict: Verdict
    at: datetime


class Pace(Frozen):
    """How one version answered: how many, how many of them failed, latencies in milliseconds."""

    n: int = 0
    failed: int = 0
    p50: float = 0
    p95: float = 0

    @classmethod
    def of(cls, side: Side) -> Self:
        """A side of a tally without its words."""
        return cls(n=side.n, failed=side.failed, p50=side.p50, p95=side.p95)


class Point(Frozen):
    """One measurement: `hits` of `n` answers came from the new version where `asked` percent were to.

    `seen` is a look that decided nothing about the share; `nameless` failures of this look blame no version.
    """

    at: datetime
    asked: int
    hits: int
    n: int
    verdict: Verdict | Literal["seen"]
    new: Pace = Pace()
    old: Pace = Pace()
    nameless: int = 0
    since: datetime | None = Field(None, description="when what was asked was brought about, where it was")

    @classmethod
    def of(cls, found: Measured, tally: Tally | None, since: datetime | None = None) -> Self:
        """A proof's end, with how both versions answered meanwhile; `since` when the shift was made."""
        seen = tally or NOTHING
        return cls(
            at=found.at,
            asked=found.asked,
            hits=found.hits,
            n=found.n,
            verdict=found.verdict,
            new=Pace.of(seen.new),
            old=Pace.of(seen.old),
            nameless=seen.nameless,
            since=since,
        )

    @classmethod
    def look(cls, at: datetime, asked: int, seen: Tally) -> Self:
        """A look between two proofs, all of whose requests were sent as any user sends them."""
        found = Measured(asked=asked, hits=seen.new.n, n=seen.attributed, verdict="unproven", at=at)
        return cls.of(found, seen).model_copy(update={"verdict": "seen"})


class Probes(Frozen):
    """Requests that were really sent: the users' way (`sent`, of which `failed`), and to pods by themselves."""

    sent: int = 0
    failed: int = 0
    alone: int = 0

    def __add__(self, other: "Probes") -> "Probes":
        return Probes(
            sent=self.sent + other.sent,
            failed=self.failed + other.failed,
            alone=self.alone + other.alone,
        )


class Course(Frozen):
    """See the module. What engines counted before the present one is `before`; `during` is the present one's own count.

    An engine records what it has counted in all, so that an answer that was lost counts nothing twice.
    """

    points: tuple[Point, ...] = ()
    spent: dict[Phase, float] = Field(default_factory=dict, description="seconds")
    before: Probes = Probes()
    engine: str = ""
    during: Probes = Probes()
    cut: bool = Field(
        False, description="an engine ended while it may have been sampling: some requests are not counted"
    )

    @property
    def probes(self) -> Probes:
        """All that were sent."""
        return self.before + self.during

    def passed(self, phase: Phase, seconds: float) -> Self:
        """With so many seconds more in a phase.

        >>> Course().passed("pods", 1.5).passed("pods", 0.25).spent
        {'pods': 1.75}
        """
        if seconds <= 0:
            return self
        spent = self.spent | {phase: round(self.spent.get(phase, 0.0) + seconds, 6)}
        return self.model_copy(update={"spent": spent})

    def counted(self, engine: str, during: Probes) -> Self:
        """With what an engine has counted since it began; each has a name of its own.

        >>> one = Course().counted("a", Probes(sent=60)).counted("a", Probes(sent=90))
        >>> one.counted("b", Probes(sent=5)).probes.sent
        95
        """
        if (engine, during) == (self.engine, self.during):
            return self
        before = self.before if engine == self.engine else self.probes
        return self.model_copy(update={"before": before, "engine": engine, "during": during})

    def asked_for(self, probes: Probes) -> Self:
        """With requests that a person asked for, whoever sent them."""
        return self.model_copy(update={"before": self.before + probes})

    def measured(self, *points: Point) -> Self:
        """With further points, in the order of their times; the least telling ones go where there are too many."""
        known = {point.at for point in self.points}
        new = [point for at, point in {point.at: point for point in points}.items() if at not in known]
        if not new:
            return self
        kept = sorted((*self.points, *new), key=lambda point: point.at)
        while len(kept) > KEPT_POINTS:
            del kept[_least(kept)]
        return self.model_copy(update={"points": tuple(kept)})


def _least(points: list[Point]) -> int:
    """Which point says least: a look that stands closest to the one before it; of proofs alone, the same."""
    inner = range(1, len(points) - 1)
    looks = [i for i in inner if points[i].verdict == "seen"] or list(inner)
    return min(looks, key=lambda i: points[i + 1].at - points[i - 1].at)

"""Is a share of traffic what was asked? Decided from counts that are looked at after every batch.

Method. For each share p the answers bet against p, with the odds of what was asked: the likelihood of the counts
under the asked share, divided by that under p. If p is true, that ratio is a martingale, so it *ever* reaches
1/level in at most `level` of runs, however often one looks (Ville's inequality). The shares that no bet has refuted
are a confidence sequence; the split is proven once it lies strictly between the two *edges*, asked ± tolerance, and
above (or below) what was before. Since only one edge can be the true share, each has the whole error to spend, and
no bet needs fewer requests on average than this one (Wald).

    asked 25 % before 0 %: the edges are 10 % and 40 %; 18 of 70 is 56 times likelier under 25 % than under 10 %,
    and 22 times likelier than under 40 %: both above 1/0.045, proven

The same bet turned round refutes what was asked. Towards the far edge that ends it: `Disproven`. Towards the former
split the router may only be late: the window is dropped and a new one begun, with a smaller part of the error for
the near edge. The far edge keeps its part, since a share beyond it hardly ever (1 %) looks like the former split.
Until the first sign of change nothing is counted at all, so that answers given before the router moved can not pull
the share down; that costs no error, because a window that begins at a moment chosen by the past is as good as any.

Invariants. Pure; two counts in, one value out, the same for the same counts. A deterministic balancer (AAAB, smooth
round robin) deviates less from its share than chance does, so it is never disproven and decided as fast. A split is
never proven before each track answered twice, nor when the posted interval lacks what was asked or holds what was
before. At 0 and 100 % there are no odds: there a row of `MET` requests that met nothing else is the proof.

Sources. A. Wald, Sequential tests of statistical hypotheses, Annals of Mathematical Statistics 16 (1945), 117-186;
E. S. Page, Continuous inspection schemes, Biometrika 41 (1954), 100-115 (the first sign of change); A. Ramdas, P.
Grünwald, V. Vovk, G. Shafer, Game-theoretic statistics and safe anytime-valid inference, Statistical Science 38
(2023), 576-601 (Ville's inequality, confidence sequences by inverting such bets).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, comb, inf, log, sqrt
from typing import TypeAlias

from strategies.interval import Interval, wilson

MET = 60  # requests in a row, the proof of 0 and 100 %
FIRST = 20  # requests per batch until the first sign of change
LEAST = 10  # requests in a later batch: fewer would spend more on round trips than they save
SEEN = 2  # answers of each track below which a split is not proven: one gray answer proves nothing
SIGN = log(3)  # likelier as asked than as before by this much: the first sign of change
FAR = 0.9  # part of the error that the far edge keeps, whatever the number of restarts
NEAR = 0.9  # part of the error that the near edge has before the first restart; the rest is for those after
FALSE = 0.2  # part of the error with which a true share may be refuted (then it is called unproven)
SURE = 0.95  # of the runs at a true share must be decided within the bound, else the step is refused at the plan
LOOK = 10  # requests between two looks in the forecast


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be proven.

    `share` is the percent asked of the new track, `before` what was true before the shift (None: not known, or the
    same, as when a proof is tried again); `tolerance` in points; `error` how often a share that is `tolerance` off may
    be called proven; `max_requests` bounds one decision.
    """

    share: int
    before: int | None = 0
    tolerance: int = 15
    error: float = 0.05
    max_requests: int = 400

    @property
    def mirrored(self) -> bool:
        """Whether traffic goes down: all is then computed on the other track's share, so that it goes up."""
        return self.before is not None and self.before > self.share

    @property
    def former(self) -> float | None:
        """The share to tell it from, 0..1, as counted; None where there is none."""
        if self.before is None or self.before == self.share:
            return None
        return (100 - self.before if self.mirrored else self.before) / 100

    @property
    def target(self) -> float:
        """The share asked, 0..1, as counted."""
        return (100 - self.share if self.mirrored else self.share) / 100

    @property
    def near(self) -> float:
        """The edge towards the former split: at or below it, it is not proven."""
        return max(self.target - self.tolerance / 100, self.former or 0.0)

    @property
    def far(self) -> float:
        """The edge away from the former split: at or above it, it is not proven."""
        return min(self.target + self.tolerance / 100, 1.0)


@dataclass(frozen=True, slots=True)
class Proven:
    """Users get what was asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Not decided; `batch` more requests would do if they come as asked. They may be counted one by one."""

    batch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Late:
    """Not (yet) as asked but as before, or on the way from there: `Proof` begins a new window."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disproven:
    """The counts exclude what was asked, and it is not the former split's remainder."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """`max_requests` were counted, and both are still possible."""

    reason: str


Verdict: TypeAlias = Proven | Open | Late | Disproven | Undecided


def met(row: int) -> bool:
    """Whether so many new connections in a row that met one version only are enough to say that all do.

    60 in a row leave a share of 5 % or more of the other version with a chance of 0.95 ** 60 = 4.6 %.

    >>> met(59), met(60)
    (False, True)
    """
    return row >= MET


def judge(asked: Asked, hits: int, n: int, restarts: int = 0) -> Verdict:
    """What one window says: `hits` answers by the new track among `n` that could be attributed.

    >>> judge(Asked(25), 18, 70)
    Proven(reason='asked 25 %, users get 18 of 70 (17–37 %)')
    >>> judge(Asked(25), 1, 1)
    Open(batch=83, reason='asked 25 %, 1 of 1 so far (21–100 %)')
    >>> judge(Asked(25), 42, 100)
    Disproven(reason='asked 25 %, but users get 42 of 100 (33–52 %)')
    """
    posted = wilson(hits, n)
    counted = f"{hits} of {n} ({posted})"
    if asked.share in (0, 100):
        return _row(asked, hits, n)
    up = n - hits if asked.mirrored else hits
    near, far = _odds(asked.target, asked.near, up, n), _odds(asked.target, asked.far, up, n)
    as_before = 0.0 if asked.former is None else -_odds(asked.target, asked.former, up, n)
    refuted = log(1 / (FALSE * asked.error))
    for_near, for_far = _bars(asked, restarts)
    if asked.former is not None and max(-near, as_before) >= refuted:
        return Late(f"asked {asked.share} %, but so far {counted}")
    if max(-near, -far) >= refuted:
        return Disproven(f"asked {asked.share} %, but users get {counted}")
    if near >= for_near and far >= for_far and min(hits, n - hits) >= SEEN and _fits(asked, posted):
        return Proven(f"asked {asked.share} %, users get {counted}")
    if n >= asked.max_requests:
        return Undecided(f"asked {asked.share} %, {counted}: not decided by {n} requests")
    wanted = max(_missing(asked, near, for_near, asked.near), _missing(asked, far, for_far, asked.far))
    wanted = max(wanted, (SEEN - up) / asked.target, (SEEN - n + up) / (1 - asked.target), LEAST)
    return Open(min(ceil(wanted), asked.max_requests - n), f"asked {asked.share} %, {counted} so far")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof under way: the present window and what came before it.

    `hits` of `n` are the window's; `answered` of `total` are all that were ever added. `moved` once a first sign of
    change was seen: until then nothing is counted. Give up at the deadline is the caller's part: until it, a share
    like the former one stays `Open`.

    >>> proof = Proof(Asked(25)).add(0, 20).add(0, 20).add(3, 20)   # the router was late; these do not count
    >>> proof.verdict()
    Open(batch=63, reason='asked 25 %, 0 of 0 (0–100 %) so far')
    >>> proof.add(17, 70).verdict(), proof.add(17, 70).total
    (Proven(reason='asked 25 %, users get 17 of 70 (16–36 %)'), 130)
    """

    asked: Asked
    hits: int = 0
    n: int = 0
    restarts: int = 0
    total: int = 0
    answered: int = 0
    moved: bool = False

    def add(self, hits: int, n: int) -> "Proof":
        """The proof after `hits` more answers by the new track among `n`; a decided one stays as it is."""
        if not isinstance(self.verdict(), Open):
            return self
        seen = replace(
            self, hits=self.hits + hits, n=self.n + n, total=self.total + n, answered=self.answered + hits
        )
        if self._waiting():
            return seen._wait()
        if isinstance(judge(seen.asked, seen.hits, seen.n, seen.restarts), Late):
            return replace(seen, hits=0, n=0, restarts=self.restarts + 1, moved=False)
        return seen

    def verdict(self) -> Proven | Open | Disproven | Undecided:
        """What is known now; `Late` never comes out, it has begun a new window."""
        if self._waiting():
            reason = f"asked {self.asked.share} %, still as before: {self.answered} of {self.total}"
            return Open(FIRST, reason)
        found = judge(self.asked, self.hits, self.n, self.restarts)
        return Open(FIRST, found.reason) if isinstance(found, Late) else found

    def _waiting(self) -> bool:
        return not self.moved and self.asked.former is not None and self.asked.share not in (0, 100)

    def _wait(self) -> "Proof":
        """Page's rule: drop what is likelier under the former split, begin to count at the first sign of change."""
        up = self.n - self.hits if self.asked.mirrored else self.hits
        sign = _odds(self.asked.target, self.asked.former or 0.0, up, self.n)
        if 0 < sign < SIGN:
            return self
        return replace(self, hits=0, n=0, moved=sign >= SIGN)


def _row(asked: Asked, hits: int, n: int) -> Proven | Open | Late:
    """0 and 100 %: nothing but one version, `MET` times in a row."""
    row = hits if asked.share else n - hits
    if row < n:
        return Late(f"asked {asked.share} %, but so far {hits} of {n}")
    if met(row):
        return Proven(f"asked {asked.share} %, users get {hits} of {n} ({wilson(hits, n)})")
    return Open(MET - n if n else FIRST, f"asked {asked.share} %, {hits} of {n} so far")


def _odds(share: float, other: float, hits: int, n: int) -> float:
    """How much likelier the counts are under `share` than under `other`, as a natural logarithm.

    >>> round(_odds(0.25, 0.10, 18, 70), 2), round(_odds(0.25, 0.40, 18, 70), 2)
    (7.01, 3.14)
    """
    odds = 0.0
    for count, mine, its in ((hits, share, other), (n - hits, 1 - share, 1 - other)):
        if count and its <= 0:
            return inf
        if count:
            odds += count * log(mine / its)
    return odds


def _bars(asked: Asked, restarts: int) -> tuple[float, float]:
    """How far the odds against the near and the far edge must rise, as natural logarithms.

    The near edge's error is divided among the windows, all of them together never more than it: 0.9 for the first,
    then 0.05, 0.0167, 0.0083 … (0.1 / (k (k + 1)), which sums to 0.1).
    """
    part = NEAR if restarts == 0 else (1 - NEAR) / (restarts * (restarts + 1))
    return -log(asked.error * part), -log(asked.error * FAR)


def _missing(asked: Asked, odds: float, bar: float, edge: float) -> float:
    """How many more requests lift the odds against an edge to the bar, if they come as asked."""
    return 0.0 if odds >= bar else (bar - odds) / _gain(asked.target, edge)


def _gain(share: float, other: float) -> float:
    """What one answer adds to the odds on average (Kullback-Leibler), infinite where one answer can refute."""
    if other <= 0 or other >= 1:
        return inf
    return share * log(share / other) + (1 - share) * log((1 - share) / (1 - other))


def _fits(asked: Asked, posted: Interval) -> bool:
    """Whether the interval people will read says the same as the bets."""
    return asked.share / 100 in posted and (asked.before == asked.share or (asked.before or 0) / 100 not in posted)

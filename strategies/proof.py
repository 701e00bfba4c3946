"""Is a share of traffic what was asked? Decided from counts that are looked at after every batch.

Method. For each share p the answers bet against p with the odds of what was asked: the likelihood of the
counts under the asked share, divided by that under p. If p is true, that ratio is a martingale, so it
*ever* reaches 1 / level in at most `level` of runs, however often one looks (Ville's inequality). The
shares that no bet has refuted are a confidence sequence; the split is proven once it lies strictly between
two *edges*, asked ± tolerance, the near one moved up to the former share where that is closer. Only one
edge can be the true share, so each has the whole error to spend; and no test of that error needs fewer
requests on average against one edge than such a bet (Wald).

    asked 25 %, before 0 %: the edges are 10 % and 40 %. 18 of 70 is e**7.01 times likelier under 25 % than
    under 10 %, e**3.14 times likelier than under 40 %; needed are e**3.10 and e**3.16 times (1 / 0.045,
    1 / 0.0425): not quite proven, 18 of 72 is.

The same bet turned round refutes what was asked, beyond the far edge wrongly in one true split of a hundred:
so the window is dropped, and only a second one that refutes it, too, ends it (`Disproven`); likewise where
`max_requests` decide nothing (`Undecided`). The second has a part of the error left over for it. On the
former split's side the router may only be late: the window is dropped and a new one begun, with a smaller
part of the error for the near edge. The same where the share lies between the former and the asked, as
while several proxies move one after the other: only the caller's deadline ends that. The far edge keeps its
part, since a share beyond it looks like the former split in at most 14 % of windows (1 / 8 + 0.01), so that
1.16 windows are expected, and 1.16 more after the doubt. Until the first sign of change nothing is counted
at all, so that answers from before the router moved can not pull the share down. That costs no error: a
window that begins at a moment chosen by its past is as good as any.

Invariants. Pure: the same counts, the same verdict. A deterministic balancer (AAAB, smooth round robin)
strays less from its share than chance does, so it is not disproven, and decided as fast. A split is never
proven before each track answered twice, nor while the posted interval lacks what was asked or holds what
was before. For 0 and 100 % there are no odds: a row of `MET` requests that met one version only is the
proof.

Sources. A. Wald, Sequential tests of statistical hypotheses, Annals of Mathematical Statistics 16 (1945),
117-186; E. S. Page, Continuous inspection schemes, Biometrika 41 (1954), 100-115 (the first sign of
change); A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, Game-theoretic statistics and safe anytime-valid
inference, Statistical Science 38 (2023), 576-601 (Ville's inequality, confidence sequences from such bets).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, inf, log
from typing import Self, TypeAlias

from strategies.interval import Interval, wilson

MET = 60  # requests in a row: the proof of 0 and 100 %
FIRST = 20  # requests before a sign of change is looked for, unless one answer is sign enough
LEAST = 10  # requests in a later batch; fewer would cost more round trips than they save requests
PACE = 0.5  # part of the requests still missing that the next batch sends: half of the runs need fewer
SEEN = 2  # answers of each track below which nothing is proven: one gray answer proves nothing
SIGN = log(20)  # so much likelier as asked than as before is a sign of change; less begins windows in vain
BACK = log(8)  # so much likelier as before than as asked ends the window: the sign was none
FAR = 0.85  # part of the error for the far edge, in every window (0.86 would be allowed, see above)
DOUBTED = 0.01  # the same once a window refuted what was asked, or decided nothing: what is left over
NEAR = 0.9  # part of the error for the near edge in the first window; the rest is for those after it
FAILED, LOST = 6, 0.05  # so many failures, and such a part of all requests, end the hope for a row
FALSE = 0.2  # part of the error with which a true share may be refuted


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be proven.

    `share` is the percent asked of the new track, `before` the percent that was true before the shift (0
    for a first canary; None, or the same as `share`, where there is nothing to tell it from, as when a
    proof is tried again). `tolerance` in points; `error` 0..1, how often a share that far off may be called
    proven; `max_requests` bounds one window. Raises ValueError for what is not a share, a tolerance, an
    error or a bound.
    """

    share: int
    before: int | None
    tolerance: int = 15
    error: float = 0.05
    max_requests: int = 400

    def __post_init__(self) -> None:
        shares = (self.share, self.before or 0)
        if min(shares) < 0 or max(shares) > 100 or self.tolerance < 1:
            raise ValueError(f"shares lie between 0 and 100 %, the tolerance is at least 1 point: {self}")
        if not 0 < self.error < 1 or self.max_requests < 1:
            raise ValueError(f"the error lies between 0 and 1, and something must be sent: {self}")

    @property
    def whole(self) -> bool:
        """Whether one version is to have it all."""
        return self.share in (0, 100)

    @property
    def mirrored(self) -> bool:
        """Whether the share goes down; then the other track is counted, whose share goes up."""
        return self.before is not None and self.before > self.share

    @property
    def former(self) -> float | None:
        """The share to tell it from, 0..1, of the counted track; None where there is none."""
        if self.before is None or self.before == self.share:
            return None
        return (100 - self.before if self.mirrored else self.before) / 100

    @property
    def target(self) -> float:
        """The share asked, 0..1, of the counted track."""
        return (100 - self.share if self.mirrored else self.share) / 100

    @property
    def near(self) -> float:
        """The edge on the former split's side, 0..1: 5 → 25 % is told from 10 %, 20 → 25 % from 20 %."""
        return max(self.target - self.tolerance / 100, self.former or 0.0)

    @property
    def far(self) -> float:
        """The edge on the other side, 0..1."""
        return min(self.target + self.tolerance / 100, 1.0)


@dataclass(frozen=True, slots=True)
class Proven:
    """Users get what was asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Not decided. `batch` more requests are worth sending; counted in smaller pieces they decide sooner."""

    batch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Late:
    """The window excludes what was asked, but the former split, or the way from there, may explain it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disproven:
    """The window excludes what was asked, and no late router explains it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """`max_requests` were counted in one window and decided nothing."""

    reason: str


Verdict: TypeAlias = Proven | Open | Disproven | Undecided


def met(row: int) -> bool:
    """Whether so many new connections in a row that met one version only are enough to say that all do.

    60 in a row happen with a chance of 0.95 ** 60 = 4.6 % while 5 % still meet the other.

    >>> met(59), met(60)
    (False, True)
    """
    return row >= MET


@lru_cache(maxsize=4096)  # `add` and `verdict` ask the same
def judge(asked: Asked, hits: int, n: int, restarts: int = 0, *, doubted: bool = False) -> Verdict | Late:
    """What one window says: `hits` answers by the new track among `n` that could be attributed.

    `restarts` is how many windows were dropped before it; `doubted` whether one of them was not late, but refuted
    what was asked or decided nothing. Raises ValueError where `hits` of `n` is no count.

    >>> judge(Asked(25, before=0), 18, 72)
    Proven(reason='asked 25 %, users get 18 of 72 (16–36 %)')
    >>> judge(Asked(25, before=0), 1, 1)
    Open(batch=37, reason='asked 25 %, 1 of 1 (21–100 %) so far')
    >>> judge(Asked(25, before=0), 5, 70)
    Late(reason='asked 25 %, but so far 5 of 70 (3–16 %)')
    >>> judge(Asked(25, before=0), 45, 100)
    Disproven(reason='asked 25 %, but users get 45 of 100 (36–55 %)')
    """
    posted = wilson(hits, n)
    counted = f"{hits} of {n} ({posted})"
    if asked.whole:
        return _row(asked, hits, n, counted)
    up = n - hits if asked.mirrored else hits
    near, far = _odds(asked.target, asked.near, up, n), _odds(asked.target, asked.far, up, n)
    refuted = -log(asked.error * FALSE)
    back = -_odds(asked.target, asked.former, up, n) if asked.former is not None else -inf
    if asked.former is not None and (-near >= refuted or (back >= BACK and n >= FIRST)):
        return Late(f"asked {asked.share} %, but so far {counted}")
    if max(-near, -far) >= refuted:
        return Disproven(f"asked {asked.share} %, but users get {counted}")
    needs = bars(asked, restarts, doubted=doubted)
    if near >= needs[0] and far >= needs[1] and min(hits, n - hits) >= SEEN and _agrees(asked, posted):
        return Proven(f"asked {asked.share} %, users get {counted}")
    if n >= asked.max_requests:
        return Undecided(
            f"asked {asked.share} %, {counted} decides nothing within {asked.max_requests} requests"
        )
    missing = max(
        0.0 if near >= needs[0] else (needs[0] - near) / gain(asked.target, asked.near),
        0.0 if far >= needs[1] else (needs[1] - far) / gain(asked.target, asked.far),
        (SEEN - up) / asked.target,
        (SEEN - n + up) / (1 - asked.target),
    )
    batch = max(LEAST, ceil(PACE * missing))
    return Open(min(batch, asked.max_requests - n), f"asked {asked.share} %, {counted} so far")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof under way: its present window, and what went before it.

    `hits` of `n` are the window's, `answered` of `total` all that were ever added, `failures` what failed beside
    them and named no version. `moved` since the first sign of change; what came up to it does not count.
    `doubted` since a window refuted what was asked or decided nothing: the next that does ends it. The deadline
    is the caller's: until then, a share that is still the former one stays `Open`.

    >>> proof = Proof(Asked(25, before=0)).add(0, 20).add(0, 20)
    >>> proof.verdict()
    Open(batch=20, reason='asked 25 %, 0 of 40: as before')
    >>> proof = proof.add(3, 20).add(17, 70)
    >>> proof.verdict(), proof.total
    (Proven(reason='asked 25 %, users get 17 of 70 (16–35 %)'), 130)
    """

    asked: Asked
    hits: int = 0
    n: int = 0
    restarts: int = 0
    total: int = 0
    answered: int = 0
    moved: bool = False
    doubted: bool = False
    failures: int = 0

    def add(self, hits: int, n: int) -> Self:
        """The proof after `hits` answers by the new track among `n` more; a decided one stays as it is.

        Raises ValueError where `hits` of `n` is no count.
        """
        if not 0 <= hits <= n:
            raise ValueError(f"{hits} of {n} is no count")
        if not isinstance(self.verdict(), Open):
            return self
        seen = replace(
            self, hits=self.hits + hits, n=self.n + n, total=self.total + n, answered=self.answered + hits
        )
        if self._waiting:
            return seen.until_change()
        match seen.window:
            case Late():
                return replace(seen, hits=0, n=0, restarts=seen.restarts + 1, moved=False)
            case Disproven() | Undecided() if not seen.doubted:
                return replace(seen, hits=0, n=0, restarts=seen.restarts + 1, doubted=True)
        return seen

    def interrupted(self, *, answered: bool = True) -> Self:
        """The proof after a request that failed and names no version: a row of new connections begins anew.

        What was not even answered may be our own way there, and is no sign that the version fails.

        >>> Proof(Asked(100, before=0)).add(59, 59).interrupted().add(1, 1).verdict()
        Open(batch=59, reason='asked 100 %, 1 of 1 (21–100 %) so far')
        """
        if not isinstance(self.verdict(), Open):
            return self
        seen = replace(self, failures=self.failures + answered)
        return replace(seen, hits=0, n=0) if self.asked.whole else seen

    @property
    def failing(self) -> bool:
        """Whether a row of one version only cannot be hoped for: too many requests of those who are to get it fail.

        A router that loses a request while it turns is no sign; a version that fails one of five is, after 30 or so.
        """
        return self.asked.share == 100 and self.failures >= max(FAILED, (self.total + self.failures) * LOST)

    def verdict(self) -> Verdict:
        """What is known now."""
        everything = f"asked {self.asked.share} %, {self.answered} of {self.total}"
        if self._waiting:
            return Open(FIRST - self.n if self.n < FIRST else LEAST, f"{everything}: as before")
        found = self.window
        if isinstance(found, Late):  # only of a window that was not made by `add`
            return Open(FIRST, found.reason)
        if isinstance(found, Open) and self.n == 0:
            return Open(found.batch, f"{everything}: it counts from now")
        return found

    @property
    def window(self) -> Verdict | Late:
        """What the present window says."""
        return judge(self.asked, self.hits, self.n, self.restarts, doubted=self.doubted)

    @property
    def _waiting(self) -> bool:
        """Whether no sign of change was seen; without a former split, and for a row, none is waited for."""
        return not self.moved and self.asked.former is not None and not self.asked.whole

    def until_change(self) -> Self:
        """Page's rule: drop what looks like the former split, until something looks like what was asked."""
        up = self.n - self.hits if self.asked.mirrored else self.hits
        sign = _odds(self.asked.target, self.asked.former or 0.0, up, self.n)
        if sign < inf and (self.n < FIRST or 0 < sign < SIGN):
            return self
        return replace(self, hits=0, n=0, moved=sign >= SIGN)


def _row(asked: Asked, hits: int, n: int, counted: str) -> Proven | Open | Late:
    """0 and 100 %: one version only, `MET` times in a row."""
    row = hits if asked.share else n - hits
    if row < n:
        return Late(f"asked {asked.share} %, but so far {counted}")
    if met(row):
        return Proven(f"asked {asked.share} %, users get {counted}")
    return Open(MET - n if n else FIRST, f"asked {asked.share} %, {counted} so far")


def _odds(share: float, other: float, hits: int, n: int) -> float:
    """How much likelier the counts are under `share` than under `other`, as a natural logarithm.

    >>> round(_odds(0.25, 0.10, 18, 70), 2), round(_odds(0.25, 0.40, 18, 70), 2)
    (7.01, 3.14)
    """
    odds = 0.0
    for count, mine, others in ((hits, share, other), (n - hits, 1 - share, 1 - other)):
        if count and others <= 0:
            return inf
        if count:
            odds += count * log(mine / others)
    return odds


def gain(share: float, other: float) -> float:
    """What one answer adds to those odds on average (Kullback and Leibler); infinite where one can refute."""
    if other <= 0 or other >= 1:
        return inf
    return share * log(share / other) + (1 - share) * log((1 - share) / (1 - other))


def bars(asked: Asked, restarts: int, *, doubted: bool = False) -> tuple[float, float]:
    """How high the odds against the near and the far edge must rise, as natural logarithms.

    The near edge's error is divided among the windows: 0.9 of it to the first, then 0.1 / (k (k + 1)), that
    is 0.05, 0.0167, 0.0083 …, which sums to 0.1 however many there are.
    """
    part = NEAR if restarts == 0 else (1 - NEAR) / (restarts * (restarts + 1))
    return -log(asked.error * part), -log(asked.error * (DOUBTED if doubted else FAR))


def _agrees(asked: Asked, posted: Interval) -> bool:
    """Whether the interval that people read holds what was asked, and not what was before."""
    return asked.share / 100 in posted and (
        asked.before == asked.share or (asked.before or 0) / 100 not in posted
    )

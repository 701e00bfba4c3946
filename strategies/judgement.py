"""Is the canary as good as stable? Pass, fail or inconclusive, each with the sentence that people read.

Everything that was compared speaks: failed samples, times, pods, the router's own counts, own queries, the shape of
answers. What is looked at again and again is decided by wagers (`wager.py`), each with a part of the 5 % that a release
may be wrong with however often it is looked at; docs/judgement.md shows how often that is by simulation.

Worse is worse: a fail of any of them is a fail. What is declared and does not answer, and what is too little to tell,
is inconclusive: it asks, it never promotes. An old version that fails itself is never the new one's fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import TypeAlias

from strategies import judgement_words as words
from strategies import metrics as metric
from strategies import shape
from strategies.comparison import MORE, SLOWER, Comparison
from strategies.interval import wilson
from strategies.plan import Plan
from strategies.wager import Wager

FAILURES = 0.03  # parts of the 5 % that a release without fault may be condemned with
SLOW = 0.005  # for what was usual, and as much for the slow end
METERED = 0.005
APART = 0.0025
KEPT = 0.0025
PLAINLY = 3.0  # times as long: what one look alone may condemn
ENOUGH = 10  # answers of a version below which nothing is said of it
SUSPICIOUS = log(5)  # winnings at the end of a look with which nobody goes on by themselves
SICK, SICK_RATE = 5, 0.05  # failures, and the part of its answers, from which on the old version fails itself
UNKNOWN = 0.05  # what may fail of a version that nobody knows the old one's rate for
LEAST_USUAL = 0.01


@dataclass(frozen=True, slots=True)
class Pass:
    """As good as the old version, as far as can be seen, and how far that is."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """Worse, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Not enough to say; it asks, it never promotes. `unknown`: differences in shape that people are told with it."""

    reason: str
    unknown: tuple[str, ...] = ()


Judgement: TypeAlias = Pass | Fail | Inconclusive


def judge(seen: Comparison, plan: Plan) -> Judgement:
    """What everything that was seen comes to."""
    for condemned in (
        _failing(seen, plan),
        _apart(seen, plan),
        _pods(seen, plan),
        _slower(seen, plan),
        _metered(seen, plan),
    ):
        if isinstance(condemned, Fail):
            return condemned
    own = tuple(_own(seen, plan))
    worse = next((o for o in own if isinstance(o, Fail)), None)
    if worse is not None:
        return worse
    open_ = (_pods(seen, plan), _little(seen, plan), _doubtful(seen, plan), _metered(seen, plan), *own)
    doubt = next((o for o in open_ if isinstance(o, Inconclusive)), None)
    return doubt or _shaped(seen, plan) or Pass(words.good(seen, plan))


def keeping(seen: Comparison, plan: Plan) -> Fail | Pass:
    """While the new version has all traffic: it alone is looked at, beside what the old one was known for."""
    if seen.kept.beyond(KEPT):
        return Fail(words.worse(words.kept(seen, plan), seen.kept.luck))
    found = _pods(seen, plan)
    return found if isinstance(found, Fail) else Pass()


def usual(seen: Comparison) -> float:
    """The most that may fail of the new version while it serves alone, 0..1: the upper end of the old one's rate."""
    if seen.old.requests < ENOUGH:
        return UNKNOWN
    return min(0.5, max(LEAST_USUAL, wilson(seen.old.errors, seen.old.requests).high))


def _failing(seen: Comparison, plan: Plan) -> Fail | None:
    wager = seen.failures
    return (
        Fail(words.worse(words.counted(seen, plan), wager.luck))
        if wager.beyond(FAILURES) and _above(seen)
        else None
    )


def _above(seen: Comparison) -> bool:
    """Whether it still fails more: what was won once and is not true any more condemns nobody."""
    return seen.new.rate > seen.old.rate


def _apart(seen: Comparison, plan: Plan) -> Fail | None:
    if not seen.apart.beyond(APART):
        return None
    return Fail(words.worse(words.asked_apart(seen, plan), seen.apart.luck))


def _pods(seen: Comparison, plan: Plan) -> Judgement | None:
    new, old = seen.new.pods, seen.old.pods
    if not new.count:
        return None
    if old.count >= new.count and not new.killed:
        return Inconclusive(words.pods_both(plan))
    if new.restarts or new.flaps > 1:
        return Fail(words.pods_worse(seen, plan))
    return Inconclusive(words.flapped(seen, plan))


def _slower(seen: Comparison, plan: Plan) -> Fail | None:
    """Slower beyond luck, and by as much as a user would notice.

    The answers of one look are of one moment and share what else goes on in it (a cold pod, a busy node, who was asked
    first), which no wager knows of: a single look condemns only what is plain, 150 ms where 3 ms are usual.
    """
    sides: tuple[tuple[Wager, float, float], ...] = (
        (seen.usual, seen.new.p50, seen.old.p50),
        (seen.tail, seen.new.p95, seen.old.p95),
    )
    for wager, mine, theirs in sides:
        times = SLOWER if seen.timed > 1 else PLAINLY
        if wager.beyond(SLOW) and mine > theirs * times + MORE:
            return Fail(words.slower(seen, plan, wager.luck))
    return None


def _little(seen: Comparison, plan: Plan) -> Inconclusive | None:
    """Too little of the new version was seen, or nobody knows whose the failures are."""
    if plan.probe is None:
        return None if _users(seen) else _unsampled(seen, plan)
    if seen.new.requests < ENOUGH:
        return Inconclusive(words.unseen(seen, plan))
    if not seen.nameless:
        return None
    if seen.apart_old[1] and not seen.apart_new[1]:  # pods were asked one by one, and only the old ones fail
        return Inconclusive(words.apart_stable(seen, plan))
    return Inconclusive(words.unblamed(seen))


def _users(seen: Comparison) -> bool:
    """Whether enough users' requests were counted."""
    return not seen.readings.trouble and seen.readings.new[0] >= ENOUGH


def _unsampled(seen: Comparison, plan: Plan) -> Inconclusive:
    if plan.metrics is None or plan.metrics.errors is None:
        return Inconclusive(words.only_pods(plan))
    source = metric.title(plan.metrics.errors)
    if seen.readings.trouble:
        return Inconclusive(words.no_metrics(source, seen.readings.trouble))
    return Inconclusive(words.few_users(seen.readings.new[0], plan, source))


def _doubtful(seen: Comparison, plan: Plan) -> Inconclusive | None:
    """It fails, and it is not clear that it alone does."""
    new, old = seen.new, seen.old
    if not new.errors:
        return None
    if old.requests < ENOUGH:
        return Inconclusive(words.no_old(seen, plan))
    if old.errors >= SICK and old.rate >= SICK_RATE:
        return Inconclusive(words.stable_fails(seen, plan))
    if seen.failures.now >= SUSPICIOUS:
        return Inconclusive(words.perhaps(words.counted(seen, plan), seen.failures.luck))
    return None


def _metered(seen: Comparison, plan: Plan) -> Judgement | None:
    """What the router counted."""
    if plan.metrics is None or plan.metrics.errors is None or not seen.readings.looks:
        return None
    source, readings = metric.title(plan.metrics.errors), seen.readings
    (n, bad), (old_n, old_bad) = readings.new, readings.old
    more = bad * max(old_n, 1) > old_bad * max(n, 1)
    if readings.failures.beyond(METERED) and more:
        return Fail(words.worse(words.metered(seen, plan, source), readings.failures.luck))
    if readings.trouble:
        return Inconclusive(words.no_metrics(source, readings.trouble))
    if readings.failures.now >= SUSPICIOUS and more:
        return Inconclusive(words.perhaps(words.metered(seen, plan, source), readings.failures.luck))
    return None


def _own(seen: Comparison, plan: Plan) -> Iterator[Judgement]:
    """Own queries: beyond its limit twice in a row is a fail, once or without an answer is inconclusive."""
    for name, query in (plan.metrics.queries if plan.metrics else {}).items():
        found = seen.readings.own.get(name)
        if found is None:
            continue
        if found.trouble:
            yield Inconclusive(words.no_metrics(f"`{name}`", found.trouble))
        elif found.row and found.new is not None:
            said = words.own_beyond(name, found.new, found.old, query.limit, plan)
            yield Fail(words.twice(said)) if found.row > 1 else Inconclusive(words.once(said))


def _shaped(seen: Comparison, plan: Plan) -> Inconclusive | None:
    """A change of shape that a client may trip over asks once; who was told of it is not asked again."""
    unknown = tuple(d for d in shape.compare(seen.new.shapes, seen.old.shapes).breaking if d not in seen.told)
    return Inconclusive(words.shape(unknown, plan), unknown) if unknown else None

"""The sentences of judgement: what was compared, what came of it, and what happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.duration import words as duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strategies.comparison import Comparison
    from strategies.plan import Plan


def opened(text: str, plan: Plan) -> str:
    """As the beginning of a sentence: with a capital, unless a version stands there."""
    versions = (plan.to_version, plan.from_version)
    return text if text.startswith(versions) else f"{text[:1].upper()}{text[1:]}"


def chance(luck: float) -> str:
    """How likely luck alone makes it, at most.

    >>> chance(0.00002), chance(0.0312)
    ('p < 0.001', 'p = 0.031')
    """
    return "p < 0.001" if luck < 0.001 else f"p = {luck:.3f}"


def fails(new: str, bad: int, n: int, old: str, old_bad: int, old_n: int) -> str:
    """How many of each failed.

    >>> fails("v6", 9, 60, "v5", 0, 180)
    'v6 fails 9 of 60, v5 0 of 180'
    """
    return f"{new} fails {bad} of {n}, {old} {old_bad} of {old_n}"


def counted(seen: Comparison, plan: Plan) -> str:
    """The samples of both."""
    new, old = seen.new, seen.old
    return fails(plan.to_version, new.errors, new.requests, plan.from_version, old.errors, old.requests)


def times(seen: Comparison, plan: Plan) -> str:
    """How long both take."""
    new, old = seen.new, seen.old
    return (
        f"half of {plan.to_version}'s answers take {new.p50:g} ms or less, {plan.from_version}'s {old.p50:g} ms"
        f" (95 %: {new.p95:g} and {old.p95:g} ms)"
    )


def worse(what: str, luck: float) -> str:
    """The end of a sentence that condemns."""
    return f"{what}: worse, {chance(luck)}"


def slower(seen: Comparison, plan: Plan, luck: float) -> str:
    """It takes longer."""
    return f"{plan.to_version} is slower: {times(seen, plan)}, {chance(luck)}"


def asked_apart(seen: Comparison, plan: Plan) -> str:
    """What pods answered when each was asked by itself."""
    name = f"{plan.to_version}, its pods asked one by one,"
    (n, bad), (old_n, old_bad) = seen.apart_new, seen.apart_old
    return fails(name, bad, n, plan.from_version, old_bad, old_n)


def apart_stable(seen: Comparison, plan: Plan) -> str:
    """Pods were asked by themselves, and those of the old version are the ones that fail."""
    return f"{unblamed(seen)}; {asked_apart(seen, plan)}: that is not {plan.to_version}'s fault"


def metered(seen: Comparison, plan: Plan, source: str) -> str:
    """What the router counted of users' requests."""
    (n, bad), (old_n, old_bad) = seen.readings.new, seen.readings.old
    return f"by {source}'s count {fails(plan.to_version, bad, n, plan.from_version, old_bad, old_n)}"


def kept(seen: Comparison, plan: Plan) -> str:
    """While the old version stands warm."""
    before = f"{plan.from_version} failed {seen.old.errors} of {seen.old.requests} before"
    return f"{plan.to_version} fails {seen.kept_bad} of {seen.kept_n} now that it has all traffic, {before}"


def pods_worse(seen: Comparison, plan: Plan) -> str:
    """What befell its pods and not those of the old version."""
    new, old = seen.new.pods, seen.old.pods
    what = f"{new.restarts} restart{'s' if new.restarts != 1 else ''}"
    if not new.restarts:
        what = f"readiness lost {new.flaps} times"
    others = f"{plan.from_version}: {old.count}"
    return f"pods of {plan.to_version} fall over: {what} ({new.last}; {others}): worse"


def pods_both(plan: Plan) -> str:
    """Both versions' pods fall over."""
    return f"pods of {plan.from_version} fall over as those of {plan.to_version} do: that is not its fault"


def flapped(seen: Comparison, plan: Plan) -> str:
    """Once is no proof."""
    return f"a pod of {plan.to_version} lost its readiness once ({seen.new.pods.last})"


def stable_fails(seen: Comparison, plan: Plan) -> str:
    """The old version fails too."""
    return (
        f"{plan.from_version} itself fails {seen.old.errors} of {seen.old.requests} ({plan.to_version}"
        f" {seen.new.errors} of {seen.new.requests}): that is not {plan.to_version}'s fault, and nothing can be told from it"
    )


def unseen(seen: Comparison, plan: Plan) -> str:
    """The new version got nothing."""
    if not seen.new.requests:
        return f"none of {seen.old.requests + seen.nameless} sampled requests was answered by {plan.to_version}: there is nothing to judge"
    only = f"only {seen.new.requests} sampled request{'s' if seen.new.requests != 1 else ''}"
    return f"{plan.to_version} answered {only}, too few to judge"


def no_old(seen: Comparison, plan: Plan) -> str:
    """Nothing to compare with."""
    return f"{plan.to_version} fails {seen.new.errors} of {seen.new.requests}, and {plan.from_version} answered only {seen.old.requests} to compare with"


def perhaps(what: str, luck: float) -> str:
    """Suspicious, and not more."""
    return f"{what}: it may be luck ({chance(luck)}), so nobody can say yet"


def unblamed(seen: Comparison) -> str:
    """Failures that name nobody."""
    every = seen.new.requests + seen.old.requests + seen.nameless
    return f"{seen.nameless} of {every} requests failed, and do not say which version failed them"


def shape(differences: Sequence[str], plan: Plan) -> str:
    """Answers that look different."""
    return f"answers of {plan.to_version} look different from {plan.from_version}'s: {', '.join(differences)}"


def only_pods(plan: Plan) -> str:
    """There is neither probe nor metrics."""
    return f"neither samples of the users' way nor metrics tell how {plan.to_version} does; only its pods were looked at, and they stand"


def few_users(n: int, plan: Plan, source: str) -> str:
    """Low traffic, and no probe."""
    return f"{source} counted only {n} request{'s' if n != 1 else ''} of users for {plan.to_version}, too few to judge"


def own_beyond(name: str, new: float, old: float | None, limit: str, plan: Plan) -> str:
    """An own query beyond its limit."""
    beside = f" ({plan.from_version}: {old:.4g})" if old is not None else ""
    return f"`{name}` is {new:.4g} for {plan.to_version}{beside}, {limit}"


def twice(what: str) -> str:
    """The same at two looks in a row."""
    return f"{what}, at two looks in a row: worse"


def once(what: str) -> str:
    """So far only once."""
    return f"{what}, at the last look only"


def no_metrics(what: str, why: str) -> str:
    """Prometheus has nothing to say."""
    return f"{what}: {why}"


def good(seen: Comparison, plan: Plan) -> str:
    """Nothing was found wrong, and how far that can be said."""
    parts = [counted(seen, plan)] if seen.new.requests else []
    if seen.new.times.n and seen.old.times.n:
        parts.append(times(seen, plan))
    return f"nothing was found wrong with {plan.to_version}" + (f": {'; '.join(parts)}" if parts else "")


def falling(why: str, seconds: float, plan: Plan) -> str:
    """It goes back by itself soon, unless somebody keeps it."""
    return f"{opened(why, plan)}. It rolls back by itself in {duration(seconds)}, unless somebody keeps it to have a look (`hold`)."


def kept_by(person: str) -> str:
    """Somebody wants to look before it goes."""
    return f"{person} keeps it to have a look: it does not roll back by itself, and nothing moves."


def told(difference: Sequence[str], plan: Plan) -> str:
    """A line in the thread about what is different and no reason to stop."""
    return f"{opened(shape(difference, plan), plan)}."

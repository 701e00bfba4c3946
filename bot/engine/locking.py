"""Locks of people: taken, asked for, agreed to and given back, each by one compare-and-swap on the Lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.locks import Found, Locks
from bot.engine.consenting import Consenting
from bot.engine.planning import Planning
from bot.ports import LockAnswer, LockWish
from strategies import denials
from strategies.consent import Action
from strategies.locks import Lock, passed, released, taken
from strategies.people import Rules
from strategies.refusal import Refusal
from strategies.release import Actor

TRIES = 5


@dataclass(frozen=True, slots=True)
class Locking:
    """Keeps nothing: the Lease says all."""

    planning: Planning
    clusters: Clusters
    locks: Locks
    people: Consenting

    async def lock(self, wish: LockWish, actor: Actor) -> LockAnswer | Refusal:
        """Theirs from now on, or asked for where it is another's."""
        place = await self._place(wish.service, wish.environment, actor)
        if isinstance(place, Refusal):
            return place
        now = self._now()
        wanted = Lock(
            by=actor,
            reason=wish.reason,
            since=now,
            until=now + timedelta(seconds=wish.seconds),
            service=place.service,
            environment=wish.environment,
            base=place.base,
            channel=wish.channel,
        )
        for _ in range(TRIES):
            found = await self.locks.find(place.api, place.namespace, place.base)
            held = found.lock if found else None
            after = taken(held, wanted, place.rules)
            if await self.locks.put(place.api, place.namespace, after, found):
                return LockAnswer("locked" if after.by == actor else "asked", after)
        return _busy(place.service)

    async def unlock(self, service: str, environment: str, actor: Actor) -> LockAnswer | Refusal:
        """Gone, or the next one's; where it is another's, asked for or agreed to."""
        place = await self._place(service, environment, actor)
        if isinstance(place, Refusal):
            return place
        for _ in range(TRIES):
            found = await self.locks.find(place.api, place.namespace, place.base)
            if found is None or found.lock is None:
                return Refusal(
                    code="not-locked",
                    what=f"Nobody has locked {place.service} in {environment}.",
                    remedy="`/release locks` lists what is locked.",
                )
            after = released(found.lock, actor, self._now(), place.rules)
            if isinstance(after, Refusal):
                return after
            refused = await self._alone(found.lock, after, actor, place.rules)
            if refused:
                return refused
            if await self._changed(place, found, after):
                asked = after is not None and after.by == found.lock.by
                return LockAnswer("asked" if asked else "handed" if after else "freed", after or found.lock)
        return _busy(place.service)

    async def agree(self, lock: Lock, actor: Actor) -> LockAnswer | Refusal:
        """A yes to a request as it was shown; where it is not that any more, nothing happens."""
        place = await self._place(lock.service, lock.environment, actor)
        if isinstance(place, Refusal):
            return place
        for _ in range(TRIES):
            found = await self.locks.find(place.api, place.namespace, place.base)
            if found is None or found.lock is None or found.lock.request != lock.request:
                return Refusal(
                    code="stale",
                    what=f"That request for the lock on {lock.where} is not open any more.",
                    remedy="`/release locks` lists what is locked.",
                )
            if lock.request is not None and place.rules.same(lock.request.by, actor):
                what = f"You asked for the lock on {lock.where} yourself."
                return Refusal(code="own", what=what, remedy="Its owner or a second person must agree.")
            after = passed(found.lock, self._now())
            refused = await self._alone(found.lock, after, actor, place.rules)
            if refused:
                return refused
            if await self._changed(place, found, after):
                return LockAnswer("handed" if after else "freed", after or found.lock)
        return _busy(lock.service)

    async def every(self) -> Sequence[Lock]:
        """All that have not ended, in every environment, the first to end first."""
        now, seen = self._now(), dict[str, Lock]()
        for environment in self.clusters.places:
            api, namespace = await self.clusters.at(environment)
            for found in await self.locks.every(api, namespace):
                if found.lock is not None and found.lock.held(now):
                    seen[str(found.lease["metadata"].get("uid") or id(found))] = found.lock
        return sorted(seen.values(), key=lambda lock: lock.until)

    async def on(self, environment: str, namespace: str, base: str) -> Lock | None:
        """A person's lock that a preview tells of."""
        api, _ = await self.clusters.at(environment)
        found = await self.locks.find(api, namespace, base, purpose="plan")
        return found.lock if found else None

    async def _changed(self, place: "_Place", found: Found, after: Lock | None) -> bool:
        if after is None:
            return await self.locks.free(place.api, place.namespace, place.base, found)
        return await self.locks.put(place.api, place.namespace, after, found)

    async def _alone(self, held: Lock, after: Lock | None, actor: Actor, rules: Rules) -> Refusal | None:
        """A second person's word counts only under a name that somebody vouches for; the owner's always.

        Nobody compares who writes a Lease with the names in it, so from the command line it never does.
        """
        if rules.same(held.by, actor) or (after is not None and after.by == held.by):
            return None
        return denials.unvouched(rules) if actor.via == "cli" else None

    async def _place(self, service: str, environment: str, actor: Actor) -> "_Place | Refusal":
        found = await self.planning.target(service, environment)
        if isinstance(found, Refusal):
            return found
        target = found[2]
        allowed = await self.people.may(Action.LOCK, actor, environment, target.service)
        if isinstance(allowed, Refusal):
            return allowed
        api, namespace = await self.clusters.at(environment)
        rules = self.people.book.rules(environment, target.service)
        return _Place(api, namespace, target.base, target.service, rules)

    def _now(self) -> datetime:
        return self.people.clock.now()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a service's Lease is, and whose word counts there."""

    api: Api
    namespace: str
    base: str
    service: str
    rules: Rules


def _busy(service: str) -> Refusal:
    what = f"The lock on {service} is being changed by others at the same moment."
    return Refusal(code="busy", what=what, remedy="Try again.")

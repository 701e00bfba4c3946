"""Releases that wait for a lock: taking a ticket, giving it up, and who may start when others wait.

Keeps nothing: the tickets are a value beside the records. Whose turn it is, `usher` tells.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.book import Book
from bot.cluster.clusters import Clusters
from bot.cluster.locks import Locks
from bot.cluster.papers import Paper
from bot.cluster.records import Records, Stored
from bot.engine.consenting import Consenting
from bot.engine.planning import Planning
from bot.ports import Clock, Origin, Waiting
from strategies import queue
from strategies.people import identity
from strategies.plan import Plan
from strategies.queue import DELIVERY, Place, Queue, Ticket
from strategies.refusal import Refusal
from strategies.release import Actor, Release
from strategies.spec import ReleaseSpec

NAME = "queue"  # of the Secret


@dataclass(frozen=True, slots=True)
class Queueing:
    """Implements `ports.Line`."""

    records: Records
    clusters: Clusters
    planning: Planning
    people: Consenting
    book: Book
    locks: Locks
    paper: Paper[Queue]
    clock: Clock

    async def join(self, spec: ReleaseSpec, actor: Actor, origin: Origin) -> Waiting | Refusal:
        """A place in line; refused where there is nothing to wait for, or where it would never be theirs."""
        refused = await self.people.may_start(spec, actor)
        if refused is not None and refused.code != "frozen":
            return refused
        place = await self._place(spec.service, spec.environment)
        if isinstance(place, Refusal):
            return place
        before = await self.paper.now()
        ahead = before.line(place)
        if not ahead and not await self.obstacle(place, actor):
            return queue.free()
        ticket = Ticket(
            id=hashlib.sha256(origin.delivery.encode()).hexdigest()[:16],
            spec=spec,
            by=actor,
            at=self.clock.now(),
            namespace=place[1],
            base=place[2],
            channel=origin.channel,
        )
        same = self.book.rules(spec.environment, spec.service).same
        after = await self.paper.change(lambda now: queue.joined(now, ticket, same))
        if isinstance(after, Refusal):
            return after
        line = after.line(place)
        number = next((n for n, t in enumerate(line, 1) if t.id == ticket.id), len(line))
        return Waiting(ticket, number, len(line), await self.obstacle(place, actor))

    async def leave(self, service: str, environment: str, actor: Actor) -> Sequence[Ticket] | Refusal:
        """Their own tickets for it are gone."""
        place = await self._place(service, environment)
        if isinstance(place, Refusal):
            return place
        same = self.book.rules(environment, service).same
        gone: list[Ticket] = []

        def without(now: Queue) -> Queue:
            gone[:] = [t for t in now.line(place) if same(t.by, actor)]
            return now.without(*(t.id for t in gone))

        after = await self.paper.change(without)
        if isinstance(after, Refusal):
            return after
        if not gone:
            return Refusal(
                code="not-queued",
                what=f"No release of yours waits for {service} in {environment}.",
                remedy="`/release queue` shows who waits.",
            )
        return tuple(gone)

    async def give_up(self, ticket_id: str, actor: Actor) -> Ticket | Refusal:
        """One ticket of theirs is gone."""
        found = (await self.paper.now()).find(ticket_id)
        if found is None:
            return Refusal(
                code="stale", what="That place in line is not there any more.", remedy="`/release queue`"
            )
        if not self.book.rules(found.spec.environment, found.spec.service).same(found.by, actor):
            return Refusal(code="own", what="It is somebody else's turn.", remedy="`/release queue`")
        after = await self.paper.change(lambda now: now.without(ticket_id))
        return after if isinstance(after, Refusal) else found

    async def waiting(self, service: str | None, environment: str | None) -> Sequence[Waiting] | Refusal:
        """Every ticket in order, of one service or of all, and what it waits for."""
        found = await self.paper.now()
        wanted = found.places
        if service is not None:
            place = await self._place(service, environment or "default")
            if isinstance(place, Refusal):
                return place
            wanted = (place,)
        elif environment is not None:
            wanted = tuple(p for p in wanted if p[0] == environment)
        told: list[Waiting] = []
        for place in wanted:
            line = found.line(place)
            holder = await self.obstacle(place, line[0].by) if line else ""
            told += [Waiting(t, n, len(line), holder) for n, t in enumerate(line, 1)]
        return told

    async def gate(self, plan: Plan, actor: Actor) -> Refusal | None:
        """Nobody overtakes those who wait; where it could be somebody's turn and nobody said so, it is now."""
        place = (plan.environment, plan.namespace, plan.base)
        found = await self.paper.now()
        first = found.first(place, self.clock.now())
        if first is None or self.book.rules(plan.environment, plan.service).same(first.by, actor):
            return None
        if first.asked is None and not await self.obstacle(place, first.by):
            now = self.clock.now()
            turn = first.model_copy(update={"asked": now})
            await self.paper.change(lambda q: q.having(turn))
            first = turn
        return queue.occupied(found.line(place), first)

    async def started(self, release: Release, actor: Actor, origin: Origin) -> None:
        """Who has started what they waited for waits no more."""
        plan = release.plan
        place = (plan.environment, plan.namespace, plan.base)
        if not (await self.paper.now()).line(place):
            return
        same = self.book.rules(plan.environment, plan.service).same

        def without(now: Queue) -> Queue:
            own = now.find(origin.delivery.removeprefix(DELIVERY)) or queue.answered(
                now, place, plan.spec, actor, same
            )
            return now.without(own.id) if own else now

        await self.paper.change(without)

    async def obstacle(self, place: Place, actor: Actor) -> str:
        """What keeps this person from starting there: the release or the person that has it; empty for nothing."""
        environment, namespace, base = place
        running = next((r.id for r in self.running(await self.records.all()) if _place_of(r) == place), "")
        if running:
            return running
        api, _ = await self.clusters.at(environment)
        return await self.locks.obstacle(api, namespace, base, self.holders(environment, actor))

    def holders(self, environment: str, actor: Actor, service: str = "") -> frozenset[str]:
        """The names under which this person may hold a lock."""
        aliases = self.book.rules(environment, service).aliases
        own = identity(actor)
        names = {own, aliases.get(own, own), *(user for user, slack in aliases.items() if slack == own)}
        return frozenset(f"person:{name}" for name in names)

    @staticmethod
    def running(every: Iterable[Stored]) -> list[Release]:
        """Those that have not ended."""
        return [s.release for s in every if not s.release.ended]

    async def _place(self, service: str, environment: str) -> Place | Refusal:
        """The line of a service: by what runs or waits under that name, else as the cluster says."""
        for release in self.running(await self.records.all()):
            if (release.plan.service, release.plan.environment) == (service, environment):
                return _place_of(release)
        for ticket in (await self.paper.now()).tickets:
            if (ticket.spec.service, ticket.spec.environment) == (service, environment):
                return ticket.place
        found = await self.planning.target(service, environment)
        if isinstance(found, Refusal):
            return found
        _, namespace = await self.clusters.at(environment)
        return (environment, namespace, found[2].base)


def _place_of(release: Release) -> Place:
    plan = release.plan
    return (plan.environment, plan.namespace, plan.base)

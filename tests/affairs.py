"""What a desk by hand says of people and times: a line in memory, a freeze, what there is, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.ports import Origin, Season, Stock, Waiting
from strategies import freezes, queue
from strategies.checkup import Check, fine
from strategies.consent import Allowed
from strategies.freezes import Decreed
from strategies.locks import Lock
from strategies.people import Freeze, Frozen
from strategies.queue import Queue, Ticket
from strategies.refusal import Refusal
from strategies.release import Actor, Release
from strategies.spec import ReleaseSpec
from strategies.stock import Item
from strategies.windows import Once

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@dataclass
class FakeLine:
    """Implements `ports.Line`; `holder` is who has what is waited for."""

    holder: str = ""
    queue: Queue = field(default_factory=Queue)

    async def join(self, spec: ReleaseSpec, actor: Actor, origin: Origin) -> Waiting | Refusal:
        """At the end, where somebody has it."""
        if not self.holder:
            return queue.free()
        ticket = Ticket(
            id=origin.delivery,
            spec=spec,
            by=actor,
            at=NOW,
            namespace="shop",
            base=spec.service,
            channel=origin.channel,
        )
        after = queue.joined(self.queue, ticket, lambda one, other: one == other)
        if isinstance(after, Refusal):
            return after
        self.queue = after
        line = after.line(ticket.place)
        return Waiting(ticket, len(line), len(line), self.holder)

    async def leave(self, service: str, environment: str, actor: Actor) -> Sequence[Ticket] | Refusal:
        """All of theirs."""
        _ = environment
        mine = [t for t in self.queue.tickets if t.by == actor and t.spec.service == service]
        self.queue = self.queue.without(*(t.id for t in mine))
        return mine or Refusal(code="not-queued", what=f"No release of yours waits for {service}.")

    async def give_up(self, ticket_id: str, actor: Actor) -> Ticket | Refusal:
        """One."""
        found = self.queue.find(ticket_id)
        if found is None or found.by != actor:
            return Refusal(code="stale", what="That place in line is not there any more.")
        self.queue = self.queue.without(ticket_id)
        return found

    async def waiting(self, service: str | None, environment: str | None) -> Sequence[Waiting] | Refusal:
        """All of them."""
        _ = environment
        line = [t for t in self.queue.tickets if service in (None, t.spec.service)]
        return [Waiting(t, n, len(line), self.holder) for n, t in enumerate(line, 1)]


@dataclass
class FakeSeasons:
    """Implements `ports.Seasons` for one environment, `prod`."""

    begun: Decreed | None = None

    async def freeze(self, environment: str, seconds: int, reason: str, actor: Actor) -> Decreed | Refusal:
        """From now on."""
        until = NOW + timedelta(seconds=seconds)
        self.begun = Decreed(environment=environment, by=actor, at=NOW, until=until, reason=reason)
        return self.begun

    async def unfreeze(self, environment: str, actor: Actor) -> Decreed | Refusal:
        """Not any more."""
        _ = actor
        if self.begun is None:
            return freezes.none_begun(environment)
        done, self.begun = self.begun, None
        return done

    async def seasons(self, environment: str | None) -> Sequence[Season] | Refusal:
        """What was begun, and a weekend that comes."""
        coming = (Freeze(Once(NOW, NOW), "weekend", "rule"), NOW, NOW + timedelta(days=2))
        now = Frozen(self.begun.freeze, self.begun.until) if self.begun else None
        return [Season(environment or "prod", now, coming, None)]


class FakeAffairs:
    """The part of `ports.Desk` that is about people, times and the installation."""

    line: FakeLine
    freezing: FakeSeasons
    checks: tuple[Check, ...] = (fine("clock", "Our clock is right."),)

    def set_up(self) -> None:
        """As at the beginning."""
        self.line, self.freezing = FakeLine(), FakeSeasons()

    async def nudge(self, target: str | None, actor: Actor, *, anyway: bool) -> Release | Refusal:
        """Nobody waits."""
        _ = target, actor, anyway
        return Refusal(code="waits-for-nobody", what="It waits for nobody.")

    async def services(self, environment: str | None, actor: Actor) -> Sequence[Stock] | Refusal:
        """One that may be released, and one that somebody has."""
        _ = actor
        web = Item("web", "web", "web", ("v2",), 3, 3)
        held = Lock(
            by=Actor(id="U2", via="slack"),
            reason="load test",
            since=NOW,
            until=NOW + timedelta(hours=1),
            service="api",
            environment=environment or "prod",
            base="api",
        )
        no = Refusal(code="not-allowed", what="Only sre may start releases in prod.")
        api = Item("api", "api", "api", ("v7", "v1"), 1, 2)
        return [
            Stock(environment or "prod", web, None, None, 0, Allowed()),
            Stock(environment or "prod", api, None, held, 2, no),
        ]

    async def doctor(self) -> Sequence[Check]:
        """What was put down."""
        return self.checks

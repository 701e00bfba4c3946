"""A desk by hand: it answers what a test has put down, counts what was asked, and waits where it is told to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.ports import LockAnswer, LockWish, Looked, Origin, Place, Preview, Verdict, Whoami
from strategies.consent import Action, Allowed
from strategies.locks import Lock
from strategies.people import Standing
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Intent, Release
from strategies.spec import ReleaseSpec
from tests.affairs import FakeAffairs
from tests.slack import stories


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    time: datetime = stories.NOW

    def now(self) -> datetime:
        """The present moment."""
        return self.time


@dataclass
class FakeDesk(FakeAffairs):
    """Implements `ports.Desk` in memory: one release at most, whose deliveries act once."""

    plan: Plan | Refusal = field(default_factory=lambda: stories.planned(steps=(25, 50, 100)))
    release: Release | None = None
    looked: Looked | Refusal | None = None
    asked: list[tuple[str, object]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    origins: list[Origin] = field(default_factory=list)
    fails: Exception | None = None
    forbidden: Refusal | None = None
    held: Lock | None = None

    def __post_init__(self) -> None:
        self.gate.set()
        self.set_up()

    async def _arrive(self, what: str, value: object = None) -> None:
        self.asked.append((what, value))
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails

    def count(self, what: str) -> int:
        """How often a use-case was asked for."""
        return sum(name == what for name, _ in self.asked)

    async def preview(self, spec: ReleaseSpec) -> Preview | Refusal:
        """What was put down."""
        await self._arrive("preview", spec)
        return self.plan if isinstance(self.plan, Refusal) else Preview(self.plan)

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """Once per delivery."""
        await self._arrive("start", (spec, origin))
        if self.release is not None and origin.delivery in self.release.deliveries:
            return self.release
        if isinstance(self.plan, Refusal):
            return self.plan
        if self.plan.hash != plan_hash:
            return Refusal(code="plan-changed", what="The cluster is no longer what the preview showed.")
        if self.release is not None:
            return Refusal(code="locked", what=f"{self.release.id} is under way, started by <@U1>.")
        self.release = stories.started(self.plan, actor, deliveries=(origin.delivery,))
        self.release = self.release.model_copy(update={"card": Card(channel=origin.channel)})
        return self.release

    async def act(
        self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
    ) -> Release | Refusal:
        """By the release's own rules."""
        self.origins.append(origin)
        await self._arrive("act", (release_id, intent.kind.value, revision))
        if self.release is None or self.release.id != release_id:
            return Refusal(code="no-such-release", what=f"There is no release `{release_id}`.")
        if revision is not None and revision != self.release.revision:
            return Refusal(code="stale", what=f"{release_id} has moved on: {self.release.events[-1].text}")
        moved = self.release.on(intent, actor, stories.later(500))
        if isinstance(moved, Release):
            self.release = moved
        return moved

    async def find(self, target: str | None) -> Release | Refusal:
        """The one there is."""
        await self._arrive("find", target)
        if self.release is not None and target in (None, self.release.id, self.release.plan.service):
            return self.release
        return Refusal(code="no-such-release", what=f"There is no release `{target}`.")

    async def running(self) -> Sequence[Release]:
        """The one there is, until it ends."""
        await self._arrive("running")
        return [self.release] if self.release is not None and not self.release.ended else []

    async def history(self, service: str, limit: int) -> Sequence[Release]:
        """The one there is."""
        await self._arrive("history", (service, limit))
        return [self.release] if self.release is not None else []

    async def samples(self, target: str | None, count: int | None) -> Looked | Refusal:
        """What was put down."""
        await self._arrive("samples", (target, count))
        return self.looked or Refusal(code="no-probe", what="No probe.", remedy="Declare one.")

    async def may_start(self, spec: ReleaseSpec, actor: Actor) -> Refusal | None:
        """What was put down."""
        _ = spec, actor
        return self.forbidden

    async def rights(self, actor: Actor) -> Whoami:
        """Somebody who may do everything."""
        every = tuple(Verdict(action, Allowed()) for action in Action)
        return Whoami(actor, Standing.MEMBER, ("shop",), (Place("default", "", every),))

    async def lock(self, wish: LockWish, actor: Actor) -> LockAnswer | Refusal:
        """Theirs."""
        self.held = Lock(
            by=actor,
            reason=wish.reason,
            since=stories.NOW,
            until=stories.NOW + timedelta(seconds=wish.seconds),
            service=wish.service,
            environment=wish.environment,
            base=wish.service,
        )
        return LockAnswer("locked", self.held)

    async def unlock(self, service: str, environment: str, actor: Actor) -> LockAnswer | Refusal:
        """Gone."""
        _ = environment, actor
        if self.held is None:
            return Refusal(code="not-locked", what=f"Nobody has locked {service}.")
        held, self.held = self.held, None
        return LockAnswer("freed", held)

    async def agree(self, lock: Lock, actor: Actor) -> LockAnswer | Refusal:
        """The next one's."""
        _ = actor
        return LockAnswer("handed", lock)

    async def locked(self) -> Sequence[Lock]:
        """The one there is."""
        return [self.held] if self.held else []

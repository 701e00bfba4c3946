"""A board by hand: what a test has put on it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.board import Home, Offer
from bot.playground.slack.signal import Signal
from strategies.catalog import Known
from strategies.release import Actor, Release


@dataclass
class FakeBoard:
    """Implements `board.Board` in memory."""

    environments: tuple[str, ...] = ("default", "prod")
    offers: list[Offer] = field(default_factory=lambda: [Offer("k8sdemo", "default", ("v2",))])
    known: list[Known] = field(default_factory=lambda: [Known("v6", "prod"), Known("v2", "default")])
    cards: dict[tuple[str, str], Release] = field(default_factory=dict)
    found: Home = field(default_factory=Home)
    reasons: set[str] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    _changed: Signal = field(default_factory=Signal)

    def __post_init__(self) -> None:
        self.gate.set()

    async def homes(self, user: str, count: int) -> None:
        """Waits until somebody's Home was looked at so often."""
        async with asyncio.timeout(30):
            while self.asked.count(("home", user)) < count:
                await self._changed.after(self._changed.version)

    def needs_reason(self, environment: str, service: str) -> bool:
        """In these environments."""
        _ = service
        return environment in self.reasons

    async def services(self, actor: Actor, environment: str) -> Sequence[Offer]:
        """What was put down."""
        self.asked.append(("services", actor.id, environment))
        await self.gate.wait()
        return [o for o in self.offers if o.environment == environment]

    async def versions(self, service: str, environment: str) -> Sequence[Known]:
        """What was put down."""
        self.asked.append(("versions", service, environment))
        await self.gate.wait()
        return self.known

    async def at(self, channel: str, ts: str) -> Release | None:
        """What was put down."""
        return self.cards.get((channel, ts))

    async def home(self, actor: Actor) -> Home:
        """What was put down."""
        self.asked.append(("home", actor.id))
        self._changed.tick()
        await self.gate.wait()
        return self.found

"""The bot under measurement: put together as in production, Slack and a policy included, in this process.

In this process, so that a measurement begins with the call that a click ends in, and requests are counted where they
are sent.
"""

import asyncio
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bot import main
from bot.cluster.api import Api
from bot.engine.timers import Timers
from bot.grammar.command import Start
from bot.grammar.parse import parse
from bot.main import Parts, connected
from bot.ports import Origin, Preview
from bot.settings import Settings, load
from strategies.release import Actor, Intent, IntentKind, Release, State
from tests.bench.slack import slack
from tests.bench.world import World

APART = ("plan", "review", "watch", "lease", "proxy")  # what spec.md, "Budgets count", leaves out
PERSON = Actor(id="U1", via="slack")
PATIENCE = 90.0  # seconds until a release that does not go on has failed


class Chance(Exception):
    """A proof said no to a true share, as one in a hundred does: that run is no measurement."""


@dataclass(slots=True)
class Ongoing:
    """A release under way; `begun` is the requests sent before its record was."""

    id: str
    begun: Counter[str]


@dataclass(slots=True)
class Bot:
    """The desk of a running bot, and what it records."""

    parts: Parts
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def api(self) -> Api:
        """Which counts what it sends."""
        return self.parts.api

    async def start(self, line: str) -> Ongoing:
        """Preview is what a person has seen before; the returned count begins with the record."""
        spec, plan = await self.preview(line)
        return await self.begin(spec, plan)

    async def preview(self, line: str) -> tuple[Start, str]:
        """The command and the hash that a Start button carries."""
        command = parse(line)
        assert isinstance(command, Start), command
        shown = await self.parts.desk.preview(command.spec)
        assert isinstance(shown, Preview), shown
        return command, shown.plan.hash

    async def begin(self, command: Start, plan: str) -> Ongoing:
        """The click on Start."""
        origin = Origin(f"bench-{uuid.uuid4().hex}", channel="C1")
        counted = self._count_from_creation()
        started = await self.parts.desk.start(command.spec, plan, PERSON, origin)
        assert isinstance(started, Release), started
        return Ongoing(started.id, counted())

    def _count_from_creation(self) -> Callable[[], Counter[str]]:
        """What had been sent right before the record was made; that request counts itself."""
        records, api = self.parts.records, self.api
        really, before = records.create, Counter[str]()

        async def create(release: Release) -> object:
            before.update(api.requests)
            return await really(release)

        records.create = create  # type: ignore[method-assign, assignment]

        def counted() -> Counter[str]:
            records.create = really  # type: ignore[method-assign]
            return before

        return counted

    def sent(self, since: Counter[str]) -> int:
        """Requests that count, since then."""
        return sum(n - since[k] for k, n in self.api.requests.items() if k not in APART)

    async def act(self, ongoing: Ongoing, kind: IntentKind) -> None:
        """A click on the card as it stands."""
        release = self.release(ongoing)
        assert release is not None
        origin = Origin(f"bench-{uuid.uuid4().hex}")
        done = await self.parts.desk.act(ongoing.id, Intent(kind=kind), PERSON, origin, release.revision)
        assert isinstance(done, Release), done

    async def until(self, ongoing: Ongoing, *states: State, sealed: bool = False) -> Release:
        """The record, once it is in one of these states."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.changed.clear()
                release = self.release(ongoing)
                if release is not None and release.state in states:
                    stored = self.parts.records.latest(ongoing.id)
                    if not sealed or (stored is not None and stored.sealed):
                        return release
                elif release is not None and (release.ended or release.state is State.HOLDING):
                    await self._unexpected(ongoing, release)
                await self.changed.wait()

    async def _unexpected(self, ongoing: Ongoing, release: Release) -> None:
        """Take a release back that holds by chance, so that nothing of it runs on; what else there is has failed."""
        if release.state is State.HOLDING and any(
            e.detail.get("code") == "not-proven" for e in release.events
        ):
            await self.act(ongoing, IntentKind.ROLLBACK)
            await self.until(ongoing, State.ROLLED_BACK, sealed=True)
            raise Chance(f"{ongoing.id}: {release.reason}")
        told = "\n".join(f"[{e.kind}] {e.text}" for e in release.events)
        raise AssertionError(f"{ongoing.id} is {release.state}: {release.reason}\n{told}")

    async def ended(self, ongoing: Ongoing, state: State) -> int:
        """Wait for the end, its last words and seal; the requests it took from its record's creation."""
        await self.until(ongoing, state, sealed=True)
        return self.sent(ongoing.begun)

    def release(self, ongoing: Ongoing) -> Release | None:
        """The record as this bot sees it."""
        stored = self.parts.records.latest(ongoing.id)
        return stored.release if stored else None


def policy(world: World, folder: Path) -> Path:
    """A policy file that leads to the bench's services."""
    path = folder / "policy.yaml"
    written = {"environments": {"default": {"namespace": world.namespace}}}
    path.write_text(yaml.safe_dump(written))
    return path


@asynccontextmanager
async def bot(world: World) -> AsyncIterator[Bot]:
    """As `bot.main.serve`, but for signals and the health port."""
    with tempfile.TemporaryDirectory() as scratch:
        async with slack() as where:
            told = {"GRAYLIGHT_NAMESPACE": world.home, "GRAYLIGHT_POLICY": str(policy(world, Path(scratch)))}
            settings = load(where | told)
            assert isinstance(settings, Settings), settings
            async with connected(settings) as parts:
                await parts.records.watch()
                timers = Timers()
                timers.start()
                made = Bot(parts)
                async with main._surface(settings, parts) as surface:
                    engine = parts.engine(surface, timers)
                    told_engine = parts.records.changed

                    def noticed(release: str) -> None:
                        told_engine(release)
                        made.changed.set()

                    parts.records.on_change(noticed)
                    running = asyncio.create_task(engine.run())
                    try:
                        async with asyncio.timeout(PATIENCE):
                            while not engine.leading:  # it has no event for that
                                await asyncio.sleep(0.05)
                        yield made
                    finally:
                        running.cancel()
                        with suppress(asyncio.CancelledError):
                            await running
                        timers.stop()
                        await parts.records.stop()

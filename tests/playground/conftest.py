"""A playground in this process, on free ports: the doubles, the page, and the very same bot between them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from bot.play import Wished, perform
from bot.playground.play import Pace, Stage
from bot.playground.slack import Message
from bot.settings import Settings

PATIENCE = 150  # seconds: a proof alone may take sixty before it says that it found nothing
PACE = Pace(start=0.05, grace=0.2, ingress_port=0, rate=20, window=1)


@dataclass
class Play:
    """A running playground and somebody who types and clicks in it."""

    stage: Stage
    kubeconfig: str
    stop: asyncio.Event
    running: "asyncio.Task[None]"

    async def begin(self, command: str) -> None:
        """Types a command and presses Start on its preview."""
        await self.stage.slack.slash(command)
        preview = await self.until(lambda: self.stage.slack.offering("release.start"), "a preview")
        await (await self.stage.slack.click(preview, "release.start")).done()

    async def press(self, action: str) -> None:
        """Clicks the newest such button."""
        card = await self.until(lambda: self.stage.slack.offering(action), f"{action} to be offered")
        delivery = await self.stage.slack.click(card, action)
        await delivery.done()
        assert delivery.error is None

    async def told(self, words: str) -> Message:
        """A message that says this."""
        return await self.until(lambda: self.stage.slack.find(words), words)

    async def users_get(self, **shares: range) -> None:
        """Waits until the page's own users get each version in so many of 100 answers."""

        def true() -> bool:
            counts = self.stage.users.counts()
            total = sum(counts.values())
            return total >= 10 and all(100 * counts.get(v, 0) // total in r for v, r in shares.items())

        changed = self.stage.changed
        async with asyncio.timeout(PATIENCE):
            while not true():
                await changed.after(changed.version)

    async def until(self, seen: Callable[[], Message | None], what: str) -> Message:
        """What the stand-in waits for, or the reason why the bot ended."""
        found: Message | None = await self.stage.slack.until(seen, what=what, seconds=PATIENCE)
        assert found is not None
        return found


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        perform(Settings(), Wished(port=0, pace=PACE), stop, lambda *made: ready.set_result(made))
    )
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        await running
    stage, kubeconfig = ready.result()
    yield Play(stage, kubeconfig, stop, running)
    stop.set()
    await running

"""A person in Slack who wants something, and clicks again when the bot died on them or said it failed; else never."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.playground.slack import Message
from strategies.release import IntentKind, State
from tests.stories.process import Point
from tests.stories.world import World

Act = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Wish:
    """At the first moment in this state: what to click."""

    state: State
    click: IntentKind


@dataclass(slots=True)
class Person:
    """Sees the channel, clicks buttons; `user` is their Slack id."""

    world: World
    user: str = "U1"

    async def release(self, command: str, *wishes: Wish) -> None:
        """Types a command, starts what the preview shows, and answers as they wish."""
        await self.begin(command)
        for wish in wishes:
            await self.answer(wish)

    async def begin(self, command: str) -> None:
        """Until the release is on record."""
        preview = await self.preview(command)
        await self._click(preview, "release.start", lambda: self.world.release is not None)

    async def preview(self, command: str) -> Message:
        """The preview of a command, with its Start button."""
        await self._again(
            lambda: self.world.slack.slash(command, user=self.user), lambda: self._offered() is not None
        )
        found = self._offered()
        assert found is not None
        return found.snapshot()

    def _offered(self) -> Message | None:
        return self.world.slack.offering("release.start")

    async def answer(self, wish: Wish) -> None:
        """Click when the release is there, until it has moved."""
        world = self.world

        def ready() -> Message | None:
            release = world.release
            return world.button(wish.click) if release is not None and release.state is wish.state else None

        message = (await world.until(ready, f"{wish}: a live button")).snapshot()
        before = world.release
        assert before is not None
        revision = before.revision
        await self._click(message, f"release.{wish.click.value}", lambda: _revision(world) > revision)

    async def told(self, words: str, *, times: int = 1) -> Message:
        """A private answer to this person that says this."""

        def found() -> list[Message]:
            mine = (m for m in self.world.slack.messages if m.ephemeral_for == self.user)
            return [m for m in mine if words in m.words]

        return (await self.world.until(lambda: found()[times - 1 :], f"{self.user} is told: {words}"))[0]

    async def _click(self, message: Message, action: str, done: Callable[[], bool]) -> None:
        await self._again(lambda: self.world.slack.click(message, action, user=self.user), done)

    def _complaints(self) -> int:
        return sum(map(_broke, self.world.slack.messages))

    async def _again(self, act: Act, done: Callable[[], bool]) -> None:
        """Do it; once more each time the bot died or said that it failed, and it is still not done."""
        world = self.world
        while not done():
            await world.until(lambda: world.bot.leading and world.slack.sockets.open, "a bot that listens")
            if not done():
                await self._once(act, done)

    async def _once(self, act: Act, done: Callable[[], bool]) -> None:
        bot, complaints = self.world.bot, self._complaints()
        await act()

        def answered() -> bool:
            return done() or self.world.bot is not bot or self._complaints() > complaints

        await self.world.until(answered, "what was clicked happens")


def _broke(message: Message) -> bool:
    return message.ephemeral_for is not None and "Something went wrong on my side" in message.words


def _revision(world: World) -> int:
    return world.release.revision if world.release else 0


async def supervised(world: World, faults: Sequence[Point] = (), found: list[bool] | None = None) -> None:
    """What a kubelet does: a process that died is followed by another. `found`: what each of those met."""
    for fault in itertools.chain(faults, itertools.repeat(None)):
        bot = world.start(fault)
        await bot.died.wait()
        await bot.gone()
        if found is not None:
            found.append(under_way(world))


def under_way(world: World) -> bool:
    """Whether there is a release that has begun to change something and has not ended."""
    release = world.release
    return release is not None and (release.changed or release.cursor > 0) and not release.ended

"""The real app, connected to the strict stand-in by Socket Mode, with a desk by hand behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from bot.playground.slack import MANIFEST_SCOPES, Message, SlackStandIn
from bot.slack.announce import Announcer
from bot.slack.app import SlackApp, build
from bot.slack.client import web_client
from bot.slack.socket import Connection, connect
from strategies.release import Release
from tests.slack import stories
from tests.slack.board import FakeBoard
from tests.slack.desk import FakeClock, FakeDesk


@dataclass
class Seconds:
    """Monotonic seconds that stand until they are moved."""

    now: float = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass
class Room:
    """Everything of one conversation."""

    slack: SlackStandIn
    desk: FakeDesk
    app: SlackApp
    connection: Connection
    clock: FakeClock
    board: FakeBoard = field(default_factory=FakeBoard)

    async def private(self, words: str) -> Message:
        """Waits for a private answer that says this."""

        def found() -> Message | None:
            wanted = (m for m in reversed(self.slack.messages) if m.ephemeral_for and words in m.words)
            return next(wanted, None)

        message = await self.slack.until(found, seconds=30, what=f"a private answer: {words}")
        assert message is not None
        return message

    async def previewed(self, text: str = "canary k8sdemo v6 --steps 25,50,100") -> Message:
        """A preview with its Start button."""
        await (await self.slack.slash(text)).done()
        return await self.private("Plan for")


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    standin = SlackStandIn(patience=30, scopes=MANIFEST_SCOPES)
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
async def room(slack: SlackStandIn) -> AsyncIterator[Room]:
    desk, clock, board = FakeDesk(), FakeClock(), FakeBoard()
    app = build(
        desk,
        board=board,
        bot_token=slack.bot_token,
        base_url=slack.url,
        signing_key=stories.KEY,
        clock=clock,
    )
    connection = await connect(app, slack.app_token, slack.url)
    await slack.connected()
    yield Room(slack, desk, app, connection, clock, board)
    await connection.close()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def announcer(slack: SlackStandIn, seconds: Seconds) -> AsyncIterator[Announcer]:
    client = web_client(slack.bot_token, slack.url, retries=0)
    made = Announcer(client, stories.KEY, monotonic=seconds)
    yield made
    await made.close()


@pytest.fixture
def shown(announcer: Announcer, seconds: Seconds) -> Callable[[Release], Awaitable[Release]]:
    """Announces a release as the engine does, a while after the last time; with its card as it stands then."""

    async def show(release: Release) -> Release:
        seconds.now += 10
        return release.model_copy(update={"card": await announcer.announce(release)})

    return show

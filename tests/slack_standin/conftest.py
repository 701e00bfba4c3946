"""A stand-in, and the official Python bot framework connected to it."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.playground.slack import MANIFEST_SCOPES, SlackStandIn


async def outcome(call: Awaitable[AsyncSlackResponse]) -> str:
    """What a call ended with: `ok`, or Slack's error code."""
    try:
        await call
    except SlackApiError as refused:
        return str(refused.response["error"])
    return "ok"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


@dataclass
class Bolt:
    """A Bolt app on Socket Mode; `connect()` after its listeners are registered."""

    app: AsyncApp
    handler: AsyncSocketModeHandler
    slack: SlackStandIn

    async def connect(self) -> None:
        """Opens the socket and waits until the stand-in has it."""
        await self.handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        await self.slack.connected()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SlackStandIn]:
    standin = SlackStandIn(clock=clock, patience=30, scopes=MANIFEST_SCOPES | {"reactions:write"})
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
def web(slack: SlackStandIn) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.url)


@pytest.fixture
async def bolt(slack: SlackStandIn, web: AsyncWebClient) -> AsyncIterator[Bolt]:
    app = AsyncApp(client=web)
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.1)
    yield Bolt(app, handler, slack)
    await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped

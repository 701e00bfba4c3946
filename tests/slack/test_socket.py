"""The connection: refused tokens are told at once, an absent or deaf Slack is waited for, and an end is clean."""

from collections.abc import AsyncIterator

import pytest

from bot.playground.slack import SlackStandIn
from bot.slack import socket
from bot.slack.app import SlackApp, build
from bot.slack.client import Client
from bot.slack.socket import NotWelcome, connect
from tests.slack import stories
from tests.slack.desk import FakeClock, FakeDesk


@pytest.fixture
async def app(slack: SlackStandIn) -> AsyncIterator[SlackApp]:
    made = build(
        FakeDesk(), bot_token=slack.bot_token, base_url=slack.url, signing_key=stories.KEY, clock=FakeClock()
    )
    yield made
    assert isinstance(made.client, Client)
    await made.client.close()


async def test_a_refused_token_is_named(slack: SlackStandIn, app: SlackApp) -> None:
    with pytest.raises(NotWelcome, match="SLACK_APP_TOKEN"):
        await connect(app, "xapp-wrong", slack.url)
    app.identity.team, app.client.token = "", "xoxb-wrong"
    with pytest.raises(NotWelcome, match="SLACK_BOT_TOKEN"):
        await connect(app, slack.app_token, slack.url)


async def test_a_socket_that_carries_nothing_is_replaced(slack: SlackStandIn, app: SlackApp) -> None:
    connection = await connect(app, slack.app_token, slack.url, deaf=0.2, ping=30)
    await slack.connected()
    deaf = slack.sockets.open[0]
    slack.mute()
    await slack.until(lambda: deaf not in slack.sockets.connections, seconds=30, what="its end")
    slack.mute(on=False)
    await slack.connected()
    assert (await (await slack.slash("help")).done()).acked
    await connection.close()


async def test_a_slack_that_is_away_is_waited_for(
    slack: SlackStandIn, app: SlackApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "FIRST", 0.05)
    app.client.retry_handlers.clear()
    await slack.away()
    connection = await connect(app, slack.app_token, slack.url, ping=0.05)
    assert not connection.connected
    await slack.back()
    await slack.connected()
    assert (await (await slack.slash("help")).done()).acked
    assert connection.connected
    await connection.close()


async def test_a_close_lets_what_is_under_way_finish(slack: SlackStandIn) -> None:
    desk = FakeDesk()
    app = build(
        desk, bot_token=slack.bot_token, base_url=slack.url, signing_key=stories.KEY, clock=FakeClock()
    )
    connection = await connect(app, slack.app_token, slack.url)
    await slack.connected()
    desk.gate.clear()
    await (await slack.slash("status")).done()
    await slack.until(lambda: desk.count("running") or any(c.method == "users.info" for c in slack.calls))
    desk.gate.set()
    await connection.close()
    assert slack.find("No release is running") is not None
    assert not slack.sockets.open

"""The connection: refused tokens are told at once, an absent or deaf Slack is waited for, and an end is clean."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.playground.slack import SlackStandIn
from bot.playground.slack.sockets import Sockets
from bot.slack import socket
from bot.slack.app import SlackApp, build
from bot.slack.client import Client
from bot.slack.identity import NotWelcome
from bot.slack.socket import connect
from tests.slack import stories
from tests.slack.conftest import Seconds
from tests.slack.desk import FakeClock, FakeDesk

PING = 3600.0  # seconds: the SDK's own watch stays out of it


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


@pytest.mark.parametrize("pinged", [False, True], ids=["that answers nothing", "that only answers pings"])
async def test_a_socket_that_is_silent_is_replaced_within_a_minute(
    slack: SlackStandIn, app: SlackApp, pinged: bool
) -> None:
    connection = await connect(app, slack.app_token, slack.url, ping=PING)
    await slack.connected()
    silent, seconds = slack.sockets.open[0], Seconds()
    link = connection.handler.client
    link.monotonic = seconds
    link.fresh()
    if pinged:
        link.served = seconds()  # this Slack has pinged us; from now on it only answers our own pings
    else:
        slack.mute()
    seconds.now += socket.DEAF - 1
    if pinged:
        link.answered = seconds()
    await connection.look()
    assert slack.sockets.open == [silent]
    seconds.now += 1 + socket.DEAF / socket.LOOKS  # no look is later than this
    assert seconds() <= Seconds()() + 60 - 10  # and ten seconds are left to connect in
    await connection.look()
    slack.mute(on=False)
    await slack.until(lambda: silent not in slack.sockets.connections, seconds=30, what="its end")
    await slack.connected()
    assert connection.age == 0
    assert (await (await slack.slash("help")).done()).acked
    await connection.close()


async def test_a_refresh_loses_nothing_that_comes_meanwhile(slack: SlackStandIn, app: SlackApp) -> None:
    connection = await connect(app, slack.app_token, slack.url, ping=PING)
    await slack.connected()
    for warning in (True, True, False):
        old = slack.sockets.open[0]
        refreshing = asyncio.create_task(slack.refresh(warning=warning))
        sent = [await slack.slash("help")]
        while old in slack.sockets.connections:  # commands all the while that the old socket goes
            sent.append(await slack.slash("help"))
            await sent[-1].done()
            if not warning:
                break
        await refreshing
        await slack.connected()
        for delivery in sent:
            await delivery.done()
            assert delivery.acked or not warning, delivery.error
        assert (await (await slack.slash("help")).done()).acked
        assert len(slack.sockets.open) == 1
    await connection.close()


async def test_an_answer_that_a_closing_socket_did_not_read_any_more_is_given_on_the_next(
    slack: SlackStandIn, app: SlackApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect(app, slack.app_token, slack.url, ping=PING)
    await slack.connected()
    unread = list[str]()

    def unheard(_: Sockets, frame: str) -> None:
        unread.append(frame)
        slack.workspace.changed.tick()

    with monkeypatch.context() as closing:
        closing.setattr(Sockets, "_acknowledged", unheard)
        sent = await slack.slash("help")
        await slack.until(lambda: unread, seconds=3, what="the answer that nobody reads")
    await slack.refresh(warning=False)
    assert (await sent.done()).acked
    await connection.close()


async def test_goodbyes_that_come_together_make_one_new_socket(slack: SlackStandIn, app: SlackApp) -> None:
    connection = await connect(app, slack.app_token, slack.url, ping=PING)
    await slack.connected()
    before = sum(call.method == "apps.connections.open" for call in slack.calls)
    await slack.refresh(grace=0)
    await slack.connected()
    assert (await (await slack.slash("help")).done()).acked
    assert sum(call.method == "apps.connections.open" for call in slack.calls) == before + 1
    await connection.close()


async def test_an_idle_bot_asks_slack_nothing(slack: SlackStandIn, app: SlackApp) -> None:
    connection = await connect(app, slack.app_token, slack.url, ping=0.02)
    await slack.connected()
    begun, first = len(slack.calls), slack.sockets.open[0]
    await slack.until(lambda: first.ponged > 20, seconds=30, what="a while")
    for _ in range(20):
        await connection.look()
    assert len(slack.calls) == begun
    assert slack.sockets.open == [first]
    await connection.close()


async def test_a_slack_that_is_away_is_waited_for(
    slack: SlackStandIn,
    app: SlackApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(socket, "FIRST", 0.05)
    app.client.retry_handlers.clear()
    await slack.away()
    connection = await connect(app, slack.app_token, slack.url, ping=0.05)
    assert not connection.connected
    link = connection.handler.client
    seconds = link.monotonic = Seconds()
    link.fresh()
    seconds.now += 2 * socket.DEAF  # the watch wants a socket, too, and must not make a second one
    looking = asyncio.create_task(connection.look())
    await slack.back()
    await slack.connected()
    await looking
    assert "connecting anew" in caplog.text
    assert len(slack.sockets.connections) == 1
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

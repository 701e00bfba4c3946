"""Socket Mode frame by frame, with a bare websocket."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SlackStandIn, sockets


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def dial(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> aiohttp.ClientWebSocketResponse:
    answer = await web.apps_connections_open(app_token=slack.app_token)
    return await http.ws_connect(answer["url"])


async def test_the_first_frame_says_hello_and_addresses_are_good_once(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    answer = await web.apps_connections_open(app_token=slack.app_token)
    socket = await http.ws_connect(answer["url"])
    hello = await socket.receive_json()
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect(answer["url"])


async def test_each_payload_goes_to_one_of_the_connections(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    sockets = [await dial(web, slack, http) for _ in range(3)]
    for socket in sockets:
        await socket.receive_json()
    for _ in range(6):
        await slack.slash("status")
    assert [connection.received for connection in slack.sockets.open] == [2, 2, 2]
    frame = await sockets[0].receive_json()
    assert frame["type"] == "slash_commands"
    assert frame["accepts_response_payload"]
    await sockets[0].send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "pong"}})
    await slack.until(lambda: slack.find("pong"), what="the acknowledgement")


async def test_the_eleventh_connection_is_turned_away(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    sockets = [await dial(web, slack, http) for _ in range(10)]
    for socket in sockets:
        await socket.receive_json()
    extra = await dial(web, slack, http)
    assert await extra.receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}
    assert len(slack.sockets.open) == 10


async def test_a_refresh_warns_and_then_closes(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    socket = await dial(web, slack, http)
    await socket.receive_json()
    await slack.refresh(grace=0)
    assert (await socket.receive_json())["reason"] == "warning"
    assert (await socket.receive_json())["reason"] == "refresh_requested"
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert slack.sockets.open == []


async def test_a_mute_socket_looks_open_and_carries_nothing(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    socket = await dial(web, slack, http)
    await socket.receive_json()
    slack.mute()
    slack.sockets.patience = 0.1
    delivery = await (await slack.slash("status")).done()
    assert (delivery.sent, delivery.acked, len(slack.sockets.open)) == (0, False, 1)


async def test_an_acknowledgement_of_nothing_is_recorded(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    socket = await dial(web, slack, http)
    await socket.send_json({"envelope_id": "made up"})
    await socket.send_str("no json")
    await slack.until(lambda: len(slack.sockets.stray) == 2, what="the record")
    assert slack.sockets.stray == [{"envelope_id": "made up"}, {"unreadable": "no json"}]


async def test_cut_sockets_are_gone(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession
) -> None:
    socket = await dial(web, slack, http)
    await socket.receive_json()
    slack.cut()
    assert (await socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE}
    await slack.until(lambda: not slack.sockets.connections, what="the end of the connection")


async def test_slack_pings_a_socket_that_idles(
    web: AsyncWebClient, slack: SlackStandIn, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PING", 0.01)
    answer = await web.apps_connections_open(app_token=slack.app_token)
    socket = await http.ws_connect(answer["url"], autoping=False)
    assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT
    assert (await socket.receive()).type is aiohttp.WSMsgType.PING

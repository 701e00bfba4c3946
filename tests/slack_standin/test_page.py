"""The playground's page as a browser meets it: its files, its stream, what people do on it."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.page import routes
from bot.playground.page.routes import STATIC
from bot.playground.slack import SlackStandIn
from bot.playground.slack.signal import Signal
from tests.slack_standin.conftest import Bolt

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "7"}


class Cluster:
    """A cluster whose samples are set by the test."""

    def __init__(self) -> None:
        self.changed = Signal()
        self.samples = {"v5": 40}

    async def view(self) -> dict[str, Any]:
        """As `routes` wants it."""
        return {"deployments": [], "services": [], "samples": self.samples}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def page(slack: SlackStandIn, cluster: Cluster) -> AsyncIterator[aiohttp.ClientSession]:
    application = web.Application()
    application.add_routes(routes(slack, cluster.view, cluster.changed))
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        yield session
    await runner.cleanup()


class Stream:
    """A page's event stream, event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, kind: str) -> Any:
        """The data of the next event of this kind."""
        while True:
            name = (await self.response.content.readline()).decode().removeprefix("event: ").strip()
            data = (await self.response.content.readline()).decode().removeprefix("data: ")
            await self.response.content.readline()
            if name == kind:
                return json.loads(data)


@asynccontextmanager
async def listening(page: aiohttp.ClientSession, user: str = "U1") -> AsyncIterator[Stream]:
    async with page.get("/events", params={"user": user}) as response:
        yield Stream(response)


async def status(page: aiohttp.ClientSession, path: str) -> int:
    async with page.get(path) as response:
        await response.read()
        return response.status


async def act(page: aiohttp.ClientSession, **what: Any) -> Any:
    async with page.post("/act", json={"user": "U1", **what}) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_the_page_and_all_it_asks_for_are_there_and_come_from_nowhere_else(
    page: aiohttp.ClientSession,
) -> None:
    async with page.get("/") as response:
        index = await response.text()
    asked = set(re.findall(r'(?:href|src)="(static/[^"]+)"', index))
    for path in STATIC.glob("*.js"):
        asked |= {f"static/{name}" for name in re.findall(r'from "\./([^"]+)"', path.read_text())}
    assert len(asked) > 10
    for name in asked:
        assert await status(page, f"/{name}") == 200, name
    for path in STATIC.iterdir():
        assert not re.search(r"(src|href)=\"https?:|url\(http|import .*https?:", path.read_text()), path.name
    assert await status(page, "/static/..%2froutes.py") == 404


async def test_changes_are_pushed(
    page: aiohttp.ClientSession, slack: SlackStandIn, cluster: Cluster, web: AsyncWebClient
) -> None:
    async with listening(page) as stream:
        assert (await stream.next("slack"))["messages"] == []
        await web.chat_postMessage(channel="C1", text="hello")
        seen = await stream.next("slack")
    assert [message["text"] for message in seen["messages"]] == ["hello"]
    assert seen["messages"][0]["author"] == {"id": "UBOT", "name": "Graylight", "bot": True}


async def test_the_cluster_is_pushed_when_it_says_that_it_changed(
    page: aiohttp.ClientSession, cluster: Cluster
) -> None:
    async with listening(page) as stream:
        assert (await stream.next("cluster"))["samples"] == {"v5": 40}
        cluster.samples = {"v5": 30, "v6": 10}
        cluster.changed.tick()
        assert (await stream.next("cluster"))["samples"] == {"v5": 30, "v6": 10}


async def test_nobody_sees_what_is_for_somebody_else(
    page: aiohttp.ClientSession, slack: SlackStandIn, web: AsyncWebClient
) -> None:
    await web.chat_postEphemeral(channel="C1", user="U1", text="only Ana")
    for user, texts in (("U1", ["only Ana"]), ("U2", [])):
        async with listening(page, user) as stream:
            seen = await stream.next("slack")
        assert [message["text"] for message in seen["messages"]] == texts


async def test_people_command_click_mention_and_talk_on_the_page(
    page: aiohttp.ClientSession, slack: SlackStandIn, bolt: Bolt
) -> None:
    heard: list[str] = []

    @bolt.app.command("/release")
    async def release(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack()
        heard.append(command["text"])

    @bolt.app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body["user"]["id"])

    await bolt.connect()
    await bolt.app.client.chat_postMessage(
        channel="C1", text="card", blocks=[{"type": "actions", "elements": [BUTTON]}]
    )
    ts = slack.messages[0].ts
    assert await act(page, kind="say", text="/release canary k8sdemo v6") == {"error": None}
    assert await act(page, kind="control", ts=ts, action_id="go", block_id="b", value="7", user="U2") == {
        "error": None
    }
    await act(page, kind="say", text="nice", thread_ts=ts)
    await act(page, kind="say", text="/release promote", thread_ts=ts)
    assert heard == ["canary k8sdemo v6", "U2"]
    assert [reply.text for reply in slack.thread(slack.messages[0])] == [
        "nice",
        "/release is not supported in threads. Sorry!",
    ]


async def test_what_goes_wrong_is_told(page: aiohttp.ClientSession, slack: SlackStandIn) -> None:
    failed = '/release failed with the error "dispatch_failed"'
    assert await act(page, kind="say", text="/release status") == {"error": failed}
    gone = await act(page, kind="control", ts="1.1", action_id="go", block_id="b")
    assert gone == {"error": "this message is gone"}
    assert (await act(page, kind="submit"))["error"] == "this form is closed"


async def test_only_the_page_itself_may_act(page: aiohttp.ClientSession, slack: SlackStandIn) -> None:
    what = {"user": "U1", "kind": "say", "text": "x"}
    for body, origin, expected in (
        (what, {"Origin": "http://elsewhere.example"}, 403),
        (what | {"user": "U99"}, {}, 400),
        ({"nonsense": 1}, {}, 400),
    ):
        async with page.post("/act", json=body, headers=origin) as response:
            assert response.status == expected
    assert slack.messages == []

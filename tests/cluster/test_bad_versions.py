"""Versions that fail, and routes that lead elsewhere, on a real cluster behind an Ingress: noticed, held or taken back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from strategies.objects import DEPLOYMENT, INGRESS, SERVICE, name_of
from strategies.release import IntentKind, Release, State
from tests.cluster.conftest import Bot, Installation, begin, say
from tests.cluster.users import load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]


async def settled(bot: Bot, release: Release) -> Release:
    """Once it holds or is over."""
    found = await bot.until(release.id, lambda s: s.sealed or s.release.state is State.HOLDING)
    return found.release


async def untouched(installed: Installation) -> bool:
    """Whether only what the user made is there."""
    names = [[name_of(o) for o in await installed.all(kind)] for kind in (DEPLOYMENT, SERVICE, INGRESS)]
    return names == [["k8sdemo-deploy"], ["k8sdemo-svc"], ["k8sdemo-ingress-prefix"]]


async def test_a_version_that_fails_is_taken_back_by_itself(installed: Installation) -> None:
    ways = await serve(installed, "seed")
    probe = json.loads(ways.probe) | {"attribute": {"header": "X-Version"}}  # failures say it too
    await installed.annotate("k8sdemo-deploy", {"graylight/probe": json.dumps(probe)})
    async with installed.bot() as bot:
        release = await begin(bot, "canary k8sdemo v8-bad --steps 25,50 --soak 5s --auto")
        ended = await settled(bot, release)
    story = "\n".join(e.text for e in ended.events)
    assert ended.state is State.ROLLED_BACK, story
    assert "worse" in story, story
    assert await untouched(installed)


@pytest.mark.parametrize(("kind", "version"), [("seed", "v8-crash"), ("probed", "v8-unready")])
async def test_a_version_that_does_not_come_up_gets_no_traffic_at_all(
    installed: Installation, kind: str, version: str
) -> None:
    ways = await serve(installed, kind)
    async with installed.bot() as bot, load(ways) as seen:
        release = await begin(bot, f"canary k8sdemo {version} --steps 25 --soak 0s")
        if version == "v8-crash":
            held = await settled(bot, release)
            assert held.state is State.HOLDING
        else:
            await bot.until(release.id, lambda s: s.release.changed)
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, ended.reason
    for way, said in seen.items():
        assert said["failed"] == [], way
    assert await untouched(installed)


@asynccontextmanager
async def balancer(node: str) -> AsyncIterator[str]:
    """Somebody's balancer before the cluster that goes by the node port, whatever an Ingress says."""
    host, _, port = node.rpartition(":")

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)

    server = await asyncio.start_server(pass_on, "127.0.0.1")
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_route_that_users_requests_do_not_follow_is_noticed_and_held(installed: Installation) -> None:
    ways = await serve(installed, "probed")
    async with balancer(ways.node) as door, installed.bot() as bot:
        around = json.loads(ways.probe) | {"connect": door}
        await installed.annotate("k8sdemo-deploy", {"graylight/probe": json.dumps(around)})
        release = await begin(bot, "canary k8sdemo v6 --steps 25 --soak 0s")
        held = await settled(bot, release)
        assert held.state is State.HOLDING
        assert held.reason.startswith("Asked 25 %, but v6 answered 0 of ")
        assert "Ingress k8sdemo-ingress-prefix was written at" in held.reason
        await say(bot, release.id, IntentKind.ROLLBACK)
        assert (await settled(bot, release)).state is State.ROLLED_BACK
    assert await untouched(installed)

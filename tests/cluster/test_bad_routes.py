"""By route on real data planes: versions that fail, and routes that are not taken or not followed.

Noticed, told with what was seen, held or taken back; no user meets a version that did not come up.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from strategies.objects import HTTPROUTE, Ref
from strategies.release import IntentKind, Release, State
from tests.cluster.conftest import Bot, Installation, begin, say
from tests.cluster.planes import BY, OLD, STEPS, needs, routes
from tests.cluster.test_planes import lost_nothing, nothing_left, story
from tests.cluster.test_releases import world
from tests.cluster.users import load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

PLANES = ["nginx", "httproute", "istio"]


async def settled(bot: Bot, release: Release, but: int = -1) -> Release:
    """Once it holds, asks, or is over."""
    resting = (State.HOLDING, State.ASKING)
    return (await bot.until(release.id, lambda s: s.sealed or s.release.state in resting, but)).release


@pytest.mark.parametrize("plane", PLANES)
async def test_a_version_that_fails_is_taken_back_by_itself(installed: Installation, plane: str) -> None:
    needs(plane)
    await serve(installed, "seed" + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot:
        release = await begin(bot, f"canary k8sdemo v8-bad --steps {STEPS} --soak 5s --auto")
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, story(ended)
    said = "\n".join(e.text for e in ended.events if e.kind == "stuck")
    assert " requests of those who send X-Canary: always failed" in said, story(ended)
    assert (await world(installed), await routes(installed)) == (before, routed)
    await nothing_left(installed)


@pytest.mark.parametrize("plane", PLANES)
async def test_a_version_that_is_slow_is_told_apart_and_taken_back_by_itself(
    installed: Installation, plane: str
) -> None:
    needs(plane)
    await serve(installed, "seed" + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot:
        release = await begin(bot, "canary k8sdemo v8-slow --steps 25,50 --soak 1m --auto")
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, story(ended)
    assert any("v8-slow is slower" in e.text for e in ended.events), story(ended)
    assert not any("fails" in e.text for e in ended.events if e.kind == "falling"), story(ended)
    assert (await world(installed), await routes(installed)) == (before, routed)
    await nothing_left(installed)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize(("kind", "version"), [("seed", "v8-crash"), ("probed", "v8-unready")])
async def test_a_version_that_does_not_come_up_gets_no_traffic_at_all(
    installed: Installation, kind: str, version: str, plane: str
) -> None:
    needs(plane)
    ways = await serve(installed, kind + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways) as seen:
        release = await begin(bot, f"canary k8sdemo {version} --steps {STEPS} --soak 0s")
        if version == "v8-crash":
            held = await settled(bot, release)
            assert held.state is State.HOLDING
            assert "exit code" in held.reason
        else:
            await bot.until(release.id, lambda s: s.release.changed and "not ready" in s.release.reason)
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, story(ended)
    lost_nothing(seen, ended)
    for way, said in seen.items():
        assert {version for _, version in said["met"]} == {OLD}, way
    assert (await world(installed), await routes(installed)) == (before, routed)


@dataclass
class Door:
    """Somebody's balancer before the cluster: where it listens, and where it leads, which may change."""

    here: str
    there: str


@asynccontextmanager
async def door(leads: str) -> AsyncIterator[Door]:
    """A balancer, as long as this lasts."""
    found = Door("", leads)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = found.there.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)

    server = await asyncio.start_server(pass_on, "127.0.0.1")
    async with server:
        found.here = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found


@pytest.mark.parametrize(
    ("plane", "told"),
    [
        ("httproute", "HTTPRoute k8sdemo was accepted at "),
        ("istio", "VirtualService k8sdemo was written at "),
    ],
)
async def test_a_route_that_is_not_followed_is_held_even_under_auto_and_proven_again_on_resume(
    installed: Installation, plane: str, told: str
) -> None:
    needs(plane)
    ways = await serve(installed, "probed" + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with door(ways.node) as way, installed.bot() as bot:
        around = json.loads(ways.probe) | {"connect": way.here}
        await installed.annotate("k8sdemo-deploy", {"graylight/probe": json.dumps(around)})
        before = await world(installed)
        release = await begin(bot, "canary k8sdemo v6 --steps 25,50 --soak 0s --auto --keep 1h")
        held = await settled(bot, release)
        assert held.state is State.HOLDING, story(held)
        assert held.reason.startswith("Asked 25 %, but v6 answered 0 of "), held.reason
        assert told in held.reason
        assert "but users' requests do not follow it" in held.reason
        assert {IntentKind.RESUME, IntentKind.ROLLBACK} <= set(held.intents())
        way.there = str(ways.ingress)
        await say(bot, release.id, IntentKind.RESUME)
        kept = await bot.until(release.id, lambda s: s.release.state is State.KEEPING)
        said = [e.text for e in kept.release.events if e.kind == "proven"]
        assert "25 %" in said[0], story(kept.release)
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, story(ended)
    assert (await world(installed), await routes(installed)) == (before, routed)


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        ({"name": "nowhere"}, "Gateway nowhere has not answered yet"),
        (
            {"name": "public", "namespace": "default", "sectionName": "none"},
            "Gateway public says that it is not Accepted",
        ),
    ],
)
async def test_a_route_that_its_gateway_does_not_accept_is_advised_held_and_told(
    installed: Installation, parent: dict[str, str], told: str
) -> None:
    needs("both")
    await serve(installed, "probed by both")
    ref = Ref(HTTPROUTE, installed.target, "k8sdemo")
    await installed.admin.patch(ref, {"spec": {"parentRefs": [parent]}}, "merge", manager="kubectl-patch")
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot:
        release = await begin(bot, "canary k8sdemo v6 --steps 25,50 --soak 0s --auto")
        advised = {a.code: a.what for a in release.plan.advice}
        assert "HTTPRoute k8sdemo: Gateway" in advised["route-pending"]
        held = await settled(bot, release)
        assert held.state is State.HOLDING, story(held)
        assert "The route was written, but not taken within" in held.reason
        assert told in held.reason
        assert {IntentKind.RESUME, IntentKind.ROLLBACK} <= set(held.intents())
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = await settled(bot, release)
    assert ended.state is State.ROLLED_BACK, story(ended)
    assert (await world(installed), await routes(installed)) == (before, routed)

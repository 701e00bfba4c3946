"""Canaries that keep users on the version they met, and that copy requests, on real data planes, under load."""

import os
import re
from collections import Counter

import aiohttp
import pytest

from strategies.release import IntentKind, State
from tests.cluster.conftest import Installation, begin, say
from tests.cluster.planes import NEW, OLD, needs, routes, without_services
from tests.cluster.test_planes import lost_nothing, nothing_left, story
from tests.cluster.test_releases import expected, world
from tests.cluster.users import Ways, load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ENVOY = "GRAYLIGHT_TEST_ENVOY"  # host:port where the gateway's Envoy tells its own numbers
AGAIN = 12  # requests of a user who has met the new version: at 25 % all new by chance in one of 16 million
USERS = 60
Answer = tuple[str, str]  # the version, and what cookie it sets


async def user(ways: Ways, cookie: str = "") -> Answer:
    """One request of somebody who sends this cookie."""
    headers = {"Host": ways.host} | ({"Cookie": cookie} if cookie else {})
    async with aiohttp.ClientSession() as session:
        sent = session.post(f"http://{ways.ingress}/hello", json={"name": "me"}, headers=headers)
        async with sent as answer:
            return answer.headers["X-Version"], answer.headers.get("Set-Cookie", "")


async def received(installed: Installation) -> int:
    """How many requests Envoy has sent to the new version, copies among them."""
    url = f"http://{os.environ[ENVOY]}/stats"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        told = await answer.text()
    name = rf"k8sdemo-svc-canary\.{re.escape(installed.target)}\..*upstream_rq_total: (\d+)"
    return sum(map(int, re.findall(name, told)))


async def test_who_met_the_new_version_keeps_it_until_all_have_it_and_then_forgets(
    installed: Installation,
) -> None:
    needs("httproute")
    ways = await serve(installed, "seed by route")
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways) as seen:
        release = await begin(bot, "canary k8sdemo v6 --steps 25,100 --sticky --soak 0s --keep 1h")
        await bot.until(release.id, lambda s: s.release.state is State.ASKING)
        met = [await user(ways) for _ in range(USERS)]
        assert {set_ for version, set_ in met if version == OLD} == {""}
        (cookie,) = {set_.partition(";")[0] for version, set_ in met if version == NEW}
        assert release.id in cookie  # the next release does not inherit them
        assert {version for version, _ in [await user(ways, cookie) for _ in range(AGAIN)]} == {NEW}
        await say(bot, release.id, IntentKind.PROMOTE)
        await bot.until(release.id, lambda s: s.release.state is State.KEEPING)
        version, set_ = await user(ways, cookie)
        assert version == NEW
        assert "Max-Age=-1" in set_
        await say(bot, release.id, IntentKind.PROMOTE)
        ended = (await bot.until(release.id, lambda s: s.sealed)).release
    lost_nothing(seen, ended)
    assert ended.state is State.PROMOTED, story(ended)
    assert await world(installed) == expected(before, ended.plan)
    assert without_services(await routes(installed)) == without_services(routed)
    await nothing_left(installed)


async def test_requests_are_copied_to_the_new_version_whose_answers_nobody_gets(
    installed: Installation,
) -> None:
    needs("istio")
    if ENVOY not in os.environ:
        pytest.skip(f"nothing counts the copies here: {ENVOY} is not set")
    ways = await serve(installed, "plain by istio")
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways) as seen:
        line = "canary k8sdemo v6 --steps header:X-Canary=always,100 --mirror 100 --soak 0s --keep 0s"
        release = await begin(bot, line)
        await bot.until(release.id, lambda s: s.release.state is State.ASKING)
        copied = await received(installed)
        met = Counter([(await user(ways))[0] for _ in range(USERS)])
        assert met == {OLD: USERS}
        assert await received(installed) - copied >= USERS
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = (await bot.until(release.id, lambda s: s.sealed)).release
    lost_nothing(seen, ended)
    assert ended.state is State.ROLLED_BACK, story(ended)
    assert await world(installed) == before
    assert await routes(installed) == routed
    await nothing_left(installed)

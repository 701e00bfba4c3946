"""The sampler as a server sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.probe.sampler import AT_ONCE, PATIENT, Sampler
from strategies.probe import Probe
from strategies.samples import Naming
from strategies.spec import Audience


class Site:
    """Answers with a cookie that would make the next request stick to this very server; counts who is there at once."""

    def __init__(self) -> None:
        self.cookies: list[str] = []
        self.marks: list[str] = []
        self.connections = set[object]()
        self.here = self.most = 0
        self.awaited = 1
        self.full = asyncio.Event()
        self.open = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """One request, once it is open; `full` when as many as awaited are there."""
        self.cookies.append(request.headers.get("Cookie", ""))
        self.marks.append(request.headers.get("X-Canary", ""))
        self.connections.add(request.transport)
        self.here += 1
        self.most = max(self.most, self.here)
        if self.here == self.awaited:
            self.full.set()
        await self.open.wait()
        self.here -= 1
        answer = web.Response(text=f"from 10.0.0.1 {request.headers.get('X-Canary', '')}")
        answer.set_cookie("sticky", "me")
        return answer


@pytest.fixture
async def site() -> Site:
    """What happens at the server."""
    return Site()


@pytest.fixture
async def connect(site: Site) -> AsyncIterator[str]:
    """A server on loopback, by name: an address would get no cookies anyway."""
    app = web.Application()
    app.router.add_get("/", site.answer)
    async with TestServer(app) as running:
        yield f"localhost:{running.port}"


async def test_each_request_is_a_new_user_on_a_new_connection_without_cookies(
    site: Site, connect: str
) -> None:
    site.open.set()
    asked, count = (
        Probe(url="http://shop.example/", connect=connect, rate=100),
        AT_ONCE + 4,
    )  # 4 after an answer
    taken = await Sampler().take(asked, count, Naming({"10.0.0.1": "new"}), "shop-1")
    assert [s.version for s in taken] == ["new"] * count
    assert site.cookies == [""] * count
    assert len(site.connections) == count


async def test_what_is_compared_is_sent_by_turns(site: Site, connect: str) -> None:
    site.open.set()
    asked = Probe(url="http://shop.example/", connect=connect, rate=100)
    marked = asked.asking(Audience(by="header", name="X-Canary", value="always"))
    taken = await Sampler().take(asked, 8, Naming(), "shop-1", beside=marked)
    # as they were sent; on a busy machine two that are 10 ms apart may arrive the other way round
    assert [s.body.removeprefix("from 10.0.0.1 ") for s in taken] == ["", "always"] * 4
    assert sorted(site.marks) == [""] * 4 + ["always"] * 4


@pytest.mark.parametrize(("rate", "most"), [(100, AT_ONCE), (1000, round(1000 * PATIENT))])
async def test_a_slow_service_gets_no_more_at_once_than_its_rate_needs(
    site: Site, connect: str, rate: int, most: int
) -> None:
    site.awaited = most
    asked = Probe(url="http://shop.example/", connect=connect, rate=rate, timeout=30)
    taking = asyncio.create_task(Sampler().take(asked, most + 20, Naming({}), "shop-1"))
    await site.full.wait()
    site.open.set()
    assert len(await taking) == most + 20
    assert site.most == most


async def test_what_was_sent_counts_what_was_hung_up_on_because_enough_was_known(
    site: Site, connect: str
) -> None:
    site.open.set()
    sampler = Sampler()
    asked = Probe(url="http://shop.example/", connect=connect, rate=500)
    taken = await sampler.take(
        asked, 60, Naming({"10.0.0.1": "new"}), "shop-1", lambda _: len(site.cookies) > 9
    )
    assert len(taken) <= len(site.cookies) <= sampler.sent <= 60
    assert sampler.failed == 0


async def test_what_could_not_be_sent_is_sent_and_failed() -> None:
    sampler = Sampler()
    asked = Probe(url="http://shop.example/", connect="localhost:1", rate=500)
    taken = await sampler.take(asked, 3, Naming({}), "shop-1")
    assert [s.status for s in taken] == [0, 0, 0]
    assert (sampler.sent, sampler.failed) == (3, 3)

"""What an HTTPRoute may hold, on a real Gateway: several rules, own matches, filters, users kept by a cookie.

The lens writes, users ask; no release is needed for that.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.cluster.writes import perform
from strategies.lens import Audience, Lane, Split
from strategies.objects import GRPCROUTE, HTTPROUTE, REFERENCE_GRANT, name_of
from strategies.routers.httproute import HTTP
from strategies.snapshot import Snapshot
from tests.cluster.conftest import Installation
from tests.cluster.planes import NEW, OLD, needs
from tests.cluster.users import ROUTE, Ways, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

PATIENCE = 60.0  # seconds for a Gateway to follow
ROW = 40  # requests
HEADER = Audience(by="header", name="X-Canary")
SECOND = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: k8sdemo-deploy-v6, labels: {app: k8sdemo-v6}}
spec:
  replicas: 1
  selector: {matchLabels: {app: k8sdemo-v6}}
  template:
    metadata: {labels: {app: k8sdemo-v6}}
    spec:
      containers:
      - name: k8sdemo
        image: k8s-grpc-demo:v6
        imagePullPolicy: Never
        readinessProbe: {httpGet: {path: /healthz, port: 60001}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: k8sdemo-svc-canary}
spec:
  ports: [{name: k8sdemo-svc, port: 8000, targetPort: 60001}]
  selector: {app: k8sdemo-v6}
"""
RULES = """
  - name: team
    matches: [{path: {type: PathPrefix, value: /hello}, headers: [{name: X-Team, value: a}]}]
    backendRefs: [{name: k8sdemo-svc, port: 8000}]
  - matches: [{path: {type: PathPrefix, value: /hello}}]
    filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Seen, value: "yes"}]}}]
    backendRefs: [{name: k8sdemo-svc, port: 8000}]
"""


@dataclass
class Answer:
    """Of one request: who answered, and the headers that a route may have set."""

    version: str
    seen: str
    cookie: str


@dataclass
class Route:
    """One HTTPRoute and its users."""

    installed: Installation
    ways: Ways
    lane: Lane

    async def seen(self) -> Snapshot:
        """As it stands."""
        kinds = (HTTPROUTE, GRPCROUTE, REFERENCE_GRANT)
        found = {kind: {name_of(o): o for o in await self.installed.all(kind)} for kind in kinds}
        return Snapshot(self.installed.target, found)

    async def turn(self, split: Split) -> None:
        """As a step of a release would."""
        snapshot = await self.seen()
        assert HTTP.unfit(self.lane, split, snapshot) is None
        for write in HTTP.shift(self.lane, split, snapshot):
            await perform(self.installed.admin, write)
        assert HTTP.split(self.lane, await self.seen()) == split

    async def ask(self, **headers: str) -> list[Answer]:
        """A row of users, each with these headers and a connection of their own."""
        found = []
        connector = aiohttp.TCPConnector(force_close=True)
        sent = {k.replace("_", "-"): v for k, v in headers.items()} | {"Host": self.ways.host}
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            for _ in range(ROW):
                async with session.post(f"http://{self.ways.ingress}/hello", data="{}", headers=sent) as a:
                    said = [a.headers.get(k, "") for k in ("X-Version", "X-Seen", "Set-Cookie")]
                    found.append(Answer(*said))
        return found

    async def until(self, true: Callable[[list[Answer]], bool], **headers: str) -> list[Answer]:
        """The answers of the first row of which this is true: a Gateway follows with a delay of its own."""
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while not answers or not true(answers):
                    answers = await self.ask(**headers)
        except TimeoutError:
            raise AssertionError(f"never so: {headers} {answers[:8]}") from None
        return answers


def all_met(version: str) -> Callable[[list[Answer]], bool]:
    """Everybody met it."""
    return lambda answers: {a.version for a in answers} == {version}


def half(answers: list[Answer]) -> bool:
    """Traefik deals: half of a row is a half."""
    return abs(sum(a.version == NEW for a in answers) - ROW / 2) <= 2


@pytest.fixture
async def route(installed: Installation) -> Route:
    """The service by an HTTPRoute of two rules, and a second version behind its twin."""
    needs("httproute")
    ways = await serve(installed, "probed by route")
    await installed.apply(SECOND)
    head = ROUTE.partition("  - matches")[0].replace("hi.k8sdemo.com", ways.host)
    await installed.apply(head + RULES.strip("\n"))
    made = Route(installed, ways, Lane(router=HTTP.name, kind="HTTPRoute", name="", service="", twin=""))
    found = HTTP.lanes("k8sdemo-svc", "k8sdemo-svc-canary", await made.seen())
    assert isinstance(found, tuple)
    made.lane = found[0].model_copy(update={"release": "k8sdemo-1"})
    await made.until(all_met(OLD))
    return made


async def test_every_rule_is_shifted_with_its_own_match_and_filters(route: Route) -> None:
    await route.turn(Split(share=0, audiences=(HEADER,)))
    answers = await route.until(all_met(NEW), X_Canary="always")
    assert {a.seen for a in answers} == {"yes"}  # the filter of the rule it is taken from
    await route.until(all_met(NEW), X_Canary="always", X_Team="a")
    for headers in ({}, {"X_Team": "a"}, {"X_Canary": "never"}):
        assert all_met(OLD)(await route.ask(**headers)), headers
    await route.turn(Split(share=50, audiences=(HEADER,)))
    await route.until(half)
    await route.until(half, X_Team="a")
    assert all_met(NEW)(await route.ask(X_Canary="always", X_Team="a"))
    assert {a.seen for a in await route.ask()} == {"yes"}


async def test_users_who_met_the_new_version_are_kept_by_a_cookie_until_it_is_expired(route: Route) -> None:
    await route.turn(Split(share=50, sticky=True))
    answers = await route.until(half)
    kept = {a.cookie.partition(";")[0] for a in answers if a.version == NEW}
    assert {a.cookie for a in answers if a.version == OLD} == {""}
    assert len(kept) == 1
    cookie = kept.pop()
    assert cookie
    await route.until(all_met(NEW), Cookie=f"a=b; {cookie}")
    await route.turn(Split(share=0, expire=True))
    answers = await route.until(all_met(OLD), Cookie=cookie)
    assert all("Max-Age=-1" in a.cookie for a in answers), answers[:3]

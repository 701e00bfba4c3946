"""What routers write is what the real schemas hold: dry-run with strict field validation first, then really.

The objects that come back have the server's defaults in them; the laws hold for those too.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.cluster.api import Api
from bot.cluster.errors import NotFound
from bot.cluster.writes import perform
from strategies.lens import Audience, Lane, Router, Split
from strategies.objects import GRPCROUTE, HTTPROUTE, INGRESS, NAMESPACE, Kind, Obj, Ref, meta, name_of
from strategies.refusal import Refusal
from strategies.routers import alb, aws_alb
from strategies.routers.httproute import HTTP
from strategies.routers.istio import ISTIO
from strategies.routers.nginx import NGINX
from strategies.routers.traefik import TRAEFIK
from strategies.snapshot import Snapshot
from strategies.writes import Create, Delete, Patch, Write
from tests.unit.routers import ingress, test_httproute, test_istio, test_traefik
from tests.unit.routers import world as unit

pytestmark = pytest.mark.cluster

HEADER = Audience(by="header", name="X-Canary")
PATTERN = Audience(by="header", name="X-Group", value="~be(ta)?")
COOKIE = Audience(by="cookie", name="canary")
SPLITS = (
    Split(share=0, audiences=(HEADER,)),
    Split(share=0, audiences=(HEADER, COOKIE)),
    Split(share=10, audiences=(HEADER, COOKIE)),
    Split(share=50, audiences=(PATTERN,)),
    Split(share=100),
    Split(share=0),
)
EXTRAS = (
    Split(share=25, sticky=True, mirror=10),
    Split(share=1, per=1000, audiences=(COOKIE,), mirror=100),
    Split(share=0, expire=True),
)
MIRRORED = (Split(share=25, mirror=10), Split(share=0, mirror=100))
FINE = (Split(share=1, per=1000), Split(share=1, per=7))


@dataclass
class Cluster:
    """A namespace of the real one, and what a router sees of it."""

    api: Api
    namespace: str

    async def create(self, kind: Kind, obj: Obj) -> None:
        """As a person would; skipped where the cluster has no such kind."""
        space = {"namespace": self.namespace} if kind.namespaced else {}
        told = {**meta(obj), **space}
        manifest = {"apiVersion": kind.api, "kind": kind.name, **obj, "metadata": told}
        try:
            await self.api.create(kind, space.get("namespace", ""), manifest)
        except NotFound:
            pytest.skip(f"the cluster has no {kind.name}")

    async def seen(self, router: Router) -> Snapshot:
        """The objects as the server shows them now."""
        found = {}
        for kind in router.kinds:
            try:
                listed = await self.api.list(kind, self.namespace if kind.namespaced else "")
            except NotFound:
                continue
            found[kind] = {name_of(o): o for o in listed["items"]}
        return Snapshot(self.namespace, found)

    async def perform(self, writes: tuple[Write, ...]) -> None:
        """Each write by dry-run, then really."""
        for write in writes:
            match write:
                case Create(ref, manifest):
                    await self.api.create(ref.kind, ref.namespace, manifest, dry_run=True)
                case Patch(ref, ops):
                    made = await self.api.patch(ref, list(ops), dry_run=True)
                    assert made["metadata"]["name"] == ref.name
                case Delete(ref, uid):
                    await self.api.delete(ref, uid=uid, dry_run=True)
            await perform(self.api, write)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """A namespace, gone afterwards."""
    api = await Api.connect()
    name = f"routers-{uuid.uuid4().hex[:8]}"
    await api.create(NAMESPACE, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield Cluster(api, name)
    finally:
        await api.delete(Ref(NAMESPACE, "", name))
        await api.close()


async def there_and_back(cluster: Cluster, router: Router, splits: tuple[Split, ...]) -> None:
    """Every split in turn, and everything as it was at the end."""
    before = await cluster.seen(router)
    (lane,) = _lanes(router, before)
    now = before
    for split in splits:
        assert router.unfit(lane, split, now) is None
        await cluster.perform(router.shift(lane, split, now))
        now = await cluster.seen(router)
        assert router.split(lane, now) == split
        assert router.shift(lane, split, now) == ()
    kind = next(k for k in router.kinds if k.name == lane.kind)
    await cluster.perform(router.reset(lane, before.find(kind, lane.name), now))
    assert _specs(await cluster.seen(router)) == _specs(before)


def _lanes(router: Router, snapshot: Snapshot) -> tuple[Lane, ...]:
    found = router.lanes("web", "web-canary", snapshot)
    assert not isinstance(found, Refusal), found
    return tuple(lane.model_copy(update={"release": "web-17"}) for lane in found)


def _specs(snapshot: Snapshot) -> dict[tuple[Kind, str], tuple[Any, Any, Any]]:
    return {
        (kind, name): (obj.get("spec"), meta(obj).get("annotations"), meta(obj).get("labels"))
        for kind, found in snapshot.objects.items()
        for name, obj in found.items()
    }


def plain(name: str = "web", **more: Any) -> Obj:
    """A backend with as little said as the schema allows."""
    return {"name": name, "port": 80, **more}


async def test_an_http_route_holds_every_split_by_its_schema(cluster: Cluster) -> None:
    filters = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "c", "value": "d"}]}},
    ]
    rules = (
        {"backendRefs": [plain()]},
        {
            "name": "api",
            "matches": [
                {"path": {"type": "Exact", "value": "/api"}, "headers": [{"name": "x", "value": "y"}]}
            ],
            "filters": filters,
            "timeouts": {"request": "5s"},
            "backendRefs": [plain(weight=9000, filters=filters[:1]), plain("other", weight=1000)],
        },
        {"matches": [{"path": {"value": "/other"}}], "backendRefs": [plain("other")]},
    )
    await cluster.create(HTTPROUTE, test_httproute.route(*rules))
    await there_and_back(cluster, HTTP, (*SPLITS, *EXTRAS, Split(share=5, per=1000)))


async def test_a_grpc_route_holds_every_split_by_its_schema(cluster: Cluster) -> None:
    hello = {"matches": [{"method": {"service": "demo.Hello", "method": "Say"}}], "backendRefs": [plain()]}
    await cluster.create(GRPCROUTE, test_httproute.route(hello, {"backendRefs": [plain("other")]}))
    await there_and_back(cluster, HTTP, (*SPLITS, *EXTRAS))


async def test_a_grpc_rule_that_matches_everything_holds_them_too(cluster: Cluster) -> None:
    await cluster.create(GRPCROUTE, test_httproute.route({"backendRefs": [plain()]}))
    await there_and_back(cluster, HTTP, (*SPLITS, *EXTRAS))


@asynccontextmanager
async def ingress_class(cluster: Cluster, controller: str) -> AsyncIterator[str]:
    """An IngressClass of the test's own, gone afterwards: classes belong to the whole cluster."""
    kind, made = ingress.ingress_class(controller, cluster.namespace)
    await cluster.create(kind, made)
    try:
        yield cluster.namespace
    finally:
        await cluster.api.delete(Ref(kind, "", cluster.namespace))


RULES = (
    ingress.rule(ingress.path("other", "/x"), ingress.path(port={"name": "http"}), host="a.test"),
    ingress.rule(ingress.path(at="/hello", kind="ImplementationSpecific"), host="b.test"),
)


@pytest.mark.parametrize("form", ["field", "annotation"])
async def test_a_canary_ingress_holds_every_split_by_its_schema(cluster: Cluster, form: str) -> None:
    async with ingress_class(cluster, "k8s.io/ingress-nginx") as named:
        notes = {"kubernetes.io/ingress.class": named} if form == "annotation" else {}
        given: dict[str, Any] = {
            "ingressClassName": named if form == "field" else None,
            "tls": [{"hosts": ["a.test"], "secretName": "cert"}],
        }
        await cluster.create(*ingress.ingress(*RULES, notes=notes, **given))
        await there_and_back(cluster, NGINX, (*SPLITS, *FINE))
        assert list((await cluster.seen(NGINX)).objects[INGRESS]) == ["shop"]


async def test_the_canary_ingresses_of_an_alb_hold_every_split_by_their_schema(cluster: Cluster) -> None:
    async with ingress_class(cluster, alb.CONTROLLER) as named:
        kind, service = unit.service("web")
        await cluster.create(kind, service)
        await cluster.create(*ingress.ingress(*RULES, ingressClassName=named))
        plain_ones = tuple(s for s in SPLITS if PATTERN not in s.audiences)
        await there_and_back(cluster, alb.ALB, plain_ones)


async def test_the_actions_of_an_aws_alb_hold_every_split_by_their_schema(cluster: Cluster) -> None:
    async with ingress_class(cluster, aws_alb.CONTROLLER) as named:
        await cluster.create(*ingress.ingress(*RULES, ingressClassName=named))
        headers = (Split(share=0, audiences=(HEADER,)), Split(share=5, per=1000, sticky=True))
        await there_and_back(cluster, aws_alb.AWS_ALB, (*headers, Split(share=100), Split(share=0)))


async def test_traefiks_kinds_hold_every_split_by_their_schemas(cluster: Cluster) -> None:
    to = test_traefik.to
    await cluster.create(
        *test_traefik.ingress(test_traefik.route(), test_traefik.route(to("x"), match="Path(`/x`)"))
    )
    await there_and_back(cluster, TRAEFIK, (*SPLITS, *FINE))


async def test_a_traefik_service_holds_every_split_by_its_schema(cluster: Cluster) -> None:
    through = test_traefik.route({"name": "split", "kind": "TraefikService"})
    await cluster.create(*test_traefik.ingress(through))
    await cluster.create(*test_traefik.divided(test_traefik.to(weight=1), test_traefik.to("x", 0)))
    await there_and_back(cluster, TRAEFIK, (*SPLITS, *FINE))


async def test_a_virtual_service_holds_every_split_by_its_schema(cluster: Cluster) -> None:
    match = [{"uri": {"prefix": "/api"}, "headers": {"x-a": {"exact": "b"}}}]
    to = test_istio.to
    routes = (
        test_istio.http(match=match, name="api", timeout="5s", retries={"attempts": 2}),
        test_istio.http(to("other"), match=[{"uri": {"exact": "/other"}}]),
        test_istio.http(
            to(f"web.{cluster.namespace}.svc.cluster.local", 100, headers={"request": {"set": {"a": "b"}}})
        ),
    )
    await cluster.create(*test_istio.service(*routes))
    await there_and_back(cluster, ISTIO, (*SPLITS, *MIRRORED))


async def test_a_destination_rule_holds_the_canarys_subset_by_its_schema(cluster: Cluster) -> None:
    await cluster.create(*test_istio.service(test_istio.http(test_istio.to(subset="v1"))))
    await cluster.create(*test_istio.subsets("v1"))
    before = await cluster.seen(ISTIO)
    (found,) = _lanes(ISTIO, before)
    lane = found.model_copy(update={"labels": {"graylight/release": "web-17"}})
    now = before
    for split in SPLITS:
        await cluster.perform(ISTIO.shift(lane, split, now))
        now = await cluster.seen(ISTIO)
        assert ISTIO.split(lane, now) == split
    await cluster.perform(ISTIO.reset(lane, before.find(ISTIO.kinds[0], "shop"), now))
    assert _specs(await cluster.seen(ISTIO)) == _specs(before)


async def test_the_server_refuses_what_was_made_from_another_version(cluster: Cluster) -> None:
    await cluster.create(HTTPROUTE, test_httproute.route({"backendRefs": [plain()]}))
    now = await cluster.seen(HTTP)
    (lane,) = _lanes(HTTP, now)
    writes = HTTP.shift(lane, Split(share=10), now)
    done = await asyncio.gather(
        *(perform(cluster.api, w) for w in (*writes, *writes)), return_exceptions=True
    )
    assert sorted(type(d).__name__ for d in done) == ["Conflict", "dict"]

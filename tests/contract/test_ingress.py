"""Through the ingress: Ingresses, nginx canaries, HTTPRoutes and their weights, as users meet them."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from strategies.objects import DEPLOYMENT, HTTPROUTE, INGRESS, SERVICE, Obj, at, meta
from tests.contract.world import World, deployment, service

NGINX = "nginx.ingress.kubernetes.io"
GATEWAY = "gateway.networking.k8s.io/v1"


@pytest.fixture
async def two(cluster: World) -> World:
    """Two versions behind a Service each: `web` answers plain, `canary` with its mark."""
    if not cluster.ingress:
        pytest.skip("CONTRACT_INGRESS is not set")
    for name, image in (("web", "k8s-grpc-demo:v2"), ("canary", "k8s-grpc-demo:v6")):
        await cluster.create(DEPLOYMENT, deployment(name, image=image))
        await cluster.create(SERVICE, service(name))
    for name in ("web", "canary"):
        await cluster.rolled_out(name)
    return cluster


def host(cluster: World) -> str:
    return f"{cluster.namespace}.test"


def ingress(
    cluster: World, name: str = "web", to: str = "web", path_type: str = "Prefix", **notes: str
) -> Obj:
    """An Ingress of /hello, with the old class annotation; nginx annotations by name."""
    backend = {"service": {"name": to, "port": {"number": 8000}}}
    paths = [{"path": "/hello", "pathType": path_type, "backend": backend}]
    told = {f"{NGINX}/{key.replace('_', '-')}": value for key, value in notes.items()}
    return {
        "apiVersion": INGRESS.api,
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": {"kubernetes.io/ingress.class": "nginx"} | told},
        "spec": {"rules": [{"host": host(cluster), "http": {"paths": paths}}]},
    }


def route(cluster: World, **weights: int) -> Obj:
    refs = [{"name": name, "port": 8000, "weight": weight} for name, weight in weights.items()]
    spec = {
        "parentRefs": [{"name": "public", "namespace": "default"}],
        "hostnames": [host(cluster)],
        "rules": [{"backendRefs": refs}],
    }
    return {"apiVersion": GATEWAY, "kind": "HTTPRoute", "metadata": {"name": "web"}, "spec": spec}


async def ask(cluster: World, path: str = "/hello", **headers: str) -> str:
    """Who answered: web, canary, or the status."""
    told = {"Host": host(cluster)} | {k.replace("_", "-"): v for k, v in headers.items()}
    status, text = await cluster.ask(f"http://{cluster.ingress}{path}", headers=told)
    return str(status) if status != 200 else "canary" if "[gray]" in text else "web"


async def seen(
    cluster: World, holds: Callable[[Counter[str]], bool], count: int = 1, **headers: str
) -> Counter[str]:
    """Count answers until that many in a row are as wanted: an ingress takes up its changes late."""
    async with asyncio.timeout(30):
        while True:
            found = Counter([await ask(cluster, **headers) for _ in range(count)])
            if holds(found):
                return found


async def test_an_ingress_leads_to_its_service_by_host_and_path(two: World) -> None:
    await two.create(INGRESS, ingress(two, path_type="ImplementationSpecific"))
    await seen(two, lambda found: found["web"] == 5, 5)
    assert await ask(two, "/other") == "404"
    assert await ask(two, Host="nobody.test") == "404"


async def test_a_changed_backend_moves_all_requests(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    await seen(two, lambda found: found["web"] == 5, 5)
    where = "/spec/rules/0/http/paths/0/backend/service/name"
    await two.api.patch(two.ref(INGRESS, "web"), [{"op": "replace", "path": where, "value": "canary"}])
    await seen(two, lambda found: found["canary"] == 5, 5)


async def test_a_changed_selector_moves_all_requests(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    await seen(two, lambda found: found["web"] == 5, 5)
    ops = [{"op": "replace", "path": "/spec/selector", "value": {"app": "canary"}}]
    await two.api.patch(two.ref(SERVICE, "web"), ops)
    await seen(two, lambda found: found["canary"] == 5, 5)


async def test_a_canarys_weight_is_the_share_it_gets(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    await two.create(INGRESS, ingress(two, "gray", "canary", canary="true", canary_weight="25"))
    await seen(two, lambda found: 6 <= found["canary"] <= 14 and found["web"] == 40 - found["canary"], 40)
    weight = {"metadata": {"annotations": {f"{NGINX}/canary-weight": "100"}}}
    await two.api.patch(two.ref(INGRESS, "gray"), weight, "merge")
    await seen(two, lambda found: found["canary"] == 10, 10)
    await two.api.delete(two.ref(INGRESS, "gray"))
    await seen(two, lambda found: found["web"] == 10, 10)


async def test_header_comes_before_cookie_and_cookie_before_weight(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    notes = {
        "canary": "true",
        "canary_by_header": "X-Canary",
        "canary_by_cookie": "gray",
        "canary_weight": "0",
    }
    await two.create(INGRESS, ingress(two, "gray", "canary", **notes))
    await seen(two, lambda found: found["canary"] == 5, 5, X_Canary="always")
    assert await ask(two, Cookie="a=b; gray=always") == "canary"
    assert await ask(two, X_Canary="never", Cookie="gray=always") == "web"
    assert await ask(two, X_Canary="whatever") == "web"
    assert await ask(two) == "web"


async def test_a_header_may_want_a_value_of_its_own(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    notes = {"canary": "true", "canary_by_header": "X-Canary", "canary_by_header_value": "beta"}
    await two.create(INGRESS, ingress(two, "gray", "canary", **notes))
    await seen(two, lambda found: found["canary"] == 5, 5, X_Canary="beta")
    assert await ask(two, X_Canary="other") == "web"


async def test_a_route_is_accepted_and_splits_by_weight(two: World) -> None:
    await two.create(HTTPROUTE, route(two, web=3, canary=1))
    made = await two.until(
        HTTPROUTE, "web", lambda r: verdicts(r) == {"Accepted": "True", "ResolvedRefs": "True"}
    )
    conditions = at(made, "status", "parents", 0, "conditions")
    assert {c["observedGeneration"] for c in conditions} == {1}
    await seen(two, lambda found: 6 <= found["canary"] <= 14 and found["web"] == 40 - found["canary"], 40)
    ops = [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 0}]
    await two.api.patch(two.ref(HTTPROUTE, "web"), ops)
    await seen(two, lambda found: found["canary"] == 10, 10)
    made = await two.until(HTTPROUTE, "web", lambda r: current(r) == {2})
    assert meta(made)["generation"] == 2


def verdicts(found: Obj) -> dict[str, str]:
    return {c["type"]: c["status"] for c in at(found, "status", "parents", 0, "conditions", default=[])}


def current(found: Obj) -> set[int]:
    return {c["observedGeneration"] for c in at(found, "status", "parents", 0, "conditions", default=[])}


async def test_more_header_matches_win(two: World) -> None:
    manifest = route(two, web=1)
    match = {"headers": [{"type": "Exact", "name": "X-Canary", "value": "beta"}]}
    manifest["spec"]["rules"].append({"matches": [match], "backendRefs": [{"name": "canary", "port": 8000}]})
    await two.create(HTTPROUTE, manifest)
    await seen(two, lambda found: found["canary"] == 5, 5, X_Canary="beta")
    assert await ask(two, X_Canary="other") == "web"
    assert await ask(two) == "web"


async def test_a_route_to_a_service_that_is_not_there_says_so(two: World) -> None:
    await two.create(HTTPROUTE, route(two, nobody=1))
    made = await two.until(HTTPROUTE, "web", lambda r: verdicts(r).get("ResolvedRefs") == "False")
    reasons = {c["type"]: c["reason"] for c in at(made, "status", "parents", 0, "conditions")}
    assert reasons["ResolvedRefs"] == "BackendNotFound"
    await seen(two, lambda found: found["500"] == 1)


async def test_a_service_without_pods_is_unavailable(two: World) -> None:
    await two.create(INGRESS, ingress(two))
    await seen(two, lambda found: found["web"] == 1)
    await two.api.patch(two.ref(SERVICE, "web"), {"spec": {"selector": {"no": "pods"}}}, "merge")
    await seen(two, lambda found: found["503"] == 1)

"""Where traffic goes: EndpointSlices, node ports, the API server's proxies."""

import asyncio
import json
from collections import Counter
from typing import Any

from strategies.objects import DEPLOYMENT, ENDPOINTSLICE, POD, SERVICE, Obj, at, labels_of, meta, name_of
from tests.contract.world import World, deployment, pod, service, set_image


def addresses(slices: list[Obj], *, ready: bool = True) -> set[str]:
    return {
        a
        for s in slices
        for e in s.get("endpoints") or []
        if at(e, "conditions", "ready") is ready
        for a in e["addresses"]
    }


def targets(slices: list[Obj]) -> set[str]:
    return {
        e["targetRef"]["name"]
        for s in slices
        for e in s.get("endpoints") or []
        if at(e, "conditions", "ready")
    }


async def served(cluster: World, **spec: Any) -> tuple[Obj, str]:
    """A NodePort Service with two ready pods, and the URL of its node port."""
    await cluster.create(DEPLOYMENT, deployment(replicas=2))
    made = await cluster.create(SERVICE, service(type="NodePort", **spec))
    await cluster.rolled_out()
    await cluster.settled(ENDPOINTSLICE, lambda found: len(addresses(found)) == 2)
    return made, f"http://127.0.0.1:{at(made, 'spec', 'ports', 0, 'nodePort')}/hello"


async def reached(cluster: World, url: str, sign: str = "Hello x from") -> str:
    """The first answer with a sign: what is programmed takes a moment on a real node."""
    async with asyncio.timeout(30):
        while True:
            status, text = await cluster.ask(url)
            if status == 200 and sign in text:
                return text


async def test_a_slice_names_the_ready_pods_of_its_service(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=2))
    await cluster.create(SERVICE, service())
    (found,) = await cluster.settled(ENDPOINTSLICE, lambda slices: len(addresses(slices)) == 2)
    assert labels_of(found)["kubernetes.io/service-name"] == "web"
    assert labels_of(found)["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    assert found["ports"] == [{"name": "http", "port": 60001, "protocol": "TCP"}]
    assert found["addressType"] == "IPv4"
    pods = await cluster.pods()
    assert addresses([found]) == {at(p, "status", "podIP") for p in pods}
    assert targets([found]) == {name_of(p) for p in pods}
    endpoint = found["endpoints"][0]
    assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert endpoint["targetRef"]["kind"] == "Pod"


async def test_a_service_that_nothing_matches_has_an_empty_slice(cluster: World) -> None:
    await cluster.create(SERVICE, service())
    (found,) = await cluster.settled(ENDPOINTSLICE, lambda slices: len(slices) == 1)
    assert not found["endpoints"]


async def test_a_pod_that_is_not_ready_stands_in_the_slice_as_such(cluster: World) -> None:
    await cluster.create(SERVICE, service("one"))
    await cluster.create(POD, pod(readinessGates=[{"conditionType": "graylight/traffic"}]))
    await cluster.settled(ENDPOINTSLICE, lambda slices: len(addresses(slices, ready=False)) == 1)
    gate = {"status": {"conditions": [{"type": "graylight/traffic", "status": "True"}]}}
    await cluster.api.patch(cluster.ref(POD, "one"), gate, "strategic", subresource="status")
    await cluster.settled(ENDPOINTSLICE, lambda slices: len(addresses(slices)) == 1)


async def test_a_pod_on_its_way_out_is_not_ready_at_once_and_serves_on(cluster: World) -> None:
    _, url = await served(cluster)
    await reached(cluster, url)
    leaving = (await cluster.pods())[0]
    address = at(leaving, "status", "podIP")
    await cluster.api.delete(cluster.ref(POD, name_of(leaving)))
    slices = await cluster.settled(ENDPOINTSLICE, lambda found: address not in addresses(found))
    gone = [e for s in slices for e in s["endpoints"] if address in e["addresses"]]
    assert all(e["conditions"]["terminating"] and not e["conditions"]["ready"] for e in gone)
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{name_of(leaving)}:60001/proxy/hello"
    status, _, body = await cluster.api.proxy(path, "POST", body=b'{"name":"x"}')
    assert (status, json.loads(body)) == (200, {"message": f"Hello x from {address}:50009"})


async def test_a_target_port_by_name_is_the_containers(cluster: World) -> None:
    manifest = pod()
    manifest["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 60001}]
    await cluster.create(POD, manifest)
    await cluster.create(SERVICE, service("one", ports=[{"port": 80, "targetPort": "web"}]))
    (found,) = await cluster.settled(ENDPOINTSLICE, lambda slices: len(addresses(slices)) == 1)
    assert found["ports"][0]["port"] == 60001


async def test_a_node_port_answers_from_every_ready_pod(cluster: World) -> None:
    _, url = await served(cluster)
    await reached(cluster, url)
    expected = {f"Hello x from {at(p, 'status', 'podIP')}:50009" for p in await cluster.pods()}
    seen: set[str] = set()
    async with asyncio.timeout(30):
        while seen != expected:
            seen.add(json.loads(await reached(cluster, url))["message"])


async def test_a_node_port_without_ready_pods_does_not_answer(cluster: World) -> None:
    made = await cluster.create(SERVICE, service(type="NodePort"))
    url = f"http://127.0.0.1:{at(made, 'spec', 'ports', 0, 'nodePort')}/hello"
    status, _ = await cluster.ask(url)
    assert status == 0


async def test_changing_the_selector_moves_all_new_connections(cluster: World) -> None:
    _, url = await served(cluster)
    green = deployment("green", image="k8s-grpc-demo:v6")
    await cluster.create(DEPLOYMENT, green)
    await cluster.rolled_out("green")
    await reached(cluster, url)
    ops = [
        {"op": "test", "path": "/spec/selector", "value": {"app": "web"}},
        {"op": "replace", "path": "/spec/selector", "value": {"app": "green"}},
    ]
    await cluster.api.patch(cluster.ref(SERVICE, "web"), ops)
    await reached(cluster, url, "[gray]")
    answers = [await cluster.ask(url) for _ in range(20)]
    assert all(status == 200 and "[gray]" in text for status, text in answers)


async def test_a_rollout_under_requests_loses_none(cluster: World) -> None:
    manifest = deployment(
        replicas=2, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    )
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": 60001}, "periodSeconds": 1}
    await cluster.create(DEPLOYMENT, manifest)
    made = await cluster.create(SERVICE, service(type="NodePort"))
    await cluster.rolled_out()
    await cluster.settled(ENDPOINTSLICE, lambda found: len(addresses(found)) == 2)
    url = f"http://127.0.0.1:{at(made, 'spec', 'ports', 0, 'nodePort')}/hello"
    await reached(cluster, url)
    seen: Counter[int] = Counter()

    async def load() -> None:
        while True:
            seen[(await cluster.ask(url))[0]] += 1

    loading = asyncio.create_task(load())
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    await cluster.until(
        DEPLOYMENT, "web", lambda d: meta(d)["generation"] == at(d, "status", "observedGeneration") == 2
    )
    await cluster.rolled_out()
    loading.cancel()
    await asyncio.gather(loading, return_exceptions=True)
    assert set(seen) == {200}
    await reached(cluster, url, "[gray]")


async def test_the_pod_proxy_reaches_a_port_and_says_when_nobody_listens(cluster: World) -> None:
    await cluster.create(POD, pod())
    await cluster.until(POD, "one", lambda p: bool(at(p, "status", "containerStatuses", 0, "ready")))
    base = f"/api/v1/namespaces/{cluster.namespace}/pods"
    status, headers, body = await cluster.api.proxy(f"{base}/one:60001/proxy/healthz")
    assert (status, body) == (200, b"ok")
    status, headers, body = await cluster.api.proxy(
        f"{base}/one:60001/proxy/hello", "POST", body=b'{"name":"p"}'
    )
    assert status == 200
    assert headers["X-Version"] == "1.0.0"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["message"].startswith("Hello p from ")
    assert (await cluster.api.proxy(f"{base}/one:60001/proxy/none"))[0] == 404
    assert (await cluster.api.proxy(f"{base}/one:60002/proxy/healthz"))[0] == 503
    status, _, body = await cluster.api.proxy(f"{base}/nobody:60001/proxy/healthz")
    assert (status, json.loads(body)["message"]) == (404, 'pods "nobody" not found')


async def test_the_service_proxy_goes_by_port_number_or_name(cluster: World) -> None:
    await served(cluster)
    base = f"/api/v1/namespaces/{cluster.namespace}/services"
    for port in ("web:8000", "web:http"):
        status, _, body = await cluster.api.proxy(f"{base}/{port}/proxy/hello", "POST", body=b'{"name":"s"}')
        assert status == 200
        assert b"Hello s from" in body
    status, _, body = await cluster.api.proxy(f"{base}/web:8001/proxy/")
    assert (status, json.loads(body)["reason"]) == (503, "ServiceUnavailable")
    assert (await cluster.api.proxy(f"{base}/nobody:80/proxy/"))[0] == 404


async def test_the_service_proxy_without_pods_is_unavailable(cluster: World) -> None:
    await cluster.create(SERVICE, service())
    base = f"/api/v1/namespaces/{cluster.namespace}/services"
    status, _, body = await cluster.api.proxy(f"{base}/web:8000/proxy/")
    assert status == 503
    assert json.loads(body)["message"] == 'no endpoints available for service "web"'

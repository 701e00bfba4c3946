"""Pods: how they become ready, why they do not, what they say, how they go."""

from typing import Any

import pytest

from bot.cluster.errors import ApiError, Invalid, NotFound
from strategies.objects import EVENT, POD, Obj, at, meta, name_of
from tests.contract.world import PATIENCE, World, condition, pod


def ready(found: Obj) -> bool:
    return condition(found, "Ready").get("status") == "True"


def waiting(found: Obj) -> str:
    return str(at(found, "status", "containerStatuses", 0, "state", "waiting", "reason", default=""))


def probed(image: str = "k8s-grpc-demo:v2", path: str = "/healthz", port: int = 60001) -> Obj:
    manifest = pod(image=image)
    manifest["spec"]["containers"][0]["readinessProbe"] = {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": 1,
    }
    return manifest


async def test_a_pod_runs_is_ready_and_has_an_address(cluster: World) -> None:
    await cluster.create(POD, pod())
    found = await cluster.until(POD, "one", ready)
    assert at(found, "status", "phase") == "Running"
    assert at(found, "spec", "nodeName")
    state = at(found, "status", "containerStatuses", 0)
    assert state["ready"]
    assert state["started"]
    assert state["restartCount"] == 0
    assert "running" in state["state"]
    kinds = {c["type"] for c in at(found, "status", "conditions")}
    assert kinds >= {"PodScheduled", "Initialized", "ContainersReady", "Ready"}


async def test_a_pod_whose_probe_passes_is_ready(cluster: World) -> None:
    await cluster.create(POD, probed())
    await cluster.until(POD, "one", ready)


@pytest.mark.parametrize(
    "manifest", [probed("k8s-grpc-demo:v8-unready"), probed(port=60002), probed(path="/none")]
)
async def test_a_pod_whose_probe_fails_runs_and_is_not_ready(cluster: World, manifest: Obj) -> None:
    await cluster.create(POD, manifest)
    events = await cluster.settled(EVENT, lambda found: any(e["reason"] == "Unhealthy" for e in found))
    assert any("Readiness probe failed" in e["message"] for e in events)
    found = await cluster.until(POD, "one", lambda p: at(p, "status", "phase") == "Running")
    assert not ready(found)
    assert condition(found, "Ready")["reason"] == "ContainersNotReady"
    assert condition(found, "Ready")["message"] == "containers with unready status: [demo]"


async def test_a_readiness_gate_holds_a_pod_until_its_condition_is_true(cluster: World) -> None:
    await cluster.create(POD, pod(readinessGates=[{"conditionType": "graylight/traffic"}]))
    held = await cluster.until(POD, "one", lambda p: condition(p, "ContainersReady").get("status") == "True")
    assert condition(held, "Ready")["reason"] == "ReadinessGatesNotReady"
    ref = cluster.ref(POD, "one")
    for verdict in ("True", "False"):
        gate = {"status": {"conditions": [{"type": "graylight/traffic", "status": verdict}]}}
        await cluster.api.patch(ref, gate, "strategic", subresource="status")
        await cluster.until(POD, "one", lambda p, v=verdict: condition(p, "Ready")["status"] == v)  # type: ignore[misc]  # the verdict is bound, not passed


async def test_an_image_that_is_not_there_and_never_pulled_is_told(cluster: World) -> None:
    await cluster.create(POD, pod(image="k8s-grpc-demo:missing"))
    found = await cluster.until(POD, "one", lambda p: waiting(p) == "ErrImageNeverPull")
    assert at(found, "status", "phase") == "Pending"
    told = at(found, "status", "containerStatuses", 0, "state", "waiting", "message")
    assert told == 'Container image "k8s-grpc-demo:missing" is not present with pull policy of Never'
    await cluster.settled(
        EVENT, lambda events: any(e["message"] == "Error: ErrImageNeverPull" for e in events)
    )


async def test_an_image_that_cannot_be_pulled_is_told(cluster: World) -> None:
    manifest = pod(image="localhost:1/k8s-grpc-demo:missing")
    manifest["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    await cluster.create(POD, manifest)
    await cluster.until(POD, "one", lambda p: waiting(p) in ("ErrImagePull", "ImagePullBackOff"))
    await cluster.until(POD, "one", lambda p: waiting(p) == "ImagePullBackOff", PATIENCE)


async def test_a_pod_that_crashes_comes_back_and_then_backs_off(cluster: World) -> None:
    await cluster.create(POD, pod(image="k8s-grpc-demo:v8-crash"))
    found = await cluster.until(POD, "one", lambda p: waiting(p) == "CrashLoopBackOff")
    state = at(found, "status", "containerStatuses", 0)
    assert state["restartCount"] >= 1
    assert state["lastState"]["terminated"]["exitCode"] == 1
    assert state["lastState"]["terminated"]["reason"] == "Error"
    assert "back-off" in state["state"]["waiting"]["message"]
    assert not ready(found)
    assert at(found, "status", "phase") == "Running"


async def test_the_last_lines_of_a_crash_are_on_the_log(cluster: World) -> None:
    await cluster.create(POD, pod(image="k8s-grpc-demo:v8-crash"))
    await cluster.until(POD, "one", lambda p: waiting(p) == "CrashLoopBackOff")
    text = await logs(cluster, "one")
    assert "panic: schema version 41, expected 42" in text


async def logs(cluster: World, name: str, **how: Any) -> str:
    """A log; skipped where a cluster's API server cannot reach its own node by name."""
    try:
        return await cluster.api.logs(cluster.namespace, name, **how)
    except ApiError as e:
        if cluster.embedded is None and (e.status == 500 or "does not answer" in str(e)):
            pytest.skip(f"this cluster serves no logs: {e}")
        raise


async def test_logs_of_what_is_not_there_are_refused(cluster: World) -> None:
    with pytest.raises(NotFound):
        await cluster.api.logs(cluster.namespace, "nobody")
    await cluster.create(POD, pod())
    await cluster.until(POD, "one", ready)
    with pytest.raises(Invalid):
        await cluster.api.logs(cluster.namespace, "one", "no-such-container")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"nodeSelector": {"no": "node"}}, "didn't match Pod's node affinity/selector"),
        ({"cpu": "900"}, "Insufficient cpu"),
    ],
)
async def test_a_pod_that_fits_no_node_says_why(cluster: World, spec: dict[str, Any], words: str) -> None:
    cpu = spec.get("cpu")
    manifest = pod(**({} if cpu else spec))
    if cpu:
        manifest["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    await cluster.create(POD, manifest)
    found = await cluster.until(POD, "one", lambda p: condition(p, "PodScheduled").get("status") == "False")
    assert condition(found, "PodScheduled")["reason"] == "Unschedulable"
    assert words in condition(found, "PodScheduled")["message"]
    assert at(found, "status", "phase") == "Pending"
    await cluster.settled(EVENT, lambda events: any(e["reason"] == "FailedScheduling" for e in events))


async def test_pods_that_repel_each_other_do_not_share_a_node(cluster: World) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "lone"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    await cluster.create(POD, pod("one", labels={"app": "lone"}, affinity=affinity))
    await cluster.until(POD, "one", ready)
    await cluster.create(POD, pod("two", labels={"app": "lone"}, affinity=affinity))
    found = await cluster.until(POD, "two", lambda p: condition(p, "PodScheduled").get("status") == "False")
    assert "didn't match pod anti-affinity rules" in condition(found, "PodScheduled")["message"]


async def test_a_deleted_pod_is_marked_and_goes_after_its_grace(cluster: World) -> None:
    await cluster.create(POD, pod(terminationGracePeriodSeconds=5))
    await cluster.until(POD, "one", ready)
    last = await cluster.api.delete(cluster.ref(POD, "one"))
    assert meta(last)["deletionTimestamp"]
    assert meta(last)["deletionGracePeriodSeconds"] == 5
    assert name_of(await cluster.get(POD, "one")) == "one"
    await cluster.gone(POD, "one")


async def test_a_pod_deleted_without_grace_is_gone_at_once(cluster: World) -> None:
    await cluster.create(POD, pod())
    await cluster.until(POD, "one", ready)
    await cluster.api.delete(cluster.ref(POD, "one"), grace=0)
    with pytest.raises(NotFound):
        await cluster.get(POD, "one")

"""Scale and status: what each subresource writes, and what it leaves alone."""

import pytest

from bot.cluster.errors import Conflict
from strategies.objects import DEPLOYMENT, POD, at, labels_of
from tests.contract.world import World, deployment, managers, pod


async def test_the_scale_of_a_deployment_reads_and_writes_its_replicas(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    scale = await cluster.api.get(ref, "scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    scale = await cluster.api.patch(
        ref, {"spec": {"replicas": 2}}, "merge", subresource="scale", manager="scaler"
    )
    assert scale["spec"] == {"replicas": 2}
    found = await cluster.get(DEPLOYMENT, "web")
    assert at(found, "spec", "replicas") == 2
    assert managers(found)["scaler", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}
    unconditional = {"metadata": {"name": "web", "namespace": cluster.namespace}, "spec": {"replicas": 0}}
    await cluster.api.replace(ref, scale | unconditional, subresource="scale")
    assert at(await cluster.get(DEPLOYMENT, "web"), "spec", "replicas") == 0


async def test_a_stale_scale_is_a_conflict(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}}
    with pytest.raises(Conflict):
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), stale, "merge", subresource="scale")


async def test_the_status_is_written_by_its_own_subresource_only(cluster: World) -> None:
    await cluster.create(POD, pod(nodeSelector={"no": "node"}))
    ref = cluster.ref(POD, "one")
    gate = {"status": {"conditions": [{"type": "graylight/traffic", "status": "True"}]}}
    await cluster.until(POD, "one", lambda p: bool(at(p, "status", "conditions")))
    made = await cluster.api.patch(ref, gate, "strategic", subresource="status", manager="gate")
    kinds = {c["type"]: c["status"] for c in at(made, "status", "conditions")}
    assert kinds == {"graylight/traffic": "True", "PodScheduled": "False"}
    assert "f:status" in managers(made)["gate", "Update", "status"]
    ignored = await cluster.api.patch(
        ref, {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "b"}}}, "merge"
    )
    assert at(ignored, "status", "phase") == "Pending"
    assert labels_of(ignored)["a"] == "b"


async def test_labels_are_not_written_with_the_status_of_a_deployment(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    change = {
        "metadata": {"labels": {"app": "other"}},
        "spec": {"minReadySeconds": 7},
        "status": {"collisionCount": 3},
    }
    made = await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), change, "merge", subresource="status")
    assert at(made, "status", "collisionCount") == 3
    assert labels_of(made) == {"app": "web"}
    assert at(made, "spec", "minReadySeconds") is None

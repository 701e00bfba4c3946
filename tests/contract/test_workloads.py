"""Deployments and ReplicaSets: rollouts, rollbacks, their bounds, and how they say that they are stuck."""

from datetime import datetime, timedelta

import pytest

from bot.cluster.errors import Forbidden, NotFound
from strategies.objects import (
    DEPLOYMENT,
    EVENT,
    POD,
    QUOTA,
    REPLICASET,
    annotations_of,
    at,
    labels_of,
    meta,
    name_of,
    uid_of,
    version_of,
)
from tests.contract.world import World, complete, condition, deployment, pod, set_image

REVISION = "deployment.kubernetes.io/revision"


async def test_a_deployment_becomes_available_with_pods_of_its_own(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=2))
    made = await cluster.rolled_out()
    assert made["status"]["availableReplicas"] == made["status"]["readyReplicas"] == 2
    assert made["status"]["observedGeneration"] == 1
    assert "unavailableReplicas" not in made["status"]
    assert condition(made, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(made, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert annotations_of(made)[REVISION] == "1"
    (replica_set,) = await cluster.settled(REPLICASET, lambda found: len(found) == 1)
    code = labels_of(replica_set)["pod-template-hash"]
    assert name_of(replica_set) == f"web-{code}"
    assert at(replica_set, "spec", "selector", "matchLabels") == {"app": "web", "pod-template-hash": code}
    assert meta(replica_set)["ownerReferences"][0]["uid"] == uid_of(made)
    assert annotations_of(replica_set)["deployment.kubernetes.io/desired-replicas"] == "2"
    for one in await cluster.pods():
        assert labels_of(one) == {"app": "web", "pod-template-hash": code}
        assert meta(one)["ownerReferences"][0]["kind"] == "ReplicaSet"
        assert name_of(one).startswith(f"web-{code}-")
        assert at(one, "status", "phase") == "Running"
        assert at(one, "status", "podIP")


async def test_a_new_image_rolls_out_within_its_bounds(cluster: World) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.create(DEPLOYMENT, deployment(replicas=3, strategy=rolling))
    made = await cluster.rolled_out()
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    events = await cluster.history(
        DEPLOYMENT, version_of(made), lambda e: meta(e["object"])["generation"] == 2 and complete(e["object"])
    )
    counts = [e["object"]["status"] for e in events]
    assert min(c.get("availableReplicas", 0) for c in counts) == 3
    # The status adds up what each ReplicaSet last said, and one may be a pod behind the other; specs never exceed 4.
    assert max(c["replicas"] for c in counts) <= 5
    images = {
        at(p, "spec", "containers", 0, "image")
        for p in await cluster.pods()
        if "deletionTimestamp" not in meta(p)
    }
    assert images == {"k8s-grpc-demo:v6"}
    assert annotations_of(events[-1]["object"])[REVISION] == "2"
    sets = {
        annotations_of(r)[REVISION]: at(r, "spec", "replicas")
        for r in await cluster.settled(REPLICASET, bool)
    }
    assert sets == {"1": 0, "2": 3}


async def test_without_surge_a_pod_goes_before_one_comes(cluster: World) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "50%"}}
    await cluster.create(DEPLOYMENT, deployment(replicas=2, strategy=rolling))
    made = await cluster.rolled_out()
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    events = await cluster.history(
        DEPLOYMENT, version_of(made), lambda e: meta(e["object"])["generation"] == 2 and complete(e["object"])
    )
    counts = [e["object"]["status"] for e in events]
    assert min(c.get("availableReplicas", 0) for c in counts) == 1


async def test_the_template_of_before_brings_its_replica_set_back_under_a_new_revision(
    cluster: World,
) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    (first,) = await cluster.settled(REPLICASET, lambda found: len(found) == 1)
    for generation, image in ((2, "k8s-grpc-demo:v6"), (3, "k8s-grpc-demo:v2")):
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image(image))
        await cluster.until(
            DEPLOYMENT,
            "web",
            lambda d, g=generation: at(d, "status", "observedGeneration") == g and complete(d),  # type: ignore[misc]  # the generation is bound, not passed
        )
    sets = {name_of(r): annotations_of(r)[REVISION] for r in await cluster.settled(REPLICASET, bool)}
    assert len(sets) == 2
    assert sets[name_of(first)] == "3"
    assert annotations_of(await cluster.get(DEPLOYMENT, "web"))[REVISION] == "3"


async def test_a_restart_is_a_change_of_an_annotation_of_the_template(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    before = {uid_of(p) for p in await cluster.pods()}
    stamp = {
        "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}
    }
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), stamp, "strategic")
    await cluster.until(
        DEPLOYMENT, "web", lambda d: at(d, "status", "observedGeneration") == 2 and complete(d)
    )
    await cluster.settled(POD, lambda found: len(found) == 1 and uid_of(found[0]) not in before)


async def test_scaling_moves_pods_and_not_the_revision(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=1))
    await cluster.rolled_out()
    for replicas in (3, 0):
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), {"spec": {"replicas": replicas}}, "merge")
        made = await cluster.until(
            DEPLOYMENT,
            "web",
            lambda d, n=replicas: complete(d) and at(d, "spec", "replicas") == n,  # type: ignore[misc]  # the count is bound, not passed
        )
        assert annotations_of(made)[REVISION] == "1"
    assert made["status"].get("availableReplicas", 0) == 0
    await cluster.settled(POD, lambda found: not found)


async def test_a_paused_deployment_waits_and_goes_on_when_resumed(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(paused=True))
    paused = await cluster.until(DEPLOYMENT, "web", lambda d: condition(d, "Progressing") != {})
    assert condition(paused, "Progressing")["reason"] == "DeploymentPaused"
    assert condition(paused, "Progressing")["status"] == "Unknown"
    assert (await cluster.api.list(REPLICASET, cluster.namespace))["items"] == []
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), [{"op": "remove", "path": "/spec/paused"}])
    await cluster.rolled_out()


async def test_pausing_holds_a_rollout_where_it_is(cluster: World) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.create(DEPLOYMENT, deployment(replicas=2, strategy=rolling))
    await cluster.rolled_out()
    ops = [*set_image("k8s-grpc-demo:missing")]
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), ops)
    await cluster.until(DEPLOYMENT, "web", lambda d: at(d, "status", "updatedReplicas") == 1)
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), {"spec": {"paused": True}}, "merge")
    held = await cluster.until(
        DEPLOYMENT, "web", lambda d: condition(d, "Progressing")["reason"] == "DeploymentPaused"
    )
    assert at(held, "status", "updatedReplicas") == 1
    assert at(held, "status", "availableReplicas") == 2


async def test_recreate_ends_every_old_pod_before_a_new_one_begins(cluster: World) -> None:
    template = {"terminationGracePeriodSeconds": 1}
    manifest = deployment(strategy={"type": "Recreate"})
    manifest["spec"]["template"]["spec"] |= template
    await cluster.create(DEPLOYMENT, manifest)
    await cluster.rolled_out()
    seen = meta(await cluster.api.list(POD, cluster.namespace))["resourceVersion"]
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    events = await cluster.history(POD, seen, lambda e: e["type"] == "ADDED")
    old = [e for e in events if e["type"] != "ADDED"][-1]
    assert old["type"] == "DELETED" or at(old["object"], "status", "phase") in ("Succeeded", "Failed")
    await cluster.until(
        DEPLOYMENT, "web", lambda d: at(d, "status", "observedGeneration") == 2 and complete(d)
    )


async def test_a_ready_pod_counts_as_available_only_after_it_has_settled(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(minReadySeconds=1))
    available = condition(await cluster.rolled_out(), "Available")
    (one,) = await cluster.pods()
    ready = condition(one, "Ready")
    assert available["status"] == ready["status"] == "True"
    since, until = (datetime.fromisoformat(c["lastTransitionTime"]) for c in (ready, available))
    assert until - since >= timedelta(seconds=1)


async def test_no_progress_within_the_deadline_is_said(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(image="k8s-grpc-demo:missing", progressDeadlineSeconds=1))
    late = await cluster.until(
        DEPLOYMENT, "web", lambda d: condition(d, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    )
    assert condition(late, "Progressing")["status"] == "False"
    assert condition(late, "Available")["reason"] == "MinimumReplicasUnavailable"


async def test_a_quota_that_leaves_no_room_is_told_by_condition_and_event(cluster: World) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"pods": "1"}},
    }
    await cluster.create(QUOTA, quota)
    await cluster.until(QUOTA, "tight", lambda q: at(q, "status", "used", "pods") == "0")
    await cluster.create(DEPLOYMENT, deployment(replicas=2))
    stuck = await cluster.until(
        DEPLOYMENT, "web", lambda d: condition(d, "ReplicaFailure").get("status") == "True"
    )
    assert condition(stuck, "ReplicaFailure")["reason"] == "FailedCreate"
    words = "is forbidden: exceeded quota: tight, requested: pods=1, used: pods=1, limited: pods=1"
    assert words in condition(stuck, "ReplicaFailure")["message"]
    events = await cluster.settled(EVENT, lambda found: any(e["reason"] == "FailedCreate" for e in found))
    told = next(e for e in events if e["reason"] == "FailedCreate")
    assert words in told["message"]
    assert told["involvedObject"]["kind"] == "ReplicaSet"
    assert told["type"] == "Warning"
    await cluster.api.patch(cluster.ref(QUOTA, "tight"), {"spec": {"hard": {"pods": "5"}}}, "merge")
    free = await cluster.rolled_out()
    assert condition(free, "ReplicaFailure") == {}


async def test_a_quota_is_counted_and_refuses_by_kind(cluster: World) -> None:
    hard = {"count/deployments.apps": "1", "requests.cpu": "1"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}}
    await cluster.create(QUOTA, quota)
    await cluster.until(QUOTA, "few", lambda q: at(q, "status", "used", "count/deployments.apps") == "0")
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    await cluster.until(QUOTA, "few", lambda q: at(q, "status", "used", "count/deployments.apps") == "1")
    with pytest.raises(Forbidden) as refused:
        await cluster.create(DEPLOYMENT, deployment("two", replicas=0), dry_run=True)
    assert "exceeded quota: few" in str(refused.value)


async def test_a_deleted_pod_is_replaced(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    (old,) = await cluster.pods()
    await cluster.api.delete(cluster.ref(POD, name_of(old)), grace=0)
    found = await cluster.settled(POD, lambda pods: len(pods) == 1 and uid_of(pods[0]) != uid_of(old))
    assert at(found[0], "status", "phase") in ("Pending", "Running")


async def test_a_deleted_deployment_takes_replica_sets_and_pods_with_it(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    await cluster.api.delete(cluster.ref(DEPLOYMENT, "web"))
    await cluster.settled(REPLICASET, lambda found: not found)
    await cluster.settled(POD, lambda found: not found)


async def test_a_pod_that_stops_matching_is_let_go_and_another_comes(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    (old,) = await cluster.pods()
    await cluster.api.patch(
        cluster.ref(POD, name_of(old)), {"metadata": {"labels": {"app": "apart"}}}, "merge"
    )
    freed = await cluster.until(POD, name_of(old), lambda p: "ownerReferences" not in meta(p))
    assert labels_of(freed)["app"] == "apart"
    await cluster.settled(POD, lambda found: len(found) == 2)
    await cluster.api.delete(cluster.ref(POD, name_of(old)), grace=0)


async def test_two_deployments_with_one_selector_keep_to_their_own_pods(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    twin = deployment(image="k8s-grpc-demo:v6")
    twin["metadata"]["name"] = "web-canary"
    await cluster.create(DEPLOYMENT, twin)
    await cluster.rolled_out("web")
    await cluster.rolled_out("web-canary")
    assert len(await cluster.pods("app=web")) == 2


async def test_a_bare_pod_that_matches_is_not_taken_from_its_service_but_is_adopted(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    made = await cluster.rolled_out()
    code = labels_of((await cluster.pods())[0])["pod-template-hash"]
    await cluster.create(POD, pod(labels={"app": "web", "pod-template-hash": code}))
    await cluster.settled(
        POD,
        lambda found: (
            any(
                "ownerReferences" in meta(p) or "deletionTimestamp" in meta(p)
                for p in found
                if name_of(p) == "one"
            )
            or all(name_of(p) != "one" for p in found)
        ),
    )
    assert at(made, "spec", "replicas") == 1
    await cluster.settled(
        POD, lambda found: len([p for p in found if "deletionTimestamp" not in meta(p)]) == 1
    )


async def test_an_orphaned_replica_set_stays_and_is_adopted_by_its_like(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.rolled_out()
    (replica_set,) = (await cluster.api.list(REPLICASET, cluster.namespace))["items"]
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/web"
    status, _, _ = await cluster.api.proxy(f"{path}?propagationPolicy=Orphan", "DELETE")
    assert status == 200
    await cluster.gone(DEPLOYMENT, "web")
    orphan = await cluster.until(REPLICASET, name_of(replica_set), lambda r: "ownerReferences" not in meta(r))
    assert uid_of(orphan) == uid_of(replica_set)
    made = await cluster.create(DEPLOYMENT, deployment())
    taken = await cluster.until(REPLICASET, name_of(orphan), lambda r: "ownerReferences" in meta(r))
    assert meta(taken)["ownerReferences"][0]["uid"] == uid_of(made)


async def test_old_replica_sets_beyond_the_limit_are_forgotten(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(revisionHistoryLimit=0))
    await cluster.rolled_out()
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    await cluster.until(
        DEPLOYMENT, "web", lambda d: at(d, "status", "observedGeneration") == 2 and complete(d)
    )
    await cluster.settled(REPLICASET, lambda found: len(found) == 1)


async def test_what_is_deleted_is_not_there_to_be_watched_back(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    await cluster.api.delete(cluster.ref(DEPLOYMENT, "web"))
    with pytest.raises(NotFound):
        await cluster.get(DEPLOYMENT, "web")

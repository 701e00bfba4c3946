"""Who wrote which field: managedFields after each kind of write, and server-side apply over it."""

from typing import Any

import pytest

from bot.cluster.errors import Conflict, Invalid, Refused
from strategies.objects import DEPLOYMENT, SECRET, SERVICE, Obj, at, labels_of, meta, version_of
from tests.contract.world import World, deployment, managers, secret, service, set_image

IMAGE_PATH = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"demo"}', "f:image")


def said(name: str = "web", **spec: Any) -> Obj:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def whole(**spec: Any) -> Obj:
    made = deployment(**spec)
    del made["metadata"]["labels"]
    return made


async def test_who_creates_owns_what_they_said_and_what_was_filled_in(cluster: World) -> None:
    made = await cluster.create(DEPLOYMENT, deployment(replicas=0))
    assert managers(made) == {
        ("graylight", "Update", ""): {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {
                "f:progressDeadlineSeconds": {},
                "f:replicas": {},
                "f:revisionHistoryLimit": {},
                "f:selector": {},
                "f:strategy": {
                    "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
                    "f:type": {},
                },
                "f:template": {
                    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"demo"}': {
                                ".": {},
                                "f:image": {},
                                "f:imagePullPolicy": {},
                                "f:name": {},
                                "f:resources": {},
                                "f:terminationMessagePath": {},
                                "f:terminationMessagePolicy": {},
                            }
                        },
                        "f:dnsPolicy": {},
                        "f:restartPolicy": {},
                        "f:schedulerName": {},
                        "f:securityContext": {},
                        "f:terminationGracePeriodSeconds": {},
                    },
                },
            },
        }
    }


async def test_who_changes_a_field_takes_it_from_its_owner(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    made = await cluster.api.patch(ref, set_image("k8s-grpc-demo:v6"), manager="kubectl-set")
    owners = managers(made)
    assert at(owners["kubectl-set", "Update", ""], *IMAGE_PATH) == {}
    assert at(owners["graylight", "Update", ""], *IMAGE_PATH) is None
    assert at(owners["graylight", "Update", ""], *IMAGE_PATH[:-1], "f:name") == {}


async def test_who_writes_the_same_value_takes_nothing(cluster: World) -> None:
    made = await cluster.create(SERVICE, service())
    same = await cluster.api.patch(
        cluster.ref(SERVICE, "web"), {"spec": {"selector": {"app": "web"}}}, "merge", manager="other"
    )
    assert managers(same) == managers(made)


async def test_a_removed_field_is_nobodys(cluster: World) -> None:
    await cluster.create(SECRET, secret(a="1", b="2"))
    made = await cluster.api.patch(
        cluster.ref(SECRET, "box"), [{"op": "remove", "path": "/data/a"}], manager="other"
    )
    assert managers(made)["graylight", "Update", ""]["f:data"] == {".": {}, "f:b": {}}
    assert ("other", "Update", "") not in managers(made)


async def test_a_services_selector_is_owned_as_a_whole(cluster: World) -> None:
    await cluster.create(SERVICE, service(selector={"app": "web", "version": "1"}))
    ops = [{"op": "replace", "path": "/spec/selector/version", "value": "2"}]
    made = await cluster.api.patch(cluster.ref(SERVICE, "web"), ops, manager="flipper")
    assert managers(made)["flipper", "Update", ""] == {"f:spec": {"f:selector": {}}}


async def test_an_entry_of_ours_can_be_taken_out_by_a_patch_of_its_own(cluster: World) -> None:
    await cluster.create(SERVICE, service())
    ref = cluster.ref(SERVICE, "web")
    made = await cluster.api.patch(
        ref, [{"op": "replace", "path": "/spec/selector", "value": {"app": "x"}}], manager="flipper"
    )
    index = next(i for i, e in enumerate(meta(made)["managedFields"]) if e["manager"] == "flipper")
    ops: list[Obj] = [
        {"op": "test", "path": f"/metadata/managedFields/{index}/manager", "value": "flipper"},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version_of(made)},
        {"op": "remove", "path": f"/metadata/managedFields/{index}"},
    ]
    left = await cluster.api.patch(ref, ops, manager="flipper")
    assert ("flipper", "Update", "") not in managers(left)
    assert at(left, "spec", "selector") == {"app": "x"}
    assert ("graylight", "Update", "") in managers(left)


async def test_an_apply_creates_what_is_not_there_and_owns_what_was_said(cluster: World) -> None:
    made = await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), whole(replicas=0), "apply", manager="ap")
    assert managers(made) == {
        ("ap", "Apply", ""): {
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:template": {
                    "f:metadata": {"f:labels": {"f:app": {}}},
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"demo"}': {
                                ".": {},
                                "f:image": {},
                                "f:imagePullPolicy": {},
                                "f:name": {},
                            }
                        }
                    },
                },
            }
        }
    }


async def test_a_field_no_longer_applied_is_removed_and_filled_in_again(cluster: World) -> None:
    ref = cluster.ref(DEPLOYMENT, "web")
    first = whole(replicas=0)
    first["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A"}, {"name": "B"}]
    first["metadata"]["labels"] = {"x": "1", "y": "2"}
    await cluster.api.patch(ref, first, "apply", manager="ap")
    second = whole()
    second["spec"]["paused"] = True  # no pods: only the shape is looked at
    del second["spec"]["replicas"]
    second["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "B"}]
    second["metadata"]["labels"] = {"y": "2"}
    made = await cluster.api.patch(ref, second, "apply", manager="ap")
    assert at(made, "spec", "replicas") == 1
    assert at(made, "spec", "template", "spec", "containers", 0, "env") == [{"name": "B"}]
    assert labels_of(made) == {"y": "2"}


async def test_an_apply_over_somebodys_value_is_a_conflict_that_names_them(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    await cluster.api.patch(ref, {"spec": {"replicas": 1, "paused": True}}, "merge", manager="somebody")
    with pytest.raises(Conflict) as refused:
        await cluster.api.patch(ref, said(replicas=2), "apply", manager="ap")
    assert 'conflict with "somebody" using apps/v1: .spec.replicas' in str(refused.value)
    assert at(await cluster.get(DEPLOYMENT, "web"), "spec", "replicas") == 1


async def test_an_apply_of_the_same_value_shares_it(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0, minReadySeconds=3))
    made = await cluster.api.patch(
        cluster.ref(DEPLOYMENT, "web"), said(minReadySeconds=3), "apply", manager="ap"
    )
    owners = managers(made)
    assert owners["ap", "Apply", ""] == {"f:spec": {"f:minReadySeconds": {}}}
    assert at(owners["graylight", "Update", ""], "f:spec", "f:minReadySeconds") == {}
    nothing = {k: v for k, v in said().items() if k != "spec"}
    dropped = await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), nothing, "apply", manager="ap")
    assert at(dropped, "spec", "minReadySeconds") == 3
    assert ("ap", "Apply", "") not in managers(dropped)


async def test_a_forced_apply_takes_the_field_over(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0, paused=True))
    ref = cluster.ref(DEPLOYMENT, "web")
    made = await cluster.api.patch(ref, said(replicas=2), "apply", manager="ap", force=True)
    assert at(made, "spec", "replicas") == 2
    assert at(managers(made)["graylight", "Update", ""], "f:spec", "f:replicas") is None
    taken = await cluster.api.patch(ref, {"spec": {"replicas": 1}}, "merge", manager="somebody")
    assert ("ap", "Apply", "") not in managers(taken)


async def test_the_same_apply_again_changes_nothing(cluster: World) -> None:
    ref = cluster.ref(DEPLOYMENT, "web")
    made = await cluster.api.patch(ref, whole(replicas=0, paused=True), "apply", manager="ap")
    seen = await cluster.until(DEPLOYMENT, "web", lambda d: at(d, "status", "observedGeneration") == 1)
    del made
    again = await cluster.api.patch(ref, whole(replicas=0, paused=True), "apply", manager="ap")
    assert version_of(again) == version_of(seen)


async def test_an_apply_needs_a_manager_and_known_fields(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    with pytest.raises(Invalid):
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), said(replicas=1), "apply", manager="")
    with pytest.raises(Exception, match="field not declared in schema"):
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), said(replica=1), "apply", manager="ap")


async def test_after_a_value_is_put_back_its_writer_still_stands_in_the_way_of_an_apply(
    cluster: World,
) -> None:
    ref = cluster.ref(SERVICE, "web")
    manifest = service()
    await cluster.api.patch(ref, manifest, "apply", manager="user")
    for app in ("canary", "web"):
        await cluster.api.patch(ref, [{"op": "replace", "path": "/spec/selector", "value": {"app": app}}])
    manifest["spec"]["selector"] = {"app": "next"}
    with pytest.raises(Conflict):
        await cluster.api.patch(ref, manifest, "apply", manager="user")
    found = await cluster.get(SERVICE, "web")
    kept = [e for e in meta(found)["managedFields"] if e["manager"] != "graylight"]
    await cluster.api.patch(ref, [{"op": "replace", "path": "/metadata/managedFields", "value": kept}])
    made = await cluster.api.patch(ref, manifest, "apply", manager="user")
    assert at(made, "spec", "selector") == {"app": "next"}


async def test_an_apply_for_another_kind_is_refused(cluster: World) -> None:
    with pytest.raises(Refused):
        await cluster.api.patch(cluster.ref(SECRET, "web"), said(replicas=1), "apply", manager="ap")

"""The four patch types, their preconditions, and what they leave alone."""

import pytest

from bot.cluster.errors import Conflict, Exists, Invalid, NotFound, Refused
from strategies.objects import (
    DEPLOYMENT,
    HPA,
    HTTPROUTE,
    INGRESS,
    POD,
    SECRET,
    SERVICE,
    Obj,
    at,
    labels_of,
    meta,
    version_of,
)
from tests.contract.world import World, deployment, pod, secret, service, set_image


async def test_a_json_patch_changes_what_it_names(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ops: list[Obj] = [
        {"op": "test", "path": "/spec/replicas", "value": 0},
        {"op": "add", "path": "/metadata/annotations", "value": {"graylight/base": "x"}},
        {"op": "add", "path": "/metadata/annotations/a.test~1b", "value": "y"},
        {"op": "copy", "from": "/metadata/annotations/graylight~1base", "path": "/metadata/labels/copied"},
        {"op": "remove", "path": "/metadata/labels/app"},
    ]
    made = await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), ops)
    notes = {k: v for k, v in meta(made)["annotations"].items() if "kubernetes.io" not in k}
    assert notes == {"graylight/base": "x", "a.test/b": "y"}
    assert labels_of(made) == {"copied": "x"}


async def test_elements_of_a_list_are_added_replaced_and_removed_by_index(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    where = "/spec/template/spec/containers/0/env"
    ref = cluster.ref(DEPLOYMENT, "web")
    await cluster.api.patch(ref, [{"op": "add", "path": where, "value": [{"name": "A", "value": "1"}]}])
    made = await cluster.api.patch(
        ref, [{"op": "add", "path": f"{where}/0", "value": {"name": "B", "value": "2"}}]
    )
    env = at(made, "spec", "template", "spec", "containers", 0, "env")
    assert [e["name"] for e in env] == ["B", "A"]
    made = await cluster.api.patch(
        ref,
        [
            {"op": "replace", "path": f"{where}/1/value", "value": "9"},
            {"op": "add", "path": f"{where}/-", "value": {"name": "C"}},
            {"op": "remove", "path": f"{where}/0"},
        ],
    )
    env = at(made, "spec", "template", "spec", "containers", 0, "env")
    assert env == [{"name": "A", "value": "9"}, {"name": "C"}]


@pytest.mark.parametrize(
    "ops",
    [
        [
            {"op": "test", "path": "/spec/replicas", "value": 9},
            {"op": "replace", "path": "/spec/replicas", "value": 5},
        ],
        [{"op": "remove", "path": "/spec/nothing"}],
        [{"op": "replace", "path": "/spec/nothing/below", "value": "x"}],
        [{"op": "remove", "path": "/metadata/labels/none"}],
        [{"op": "test", "path": "/metadata/labels", "value": {"app": "web", "more": "x"}}],
    ],
)
async def test_a_json_patch_that_does_not_apply_is_invalid_and_changes_nothing(
    cluster: World, ops: list[Obj]
) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    with pytest.raises(Invalid) as refused:
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), ops)
    assert refused.value.status == 422
    assert str(refused.value) == "the server rejected our request due to an error in our request"
    assert at(await cluster.get(DEPLOYMENT, "web"), "spec", "replicas", default=0) == 0


async def test_replacing_a_key_that_is_not_there_adds_it_and_a_test_finds_null(cluster: World) -> None:
    manifest = secret()
    manifest["metadata"]["labels"] = {"a": "b"}
    await cluster.create(SECRET, manifest)
    ops: list[Obj] = [
        {"op": "test", "path": "/metadata/labels/c", "value": None},
        {"op": "replace", "path": "/metadata/labels/c", "value": "d"},
    ]
    made = await cluster.api.patch(cluster.ref(SECRET, "box"), ops)
    assert labels_of(made) == {"a": "b", "c": "d"}
    with pytest.raises(Invalid):
        await cluster.api.patch(cluster.ref(SECRET, "box"), ops)


async def test_a_version_in_a_json_patch_is_a_precondition(cluster: World) -> None:
    made = await cluster.create(SERVICE, service())
    ref = cluster.ref(SERVICE, "web")

    def ops(value: str, version: str) -> list[Obj]:
        return [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/spec/selector", "value": {"app": value}},
        ]

    newer = await cluster.api.patch(ref, ops("b", version_of(made)))
    with pytest.raises(Conflict) as refused:
        await cluster.api.patch(ref, ops("c", version_of(made)))
    assert "the object has been modified" in str(refused.value)
    assert at(await cluster.get(SERVICE, "web"), "spec", "selector") == {"app": "b"}
    assert version_of(newer) != version_of(made)


async def test_a_version_in_a_merge_patch_is_a_precondition_too(cluster: World) -> None:
    await cluster.create(SECRET, secret())
    with pytest.raises(Conflict):
        await cluster.api.patch(
            cluster.ref(SECRET, "box"), {"metadata": {"resourceVersion": "1"}, "data": {"b": "MQ=="}}, "merge"
        )


@pytest.mark.parametrize("how", ["merge", "strategic"])
async def test_patching_a_services_selector_merges_its_keys(cluster: World, how: str) -> None:
    await cluster.create(SERVICE, service(selector={"a": "b"}))
    made = await cluster.api.patch(cluster.ref(SERVICE, "web"), {"spec": {"selector": {"c": "d"}}}, how)  # type: ignore[arg-type]  # a parameter of two of the four names
    assert at(made, "spec", "selector") == {"a": "b", "c": "d"}


async def test_null_in_a_merge_patch_removes(cluster: World) -> None:
    await cluster.create(SECRET, secret(a="1", b="2"))
    made = await cluster.api.patch(cluster.ref(SECRET, "box"), {"data": {"a": None}}, "merge")
    assert made["data"] == {"b": "Mg=="}


async def test_a_merge_patch_replaces_a_list_and_a_strategic_one_goes_by_key(cluster: World) -> None:
    manifest = deployment(replicas=0)
    containers = manifest["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "side", "image": "k8s-grpc-demo:v7", "imagePullPolicy": "Never"})
    await cluster.create(DEPLOYMENT, manifest)
    ref = cluster.ref(DEPLOYMENT, "web")

    def change(*containers: Obj) -> Obj:
        return {"spec": {"template": {"spec": {"containers": list(containers)}}}}

    made = await cluster.api.patch(ref, change({"name": "side", "image": "k8s-grpc-demo:v6"}), "strategic")
    found = at(made, "spec", "template", "spec", "containers")
    assert [(c["name"], c["image"]) for c in found] == [
        ("demo", "k8s-grpc-demo:v2"),
        ("side", "k8s-grpc-demo:v6"),
    ]
    assert found[1]["imagePullPolicy"] == "Never"
    made = await cluster.api.patch(ref, change({"name": "side", "$patch": "delete"}), "strategic")
    assert [c["name"] for c in at(made, "spec", "template", "spec", "containers")] == ["demo"]
    made = await cluster.api.patch(ref, change({"name": "new", "image": "k8s-grpc-demo:v7"}), "merge")
    assert [c["name"] for c in at(made, "spec", "template", "spec", "containers")] == ["new"]


async def test_a_strategic_patch_joins_environment_by_name(cluster: World) -> None:
    manifest = deployment(replicas=0)
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
    ]
    await cluster.create(DEPLOYMENT, manifest)
    change = {
        "spec": {
            "template": {"spec": {"containers": [{"name": "demo", "env": [{"name": "B", "value": "3"}]}]}}
        }
    }
    made = await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), change, "strategic")
    env = at(made, "spec", "template", "spec", "containers", 0, "env")
    assert {e["name"]: e["value"] for e in env} == {"A": "1", "B": "3"}


async def test_recreate_over_a_filled_in_strategy_needs_the_rolling_part_taken_out(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    with pytest.raises(Invalid) as refused:
        await cluster.api.patch(ref, {"spec": {"strategy": {"type": "Recreate"}}}, "strategic")
    assert "may not be specified when strategy `type` is 'Recreate'" in str(refused.value)
    made = await cluster.api.patch(
        ref, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, "merge"
    )
    assert at(made, "spec", "strategy") == {"type": "Recreate"}


async def test_a_custom_resource_takes_no_strategic_patch(cluster: World) -> None:
    await cluster.create(HTTPROUTE, route())
    with pytest.raises(Exception, match=r"unknown format|accepted media types|Unsupported") as refused:
        await cluster.api.patch(
            cluster.ref(HTTPROUTE, "web"), {"spec": {"hostnames": ["b.test"]}}, "strategic"
        )
    assert refused.value.status == 415  # type: ignore[attr-defined]  # every ApiError has one


def route() -> Obj:
    backend = {"name": "web", "port": 8000}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web"},
        "spec": {"hostnames": ["a.test"], "rules": [{"backendRefs": [backend]}]},
    }


async def test_a_route_is_filled_in(cluster: World) -> None:
    made = await cluster.create(HTTPROUTE, route())
    assert made["spec"] == {
        "hostnames": ["a.test"],
        "rules": [
            {
                "backendRefs": [{"group": "", "kind": "Service", "name": "web", "port": 8000, "weight": 1}],
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            }
        ],
    }


async def test_weights_of_a_route_change_by_json_patch(cluster: World) -> None:
    made = await cluster.create(HTTPROUTE, route())
    ops: list[Obj] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version_of(made)},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 90},
        {
            "op": "add",
            "path": "/spec/rules/0/backendRefs/-",
            "value": {"name": "canary", "port": 8000, "weight": 10},
        },
    ]
    made = await cluster.api.patch(cluster.ref(HTTPROUTE, "web"), ops)
    backends = at(made, "spec", "rules", 0, "backendRefs")
    assert [(b["name"], b["weight"], b["kind"]) for b in backends] == [
        ("web", 90, "Service"),
        ("canary", 10, "Service"),
    ]
    assert meta(made)["generation"] == 2


async def test_generation_moves_with_the_spec_alone(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    labelled = await cluster.api.patch(ref, {"metadata": {"labels": {"x": "y"}}}, "merge")
    assert meta(labelled)["generation"] == 1
    changed = await cluster.api.patch(ref, {"spec": {"minReadySeconds": 1}}, "merge")
    assert meta(changed)["generation"] == 2


@pytest.mark.parametrize("how", ["json", "merge", "strategic"])
async def test_a_patch_that_changes_nothing_does_not_move_the_version(cluster: World, how: str) -> None:
    made = await cluster.create(SERVICE, service())
    body: object = {"spec": {"selector": {"app": "web"}}, "metadata": {"annotations": None}}
    if how == "json":
        body = [{"op": "replace", "path": "/spec/selector", "value": {"app": "web"}}]
    same = await cluster.api.patch(cluster.ref(SERVICE, "web"), body, how)  # type: ignore[arg-type]  # a parameter of three of the four names
    assert version_of(same) == version_of(made)
    assert same == made


async def test_the_last_label_gone_leaves_no_labels(cluster: World) -> None:
    manifest = secret()
    manifest["metadata"] |= {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    await cluster.create(SECRET, manifest)
    ops = [
        {"op": "remove", "path": "/metadata/labels/a"},
        {"op": "remove", "path": "/metadata/annotations/c"},
    ]
    made = await cluster.api.patch(cluster.ref(SECRET, "box"), ops)
    assert "labels" not in meta(made)
    assert "annotations" not in meta(made)


async def test_a_patch_of_what_is_not_there_is_not_found(cluster: World) -> None:
    with pytest.raises(NotFound):
        await cluster.api.patch(cluster.ref(SECRET, "box"), {"data": {}}, "merge")


async def test_a_patch_may_rename_nothing(cluster: World) -> None:
    await cluster.create(SECRET, secret())
    with pytest.raises(Refused):
        await cluster.api.patch(cluster.ref(SECRET, "box"), {"metadata": {"name": "other"}}, "merge")
    with pytest.raises(Invalid):
        await cluster.api.patch(cluster.ref(SECRET, "box"), {"metadata": {"uid": "other"}}, "merge")


async def test_a_pods_image_may_change_and_little_else(cluster: World) -> None:
    await cluster.create(POD, pod(nodeSelector={"no": "node"}))
    ops: list[Obj] = [{"op": "replace", "path": "/spec/containers/0/image", "value": "k8s-grpc-demo:v6"}]
    await cluster.until(POD, "one", lambda p: bool(at(p, "status", "conditions")))
    made = await cluster.api.patch(cluster.ref(POD, "one"), ops)
    assert at(made, "spec", "containers", 0, "image") == "k8s-grpc-demo:v6"
    with pytest.raises(Invalid):
        await cluster.api.patch(
            cluster.ref(POD, "one"), {"spec": {"terminationGracePeriodSeconds": 7}}, "merge"
        )


async def test_an_autoscalers_minimum_changes_by_json_patch(cluster: World) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 4}
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    made = await cluster.create(HPA, manifest)
    assert at(made, "spec", "minReplicas") == 1
    assert at(made, "spec", "metrics", 0, "resource", "target") == {
        "type": "Utilization",
        "averageUtilization": 80,
    }
    made = await cluster.api.patch(
        cluster.ref(HPA, "web"), [{"op": "replace", "path": "/spec/minReplicas", "value": 3}]
    )
    assert at(made, "spec", "minReplicas") == 3


async def test_an_ingress_is_patched_in_place(cluster: World) -> None:
    backend = {"service": {"name": "web", "port": {"number": 8000}}}
    paths = [{"path": "/hello", "pathType": "ImplementationSpecific", "backend": backend}]
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"rules": [{"host": f"{cluster.namespace}.test", "http": {"paths": paths}}]},
    }
    made = await cluster.create(INGRESS, manifest)
    assert made["status"] == {"loadBalancer": {}}
    where = "/spec/rules/0/http/paths/0/backend/service/name"
    made = await cluster.api.patch(
        cluster.ref(INGRESS, "web"), [{"op": "replace", "path": where, "value": "twin"}]
    )
    assert at(made, "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name") == "twin"
    assert meta(made)["generation"] == 2


async def test_dry_run_says_what_a_patch_would_be_refused_for(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ref = cluster.ref(DEPLOYMENT, "web")
    with pytest.raises(Invalid):
        await cluster.api.patch(
            ref, {"spec": {"selector": {"matchLabels": {"app": "z"}}}}, "merge", dry_run=True
        )
    seen = await cluster.api.patch(ref, set_image("k8s-grpc-demo:v6"), dry_run=True)
    assert at(seen, "spec", "template", "spec", "containers", 0, "image") == "k8s-grpc-demo:v6"
    found = await cluster.get(DEPLOYMENT, "web")
    assert at(found, "spec", "template", "spec", "containers", 0, "image") == "k8s-grpc-demo:v2"
    with pytest.raises(Exists):
        await cluster.create(DEPLOYMENT, deployment(), dry_run=True)

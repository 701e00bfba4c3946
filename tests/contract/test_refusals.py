"""What the server refuses in an object, and with which words."""

import base64

import pytest

from bot.cluster.errors import Invalid
from strategies.objects import (
    DEPLOYMENT,
    EVENT,
    HTTPROUTE,
    INGRESS,
    LEASE,
    SECRET,
    SERVICE,
    Kind,
    Obj,
    at,
    meta,
)
from tests.contract.world import World, deployment, secret, service


def renamed(manifest: Obj, name: str) -> Obj:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


@pytest.mark.parametrize(
    ("kind", "manifest"),
    [
        (SERVICE, renamed(service(), "x" * 64)),
        (SERVICE, renamed(service(), "Web")),
        (SECRET, renamed(secret(), "under_score")),
        (SECRET, renamed(secret(), "x" * 254)),
        (DEPLOYMENT, renamed(deployment(replicas=0), "-web")),
        (SECRET, {"apiVersion": "v1", "kind": "Secret", "metadata": {}}),
    ],
)
async def test_a_bad_name_is_invalid(cluster: World, kind: Kind, manifest: Obj) -> None:
    with pytest.raises(Invalid) as refused:
        await cluster.create(kind, manifest)
    assert refused.value.status == 422
    assert "metadata.name" in str(refused.value)


@pytest.mark.parametrize("labels", [{"a": "x" * 64}, {"a": "sp ace"}, {"a b": "c"}, {"x" * 64: "c"}])
async def test_a_bad_label_is_invalid(cluster: World, labels: dict[str, str]) -> None:
    manifest = secret()
    manifest["metadata"]["labels"] = labels
    with pytest.raises(Invalid) as refused:
        await cluster.create(SECRET, manifest)
    assert "metadata.labels" in str(refused.value)


async def test_a_label_of_63_characters_is_taken(cluster: World) -> None:
    manifest = secret()
    manifest["metadata"]["labels"] = {"example.com/a": "x" * 63}
    assert await cluster.create(SECRET, manifest)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("spec",), "spec.foo"),
        (("metadata",), "metadata.foo"),
        (("spec", "template", "spec"), "spec.template.spec.foo"),
        (("spec", "template", "spec", "containers", 0), "spec.template.spec.containers[0].foo"),
    ],
)
async def test_unknown_fields_are_refused_in_a_create_and_in_a_patch(
    cluster: World, path: tuple[str | int, ...], field: str
) -> None:
    manifest = deployment(replicas=0)
    at(manifest, *path)["foo"] = "x"
    with pytest.raises(Invalid) as refused:
        await cluster.create(DEPLOYMENT, manifest)
    assert f'unknown field "{field}"' in str(refused.value)
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    pointer = "/" + "/".join(map(str, path)) + "/foo"
    with pytest.raises(Invalid) as refused:
        await cluster.api.patch(
            cluster.ref(DEPLOYMENT, "web"), [{"op": "add", "path": pointer, "value": "x"}]
        )
    assert f'unknown field "{field}"' in str(refused.value)


async def test_an_unknown_field_of_a_service_or_a_route_is_refused(cluster: World) -> None:
    with pytest.raises(Invalid):
        await cluster.create(SERVICE, service(selectors={}))
    spec = {"hostname": ["a.test"]}
    manifest = {"apiVersion": HTTPROUTE.api, "kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": spec}
    with pytest.raises(Invalid):
        await cluster.create(HTTPROUTE, manifest)


async def test_a_deployment_must_select_its_own_pods(cluster: World) -> None:
    with pytest.raises(Invalid) as refused:
        await cluster.create(DEPLOYMENT, deployment(selector={"matchLabels": {"app": "other"}}))
    assert "`selector` does not match template `labels`" in str(refused.value)


async def test_a_deployments_selector_is_immutable(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    ops: list[Obj] = [
        {"op": "add", "path": "/spec/selector/matchLabels/version", "value": "2"},
        {"op": "add", "path": "/spec/template/metadata/labels/version", "value": "2"},
    ]
    with pytest.raises(Invalid) as refused:
        await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), ops)
    assert "field is immutable" in str(refused.value)
    assert refused.value.status == 422


async def test_required_fields_are_all_told_at_once(cluster: World) -> None:
    with pytest.raises(Invalid) as refused:
        await cluster.create(
            DEPLOYMENT, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
        )
    assert "spec.selector: Required value" in str(refused.value)
    assert "spec.template.spec.containers: Required value" in str(refused.value)


async def test_an_immutable_secret_keeps_its_data_but_not_its_labels(cluster: World) -> None:
    await cluster.create(SECRET, secret() | {"immutable": True})
    ref = cluster.ref(SECRET, "box")
    for change in ({"data": {"a": "eHg="}}, {"immutable": False}, {"data": {"b": "eHg="}}):
        with pytest.raises(Invalid) as refused:
            await cluster.api.patch(ref, change, "merge")
        assert "field is immutable when `immutable` is set" in str(refused.value)
    made = await cluster.api.patch(ref, {"metadata": {"labels": {"a": "b"}}}, "merge")
    assert meta(made)["labels"] == {"a": "b"}


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # larger than any record may be
async def test_a_secret_may_hold_a_mebibyte(cluster: World) -> None:
    whole = base64.b64encode(b"x" * 1024 * 1024).decode()
    more = base64.b64encode(b"x" * (1024 * 1024 + 1)).decode()
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "big"}, "data": {"a": more}}
    with pytest.raises(Invalid) as refused:
        await cluster.create(SECRET, manifest)
    assert "may not be more than 1048576 bytes" in str(refused.value)
    assert await cluster.create(SECRET, manifest | {"data": {"a": whole}}, dry_run=True)


async def test_annotations_may_hold_a_quarter_of_that(cluster: World) -> None:
    manifest = secret()
    manifest["metadata"]["annotations"] = {"a": "x" * 262144}
    with pytest.raises(Invalid) as refused:
        await cluster.create(SECRET, manifest)
    assert "metadata.annotations" in str(refused.value)


async def test_secret_data_must_be_base64(cluster: World) -> None:
    with pytest.raises(Invalid):
        await cluster.create(SECRET, secret() | {"data": {"b": "%%"}})


@pytest.mark.parametrize(
    "spec",
    [{"leaseDurationSeconds": 0}, {"renewTime": "2026-01-01T00:00:00Z"}, {"leaseTransitions": -1}],
)
async def test_a_lease_is_checked(cluster: World, spec: Obj) -> None:
    manifest = {"apiVersion": LEASE.api, "kind": "Lease", "metadata": {"name": "lock"}, "spec": spec}
    with pytest.raises(Invalid):
        await cluster.create(LEASE, manifest)


async def test_several_ports_need_names(cluster: World) -> None:
    with pytest.raises(Invalid) as refused:
        await cluster.create(SERVICE, service(ports=[{"port": 80}, {"port": 81}]))
    assert "spec.ports[0].name: Required value" in str(refused.value)


async def test_a_cluster_ip_may_not_change(cluster: World) -> None:
    await cluster.create(SERVICE, service())
    with pytest.raises(Invalid) as refused:
        await cluster.api.patch(cluster.ref(SERVICE, "web"), {"spec": {"clusterIP": "10.96.0.77"}}, "merge")
    assert "may not change once set" in str(refused.value)


async def test_a_path_of_an_ingress_needs_a_type(cluster: World) -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"path": "/", "backend": backend}]}}]
    manifest = {
        "apiVersion": INGRESS.api,
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"rules": rules},
    }
    with pytest.raises(Invalid) as refused:
        await cluster.create(INGRESS, manifest)
    assert "pathType" in str(refused.value)


async def test_an_event_stands_in_the_namespace_of_what_it_is_about(cluster: World) -> None:
    about = {"kind": "Service", "name": "web", "namespace": "elsewhere"}
    manifest = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": about}
    with pytest.raises(Invalid):
        await cluster.create(EVENT, manifest)
    manifest["involvedObject"] = about | {"namespace": cluster.namespace}
    await cluster.create(EVENT, manifest)
    found = await cluster.api.list(
        EVENT, cluster.namespace, fields="involvedObject.name=web,involvedObject.kind=Service"
    )
    assert len(found["items"]) == 1


async def test_a_surge_and_unavailable_of_nothing_is_invalid(cluster: World) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
    with pytest.raises(Invalid):
        await cluster.create(DEPLOYMENT, deployment(strategy=strategy))

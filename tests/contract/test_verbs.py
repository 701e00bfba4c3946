"""Create, read, list, replace and delete, as both servers do them."""

import copy

import pytest

from bot.cluster.errors import Conflict, Exists, Invalid, NotFound, Refused
from strategies.objects import (
    DEPLOYMENT,
    ENDPOINTSLICE,
    LEASE,
    NAMESPACE,
    POD,
    SCALED_OBJECT,
    SECRET,
    SERVICE,
    VPA,
    Kind,
    Obj,
    Ref,
    at,
    meta,
    name_of,
    uid_of,
    version_of,
)
from tests.contract.world import World, deployment, pod, secret, service


def lease(holder: str = "a") -> Obj:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock"},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": 10,
            "renewTime": "2026-01-01T00:00:00.000000Z",
        },
    }


async def test_a_created_object_reads_back_with_name_uid_version_and_time(cluster: World) -> None:
    made = await cluster.create(SECRET, secret(a="1"))
    assert made == await cluster.get(SECRET, "box")
    assert made["data"] == {"a": "MQ=="}
    assert made["type"] == "Opaque"
    assert uid_of(made)
    assert int(version_of(made)) > 0
    assert meta(made)["creationTimestamp"].endswith("Z")
    assert made["kind"] == "Secret"


async def test_a_deployment_is_filled_in_as_the_documentation_says(cluster: World) -> None:
    made = await cluster.create(DEPLOYMENT, deployment(replicas=0))
    assert made["spec"] == {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "demo",
                        "image": "k8s-grpc-demo:v2",
                        "resources": {},
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File",
                        "imagePullPolicy": "Never",
                    }
                ],
                "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 30,
                "dnsPolicy": "ClusterFirst",
                "securityContext": {},
                "schedulerName": "default-scheduler",
            },
        },
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert meta(made)["generation"] == 1


async def test_a_service_is_given_an_address_and_a_node_port(cluster: World) -> None:
    made = await cluster.create(SERVICE, service(type="NodePort"))
    spec = copy.deepcopy(made["spec"])
    assert spec.pop("clusterIPs") == [spec.pop("clusterIP")]
    assert 30000 <= spec["ports"][0].pop("nodePort") <= 32767
    assert spec == {
        "ports": [{"name": "http", "protocol": "TCP", "port": 8000, "targetPort": 60001}],
        "selector": {"app": "web"},
        "type": "NodePort",
        "sessionAffinity": "None",
        "externalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
    assert "generation" not in meta(made)


async def test_a_readiness_probe_is_filled_in(cluster: World) -> None:
    manifest = deployment(replicas=0)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = {"httpGet": {"port": 60001, "path": "/healthz"}}
    container["ports"] = [{"containerPort": 60001}]
    made = await cluster.create(DEPLOYMENT, manifest)
    found = at(made, "spec", "template", "spec", "containers", 0)
    assert found["ports"] == [{"containerPort": 60001, "protocol": "TCP"}]
    assert found["readinessProbe"] == {
        "httpGet": {"path": "/healthz", "port": 60001, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


async def test_a_name_is_taken_once(cluster: World) -> None:
    await cluster.create(SECRET, secret())
    with pytest.raises(Exists) as refused:
        await cluster.create(SECRET, secret())
    assert str(refused.value) == 'secrets "box" already exists'


async def test_of_a_generated_name_each_object_gets_its_own(cluster: World) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "gen-"}}
    one, two = await cluster.create(SECRET, manifest), await cluster.create(SECRET, manifest)
    assert name_of(one) != name_of(two)
    assert name_of(one).startswith("gen-")
    assert len(name_of(one)) == len("gen-") + 5


async def test_what_is_not_there_is_not_found_by_its_full_name(cluster: World) -> None:
    with pytest.raises(NotFound) as refused:
        await cluster.get(DEPLOYMENT, "nope")
    assert str(refused.value) == 'deployments.apps "nope" not found'


async def test_a_namespace_that_is_not_there_takes_nothing(cluster: World) -> None:
    with pytest.raises(NotFound) as refused:
        await cluster.api.create(SECRET, "contract-nowhere", secret())
    assert str(refused.value) == 'namespaces "contract-nowhere" not found'


@pytest.mark.parametrize("kind", [VPA, SCALED_OBJECT])
async def test_a_group_that_is_not_there_is_not_found(cluster: World, kind: Kind) -> None:
    with pytest.raises(NotFound):
        await cluster.api.list(kind, cluster.namespace)


async def test_a_list_is_narrowed_by_labels_and_by_name(cluster: World) -> None:
    for name, labels in (("a", {"app": "x", "track": "old"}), ("b", {"app": "x"}), ("c", {"app": "y"})):
        await cluster.create(SECRET, secret(name) | {"metadata": {"name": name, "labels": labels}})

    async def names(labels: str = "", fields: str = "") -> list[str]:
        found = await cluster.api.list(SECRET, cluster.namespace, labels=labels, fields=fields)
        return [name_of(o) for o in found["items"] if "kubernetes.io" not in o["type"]]

    assert await names() == ["a", "b", "c"]
    assert await names("app=x") == ["a", "b"]
    assert await names("app=x,!track") == ["b"]
    assert await names("app in (x, y),track notin (old)") == ["b", "c"]
    assert await names("app!=x") == ["c"]
    assert await names("track") == ["a"]
    assert await names(fields="metadata.name=b") == ["b"]
    assert await names("app=x", "metadata.name!=b") == ["a"]


async def test_items_of_a_list_carry_no_kind_and_the_list_a_version_to_watch_from(cluster: World) -> None:
    made = await cluster.create(SECRET, secret())
    listed = await cluster.api.list(SECRET, cluster.namespace, fields="metadata.name=box")
    assert listed["kind"] == "SecretList"
    assert "kind" not in listed["items"][0]
    assert int(meta(listed)["resourceVersion"]) >= int(version_of(made))


async def test_a_limited_list_says_that_there_is_more(cluster: World) -> None:
    for name in "abc":
        await cluster.create(LEASE, lease() | {"metadata": {"name": name}})
    page = await cluster.api.list(LEASE, cluster.namespace, limit=2)
    assert [name_of(o) for o in page["items"]] == ["a", "b"]
    assert meta(page)["continue"]
    assert meta(page)["remainingItemCount"] == 1


async def test_a_bad_selector_is_refused(cluster: World) -> None:
    with pytest.raises(Invalid):
        await cluster.api.list(SECRET, cluster.namespace, labels="a b=c")
    with pytest.raises(Invalid):
        await cluster.api.list(DEPLOYMENT, cluster.namespace, fields="spec.replicas=1")


async def test_a_replace_with_a_stale_version_is_a_conflict(cluster: World) -> None:
    made = await cluster.create(LEASE, lease("a"))
    newer = await cluster.api.replace(
        cluster.ref(LEASE, "lock"), {**made, "spec": made["spec"] | {"holderIdentity": "b"}}
    )
    assert at(newer, "spec", "holderIdentity") == "b"
    with pytest.raises(Conflict) as refused:
        await cluster.api.replace(
            cluster.ref(LEASE, "lock"), {**made, "spec": made["spec"] | {"holderIdentity": "c"}}
        )
    assert "the object has been modified" in str(refused.value)
    assert at(await cluster.get(LEASE, "lock"), "spec", "holderIdentity") == "b"


async def test_without_a_version_a_deployment_is_replaced_and_a_lease_is_not(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    replaced = await cluster.api.replace(
        cluster.ref(DEPLOYMENT, "web"), deployment(replicas=0, minReadySeconds=3)
    )
    assert at(replaced, "spec", "minReadySeconds") == 3
    await cluster.create(LEASE, lease())
    with pytest.raises(Invalid):
        await cluster.api.replace(cluster.ref(LEASE, "lock"), lease("b"))


async def test_a_replaced_service_keeps_its_address_and_node_port(cluster: World) -> None:
    made = await cluster.create(SERVICE, service(type="NodePort"))
    replaced = await cluster.api.replace(
        cluster.ref(SERVICE, "web"), service(type="NodePort", selector={"app": "other"})
    )
    assert at(replaced, "spec", "selector") == {"app": "other"}
    assert at(replaced, "spec", "clusterIP") == at(made, "spec", "clusterIP")
    assert at(replaced, "spec", "ports", 0, "nodePort") == at(made, "spec", "ports", 0, "nodePort")


async def test_a_wished_node_port_that_is_taken_is_refused(cluster: World) -> None:
    made = await cluster.create(SERVICE, service(type="NodePort"))
    port = at(made, "spec", "ports", 0, "nodePort")
    wished = service("two", type="NodePort", ports=[{"port": 80, "nodePort": port}])
    with pytest.raises(Invalid) as refused:
        await cluster.create(SERVICE, wished)
    assert "provided port is already allocated" in str(refused.value)


async def test_a_deleted_deployment_answers_a_status_a_deleted_service_itself(cluster: World) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    await cluster.create(SERVICE, service())
    status = await cluster.api.delete(cluster.ref(DEPLOYMENT, "web"))
    assert (status["kind"], status["status"]) == ("Status", "Success")
    last = await cluster.api.delete(cluster.ref(SERVICE, "web"))
    assert (last["kind"], name_of(last)) == ("Service", "web")
    with pytest.raises(NotFound):
        await cluster.api.delete(cluster.ref(SERVICE, "web"))


@pytest.mark.parametrize("condition", [{"uid": "not-this-one"}, {"seen": "1"}])
async def test_a_delete_with_a_failed_precondition_deletes_nothing(
    cluster: World, condition: dict[str, str]
) -> None:
    await cluster.create(SECRET, secret())
    with pytest.raises(Conflict) as refused:
        await cluster.api.delete(
            cluster.ref(SECRET, "box"), uid=condition.get("uid", ""), seen=condition.get("seen", "")
        )
    assert "precondition" in str(refused.value)
    assert await cluster.get(SECRET, "box")


async def test_a_delete_with_met_preconditions_deletes(cluster: World) -> None:
    made = await cluster.create(SECRET, secret())
    await cluster.api.delete(cluster.ref(SECRET, "box"), uid=uid_of(made), seen=version_of(made))
    with pytest.raises(NotFound):
        await cluster.get(SECRET, "box")


async def test_dry_runs_answer_what_would_be_and_change_nothing(cluster: World) -> None:
    seen = await cluster.create(SERVICE, service(), dry_run=True)
    assert at(seen, "spec", "sessionAffinity") == "None"
    with pytest.raises(NotFound):
        await cluster.get(SERVICE, "web")
    made = await cluster.create(SECRET, secret())
    seen = await cluster.api.patch(
        cluster.ref(SECRET, "box"), {"metadata": {"labels": {"a": "b"}}}, "merge", dry_run=True
    )
    assert meta(seen)["labels"] == {"a": "b"}
    await cluster.api.delete(cluster.ref(SECRET, "box"), dry_run=True)
    assert await cluster.get(SECRET, "box") == made


async def test_a_finalizer_holds_a_deleted_object_until_it_is_taken_off(cluster: World) -> None:
    manifest = secret()
    manifest["metadata"]["finalizers"] = ["example.com/hold"]
    await cluster.create(SECRET, manifest)
    await cluster.api.delete(cluster.ref(SECRET, "box"))
    held = await cluster.get(SECRET, "box")
    assert meta(held)["deletionTimestamp"]
    await cluster.api.patch(cluster.ref(SECRET, "box"), {"metadata": {"finalizers": None}}, "merge")
    with pytest.raises(NotFound):
        await cluster.get(SECRET, "box")


async def test_dependants_go_with_their_owner(cluster: World) -> None:
    owner = await cluster.create(SECRET, secret("owner"))
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": uid_of(owner)}
    manifest = secret("child")
    manifest["metadata"]["ownerReferences"] = [reference]
    await cluster.create(SECRET, manifest)
    await cluster.api.delete(cluster.ref(SECRET, "owner"))
    await cluster.gone(SECRET, "child")


async def test_a_slice_goes_with_its_service(cluster: World) -> None:
    await cluster.create(SERVICE, service())
    await cluster.settled(ENDPOINTSLICE, lambda found: len(found) == 1)
    await cluster.api.delete(cluster.ref(SERVICE, "web"))
    await cluster.settled(ENDPOINTSLICE, lambda found: not found)


async def test_a_pod_that_never_got_a_node_is_gone_at_once(cluster: World) -> None:
    await cluster.create(POD, pod(nodeSelector={"no": "node"}))
    await cluster.until(POD, "one", lambda p: bool(at(p, "status", "conditions")))
    last = await cluster.api.delete(cluster.ref(POD, "one"))
    assert last["kind"] == "Pod"
    with pytest.raises(NotFound):
        await cluster.get(POD, "one")


async def test_a_namespace_takes_its_content_with_it(cluster: World) -> None:
    name = f"{cluster.namespace}-2"
    await cluster.api.create(
        NAMESPACE, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    await cluster.api.create(SECRET, name, secret())
    going = await cluster.api.delete(Ref(NAMESPACE, "", name))
    assert at(going, "status", "phase") in ("Terminating", None)
    second = World(cluster.api, "", cluster.embedded)
    await second.settled(NAMESPACE, lambda found: name not in map(name_of, found), seconds=50)
    with pytest.raises(Refused):
        await cluster.api.create(SECRET, name, secret())

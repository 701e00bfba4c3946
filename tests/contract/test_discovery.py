"""What clients ask before anything else, and who they are told they are."""

import pytest

from bot.cluster.errors import NotFound
from bot.cluster.reviews import whoami
from strategies.objects import Kind
from tests.contract.world import World


async def test_the_version_is_told(cluster: World) -> None:
    found = await cluster.api.raw("/version")
    assert found["major"] == "1"
    assert found["gitVersion"].startswith("v1.")


async def test_groups_and_their_resources_can_be_discovered(cluster: World) -> None:
    assert (await cluster.api.raw("/api"))["versions"] == ["v1"]
    groups = {g["name"] for g in (await cluster.api.raw("/apis"))["groups"]}
    assert groups >= {
        "apps",
        "autoscaling",
        "coordination.k8s.io",
        "networking.k8s.io",
        "gateway.networking.k8s.io",
    }
    listed = (await cluster.api.raw("/apis/apps/v1"))["resources"]
    found = {r["name"]: r for r in listed}
    assert found["deployments"]["kind"] == "Deployment"
    assert found["deployments"]["namespaced"]
    assert found["deployments/scale"]["kind"] == "Scale"
    assert set(found["deployments"]["verbs"]) >= {"get", "list", "watch", "create", "patch", "delete"}
    core = {r["name"] for r in (await cluster.api.raw("/api/v1"))["resources"]}
    assert core >= {"pods", "services", "secrets", "events", "namespaces", "pods/status"}


async def test_a_group_that_is_not_there_is_answered_in_plain_text(cluster: World) -> None:
    with pytest.raises(NotFound) as refused:
        await cluster.api.raw("/apis/keda.sh/v1alpha1")
    assert str(refused.value) == "404 page not found"


async def test_the_server_says_that_it_is_ready(cluster: World) -> None:
    status, _, body = await cluster.api.proxy("/readyz")
    assert (status, body) == (200, b"ok")


async def test_one_is_told_who_one_is(cluster: World) -> None:
    name, groups = await whoami(cluster.api)
    assert name
    assert "system:authenticated" in groups


async def test_one_is_told_what_one_may(cluster: World) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {"namespace": cluster.namespace, "verb": "patch", "resource": "services"}
        },
    }
    kind = Kind(
        "authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
    )
    answer = await cluster.api.create(kind, "", review)
    assert answer["status"]["allowed"] is True

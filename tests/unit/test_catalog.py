"""What a form proposes is what the planner would find, and versions are those of the same image."""

from typing import Any

from strategies import catalog
from strategies.catalog import Known
from strategies.objects import DEPLOYMENT, REPLICASET, SERVICE
from strategies.snapshot import Snapshot
from strategies.target import SERVICE_NOTE, find
from tests.slack import stories


def deployment(name: str, image: str = "reg/shop:v1", **labels: str) -> dict[str, Any]:
    """One Deployment with these labels on its pods."""
    spec = {
        "replicas": 1,
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def snapshot(*deployments: dict[str, Any], selector: dict[str, str]) -> Snapshot:
    """They, and one Service."""
    service = {"metadata": {"name": "svc"}, "spec": {"selector": selector}}
    return Snapshot(
        "default", {DEPLOYMENT: {d["metadata"]["name"]: d for d in deployments}, SERVICE: {"svc": service}}
    )


def names(seen: Snapshot) -> list[str]:
    """The names that are proposed."""
    return [entry.service for entry in catalog.entries(seen)]


def test_the_seed_is_proposed_under_the_name_that_people_type() -> None:
    (entry,) = catalog.entries(stories.seed())
    assert (entry.service, entry.deployment, entry.versions) == ("k8sdemo", "k8sdemo-deploy", ("v2",))


def test_two_with_the_same_label_are_proposed_by_their_own_names_and_both_are_found() -> None:
    seen = snapshot(deployment("web", app="shop"), deployment("worker", app="shop"), selector={"app": "shop"})
    assert names(seen) == ["web", "worker"]


def test_what_no_service_leads_to_and_a_canary_of_ours_are_not_proposed() -> None:
    ours = deployment("web-canary", app="web")
    ours["metadata"]["labels"] = {"app": "web", "graylight/track": "canary"}
    seen = snapshot(
        deployment("web", app="web"), deployment("batch", app="batch"), ours, selector={"app": "web"}
    )
    assert names(seen) == ["web"]


def test_the_annotation_gives_the_name() -> None:
    noted = deployment("web", app="shop")
    noted["metadata"]["annotations"] = {SERVICE_NOTE: "Storefront"}
    assert names(snapshot(noted, selector={"app": "shop"})) == ["Storefront"]


def test_every_proposed_name_is_found_as_that_deployment() -> None:
    seen = stories.seed()
    for entry in catalog.entries(seen):
        target = find(seen, entry.service)
        assert getattr(target, "deployment", None) is not None, target
        assert target.deployment["metadata"]["name"] == entry.deployment  # type: ignore[union-attr]  # see above


def test_versions_come_from_other_environments_first_then_from_the_past_and_what_runs_is_last() -> None:
    (here,) = catalog.entries(snapshot(deployment("web", app="web"), selector={"app": "web"}))
    elsewhere = [deployment("web", "reg/shop:v3"), deployment("other", "reg/pay:v9")]
    stood = deployment("web-abc", "reg/shop:v0")
    stood["spec"]["replicas"] = 0
    past = stories.rolled_back(
        stories.asking(stories.proven(stories.started(stories.planned(steps=(25, 100)))))
    )
    assert REPLICASET.name == "ReplicaSet"
    found = catalog.versions(here, "default", [("default", [stood]), ("prod", elsewhere)], [past])
    assert found == (
        Known("v3", "prod"),
        Known("v0"),
        Known("v6", "", "k8sdemo-17", "rolled-back"),
        Known("v2", "", "k8sdemo-17"),
        Known("v1", "default"),
    )

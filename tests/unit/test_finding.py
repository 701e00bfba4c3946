"""Finding what a person means: which Deployment, which Services lead to it, and what is said when that is not clear."""

import pytest

from strategies import stock
from strategies.objects import (
    DAEMONSET,
    DEPLOYMENT,
    HTTPROUTE,
    INGRESS,
    POD,
    SERVICE,
    STATEFULSET,
    Kind,
    Labels,
    Obj,
    name_of,
)
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot
from strategies.target import Target, find
from tests.unit.manifests import deployment, ingress, plus, pods, route, service, shop, snapshot, workload


def found(seen: Snapshot, name: str = "web") -> Target:
    target = find(seen, name)
    assert isinstance(target, Target), target
    return target


def refused(seen: Snapshot, name: str = "web") -> Refusal:
    said = find(seen, name)
    assert isinstance(said, Refusal), said
    return said


def system(*made: Obj, selector: Labels | None = None) -> Snapshot:
    """These Deployments with their pods, and one Service."""
    served = service("web-svc", selector={"app": "web"} if selector is None else selector)
    return snapshot((DEPLOYMENT, list(made)), (POD, [p for d in made for p in pods(d)]), (SERVICE, served))


@pytest.mark.parametrize("key", ["app", "app.kubernetes.io/name", "app.kubernetes.io/instance"])
@pytest.mark.parametrize("where", ["of the Deployment", "of its pods"])
def test_a_service_is_found_by_a_label(key: str, where: str) -> None:
    labels = {"tier": "front"} | ({key: "web"} if where == "of its pods" else {})
    own = {key: "web"} if where == "of the Deployment" else {}
    seen = system(deployment("some-deploy", labels, own=own), selector={"tier": "front"})
    target = found(seen)
    assert name_of(target.deployment) == "some-deploy"
    assert [name_of(s) for s in target.services] == ["web-svc"]


def test_a_service_is_found_by_the_deployments_name() -> None:
    assert found(system(deployment("web", {"x": "y"}), selector={"x": "y"})).service == "web"


def test_the_annotation_wins_over_names_and_labels() -> None:
    noted = deployment("other", {"x": "y"}, notes={"graylight/service": "web"})
    seen = plus(system(noted, selector={"x": "y"}), (DEPLOYMENT, deployment("web", {"app": "web"})))
    assert name_of(found(seen).deployment) == "other"


def test_the_annotated_name_is_the_services_name_whatever_was_typed() -> None:
    noted = deployment("other", {"app": "web"}, notes={"graylight/service": "shop"})
    assert found(system(noted)).service == "shop"


def test_the_deployment_of_a_replaced_one_is_still_found_by_the_first_ones_name() -> None:
    new = deployment("web-v6", {"app": "site"}, notes={"graylight/base": "web"})
    target = found(system(new, selector={"app": "site"}))
    assert (name_of(target.deployment), target.base) == ("web-v6", "web")


def test_the_base_is_the_deployments_own_name_before_any_release() -> None:
    assert found(system(deployment("web-deploy", {"app": "web"}))).base == "web-deploy"


def test_one_kept_from_last_time_is_not_the_live_one() -> None:
    old = deployment("web", {"app": "web", "version": "1"})
    new = deployment("web-v2", {"app": "web", "version": "2"}, notes={"graylight/base": "web"})
    target = found(system(old, new, selector={"app": "web", "version": "2"}))
    assert name_of(target.deployment) == "web-v2"


def test_a_track_of_a_release_is_no_candidate() -> None:
    canary = deployment("web-canary", {"app": "web"}, own={"app": "web", "graylight/track": "canary"})
    assert name_of(found(system(deployment("web", {"app": "web"}), canary)).deployment) == "web"


def test_what_a_release_is_about_to_put_in_its_place_is_no_candidate_while_both_stand() -> None:
    old = deployment("web", {"app": "web", "version": "1"})
    notes = {"graylight/base": "web", "graylight/release": "web-1"}
    new = deployment("web-v2", {"app": "web", "version": "2"}, notes=notes)
    both = system(old, new, selector={"app": "web"})
    assert name_of(found(both).deployment) == "web"
    assert [(item.service, item.deployment) for item in stock.of(both)] == [("web", "web")]
    alone = system(new, selector={"app": "web"})  # the old one is gone, the marks not yet
    assert name_of(found(alone).deployment) == "web-v2"


def test_every_service_whose_selector_covers_the_pods_is_found() -> None:
    seen = plus(
        system(deployment("web", {"app": "web", "tier": "front"})),
        (SERVICE, service("by-tier", selector={"tier": "front"})),
        (SERVICE, service("elsewhere", selector={"app": "shop"})),
        (SERVICE, service("external", selector={})),
    )
    assert [name_of(s) for s in found(seen).services] == ["by-tier", "web-svc"]


def test_the_routes_to_those_services_are_found_and_no_others() -> None:
    seen = plus(
        system(deployment("web", {"app": "web"})),
        (INGRESS, ingress("web-svc", "here")),
        (INGRESS, ingress("elsewhere", "there")),
        (
            INGRESS,
            {"metadata": {"name": "all"}, "spec": {"defaultBackend": {"service": {"name": "web-svc"}}}},
        ),
        (HTTPROUTE, route("web-svc", "route")),
        (HTTPROUTE, route("elsewhere", "away")),
    )
    target = found(seen)
    assert [name_of(i) for i in target.ingresses] == ["all", "here"]
    assert [name_of(r) for r in target.routes] == ["route"]


def test_the_seed_is_found_as_it_is() -> None:
    target = found(shop(), "k8sdemo")
    assert (name_of(target.deployment), target.base) == ("k8sdemo-deploy", "k8sdemo-deploy")
    assert [name_of(s) for s in target.services] == ["k8sdemo-svc"]
    assert [name_of(i) for i in target.ingresses] == ["k8sdemo-ingress"]


def test_two_that_could_be_meant_are_both_named() -> None:
    said = refused(system(deployment("a", {"app": "web"}), deployment("b", {"app": "web"})))
    assert said.code == "ambiguous"
    assert "`a`, `b`" in said.what
    assert "graylight/service: web" in said.remedy


def test_of_two_the_one_of_that_very_name_is_meant() -> None:
    seen = system(deployment("web", {"app": "web"}), deployment("b", {"app": "web"}))
    assert name_of(found(seen).deployment) == "web"


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    said = refused(system(deployment("web", {"app": "web"}), deployment("shop", {"x": "y"})), "wbe")
    assert said.code == "not-found"
    assert "namespace `shop`" in said.what
    assert "`shop`, `web`" in said.remedy


def test_an_empty_namespace_says_so() -> None:
    assert "no Deployment in it at all" in refused(snapshot()).remedy


@pytest.mark.parametrize(("kind", "name"), [(STATEFULSET, "StatefulSet"), (DAEMONSET, "DaemonSet")])
def test_another_workload_of_that_name_is_named_as_what_it_is(kind: Kind, name: str) -> None:
    for made in (workload("web"), workload("db", {"app": "web"})):
        said = refused(snapshot((kind, made)))
        assert (said.code, name in said.what) == ("not-a-deployment", True)
        assert "kubectl rollout" in said.remedy


def test_a_services_own_name_is_answered_with_the_deployments_behind_it() -> None:
    said = refused(system(deployment("web", {"app": "web"})), "web-svc")
    assert (said.code, "`web`" in said.remedy) == ("not-found", True)


def test_a_service_without_pods_is_said_to_be_one() -> None:
    said = refused(system(deployment("web", {"app": "other"})), "web-svc")
    assert (said.code, "web-svc" in said.what) == ("service-without-pods", True)


def test_a_deployment_that_no_service_selects_is_refused_by_name() -> None:
    said = refused(system(deployment("web", {"app": "web"}), selector={"app": "shop"}))
    assert (said.code, "`web`" in said.what) == ("no-service", True)


@pytest.mark.parametrize(
    ("code", "spec", "status", "word"),
    [
        ("scaled-to-zero", {"replicas": 0}, {}, "kubectl scale"),
        ("paused", {"paused": True}, {}, "kubectl rollout resume"),
        ("rolling-already", {}, {"updatedReplicas": 1}, "kubectl rollout status"),
        ("rolling-already", {}, {"availableReplicas": 2}, "kubectl rollout status"),
        ("rolling-already", {}, {"replicas": 4}, "kubectl rollout status"),
        ("rolling-already", {}, {"observedGeneration": 0}, "kubectl rollout status"),
        (
            "rolling-already",
            {},
            {"conditions": [{"type": "Progressing", "reason": "ReplicaSetUpdated"}]},
            "kubectl rollout status",
        ),
    ],
)
def test_a_deployment_that_does_not_stand_still_is_refused_with_a_command(
    code: str, spec: Obj, status: Obj, word: str
) -> None:
    made = deployment("web", {"app": "web"})
    made["spec"] |= spec
    made["status"] |= status
    said = refused(system(made))
    assert said.code == code
    assert "Deployment web" in said.what
    assert word in said.remedy


def test_a_deployment_without_pods_is_refused() -> None:
    made = deployment("web", {"app": "web"})
    seen = snapshot((DEPLOYMENT, made), (SERVICE, service("web-svc", selector={"app": "web"})))
    assert refused(seen).code == "no-pods"

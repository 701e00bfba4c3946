"""What a plan writes, rehearsed: every object once, compared line by line with what stands."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strategies.changes import compare
from strategies.objects import HPA, HTTPROUTE, INGRESS, PDB
from strategies.plan import Plan
from strategies.rehearsal import Rehearsed, rehearse
from strategies.snapshot import Snapshot
from strategies.spec import Strategy
from strategies.writes import Create
from tests.unit.cases import BOTH, by_ingress
from tests.unit.drive import planned
from tests.unit.fakeroute import route
from tests.unit.manifests import hpa, pdb, plus, shop
from tests.unit.world import World

JSON = st.recursive(
    st.one_of(st.integers(0, 3), st.sampled_from("abc")),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("xyz"), inner)),
    max_leaves=8,
)


def written(seen: Snapshot, **asked: Any) -> dict[str, Rehearsed]:
    plan = planned(seen, Strategy.CANARY, **{"router": None, **asked})
    assert isinstance(plan, Plan), plan
    return {str(one.write.ref): one for one in rehearse(plan, seen)}


def lines(seen: Snapshot, name: str, **asked: Any) -> tuple[str, ...]:
    """As a server that takes every write would have it."""
    one = written(seen, **asked)[name]
    world = World({kind: dict(found) for kind, found in seen.objects.items()})
    world.apply(one.write)
    return compare(one.before, world.get(one.write.ref.kind, one.write.ref.name))


def test_a_release_by_route_writes_the_new_track_its_service_the_route_and_the_live_service() -> None:
    seen = plus(shop(), (HTTPROUTE, route("web")))
    assert list(written(seen)) == [
        "Service k8sdemo-svc-canary",
        "Deployment k8sdemo-deploy-v6",
        "HTTPRoute web",
        "Service k8sdemo-svc",
    ]


def test_a_release_in_place_writes_the_live_deployment_too() -> None:
    seen = plus(shop("nowhere"), (HTTPROUTE, route("web")))
    assert "Deployment k8sdemo-deploy" in written(seen)


def test_what_scales_and_protects_is_told_too() -> None:
    seen = plus(shop(), (HTTPROUTE, route("web")), (HPA, hpa()), (PDB, pdb(BOTH)))
    found = written(seen)
    assert "HorizontalPodAutoscaler k8sdemo-hpa" in found
    assert "PodDisruptionBudget k8sdemo-pdb" in found


def test_a_new_object_is_compared_with_the_one_it_is_modelled_on() -> None:
    said = lines(plus(shop(), (HTTPROUTE, route("web"))), "Deployment k8sdemo-deploy-v6")
    assert "~ spec.template.spec.containers[0].image: k8s-grpc-demo:v2 → k8s-grpc-demo:v6" in said
    assert "~ spec.selector.matchLabels.version: 1.0.0 → v6" in said
    twin = lines(plus(shop(), (HTTPROUTE, route("web"))), "Service k8sdemo-svc-canary")
    assert "~ spec.selector.version: 1.0.0 → v6" in twin


def test_a_canary_ingress_is_compared_with_the_main_one() -> None:
    found = written(by_ingress())
    one = found["Ingress k8sdemo-ingress-canary"]
    assert isinstance(one.write, Create)
    assert one.before == by_ingress().find(INGRESS, "k8sdemo-ingress") or one.before is not None
    said = lines(by_ingress(), "Ingress k8sdemo-ingress-canary", steps=(10,))
    assert "+ annotations.nginx.ingress.kubernetes.io/canary-weight: 10" in said
    assert "~ spec.rules[0].http.paths[0].backend.service.name: k8sdemo-svc → k8sdemo-svc-canary" in said


def test_the_route_differs_in_its_backends_and_nothing_else() -> None:
    said = lines(plus(shop(), (HTTPROUTE, route("web"))), "HTTPRoute web", steps=(25,))
    assert said
    assert all(".backendRefs" in line for line in said)


@given(JSON, JSON)
def test_there_is_a_line_exactly_where_something_differs(before: Any, after: Any) -> None:
    said = compare({"spec": {"a": before}}, {"spec": {"a": after}})
    assert bool(said) is (before != after)


@given(JSON)
def test_an_element_that_moved_in_is_one_line(element: Any) -> None:
    kept = [{"name": "one"}, {"name": "two"}]
    said = compare({"spec": {"rules": kept}}, {"spec": {"rules": [{"new": element}, *kept]}})
    assert len(said) == 1
    assert said[0].startswith("+ spec.rules[0]: ")


def test_what_the_server_sets_itself_is_no_difference() -> None:
    before = {"spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30001}]}}
    assert compare(before, {"spec": {"clusterIP": "10.0.0.2", "ports": [{"port": 80}]}}) == ()

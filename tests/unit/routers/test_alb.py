"""Alibaba's ALB: which canary Ingresses there are, their orders, what is refused, and the laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.lens import Audience, Split
from strategies.objects import INGRESS, Obj, annotations_of
from strategies.routers.alb import ALB, CONTROLLER
from strategies.snapshot import Snapshot
from tests.unit.routers import ingress as make
from tests.unit.routers.laws import LAWS, hold
from tests.unit.routers.world import edited, lane_of, plain, refused, seen, service, shifted

NOTE = "alb.ingress.kubernetes.io/"
BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")
CLASS = make.ingress_class(CONTROLLER, "alb")


def only(*rules: Obj, notes: dict[str, str] | None = None, more: Any = (), **spec: Any) -> Snapshot:
    main = make.ingress(*rules, notes=notes, **({"ingressClassName": "alb"} | spec))
    return seen(CLASS, main, service("web"), *more)


def notes_of(snapshot: Snapshot, name: str) -> dict[str, str]:
    found = annotations_of(snapshot.find(INGRESS, name) or {})
    return {k.removeprefix(NOTE): v for k, v in found.items()}


def test_weight_header_and_cookie_have_an_ingress_each_the_weights_first() -> None:
    snapshot = only(notes={NOTE + "order": "20", NOTE + "listen-ports": '[{"HTTPS": 443}]'})
    split = Split(share=10, audiences=(BETA, COOKIE))
    made = shifted(ALB, lane_of(ALB, snapshot), snapshot, split)
    listen = {"listen-ports": '[{"HTTPS": 443}]', "canary": "true"}
    assert notes_of(made, "shop-canary") == listen | {"canary-weight": "10", "order": "17"}
    assert notes_of(made, "shop-canary-header") == listen | {
        "canary-by-header": "X-Canary",
        "canary-by-header-value": "beta",
        "order": "18",
    }
    assert notes_of(made, "shop-canary-cookie") == listen | {"canary-by-cookie": "canary", "order": "19"}


def test_an_audience_alone_leaves_room_for_the_weight_before_it() -> None:
    snapshot = only()
    lane = lane_of(ALB, snapshot)
    first = shifted(ALB, lane, snapshot, Split(share=0, audiences=(BETA,)))
    assert [i for i in first.objects[INGRESS] if i != "shop"] == ["shop-canary-header"]
    second = shifted(ALB, lane, first, Split(share=5, audiences=(BETA,)))
    orders = [int(notes_of(second, f"shop-canary{part}")["order"]) for part in ("", "-header")]
    assert orders == sorted(orders)
    assert orders[-1] < 10
    third = shifted(ALB, lane, second, Split(share=50))
    assert [i for i in third.objects[INGRESS] if i != "shop"] == ["shop-canary"]


def test_orders_that_others_have_are_left_to_them() -> None:
    others = [
        make.ingress(
            make.rule(host=f"{n}.test"), name=f"o{n}", ingressClassName="alb", notes={NOTE + "order": n}
        )
        for n in ("9", "7")
    ]
    elsewhere = make.ingress(name="nginx", ingressClassName="other", notes={NOTE + "order": "8"})
    snapshot = only(more=[*[(k, _aside(o)) for k, o in others], (elsewhere[0], _aside(elsewhere[1]))])
    made = shifted(ALB, lane_of(ALB, snapshot), snapshot, Split(share=1, audiences=(BETA, COOKIE)))
    orders = [notes_of(made, f"shop-canary{part}")["order"] for part in ("", "-header", "-cookie")]
    assert orders == ["5", "6", "8"]


def _aside(obj: Obj) -> Obj:
    """An Ingress that leads elsewhere."""
    for rule in obj["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            path["backend"]["service"]["name"] = "other"
    return obj


def test_no_order_below_the_main_one_is_refused() -> None:
    snapshot = only(notes={NOTE + "order": "3"})
    lane = lane_of(ALB, snapshot)
    no = refused(ALB.unfit(lane, Split(share=10), snapshot))
    assert no.code == "no-order"
    assert ALB.shift(lane, Split(share=10), snapshot) == ()


def test_an_order_that_somebody_takes_meanwhile_is_no_split_until_it_is_changed() -> None:
    snapshot = only(
        more=[(INGRESS, _aside(make.ingress(name="late", ingressClassName="alb", notes={"who": "bo"})[1]))]
    )
    lane = lane_of(ALB, snapshot)
    made = shifted(ALB, lane, snapshot, Split(share=10))
    order = notes_of(made, "shop-canary")["order"]
    clash = edited(
        made, INGRESS, "late", lambda o: o["metadata"]["annotations"].update({NOTE + "order": order})
    )
    assert ALB.split(lane, clash) is None
    assert notes_of(shifted(ALB, lane, clash, Split(share=10)), "shop-canary")["order"] != order


def test_each_path_has_a_rule_with_a_port_in_numbers() -> None:
    tls = [{"hosts": ["a.test"]}]
    rule = make.rule(make.path(at="/a", port={"name": "http"}), make.path("other", "/b"), make.path(at="/c"))
    snapshot = only(rule, tls=tls)
    made = shifted(ALB, lane_of(ALB, snapshot), snapshot, Split(share=1))
    own = made.find(INGRESS, "shop-canary") or {}
    assert own["spec"] == {
        "ingressClassName": "alb",
        "tls": tls,
        "rules": [make.rule(make.path("web-canary", "/a")), make.rule(make.path("web-canary", "/c"))],
    }


def test_a_port_that_the_service_does_not_have_is_refused() -> None:
    snapshot = only(make.rule(make.path(port={"name": "odd"})))
    assert refused(ALB.unfit(lane_of(ALB, snapshot), Split(share=1), snapshot)).code == "named-port"


def test_another_apps_canary_on_the_load_balancer_is_refused_by_its_name() -> None:
    theirs = make.ingress(
        make.rule(make.path("next"), host="else.test"),
        name="next",
        ingressClassName="alb",
        notes={NOTE + "canary": "true"},
    )
    no = refused(ALB.lanes("web", "web-canary", only(more=[theirs])))
    assert no.code == "canary-taken"
    assert "Ingress next" in no.what


@pytest.mark.parametrize(
    ("split", "code"),
    [
        (Split(share=5, per=1000), "router-cannot"),
        (Split(share=105, per=1000), "whole-percents"),
        (Split(share=0, audiences=(Audience(by="cookie", name="a", value="b"),)), "router-cannot"),
        (Split(share=0, audiences=(Audience(by="header", name="a", value="~b"),)), "router-cannot"),
        (Split(share=1, mirror=1), "router-cannot"),
    ],
)
def test_what_annotations_cannot_say_is_refused(split: Split, code: str) -> None:
    snapshot = only()
    assert refused(ALB.unfit(lane_of(ALB, snapshot), split, snapshot)).code == code


def test_other_classes_and_default_backends() -> None:
    assert ALB.lanes("web", "web-canary", seen(make.ingress_class(), make.ingress())) == ()
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    snapshot = only(make.rule(make.path("x")), defaultBackend=backend)
    assert refused(ALB.lanes("web", "web-canary", snapshot)).code == "default-backend"


def test_a_weight_that_somebody_writes_in_percent_counts_as_nothing() -> None:
    snapshot = only()
    lane = lane_of(ALB, snapshot)
    made = shifted(ALB, lane, snapshot, Split(share=10))
    odd = edited(
        made,
        INGRESS,
        "shop-canary",
        lambda o: o["metadata"]["annotations"].update({NOTE + "canary-weight": "10%"}),
    )
    assert ALB.split(lane, odd) is None
    assert plain(shifted(ALB, lane, odd, Split(share=10))) == plain(made)


SPLITS = st.builds(
    Split,
    share=st.integers(0, 100),
    audiences=st.lists(st.sampled_from((BETA, COOKIE)), unique=True).map(tuple),
)
EDITS = st.lists(st.sampled_from((make.described, make.another_host)), max_size=3)


@LAWS
@given(
    make.rules(),
    st.integers(1, 30),
    st.sets(st.integers(1, 30)),
    st.lists(SPLITS, min_size=1, max_size=4),
    EDITS,
)
def test_the_laws_hold_for_any_ingress(
    rules: list[Obj], order: int, taken: set[int], wanted: list[Split], edits: list[Any]
) -> None:
    others = [
        (
            INGRESS,
            _aside(make.ingress(name=f"o{n}", ingressClassName="alb", notes={NOTE + "order": str(n)})[1]),
        )
        for n in taken - {order}
    ]
    snapshot = only(*rules, notes={NOTE + "order": str(order)}, more=others)
    possible = order - 1 - len({n for n in taken if n < order}) >= 3
    assert hold(ALB, snapshot, wanted, edits) == possible

"""VirtualServices: golden cases, hosts and subsets, what is refused, and the laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.lens import Audience, Split
from strategies.objects import DESTINATIONRULE, VIRTUALSERVICE, Kind, Obj, at
from strategies.routers.istio import ISTIO
from strategies.snapshot import Snapshot
from tests.unit.routers.laws import LAWS, hold, splits
from tests.unit.routers.world import applied, edited, given_back, lane_of, plain, refused, seen, shifted

BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")


def to(host: str = "web", weight: int | None = None, subset: str = "", **more: Any) -> Obj:
    destination = {"host": host, "port": {"number": 80}} | ({"subset": subset} if subset else {})
    return {"destination": destination, **({} if weight is None else {"weight": weight}), **more}


def http(*entries: Obj, **more: Any) -> Obj:
    return {"route": list(entries or (to(),)), **more}


def service(*routes: Obj, namespace: str = "shop", **spec: Any) -> tuple[Kind, Obj]:
    told = {"hosts": ["shop.test"], "gateways": ["istio-system/public"], **spec}
    meta = {"name": "shop", "namespace": namespace}
    return VIRTUALSERVICE, {"metadata": meta, "spec": {**told, "http": list(routes)}}


def routes_of(snapshot: Snapshot) -> list[Obj]:
    return list(at(snapshot.find(VIRTUALSERVICE, "shop"), "spec", "http"))


def test_ten_percent_are_ninety_and_ten_that_sum_to_a_hundred() -> None:
    snapshot = seen(service(http(timeout="5s")))
    (patch,) = ISTIO.shift(lane_of(ISTIO, snapshot), Split(share=10), snapshot)
    assert patch.ops == (
        {"op": "add", "path": "/spec/http/0/route/1", "value": to("web-canary", 10)},
        {"op": "add", "path": "/spec/http/0/route/0/weight", "value": 90},
    )


def test_an_audience_is_a_route_before_with_the_own_match_and_all_else_of_it() -> None:
    own = {"uri": {"prefix": "/api"}, "headers": {"x-team": {"exact": "a"}}}
    main = http(match=[own], name="api", timeout="5s", retries={"attempts": 2})
    snapshot = seen(service(http(to("other"), match=[{"uri": {"prefix": "/x"}}]), main))
    lane = lane_of(ISTIO, snapshot)
    assert [(p.host, p.prefix) for p in lane.paths] == [("shop.test", "/api")]
    (patch,) = ISTIO.shift(lane, Split(share=0, audiences=(BETA, COOKIE)), snapshot)
    cookie = {"regex": r"^(.*;\s*)?canary=always(;.*)?$"}
    added = {
        "timeout": "5s",
        "retries": {"attempts": 2},
        "match": [
            {**own, "headers": {"x-team": {"exact": "a"}, "x-canary": {"exact": "beta"}}},
            {**own, "headers": {"x-team": {"exact": "a"}, "cookie": cookie}},
        ],
        "route": [to("web-canary")],
    }
    assert patch.ops == ({"op": "add", "path": "/spec/http/1", "value": added},)


def test_each_route_that_leads_to_the_service_has_its_audience_before_it() -> None:
    snapshot = seen(service(http(match=[{"uri": {"exact": "/a"}}]), http(to("other")), http()))
    lane = lane_of(ISTIO, snapshot)
    assert [a.code for a in ISTIO.advice(lane, snapshot)] == ["several-rules"]
    made = routes_of(shifted(ISTIO, lane, snapshot, Split(share=50, audiences=(BETA,))))
    hosts = [[d["destination"]["host"] for d in r["route"]] for r in made]
    assert hosts == [["web-canary"], ["web", "web-canary"], ["other"], ["web-canary"], ["web", "web-canary"]]


def test_an_audience_that_somebody_moved_behind_its_route_is_not_true_any_more() -> None:
    snapshot = seen(service(http()))
    lane = lane_of(ISTIO, snapshot)
    made = shifted(ISTIO, lane, snapshot, Split(share=0, audiences=(BETA,)))
    moved = edited(made, VIRTUALSERVICE, "shop", lambda o: o["spec"]["http"].reverse())
    assert ISTIO.split(lane, moved) is None
    assert plain(shifted(ISTIO, lane, moved, Split(share=0, audiences=(BETA,)))) == plain(made)


def test_an_audience_that_somebody_widened_is_no_audience_of_ours() -> None:
    snapshot = seen(service(http()))
    lane = lane_of(ISTIO, snapshot)
    made = shifted(ISTIO, lane, snapshot, Split(share=0, audiences=(BETA,)))
    wide = edited(made, VIRTUALSERVICE, "shop", lambda o: o["spec"]["http"][0]["match"].append({"uri": {}}))
    assert ISTIO.split(lane, wide) is None
    assert plain(shifted(ISTIO, lane, wide, Split(share=0, audiences=(BETA,)))) == plain(made)


def test_a_mirror_copies_a_percentage_and_goes_again() -> None:
    snapshot = seen(service(http()))
    lane = lane_of(ISTIO, snapshot)
    made = shifted(ISTIO, lane, snapshot, Split(share=0, mirror=10))
    target = to("web-canary")["destination"]
    assert routes_of(made) == [http(mirror=target, mirrorPercentage={"value": 10})]
    assert plain(shifted(ISTIO, lane, made, Split(share=0))) == plain(snapshot)


def test_a_mirror_of_somebody_else_is_in_the_way_of_ours_alone() -> None:
    snapshot = seen(service(http(mirror={"host": "copies"}, mirrorPercentage={"value": 50.0})))
    lane = lane_of(ISTIO, snapshot)
    assert refused(ISTIO.unfit(lane, Split(share=0, mirror=10), snapshot)).code == "mirror-taken"
    made = shifted(ISTIO, lane, snapshot, Split(share=10, audiences=(BETA,)))
    assert [r["mirror"]["host"] for r in routes_of(made)] == ["copies", "copies"]
    assert plain(given_back(ISTIO, lane, snapshot, made)) == plain(snapshot)


def test_other_peoples_weights_stay() -> None:
    snapshot = seen(service(http(to(weight=40), to("other", 60))))
    lane = lane_of(ISTIO, snapshot)
    made = routes_of(shifted(ISTIO, lane, snapshot, Split(share=25)))
    assert made == [http(to(weight=30), to("other", 60), to("web-canary", 10))]
    no = refused(ISTIO.unfit(lane, Split(share=1), snapshot))
    assert (no.code, "1 % of 40" in no.what) == ("indivisible", True)


def test_shares_below_one_percent_do_not_sum_to_a_hundred() -> None:
    snapshot = seen(service(http()))
    lane = lane_of(ISTIO, snapshot)
    assert refused(ISTIO.unfit(lane, Split(share=5, per=1000), snapshot)).code == "router-cannot"
    assert refused(ISTIO.unfit(lane, Split(share=1, per=3), snapshot)).code == "indivisible"


@pytest.mark.parametrize(
    ("host", "namespace", "twin"),
    [
        ("web", "shop", "web-canary"),
        ("web.shop", "edge", "web-canary.shop"),
        ("web.shop.svc.cluster.local", "edge", "web-canary.shop.svc.cluster.local"),
        ("web", "edge", None),
        ("web.other.svc.cluster.local", "shop", None),
        ("website", "shop", None),
    ],
)
def test_a_host_is_the_service_by_its_short_or_full_name(host: str, namespace: str, twin: str | None) -> None:
    snapshot = seen(service(http(to(host)), namespace=namespace))
    if twin is None:
        assert ISTIO.lanes("web", "web-canary", snapshot) == ()
        return
    lane = lane_of(ISTIO, snapshot)
    assert lane.namespace == ("" if namespace == "shop" else namespace)
    (patch,) = ISTIO.shift(lane, Split(share=10), snapshot)
    assert patch.ref.namespace == namespace
    assert patch.ops[0]["value"] == to(twin, 10)


def subsets(*names: str, **policy: Any) -> tuple[Kind, Obj]:
    listed = [{"name": n, "labels": {"version": n}} for n in names]
    return DESTINATIONRULE, {
        "metadata": {"name": "web"},
        "spec": {"host": "web", "subsets": listed, **policy},
    }


def test_by_host_the_twin_has_no_subset_and_what_the_subset_asks_for_is_told() -> None:
    snapshot = seen(service(http(to(subset="v1"))), subsets("v1", "v2", trafficPolicy={"tls": {}}))
    lane = lane_of(ISTIO, snapshot)
    assert lane.pins == {"version": "v1"}
    assert [a.code for a in ISTIO.advice(lane, snapshot)] == ["traffic-policy"]
    made = shifted(ISTIO, lane, snapshot, Split(share=10))
    assert routes_of(made) == [http(to(weight=90, subset="v1"), to("web-canary", 10))]


def test_by_subset_the_destination_rule_names_the_canary_first_and_forgets_it_last() -> None:
    snapshot = seen(service(http(to(subset="v1"))), subsets("v1"))
    lane = lane_of(ISTIO, snapshot).model_copy(update={"labels": {"graylight/release": "web-17"}})
    rule, routes = ISTIO.shift(lane, Split(share=10), snapshot)
    assert (rule.ref.kind, routes.ref.kind) == (DESTINATIONRULE, VIRTUALSERVICE)
    ours = {"name": "web-canary", "labels": {"graylight/release": "web-17"}}
    assert rule.ops == ({"op": "add", "path": "/spec/subsets/1", "value": ours},)
    made = shifted(ISTIO, lane, snapshot, Split(share=10, audiences=(BETA,)))
    assert routes_of(made)[1] == http(to(weight=90, subset="v1"), to(weight=10, subset="web-canary"))
    unnamed = edited(made, DESTINATIONRULE, "web", lambda o: o["spec"]["subsets"].pop())
    assert ISTIO.split(lane, unnamed) is None
    back = ISTIO.reset(lane, snapshot.find(VIRTUALSERVICE, "shop"), made)
    assert [w.ref.kind for w in back] == [VIRTUALSERVICE, DESTINATIONRULE]
    assert plain(applied(made, back)) == plain(snapshot)


def test_a_canary_inside_a_service_without_subsets_cannot_be_told_apart() -> None:
    for objects in ((service(http()),), (service(http()), subsets("v1"))):
        snapshot = seen(*objects)
        lane = lane_of(ISTIO, snapshot).model_copy(update={"labels": {"a": "b"}})
        assert refused(ISTIO.unfit(lane, Split(share=10), snapshot)).code == "no-subset"


def test_two_subsets_of_the_service_in_one_route_are_refused() -> None:
    snapshot = seen(service(http(to(weight=50, subset="v1"), to(weight=50, subset="v2"))))
    assert refused(ISTIO.lanes("web", "web-canary", snapshot)).code == "named-twice"


@pytest.mark.parametrize("where", ["headers", "withoutHeaders"])
def test_a_header_that_the_route_asks_for_itself_is_refused(where: str) -> None:
    snapshot = seen(service(http(match=[{where: {"x-canary": {"exact": "a"}}}])))
    no = refused(ISTIO.unfit(lane_of(ISTIO, snapshot), Split(share=0, audiences=(BETA,)), snapshot))
    assert no.code == "header-taken"


def test_a_colleague_who_takes_the_service_out_of_its_route_does_not_lose_the_route() -> None:
    snapshot = seen(service(http(timeout="5s")))
    lane = lane_of(ISTIO, snapshot)
    made = shifted(ISTIO, lane, snapshot, Split(share=10))
    bare = edited(made, VIRTUALSERVICE, "shop", lambda o: o["spec"]["http"][0]["route"].pop(0))
    assert ISTIO.split(lane, bare) is None
    assert plain(given_back(ISTIO, lane, snapshot, bare)) == plain(snapshot)


def test_a_colleague_who_comes_beside_it_meanwhile_keeps_his_part() -> None:
    snapshot = seen(service(http()))
    lane = lane_of(ISTIO, snapshot)
    made = shifted(ISTIO, lane, snapshot, Split(share=10))
    beside = edited(
        made, VIRTUALSERVICE, "shop", lambda o: o["spec"]["http"][0]["route"].append(to("other", 50))
    )
    assert routes_of(given_back(ISTIO, lane, snapshot, beside)) == [http(to(weight=100), to("other", 50))]


def test_it_waits_for_istiod_only_where_istiod_says_anything() -> None:
    def pending(status: Obj) -> str:
        snapshot = seen((VIRTUALSERVICE, service(http())[1] | {"status": status}))
        return ISTIO.pending(lane_of(ISTIO, snapshot), snapshot)

    def reconciled(status: str, message: str = "") -> Obj:
        return {"conditions": [{"type": "Reconciled", "status": status, "message": message}]}

    assert pending({}) == ""
    assert pending(reconciled("True") | {"observedGeneration": 1}) == ""
    assert "3 of 5" in pending(reconciled("False", "3 of 5 proxies up to date") | {"observedGeneration": 1})
    assert "present form" in pending(reconciled("True") | {"observedGeneration": 0})


@st.composite
def services(draw: st.DrawFn) -> Snapshot:
    """One VirtualService with routes of ours and of others, in any order, with weights as people write them."""
    routes = []
    for n in range(draw(st.integers(1, 4))):
        ours = n == 0 or draw(st.booleans())
        others = draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True, min_size=0 if ours else 1))
        host = draw(st.sampled_from(("web", "web.shop.svc.cluster.local")))
        if not others:
            entries = [to(host, draw(st.sampled_from((None, 100))))]
        else:
            parts = draw(st.sampled_from(((40, 60, 0), (50, 25, 25), (100, 0, 0))))
            entries = [to(o, p) for o, p in zip((*((host,) if ours else ()), *others), parts, strict=False)]
        made = http(*draw(st.permutations(entries)))
        if draw(st.booleans()):
            made["name"] = f"route-{n}"
        if draw(st.booleans()) or n:
            made["match"] = [
                {"uri": {"exact": f"/{n}"}},
                {"uri": {"prefix": f"/{n}/"}, "headers": {"x-a": {}}},
            ]
        if draw(st.booleans()):
            made |= {"timeout": "5s", "headers": {"request": {"set": {"a": "b"}}}}
        if draw(st.booleans()):
            made |= {"mirror": {"host": "copies"}, "mirrorPercentage": {"value": 5}}
        routes.append(made)
    return seen(service(*draw(st.permutations(routes))))


def _before_all(obj: Obj) -> None:
    obj["spec"]["http"].insert(0, http(to("new"), match=[{"uri": {"exact": "/new"}}]))


def _after_all(obj: Obj) -> None:
    obj["spec"]["http"].append(http(to("late")))


def _described(obj: Obj) -> None:
    obj["metadata"].setdefault("annotations", {})["note"] = "mine"
    obj["spec"]["hosts"] = [*obj["spec"]["hosts"], "also.test"]


EDITS = st.lists(st.sampled_from((_before_all, _after_all, _described)), max_size=3)


@st.composite
def wishes(draw: st.DrawFn) -> Split:
    return draw(splits(per=(100, 100, 20))).model_copy(update={"sticky": False, "expire": False})


@LAWS
@given(services(), st.lists(wishes(), min_size=1, max_size=4), EDITS)
def test_the_laws_hold_for_any_virtual_service(
    snapshot: Snapshot, wanted: list[Split], edits: list[Any]
) -> None:
    hold(ISTIO, snapshot, wanted, edits)


@LAWS
@given(wishes())
def test_a_route_of_ours_alone_takes_any_split_in_whole_percent(split: Split) -> None:
    assert hold(ISTIO, seen(service(http())), [split], [])

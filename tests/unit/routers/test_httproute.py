"""HTTPRoute and GRPCRoute: golden cases, what is refused, and the laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.lens import Audience, Split
from strategies.objects import GRPCROUTE, HTTPROUTE, REFERENCE_GRANT, Kind, Obj, at
from strategies.routers.httproute import HTTP
from strategies.snapshot import Snapshot
from tests.unit.routers.laws import LAWS, hold, splits
from tests.unit.routers.world import (
    applied,
    edited,
    given_back,
    lane_of,
    plain,
    refused,
    seen,
    shifted,
)

ROOT = {"path": {"type": "PathPrefix", "value": "/"}}
BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")


def backend(name: str = "web", weight: int | None = 1, **more: Any) -> Obj:
    told = {} if weight is None else {"weight": weight}
    return {"group": "", "kind": "Service", "name": name, "port": 80, **told, **more}


def rule(*backends: Obj, **more: Any) -> Obj:
    return {"matches": [ROOT], "backendRefs": list(backends or (backend(),)), **more}


def route(*rules: Obj, **spec: Any) -> Obj:
    told = {"parentRefs": [{"name": "public"}], "hostnames": ["shop.test"], **spec}
    return {
        "metadata": {"name": "shop", "annotations": {"who": "ana"}},
        "spec": {**told, "rules": list(rules)},
    }


def only(*rules: Obj, kind: Kind = HTTPROUTE, **spec: Any) -> Snapshot:
    return seen((kind, route(*rules, **spec)))


def rules_of(snapshot: Snapshot) -> list[Obj]:
    return list(at(snapshot.find(HTTPROUTE, "shop"), "spec", "rules"))


def test_ten_percent_are_ninety_and_ten_beside_each_other() -> None:
    snapshot = only(rule())
    (patch,) = HTTP.shift(lane_of(HTTP, snapshot), Split(share=10), snapshot)
    assert patch.ops == (
        {"op": "add", "path": "/spec/rules/0/backendRefs/1", "value": backend("web-canary", 10)},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 90},
    )


def test_an_audience_is_a_rule_of_one_more_match_at_the_end() -> None:
    snapshot = only(rule(name="main", timeouts={"request": "5s"}), rule(backend("other")))
    lane = lane_of(HTTP, snapshot)
    (patch,) = HTTP.shift(lane, Split(share=0, audiences=(BETA, COOKIE)), snapshot)
    cookie = {"type": "RegularExpression", "name": "Cookie", "value": r"^(.*;\s*)?canary=always(;.*)?$"}
    added = {
        "timeouts": {"request": "5s"},
        "matches": [
            {**ROOT, "headers": [{"type": "Exact", "name": "X-Canary", "value": "beta"}]},
            {**ROOT, "headers": [cookie]},
        ],
        "backendRefs": [backend("web-canary")],
    }
    assert patch.ops == ({"op": "add", "path": "/spec/rules/2", "value": added},)


def test_a_pattern_asks_for_the_whole_value() -> None:
    snapshot = only(rule())
    split = Split(share=0, audiences=(Audience(by="header", name="x-canary", value="~b(eta)?"),))
    made = shifted(HTTP, lane_of(HTTP, snapshot), snapshot, split)
    assert rules_of(made)[1]["matches"][0]["headers"] == [
        {"type": "RegularExpression", "name": "X-Canary", "value": "^(?:b(eta)?)$"}
    ]


def test_other_peoples_weights_stay_and_ours_is_divided() -> None:
    snapshot = only(rule(backend(weight=40), backend("other", 60)))
    made = shifted(HTTP, lane_of(HTTP, snapshot), snapshot, Split(share=25))
    assert rules_of(made)[0]["backendRefs"] == [
        backend(weight=30),
        backend("other", 60),
        backend("web-canary", 10),
    ]


def test_a_share_that_is_no_whole_number_beside_others_is_refused_with_the_factor() -> None:
    snapshot = only(rule(backend(weight=3), backend("other", 7)))
    lane = lane_of(HTTP, snapshot)
    no = refused(HTTP.unfit(lane, Split(share=10), snapshot))
    assert no.code == "indivisible"
    assert "10 % of 3 is no whole number" in no.what
    assert "by 10" in no.remedy
    assert HTTP.shift(lane, Split(share=10), snapshot) == ()
    assert HTTP.unfit(lane, Split(share=0, audiences=(BETA,)), snapshot) is None


def test_a_backend_in_the_twins_image_keeps_port_and_filters() -> None:
    own = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}
    snapshot = only(rule(backend(filters=[own], port=8443)))
    made = shifted(HTTP, lane_of(HTTP, snapshot), snapshot, Split(share=50))
    assert rules_of(made)[0]["backendRefs"][1] == backend("web-canary", 50, filters=[own], port=8443)


def test_every_rule_that_leads_to_the_service_is_shifted_and_no_other() -> None:
    api = {"path": {"type": "PathPrefix", "value": "/api"}}
    away = {"matches": [ROOT], "filters": [{"type": "RequestRedirect", "requestRedirect": {"port": 1}}]}
    snapshot = only(rule(matches=[api]), rule(backend("other")), away, rule())
    lane = lane_of(HTTP, snapshot)
    assert [p.prefix for p in lane.paths] == ["/api", "/"]
    assert [a.code for a in HTTP.advice(lane, snapshot)] == ["several-rules"]
    made = rules_of(shifted(HTTP, lane, snapshot, Split(share=50, audiences=(BETA,))))
    assert made[1:3] == [rule(backend("other")), away]
    assert [len(r["backendRefs"]) for r in (made[0], made[3])] == [2, 2]
    assert [r["matches"][0]["path"]["value"] for r in made[4:]] == ["/api", "/"]


def test_kept_users_get_a_cookie_of_this_release_that_a_rule_honours_and_the_end_expires() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot).model_copy(update={"release": "web-17"})
    kept = shifted(HTTP, lane, snapshot, Split(share=10, sticky=True))
    sets = {"name": "Set-Cookie", "value": "graylight-web=web-17; Path=/; Max-Age=3600"}
    adds = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [sets]}}
    main, honoured = rules_of(kept)
    assert main["backendRefs"][1] == backend("web-canary", 10, filters=[adds])
    assert honoured["matches"][0]["headers"][0]["value"] == r"^(.*;\s*)?graylight-web=web-17(;.*)?$"
    assert honoured["backendRefs"] == [backend("web-canary")]
    told = rules_of(shifted(HTTP, lane, kept, Split(share=0, expire=True)))
    assert told[1]["filters"][0]["responseHeaderModifier"]["add"][0]["value"].endswith("Max-Age=-1")
    assert told[1]["backendRefs"] == told[0]["backendRefs"] == [backend(weight=100), backend("web-canary", 0)]
    assert plain(given_back(HTTP, lane, snapshot, kept)) == plain(snapshot)


def test_a_cookie_that_is_set_already_cannot_be_kept_beside() -> None:
    theirs = {"set": [{"name": "set-cookie", "value": "a=b"}]}
    own = {"type": "ResponseHeaderModifier", "responseHeaderModifier": theirs}
    snapshot = only(rule(backend(filters=[own])))
    no = refused(HTTP.unfit(lane_of(HTTP, snapshot), Split(share=10, sticky=True), snapshot))
    assert no.code == "cookie-taken"


def test_a_mirror_copies_to_the_twin_and_leaves_other_filters() -> None:
    own = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["a"]}}
    snapshot = only(rule(filters=[own]))
    made = shifted(HTTP, lane_of(HTTP, snapshot), snapshot, Split(share=0, mirror=10))
    target = {k: v for k, v in backend("web-canary").items() if k != "weight"}
    copied = {"type": "RequestMirror", "requestMirror": {"backendRef": target, "percent": 10}}
    assert rules_of(made) == [rule(filters=[own, copied])]


def test_a_mirror_is_refused_where_the_controller_would_answer_nobody() -> None:
    said = {"parents": [{"parentRef": {"name": "public"}, "controllerName": "traefik.io/gateway-controller"}]}
    snapshot = seen((HTTPROUTE, {**route(rule()), "status": said}))
    lane = lane_of(HTTP, snapshot)
    assert refused(HTTP.unfit(lane, Split(share=5, mirror=10), snapshot)).code == "mirror-unserved"
    assert HTTP.unfit(lane, Split(share=5), snapshot) is None


def test_a_header_that_the_rule_asks_for_itself_is_refused() -> None:
    asks = {**ROOT, "headers": [{"type": "Exact", "name": "x-canary", "value": "on"}]}
    snapshot = only(rule(matches=[asks]))
    no = refused(HTTP.unfit(lane_of(HTTP, snapshot), Split(share=0, audiences=(BETA,)), snapshot))
    assert no.code == "header-taken"


def test_a_route_that_would_be_too_long_is_refused() -> None:
    snapshot = only(*(rule(matches=[{"path": {"type": "Exact", "value": f"/{i}"}}]) for i in range(9)))
    lane = lane_of(HTTP, snapshot)
    assert refused(HTTP.unfit(lane, Split(share=0, audiences=(BETA,)), snapshot)).code == "route-full"
    assert HTTP.unfit(lane, Split(share=5), snapshot) is None


def test_a_service_named_twice_in_one_rule_is_refused() -> None:
    snapshot = only(rule(backend(), backend(port=81)))
    assert refused(HTTP.lanes("web", "web-canary", snapshot)).code == "named-twice"


@pytest.mark.parametrize(
    "off",
    [
        backend("other"),
        backend(weight=0),
        backend(namespace="else"),
        backend(kind="ServiceImport", group="x"),
    ],
)
def test_a_route_that_does_not_lead_to_the_service_is_no_lane(off: Obj) -> None:
    assert HTTP.lanes("web", "web-canary", only(rule(off))) == ()


def test_somebody_who_undoes_half_of_it_leaves_no_split_of_ours() -> None:
    snapshot = only(rule(matches=[{"path": {"type": "Exact", "value": "/a"}}]), rule())
    lane = lane_of(HTTP, snapshot)
    made = shifted(HTTP, lane, snapshot, Split(share=10))
    half = edited(made, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][0]["backendRefs"].pop())
    assert HTTP.split(lane, half) is None
    again = shifted(HTTP, lane, half, Split(share=10))
    assert plain(again) == plain(made)


def test_a_cookie_that_half_of_the_rules_set_keeps_nobody_for_sure() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot)
    kept = shifted(HTTP, lane, snapshot, Split(share=10, sticky=True))
    unset = edited(kept, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][0]["backendRefs"][1].pop("filters"))
    unheeded = edited(kept, HTTPROUTE, "shop", lambda o: o["spec"]["rules"].pop())
    told = shifted(HTTP, lane, snapshot, Split(share=0, expire=True))
    untold = edited(told, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][1].pop("filters"))
    assert [HTTP.split(lane, odd) for odd in (unset, unheeded, untold)] == [None, None, None]


def test_an_audience_that_somebody_widened_is_no_audience_of_ours() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot)
    made = shifted(HTTP, lane, snapshot, Split(share=0, audiences=(BETA,)))
    wide = edited(made, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][1]["matches"].append(ROOT))
    assert HTTP.split(lane, wide) is None
    assert plain(shifted(HTTP, lane, wide, Split(share=0, audiences=(BETA,)))) == plain(made)


def test_a_colleague_who_takes_the_service_out_of_its_rule_does_not_lose_the_rule() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot)
    made = shifted(HTTP, lane, snapshot, Split(share=10))
    bare = edited(made, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][0]["backendRefs"].pop(0))
    assert HTTP.split(lane, bare) is None
    assert plain(given_back(HTTP, lane, snapshot, bare)) == plain(snapshot)


def test_a_colleague_who_comes_beside_it_meanwhile_keeps_his_part() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot)
    made = shifted(HTTP, lane, snapshot, Split(share=10))
    beside = edited(
        made, HTTPROUTE, "shop", lambda o: o["spec"]["rules"][0]["backendRefs"].append(backend("other", 50))
    )
    back = rules_of(given_back(HTTP, lane, snapshot, beside))
    assert back[0]["backendRefs"] == [backend(weight=100), backend("other", 50)]


def grant(**to: str) -> Obj:
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "edge"}
    return {
        "metadata": {"name": "edge"},
        "spec": {"from": [source], "to": [{"group": "", "kind": "Service", **to}]},
    }


def test_a_route_of_another_namespace_needs_a_grant_for_the_twin() -> None:
    far = route(rule(backend(namespace="shop")))
    far["metadata"]["namespace"] = "edge"
    for to in ({}, {"name": "web"}, None):
        granted = [] if to is None else [(REFERENCE_GRANT, grant(**to))]
        snapshot = seen((HTTPROUTE, far), *granted)
        if to != {}:
            no = refused(HTTP.lanes("web", "web-canary", snapshot))
            assert no.code == "no-reference-grant"
            assert "web-canary" in no.remedy
            continue
        lane = lane_of(HTTP, snapshot)
        assert lane.namespace == "edge"
        (patch,) = HTTP.shift(lane, Split(share=10), snapshot)
        assert patch.ref.namespace == "edge"
        assert patch.ops[0]["value"] == backend("web-canary", 10, namespace="shop")


def test_a_grpc_route_is_shifted_alike() -> None:
    hello = {"method": {"type": "Exact", "service": "demo.Hello", "method": "Say"}}
    snapshot = only(rule(matches=[hello]), kind=GRPCROUTE)
    lane = lane_of(HTTP, snapshot)
    assert (lane.kind, lane.paths[0].prefix) == ("GRPCRoute", "/demo.Hello/Say")
    made = shifted(HTTP, lane, snapshot, Split(share=10, audiences=(BETA,)))
    asked = at(made.find(GRPCROUTE, "shop"), "spec", "rules", 1, "matches")
    assert asked == [{**hello, "headers": [{"type": "Exact", "name": "X-Canary", "value": "beta"}]}]


def verdict(status: str = "True", generation: int = 1, kind: str = "Accepted", **more: Any) -> Obj:
    return {"type": kind, "status": status, "observedGeneration": generation, **more}


def test_it_is_taken_when_every_parent_says_so_for_the_present_generation() -> None:
    def pending(*parents: Obj) -> str:
        made = route(rule(), parentRefs=[{"name": "public"}, {"name": "inner", "sectionName": "web"}])
        snapshot = seen((HTTPROUTE, made | {"status": {"parents": list(parents)}}))
        return HTTP.pending(lane_of(HTTP, snapshot), snapshot)

    def says(ref: Obj, *conditions: Obj) -> Obj:
        return {"parentRef": ref, "controllerName": "x", "conditions": list(conditions)}

    yes = (verdict(), verdict(kind="ResolvedRefs"))
    public = says({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}, *yes)
    inner = {"name": "inner", "sectionName": "web"}
    assert pending(public, says(inner, *yes)) == ""
    assert "Gateway inner has not answered yet" in pending(public)
    assert "has not said Accepted for its present form" in pending(public, says(inner, verdict(generation=0)))
    missing = verdict("False", kind="ResolvedRefs", message="backend web-canary not found")
    assert "not ResolvedRefs: backend web-canary not found" in pending(
        public, says(inner, verdict(), missing)
    )


@st.composite
def routes(draw: st.DrawFn) -> Snapshot:
    """One route with rules of ours and of others, in any order, with weights and filters as people write them."""
    weight = st.sampled_from((None, 1, 3, 10, 40, 100, 100))
    filters = (
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "c", "value": "d"}]}},
        {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copies", "port": 80}}},
    )
    rules = []
    for n in range(draw(st.integers(1, 4))):
        ours = n == 0 or draw(st.booleans())
        listed = [backend("web", draw(weight))] if ours else []
        listed += [
            backend(o, draw(weight)) for o in draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True))
        ]
        made: Obj = {"backendRefs": draw(st.permutations(listed))}
        paths = draw(st.lists(st.sampled_from(("/a", "/b", "/c")), max_size=2, unique=True))
        if paths or n:
            made["matches"] = [{"path": {"type": "Exact", "value": f"{p}/{n}"}} for p in (*paths, "/")]
        if draw(st.booleans()):
            made["filters"] = draw(st.lists(st.sampled_from(filters), min_size=1, unique_by=str))
        if draw(st.booleans()):
            made["name"] = f"rule-{n}"
        rules.append(made)
    return only(*draw(st.permutations(rules)))


def _before_all(obj: Obj) -> None:
    obj["spec"]["rules"].insert(
        0, rule(backend("new"), matches=[{"path": {"type": "Exact", "value": "/new"}}])
    )


def _after_all(obj: Obj) -> None:
    obj["spec"]["rules"].append(
        rule(backend("late"), matches=[{"path": {"type": "Exact", "value": "/late"}}])
    )


def _described(obj: Obj) -> None:
    obj["metadata"].setdefault("annotations", {})["note"] = "mine"
    obj["spec"]["hostnames"] = [*obj["spec"].get("hostnames", []), "also.test"]


EDITS = st.lists(st.sampled_from((_before_all, _after_all, _described)), max_size=3)


@LAWS
@given(routes(), st.lists(splits(), min_size=1, max_size=4), EDITS)
def test_the_laws_hold_for_any_route(snapshot: Snapshot, wanted: list[Split], edits: list[Any]) -> None:
    hold(HTTP, snapshot, wanted, edits)


@LAWS
@given(splits())
def test_a_rule_of_ours_alone_takes_any_split(split: Split) -> None:
    assert hold(HTTP, only(rule()), [split], [])


def test_writes_are_bound_to_the_version_that_was_seen() -> None:
    snapshot = only(rule())
    lane = lane_of(HTTP, snapshot)
    writes = HTTP.shift(lane, Split(share=10), snapshot)
    moved = edited(snapshot, HTTPROUTE, "shop", _described)
    with pytest.raises(AssertionError, match="another version"):
        applied(moved, writes)

"""Traefik's kinds: golden cases, what is refused, and the laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.lens import Audience, Split
from strategies.objects import INGRESSROUTE, TRAEFIKSERVICE, Kind, Obj, at
from strategies.refusal import Refusal
from strategies.routers.traefik import TRAEFIK
from strategies.snapshot import Snapshot
from tests.unit.routers.laws import LAWS, hold, splits
from tests.unit.routers.world import applied, edited, given_back, lane_of, plain, refused, seen, shifted

BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")
HOST = "Host(`shop.test`)"


def to(name: str = "web", weight: int | None = None, **more: Any) -> Obj:
    return {"name": name, "port": 80, **({} if weight is None else {"weight": weight}), **more}


def route(*services: Obj, match: str = HOST, **more: Any) -> Obj:
    return {"kind": "Rule", "match": match, "services": list(services or (to(),)), **more}


def ingress(*routes: Obj, name: str = "shop") -> tuple[Kind, Obj]:
    told = {"entryPoints": ["web"], "routes": list(routes or (route(),))}
    return INGRESSROUTE, {"metadata": {"name": name}, "spec": told}


def divided(*services: Obj, name: str = "split") -> tuple[Kind, Obj]:
    return TRAEFIKSERVICE, {"metadata": {"name": name}, "spec": {"weighted": {"services": list(services)}}}


def routes_of(snapshot: Snapshot) -> list[Obj]:
    return list(at(snapshot.find(INGRESSROUTE, "shop"), "spec", "routes"))


def test_a_route_divides_the_service_by_its_own_weights() -> None:
    snapshot = seen(ingress(route(middlewares=[{"name": "auth"}])))
    (patch,) = TRAEFIK.shift(lane_of(TRAEFIK, snapshot), Split(share=10), snapshot)
    assert patch.ops == (
        {"op": "add", "path": "/spec/routes/0/services/1", "value": to("web-canary", 10)},
        {"op": "add", "path": "/spec/routes/0/services/0/weight", "value": 90},
    )


def test_an_audience_is_a_rule_one_above_the_one_it_is_taken_from() -> None:
    snapshot = seen(ingress(route(middlewares=[{"name": "auth"}]), route(to("other"), match="Path(`/x`)")))
    (patch,) = TRAEFIK.shift(lane_of(TRAEFIK, snapshot), Split(share=0, audiences=(BETA, COOKIE)), snapshot)
    match = (
        "(Host(`shop.test`)) && (Header(`X-Canary`, `beta`)"
        r" || HeaderRegexp(`Cookie`, `^(.*;\s*)?canary=always(;.*)?$`))"
    )
    made = route(to("web-canary"), match=match, middlewares=[{"name": "auth"}], priority=len(HOST) + 1)
    assert patch.ops == ({"op": "add", "path": "/spec/routes/1", "value": made},)


def test_a_priority_of_its_own_is_topped_by_one_and_old_words_are_kept() -> None:
    snapshot = seen(ingress(route(priority=7, syntax="v2")))
    lane = lane_of(TRAEFIK, snapshot)
    made = routes_of(shifted(TRAEFIK, lane, snapshot, Split(share=0, audiences=(BETA,))))
    assert (made[1]["priority"], made[1]["match"]) == (8, f"({HOST}) && (Headers(`X-Canary`, `beta`))")


def test_an_audience_below_its_route_is_not_true_any_more() -> None:
    snapshot = seen(ingress())
    lane = lane_of(TRAEFIK, snapshot)
    made = shifted(TRAEFIK, lane, snapshot, Split(share=0, audiences=(BETA,)))
    low = edited(made, INGRESSROUTE, "shop", lambda o: o["spec"]["routes"][1].update(priority=1))
    assert TRAEFIK.split(lane, low) is None


def test_a_traefik_service_divides_and_the_routes_to_it_carry_audiences() -> None:
    through = route({"name": "split", "kind": "TraefikService"})
    snapshot = seen(ingress(through), divided(to(weight=1), to("old", 0)))
    lane = lane_of(TRAEFIK, snapshot)
    assert (lane.kind, lane.name, lane.paths[0].host) == ("TraefikService", "split", "shop.test")
    split = Split(share=10, audiences=(BETA,))
    writes = TRAEFIK.shift(lane, split, snapshot)
    assert [w.ref.kind for w in writes] == [TRAEFIKSERVICE, INGRESSROUTE]
    made = shifted(TRAEFIK, lane, snapshot, split)
    parts = at(made.find(TRAEFIKSERVICE, "split"), "spec", "weighted", "services")
    assert parts == [to(weight=90), to("old", 0), to("web-canary", 10)]
    assert [r["services"] for r in routes_of(made)] == [through["services"], [to("web-canary")]]
    assert plain(given_back(TRAEFIK, lane, snapshot, made)) == plain(snapshot)


def test_a_traefik_service_that_nothing_leads_to_is_no_lane() -> None:
    assert TRAEFIK.lanes("web", "web-canary", seen(divided(to()))) == ()
    nested = (divided({"name": "split", "kind": "TraefikService"}, name="outer"), divided(to()))
    snapshot = seen(*nested)
    lane = lane_of(TRAEFIK, snapshot)
    assert refused(TRAEFIK.unfit(lane, Split(share=0, audiences=(BETA,)), snapshot)).code == "not-led-to"
    assert shifted(TRAEFIK, lane, snapshot, Split(share=10))


def test_a_direct_route_and_one_through_a_traefik_service_keep_their_own_audiences() -> None:
    through = route({"name": "split", "kind": "TraefikService"}, match="Path(`/b`)")
    snapshot = seen(ingress(route(), through), divided(to()))
    found = TRAEFIK.lanes("web", "web-canary", snapshot)
    assert not isinstance(found, Refusal)
    now = snapshot
    for lane in found:
        now = shifted(TRAEFIK, lane, now, Split(share=10, audiences=(BETA,)))
    assert {TRAEFIK.split(lane, now) for lane in found} == {Split(share=10, audiences=(BETA,))}
    for lane in found:
        kind = INGRESSROUTE if lane.kind == "IngressRoute" else TRAEFIKSERVICE
        now = applied(now, TRAEFIK.reset(lane, snapshot.find(kind, lane.name), now))
    assert plain(now) == plain(snapshot)


def test_a_service_that_mirrors_cannot_be_divided() -> None:
    mirror = (TRAEFIKSERVICE, {"metadata": {"name": "split"}, "spec": {"mirroring": {**to(), "mirrors": []}}})
    snapshot = seen(ingress(route({"name": "split", "kind": "TraefikService"})), mirror)
    assert refused(TRAEFIK.lanes("web", "web-canary", snapshot)).code == "mirroring"


@pytest.mark.parametrize(
    ("services", "code"),
    [([to(), to(port=81)], "named-twice"), ([to(weight=3), to("other", 7)], "indivisible")],
)
def test_what_cannot_be_divided_is_refused(services: list[Obj], code: str) -> None:
    snapshot = seen(ingress(route(*services)))
    found = TRAEFIK.lanes("web", "web-canary", snapshot)
    no = found if isinstance(found, Refusal) else TRAEFIK.unfit(found[0], Split(share=10), snapshot)
    assert refused(no).code == code


def test_a_backtick_cannot_stand_in_a_rule() -> None:
    snapshot = seen(ingress())
    odd = Split(share=0, audiences=(Audience(by="header", name="a", value="`"),))
    assert refused(TRAEFIK.unfit(lane_of(TRAEFIK, snapshot), odd, snapshot)).code == "no-backtick"


def test_a_colleague_who_takes_the_service_out_of_its_route_does_not_lose_the_route() -> None:
    snapshot = seen(ingress())
    lane = lane_of(TRAEFIK, snapshot)
    made = shifted(TRAEFIK, lane, snapshot, Split(share=10))
    bare = edited(made, INGRESSROUTE, "shop", lambda o: o["spec"]["routes"][0]["services"].pop(0))
    assert TRAEFIK.split(lane, bare) is None
    assert plain(given_back(TRAEFIK, lane, snapshot, bare)) == plain(snapshot)


def test_a_colleague_who_comes_beside_it_meanwhile_keeps_his_part() -> None:
    snapshot = seen(ingress())
    lane = lane_of(TRAEFIK, snapshot)
    made = shifted(TRAEFIK, lane, snapshot, Split(share=10))
    beside = edited(
        made, INGRESSROUTE, "shop", lambda o: o["spec"]["routes"][0]["services"].append(to("other", 50))
    )
    assert routes_of(given_back(TRAEFIK, lane, snapshot, beside)) == [route(to(weight=100), to("other", 50))]


@st.composite
def objects(draw: st.DrawFn) -> Snapshot:
    """One IngressRoute with routes of ours and of others, and a TraefikService that some go through."""
    routes, weight = [], st.sampled_from((None, 1, 40, 100))
    through = draw(st.booleans())
    for n in range(draw(st.integers(1, 4))):
        listed = [to("web", draw(weight))] if n == 0 or draw(st.booleans()) else []
        listed += [
            to(o, draw(weight)) for o in draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True))
        ]
        if through and not listed:
            listed = [{"name": "split", "kind": "TraefikService"}]
        made = route(*draw(st.permutations(listed or [to("x")])), match=f"Host(`{n}.test`) || Path(`/{n}`)")
        made |= {"priority": draw(st.integers(1, 99))} if draw(st.booleans()) else {}
        routes.append(made)
    parts = draw(st.permutations([to("web", draw(weight)), to("x", draw(weight))]))
    return seen(ingress(*draw(st.permutations(routes))), *([divided(*parts)] if through else []))


def _described(obj: Obj) -> None:
    obj["metadata"].setdefault("annotations", {})["note"] = "mine"


def _another(obj: Obj) -> None:
    if "routes" in obj["spec"]:
        obj["spec"]["routes"].insert(0, route(to("new"), match="Path(`/new`)"))


EDITS = st.lists(st.sampled_from((_described, _another)), max_size=3)


@LAWS
@given(objects(), st.lists(splits(extras=False), min_size=1, max_size=4), EDITS)
def test_the_laws_hold_for_any_objects(snapshot: Snapshot, wanted: list[Split], edits: list[Any]) -> None:
    hold(TRAEFIK, snapshot, wanted, edits)


@LAWS
@given(splits(extras=False))
def test_a_route_of_ours_alone_takes_any_split(split: Split) -> None:
    assert hold(TRAEFIK, seen(ingress()), [split], [])

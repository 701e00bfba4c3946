"""The canary Ingress of the nginx dialect: golden cases, classes, what is refused, and the laws."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.lens import Audience, Split
from strategies.objects import INGRESS, Obj, annotations_of, meta
from strategies.plan import RELEASE
from strategies.routers.nginx import NGINX
from strategies.writes import Create, Delete, Patch
from tests.unit.routers import ingress as make
from tests.unit.routers.laws import LAWS, hold
from tests.unit.routers.world import (
    applied,
    edited,
    given_back,
    lane_of,
    plain,
    refused,
    seen,
    service,
    shifted,
)

NOTE = "nginx.ingress.kubernetes.io/"
BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")
SEED_CLASS = {"kubernetes.io/ingress.class": "nginx"}


def seed() -> tuple[Any, Obj]:
    path = make.path("web", "/hello", port={"number": 8000}, kind="ImplementationSpecific")
    return make.ingress(make.rule(path, host="hi.test"), name="hi", notes=SEED_CLASS, ingressClassName=None)


def test_the_seeds_ingress_gets_a_canary_of_the_same_class_host_and_path() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    assert (lane.own, [(p.host, p.prefix) for p in lane.paths]) == ("hi-canary", [("hi.test", "/hello")])
    (create,) = NGINX.shift(lane, Split(share=10), snapshot)
    assert isinstance(create, Create)
    assert create.manifest == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "hi-canary",
            "namespace": "shop",
            "labels": {"graylight/release": RELEASE, "graylight/track": "canary"},
            "annotations": {
                "kubernetes.io/ingress.class": "nginx",
                NOTE + "canary": "true",
                NOTE + "canary-weight": "10",
            },
        },
        "spec": {
            "rules": [
                {
                    "host": "hi.test",
                    "http": {
                        "paths": [
                            {
                                "path": "/hello",
                                "pathType": "ImplementationSpecific",
                                "backend": {"service": {"name": "web-canary", "port": {"number": 8000}}},
                            }
                        ]
                    },
                }
            ]
        },
    }


def test_steps_grow_from_a_header_to_a_cookie_to_weights_by_annotations_alone() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    now = shifted(NGINX, lane, snapshot, Split(share=0, audiences=(BETA,)))
    (patch,) = NGINX.shift(lane, Split(share=5, audiences=(BETA, COOKIE)), now)
    assert isinstance(patch, Patch)
    assert list(patch.ops) == [
        {
            "op": "replace",
            "path": "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight",
            "value": "5",
        },
        {
            "op": "add",
            "path": "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-by-cookie",
            "value": "canary",
        },
    ]
    full = shifted(NGINX, lane, applied(now, (patch,)), Split(share=100))
    notes = annotations_of(full.find(INGRESS, "hi-canary") or {})
    assert notes == {**SEED_CLASS, NOTE + "canary": "true", NOTE + "canary-weight": "100"}
    (delete,) = NGINX.reset(lane, None, full)
    assert isinstance(delete, Delete)
    assert plain(applied(full, (delete,))) == plain(snapshot)


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        ("always", {"canary-by-header": "X-Canary"}),
        ("beta", {"canary-by-header": "X-Canary", "canary-by-header-value": "beta"}),
        ("~be.+", {"canary-by-header": "X-Canary", "canary-by-header-pattern": "^(?:be.+)$"}),
    ],
)
def test_a_header_is_asked_for_by_the_words_its_value_needs(value: str, notes: dict[str, str]) -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    audience = Audience(by="header", name="x-canary", value=value)
    made = shifted(NGINX, lane, snapshot, Split(share=0, audiences=(audience,)))
    found = annotations_of(made.find(INGRESS, "hi-canary") or {})
    assert {k: v for k, v in found.items() if "-by-" in k} == {NOTE + k: v for k, v in notes.items()}


def test_shares_below_one_percent_have_a_total() -> None:
    snapshot = seen(seed())
    made = shifted(NGINX, lane_of(NGINX, snapshot), snapshot, Split(share=5, per=1000))
    notes = annotations_of(made.find(INGRESS, "hi-canary") or {})
    assert (notes[NOTE + "canary-weight"], notes[NOTE + "canary-weight-total"]) == ("5", "1000")


def test_only_paths_that_lead_to_the_service_are_copied_with_tls() -> None:
    tls = [{"hosts": ["a.test"], "secretName": "cert"}]
    rules = [
        make.rule(make.path("other", "/x"), make.path("web", "/", port={"name": "http"}), host="a.test"),
        make.rule(make.path("other"), host="b.test"),
    ]
    snapshot = seen(make.ingress_class(), make.ingress(*rules, tls=tls))
    made = shifted(NGINX, lane_of(NGINX, snapshot), snapshot, Split(share=1))
    own = made.find(INGRESS, "shop-canary") or {}
    copied = make.path("web-canary", "/", port={"name": "http"})
    assert own["spec"] == {
        "ingressClassName": "nginx",
        "tls": tls,
        "rules": [make.rule(copied, host="a.test")],
    }


@pytest.mark.parametrize(
    ("controller", "speaks"),
    [
        ("k8s.io/ingress-nginx", True),
        ("k8s.io/internal-ingress-nginx", True),
        ("traefik.io/ingress-controller", True),
        ("higress.io/higress-controller", True),
        ("ingress.k8s.aws/alb", False),
        ("haproxy.org/ingress-controller", False),
    ],
)
@pytest.mark.parametrize("form", ["field", "annotation", "default"])
def test_the_dialect_is_told_by_the_controller_however_the_class_is_given(
    controller: str, form: str, *, speaks: bool
) -> None:
    forms: dict[str, dict[str, Any]] = {
        "field": {"ingressClassName": "front"},
        "annotation": {"ingressClassName": None, "notes": {"kubernetes.io/ingress.class": "front"}},
        "default": {"ingressClassName": None},
    }
    snapshot = seen(
        make.ingress_class(controller, "front", default=form == "default"), make.ingress(**forms[form])
    )
    if not speaks:
        assert NGINX.lanes("web", "web-canary", snapshot) == ()
        return
    made = shifted(NGINX, lane_of(NGINX, snapshot), snapshot, Split(share=1))
    own = made.find(INGRESS, "shop-canary") or {}
    assert own["spec"].get("ingressClassName") == ("front" if form == "field" else None)
    assert annotations_of(own).get("kubernetes.io/ingress.class") == (
        "front" if form == "annotation" else None
    )


def test_a_class_that_nobody_knows_is_no_lane() -> None:
    assert NGINX.lanes("web", "web-canary", seen(make.ingress())) == ()
    assert NGINX.lanes("web", "web-canary", seen(make.ingress(ingressClassName=None))) == ()


def test_f5s_controller_is_refused_with_what_to_use() -> None:
    snapshot = seen(make.ingress_class("nginx.org/ingress-controller"), make.ingress())
    no = refused(NGINX.lanes("web", "web-canary", snapshot))
    assert no.code == "no-canary-annotations"
    assert "HTTPRoute" in no.remedy
    assert "--router ratio" in no.remedy


@pytest.mark.parametrize("old", ["service-match", "service-weight"])
def test_acks_retired_annotations_are_refused_with_their_heirs(old: str) -> None:
    snapshot = seen(make.ingress_class(), make.ingress(notes={NOTE + old: "web: 90, next: 10"}))
    no = refused(NGINX.lanes("web", "web-canary", snapshot))
    assert no.code == "retired-annotations"
    assert "1.12" in no.what
    assert "canary-*" in no.remedy


def test_somebody_elses_canary_on_the_same_path_is_refused_by_its_name() -> None:
    theirs = make.ingress(make.rule(make.path("web-next")), name="next", notes={NOTE + "canary": "true"})
    snapshot = seen(make.ingress_class(), make.ingress(), theirs)
    no = refused(NGINX.lanes("web", "web-canary", snapshot))
    assert no.code == "canary-taken"
    assert "Ingress next" in no.what
    elsewhere = make.ingress(
        make.rule(make.path("web-next", "/next")), name="next", notes={NOTE + "canary": "true"}
    )
    assert lane_of(NGINX, seen(make.ingress_class(), make.ingress(), elsewhere)).name == "shop"


def test_a_canary_ingress_that_leads_to_the_service_is_not_taken_for_a_main_one() -> None:
    theirs = make.ingress(make.rule(make.path("web", "/odd")), name="odd", notes={NOTE + "canary": "true"})
    snapshot = seen(make.ingress_class(), make.ingress(), theirs)
    assert lane_of(NGINX, snapshot).name == "shop"


def test_a_default_backend_cannot_be_divided() -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    snapshot = seen(make.ingress_class(), make.ingress(make.rule(make.path("x")), defaultBackend=backend))
    assert refused(NGINX.lanes("web", "web-canary", snapshot)).code == "default-backend"


def test_a_name_that_is_taken_gets_a_number() -> None:
    other = make.ingress(make.rule(make.path("x"), host="x.test"), name="shop-canary")
    snapshot = seen(make.ingress_class(), make.ingress(), other)
    assert lane_of(NGINX, snapshot).own == "shop-canary-2"


def test_two_services_of_one_ingress_have_a_canary_ingress_each() -> None:
    both = make.ingress(make.rule(make.path("web"), make.path("api", "/api")))
    same = {"selector": {"app": "web"}}
    snapshot = seen(make.ingress_class(), both, service("web", **same), service("api", **same))
    web, api = (lane_of(NGINX, snapshot, s, f"{s}-canary") for s in ("web", "api"))
    assert (web.own, api.own) == ("shop-canary", "shop-api-canary")
    now = shifted(NGINX, web, snapshot, Split(share=10))
    assert NGINX.split(web, shifted(NGINX, api, now, Split(share=50))) == Split(share=10)


@pytest.mark.parametrize(
    "split",
    [
        Split(share=0, audiences=(BETA, Audience(by="header", name="X-Other"))),
        Split(share=0, audiences=(Audience(by="cookie", name="a", value="b"),)),
        Split(share=10, sticky=True),
        Split(share=10, mirror=5),
    ],
)
def test_what_annotations_cannot_say_is_refused(split: Split) -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    assert refused(NGINX.unfit(lane, split, snapshot)).code == "router-cannot"
    assert NGINX.shift(lane, split, snapshot) == ()


def test_affinity_and_traefiks_age_are_told() -> None:
    snapshot = seen(
        make.ingress_class("traefik.io/ingress-controller"), make.ingress(notes={NOTE + "affinity": "cookie"})
    )
    lane = lane_of(NGINX, snapshot)
    assert [a.code for a in NGINX.advice(lane, snapshot)] == ["affinity", "traefik-version"]


def test_an_ingress_of_that_name_made_by_somebody_meanwhile_is_left_alone() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    theirs = seen(seed(), make.ingress(name="hi-canary"))
    assert NGINX.split(lane, theirs) is None
    assert refused(NGINX.unfit(lane, Split(share=10), theirs)).code == "not-ours"
    assert NGINX.shift(lane, Split(share=10), theirs) == NGINX.reset(lane, None, theirs) == ()


def test_the_canary_of_another_release_is_not_ours() -> None:
    snapshot = seen(seed())
    mine = lane_of(NGINX, snapshot).model_copy(update={"release": "web-17"})
    other = mine.model_copy(update={"release": "web-18"})
    made = shifted(NGINX, mine, snapshot, Split(share=10))
    assert NGINX.split(other, made) is None
    assert NGINX.reset(other, None, made) == ()


def test_a_path_that_a_colleague_adds_is_no_split_until_it_is_shifted_too() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    made = shifted(NGINX, lane, snapshot, Split(share=10))
    more = make.rule(make.path("web", "/"), host="also.test")
    grown = edited(made, INGRESS, "hi", lambda o: o["spec"]["rules"].append(more))
    assert NGINX.split(lane, grown) is None
    assert given_back(NGINX, lane, snapshot, shifted(NGINX, lane, grown, Split(share=10))).find(INGRESS, "hi")


def test_weights_that_somebody_garbles_are_no_split_of_ours() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    made = shifted(NGINX, lane, snapshot, Split(share=10))
    for key, value in (("canary-weight", "10%"), ("canary-weight-total", "0"), ("canary", "false")):
        odd = edited(made, INGRESS, "hi-canary", partial(_note, key, value))
        assert NGINX.split(lane, odd) is None
        assert NGINX.split(lane, shifted(NGINX, lane, odd, Split(share=10))) == Split(share=10)
    weighed = edited(made, INGRESS, "hi-canary", partial(_note, "canary-weight", "40"))
    assert NGINX.split(lane, weighed) == Split(share=40)


def _note(key: str, value: str, obj: Obj) -> None:
    obj["metadata"]["annotations"][NOTE + key] = value


ONE_EACH = st.builds(
    Split,
    share=st.integers(0, 100),
    per=st.sampled_from((100, 1000, 107)),
    audiences=st.tuples(
        st.sampled_from(
            (BETA, Audience(by="header", name="a-b"), Audience(by="header", name="C", value="~x+"))
        ),
        st.just(COOKIE),
    )
    .flatmap(lambda both: st.lists(st.sampled_from(both), unique=True))
    .map(tuple),
)
EDITS = st.lists(st.sampled_from((make.described, make.another_host)), max_size=3)


@LAWS
@given(
    make.rules(),
    st.sampled_from((None, [{"hosts": ["a.test"]}])),
    st.lists(ONE_EACH, min_size=1, max_size=4),
    EDITS,
)
def test_the_laws_hold_for_any_ingress(
    rules: list[Obj], tls: Any, wanted: list[Split], edits: list[Any]
) -> None:
    stranger = make.ingress(
        make.rule(make.path("other", "/z")), name="stranger", notes={NOTE + "canary": "true"}
    )
    snapshot = seen(make.ingress_class(), make.ingress(*rules, tls=tls, notes={"who": "ana"}), stranger)
    assert hold(NGINX, snapshot, wanted, edits)


def test_the_main_ingress_is_never_written_to() -> None:
    snapshot = seen(seed())
    lane = lane_of(NGINX, snapshot)
    made = shifted(NGINX, lane, snapshot, Split(share=10, audiences=(BETA, COOKIE)))
    assert made.find(INGRESS, "hi") == snapshot.find(INGRESS, "hi")
    assert meta(made.find(INGRESS, "hi-canary") or {})["uid"]

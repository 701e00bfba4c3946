"""AWS's ALB: actions and conditions in JSON, the change to `use-annotation` and back, what is refused, and the laws."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import forwards
from strategies.lens import Audience, Split
from strategies.objects import INGRESS, Obj, annotations_of
from strategies.routers.aws_alb import AWS_ALB, CONTROLLER
from strategies.snapshot import Snapshot
from tests.unit.routers import ingress as make
from tests.unit.routers.laws import HEADERS, LAWS, hold
from tests.unit.routers.world import edited, given_back, lane_of, plain, refused, seen, shifted

NOTE = "alb.ingress.kubernetes.io/"
BETA = Audience(by="header", name="X-Canary", value="beta")
CLASS = make.ingress_class(CONTROLLER, "alb")


def only(*rules: Obj, notes: dict[str, str] | None = None, **spec: Any) -> Snapshot:
    return seen(CLASS, make.ingress(*rules, notes=notes, **({"ingressClassName": "alb"} | spec)))


def use(name: str, at: str = "/") -> Obj:
    return make.path(name, at, port={"name": "use-annotation"})


def paths_of(snapshot: Snapshot) -> list[Obj]:
    found = snapshot.find(INGRESS, "shop") or {}
    return [p for r in found["spec"]["rules"] for p in r["http"]["paths"]]


def notes_of(snapshot: Snapshot) -> dict[str, str]:
    found = annotations_of(snapshot.find(INGRESS, "shop") or {})
    return {k.removeprefix(NOTE): v for k, v in found.items()}


def test_a_path_leads_to_an_action_made_in_the_same_patch() -> None:
    snapshot = only(notes={NOTE + "scheme": "internal"})
    lane = lane_of(AWS_ALB, snapshot)
    assert [a.code for a in AWS_ALB.advice(lane, snapshot)] == ["use-annotation"]
    (patch,) = AWS_ALB.shift(lane, Split(share=10), snapshot)
    groups = (
        '[{"serviceName":"web","servicePort":"80","weight":90},'
        '{"serviceName":"web-canary","servicePort":"80","weight":10}]'
    )
    assert patch.ops == (
        {
            "op": "add",
            "path": "/metadata/annotations/alb.ingress.kubernetes.io~1actions.web-canary-main-80",
            "value": f'{{"type":"forward","forwardConfig":{{"targetGroups":{groups}}}}}',
        },
        {
            "op": "replace",
            "path": "/spec/rules/0/http/paths/0/backend/service/name",
            "value": "web-canary-main-80",
        },
        {"op": "remove", "path": "/spec/rules/0/http/paths/0/backend/service/port/number"},
        {
            "op": "add",
            "path": "/spec/rules/0/http/paths/0/backend/service/port/name",
            "value": "use-annotation",
        },
    )


def test_a_header_is_a_path_with_conditions_before_the_one_it_is_taken_from() -> None:
    snapshot = only(make.rule(make.path("other", "/x"), make.path("web")))
    made = shifted(AWS_ALB, lane_of(AWS_ALB, snapshot), snapshot, Split(share=0, audiences=(BETA,)))
    other, user, main = paths_of(made)
    assert (other, main) == (make.path("other", "/x"), make.path("web"))
    name = user["backend"]["service"]["name"]
    assert user == use(name)
    assert notes_of(made) == {
        f"conditions.{name}": '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Canary","values":["beta"]}}]',
        f"actions.{name}": forwards.forward([("web-canary", "80", 1)]),
    }


def test_conditions_of_a_path_go_with_it_to_its_action_and_to_its_audience() -> None:
    asked = [{"field": "query-string", "queryStringConfig": {"values": [{"key": "a", "value": "b"}]}}]
    snapshot = only(notes={NOTE + "conditions.web": json.dumps(asked)})
    made = shifted(AWS_ALB, lane_of(AWS_ALB, snapshot), snapshot, Split(share=10, audiences=(BETA,)))
    user, main = (p["backend"]["service"]["name"] for p in paths_of(made))
    notes = notes_of(made)
    assert json.loads(notes[f"conditions.{main}"]) == asked
    assert json.loads(notes[f"conditions.{user}"])[:-1] == asked


def test_kept_users_stay_on_a_group() -> None:
    snapshot = only()
    lane = lane_of(AWS_ALB, snapshot)
    made = shifted(AWS_ALB, lane, snapshot, Split(share=10, sticky=True))
    (action,) = (json.loads(v) for k, v in notes_of(made).items() if k.startswith("actions."))
    kept = action["forwardConfig"]["targetGroupStickinessConfig"]
    assert kept == {"enabled": True, "durationSeconds": 3600}
    assert shifted(AWS_ALB, lane, made, Split(share=10))
    assert refused(AWS_ALB.unfit(lane, Split(share=0, expire=True), snapshot)).code == "router-cannot"


OWN = (
    '{"Type": "forward", "ForwardConfig": {"TargetGroups": '
    '[{"ServiceName": "web", "ServicePort": "80", "Weight": 40},'
    ' {"ServiceName": "old", "ServicePort": "80", "Weight": 60}]}}'
)


def test_an_action_of_the_users_own_keeps_its_name_its_case_and_others_weights() -> None:
    snapshot = only(make.rule(use("root")), notes={NOTE + "actions.root": OWN})
    lane = lane_of(AWS_ALB, snapshot)
    assert AWS_ALB.advice(lane, snapshot) == ()
    made = shifted(AWS_ALB, lane, snapshot, Split(share=25))
    assert paths_of(made) == [use("root")]
    groups = json.loads(notes_of(made)["actions.root"])["ForwardConfig"]["TargetGroups"]
    assert [(g["ServiceName"], g["Weight"]) for g in groups] == [("web", 30), ("old", 60), ("web-canary", 10)]
    assert refused(AWS_ALB.unfit(lane, Split(share=1), snapshot)).code == "indivisible"
    assert refused(AWS_ALB.unfit(lane, Split(share=25, sticky=True), snapshot)).code == "own-action"
    assert plain(given_back(AWS_ALB, lane, snapshot, made)) == plain(snapshot)


def test_an_action_that_a_colleague_changes_meanwhile_keeps_his_change() -> None:
    snapshot = only(make.rule(use("root")), notes={NOTE + "actions.root": OWN})
    lane = lane_of(AWS_ALB, snapshot)
    made = shifted(AWS_ALB, lane, snapshot, Split(share=25))

    def faster(obj: Obj) -> None:
        action = json.loads(obj["metadata"]["annotations"][NOTE + "actions.root"])
        action["ForwardConfig"]["TargetGroups"][1]["Weight"] = 10
        obj["metadata"]["annotations"][NOTE + "actions.root"] = json.dumps(action)

    back = given_back(AWS_ALB, lane, snapshot, edited(made, INGRESS, "shop", faster))
    groups = json.loads(notes_of(back)["actions.root"])["ForwardConfig"]["TargetGroups"]
    assert [(g["ServiceName"], g["Weight"]) for g in groups] == [("web", 40), ("old", 10)]


def test_a_path_whose_backend_a_colleague_puts_back_is_no_split_of_ours() -> None:
    snapshot = only(make.rule(make.path("web"), make.path("web", "/b")))
    lane = lane_of(AWS_ALB, snapshot)
    made = shifted(AWS_ALB, lane, snapshot, Split(share=25, audiences=(BETA,)))

    def back(obj: Obj) -> None:
        obj["spec"]["rules"][0]["http"]["paths"][1] = make.path("web")

    odd = edited(made, INGRESS, "shop", back)
    assert AWS_ALB.split(lane, odd) is None
    assert plain(given_back(AWS_ALB, lane, snapshot, odd)) == plain(snapshot)
    assert plain(shifted(AWS_ALB, lane, odd, Split(share=25, audiences=(BETA,)))) == plain(made)


@pytest.mark.parametrize(
    ("split", "code"),
    [
        (Split(share=1, per=10_000), "router-cannot"),
        (Split(share=10_001, per=100_000), "too-fine"),
        (Split(share=0, audiences=(Audience(by="cookie", name="a"),)), "router-cannot"),
        (Split(share=0, audiences=(Audience(by="header", name="a", value="b*"),)), "header-unfit"),
        (Split(share=1, mirror=1), "router-cannot"),
    ],
)
def test_what_actions_cannot_say_is_refused(split: Split, code: str) -> None:
    snapshot = only()
    assert refused(AWS_ALB.unfit(lane_of(AWS_ALB, snapshot), split, snapshot)).code == code


def test_the_annotation_alb_is_this_controllers_where_no_class_says_otherwise() -> None:
    notes = {"kubernetes.io/ingress.class": "alb"}
    assert lane_of(AWS_ALB, seen(make.ingress(notes=notes, ingressClassName=None))).name == "shop"
    assert AWS_ALB.lanes("web", "web-canary", seen(make.ingress_class(), make.ingress())) == ()
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    no = refused(AWS_ALB.lanes("web", "web-canary", only(defaultBackend=backend)))
    assert no.code == "default-backend"


def test_names_fit_into_an_annotation_however_long_the_services_are() -> None:
    long = "w" * 63
    main = make.ingress(make.rule(make.path(long)), ingressClassName="alb")
    snapshot = seen(CLASS, main)
    lane = lane_of(AWS_ALB, snapshot, long, "x" * 63)
    made = shifted(AWS_ALB, lane, snapshot, Split(share=10, audiences=(BETA,)))
    assert all(len(k) <= 63 for k in notes_of(made))
    assert all(len(p["backend"]["service"]["name"]) <= 63 for p in paths_of(made))


@st.composite
def ingresses(draw: st.DrawFn) -> Snapshot:
    """One Ingress with paths to the Service, to others, and through actions of the user's own."""
    rules, notes = draw(make.rules()), {"who": "ana"}
    if draw(st.booleans()):
        weights = draw(st.sampled_from(((40, 60), (100, 0), (1, 1))))
        listed = [
            {"serviceName": n, "servicePort": "80", "weight": w}
            for n, w in zip(("web", "x"), weights, strict=True)
        ]
        action = {"type": "forward", "forwardConfig": {"targetGroups": draw(st.permutations(listed))}}
        notes[NOTE + "actions.root"] = json.dumps(action, indent=draw(st.sampled_from((None, 1))))
        rules.append(make.rule(use("root"), use("gone", "/gone"), host="own.test"))
    if draw(st.booleans()):
        notes[NOTE + "conditions.web"] = (
            '[{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}}]'
        )
    return only(*rules, notes=notes)


SPLITS = st.builds(
    Split,
    share=st.integers(0, 100),
    per=st.sampled_from((100, 100, 1000)),
    audiences=st.lists(st.sampled_from(HEADERS), unique=True).map(tuple),
    sticky=st.booleans(),
)
EDITS = st.lists(st.sampled_from((make.described, make.another_host)), max_size=3)


@LAWS
@given(ingresses(), st.lists(SPLITS, min_size=1, max_size=4), EDITS)
def test_the_laws_hold_for_any_ingress(snapshot: Snapshot, wanted: list[Split], edits: list[Any]) -> None:
    hold(AWS_ALB, snapshot, wanted, edits)


@LAWS
@given(make.rules(), SPLITS)
def test_plain_paths_take_any_split(rules: list[Obj], split: Split) -> None:
    assert hold(AWS_ALB, only(*rules), [split], [])

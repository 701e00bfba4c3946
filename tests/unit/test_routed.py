"""Releases by route: what the planner chooses, the steps, and whole releases in a small world that obeys routes."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest

from strategies.finish import lag
from strategies.hints import Hints
from strategies.lens import Audience, Can, Split
from strategies.objects import DEPLOYMENT, HTTPROUTE, SERVICE, Kind, Obj, labels_of, name_of
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.release import Doing, IntentKind, State
from strategies.routes import ROUTERS
from strategies.samples import Sample
from strategies.snapshot import Snapshot
from strategies.spec import Ratio, RouterName, Rung, Strategy
from strategies.steps import Lag, Prove, Remove, Shift, Stand, Step, Turn, Twin
from tests.unit.drive import PROBE, Run, planned, promotes, rolls_back_at, standing
from tests.unit.fakeroute import FakeRouter, route
from tests.unit.ingress import Ingress
from tests.unit.manifests import PINNED, Pinned, plus, shop
from tests.unit.troubles import half_lost
from tests.unit.world import World

CANARY, BLUEGREEN = Strategy.CANARY, Strategy.BLUEGREEN
BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")
Routers = dict[RouterName, Any]


@pytest.fixture(autouse=True)
def routers(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRouter]:
    """One router, over HTTPRoutes; what others know is their own tests' business."""
    only = FakeRouter()
    before = dict(ROUTERS)
    ROUTERS.clear()
    ROUTERS[only.name] = only
    yield only
    ROUTERS.clear()
    ROUTERS.update(before)


def routed(pinned: Pinned = "both", *hosts: str, **made: Any) -> Snapshot:
    """The first user's service behind an HTTPRoute."""
    return plus(shop(pinned, **made), (HTTPROUTE, route("web", "k8sdemo-svc", *hosts)))


def plan(strategy: Strategy = CANARY, seen: Snapshot | None = None, **asked: Any) -> Plan:
    found = planned(routed() if seen is None else seen, strategy, **{"router": None, **asked})
    assert isinstance(found, Plan), found
    return found


def refused(seen: Snapshot | None = None, strategy: Strategy = CANARY, **asked: Any) -> Refusal:
    found = planned(routed() if seen is None else seen, strategy, **{"router": None, **asked})
    assert isinstance(found, Refusal), found
    return found


def kinds(steps: tuple[Step, ...]) -> list[str]:
    said = []
    for s in steps:
        match s:
            case Turn(split=None):
                said.append("turn back")
            case Turn(split=Split() as split):
                said.append(" ".join(["turn", str(split.share), *map(str, split.audiences)]))
            case Twin():
                said.append(("twin ahead" if s.ahead else "twin") if s.stands else "twin gone")
            case Prove(audience=Audience() as audience):
                said.append(f"prove {audience}")
            case Prove():
                said.append(f"prove {s.share}")
            case _:
                said.append(f"{s.kind} {getattr(s, 'to', getattr(s, 'track', ''))}".strip())
    return said


# what the planner chooses


def test_a_route_that_leads_to_the_service_carries_the_split() -> None:
    found = plan()
    assert (found.router, [lane.name for lane in found.lanes]) == (RouterName.HTTPROUTE, ["web"])
    assert [s.share for s in found.stages] == [5, 25, 50, 100, 100]


@pytest.mark.parametrize("asked", [{"router": RouterName.RATIO}, {"ratio": Ratio(new=1, old=3)}])
def test_pods_make_it_where_they_are_asked_for(asked: dict[str, Any]) -> None:
    assert (plan(**asked).router, plan(**asked).lanes) == (RouterName.RATIO, ())


def test_pods_or_selectors_make_it_where_no_route_leads() -> None:
    assert plan(CANARY, shop()).router is RouterName.RATIO
    assert plan(BLUEGREEN, shop()).router is RouterName.SELECTOR


def test_a_route_to_another_service_is_none() -> None:
    assert plan(CANARY, plus(shop(), (HTTPROUTE, route("web", "other")))).lanes == ()


def test_a_router_that_nothing_of_leads_there_is_refused() -> None:
    found = refused(shop(), router=RouterName.HTTPROUTE)
    assert (found.code, "--router ratio" in found.remedy) == ("no-route", True)


def test_what_a_router_refuses_is_refused_with_the_way_round_it(routers: FakeRouter) -> None:
    routers.refuses = Refusal(
        code="foreign-canary", what="Ingress x is a canary already.", remedy="Delete it."
    )
    assert refused().remedy == "Delete it. Or leave the routes alone: `--router ratio`."


@pytest.mark.parametrize(
    ("can", "steps", "words"),
    [
        (Can(weight=True), (BETA, 25), "tell users by a header"),
        (Can(weight=True, header=True), (COOKIE, 25), "tell users by a cookie"),
        (Can(weight=False, header=True), (25,), "divide by weight"),
        (Can(weight=True, smallest=10), (5,), "below 10 %"),
    ],
)
def test_what_a_router_cannot_do_is_refused_with_those_that_can(
    routers: FakeRouter, can: Can, steps: tuple[Rung, ...], words: str
) -> None:
    routers.can = can
    ROUTERS[RouterName.ISTIO] = FakeRouter(RouterName.ISTIO, kinds=())
    ROUTERS[RouterName.ISTIO].lanes = lambda *_: ()  # type: ignore[method-assign]  # nothing of it leads here
    found = refused(steps=steps)
    assert found.code == "router-cannot"
    assert words in found.what
    assert "`istio`" in found.remedy


def test_who_is_kept_and_what_is_copied_holds_until_all_users_have_it(routers: FakeRouter) -> None:
    routers.can = Can(weight=True, header=True, sticky=True, mirror=True, forgets=True)
    laid = plan(steps=(BETA, 25, 50), sticky=True, mirror=10)
    splits = [s.split for s in laid.steps if isinstance(s, Turn)]
    assert [(s.share, s.sticky, s.mirror, s.expire) for s in splits if s] == [
        (0, True, 10, False),
        (25, True, 10, False),
        (50, True, 10, False),
        (100, False, 0, True),
    ]
    assert [a.code for a in laid.advice if a.code in ("kept", "mirrored")] == ["kept", "mirrored"]
    routers.can = Can(weight=True, sticky=True)
    assert [
        s.split.expire for s in plan(steps=(25,), sticky=True).steps if isinstance(s, Turn) and s.split
    ] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("asked", "words"), [({"sticky": True}, "keep users"), ({"mirror": 5}, "copy requests")]
)
def test_a_router_that_cannot_keep_or_copy_is_refused_before_anything_starts(
    routers: FakeRouter, asked: dict[str, Any], words: str
) -> None:
    found = refused(steps=(25,), **asked)
    assert (found.code, words in found.what) == ("router-cannot", True)


def test_pods_cannot_tell_users_apart() -> None:
    found = refused(shop(), steps=(BETA, 25))
    assert (found.code, "`httproute`" in found.remedy) == ("router-cannot", True)
    assert refused(steps=(BETA,), router=RouterName.RATIO).code == "router-cannot"


def test_audiences_that_are_only_hinted_are_left_out_where_pods_make_the_split() -> None:
    from strategies.planner import plan as planner
    from strategies.spec import ReleaseSpec

    spec = ReleaseSpec(strategy=CANARY, service="k8sdemo", version="v6")
    found = planner(spec, shop(), Hints(steps=(BETA, 50)))
    assert isinstance(found, Plan)
    assert [s.share for s in found.stages] == [50, 100, 100]


# how the new track stands


@pytest.mark.parametrize("pinned", PINNED)
def test_no_live_service_ever_leads_to_the_new_pods_before_the_end(pinned: Pinned) -> None:
    found = plan(CANARY, routed(pinned))
    (way,) = found.ways
    assert way.both == way.stable
    (twin,) = found.twins
    labels = (found.manifest or {})["spec"]["template"]["metadata"]["labels"]
    assert twin["spec"]["selector"].items() <= labels.items()
    assert not way.stable.items() <= labels.items() or found.gated


def test_the_twin_is_the_live_service_without_what_is_its_own() -> None:
    seen = routed()
    live = seen.objects[SERVICE]["k8sdemo-svc"]
    live["spec"] |= {"type": "NodePort", "clusterIP": "10.0.0.1"}
    live["spec"]["ports"][0] |= {"nodePort": 30001, "name": "http"}
    live["metadata"] |= {
        "labels": {"team": "shop"},
        "annotations": {"meta.helm.sh/release-name": "x", "a": "b"},
    }
    (twin,) = plan(CANARY, seen).bind("k8sdemo-17").twins
    assert twin["metadata"]["name"] == "k8sdemo-svc-canary"
    assert twin["metadata"]["labels"] == {
        "team": "shop",
        "graylight/release": "k8sdemo-17",
        "graylight/track": "canary",
    }
    assert twin["metadata"]["annotations"] == {"a": "b"}
    assert twin["spec"] == {
        "type": "ClusterIP",
        "ports": [{"name": "http", "port": 8000, "targetPort": 60001}],
        "selector": {"app": "k8sdemo", "version": "v6"},
    }


def test_without_a_readiness_probe_it_stands_at_full_size_before_its_first_traffic() -> None:
    def sizes(seen: Snapshot) -> list[int | None]:
        return [s.replicas for s in plan(CANARY, seen).steps if isinstance(s, Stand)]

    assert sizes(routed(replicas=4)) == [4, 4, 4, None]
    assert sizes(routed(replicas=4, probed=True)) == [1, 1, 2, None]


# the steps

REPLACING = [
    *(
        "twin ahead",
        "stand canary",
        "twin",
        "turn 0 header:X-Canary=beta",
        "prove header:X-Canary=beta",
        "prove 0",
        "soak",
    ),
    *("stand canary", "twin", "turn 25 header:X-Canary=beta", "prove 25", "soak"),
    *("stand canary", "twin", "turn 100", "prove 100"),
    *("keep", "shift canary", "lag", "turn back", "prove 100", "lag", "twin gone", "remove stable", "tidy"),
]
IN_PLACE = [
    *("twin ahead", "stand canary", "twin", "turn 25", "prove 25", "soak"),
    *("stand canary", "twin", "turn 100", "prove 100"),
    *("keep", "shift canary", "lag", "update new", "shift after", "lag", "turn back", "prove 100", "lag"),
    *("twin gone", "remove canary", "tidy"),
]


def test_the_steps_by_route() -> None:
    assert kinds(plan(steps=(BETA, 25)).steps) == REPLACING
    assert kinds(plan(CANARY, routed("nowhere"), steps=(25,)).steps) == IN_PLACE
    assert kinds(plan(BLUEGREEN).steps)[:8] == [
        "twin ahead",
        "stand canary",
        "check",
        "soak",
        "stand canary",
        "twin",
        "turn 100",
        "prove 100",
    ]


def test_the_way_back_turns_the_routes_before_anything_else_goes() -> None:
    assert kinds(plan().back) == [
        *("stand stable", "turn back", "shift stable", "prove 0", "lag", "twin gone", "remove canary", "tidy")
    ]


def test_each_host_is_proven_by_itself() -> None:
    found = plan(CANARY, routed("both", PROBE.host, "b.example", "*.c.example"), steps=(25,))
    proofs = [s.path.host if s.path else "" for s in found.steps if isinstance(s, Prove) and s.share == 25]
    assert proofs == ["", "b.example", "graylight.c.example"]


# whole releases

STRATEGIES = [(CANARY, {"steps": (BETA, 25)}), (BLUEGREEN, {})]
WORLDS = [
    pytest.param(
        strategy, asked, pinned, probed, id=f"{strategy.value}-{pinned}-{'' if probed else 'un'}probed"
    )
    for strategy, asked in STRATEGIES
    for pinned in PINNED
    for probed in (True, False)
]


def begun(strategy: Strategy, pinned: Pinned, *, probed: bool, lag: float = 2.0, **asked: Any) -> Run:
    world = World.of(routed(pinned, probed=probed), ingress=Ingress(lag))
    return Run.begin(world, strategy, **{"router": None, **asked})


def of(run: Run, kind: Kind) -> dict[str, Obj]:
    return run.world.objects.get(kind, {})


@pytest.mark.parametrize(("strategy", "asked", "pinned", "probed"), WORLDS)
def test_a_release_by_route_ends_as_planned_and_leaves_nothing_behind(
    strategy: Strategy, asked: dict[str, Any], pinned: Pinned, *, probed: bool
) -> None:
    run = begun(strategy, pinned, probed=probed, **asked).run(promotes)
    assert run.release.state is State.PROMOTED, run.release.reason
    assert [*of(run, SERVICE)] == ["k8sdemo-svc"]
    after = standing(run.world)
    assert after["HTTPRoute/web"] == run.before["HTTPRoute/web"]
    stays = run.release.plan.canary if run.release.plan.ending == "replace" else run.release.plan.stable
    assert [*of(run, DEPLOYMENT)] == [stays]
    for kind in (HTTPROUTE, SERVICE):
        for obj in of(run, kind).values():
            assert not [e for e in obj["metadata"].get("managedFields", []) if e["manager"] == "graylight"]


@pytest.mark.parametrize(("strategy", "asked", "pinned", "probed"), WORLDS[::3])
def test_going_back_from_every_step_restores_everything(
    strategy: Strategy, asked: dict[str, Any], pinned: Pinned, *, probed: bool
) -> None:
    forward = begun(strategy, pinned, probed=probed, **asked)
    went = 0
    for cursor in range(1, len(forward.release.plan.steps)):
        forward.run(promotes, until=lambda r, at=cursor: r.release.cursor >= at)  # type: ignore[misc]  # bound now
        run = forward.fork().run(rolls_back_at(cursor))
        if run.release.state is State.PROMOTED:
            continue
        went += 1
        assert run.release.state is State.ROLLED_BACK, (cursor, run.release.reason)
        assert standing(run.world) == run.before, cursor
    assert went > 8


def test_what_is_made_for_it_bears_its_marks(routers: FakeRouter) -> None:
    run = begun(CANARY, "nowhere", probed=True, steps=(25,)).run(
        until=lambda r: r.release.state is State.ASKING
    )
    made = [of(run, SERVICE)["k8sdemo-svc-canary"], of(run, DEPLOYMENT)["k8sdemo-deploy-canary"]]
    for obj in made:
        assert labels_of(obj)["graylight/release"] == "k8sdemo-17", name_of(obj)
        assert labels_of(obj)["graylight/track"] == "canary"


def test_a_share_is_proven_by_requests_through_the_route() -> None:
    run = begun(CANARY, "both", probed=True, steps=(BETA, 25), auto=True, soak=0).run()
    assert run.release.state is State.PROMOTED, run.release.reason
    said = [e.text for e in run.release.events if e.kind == "proven"]
    assert said[0].startswith("who sends X-Canary: beta gets v6: 60 of 60 ✓ proven in ")
    assert said[1].startswith("asked 0 %, users get 0 of 60 (0–6 %) ✓")
    assert said[2].startswith("asked 25 %, users get ")


# what goes wrong


def at_25(**asked: Any) -> Run:
    run = begun(CANARY, "both", probed=True, steps=(25,), **asked)
    run.lawful = False
    return run


def test_a_route_that_its_controller_ignores_is_noticed_and_held() -> None:
    run = at_25()
    run.world.ingress.deaf = True
    run.run()
    assert run.release.state is State.HOLDING
    found = re.match(r"Asked 25 %, but v6 answered 0 of (\d+) \(", run.release.reason)
    assert found, run.release.reason
    assert int(found[1]) > 400, "all that were asked since the shift"
    assert "HTTPRoute web was accepted at 09:00:" in run.release.reason


def test_an_ignored_route_is_held_under_auto_too_and_taken_back_only_where_that_was_asked_for() -> None:
    for on_fail, state in ((None, State.HOLDING), ("rollback", State.ROLLED_BACK)):
        run = at_25(auto=True, on_fail=on_fail)
        run.world.ingress.deaf = True
        assert run.run().release.state is state, run.release.reason


def test_answers_that_fit_but_are_too_few_do_not_accuse_the_route() -> None:
    run = at_25(soak=60)
    turns = cycle(["new", "old", "old", "old"])
    slow = cycle([True, *[False] * 9])  # an answer now and then, as by `rate: 1`
    run.sample = lambda _: [Sample(next(turns), 200, 0.01, "hi")] if next(slow) else []  # type: ignore[arg-type]
    run.run()
    assert run.release.state is State.HOLDING
    assert "that fits, but so few answers fit other shares too" in run.release.reason
    assert "do not follow" not in run.release.reason


def test_resuming_proves_again_and_goes_on_where_the_route_is_followed_now() -> None:
    run = at_25(soak=0)
    run.world.ingress.deaf = True
    run.run()
    run.world.ingress.deaf = False
    run.intend(IntentKind.RESUME)
    run.run(promotes)
    assert run.release.state is State.PROMOTED, run.release.reason


def test_an_audience_that_does_not_get_the_version_is_told_as_an_audience() -> None:
    run = begun(CANARY, "both", probed=True, steps=(BETA, 25))
    run.lawful = False
    run.world.ingress.deaf = True
    run.run()
    told = "Who sends X-Canary: beta is to get v6, which answered 0 of "
    assert run.release.reason.startswith(told)


def test_requests_that_fail_during_a_proof_are_told_as_that_and_taken_back_under_auto() -> None:
    run = at_25(auto=True)
    half_lost(run)
    run.run(until=lambda r: r.release.going_back)
    said = [e.text for e in run.release.events if e.kind == "stuck"]
    assert "requests failed (500)." in said[-1]


def test_a_route_that_is_not_taken_holds_before_anything_is_asked_of_users(routers: FakeRouter) -> None:
    routers.waits = "Gateway public has not accepted it"
    run = at_25().run()
    assert run.release.state is State.HOLDING
    assert "not taken within 1 min" in run.release.reason or "not taken within 60" in run.release.reason
    assert "Gateway public has not accepted it" in run.release.reason
    assert run.samples == []


def soaking() -> Run:
    return at_25(soak=60).run(until=lambda r: r.release.state is State.SOAKING)


def test_weights_put_back_by_somebody_hold_the_release_and_name_them() -> None:
    run = soaking()
    backends = [{"name": "k8sdemo-svc", "port": 8000, "weight": 1}]
    run.world.edit(HTTPROUTE, "web", ("/spec/rules/0/backendRefs", backends), manager="argocd")
    run.run()
    assert run.release.state is State.HOLDING
    assert "The split of HTTPRoute web (now 0 %) was changed by `argocd`" in run.release.reason


def test_resuming_writes_the_weights_again_and_proves_them_and_a_second_time_is_told_again() -> None:
    run = soaking()
    backends = [{"name": "k8sdemo-svc", "port": 8000, "weight": 1}]
    for _ in range(2):
        run.world.edit(HTTPROUTE, "web", ("/spec/rules/0/backendRefs", backends), manager="argocd")
        run.run()
        assert run.release.state is State.HOLDING
        run.intend(IntentKind.RESUME)
        run.run(until=lambda r: r.release.state is State.SOAKING)
        assert run.release.measured is not None
        assert run.release.measured.verdict == "proven"
        run.world.step(2)


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [(SERVICE, "k8sdemo-svc-canary", "Service k8sdemo-svc-canary"), (HTTPROUTE, "web", "HTTPRoute web")],
)
def test_a_deleted_part_of_the_way_holds_it(kind: Kind, name: str, said: str) -> None:
    run = soaking()
    run.world.delete(kind, name)
    run.run()
    assert run.release.state is State.HOLDING
    assert f"{said}" in run.release.reason
    assert "was deleted by somebody" in run.release.reason


def test_a_twin_that_was_deleted_is_made_again() -> None:
    run = soaking()
    run.world.delete(SERVICE, "k8sdemo-svc-canary")
    run.run()
    run.intend(IntentKind.RESUME)
    run.run(until=lambda r: r.release.state is State.SOAKING)
    assert "k8sdemo-svc-canary" in of(run, SERVICE)


def test_going_back_without_the_route_still_ends() -> None:
    run = soaking()
    run.world.ingress.lag = 0
    run.world.delete(HTTPROUTE, "web")
    run.world.step()
    run.run()
    run.intend(IntentKind.ROLLBACK)
    run.run()
    assert run.release.state is State.ROLLED_BACK
    assert [*of(run, SERVICE)] == ["k8sdemo-svc"]
    assert "HTTPRoute web is gone, as somebody else left it" in run.release.events[-1].text


def test_going_back_beside_an_image_that_somebody_set_does_not_say_as_before() -> None:
    run = soaking()
    path = "/spec/template/spec/containers/0/image"
    run.world.edit(DEPLOYMENT, "k8sdemo-deploy", (path, "k8s-grpc-demo:v7"), manager="kubectl-set")
    run.run()
    run.intend(IntentKind.ROLLBACK)
    run.run()
    assert run.release.state is State.ROLLED_BACK
    said = run.release.events[-1].text
    assert "k8sdemo-deploy runs k8s-grpc-demo:v7, not v2" in said
    assert "as before" not in said


def test_a_new_track_that_somebody_emptied_stands_again_on_resume_with_nobody_sent_there_meanwhile() -> None:
    run = soaking()
    name = run.release.plan.canary
    run.world.edit(DEPLOYMENT, name, ("/spec/replicas", 0), manager="kubectl")
    run.run()
    assert run.release.state is State.HOLDING
    assert run.release.reason.endswith("Users whom the route sends there get errors until then.")
    run.world.step(10)
    run.intend(IntentKind.RESUME)
    run.run(until=lambda r: r.release.state is State.SOAKING)
    told = [e.kind for e in run.release.events]
    after = run.release.events[told.index("resumed") :]
    assert [e.kind for e in after[:3]] == ["resumed", "doing", "doing"], told
    assert "are to stand" in after[1].text, after[1].text
    assert of(run, DEPLOYMENT)[name]["spec"]["replicas"] == 1
    assert run.release.measured is not None
    assert run.release.measured.verdict == "proven"


def test_a_hold_while_a_turned_route_waits_does_not_make_our_own_split_somebody_elses() -> None:
    run = soaking()
    turned = run.release.cursor - 2
    assert isinstance(run.release.plan.steps[turned], Turn)
    doing = Doing(step=turned, what="turned", at=run.world.now)
    run.release = run.release.become(State.RUNNING, run.world.now, cursor=turned, doing=doing)
    run.intend(IntentKind.HOLD)
    run.intend(IntentKind.RESUME)
    assert run.release.cursor == turned


def test_after_a_split_that_somebody_made_the_routers_lag_is_waited_for_before_anything_is_proven() -> None:
    run = soaking()
    more = [
        {"name": "k8sdemo-svc", "port": 8000, "weight": 30},
        {"name": "k8sdemo-svc-canary", "port": 8000, "weight": 70},
    ]
    run.world.edit(HTTPROUTE, "web", ("/spec/rules/0/backendRefs", more), manager="kubectl")
    run.run()
    assert run.release.state is State.HOLDING
    run.intend(IntentKind.RESUME)
    since = run.world.now
    run.run(until=lambda r: r.release.state is State.SOAKING)
    assert run.world.now - since >= timedelta(seconds=lag(run.release.plan))


def test_a_service_of_the_twins_name_is_left_alone() -> None:
    seen = routed()
    other = {**seen.objects[SERVICE]["k8sdemo-svc"]}
    other["metadata"] = {**other["metadata"], "name": "k8sdemo-svc-canary"}
    other["spec"] = {**other["spec"], "selector": {"app": "other"}}
    assert plan(CANARY, plus(seen, (SERVICE, other))).lanes[0].twin == "k8sdemo-svc-canary-2"


@pytest.mark.parametrize("die", ["before the journal", "before a write", "after a write"])
def test_a_bot_that_dies_in_between_ends_the_same(die: str) -> None:
    expected = begun(CANARY, "nowhere", probed=True, steps=(BETA, 25)).run(promotes)
    count = 0

    def dies(at: str) -> bool:
        nonlocal count
        count += at == die
        return at == die and count % 11 == 3

    run = begun(CANARY, "nowhere", probed=True, steps=(BETA, 25))
    run.dies = dies
    run.run(promotes)
    assert run.release.state is State.PROMOTED
    assert standing(run.world) == standing(expected.world)


Check = Callable[[Step], bool]


def test_nothing_is_removed_before_the_routers_lag_has_passed() -> None:
    for pinned in PINNED:
        for steps in (plan(CANARY, routed(pinned)).steps, plan(CANARY, routed(pinned)).back):
            for i, step in enumerate(steps):
                if isinstance(step, Remove) or (isinstance(step, Twin) and not step.stands):
                    before = [s for s in steps[:i] if isinstance(s, Lag | Turn | Shift)]
                    assert isinstance(before[-1], Lag)


@pytest.mark.parametrize("router", [None, RouterName.RATIO])
def test_a_restart_that_somebody_went_on_with_is_no_news_after_our_own_update(
    router: RouterName | None,
) -> None:
    run = begun(CANARY, "nowhere", probed=True, steps=(25,), soak=60, router=router)
    run.lawful = False
    run.run(until=lambda r: r.release.state is State.SOAKING)
    notes = {"kubectl.kubernetes.io/restartedAt": "2026-03-01"}
    run.world.edit(DEPLOYMENT, "k8sdemo-deploy", ("/spec/template/metadata/annotations", notes))
    run.run(until=lambda r: r.release.state is State.HOLDING)
    run.intend(IntentKind.RESUME)
    run.run(promotes)
    assert run.release.state is State.PROMOTED, run.release.reason
    template = of(run, DEPLOYMENT)["k8sdemo-deploy"]["spec"]["template"]
    assert template["metadata"]["annotations"] == notes
    assert template["spec"]["containers"][0]["image"] == "k8s-grpc-demo:v6"

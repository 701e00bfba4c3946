"""Plans: how the new track stands, where each Service leads in each position, and the order of the steps."""

from typing import Any

import pytest

from strategies.hints import Hints
from strategies.objects import DEPLOYMENT, HPA, PDB, POD, SERVICE, Labels, covers, name_of
from strategies.plan import RELEASE, Plan, Way
from strategies.planner import plan as planner
from strategies.pods import GATE
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot, template_labels
from strategies.spec import Ratio, ReleaseSpec, RouterName, Strategy
from strategies.steps import Drain, Keep, Lag, Prove, Remove, Shift, Soak, Stand, Step, Update
from strategies.tracks import update_manifest
from tests.unit.drive import planned
from tests.unit.manifests import (
    PINNED,
    Pinned,
    deployment,
    hpa,
    ingress,
    pdb,
    plus,
    pods,
    service,
    shop,
    snapshot,
)

CANARY, BLUEGREEN, ROLLING = Strategy.CANARY, Strategy.BLUEGREEN, Strategy.ROLLING
APP: Labels = {"app": "k8sdemo"}
OLD: Labels = APP | {"version": "1.0.0"}
NEW: Labels = APP | {"version": "v6"}
MARK: Labels = {"graylight/release": RELEASE}
TRACKING = {
    "meta.helm.sh/release-name": "x",
    "meta.helm.sh/release-namespace": "y",
    "argocd.argoproj.io/tracking-id": "x",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "deployment.kubernetes.io/revision": "7",
    "kustomize.toolkit.fluxcd.io/checksum": "x",
}
TRACKED = {
    "app.kubernetes.io/managed-by": "Helm",
    "helm.sh/chart": "demo-1.0",
    "argocd.argoproj.io/instance": "demo",
    "kustomize.toolkit.fluxcd.io/name": "demo",
    "helm.toolkit.fluxcd.io/name": "demo",
}


def made(strategy: Strategy = CANARY, seen: Snapshot | None = None, **asked: Any) -> Plan:
    plan = planned(shop() if seen is None else seen, strategy, **asked)
    assert isinstance(plan, Plan), plan
    return plan


def way(before: Labels, stable: Labels, both: Labels, canary: Labels, after: Labels) -> Way:
    return Way(service="k8sdemo-svc", before=before, stable=stable, both=both, canary=canary, after=after)


WAYS: dict[tuple[Strategy, Pinned], Way] = {
    (CANARY, "both"): way(OLD, OLD, APP, NEW, NEW),
    (CANARY, "service"): way(OLD, OLD, APP, NEW | MARK, NEW),
    (CANARY, "deployment"): way(APP, OLD, APP, NEW, APP),
    (CANARY, "template"): way(APP, APP, APP, NEW | MARK, APP),
    (CANARY, "nowhere"): way(APP, APP, APP, APP | MARK, APP),
    (BLUEGREEN, "both"): way(OLD, OLD, APP, NEW, NEW),
    (BLUEGREEN, "service"): way(OLD, OLD, APP, NEW | MARK, NEW),
    (BLUEGREEN, "deployment"): way(APP, OLD, APP, NEW, APP),
    (BLUEGREEN, "template"): way(APP, APP, APP, {"app": RELEASE, "version": "v6"} | MARK, APP),
    (BLUEGREEN, "nowhere"): way(APP, APP, APP, {"app": RELEASE} | MARK, APP),
}
CASES = [pytest.param(s, p, id=f"{s.value}-{p}") for s, p in WAYS]


@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_each_service_has_its_selector_in_each_position(strategy: Strategy, pinned: Pinned) -> None:
    assert made(strategy, shop(pinned)).ways == (WAYS[strategy, pinned],)


@pytest.mark.parametrize("probed", [False, True])
@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_every_position_catches_the_pods_it_should_and_no_others(
    strategy: Strategy, pinned: Pinned, *, probed: bool
) -> None:
    plan = made(strategy, shop(pinned, probed=probed))
    (found,) = plan.ways
    old = template_labels(shop(pinned).objects[DEPLOYMENT]["k8sdemo-deploy"])
    new = template_labels(plan.manifest or {})
    gated = plan.gated  # then its gate, not the selector, keeps the canary out
    assert covers(found.before, old)
    assert covers(found.stable, old)
    assert covers(found.stable, new) is (gated and found.stable == found.both)
    assert covers(found.canary, new)
    assert not covers(found.canary, old)
    if strategy is CANARY:
        assert covers(found.both, old)
        assert covers(found.both, new)
    if plan.ending == "replace":
        assert covers(found.after, new)
    elif not gated:
        assert not covers(found.after, new), "it would stop under traffic"


@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_the_ending_follows_from_where_the_version_is(strategy: Strategy, pinned: Pinned) -> None:
    plan = made(strategy, shop(pinned))
    replace = pinned in ("both", "deployment")
    assert plan.ending == ("replace" if replace else "in-place")
    assert plan.canary == (
        "k8sdemo-deploy-v6" if replace or strategy is BLUEGREEN else "k8sdemo-deploy-canary"
    )
    labels = (plan.manifest or {})["metadata"]["labels"]
    temporary = {"graylight/release", "graylight/track"}
    assert (temporary & labels.keys() == temporary) is not replace
    assert (temporary & template_labels(plan.manifest or {}).keys() == temporary) is not replace


@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_the_new_deployment_is_the_old_one_but_for_what_must_differ(
    strategy: Strategy, pinned: Pinned
) -> None:
    own = {"app": "k8sdemo", "team": "shop", "version": "1.0.0"} | TRACKED
    notes = {"graylight/probe": "{}", "note": "kept"} | TRACKING
    seen = shop(pinned, own=own, notes=notes)
    manifest = made(strategy, seen, accept_replace=True).manifest or {}
    meta, spec = manifest["metadata"], manifest["spec"]
    assert not TRACKED.keys() & meta["labels"].keys()
    assert not TRACKING.keys() & meta["annotations"].keys()
    assert meta["annotations"]["graylight/probe"] == "{}"
    assert meta["annotations"]["note"] == "kept"
    assert meta["annotations"]["graylight/base"] == "k8sdemo-deploy"
    assert meta["labels"]["team"] == "shop"
    assert set(meta) == {"name", "namespace", "labels", "annotations"}
    (container,) = spec["template"]["spec"]["containers"]
    assert container["image"] == "k8s-grpc-demo:v6"
    assert covers(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"])
    old = seen.objects[DEPLOYMENT]["k8sdemo-deploy"]
    assert {k: v for k, v in container.items() if k != "image"} == {
        k: v for k, v in old["spec"]["template"]["spec"]["containers"][0].items() if k != "image"
    }
    assert "resourceVersion" not in str(manifest)


@pytest.mark.parametrize("pinned", PINNED)
def test_the_selector_of_the_new_deployment_never_matches_pods_of_the_old_one(pinned: Pinned) -> None:
    manifest = made(CANARY, shop(pinned)).manifest or {}
    old = template_labels(shop(pinned).objects[DEPLOYMENT]["k8sdemo-deploy"])
    assert not covers(manifest["spec"]["selector"]["matchLabels"], old)


@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_the_gate_is_on_temporary_pods_that_a_service_will_select_beside_the_old_ones(
    strategy: Strategy, pinned: Pinned
) -> None:
    plan = made(strategy, shop(pinned))
    expected = pinned == "service" or (strategy is CANARY and plan.ending == "in-place")
    gates = (plan.manifest or {})["spec"]["template"]["spec"].get("readinessGates", [])
    assert plan.gated is expected
    assert gates == ([{"conditionType": GATE}] if expected else [])


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [f"{s.kind} {getattr(s, 'to', getattr(s, 'track', ''))}".strip() for s in steps]


PINNED_CANARY = [
    *("stand canary", "shift both", "prove", "soak"),
    *("stand canary", "shift both", "prove", "soak"),
    *("stand canary", "shift canary", "prove"),
    *("keep", "lag", "remove stable", "tidy"),
]
PLAIN_CANARY = [
    *("stand canary", "shift both", "prove", "soak"),
    *("stand canary", "shift both", "prove", "soak"),
    *("stand canary", "shift canary", "prove"),
    *("keep", "lag", "update new", "shift after", "prove", "drain", "lag", "remove canary", "tidy"),
]


def test_the_steps_of_the_seeds_canary() -> None:
    plan = made(CANARY)
    assert kinds(plan.steps) == PINNED_CANARY
    assert kinds(plan.back) == ["stand stable", "shift stable", "prove", "lag", "remove canary", "tidy"]


def test_the_steps_of_a_plain_canary() -> None:
    plan = made(CANARY, shop("nowhere"))
    assert kinds(plan.steps) == PLAIN_CANARY
    assert kinds(plan.back) == [
        "update old",
        "stand stable",
        "shift stable",
        "prove",
        "lag",
        "remove canary",
        "tidy",
    ]


def test_the_steps_of_the_seeds_blue_green() -> None:
    assert kinds(made(BLUEGREEN).steps) == [
        *("stand canary", "check", "soak"),
        *("stand canary", "shift canary", "prove"),
        *("keep", "lag", "remove stable", "tidy"),
    ]


def test_the_steps_of_rolling_with_a_pause() -> None:
    plan = made(ROLLING, pause_at=50)
    assert kinds(plan.steps) == ["update new", "prove", "soak", "update new", "prove", "tidy"]
    assert plan.steps[0] == Update(stage=1, to="new", pause_at=2)
    assert kinds(plan.back) == ["update old", "prove", "tidy"]
    assert (plan.ways, plan.canary, plan.ending) == ((), "", "update")


def test_where_the_service_must_be_narrowed_that_is_the_first_step_and_undone_last() -> None:
    plan = made(BLUEGREEN, shop("deployment"))
    assert kinds(plan.steps)[:2] == ["shift stable", "stand canary"]
    assert kinds(plan.steps)[-3:] == ["remove stable", "shift after", "tidy"]
    assert kinds(plan.back)[-3:] == ["remove canary", "shift before", "tidy"]


@pytest.mark.parametrize(("strategy", "pinned"), CASES)
def test_capacity_comes_before_traffic_and_traffic_goes_before_anything_is_removed(
    strategy: Strategy, pinned: Pinned
) -> None:
    plan = made(strategy, shop(pinned))
    for steps in (plan.steps, plan.back):
        for i, step in enumerate(steps):
            before = steps[:i]
            if isinstance(step, Shift) and step.to in ("both", "canary"):
                assert any(isinstance(s, Stand) and s.track == "canary" for s in before)
            if isinstance(step, Shift) and step.to == "after" and plan.ending == "in-place":
                assert any(isinstance(s, Update) for s in before)
            if isinstance(step, Remove):
                assert isinstance(before[-1], Lag)
                moved = [s for s in before if isinstance(s, Shift | Drain)]
                assert moved
    shifts = [i for i, s in enumerate(plan.back) if isinstance(s, Shift)]
    assert any(isinstance(s, Stand) and s.track == "stable" for s in plan.back[: shifts[0]])


def test_users_go_to_the_old_version_alone_while_pods_without_a_readiness_probe_settle() -> None:
    assert all(s.aside for s in made(CANARY).steps if isinstance(s, Stand))
    assert not any(s.aside for s in made(CANARY, shop(probed=True)).steps if isinstance(s, Stand))
    assert not any(s.aside for s in made(CANARY, shop("nowhere")).steps if isinstance(s, Stand))
    assert "users go to the old version alone" in made(CANARY, shop(replicas=4), steps=(25,)).stages[-2].note


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        ("delete", ["keep", "lag", "remove stable", "tidy"]),
        ("upgrade", ["keep", "lag", "update new", "tidy"]),
        ("keep", ["keep", "tidy"]),
    ],
)
def test_what_becomes_of_the_old_deployment_is_as_asked(after: str, ends: list[str]) -> None:
    assert kinds(made(CANARY, after=after).steps)[-len(ends) :] == ends


def test_going_back_from_an_upgraded_old_one_would_update_it_back() -> None:
    assert kinds(made(CANARY, after="upgrade").back)[0] == "update old"


@pytest.mark.parametrize(
    ("pinned", "there", "back"), [("both", "retarget", "retarget"), ("nowhere", "guard", "guard")]
)
def test_an_autoscaler_follows_or_is_guarded(pinned: Pinned, there: str, back: str) -> None:
    plan = made(CANARY, plus(shop(pinned), (HPA, hpa())))
    assert plan.autoscalers == ("k8sdemo-hpa",)
    assert any(k.startswith(there) for k in kinds(plan.steps))
    assert any(k.startswith(back) for k in kinds(plan.back))


def test_a_budget_that_covers_both_versions_is_left_alone() -> None:
    assert made(CANARY, plus(shop(), (PDB, pdb(APP)))).budgets == ()
    assert made(CANARY, plus(shop(), (PDB, pdb(OLD)))).budgets == ("k8sdemo-pdb",)
    assert made(CANARY, plus(shop("nowhere"), (PDB, pdb(APP)))).budgets == ()


def test_an_autoscaler_that_keda_makes_is_left_to_keda() -> None:
    made_by = hpa()
    made_by["metadata"]["ownerReferences"] = [{"kind": "ScaledObject", "name": "x"}]
    assert made(CANARY, plus(shop(), (HPA, made_by))).autoscalers == ()


# names


def named(*, taken: str, strategy: Strategy = CANARY, pinned: Pinned = "both") -> str:
    return made(strategy, plus(shop(pinned), (DEPLOYMENT, deployment(taken, {"app": "other"})))).canary


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert named(taken="k8sdemo-deploy-v6") == "k8sdemo-deploy-v6-2"
    assert named(taken="k8sdemo-deploy-canary", pinned="nowhere") == "k8sdemo-deploy-canary-2"


def test_the_new_deployment_is_named_after_the_first_one() -> None:
    plan = made(CANARY, shop(notes={"graylight/base": "k8sdemo"}))
    assert (plan.base, plan.canary) == ("k8sdemo", "k8sdemo-v6")


def test_a_digest_is_shown_and_named_by_twelve_digits() -> None:
    plan = made(CANARY, version="sha256:" + "ab" * 32)
    assert plan.canary == "k8sdemo-deploy-abababababab"
    assert plan.to_image == "k8s-grpc-demo@sha256:" + "ab" * 32
    assert plan.version_value == "abababababab"


def test_a_label_value_that_another_track_bears_gets_a_number() -> None:
    kept = deployment("k8sdemo-deploy-v6", NEW, replicas=0)
    plan = made(BLUEGREEN, plus(shop(), (DEPLOYMENT, kept)))
    assert (plan.canary, plan.version_value) == ("k8sdemo-deploy-v6-2", "v6-2")
    assert plan.ways[0].canary == APP | {"version": "v6-2"}


def test_a_running_one_under_the_new_versions_label_is_told_apart() -> None:
    live = deployment(labels=NEW)
    seen = snapshot((DEPLOYMENT, live), (SERVICE, service(selector=NEW)), (POD, pods(live)))
    assert made(CANARY, seen).ways[0].canary == APP | {"version": "v6-2"}


def test_somebody_elses_deployment_of_that_version_is_no_reason_to_number() -> None:
    other = deployment("shop-v6", {"app": "shop", "version": "v6"})
    assert made(CANARY, plus(shop(), (DEPLOYMENT, other))).version_value == "v6"


def test_a_very_long_name_is_cut_and_still_ends_as_it_should() -> None:
    long = "k" * 63
    live = deployment(long, APP)
    seen = snapshot((DEPLOYMENT, live), (SERVICE, service()), (POD, pods(live)))
    plan = made(CANARY, seen, service=long)
    assert len(plan.canary) <= 63
    assert plan.canary != long


# what the plan is bound to


def test_a_bound_plan_names_its_release_everywhere() -> None:
    for strategy, pinned in WAYS:
        bound = made(strategy, shop(pinned)).bind("k8sdemo-17")
        assert RELEASE not in bound.model_dump_json()
        assert (bound.manifest or {})["metadata"]["annotations"]["graylight/release"] == "k8sdemo-17"


def test_the_same_cluster_gives_the_same_hash() -> None:
    assert made().hash == made().hash


@pytest.mark.parametrize(
    "other",
    [
        shop(replicas=4),
        shop(probed=True),
        shop("deployment"),
        shop(version="v3"),
        shop(notes={"x": "y"}),
        plus(shop(), (SERVICE, service("more", selector=APP))),
        plus(shop(), (HPA, hpa())),
        plus(shop(), (PDB, pdb(OLD))),
        plus(shop(), (DEPLOYMENT, deployment("k8sdemo-deploy-v6", {"app": "other"}))),
    ],
)
def test_another_cluster_gives_another_hash(other: Snapshot) -> None:
    assert made(CANARY, other).hash != made().hash


def test_what_does_not_matter_does_not_change_the_hash() -> None:
    elsewhere = plus(shop(), (DEPLOYMENT, deployment("other", {"app": "other"})))
    assert made(CANARY, elsewhere).hash == made().hash


def test_another_request_gives_another_hash() -> None:
    assert (
        len(
            {made().hash, made(soak=5).hash, made(keep=7).hash, made(auto=True).hash, made(version="v7").hash}
        )
        == 5
    )


# what is asked, hinted and usual


def hinted(hints: Hints, **asked: Any) -> Plan:
    plan = planner(ReleaseSpec(strategy=CANARY, service="k8sdemo", version="v6", **asked), shop(), hints)
    assert isinstance(plan, Plan), plan
    return plan


def test_a_flag_wins_over_a_hint_and_a_hint_over_the_default() -> None:
    said = Hints(steps=(50,), soak=7, keep=8)
    assert [s.share for s in hinted(said, steps=(25,)).stages][:1] == [25]
    assert [s.share for s in hinted(said).stages][:1] == [50]
    assert [s.share for s in hinted(Hints()).stages] == [25, 50, 100, 100]
    assert hinted(said, soak=1).timers.soak == 1
    assert (hinted(said).timers.soak, hinted(said).timers.keep) == (7, 8)
    assert (hinted(Hints()).timers.soak, hinted(Hints()).timers.keep) == (300, 1800)


def test_a_hinted_router_of_another_strategy_is_no_obstacle_and_one_that_nothing_leads_by_is() -> None:
    spec = ReleaseSpec(strategy=BLUEGREEN, service="k8sdemo", version="v6")
    assert isinstance(planner(spec, shop(), Hints(router=RouterName.RATIO)), Plan)
    refused = planner(spec, shop(), Hints(router=RouterName.ISTIO))
    assert isinstance(refused, Refusal)
    assert refused.code == "no-route"


def test_a_ratio_is_one_step() -> None:
    assert [(s.share, s.canary_pods) for s in made(CANARY, ratio=Ratio(new=1, old=3)).stages][:2] == [
        (25, 1),
        (100, 3),
    ]


def test_auto_goes_back_by_itself_unless_told_otherwise() -> None:
    assert made(auto=True).on_fail == "rollback"
    assert made(auto=True, on_fail="hold").on_fail == "hold"
    assert made().on_fail == "hold"


def test_blue_green_asks_at_green_without_a_soak_unless_one_is_asked_for() -> None:
    spec = ReleaseSpec(strategy=BLUEGREEN, service="k8sdemo", version="v6")
    plan = planner(spec, shop(), Hints(soak=300))
    assert isinstance(plan, Plan)
    assert [s.seconds for s in plan.steps if isinstance(s, Soak)] == [0]


def test_routers_that_lag_are_waited_for_longer() -> None:
    def waits(plan: Plan) -> set[int]:
        return {s.seconds for s in (*plan.steps, *plan.back) if isinstance(s, Lag)}

    bare = shop()
    without = Snapshot(bare.namespace, {k: v for k, v in bare.objects.items() if k.name != "Ingress"})
    assert waits(made()) == {5}
    assert waits(made(CANARY, without)) == {2}
    assert made().routes == (f"Ingress {name_of(ingress())}",)


def test_proofs_climb_from_what_was_true_before() -> None:
    assert [(s.before, s.share) for s in made().steps if isinstance(s, Prove)] == [
        (0, 25),
        (25, 50),
        (50, 100),
    ]
    assert [s.share for s in made().back if isinstance(s, Prove)] == [0]


def test_pods_are_asked_at_the_port_that_the_service_sends_to() -> None:
    assert made().port == "60001"
    by_name = plus(shop(), (SERVICE, service(selector=OLD, ports=[{"port": 8000, "targetPort": "web"}])))
    assert made(CANARY, by_name).port == "60001"


def test_the_manifest_to_commit_has_no_mark_of_ours() -> None:
    manifest = update_manifest(made().bind("k8sdemo-17").manifest or {})
    assert "k8sdemo-17" not in str(manifest)
    assert manifest["metadata"]["annotations"] == {"graylight/base": "k8sdemo-deploy"}


def test_keeping_is_as_long_as_asked() -> None:
    assert [s.seconds for s in made(keep=0).steps if isinstance(s, Keep)] == [0]


@pytest.mark.parametrize(
    ("said", "asked", "auto", "on_fail"),
    [
        (None, {}, False, "hold"),
        (True, {}, True, "rollback"),
        (True, {"ask": True}, False, "hold"),
        (False, {"auto": True}, True, "rollback"),
        (True, {"on_fail": "hold"}, True, "hold"),
    ],
)
def test_the_policy_may_say_that_releases_go_on_by_themselves(
    said: bool | None, asked: dict[str, Any], auto: bool, on_fail: str
) -> None:
    spec = ReleaseSpec(strategy=CANARY, service="k8sdemo", version="v6", **asked)
    found = planner(spec, shop(), Hints(auto=said))
    assert isinstance(found, Plan), found
    assert (found.auto, found.on_fail) == (auto, on_fail)

"""Where an Ingress and an HTTPRoute lead to one service: both are turned, and users of both are asked."""

from strategies.objects import HTTPROUTE, INGRESS
from strategies.plan import Plan
from strategies.release import State
from strategies.snapshot import Snapshot
from strategies.spec import Audience, RouterName, Strategy
from strategies.steps import Prove
from tests.unit.cases import by_ingress
from tests.unit.drive import PROBE, Run, planned, promotes, rolls_back_at, standing
from tests.unit.fakeroute import route
from tests.unit.ingress import Ingress
from tests.unit.manifests import plus
from tests.unit.world import World

CANARY = Strategy.CANARY
STEPS = (Audience(by="header", name="X-Canary", value="beta"), 25)


def both() -> Snapshot:
    """The seed behind an Ingress of one host and an HTTPRoute of another."""
    return plus(by_ingress(), (HTTPROUTE, route("web", "k8sdemo-svc", PROBE.host)))


def begun() -> Run:
    return Run.begin(World.of(both(), ingress=Ingress(2.0)), CANARY, router=None, steps=STEPS)


def test_both_carry_the_split_and_each_host_is_proven() -> None:
    plan = planned(both(), CANARY, router=None, steps=STEPS)
    assert isinstance(plan, Plan), plan
    assert [(lane.kind, lane.name) for lane in plan.lanes] == [
        ("HTTPRoute", "web"),
        ("Ingress", "k8sdemo-ingress"),
    ]
    proofs = [s.path.host if s.path else "" for s in plan.steps if isinstance(s, Prove) and s.share == 25]
    assert proofs == ["", "hi"]
    assert len(plan.twins) == 1


def test_one_of_them_can_be_asked_for() -> None:
    plan = planned(both(), CANARY, router=RouterName.NGINX)
    assert isinstance(plan, Plan), plan
    assert [lane.kind for lane in plan.lanes] == ["Ingress"]


def test_a_release_through_both_leaves_both_as_they_were() -> None:
    run = begun().run(promotes)
    assert run.release.state is State.PROMOTED, run.release.reason
    after = standing(run.world)
    for name in ("HTTPRoute/web", "Ingress/k8sdemo-ingress"):
        assert after[name] == run.before[name]
    assert [*run.world.objects[INGRESS]] == ["k8sdemo-ingress"]
    assert [e.text for e in run.release.events if e.kind == "proven" and e.text.startswith("hi: asked 25 %")]


def test_going_back_through_both_restores_everything() -> None:
    forward = begun()
    for cursor in range(2, len(forward.release.plan.steps), 3):
        run = begun().run(rolls_back_at(cursor))
        if run.release.state is not State.PROMOTED:
            assert run.release.state is State.ROLLED_BACK, run.release.reason
            assert standing(run.world) == run.before, cursor

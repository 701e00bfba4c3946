"""One example of everything that stops a release on its way: what happens to the cluster, and what is told.

The keys are the first column of the table in docs/reference.md.
"""

from collections.abc import Callable
from typing import Any

from strategies.evidence import Evidence
from strategies.objects import DEPLOYMENT, HTTPROUTE, SERVICE, Obj, name_of
from strategies.refusal import Refusal
from strategies.release import Intent, IntentKind, State
from strategies.samples import Sample
from strategies.snapshot import Snapshot
from strategies.spec import Strategy
from strategies.steps import Turn
from tests.unit.cases import BLUEGREEN, CANARY, ROLLING, Example, Told
from tests.unit.drive import ANA, Run, promotes
from tests.unit.fakeroute import route
from tests.unit.manifests import Pinned, plus, pod, shop
from tests.unit.world import World

DEPLOY = "k8sdemo-deploy"
NEW = "k8sdemo-deploy-v6"
TEMPLATE = "/spec/template/spec/containers/0/image"


def begun(strategy: Strategy = CANARY, pinned: Pinned = "both", *, probed: bool = True, **asked: Any) -> Run:
    """A release just started; its world may be told to misbehave (`crashing`, `missing`)."""
    world = {k: asked.pop(k) for k in ("crashing", "missing", "boot") if k in asked}
    seen = asked.pop("seen", None) or shop(pinned, probed=probed)
    run = Run.begin(World.of(seen, **world), strategy, **asked)
    run.lawful = False
    return run


def soaking(strategy: Strategy = CANARY, pinned: Pinned = "both", **asked: Any) -> Run:
    """A release at its first soak."""
    run = begun(strategy, pinned, soak=60, **asked)
    return run.run(until=lambda r: r.release.state in (State.SOAKING, State.ASKING))


def by_route(*parents: str) -> Snapshot:
    """The seed behind an HTTPRoute of these Gateways."""
    found = route("web")
    found["spec"]["parentRefs"] = [{"name": name} for name in parents]
    return plus(shop(probed=True), (HTTPROUTE, found))


def turned(**asked: Any) -> Run:
    """A release by route at its first soak."""
    return soaking(seen=by_route(), router=None, steps=(25,), **asked)


def keeping(pinned: Pinned = "both", **asked: Any) -> Run:
    """A release that has moved everybody and keeps the old version warm."""
    run = begun(BLUEGREEN, pinned, **{"keep": 60, **asked})
    return run.run(promotes, until=lambda r: r.release.state is State.KEEPING)


def told(run: Run) -> Told:
    """What the release says when it stops."""
    run.run()
    last = run.release.events[-1]
    codes = [str(e.detail["code"]) for e in run.release.events if "code" in e.detail]
    code = last.kind if last.kind == "foreign" else codes[-1]
    return Told(((run.release.state.value.replace("holding", "held"), code, last.text),))


def after(run: Callable[[], Run], change: Callable[[Run], object]) -> Example:
    """Something happens to a release, and it stops."""

    def example() -> Told:
        found = run()
        change(found)
        return told(found)

    return example


def edits(name: str, *ops: tuple[str, Any], kind: Any = DEPLOYMENT) -> Callable[[Run], None]:
    """Somebody with `kubectl edit`."""
    return lambda run: run.world.edit(kind, name, *ops)


def never_ready(run: Run) -> None:
    """The pods never listen."""
    run.world.boot = 1e9


def unscheduled(run: Run) -> None:
    """No node has room."""
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}

    def kubelet(found: Obj) -> Obj | None:
        return {"phase": "Pending", "conditions": [said]} if name_of(found).startswith(NEW) else None

    run.world.kubelet = kubelet


def failing(message: str) -> Callable[[Run], None]:
    """The ReplicaSet may make no pods."""

    def change(run: Run) -> None:
        world = run.world

        def roll(found: Obj) -> None:
            if name_of(found) == NEW:
                failure = {"type": "ReplicaFailure", "status": "True", "message": message}
                world.objects[DEPLOYMENT][NEW] = {**found, "status": {"conditions": [failure]}}
            else:
                World._roll(world, found)

        world.roll = roll

    return change


def samples(*versions: str, status: int = 200) -> Callable[[Run], None]:
    """Users meet these versions in turn, whatever the cluster says; an empty one says nothing."""

    def change(run: Run) -> None:
        def sample(batch: int) -> list[Sample]:
            said = (versions[n % len(versions)] for n in range(batch))
            return [Sample(v, status, 0.01, "hello", "" if status else "no route") for v in said]  # type: ignore[arg-type]  # a version's word

        run.sample = sample

    return change


def worse(run: Run) -> None:
    """The new version fails at the end of the soak."""
    run.sample = lambda batch: [
        Sample("new" if n % 2 else "old", 500 if n % 2 else 200, 0.01, "hello") for n in range(batch)
    ]


def half_lost(run: Run) -> None:
    """Every other request fails, and nobody says who was asked."""
    run.sample = lambda batch: [
        Sample("", 500, 0.01, "boom") if n % 2 else Sample("old", 200, 0.01, "hello") for n in range(batch)
    ]


def dumb(run: Run) -> None:
    """Green answers nobody who asks it by itself."""
    run.ask = lambda _: False


def gone(kind: Any, name: str) -> Callable[[Run], None]:
    """Somebody deletes an object."""
    return lambda run: run.world.delete(kind, name)


def stranger(run: Run) -> None:
    """A Job's pod with the same label."""
    found = pod(name="nightly-job", labels={"app": "k8sdemo"})
    run.world.adopt(found)


def asked_for(kind: IntentKind, run: Callable[[], Run]) -> Example:
    """An intent that comes at the wrong time."""

    def example() -> Told:
        found = run().release
        said = found.on(Intent(kind=kind), ANA, found.since)
        assert isinstance(said, Refusal), said
        return Told((("refused", said.code, str(said)),))

    return example


def taken() -> Run:
    """Somebody made a Deployment of the new one's name between the plan and the first write."""
    run = begun()
    theirs = shop().objects[DEPLOYMENT][DEPLOY]
    run.world.objects[DEPLOYMENT][NEW] = {**theirs, "metadata": {**theirs["metadata"], "name": NEW}}
    return run


def finishing() -> Run:
    """The old version is going."""
    run = keeping()
    run.intend(IntentKind.PROMOTE)
    return run.run(until=lambda r: r.world.find(DEPLOYMENT, DEPLOY) is None)


def lost() -> Run:
    """Both the live Deployment and what is known of it are gone, on the way back."""
    run = soaking()
    run.intend(IntentKind.ROLLBACK)
    run.world.delete(DEPLOYMENT, DEPLOY)
    run.undo = {}
    run.evidence = Evidence()
    return run


def stripped() -> Run:
    """Somebody took our mark off the new Deployment, on the way back."""
    run = soaking()
    run.world.edit(DEPLOYMENT, NEW, ("/metadata/annotations/graylight~1release", None))
    run.intend(IntentKind.ROLLBACK)
    return run


def routeless() -> Run:
    """Somebody deletes the route just before it is to be turned, and a person goes on all the same."""
    run = begun(seen=by_route(), router=None)
    run.run(until=lambda r: isinstance(r.release.step, Turn))
    run.world.delete(HTTPROUTE, "web")
    run.run()
    run.intend(IntentKind.RESUME)
    return run


def without_service() -> Run:
    """Nobody can be moved back."""
    run = soaking()
    run.intend(IntentKind.ROLLBACK)
    run.world.delete(SERVICE, "k8sdemo-svc")
    return run


DURING: dict[str, Example] = {
    # somebody else wrote
    "The image is changed by hand": after(soaking, edits(DEPLOY, (TEMPLATE, "k8s-grpc-demo:v7"))),
    "The image is changed by hand, rolling": after(
        lambda: soaking(ROLLING, pause_at=50), edits(DEPLOY, (TEMPLATE, "k8s-grpc-demo:v7"))
    ),
    "`kubectl rollout restart` meanwhile": after(
        soaking,
        edits(
            DEPLOY,
            ("/spec/template/metadata/annotations", {"kubectl.kubernetes.io/restartedAt": "2026-03-01"}),
        ),
    ),
    "Pods are scaled by hand": after(soaking, edits(DEPLOY, ("/spec/replicas", 5))),
    "New pods are scaled by hand": after(soaking, edits(NEW, ("/spec/replicas", 3))),
    "The selector is changed by hand": after(
        soaking, edits("k8sdemo-svc", ("/spec/selector/version", "1.0.0"), kind=SERVICE)
    ),
    "A paused rollout is resumed by hand": after(
        lambda: soaking(ROLLING, pause_at=50), edits(DEPLOY, ("/spec/paused", None))
    ),
    "The new Deployment is deleted by hand": after(soaking, gone(DEPLOYMENT, NEW)),
    "The old Deployment is deleted by hand": after(soaking, gone(DEPLOYMENT, DEPLOY)),
    "The Service is deleted": after(soaking, gone(SERVICE, "k8sdemo-svc")),
    "Pods of others appear in the selector": after(soaking, stranger),
    "The weights are put back by somebody": after(
        turned, edits("web", ("/spec/rules/0/backendRefs/0/weight", 1), kind=HTTPROUTE)
    ),
    "The route is deleted": after(turned, gone(HTTPROUTE, "web")),
    "The canary's own Service is deleted": after(turned, gone(SERVICE, "k8sdemo-svc-canary")),
    # pods that do not come up
    "The image is not there": lambda: told(begun(missing=frozenset({"k8s-grpc-demo:v6"}))),
    "The configuration is wrong": after(begun, lambda run: setattr(run.world, "unconfigured", True)),
    "It crashes": lambda: told(begun(crashing=frozenset({"k8s-grpc-demo:v6"}))),
    "It crashes while the old one stands warm": after(
        keeping, lambda run: setattr(run.world, "crashing", frozenset({"k8s-grpc-demo:v6"}))
    ),
    "No node has room": after(begun, unscheduled),
    "The quota is used up meanwhile": after(begun, failing("pods is forbidden: exceeded quota: room")),
    "The cluster refuses the pods": after(begun, failing("admission webhook denied the request")),
    "It is never ready": after(begun, never_ready),
    "Green does not answer by itself": after(lambda: begun(BLUEGREEN), dumb),
    # what users get
    "Users do not get the share": after(begun, samples("old")),
    "The route is accepted and ignored": after(
        lambda: begun(seen=by_route(), router=None, steps=(25,)), samples("old")
    ),
    "The route is not accepted": lambda: told(begun(seen=by_route("public"), router=None)),
    "The route is still gone when somebody resumes": lambda: told(routeless()),
    "Users' requests are not answered": after(begun, samples("", status=0)),
    "Users' requests fail while the share is being proven": after(begun, half_lost),
    "The answers do not name a version": after(begun, samples("")),
    "The probe does not come to the service at all": after(begun, samples("", status=404)),
    "The new version is worse": after(lambda: soaking(auto=True, on_fail="hold"), worse),
    # on the way
    "The name was taken between plan and start": lambda: told(taken()),
    "The Service is gone on the way back": lambda: told(without_service()),
    "The old Deployment is gone and nothing is known of it": lambda: told(lost()),
    "Our mark was taken off, on the way back": lambda: told(stripped()),
    # intents
    "A release that has ended": asked_for(IntentKind.HOLD, lambda: keeping(keep=1).run(promotes)),
    "Roll back when the old version is gone": asked_for(IntentKind.ROLLBACK, finishing),
    "Cancel after the first change": asked_for(IntentKind.CANCEL, soaking),
    "Promote before the step is proven": asked_for(
        IntentKind.PROMOTE, lambda: begun().run(until=lambda r: r.release.changed)
    ),
    "Anything else at the wrong time": asked_for(IntentKind.RESUME, soaking),
}

"""One example of every condition that planning meets: what a cluster shows, and what is said to it.

The keys are the first column of the table in docs/reference.md.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import Forbidden, Invalid
from bot.cluster.reviews import review
from bot.engine.planning import Planning
from strategies.hints import Hints
from strategies.objects import (
    DEPLOYMENT,
    DESTINATIONRULE,
    HPA,
    HTTPROUTE,
    INGRESS,
    INGRESS_CLASS,
    NETWORK_POLICY,
    PDB,
    POD,
    QUOTA,
    SCALED_OBJECT,
    SERVICE,
    STATEFULSET,
    VIRTUALSERVICE,
    VPA,
    Kind,
    Labels,
    Obj,
)
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot
from strategies.spec import Audience, Ratio, ReleaseSpec, RouterName, Strategy
from strategies.undo import take, too_big
from tests.unit.drive import PROBE, planned
from tests.unit.fakeroute import route
from tests.unit.manifests import (
    Pinned,
    deployment,
    hpa,
    ingress,
    pdb,
    plus,
    pod,
    pods,
    policy,
    quota,
    service,
    shop,
    snapshot,
    workload,
)

CANARY, BLUEGREEN, ROLLING = Strategy.CANARY, Strategy.BLUEGREEN, Strategy.ROLLING
BETA = Audience(by="header", name="X-Canary", value="beta")
VIP = Audience(by="cookie", name="tier", value="vip")
AIM = {"kind": "Deployment", "name": "k8sdemo-deploy"}
APP: Labels = {"app": "k8sdemo"}
BOTH: Labels = APP | {"version": "1.0.0"}
HELM = {"meta.helm.sh/release-name": "demo"}
LAST = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}


@dataclass(frozen=True, slots=True)
class Told:
    """What was said: every refusal or advice of the plan, as (what happens, code, words)."""

    said: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, outcome: Plan | Refusal | None) -> "Told":
        """All that a plan advises, or what it was refused for."""
        assert outcome is not None
        if isinstance(outcome, Refusal):
            return cls((("refused", outcome.code, str(outcome)),))
        return cls(tuple(("advised", a.code, a.what) for a in outcome.advice))


Example = Callable[[], Told]


def on(strategy: Strategy, seen: Snapshot, **asked: Any) -> Example:
    """A plan for this."""
    return lambda: Told.of(planned(seen, strategy, **asked))


def seed(*more: tuple[Kind, Obj], pinned: Pinned = "both", **made: Any) -> Snapshot:
    """The seed's system, and more."""
    return plus(shop(pinned, **made), *more)


def changed(seen: Snapshot, change: Callable[[Obj], object]) -> Snapshot:
    """The same with its Deployment changed."""
    change(seen.objects[DEPLOYMENT]["k8sdemo-deploy"])
    return seen


def serving(**spec: Any) -> Snapshot:
    """The seed with its Service changed."""
    return seed((SERVICE, service(selector=BOTH, **spec)))


def two_containers() -> Snapshot:
    """With a sidecar."""
    side = {"name": "proxy", "image": "proxy:v1"}
    return changed(shop(), lambda d: d["spec"]["template"]["spec"]["containers"].append(side))


def two_of(app: str) -> Snapshot:
    """Two Deployments of one label."""
    made = [deployment(name, {"app": app}) for name in ("one", "two")]
    every = [p for d in made for p in pods(d)]
    return snapshot((DEPLOYMENT, made), (POD, every), (SERVICE, service(selector={"app": app})))


def split_keys() -> Snapshot:
    """Two Services that select by different labels."""
    labels = APP | {"tier": "front"}
    made = deployment(labels=labels, selector=APP)
    served = [service("a", selector=APP), service("b", selector={"tier": "front"})]
    return snapshot((DEPLOYMENT, made), (POD, pods(made)), (SERVICE, served))


def strange() -> tuple[Kind, Obj]:
    """Somebody's pod of the same app."""
    return POD, pod(name="nightly-job", labels=APP)


def in_spec(**spec: Any) -> Snapshot:
    """The seed with fields in its pod's spec."""
    return shop(**spec)


def by_route(path: str = "") -> Snapshot:
    """The seed behind an HTTPRoute; with a path a second one, of another host."""
    more = route("other", "k8sdemo-svc", "b.example")
    more["spec"]["rules"][0]["matches"] = [{"path": {"type": "PathPrefix", "value": path}}]
    return seed((HTTPROUTE, route("web")), *([(HTTPROUTE, more)] if path else []))


def routed() -> Snapshot:
    """The seed behind an HTTPRoute."""
    return seed((HTTPROUTE, route("web")))


def by_ingress() -> Snapshot:
    """The seed behind an Ingress of the nginx dialect."""
    made = ingress()
    made["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    classes = {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
    return seed((INGRESS, made), (INGRESS_CLASS, classes))


def at_node_port() -> Snapshot:
    """The seed behind an Ingress, and the port that the probe asks is its Service's own node port."""
    ports = [{"port": 8000, "targetPort": 60001, "nodePort": PROBE.door[1]}]
    made = by_ingress()
    made.objects[SERVICE]["k8sdemo-svc"]["spec"]["ports"] = ports
    return made


def by_subset() -> Snapshot:
    """The seed behind a VirtualService that leads to the subset of its version."""
    to = {"destination": {"host": "k8sdemo-svc", "subset": "live"}}
    virtual = workload("web", hosts=["k8sdemo-svc"], http=[{"route": [to]}])
    subsets = [{"name": "live", "labels": {"version": "1.0.0"}}]
    return seed(
        (VIRTUALSERVICE, virtual), (DESTINATIONRULE, workload("web", host="k8sdemo-svc", subsets=subsets))
    )


def claiming() -> Snapshot:
    """With a volume that is written to."""
    return in_spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])


def recreating() -> Snapshot:
    """With strategy Recreate."""
    return changed(shop(), lambda d: d["spec"].update(strategy={"type": "Recreate"}))


def one_without_surge() -> Snapshot:
    """One pod that stops before the next one starts."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    return changed(shop(replicas=1), lambda d: d["spec"].update(strategy=rolling))


def by_expression() -> tuple[Kind, Obj]:
    """A budget whose selector is an expression."""
    found = pdb({})
    rules = [{"key": "version", "operator": "In", "values": ["1.0.0"]}]
    found["spec"]["selector"] = {"matchLabels": APP, "matchExpressions": rules}
    return PDB, found


def moving(name: str, value: Any) -> Snapshot:
    """The seed with a field of its Deployment changed."""
    return changed(shop(), lambda d: d["spec"].update({name: value}))


class NoRights:
    """An API server that lets us do nothing."""

    async def create(self, *_: object, **__: object) -> Obj:
        """Every review says no."""
        return {"status": {"allowed": False}}

    async def list(self, *_: object, **__: object) -> Obj:
        """Nor may we look."""
        raise Forbidden("pods is forbidden")


class Strict:
    """An API server whose admission refuses."""

    async def create(self, *_: object, **__: object) -> Obj:
        """No."""
        raise Invalid("image must be signed")


class NoPlaces:
    """No environments but one."""

    places = ("default",)

    def __init__(self, api: object = None) -> None:
        self.api = api

    async def at(self, name: str) -> tuple[object, str]:
        """Where an environment is."""
        if name != "default":
            raise KeyError(name)
        return self.api, "shop"


def lacking() -> Told:
    """The review of rights."""
    plan = planned(shop(), CANARY)
    assert isinstance(plan, Plan)
    return Told.of(asyncio.run(review(cast("Api", NoRights()), plan)))


def planning(api: object, environment: str = "default") -> Told:
    """Planning against an API server."""
    asked = ReleaseSpec(strategy=CANARY, service="k8sdemo", version="v6", environment=environment)
    office = Planning(cast("Clusters", NoPlaces(api)), lambda *_: Hints())
    return Told.of(asyncio.run(office.plan(asked)))


def rehearsed() -> Told:
    """The dry run of the new Deployment."""
    plan = planned(shop(), CANARY)
    assert isinstance(plan, Plan)
    office = Planning(cast("Clusters", NoPlaces()), lambda *_: Hints())
    return Told.of(asyncio.run(office._rehearse(cast("Api", Strict()), plan)))


def unrecordable() -> Told:
    """An undo that no Secret holds."""
    seen = shop(notes={"notes": "x" * 1_000_000})
    plan = planned(shop(), CANARY)
    assert isinstance(plan, Plan)
    return Told.of(too_big(take(plan, seen)))


def hinted(seen: Snapshot, **asked: Any) -> Example:
    """A plan without a declared probe."""
    return lambda: Told.of(planned(seen, CANARY, probe=False, **asked))


EXAMPLES: dict[str, Example] = {
    # finding
    "No Deployment bears the name": on(CANARY, shop(), service="nothing"),
    "Several Deployments could be meant": on(CANARY, two_of("k8sdemo")),
    "It is a StatefulSet or a DaemonSet": on(CANARY, snapshot((STATEFULSET, workload("db"))), service="db"),
    "No Service selects its pods": on(CANARY, seed((SERVICE, service(selector={"app": "other"})))),
    "A Service selects no pods": on(CANARY, snapshot((SERVICE, service("lost"))), service="lost"),
    "It stands at 0 replicas": on(CANARY, moving("replicas", 0)),
    "It is paused": on(CANARY, moving("paused", True)),
    "It is in a rollout of its own": on(
        CANARY, changed(shop(), lambda d: d["status"].update(updatedReplicas=1))
    ),
    "It has no pods": on(CANARY, Snapshot("shop", {k: v for k, v in shop().objects.items() if k != POD})),
    # version, container, router
    "Several containers, none named": on(CANARY, two_containers()),
    "No container of that name": on(CANARY, shop(), container="proxy"),
    "The version is no tag and no digest": on(CANARY, shop(), version="v 6"),
    "The version runs already": on(CANARY, shop(), version="v2"),
    "The router cannot do this strategy": on(BLUEGREEN, shop(), router=RouterName.RATIO),
    "Nothing of the router asked for leads to it": on(CANARY, shop(), router=RouterName.HTTPROUTE),
    "Steps by header or cookie where no route leads to it": on(CANARY, shop(), router=None, steps=(BETA, 50)),
    "The router cannot do a step": on(CANARY, by_ingress(), router=None, steps=(VIP, 50)),
    "Users to be kept where no route leads to it": on(CANARY, shop(), router=None, sticky=True),
    "Copies asked for where no route leads to it": on(CANARY, shop(), router=None, mirror=10),
    "Users kept on the new version": on(CANARY, routed(), router=None, sticky=True),
    "Requests copied to the new version": on(CANARY, routed(), router=None, mirror=10),
    "No environment of that name": lambda: planning(None, "moon"),
    # strategies
    "A ratio with more new pods than old ones": on(CANARY, shop(), ratio=Ratio(new=3, old=1)),
    "A share that so many pods cannot make": on(CANARY, shop(), steps=(10,)),
    "A step too small to be proven": on(CANARY, shop(replicas=9), steps=(40, 45)),
    "Neither surge nor unavailable": on(ROLLING, shop(), surge="0", unavailable="0"),
    "A pause of a single pod": on(ROLLING, shop(replicas=1), pause_at=50),
    "Blue-green behind Services without a label in common": on(BLUEGREEN, split_keys()),
    "A Service that selects nothing but the version": on(
        CANARY, seed((SERVICE, service(selector={"version": "1.0.0"})))
    ),
    # who else owns it
    "Helm, Argo CD or Flux owns it, *replace*": on(CANARY, shop(notes=HELM)),
    "The same with `--accept-replace`": on(CANARY, shop(notes=HELM), accept_replace=True),
    "The same, *in-place* or rolling": on(ROLLING, shop(notes=HELM)),
    "KEDA scales it, *replace*": on(CANARY, seed((SCALED_OBJECT, workload("demo", scaleTargetRef=AIM)))),
    "KEDA, with `--accept-replace`": on(
        CANARY, seed((SCALED_OBJECT, workload("demo", scaleTargetRef=AIM))), accept_replace=True
    ),
    "KEDA, *in-place* or rolling": on(
        CANARY, seed((SCALED_OBJECT, workload("demo", scaleTargetRef=AIM)), pinned="nowhere")
    ),
    "Applied from a file, *replace*": on(CANARY, shop(notes=LAST)),
    "An HPA, *replace*": on(CANARY, seed((HPA, hpa()))),
    "An HPA, *in-place*": on(CANARY, seed((HPA, hpa()), pinned="nowhere")),
    "An HPA, rolling": on(ROLLING, seed((HPA, hpa()))),
    "A VPA, *replace*": on(CANARY, seed((VPA, workload("demo", targetRef=AIM)))),
    "A VPA, *in-place* or rolling": on(ROLLING, seed((VPA, workload("demo", targetRef=AIM)))),
    "A PodDisruptionBudget that asks for the version, *replace*": on(CANARY, seed((PDB, pdb(BOTH)))),
    "A PodDisruptionBudget by expression, *replace*": on(CANARY, seed(by_expression())),
    "A PodDisruptionBudget that misses the temporary pods": on(
        BLUEGREEN, seed((PDB, pdb(APP)), pinned="nowhere")
    ),
    "A PodDisruptionBudget over both versions": on(CANARY, seed((PDB, pdb(APP)))),
    # the pods
    "No readiness probe": on(CANARY, shop()),
    "No readiness probe, rolling": on(ROLLING, shop()),
    "No preStop hook": on(CANARY, shop()),
    "No grace period": on(CANARY, in_spec(terminationGracePeriodSeconds=0)),
    "A single replica, canary": on(CANARY, shop(replicas=1)),
    "A single replica, blue-green or rolling": on(BLUEGREEN, shop(replicas=1)),
    "A single replica, rolling without surge": on(ROLLING, one_without_surge()),
    "Recreate, rolling": on(ROLLING, recreating()),
    "Recreate, canary or blue-green": on(CANARY, recreating()),
    "A volume claim, canary or blue-green": on(CANARY, claiming()),
    "A volume claim, rolling with surge": on(ROLLING, claiming(), surge="1"),
    "A quota without room for more pods": on(
        CANARY, seed((QUOTA, quota(hard={"pods": "4"}, used={"pods": "3"})))
    ),
    "Host ports": on(CANARY, in_spec(hostNetwork=True)),
    "Required anti-affinity": on(
        CANARY,
        in_spec(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}),
    ),
    "Init containers": on(CANARY, in_spec(initContainers=[{"name": "migrate", "image": "m:v1"}])),
    "More than 20 pods, canary": on(CANARY, shop(replicas=21)),
    # who reaches them
    "Pods of others in the opened selector": on(CANARY, seed(strange())),
    "Another Service would lose pods": on(
        CANARY,
        seed(
            (SERVICE, service("by-hand", selector={"special": "yes"})),
            (POD, pod(shop().objects[DEPLOYMENT]["k8sdemo-deploy"], 7, labels={"special": "yes"})),
        ),
    ),
    "Another Service would gain pods": on(
        CANARY,
        seed(
            (SERVICE, service("other", selector={"version": "v6"})),
            (POD, pod(name="theirs", labels={"version": "v6"})),
        ),
    ),
    "An empty Service would gain pods": on(
        CANARY, seed((SERVICE, service("preview", selector={"version": "v6"})))
    ),
    "A NetworkPolicy would not match the new pods": on(CANARY, seed((NETWORK_POLICY, policy(BOTH)))),
    "Several Services": on(CANARY, seed((SERVICE, service("more", selector=APP)))),
    "Session affinity, canary": on(CANARY, serving(sessionAffinity="ClientIP")),
    "`externalTrafficPolicy: Local`": on(CANARY, serving(externalTrafficPolicy="Local")),
    "A version label in a selector, rolling": on(ROLLING, shop()),
    "An Ingress or HTTPRoute leads to it": on(CANARY, shop()),
    "A route carries the split": on(CANARY, by_route(), router=None),
    "The probe goes past the route": on(CANARY, at_node_port(), router=None),
    "The probe goes past the router asked for": on(CANARY, at_node_port(), router=RouterName.NGINX),
    "A route leads to a subset of the old version": on(CANARY, by_subset(), router=None),
    "A host does not take the probe's path": on(CANARY, by_route("/bye"), router=None),
    "A probe that is sent too seldom for its proofs": on(CANARY, shop(), rate=1),
    "No probe is declared": hinted(shop()),
    # the cluster and the record
    "A right is lacking, for the way there or back": lacking,
    "The namespace may not be looked at": lambda: planning(NoRights()),
    "Admission refuses the new Deployment": rehearsed,
    "The Deployment is too big for a record": on(CANARY, shop(notes={"notes": "x" * 60_000})),
    "The undo is too big for a Secret": unrecordable,
}

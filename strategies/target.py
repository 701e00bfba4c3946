"""Finding a service by the name people use: its Deployment, the Services that select its pods, the routes to those.

Only what the cluster says decides; anything ambiguous is a refusal that names the candidates.
"""

from dataclasses import dataclass

from strategies.objects import (
    DAEMONSET,
    HTTPROUTE,
    INGRESS,
    SERVICE,
    STATEFULSET,
    Obj,
    annotations_of,
    at,
    covers,
    labels_of,
    name_of,
)
from strategies.pods import condition, going
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot, replicas_of, rolled_out, template_labels

NAME_LABELS = ("app", "app.kubernetes.io/name", "app.kubernetes.io/instance")
SERVICE_NOTE = "graylight/service"
BASE_NOTE = "graylight/base"
RELEASE_LABEL = "graylight/release"  # an annotation, too, on a Deployment that is to stay
TRACK_LABEL = "graylight/track"


@dataclass(frozen=True, slots=True)
class Target:
    """A service as found: one Deployment, what leads to it, and the name of its family of Deployments."""

    service: str
    deployment: Obj
    services: tuple[Obj, ...]
    ingresses: tuple[Obj, ...]
    routes: tuple[Obj, ...]

    @property
    def base(self) -> str:
        """The first Deployment's name; both tracks of every release share it."""
        return annotations_of(self.deployment).get(BASE_NOTE) or name_of(self.deployment)

    @property
    def labels(self) -> dict[str, str]:
        """What its pods are labelled with."""
        return template_labels(self.deployment)


def find(snapshot: Snapshot, service: str) -> Target | Refusal:
    """The service of this name, ready to be released, or why not and what to do."""
    named = _candidates(snapshot, service)
    if not named:
        return _none(snapshot, service)
    live = [d for d in named if snapshot.services_of(template_labels(d))]
    if not live:
        names = _list(named)
        return Refusal(
            code="no-service",
            what=f"No Service selects the pods of {names}, so no traffic can be moved.",
            remedy="Create a Service whose selector matches the pods' labels.",
        )
    if len(live) > 1:
        live = [d for d in live if name_of(d) == service] or live
    if len(live) > 1:
        return Refusal(
            code="ambiguous",
            what=f"`{service}` could be any of {_list(live)}.",
            remedy=f"Name one of them, or set the annotation `{SERVICE_NOTE}: {service}` on the one that is meant.",
        )
    (deployment,) = live
    unfit = _unfit(snapshot, deployment)
    if unfit:
        return unfit
    services = snapshot.services_of(template_labels(deployment))
    led = {name_of(s) for s in services}
    return Target(
        annotations_of(deployment).get(SERVICE_NOTE) or service,
        deployment,
        services,
        tuple(i for i in snapshot.all(INGRESS) if led & set(backends(i))),
        tuple(r for r in snapshot.all(HTTPROUTE) if led & set(route_backends(r))),
    )


def backends(ingress: Obj) -> tuple[str, ...]:
    """The Services an Ingress leads to."""
    found = [at(ingress, "spec", "defaultBackend", "service", "name")]
    for rule in at(ingress, "spec", "rules", default=[]):
        found += [at(path, "backend", "service", "name") for path in at(rule, "http", "paths", default=[])]
    return tuple(str(name) for name in found if name)


def route_backends(route: Obj) -> tuple[str, ...]:
    """The Services an HTTPRoute leads to."""
    return tuple(
        str(ref["name"])
        for rule in at(route, "spec", "rules", default=[])
        for ref in rule.get("backendRefs") or []
        if ref.get("kind", "Service") == "Service"
    )


def _candidates(snapshot: Snapshot, service: str) -> list[Obj]:
    """By the annotation, which overrides; else by label or name. What a release makes only where nothing else is left."""
    every = [d for d in snapshot.deployments() if TRACK_LABEL not in labels_of(d)]
    for some in ([d for d in every if not under_way(d)], every):
        noted = [d for d in some if annotations_of(d).get(SERVICE_NOTE) == service]
        if found := noted or [d for d in some if _named(d, service)]:
            return found
    return []


def under_way(deployment: Obj) -> bool:
    """Whether a release makes this Deployment and is not over: no service by itself yet, or never."""
    return TRACK_LABEL in labels_of(deployment) or RELEASE_LABEL in annotations_of(deployment)


def _named(deployment: Obj, service: str) -> bool:
    labels = (labels_of(deployment), template_labels(deployment))
    if any(found.get(key) == service for found in labels for key in NAME_LABELS):
        return True
    return service in (name_of(deployment), annotations_of(deployment).get(BASE_NOTE))


def _none(snapshot: Snapshot, service: str) -> Refusal:
    for kind in (STATEFULSET, DAEMONSET):
        for workload in snapshot.all(kind):
            if service == name_of(workload) or any(
                labels_of(workload).get(key) == service for key in NAME_LABELS
            ):
                return Refusal(
                    code="not-a-deployment",
                    what=f"`{service}` is a {kind.name}; Graylight releases Deployments.",
                    remedy=f"Release it with `kubectl rollout`, which knows how to replace a {kind.name}'s pods in order.",
                )
    named = snapshot.find(SERVICE, service)
    if named is not None:
        return _by_service(snapshot, named)
    known = sorted(
        {labels_of(d).get("app") or name_of(d) for d in snapshot.deployments() if not under_way(d)}
    )
    there = (
        f"There {'is' if len(known) == 1 else 'are'} {', '.join(f'`{n}`' for n in known[:12])}{' …' if len(known) > 12 else ''}."
        if known
        else "There is no Deployment in it at all."
    )
    return Refusal(
        code="not-found",
        what=f"No Deployment in namespace `{snapshot.namespace}` is named `{service}` or labelled so ({', '.join(NAME_LABELS)}).",
        remedy=there,
    )


def _by_service(snapshot: Snapshot, service: Obj) -> Refusal:
    """Somebody named a Service object: which Deployments are behind it, or that there are none."""
    behind = [
        d for d in snapshot.deployments() if covers(at(service, "spec", "selector"), template_labels(d))
    ]
    if not behind:
        return Refusal(
            code="service-without-pods",
            what=f"Service {name_of(service)} selects the pods of no Deployment.",
            remedy="Correct its selector, or name a Deployment.",
        )
    return Refusal(
        code="not-found",
        what=f"`{name_of(service)}` is a Service; what is released are the pods behind it.",
        remedy=f"Name their Deployment: {_list(behind)}.",
    )


def _unfit(snapshot: Snapshot, deployment: Obj) -> Refusal | None:
    name, wanted = name_of(deployment), replicas_of(deployment)
    if wanted == 0:
        return Refusal(
            code="scaled-to-zero",
            what=f"Deployment {name} stands at 0 replicas: there is no version to compare with.",
            remedy=f"Scale it up first: `kubectl scale deployment/{name} --replicas=1`.",
        )
    if at(deployment, "spec", "paused"):
        return Refusal(
            code="paused",
            what=f"Deployment {name} is paused in the middle of somebody's rollout.",
            remedy=f"Finish it first: `kubectl rollout resume deployment/{name}`.",
        )
    status = deployment.get("status") or {}
    if status.get("observedGeneration", 0) < at(deployment, "metadata", "generation", default=0):
        return Refusal(
            code="rolling-already",
            what=f"Deployment {name} was changed a moment ago, and Kubernetes has not looked at that yet.",
            remedy=f"Ask again in a moment (`kubectl rollout status deployment/{name}` waits for it).",
        )
    if rolling(deployment):
        return Refusal(
            code="rolling-already",
            what=f"Deployment {name} is in the middle of a rollout of its own ({status.get('updatedReplicas', 0)} of {wanted} pods updated, {status.get('availableReplicas', 0)} available).",
            remedy=f"Wait for it (`kubectl rollout status deployment/{name}`) or undo it, then ask again.",
        )
    if not any(not going(p) for p in snapshot.pods_of(deployment)):
        return Refusal(
            code="no-pods",
            what=f"Deployment {name} has no pods.",
            remedy=f"Look why: `kubectl describe deployment/{name}`.",
        )
    return None


def rolling(deployment: Obj) -> bool:
    """Whether the Deployment's own rollout is not finished: something seen, updated, available or left over is missing."""
    return (
        not rolled_out(deployment)
        or condition(deployment, "Progressing").get("reason") == "ReplicaSetUpdated"
    )


def _list(objects: list[Obj]) -> str:
    return ", ".join(f"`{name_of(o)}`" for o in objects)

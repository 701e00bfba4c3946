"""Kubernetes objects as tests write them: small functions that return the JSON an API server would show."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from strategies.objects import (
    DEPLOYMENT,
    INGRESS,
    POD,
    SERVICE,
    Kind,
    Labels,
    Obj,
    name_of,
)
from strategies.snapshot import Snapshot, replicas_of, template_labels

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SPACE = "shop"
REPOSITORY = "k8s-grpc-demo"
READINESS = {"httpGet": {"path": "/healthz", "port": 60001}, "periodSeconds": 1}

# Where the version stands: in both selectors (the seed), in one of them, in the template only, or nowhere.
Pinned = Literal["both", "service", "deployment", "template", "nowhere"]
PINNED: tuple[Pinned, ...] = ("both", "service", "deployment", "template", "nowhere")

_uids = count(1)


def uid() -> str:
    """One that nothing else has."""
    return f"uid-{next(_uids)}"


def stamp(when: datetime) -> str:
    """As the API server writes times: whole seconds, the fraction dropped."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def template_hash(deployment: Obj) -> str:
    """What stands in `pod-template-hash`: the same for the same template."""
    text = json.dumps(deployment["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:9]


def deployment(
    name: str = "k8sdemo-deploy",
    labels: Labels | None = None,
    *,
    selector: Labels | None = None,
    version: str = "v2",
    replicas: int = 3,
    probed: bool = False,
    notes: Labels | None = None,
    own: Labels | None = None,
    container: Obj | None = None,
    **spec: Any,
) -> Obj:
    """A Deployment that stands: `labels` are its template's, `own` its own; `spec` goes into the pod's spec."""
    labels = {"app": "k8sdemo"} if labels is None else labels
    runs: Obj = {
        "name": "k8sdemo",
        "image": f"{REPOSITORY}:{version}",
        "ports": [{"containerPort": 60001}],
        **({"readinessProbe": READINESS} if probed else {}),
        **(container or {}),
    }
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), replicas)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": SPACE,
            "uid": uid(),
            "generation": 1,
            "resourceVersion": "1",
            "labels": labels if own is None else own,
            "annotations": notes or {},
            "managedFields": [managed("kubectl-client-side-apply", "spec", "template")],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels if selector is None else selector},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
            "progressDeadlineSeconds": 600,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [runs], **spec}},
        },
        "status": {"observedGeneration": 1, **counts},
    }


def service(name: str = "k8sdemo-svc", selector: Labels | None = None, **spec: Any) -> Obj:
    """A Service on port 8000, to 60001 of the pods."""
    ports = [{"port": 8000, "targetPort": 60001}]
    return {
        "metadata": {"name": name, "namespace": SPACE, "uid": uid(), "resourceVersion": "1"},
        "spec": {"selector": {"app": "k8sdemo"} if selector is None else selector, "ports": ports, **spec},
    }


def pod(
    of: Obj | None = None, number: int = 0, *, name: str = "", labels: Labels | None = None, **status: Any
) -> Obj:
    """A pod that has been ready for five minutes; `of` a Deployment, or somebody's own with `name` and `labels`."""
    begun = stamp(START - timedelta(minutes=5))
    ready = [{"type": t, "status": "True"} for t in ("PodScheduled", "ContainersReady", "Ready")]
    meta: Obj = {"namespace": SPACE, "uid": uid(), "resourceVersion": "1", "creationTimestamp": begun}
    spec: Obj = {"containers": [{"name": "c", "image": "other:v1"}]}
    if of is not None:
        hashed = template_hash(of)
        owner = {"kind": "ReplicaSet", "name": f"{name_of(of)}-{hashed}", "controller": True}
        name = name or f"{name_of(of)}-{hashed}-{number}"
        labels = template_labels(of) | {"pod-template-hash": hashed} | (labels or {})
        meta["ownerReferences"], spec = [owner], of["spec"]["template"]["spec"]
    running = {"running": {"startedAt": begun}}
    contained = [
        {
            "name": c["name"],
            "image": c["image"],
            "ready": True,
            "restartCount": 0,
            "containerID": f"cri://{name}-0",
            "state": running,
        }
        for c in spec["containers"]
    ]
    return {
        "metadata": {**meta, "name": name, "labels": labels or {}},
        "spec": spec,
        "status": {
            "phase": "Running",
            "podIP": f"10.0.{next(_uids) % 250}.{next(_uids) % 250}",
            "conditions": ready,
            "containerStatuses": contained,
            **status,
        },
    }


def pods(of: Obj, replicas: int | None = None) -> list[Obj]:
    """All the pods that a Deployment asks for."""
    return [pod(of, n) for n in range(replicas_of(of) if replicas is None else replicas)]


def ingress(to: str = "k8sdemo-svc", name: str = "k8sdemo-ingress") -> Obj:
    """An Ingress with one path to a Service."""
    paths = [
        {
            "path": "/hello",
            "pathType": "Prefix",
            "backend": {"service": {"name": to, "port": {"number": 8000}}},
        }
    ]
    return {"kind": "Ingress", **_named(name), "spec": {"rules": [{"host": "hi", "http": {"paths": paths}}]}}


def route(to: str = "k8sdemo-svc", name: str = "k8sdemo-route") -> Obj:
    """An HTTPRoute with one rule to a Service."""
    return {"kind": "HTTPRoute", **_named(name), "spec": {"rules": [{"backendRefs": [{"name": to}]}]}}


def hpa(of: str = "k8sdemo-deploy", name: str = "k8sdemo-hpa", least: int = 2, most: int = 10) -> Obj:
    """A HorizontalPodAutoscaler of a Deployment."""
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": of}
    return _named(name) | {"spec": {"scaleTargetRef": aim, "minReplicas": least, "maxReplicas": most}}


def pdb(labels: Labels, name: str = "k8sdemo-pdb") -> Obj:
    """A PodDisruptionBudget over pods with these labels."""
    return _named(name) | {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}}


def policy(labels: Labels, name: str = "k8sdemo-net") -> Obj:
    """A NetworkPolicy over pods with these labels."""
    return _named(name) | {"spec": {"podSelector": {"matchLabels": labels}}}


def quota(name: str = "room", *, hard: Labels, used: Labels) -> Obj:
    """A ResourceQuota."""
    return _named(name) | {"status": {"hard": hard, "used": used}}


def workload(name: str, labels: Labels | None = None, **spec: Any) -> Obj:
    """Something else: a StatefulSet, a VerticalPodAutoscaler, a ScaledObject."""
    found = _named(name)
    return {**found, "metadata": found["metadata"] | {"labels": labels or {}}, "spec": spec}


def managed(manager: str, *path: str, time: str = "2026-01-01T00:00:00Z", how: str = "Update") -> Obj:
    """An entry of managedFields over one field."""
    owned: Obj = {}
    for key in reversed(path):
        owned = {f"f:{key}": owned}
    return {"manager": manager, "operation": how, "time": time, "fieldsV1": owned}


def snapshot(*groups: tuple[Kind, Obj] | tuple[Kind, Iterable[Obj]]) -> Snapshot:
    """These objects, seen at one moment."""
    objects: dict[Kind, dict[str, Obj]] = {}
    for kind, found in groups:
        for obj in [found] if isinstance(found, dict) else found:
            objects.setdefault(kind, {})[name_of(obj)] = obj
    return Snapshot(SPACE, objects)


def shop(pinned: Pinned = "both", *, probed: bool = False, replicas: int = 3, **more: Any) -> Snapshot:
    """The seed's system, its version label where `pinned` says; `more` goes into the Deployment."""
    app, version = {"app": "k8sdemo"}, {"version": "1.0.0"}
    labels = app if pinned == "nowhere" else app | version
    made = deployment(
        labels=labels,
        selector=labels if pinned in ("both", "deployment") else app,
        probed=probed,
        replicas=replicas,
        **more,
    )
    sold = service(selector=labels if pinned in ("both", "service") else app)
    return snapshot((DEPLOYMENT, made), (SERVICE, sold), (POD, pods(made)), (INGRESS, ingress()))


def plus(seen: Snapshot, *groups: tuple[Kind, Obj]) -> Snapshot:
    """The same with more objects; one of the same name takes the other's place."""
    objects = {kind: dict(found) for kind, found in seen.objects.items()}
    for kind, obj in groups:
        objects.setdefault(kind, {})[name_of(obj)] = obj
    return Snapshot(seen.namespace, objects)


def _named(name: str) -> Obj:
    return {"metadata": {"name": name, "namespace": SPACE, "uid": uid(), "resourceVersion": "1"}}

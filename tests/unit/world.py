"""A cluster small enough to think in: it takes writes as an API server does and moves as its controllers do.

Pure: time is what `step` says. Objects are never changed in place, so `fork` is cheap and a snapshot stays as it was.
What is true of a pod (`listens`) and what Kubernetes says of it (Ready) are kept apart, since a pod without a readiness
probe is called ready before it listens.
"""

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from strategies.objects import (
    DEPLOYMENT,
    ENDPOINTSLICE,
    POD,
    SERVICE,
    Kind,
    Obj,
    at,
    copied,
    covers,
    labels_of,
    meta,
    name_of,
    uid_of,
    version_of,
)
from strategies.pods import condition, going, has_readiness_probe
from strategies.snapshot import Snapshot, replicas_of, template_labels
from strategies.writes import Create, Delete, Patch, Write
from tests.unit.ingress import Ingress
from tests.unit.manifests import SPACE, START, managed, stamp, template_hash, uid

GRACE = 1.0  # seconds a pod takes to stop
CRASHES_AFTER = 1.0  # seconds that a crashing container lives


class Conflict(Exception):
    """Not as it was seen."""


@dataclass(slots=True)
class Life:
    """The truth about one pod's container: when it began, in which life it is, when it stops for good."""

    began: datetime
    restarts: int = 0
    stops: datetime | None = None


@dataclass(slots=True)
class World:
    """See the module. `boot` is how many seconds a container needs until it listens.

    `roll` and `kubelet` take the place of a controller; the latter gives a pod's status, or None for the usual.
    """

    objects: dict[Kind, dict[str, Obj]]
    now: datetime = START
    boot: float = 1.5
    crashing: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    unconfigured: bool = False
    roll: Callable[[Obj], None] | None = None
    kubelet: Callable[[Obj], Obj | None] | None = None
    version: int = 100
    serial: int = 0
    lives: dict[str, Life] = field(default_factory=dict)
    deleted: list[tuple[datetime, str]] = field(default_factory=list)
    ingress: Ingress = field(default_factory=Ingress)
    writes: int = 0

    @classmethod
    def of(cls, seen: Snapshot, **more: Any) -> "World":
        """From objects that stand; their pods have listened for long."""
        made = cls({kind: dict(found) for kind, found in seen.objects.items()}, **more)
        for found in made.objects.get(POD, {}).values():
            made.lives[uid_of(found)] = Life(made.now - timedelta(minutes=5))
        made.settle()
        return made

    def fork(self) -> "World":
        """The same world, to go another way from here."""
        other = copy.copy(self)
        other.objects = {kind: dict(found) for kind, found in self.objects.items()}
        other.lives = {k: copy.copy(v) for k, v in self.lives.items()}
        other.deleted = list(self.deleted)
        other.ingress = self.ingress.fork()
        return other

    def snapshot(self) -> Snapshot:
        """What a watch shows now."""
        return Snapshot(SPACE, {kind: dict(found) for kind, found in self.objects.items()})

    def find(self, kind: Kind, name: str) -> Obj | None:
        """One object."""
        return self.objects.get(kind, {}).get(name)

    def get(self, kind: Kind, name: str) -> Obj:
        """One object that must be there."""
        return self.objects[kind][name]

    # what is true

    def listens(self, pod: Obj) -> bool:
        """Whether it would answer a request."""
        life = self.lives.get(uid_of(pod))
        if life is None or self._image(pod) in self.crashing | self.missing:
            return False
        return life.stops is None and self.now >= life.began + timedelta(seconds=self.boot)

    def serving(self, service: str) -> list[Obj]:
        """The pods that a Service leads to at this moment."""
        found = self.find(SERVICE, service)
        selector = at(found, "spec", "selector") if found else None
        return [
            p
            for _, p in sorted(self.objects.get(POD, {}).items())
            if covers(selector, labels_of(p))
            and not going(p)
            and condition(p, "Ready").get("status") == "True"
        ]

    def pods_of(self, name: str) -> list[Obj]:
        """A Deployment's pods that are not going."""
        return [p for p in self.objects.get(POD, {}).values() if not going(p) and _owner(p) == name]

    # what others do to it

    def apply(self, write: Write, manager: str = "graylight") -> None:
        """One write, with its precondition. Raises Conflict."""
        self.writes += 1
        match write:
            case Create(ref, manifest):
                if self.find(ref.kind, ref.name):
                    raise Conflict(f"{ref} exists")
                made = copied(manifest)
                made["metadata"] |= {
                    "name": ref.name,
                    "namespace": ref.namespace,
                    "uid": uid(),
                    "generation": 1,
                }
                made["metadata"]["managedFields"] = [managed(manager, "spec")]
                self._put(ref.kind, made)
            case Patch(ref, ops, seen, _, _):
                found = self.find(ref.kind, ref.name)
                if found is None or version_of(found) != seen:
                    raise Conflict(f"{ref} is not as it was seen")
                self._put(ref.kind, patched(found, ops, manager))
            case Delete(ref, wanted):
                found = self.find(ref.kind, ref.name)
                if found is not None and uid_of(found) != wanted:
                    raise Conflict(f"{ref} is another one")
                self.delete(ref.kind, ref.name)

    def edit(self, kind: Kind, name: str, *ops: tuple[str, Any], manager: str = "kubectl-edit") -> None:
        """Somebody else sets fields: pairs of a JSON pointer and a value; a value of None removes."""
        made = [
            {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}
            for path, value in ops
        ]
        self._put(kind, patched(self.get(kind, name), made, manager, stamp(self.now)))

    def delete(self, kind: Kind, name: str) -> None:
        """Gone, and the pods of a Deployment begin to go."""
        found = self.objects.get(kind, {}).pop(name, None)
        if found is not None and kind == DEPLOYMENT:
            self._stop(self.pods_of(name))

    def adopt(self, pod: Obj) -> None:
        """Somebody's pod that has listened for long."""
        self.lives[uid_of(pod)] = Life(self.now - timedelta(minutes=5))
        self._put(POD, pod)

    def die(self, pod: str) -> None:
        """A container ends and is started again: without a readiness probe the pod stays Ready."""
        found = self.get(POD, pod)
        life = self.lives[uid_of(found)]
        life.began, life.restarts = self.now, life.restarts + 1
        self._kubelet(found)

    # what controllers do

    def step(self, seconds: float = 0.5) -> None:
        """Time passes, and everything that follows from it comes true."""
        self.now += timedelta(seconds=seconds)
        self.settle()

    def settle(self) -> None:
        """Rounds of every controller, until nothing moves any more."""
        before = -1
        while before != self.version:
            before = self.version
            for found in list(self.objects.get(DEPLOYMENT, {}).values()):
                (self.roll or self._roll)(found)
            for found in list(self.objects.get(POD, {}).values()):
                self._kubelet(found)
        self._slices()
        listed = {s: tuple(map(name_of, self.serving(s))) for s in self.objects.get(SERVICE, {})}
        self.ingress.learn(self.now, self.objects, listed)

    def _roll(self, deployment: Obj) -> None:
        """The Deployment controller: as many pods of the present template as surge and unavailable let it."""
        wanted, hashed = replicas_of(deployment), template_hash(deployment)
        every = self.pods_of(name_of(deployment))
        new = [p for p in every if labels_of(p)["pod-template-hash"] == hashed]
        old = [p for p in every if p not in new]
        surge, unavailable = self._bounds(deployment, wanted)
        if at(deployment, "spec", "paused") and old:
            # a paused one is kept at what is wanted and the surge; more go to the larger side
            self._resize(deployment, max(new, old, key=len), wanted + surge - len(every), hashed)
        elif at(deployment, "spec", "strategy", "type") == "Recreate" and old:
            self._stop(old)
        elif not old:
            self._resize(deployment, new, wanted - len(new), hashed)
        else:
            room = min(wanted - len(new), wanted + surge - len(every))
            self._resize(deployment, new, max(0, room), hashed)
            up = sum(self._available(deployment, p) for p in every)
            spare = up - (wanted - unavailable)
            down = [p for p in old if not self._available(deployment, p)]
            self._stop([*down, *[p for p in old if p not in down][: max(0, spare)]])
        self._count(deployment, hashed)

    def _bounds(self, deployment: Obj, wanted: int) -> tuple[int, int]:
        rolling = at(deployment, "spec", "strategy", "rollingUpdate", default={})
        surge = _share(rolling.get("maxSurge", "25%"), wanted, math.ceil)
        unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
        return surge, unavailable if surge or unavailable else 1

    def _available(self, deployment: Obj, pod: Obj) -> bool:
        if condition(pod, "Ready").get("status") != "True":
            return False
        seconds = int(at(deployment, "spec", "minReadySeconds", default=0))
        return self.now >= self.lives[uid_of(pod)].began + timedelta(seconds=seconds)

    def _resize(self, deployment: Obj, have: list[Obj], by: int, hashed: str) -> None:
        for _ in range(by):
            self._make(deployment, hashed)
        if by < 0:
            first = sorted(have, key=lambda p: (condition(p, "Ready").get("status") == "True", name_of(p)))
            self._stop(first[:-by])

    def _make(self, deployment: Obj, hashed: str) -> None:
        self.serial += 1
        name = f"{name_of(deployment)}-{hashed}-{self.serial:04d}"
        owner = {"kind": "ReplicaSet", "name": f"{name_of(deployment)}-{hashed}", "controller": True}
        template = deployment["spec"]["template"]
        made: Obj = {
            "metadata": {
                "name": name,
                "namespace": SPACE,
                "uid": uid(),
                "labels": template_labels(deployment) | {"pod-template-hash": hashed},
                "ownerReferences": [owner],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending", "podIP": f"10.1.{self.serial // 250}.{self.serial % 250}"},
        }
        self.lives[made["metadata"]["uid"]] = Life(self.now)
        self._put(POD, made)

    def _stop(self, pods: Iterable[Obj]) -> None:
        for pod in pods:
            if meta(pod).get("deletionTimestamp"):
                continue
            self.deleted.append((self.now, name_of(pod)))
            self.lives[uid_of(pod)].stops = self.now + timedelta(seconds=GRACE)
            self._put(POD, {**pod, "metadata": {**meta(pod), "deletionTimestamp": stamp(self.now)}})

    def _count(self, deployment: Obj, hashed: str) -> None:
        every = self.pods_of(name_of(deployment))
        new = [p for p in every if labels_of(p)["pod-template-hash"] == hashed]
        status = {
            "observedGeneration": meta(deployment)["generation"],
            "replicas": len(every),
            "updatedReplicas": len(new),
            "readyReplicas": sum(condition(p, "Ready").get("status") == "True" for p in every),
            "availableReplicas": sum(self._available(deployment, p) for p in every),
        }
        conditions = at(deployment, "status", "conditions")
        kept = {"conditions": conditions} if conditions else {}
        if deployment.get("status") != status | kept:
            self._put(DEPLOYMENT, {**deployment, "status": status | kept}, spec=False)

    def _kubelet(self, pod: Obj) -> None:
        life = self.lives[uid_of(pod)]
        if life.stops is not None and self.now >= life.stops:
            del self.objects[POD][name_of(pod)]
            return
        if life.stops is not None:
            return
        other = self.kubelet(pod) if self.kubelet else None
        if other is not None:
            if other != pod["status"]:
                self._put(POD, {**pod, "status": other}, spec=False)
            return
        lasted = (self.now - life.began).total_seconds()
        image, state, ready = self._image(pod), {"running": {"startedAt": stamp(life.began)}}, True
        last: Obj = {}
        if image in self.missing:
            state, ready = (
                {"waiting": {"reason": "ErrImageNeverPull", "message": f"{image} is not there"}},
                False,
            )
        elif self.unconfigured and lasted < 30:  # only the new ones
            state, ready = (
                {"waiting": {"reason": "CreateContainerConfigError", "message": "no secret"}},
                False,
            )
        elif image in self.crashing and lasted >= CRASHES_AFTER:
            life.restarts = max(1, life.restarts)
            state, ready = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, False
            last = {"terminated": {"exitCode": 1}}
        elif has_readiness_probe(pod):
            ready = self.listens(pod)
        gates = [g["conditionType"] for g in pod["spec"].get("readinessGates", [])]
        ours = [c for c in at(pod, "status", "conditions", default=[]) if c["type"] in gates]
        is_open = all(any(c["type"] == g and c["status"] == "True" for c in ours) for g in gates)
        said = {"PodScheduled": True, "ContainersReady": ready, "Ready": ready and is_open}
        conditions = [*({"type": t, "status": str(ok)} for t, ok in said.items()), *ours]
        contained = [
            {
                "name": c["name"],
                "image": c["image"],
                "ready": ready,
                "restartCount": life.restarts,
                "containerID": f"cri://{name_of(pod)}-{life.restarts}",
                "state": state,
                "lastState": last,
            }
            for c in pod["spec"]["containers"]
        ]
        status = {
            **pod["status"],
            "conditions": conditions,
            "containerStatuses": contained,
            "phase": "Running",
        }
        if status != pod["status"]:
            self._put(POD, {**pod, "status": status}, spec=False)

    def _slices(self) -> None:
        for name in self.objects.get(SERVICE, {}):
            listed = [
                {"addresses": [p["status"]["podIP"]], "conditions": {"ready": True}}
                for p in self.serving(name)
            ]
            labels = {"kubernetes.io/service-name": name}
            self.objects.setdefault(ENDPOINTSLICE, {})[f"{name}-1"] = {
                "metadata": {"name": f"{name}-1", "labels": labels},
                "endpoints": listed,
            }

    def _put(self, kind: Kind, obj: Obj, *, spec: bool = True) -> None:
        """As the server stores it: a new resourceVersion, and a new generation where the spec differs."""
        self.version += 1
        before = self.find(kind, name_of(obj))
        moved = spec and before is not None and before.get("spec") != obj.get("spec")
        generation = int(meta(obj).get("generation", 1)) + int(moved)
        stored = {**meta(obj), "resourceVersion": str(self.version), "generation": generation}
        self.objects.setdefault(kind, {})[name_of(obj)] = {**obj, "metadata": stored}

    def _image(self, pod: Obj) -> str:
        return str(pod["spec"]["containers"][0]["image"])


def patched(obj: Obj, ops: Iterable[dict[str, Any]], manager: str, time: str = "2026-03-01T09:00:00Z") -> Obj:
    """An object after a JSON patch (RFC 6902: add, replace, remove), its fields owned by who made it."""
    made = copied(obj)
    for op in ops:
        keys = [part.replace("~1", "/").replace("~0", "~") for part in op["path"].split("/")[1:]]
        parent: Any = made
        for key in keys[:-1]:
            parent = parent[int(key)] if isinstance(parent, list) else parent[key]
        _set(parent, keys[-1], op)
        if keys[:2] == ["metadata", "managedFields"]:
            continue
        owned = managed(manager, *[k for k in keys[:4] if not k.isdigit() and k != "-"], time=time)
        made["metadata"].setdefault("managedFields", []).append(owned)
    return made


def _set(parent: Any, key: str, op: dict[str, Any]) -> None:
    if isinstance(parent, list):
        _set_item(parent, key, op)
    elif op["op"] == "remove":
        del parent[key]
    elif op["op"] == "replace" and key not in parent:
        raise Conflict(f"nothing to replace at {op['path']}")
    else:
        parent[key] = copied(op["value"])


def _set_item(parent: list[Any], key: str, op: dict[str, Any]) -> None:
    if key == "-":
        parent.append(op["value"])
    elif op["op"] == "remove":
        del parent[int(key)]
    elif op["op"] == "replace":
        parent[int(key)] = op["value"]
    else:
        parent.insert(int(key), op["value"])


def _owner(pod: Obj) -> str:
    listed = pod["metadata"].get("ownerReferences")
    return str(listed[0]["name"]).rpartition("-")[0] if listed else ""


def _share(value: Any, of: int, rounded: Callable[[float], int]) -> int:
    text = str(value)
    return rounded(of * int(text[:-1]) / 100) if text.endswith("%") else int(text)

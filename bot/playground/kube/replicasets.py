"""ReplicaSets: as many pods as wanted, of the template, owned.

Adopts pods without an owner that match, lets go of owned ones that no longer do; a refused pod (quota) is the
condition ReplicaFailure and an Event, and is tried again.
"""

from collections.abc import Callable

from bot.playground.kube import pods as p
from bot.playground.kube.answers import Refusal
from bot.playground.kube.deletes import Deletion, delete
from bot.playground.kube.events import Recorder
from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.quotas import alive
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import CONTROLLER, STATUS
from bot.playground.kube.store import Change
from bot.playground.kube.times import now
from bot.playground.kube.work import Queue
from strategies.objects import (
    POD,
    QUOTA,
    REPLICASET,
    Obj,
    at,
    copied,
    labels_of,
    matches,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

_COST = "controller.kubernetes.io/pod-deletion-cost"
_RETRY = 1.0  # seconds until a refused pod is tried again


class ReplicaSets:
    """The ReplicaSet controller."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self._say = Recorder(registry, "replicaset-controller").say
        self.queue = Queue(self._sync)
        self._store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        namespace = namespace_of(change.obj)
        if change.kind == REPLICASET:
            self.queue.add(namespace, name_of(change.obj))
        elif change.kind == POD:
            for pod in (change.obj, change.before):
                if pod and (name := p.owner(pod).get("name")):
                    self.queue.add(namespace, name)
            if not p.owner(change.obj):
                for replica_set in self._store.all(REPLICASET, namespace):
                    self.queue.add(namespace, name_of(replica_set))
        elif change.kind == QUOTA:
            for replica_set in self._store.all(REPLICASET, namespace):
                self.queue.add(namespace, name_of(replica_set))

    def _sync(self, namespace: str, name: str) -> None:
        replica_set = self._store.get(REPLICASET, namespace, name)
        if replica_set is None:
            return
        leaving = bool(meta(replica_set).get("deletionTimestamp"))
        owned = self._claimed(replica_set, adopt=not leaving)
        live = [pod for pod in owned if not p.terminating(pod) and alive(pod)]
        failure = ""
        wanted = at(replica_set, "spec", "replicas", default=0)
        if not leaving:
            failure = self._create(replica_set, wanted - len(live))
            for pod in sorted(live, key=_first_to_go)[: max(0, len(live) - wanted)]:
                delete(self._registry, BY_KIND[POD], namespace, name_of(pod), Deletion())
                self._say(replica_set, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        current = self._store.get(REPLICASET, namespace, name)
        if current:
            self._tell(current, self._claimed(current, adopt=False), failure)

    def _claimed(self, replica_set: Obj, *, adopt: bool) -> list[Obj]:
        """The pods that are this ReplicaSet's, adopted and released as their labels say."""
        selector, uid, found = at(replica_set, "spec", "selector"), uid_of(replica_set), []
        for pod in self._store.all(POD, namespace_of(replica_set)):
            fits, holder = matches(selector, labels_of(pod)), p.owner(pod).get("uid")
            if holder == uid and not fits and not p.terminating(pod):
                self._registry.mend(BY_KIND[POD], pod, _released(uid), CONTROLLER)
            elif holder == uid:
                found.append(pod)
            elif adopt and fits and not holder and not p.terminating(pod) and alive(pod):
                found.append(self._registry.mend(BY_KIND[POD], pod, _adopted(replica_set), CONTROLLER))
        return found

    def _create(self, replica_set: Obj, missing: int) -> str:
        """Create the missing pods; answers why one was refused."""
        for _ in range(max(0, missing)):
            template = copied(at(replica_set, "spec", "template", default={}))
            metadata = template.get("metadata") or {}
            body: Obj = {
                "metadata": {
                    "generateName": f"{name_of(replica_set)}-",
                    "labels": metadata.get("labels", {}),
                    "annotations": metadata.get("annotations"),
                    "ownerReferences": [owner_reference(replica_set)],
                },
                "spec": template.get("spec"),
            }
            namespace = namespace_of(replica_set)
            try:
                made = self._registry.create(BY_KIND[POD], namespace, body, CONTROLLER)
            except Refusal as refusal:
                self._say(replica_set, "FailedCreate", f"Error creating: {refusal.message}", "Warning")
                self.queue.after(_RETRY, namespace, name_of(replica_set))
                return refusal.message
            self._say(replica_set, "SuccessfulCreate", f"Created pod: {name_of(made)}")
        return ""

    def _tell(self, replica_set: Obj, owned: list[Obj], failure: str) -> None:
        live = [pod for pod in owned if not p.terminating(pod) and alive(pod)]
        settle = at(replica_set, "spec", "minReadySeconds", default=0)
        waits = [p.until_available(pod, settle) for pod in live]
        soon = [w for w in waits if 0 < w < float("inf")]
        if soon:
            self.queue.after(min(soon) + 0.01, namespace_of(replica_set), name_of(replica_set))
        labels = at(replica_set, "spec", "template", "metadata", "labels", default={})
        counts = {
            "replicas": len(live),
            "fullyLabeledReplicas": sum(labels.items() <= labels_of(pod).items() for pod in live),
            "readyReplicas": sum(map(p.ready, live)),
            "availableReplicas": waits.count(0.0),
        }
        status: Obj = {k: v for k, v in counts.items() if v or k == "replicas"}
        status["terminatingReplicas"] = sum(map(p.terminating, owned))
        status["observedGeneration"] = meta(replica_set).get("generation", 1)
        conditions = [
            c for c in at(replica_set, "status", "conditions", default=[]) if c["type"] != "ReplicaFailure"
        ]
        if failure:
            old = at(replica_set, "status", "conditions", default=[])
            conditions = p.set_condition(
                old, "ReplicaFailure", now(), status="True", reason="FailedCreate", message=failure
            )
        if conditions:
            status["conditions"] = conditions

        def tell(made: Obj) -> None:
            made["status"] = status

        self._registry.mend(BY_KIND[REPLICASET], replica_set, tell, STATUS)


def owner_reference(owner: Obj) -> Obj:
    """The controlling owner reference to an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _adopted(owner: Obj) -> Callable[[Obj], None]:
    def adopt(pod: Obj) -> None:
        pod["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))

    return adopt


def _released(uid: str) -> Callable[[Obj], None]:
    def release(pod: Obj) -> None:
        refs = [r for r in pod["metadata"]["ownerReferences"] if r.get("uid") != uid]
        pod["metadata"].pop("ownerReferences")
        if refs:
            pod["metadata"]["ownerReferences"] = refs

    return release


def _first_to_go(pod: Obj) -> tuple[bool, bool, bool, int, float]:
    """Pods without a node first, then pending, then not ready, then cheap, then the youngest."""
    began = p.condition(pod, "Ready").get("lastTransitionTime") or meta(pod).get("creationTimestamp", "")
    return (
        bool(at(pod, "spec", "nodeName")),
        at(pod, "status", "phase") == "Running",
        p.ready(pod),
        int((meta(pod).get("annotations") or {}).get(_COST, 0)),
        -_stamp(began),
    )


def _stamp(text: str) -> float:
    digits = "".join(ch for ch in text if ch.isdigit())
    return float(digits or 0)

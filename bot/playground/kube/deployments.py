"""Deployments: the new ReplicaSet up, the old ones down, within surge and unavailable; one step per sync.

A template seen before finds its old ReplicaSet again, under a new revision: that is a rollback. Invariants: paused
means no step, only scaling in proportion; `observedGeneration` is written with the counts it was seen with.
"""

from bot.playground.kube import pods as p
from bot.playground.kube import rollout
from bot.playground.kube.deletes import Deletion, delete
from bot.playground.kube.events import Recorder
from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.progress import status_of
from bot.playground.kube.registry import Registry
from bot.playground.kube.replicasets import owner_reference
from bot.playground.kube.requests import CONTROLLER, STATUS
from bot.playground.kube.revisions import (
    DESIRED,
    MOST,
    REVISION,
    is_of,
    revision_of,
    template_hash,
    with_hash,
)
from bot.playground.kube.store import Change
from bot.playground.kube.work import Queue
from strategies.objects import (
    DEPLOYMENT,
    POD,
    REPLICASET,
    Obj,
    annotations_of,
    at,
    copied,
    labels_of,
    matches,
    meta,
    name_of,
    namespace_of,
    uid_of,
)


def _size(replica_set: Obj) -> int:
    return int(at(replica_set, "spec", "replicas", default=0))


def _available(replica_set: Obj) -> int:
    return int(at(replica_set, "status", "availableReplicas", default=0))


class Deployments:
    """The Deployment controller."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self._say = Recorder(registry, "deployment-controller").say
        self.queue = Queue(self._sync)
        self._store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        namespace = namespace_of(change.obj)
        if change.kind == DEPLOYMENT:
            self.queue.add(namespace, name_of(change.obj))
        elif change.kind == REPLICASET:
            for obj in (change.obj, change.before):
                if obj and (name := p.owner(obj).get("name")):
                    self.queue.add(namespace, name)
            if not p.owner(change.obj):
                for deployment in self._store.all(DEPLOYMENT, namespace):
                    self.queue.add(namespace, name_of(deployment))
        elif change.kind == POD and change.type == "DELETED":
            for deployment in self._store.all(DEPLOYMENT, namespace):
                if at(deployment, "spec", "strategy", "type") == "Recreate":
                    self.queue.add(namespace, name_of(deployment))

    def _sync(self, namespace: str, name: str) -> None:
        deployment = self._store.get(DEPLOYMENT, namespace, name)
        if deployment is None:
            return
        if not meta(deployment).get("deletionTimestamp"):
            sets = self._owned(deployment)
            if at(deployment, "spec", "paused", default=False) or self._rescaled(deployment, sets):
                self._scale_in_proportion(deployment, sets)
            elif at(deployment, "spec", "strategy", "type") == "Recreate":
                self._recreate(deployment, sets)
            else:
                self._roll(deployment, sets)
        self._tell(namespace, name)

    def _owned(self, deployment: Obj) -> list[Obj]:
        """Its ReplicaSets, oldest first; matching ones without an owner are adopted."""
        found = []
        for replica_set in self._store.all(REPLICASET, namespace_of(deployment)):
            holder = p.owner(replica_set).get("uid")
            if holder == uid_of(deployment):
                found.append(replica_set)
            elif not holder and matches(at(deployment, "spec", "selector"), labels_of(replica_set)):

                def adopt(made: Obj) -> None:
                    made["metadata"].setdefault("ownerReferences", []).append(owner_reference(deployment))

                found.append(self._registry.mend(BY_KIND[REPLICASET], replica_set, adopt, CONTROLLER))
        return sorted(found, key=lambda r: (meta(r).get("creationTimestamp", ""), revision_of(r)))

    def _new(self, deployment: Obj, sets: list[Obj]) -> Obj | None:
        return next((r for r in sets if is_of(r, deployment)), None)

    def _ensure_new(self, deployment: Obj, sets: list[Obj], size: int) -> tuple[Obj, list[Obj]]:
        """The ReplicaSet of the present template, made where there is none, under the highest revision."""
        new = self._new(deployment, sets)
        revision = max((revision_of(r) for r in sets if r is not new), default=0) + 1
        if new is None:
            new = self._create(deployment, size, revision)
        elif revision_of(new) < revision:
            new = self._annotated(new, {REVISION: str(revision)})
        self._carry_revision(deployment, str(revision_of(new)))
        return new, [r for r in sets if uid_of(r) != uid_of(new)]

    def _carry_revision(self, deployment: Obj, revision: str) -> None:
        current = self._store.get(DEPLOYMENT, namespace_of(deployment), name_of(deployment))
        if current is None or annotations_of(current).get(REVISION) == revision:
            return

        def carry(made: Obj) -> None:
            made["metadata"].setdefault("annotations", {})[REVISION] = revision

        self._registry.mend(BY_KIND[DEPLOYMENT], current, carry, STATUS)

    def _create(self, deployment: Obj, size: int, revision: int) -> Obj:
        code = template_hash(deployment)
        template = with_hash(at(deployment, "spec", "template", default={}), code)
        selector = copied(at(deployment, "spec", "selector", default={}))
        selector.setdefault("matchLabels", {})["pod-template-hash"] = code
        carried = {
            k: v
            for k, v in annotations_of(deployment).items()
            if not k.startswith("kubectl.kubernetes.io/last")
        }
        body: Obj = {
            "metadata": {
                "name": f"{name_of(deployment)}-{code}",
                "labels": dict(template["metadata"]["labels"]),
                "annotations": carried | {REVISION: str(revision)} | self._marks(deployment),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": size, "selector": selector, "template": template},
        }
        if settle := at(deployment, "spec", "minReadySeconds", default=0):
            body["spec"]["minReadySeconds"] = settle
        made = self._registry.create(BY_KIND[REPLICASET], namespace_of(deployment), body, CONTROLLER)
        if size:
            self._say(
                deployment, "ScalingReplicaSet", f"Scaled up replica set {name_of(made)} from 0 to {size}"
            )
        return made

    def _marks(self, deployment: Obj) -> dict[str, str]:
        wanted = at(deployment, "spec", "replicas", default=0)
        return {DESIRED: str(wanted), MOST: str(wanted + rollout.bounds(deployment).surge)}

    def _annotated(self, replica_set: Obj, notes: dict[str, str]) -> Obj:
        def note(made: Obj) -> None:
            made["metadata"].setdefault("annotations", {}).update(notes)

        return self._registry.mend(BY_KIND[REPLICASET], replica_set, note, CONTROLLER)

    def _resize(self, deployment: Obj, replica_set: Obj, size: int) -> Obj:
        before, settle = _size(replica_set), at(deployment, "spec", "minReadySeconds", default=0)

        def resize(made: Obj) -> None:
            made["spec"]["replicas"] = size
            made["metadata"].setdefault("annotations", {}).update(self._marks(deployment))
            if settle or made["spec"].get("minReadySeconds"):
                made["spec"]["minReadySeconds"] = settle

        made = self._registry.mend(BY_KIND[REPLICASET], replica_set, resize, CONTROLLER)
        if before != size:
            way = "up" if size > before else "down"
            words = f"Scaled {way} replica set {name_of(replica_set)} from {before} to {size}"
            self._say(deployment, "ScalingReplicaSet", words)
        return made

    def _rescaled(self, deployment: Obj, sets: list[Obj]) -> bool:
        """Whether somebody changed `replicas` since the ReplicaSets were last told."""
        wanted = str(at(deployment, "spec", "replicas", default=0))
        return any(annotations_of(r).get(DESIRED, wanted) != wanted for r in sets if _size(r))

    def _scale_in_proportion(self, deployment: Obj, sets: list[Obj]) -> None:
        """Spread a changed count over the ReplicaSets that stand: 6 and 3 of 9 become 8 and 4 of 12."""
        wanted = at(deployment, "spec", "replicas", default=0)
        new = self._new(deployment, sets)
        active = [r for r in sets if _size(r)] or ([new] if new else [])
        if len(active) == 1:
            self._resize(deployment, active[0], wanted)
            return
        standing = sum(map(_size, active))
        left = (wanted + rollout.bounds(deployment).surge if wanted else 0) - standing
        for replica_set in sorted(active, key=_size, reverse=left > 0):
            size = max(0, rollout.proportion(_size(replica_set), standing + left, standing))
            self._resize(deployment, replica_set, size if standing else _size(replica_set))

    def _recreate(self, deployment: Obj, sets: list[Obj]) -> None:
        new = self._new(deployment, sets)
        old = [r for r in sets if new is None or uid_of(r) != uid_of(new)]
        busy = [r for r in old if _size(r)]
        for replica_set in busy:
            self._resize(deployment, replica_set, 0)
        held = {uid_of(r) for r in old}
        if busy or any(
            p.owner(pod).get("uid") in held for pod in self._store.all(POD, namespace_of(deployment))
        ):
            return
        wanted = at(deployment, "spec", "replicas", default=0)
        new, _ = self._ensure_new(deployment, sets, wanted)
        self._resize(deployment, new, wanted)

    def _roll(self, deployment: Obj, sets: list[Obj]) -> None:
        wanted, limits = at(deployment, "spec", "replicas", default=0), rollout.bounds(deployment)
        total = sum(map(_size, sets))
        new, old = self._ensure_new(deployment, sets, rollout.next_new(wanted, total, 0, limits.surge))
        total = _size(new) + sum(map(_size, old))
        size = wanted if _size(new) > wanted else rollout.next_new(wanted, total, _size(new), limits.surge)
        new = self._resize(deployment, new, size)
        if size == _size(new) and sum(map(_size, old)):
            self._shrink_old(deployment, new, old, limits)
        elif not sum(map(_size, old)):
            self._forget_old(deployment, old)

    def _shrink_old(self, deployment: Obj, new: Obj, old: list[Obj], limits: rollout.Bounds) -> None:
        """Sick old pods go first, then healthy ones as far as new ones are available."""
        wanted = at(deployment, "spec", "replicas", default=0)
        total = _size(new) + sum(map(_size, old))
        missing = _size(new) - min(_available(new), _size(new))
        spare = rollout.old_to_go(wanted, total, missing, limits.unavailable)
        if not spare:
            return
        shrunk: list[Obj] = []
        for replica_set in old:
            sick = min(max(0, _size(replica_set) - _available(replica_set)), spare)
            spare -= sick
            shrunk.append(
                self._resize(deployment, replica_set, _size(replica_set) - sick) if sick else replica_set
            )
        standing = _available(new) + sum(min(_available(r), _size(r)) for r in shrunk)
        room = standing - (wanted - limits.unavailable)
        for replica_set in shrunk:
            gone = min(_size(replica_set), max(0, room))
            room -= gone
            if gone:
                self._resize(deployment, replica_set, _size(replica_set) - gone)

    def _forget_old(self, deployment: Obj, old: list[Obj]) -> None:
        keep = at(deployment, "spec", "revisionHistoryLimit", default=10)
        idle = [r for r in old if not _size(r) and not at(r, "status", "replicas", default=0)]
        for replica_set in sorted(idle, key=revision_of)[: max(0, len(idle) - keep)]:
            delete(
                self._registry,
                BY_KIND[REPLICASET],
                namespace_of(replica_set),
                name_of(replica_set),
                Deletion(),
            )

    def _tell(self, namespace: str, name: str) -> None:
        deployment = self._store.get(DEPLOYMENT, namespace, name)
        if deployment is None:
            return
        sets = [
            r for r in self._store.all(REPLICASET, namespace) if p.owner(r).get("uid") == uid_of(deployment)
        ]
        status, again = status_of(deployment, sets, self._new(deployment, sets))
        if again:
            self.queue.after(again, namespace, name)

        def tell(made: Obj) -> None:
            made["status"] = status

        self._registry.mend(BY_KIND[DEPLOYMENT], deployment, tell, STATUS)

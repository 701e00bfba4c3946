"""What goes with what: dependants after their owners, the content of a deleted namespace, quotas' counts.

An object whose every owner is gone goes too, one that names an owner that never was included.
"""

from bot.playground.kube.deletes import Deletion, delete, dependants, finish
from bot.playground.kube.kinds import BY_KIND, Resource
from bot.playground.kube.quotas import shown, used
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import CONTROLLER, STATUS
from bot.playground.kube.store import Change
from bot.playground.kube.work import Queue
from strategies.objects import EVENT, NAMESPACE, POD, QUOTA, Obj, at, meta, name_of, namespace_of, uid_of

_FOREGROUND = "foregroundDeletion"


class Garbage:
    """Garbage collector, namespace controller and quota counter."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self._uids: dict[str, str] = {}
        self.owners = Queue(self._collect)
        self.namespaces = Queue(self._empty)
        self.quotas = Queue(self._count)
        self._store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        uid, namespace = uid_of(change.obj), namespace_of(change.obj)
        if change.type == "ADDED":
            self._uids[uid] = namespace
            for ref in meta(change.obj).get("ownerReferences") or []:
                if ref.get("uid") not in self._uids:
                    self.owners.add(namespace, str(ref.get("uid")))
        elif change.type == "DELETED":
            self._uids.pop(uid, None)
            self.owners.add(namespace, uid)
            for ref in meta(change.obj).get("ownerReferences") or []:
                self.owners.add(namespace, str(ref.get("uid")))
        elif _FOREGROUND in (meta(change.obj).get("finalizers") or []):
            self.owners.add(namespace, uid)
        home = self._store.get(NAMESPACE, "", namespace or name_of(change.obj))
        if home and meta(home).get("deletionTimestamp"):
            self.namespaces.add("", name_of(home))
        if change.kind != EVENT:
            for quota in self._store.all(QUOTA, namespace) if namespace else ():
                self.quotas.add(namespace, name_of(quota))

    def _collect(self, namespace: str, uid: str) -> None:
        found = list(dependants(self._registry, uid, namespace))
        owner = next((o for _, o in self._store.everything(namespace) if uid_of(o) == uid), None)
        if owner is not None:
            self._foreground(owner, found)
            return
        for resource, obj in found:
            if any(ref.get("uid") in self._uids for ref in meta(obj)["ownerReferences"]):
                continue
            if not meta(obj).get("deletionTimestamp"):
                delete(self._registry, resource, namespace_of(obj), name_of(obj), Deletion())

    def _foreground(self, owner: Obj, found: list[tuple[Resource, Obj]]) -> None:
        finalizers = meta(owner).get("finalizers") or []
        if not meta(owner).get("deletionTimestamp") or _FOREGROUND not in finalizers:
            return
        resource = next(
            r for k, r in BY_KIND.items() if k.name == owner["kind"] and k.api == owner["apiVersion"]
        )
        if not found:

            def free(made: Obj) -> None:
                left = [f for f in finalizers if f != _FOREGROUND]
                made["metadata"].pop("finalizers")
                if left:
                    made["metadata"]["finalizers"] = left

            self._registry.mend(resource, owner, free, CONTROLLER)
        for _, obj in found:
            if not meta(obj).get("deletionTimestamp"):
                kind = next(k for k in BY_KIND if k.name == obj["kind"] and k.api == obj["apiVersion"])
                how = Deletion(propagation="Foreground")
                delete(self._registry, BY_KIND[kind], namespace_of(obj), name_of(obj), how)

    def _empty(self, _: str, name: str) -> None:
        home = self._store.get(NAMESPACE, "", name)
        if home is None or not meta(home).get("deletionTimestamp"):
            return
        content = list(self._store.everything(name))
        for kind, obj in content:
            gone = self._store.get(kind, name, name_of(obj)) is None
            if not gone and (kind != POD or not meta(obj).get("deletionTimestamp")):
                delete(self._registry, BY_KIND[kind], name, name_of(obj), Deletion())
        if not list(self._store.everything(name)):
            finish(self._registry, BY_KIND[NAMESPACE], home)

    def _count(self, namespace: str, name: str) -> None:
        quota = self._store.get(QUOTA, namespace, name)
        if quota is None:
            return
        hard = at(quota, "spec", "hard", default={})
        counts = {key: shown(count) for key, count in used(self._store, quota).items()}

        def tell(made: Obj) -> None:
            made["status"] = {"hard": hard, "used": counts}

        self._registry.mend(BY_KIND[QUOTA], quota, tell, STATUS)

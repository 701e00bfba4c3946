"""The way out: deletion with preconditions, grace, finalizers and propagation.

A pod leaves when its kubelet says so, a namespace when it is empty, an object with finalizers when the last of them
goes; everything else at once. Dependants are the garbage collector's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.playground.kube.answers import Refusal
from bot.playground.kube.kinds import BY_KIND, Resource
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import CONTROLLER
from bot.playground.kube.times import later, now
from strategies.objects import NAMESPACE, POD, Obj, at, meta, name_of, namespace_of, uid_of, version_of


@dataclass(frozen=True, slots=True)
class Deletion:
    """DeleteOptions: `grace` in seconds, None for the object's own; propagation is Background, Foreground or Orphan."""

    uid: str = ""
    version: str = ""
    grace: int | None = None
    propagation: str = "Background"
    dry_run: bool = False


def dependants(registry: Registry, uid: str, namespace: str = "") -> Iterable[tuple[Resource, Obj]]:
    """Objects with an owner reference to this uid."""
    for kind, obj in registry.store.everything(namespace):
        if any(ref.get("uid") == uid for ref in meta(obj).get("ownerReferences") or []):
            yield BY_KIND[kind], obj


def delete(
    registry: Registry, resource: Resource, namespace: str, name: str, how: Deletion
) -> tuple[Obj, bool]:
    """Delete; answers the object's last form, and whether it is gone."""
    old = registry.read(resource, namespace, name)
    _check(resource, old, how)
    grace = _grace(resource, old, how)
    waits = grace > 0 or resource.kind == NAMESPACE
    finalizers = list(meta(old).get("finalizers") or [])
    if how.propagation == "Foreground" and any(dependants(registry, uid_of(old), namespace)):
        finalizers = list(dict.fromkeys([*finalizers, "foregroundDeletion"]))
    if how.dry_run:
        return old, not (waits or finalizers)
    if how.propagation == "Orphan":
        orphan(registry, old)
    if not waits and not finalizers:
        return registry.store.remove(resource.kind, old), True
    if meta(old).get("deletionTimestamp") and grace >= meta(old).get("deletionGracePeriodSeconds", 0):
        return old, False

    def mark(obj: Obj) -> None:
        metadata = obj["metadata"]
        metadata |= {
            "deletionTimestamp": later(grace) if grace else now(),
            "deletionGracePeriodSeconds": grace,
        }
        if finalizers:
            metadata["finalizers"] = finalizers
        if "generation" in metadata:
            metadata["generation"] += 1
        if resource.kind == NAMESPACE:
            obj["status"]["phase"] = "Terminating"

    return registry.mend(resource, old, mark, CONTROLLER), False


def _check(resource: Resource, old: Obj, how: Deletion) -> None:
    for asked, held, words, after in (
        (how.uid, uid_of(old), "UID", "The object might have been deleted and then recreated"),
        (how.version, version_of(old), "ResourceVersion", "The object might have been modified"),
    ):
        if asked and asked != held:
            group = f".{resource.kind.group}" if resource.kind.group else ""
            message = (
                f'Operation cannot be fulfilled on {resource.kind.name}{group} "{name_of(old)}": the {words} in the precondition '
                f"({asked}) does not match the {words} in record ({held}). {after}"
            )
            raise Refusal(409, "Conflict", message, {"name": name_of(old), "kind": resource.kind.name})


def _grace(resource: Resource, old: Obj, how: Deletion) -> int:
    """A pod's seconds to live: none where it never got a node or has ended."""
    if resource.kind != POD:
        return 0
    if not at(old, "spec", "nodeName") or at(old, "status", "phase") in ("Failed", "Succeeded"):
        return 0
    own = int(at(old, "spec", "terminationGracePeriodSeconds", default=30))
    return own if how.grace is None else how.grace


def orphan(registry: Registry, owner: Obj) -> None:
    """Take the owner out of its dependants."""
    for resource, obj in list(dependants(registry, uid_of(owner), namespace_of(owner))):

        def free(made: Obj) -> None:
            refs = [r for r in made["metadata"]["ownerReferences"] if r.get("uid") != uid_of(owner)]
            made["metadata"]["ownerReferences"] = refs
            if not refs:
                del made["metadata"]["ownerReferences"]

        registry.mend(resource, obj, free, CONTROLLER)


def finish(registry: Registry, resource: Resource, obj: Obj) -> None:
    """Take out an object that has nothing to wait for any more; one that is gone is as good."""
    found = registry.store.get(resource.kind, namespace_of(obj), name_of(obj))
    if found and uid_of(found) == uid_of(obj):
        registry.store.remove(resource.kind, found)

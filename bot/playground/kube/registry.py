"""The verbs on stored objects: create, replace, patch, apply, scale; `deletes` has the way out.

One write is one function without a pause, so writes never interleave: read, change, default, check, own, store.
Invariants: generation moves only with the spec; a write that changes nothing stores nothing; dry run stores nothing
and answers what would have been stored.
"""

import secrets
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from bot.playground.kube import answers, apply, defaults, jsonpatch, ownership, quotas, rules, schema
from bot.playground.kube.kinds import Resource
from bot.playground.kube.ownership import Hand
from bot.playground.kube.requests import Target, Writer, check_applied, decoded, place, restricted
from bot.playground.kube.selectors import selector_text
from bot.playground.kube.store import Store
from bot.playground.kube.strategic import strategic_merge
from bot.playground.kube.times import now
from strategies.objects import NAMESPACE, POD, SERVICE, Obj, at, copied, meta, name_of, uid_of, version_of

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_PATCHES = {"json": jsonpatch.json_patch, "merge": jsonpatch.merge_patch, "strategic": strategic_merge}
_SPEC_FREE = frozenset({"metadata", "status", "apiVersion", "kind"})


class Ports(Protocol):
    """Gives Services their cluster IPs and node ports."""

    def settle(self, service: Obj, old: Obj | None, *, dry_run: bool) -> None:
        """Fill in addresses and ports; Refusal where a wished port is taken."""


def random_name(prefix: str) -> str:
    """A name of `generateName`: the prefix and five letters."""
    return prefix[:58] + "".join(secrets.choice(_LETTERS) for _ in range(5))


class Registry:
    """Verbs over a store."""

    def __init__(self, store: Store, ports: Ports) -> None:
        self.store = store
        self._ports = ports

    def read(self, resource: Resource, namespace: str, name: str) -> Obj:
        """The object; Refusal 404."""
        found = self.store.get(resource.kind, namespace, name)
        if found is None:
            raise answers.not_found(resource, name)
        return found

    def create(self, resource: Resource, namespace: str, body: Obj, by: Writer) -> Obj:
        """Store a new object; Refusal where it is wrong, there already, or its namespace is not."""
        made = decoded(resource, body, by)
        place(Target(resource, namespace), made)
        metadata = made["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = random_name(metadata["generateName"])
        self._needs_namespace(resource, namespace)
        for field in ("resourceVersion", "uid", "deletionTimestamp", "generation", "managedFields"):
            metadata.pop(field, None)
        return self._create(resource, made, by, [])

    def _create(self, resource: Resource, made: Obj, by: Writer, entries: list[Obj]) -> Obj:
        if resource.status:
            made.pop("status", None)
        metadata = made["metadata"]
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        if resource.generation:
            metadata["generation"] = 1
        defaults.fill(resource.kind, made)
        rules.check(resource, made, None)
        if self.store.get(resource.kind, metadata.get("namespace", ""), name_of(made)):
            raise answers.exists(resource, name_of(made))
        quotas.admit(self.store, resource, made)
        if not entries:
            metadata["managedFields"] = ownership.after_update([], None, made, Hand(by.manager), now())
        if resource.kind == SERVICE:
            self._ports.settle(made, None, dry_run=by.dry_run)
        return made if by.dry_run else self.store.put(resource.kind, made)

    def replace(self, target: Target, body: Obj, by: Writer) -> Obj:
        """PUT; Refusal 409 for a stale resourceVersion, 422 for none where the kind wants one."""
        resource, namespace, name = target.resource, target.namespace, target.name
        if by.subresource == "scale":
            return self._scaled(target, lambda _: body, by)
        if self.store.get(resource.kind, namespace, name) is None and resource.creates and not by.subresource:
            return self.create(resource, namespace, body, by)
        old = self.read(resource, namespace, name)
        made = decoded(resource, body, by)
        place(target, made)
        if not version_of(made) and not resource.unconditional:
            cause = answers.Cause(
                "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"
            )
            raise answers.invalid(resource, name, [cause])
        if uid_of(made) not in ("", uid_of(old)):
            words = (
                f"Precondition failed: UID in precondition: {uid_of(made)}, UID in object meta: {uid_of(old)}"
            )
            raise answers.conflict(resource, name, words)
        return self.update(resource, old, made, by)

    def patch(self, target: Target, how: str, patch: Any, by: Writer) -> Obj:
        """PATCH; `how` is json, merge, strategic or apply. An apply of what is not there creates it."""
        resource = target.resource
        if how == "strategic" and resource.custom:
            raise answers.unsupported(
                "the body of the request was in an unknown format - accepted media types include:"
                " application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            )
        if how == "apply":
            return self._apply(target, patch, by)
        if by.subresource == "scale":
            return self._scaled(target, lambda scale: _PATCHES[how](scale, patch), by)
        old = self.read(resource, target.namespace, target.name)
        made = _PATCHES[how](old, patch)
        if not isinstance(made, dict) or not isinstance(made.get("metadata"), dict):
            raise answers.bad_patch()
        made = decoded(resource, made, by, patching=True)
        if uid_of(made) != uid_of(old):
            cause = answers.Cause("metadata.uid", f'Invalid value: "{uid_of(made)}": field is immutable')
            raise answers.invalid(resource, target.name, [cause])
        place(target, made)
        return self.update(resource, old, made, by)

    def update(self, resource: Resource, old: Obj, made: Obj, by: Writer) -> Obj:
        """Store `made` over `old`: `made` is the caller's to give away; its resourceVersion is the precondition."""
        if version_of(made) not in ("", version_of(old)):
            raise answers.conflict(resource, name_of(old))
        made = restricted(resource, old, made, by.subresource)
        defaults.fill(resource.kind, made)
        rules.check(resource, made, old)
        self._own(old, made, by)
        return self._commit(resource, old, made, by)

    def mend(self, resource: Resource, old: Obj, change: Callable[[Obj], None], by: Writer) -> Obj:
        """A controller's own write: change a copy, store it where it differs."""
        made = copied(old)
        change(made)
        if made == old:
            return old
        self._own(old, made, by)
        return self._commit(resource, old, made, by)

    def _own(self, old: Obj, made: Obj, by: Writer) -> None:
        """Write down who wrote what; what the caller made of managedFields counts, nothing there means no change."""
        entries = meta(made).get("managedFields") or meta(old).get("managedFields") or []
        hand = Hand(by.manager, subresource=by.subresource)
        made["metadata"]["managedFields"] = ownership.after_update(
            [e for e in entries if e], old, made, hand, now()
        )

    def _commit(self, resource: Resource, old: Obj, made: Obj, by: Writer) -> Obj:
        if resource.kind == SERVICE and not by.subresource:
            self._ports.settle(made, old, dry_run=by.dry_run)
        metadata = made["metadata"]
        entries = metadata.pop("managedFields", None)
        if entries:
            metadata["managedFields"] = sorted(entries, key=_rank)
        if resource.generation and _content(old) != _content(made):
            metadata["generation"] = meta(old).get("generation", 1) + 1
        if _bare(old) == _bare(made) and _untimed(old) == _untimed(made):
            return old
        if by.dry_run:
            return made
        leaves = meta(old).get("deletionTimestamp") and not metadata.get("finalizers")
        if leaves and resource.kind not in (POD, NAMESPACE):
            return self.store.remove(resource.kind, made)
        return self.store.put(resource.kind, made)

    def _apply(self, target: Target, said: Any, by: Writer) -> Obj:
        resource = target.resource
        check_applied(target, said)
        said = schema.tidy(said)
        place(target, said)
        old = self.store.get(resource.kind, target.namespace, target.name)
        if version_of(said) and (old is None or version_of(old) != version_of(said)):
            raise answers.conflict(resource, target.name)
        nothing: Obj = {"apiVersion": said["apiVersion"], "kind": said["kind"], "metadata": {}}
        hand = Hand(by.manager, "Apply", by.subresource)
        made = apply.apply(old or nothing, copied(said), hand, now(), force=by.force)
        entries = made["metadata"].get("managedFields") or []
        if old is None:
            self._needs_namespace(resource, target.namespace)
            return self._create(resource, made, by, entries)
        made = schema.tidy(restricted(resource, old, copied(made), by.subresource))
        made["metadata"]["managedFields"] = entries
        defaults.fill(resource.kind, made)
        rules.check(resource, made, old)
        return self._commit(resource, old, made, by)

    def scale(self, obj: Obj) -> Obj:
        """The Scale of a workload."""
        kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {k: v for k, v in meta(obj).items() if k in kept},
            "spec": {"replicas": at(obj, "spec", "replicas", default=0)},
            "status": {
                "replicas": at(obj, "status", "replicas", default=0),
                "selector": selector_text(at(obj, "spec", "selector")),
            },
        }

    def _scaled(self, target: Target, change: Callable[[Obj], Any], by: Writer) -> Obj:
        resource = target.resource
        old = self.read(resource, target.namespace, target.name)
        wanted = change(self.scale(old))
        if version_of(wanted) not in ("", version_of(old)):
            raise answers.conflict(resource, target.name)
        made = copied(old)
        made["spec"]["replicas"] = at(wanted, "spec", "replicas", default=0)
        rules.check(resource, made, old)
        self._own(old, made, by)
        return self.scale(self._commit(resource, old, made, by))

    def _needs_namespace(self, resource: Resource, namespace: str) -> None:
        if not resource.kind.namespaced:
            return
        found = self.store.get(NAMESPACE, "", namespace)
        if found is None:
            words = {"name": namespace, "kind": "namespaces"}
            raise answers.Refusal(404, "NotFound", f'namespaces "{namespace}" not found', words)
        if meta(found).get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise answers.forbidden(resource, "", why)


def _content(obj: Obj) -> Obj:
    return {k: v for k, v in obj.items() if k not in _SPEC_FREE}


def _bare(obj: Obj) -> Obj:
    ours = {k: v for k, v in meta(obj).items() if k not in ("managedFields", "resourceVersion")}
    return {**obj, "metadata": ours}


def _rank(entry: Obj) -> tuple[bool, str, str]:
    """The order of managedFields: appliers first, then by time."""
    return (entry.get("operation") != "Apply", entry.get("time", ""), entry.get("manager", ""))


def _untimed(obj: Obj) -> list[Obj]:
    return [{k: v for k, v in e.items() if k != "time"} for e in meta(obj).get("managedFields") or []]

"""The verbs on stored objects: create, replace, patch, apply, scale; `deletes` has the way out.

One write is one function without a pause, so writes never interleave: read, change, default, check, own, store.
Invariants: generation moves only with the spec; a write that changes nothing stores nothing; dry run stores nothing
and answers what would have been stored.
"""

import copy
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.playground.kube import answers, apply, defaults, jsonpatch, ownership, quotas, rules, schema
from bot.playground.kube.kinds import Resource
from bot.playground.kube.selectors import selector_text
from bot.playground.kube.store import Store
from bot.playground.kube.strategic import strategic_merge
from bot.playground.kube.times import now
from strategies.objects import NAMESPACE, POD, SERVICE, Obj, at, meta, name_of, uid_of, version_of

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
    "namespace",
)
_SPEC_FREE = frozenset({"metadata", "status", "apiVersion", "kind"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and how: the query of a write."""

    manager: str = "unknown"
    dry_run: bool = False
    strict: bool = False
    force: bool = False


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
        made = self._decoded(resource, body, by)
        self._place(resource, namespace, "", made)
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
            metadata["managedFields"] = ownership.after_update(
                [], None, made, manager=by.manager, subresource="", now=now()
            )
        if resource.kind == SERVICE:
            self._ports.settle(made, None, dry_run=by.dry_run)
        return made if by.dry_run else self.store.put(resource.kind, made)

    def replace(
        self, resource: Resource, namespace: str, name: str, body: Obj, by: Writer, subresource: str = ""
    ) -> Obj:
        """PUT; Refusal 409 for a stale resourceVersion, 422 for none where the kind wants one."""
        if subresource == "scale":
            return self._scaled(resource, namespace, name, lambda _: body, by)
        old = self.store.get(resource.kind, namespace, name)
        if old is None and resource.creates and not subresource:
            return self.create(resource, namespace, body, by)
        old = self.read(resource, namespace, name)
        made = self._decoded(resource, body, by)
        self._place(resource, namespace, name, made)
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
        made["metadata"].setdefault("managedFields", meta(old).get("managedFields", []))
        return self.update(resource, old, made, by, subresource)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        how: str,
        patch: Any,
        by: Writer,
        subresource: str = "",
    ) -> Obj:
        """PATCH; `how` is json, merge, strategic or apply. An apply of what is not there creates it."""
        if how == "strategic" and resource.custom:
            raise answers.Refusal(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor",
            )
        change = {"json": jsonpatch.json_patch, "merge": jsonpatch.merge_patch, "strategic": strategic_merge}
        if subresource == "scale":
            if how == "apply":
                raise answers.bad_request("the embedded server does not apply to scale")
            return self._scaled(resource, namespace, name, lambda scale: change[how](scale, patch), by)
        if how == "apply":
            return self._apply(resource, namespace, name, patch, by, subresource)
        old = self.read(resource, namespace, name)
        made = change[how](old, patch)
        if not isinstance(made, dict) or not isinstance(made.get("metadata"), dict):
            raise answers.bad_patch()
        made = self._decoded(resource, made, by, patching=True)
        if uid_of(made) != uid_of(old):
            cause = answers.Cause("metadata.uid", f'Invalid value: "{uid_of(made)}": field is immutable')
            raise answers.invalid(resource, name, [cause])
        self._place(resource, namespace, name, made)
        return self.update(resource, old, made, by, subresource)

    def update(self, resource: Resource, old: Obj, made: Obj, by: Writer, subresource: str = "") -> Obj:
        """Store `made` over `old`: `made` is the caller's to give away; its resourceVersion is the precondition."""
        name = name_of(old)
        if version_of(made) not in ("", version_of(old)):
            raise answers.conflict(resource, name)
        made = self._restricted(resource, old, made, subresource)
        defaults.fill(resource.kind, made)
        rules.check(resource, made, old)
        return self._commit(resource, old, made, by, subresource)

    def _commit(
        self, resource: Resource, old: Obj, made: Obj, by: Writer, subresource: str, *, applied: bool = False
    ) -> Obj:
        if resource.kind == SERVICE and not subresource:
            self._ports.settle(made, old, dry_run=by.dry_run)
        metadata = made["metadata"]
        entries = [e for e in metadata.get("managedFields") or [] if e]
        if not entries and not metadata.get("managedFields"):
            entries = list(meta(old).get("managedFields") or [])
        if not applied:
            entries = ownership.after_update(
                entries, old, made, manager=by.manager, subresource=subresource, now=now()
            )
        metadata["managedFields"] = sorted(entries, key=_rank)
        if not entries:
            del metadata["managedFields"]
        if resource.generation and _content(old) != _content(made):
            metadata["generation"] = meta(old).get("generation", 1) + 1
        if _bare(old) == _bare(made) and _untimed(old) == _untimed(made):
            return old
        if by.dry_run:
            return made
        if (
            meta(old).get("deletionTimestamp")
            and not metadata.get("finalizers")
            and resource.kind not in (POD, NAMESPACE)
        ):
            return self.store.remove(resource.kind, made)
        return self.store.put(resource.kind, made)

    def _apply(
        self, resource: Resource, namespace: str, name: str, said: Any, by: Writer, subresource: str
    ) -> Obj:
        if (
            not isinstance(said, dict)
            or said.get("kind") != resource.kind.name
            or said.get("apiVersion") != resource.kind.api
        ):
            raise answers.bad_request("apply wants apiVersion and kind of the object")
        if unknown := list(schema.unknown(said, schema.fields_of(resource.kind))):
            words = f"failed to create typed patch object ({namespace}/{name}; {resource.kind.api}, Kind={resource.kind.name}): .{unknown[0]}: field not declared in schema"
            raise answers.Refusal(500, "InternalError", words)
        said = schema.tidy(said)
        if meta(said).get("managedFields"):
            raise answers.bad_request("metadata.managedFields must be nil")
        self._place(resource, namespace, name, said)
        old = self.store.get(resource.kind, namespace, name)
        nothing: Obj = {"apiVersion": said["apiVersion"], "kind": said["kind"], "metadata": {}}
        if version_of(said) and (old is None or version_of(old) != version_of(said)):
            raise answers.conflict(resource, name)
        made = apply.apply(
            old or nothing,
            copy.deepcopy(said),
            manager=by.manager,
            subresource=subresource,
            force=by.force,
            now=now(),
        )
        if old is None:
            self._needs_namespace(resource, namespace)
            return self._create(resource, made, by, made["metadata"].get("managedFields", []))
        entries = made["metadata"].get("managedFields")
        made = self._restricted(resource, old, copy.deepcopy(made), subresource)
        made["metadata"]["managedFields"] = entries
        made = schema.tidy(made)
        defaults.fill(resource.kind, made)
        rules.check(resource, made, old)
        return self._commit(resource, old, made, by, subresource, applied=True)

    def scale(self, resource: Resource, obj: Obj) -> Obj:
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

    def _scaled(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Obj], Any], by: Writer
    ) -> Obj:
        old = self.read(resource, namespace, name)
        wanted = change(self.scale(resource, old))
        if version_of(wanted) not in ("", version_of(old)):
            raise answers.conflict(resource, name)
        made = copy.deepcopy(old)
        made["spec"]["replicas"] = at(wanted, "spec", "replicas", default=0)
        rules.check(resource, made, old)
        return self.scale(resource, self._commit(resource, old, made, by, "scale"))

    def _decoded(self, resource: Resource, body: Any, by: Writer, *, patching: bool = False) -> Obj:
        """The request's own copy: known fields only, or a refusal of the unknown ones."""
        if not isinstance(body, dict) or not isinstance(body.get("metadata", {}), dict):
            raise answers.bad_request("the body is no object")
        kind = resource.kind
        if body.get("kind", kind.name) != kind.name or body.get("apiVersion", kind.api) != kind.api:
            words = (
                f"{body.get('kind')} in version {body.get('apiVersion')} cannot be handled as a {kind.name}"
            )
            raise answers.bad_request(words)
        fields = schema.fields_of(kind)
        if by.strict and (unknown := list(schema.unknown(body, fields))):
            told = ", ".join(f'unknown field "{path}"' for path in unknown)
            if patching:
                words = f' "" is invalid: patch: Invalid value: strict decoding error: {told}'
                raise answers.Refusal(
                    422, "Invalid", words, {"causes": [{"field": "patch", "message": told}]}
                )
            version = kind.api.rpartition("/")[2]
            raise answers.bad_request(
                f'{kind.name} in version "{version}" cannot be handled as a {kind.name}: strict decoding error: {told}'
            )
        made: Obj = copy.deepcopy(schema.tidy(schema.known(body, fields)))
        made.setdefault("metadata", {})
        made = {"kind": kind.name, "apiVersion": kind.api} | made
        return made | {"kind": kind.name, "apiVersion": kind.api}

    def _place(self, resource: Resource, namespace: str, name: str, made: Obj) -> None:
        metadata = made.setdefault("metadata", {})
        if name and metadata.setdefault("name", name) != name:
            raise answers.bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        if resource.kind.namespaced:
            if metadata.setdefault("namespace", namespace) != namespace:
                raise answers.bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
        else:
            metadata.pop("namespace", None)

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

    def _restricted(self, resource: Resource, old: Obj, made: Obj, subresource: str) -> Obj:
        """`made` as far as this endpoint may write it: status by its subresource, the rest by the object's own."""
        metadata = made["metadata"]
        if subresource == "status":
            free = ("labels", "annotations") if resource.kind == POD else ("annotations",)
            kept = {k: v for k, v in meta(old).items() if k not in ("managedFields", *free)}
            kept |= {k: v for k, v in metadata.items() if k in free}
            entries = metadata.get("managedFields", meta(old).get("managedFields", []))
            made = {**copy.deepcopy(old), "metadata": kept | {"managedFields": entries}} | (
                {"status": made["status"]} if "status" in made else {}
            )
            return made
        for field in _KEPT:
            metadata.pop(field, None)
            if field in meta(old):
                metadata[field] = meta(old)[field]
        metadata["generation"] = meta(old).get("generation")
        if metadata["generation"] is None:
            del metadata["generation"]
        metadata["resourceVersion"] = version_of(old)
        if resource.status:
            made.pop("status", None)
            if "status" in old:
                made["status"] = copy.deepcopy(old["status"])
        return made

    def mend(
        self, resource: Resource, old: Obj, change: Callable[[Obj], None], manager: str, subresource: str = ""
    ) -> Obj:
        """A controller's own write: change a copy, store it where it differs."""
        made = copy.deepcopy(old)
        change(made)
        return self._commit(resource, old, made, replace(Writer(), manager=manager), subresource)


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

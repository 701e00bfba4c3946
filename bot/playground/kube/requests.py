"""What a write says: where it points, who writes, and how much of its body this endpoint may change."""

from dataclasses import dataclass
from typing import Any

from bot.playground.kube import answers, schema
from bot.playground.kube.kinds import Resource
from strategies.objects import POD, Obj, copied, meta, version_of

_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
    "namespace",
    "generation",
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names; `rest` is what follows the subresource."""

    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, through what, and how: the query of a write."""

    manager: str = "unknown"
    subresource: str = ""
    dry_run: bool = False
    strict: bool = False
    force: bool = False


CONTROLLER = Writer(manager="kube-controller-manager")
STATUS = Writer(manager="kube-controller-manager", subresource="status")


def decoded(resource: Resource, body: Any, by: Writer, *, patching: bool = False) -> Obj:
    """The request's own copy: known fields only, or a refusal of the unknown ones."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata", {}), dict):
        raise answers.bad_request("the body is no object")
    kind = resource.kind
    if body.get("kind", kind.name) != kind.name or body.get("apiVersion", kind.api) != kind.api:
        words = f"{body.get('kind')} in version {body.get('apiVersion')} cannot be handled as a {kind.name}"
        raise answers.bad_request(words)
    fields = schema.fields_of(kind)
    if by.strict and (unknown := list(schema.unknown(body, fields))):
        raise _unknown_fields(resource, unknown, patching=patching)
    made: Obj = copied(schema.tidy(schema.known(body, fields)))
    made.setdefault("metadata", {})
    return {"kind": kind.name, "apiVersion": kind.api} | made


def _unknown_fields(resource: Resource, unknown: list[str], *, patching: bool) -> answers.Refusal:
    told = "strict decoding error: " + ", ".join(f'unknown field "{path}"' for path in unknown)
    if patching:
        causes = {"causes": [{"field": "patch", "message": told}]}
        return answers.Refusal(422, "Invalid", f' "" is invalid: patch: Invalid value: {told}', causes)
    kind = resource.kind
    version = kind.api.rpartition("/")[2]
    return answers.bad_request(
        f'{kind.name} in version "{version}" cannot be handled as a {kind.name}: {told}'
    )


def check_applied(target: Target, said: Any) -> None:
    """Refuse an apply that does not say what it is, or says what there is not."""
    kind = target.resource.kind
    if not isinstance(said, dict) or (said.get("kind"), said.get("apiVersion")) != (kind.name, kind.api):
        raise answers.bad_request("apply wants apiVersion and kind of the object")
    if unknown := list(schema.unknown(said, schema.fields_of(kind))):
        where = f"{target.namespace}/{target.name}; {kind.api}, Kind={kind.name}"
        words = f"failed to create typed patch object ({where}): .{unknown[0]}: field not declared in schema"
        raise answers.Refusal(500, "InternalError", words)
    if meta(said).get("managedFields"):
        raise answers.bad_request("metadata.managedFields must be nil")


def place(target: Target, made: Obj) -> None:
    """Set name and namespace from the path; a refusal where the body says others."""
    metadata = made.setdefault("metadata", {})
    if target.name and metadata.setdefault("name", target.name) != target.name:
        raise answers.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
        )
    if not target.resource.kind.namespaced:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", target.namespace) != target.namespace:
        raise answers.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def restricted(resource: Resource, old: Obj, made: Obj, subresource: str) -> Obj:
    """`made` as far as this endpoint may write it: status by its subresource, the rest by the object's own."""
    metadata = made["metadata"]
    if subresource == "status":
        free = ("labels", "annotations") if resource.kind == POD else ("annotations",)
        kept = {k: v for k, v in meta(old).items() if k not in ("managedFields", *free)}
        kept |= {k: v for k, v in metadata.items() if k in (*free, "managedFields")}
        status = {"status": made["status"]} if "status" in made else {}
        return {**copied(old), "metadata": kept} | status
    for field in _KEPT:
        metadata.pop(field, None)
        if field in meta(old):
            metadata[field] = meta(old)[field]
    metadata["resourceVersion"] = version_of(old)
    if resource.status:
        made.pop("status", None)
        if "status" in old:
            made["status"] = copied(old["status"])
    return made

"""How an API server says no: the Status object, by reason and code.

Every refusal of the embedded server is a `Refusal`; the HTTP layer turns it into a Status body, controllers read its
reason. The words are those clients look at: names, paths, reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.playground.kube.kinds import Resource
from strategies.objects import Obj


@dataclass(frozen=True, slots=True)
class Cause:
    """One complaint about one field."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class Refusal(Exception):  # the word of the design: a refusal is an answer, not a fault
    """An answer other than success: `code` is the HTTP status, `reason` the machine's word."""

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Obj:
        """The Status object."""
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


def _details(resource: Resource, name: str, *, kind: bool = False) -> Obj:
    group = {"group": resource.kind.group} if resource.kind.group else {}
    return {"name": name, **group, "kind": resource.kind.name if kind else resource.kind.plural}


def not_found(resource: Resource, name: str) -> Refusal:
    """404 for an object."""
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_resource() -> Refusal:
    """404 for a resource type or subresource of a known group."""
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def exists(resource: Resource, name: str) -> Refusal:
    """409 for a name that is taken."""
    return Refusal(
        409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name)
    )


def conflict(resource: Resource, name: str, why: str = "") -> Refusal:
    """409: the object changed since it was seen, or a precondition failed."""
    words = (
        why or "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {words}'
    return Refusal(409, "Conflict", message, _details(resource, name))


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refusal:
    """422 with its causes."""
    words = [f"{c.field}: {c.message}" for c in causes]
    told = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
    group = f".{resource.kind.group}" if resource.kind.group else ""
    details = _details(resource, name, kind=True) | {
        "causes": [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    }
    return Refusal(422, "Invalid", f'{resource.kind.name}{group} "{name}" is invalid: {told}', details)


def bad_patch() -> Refusal:
    """422 without details: a JSON patch that does not apply, a failed `test` included."""
    return Refusal(422, "Invalid", "the server rejected our request due to an error in our request", {})


def bad_request(message: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str) -> Refusal:
    """403, as admission says it."""
    message = f'{resource.qualified} "{name}" is forbidden: {why}'
    return Refusal(403, "Forbidden", message, _details(resource, name))


def expired(asked: int, oldest: int) -> Refusal:
    """410: the history asked for is gone."""
    return Refusal(410, "Expired", f"too old resource version: {asked} ({oldest})")


def unavailable(message: str) -> Refusal:
    """503."""
    return Refusal(503, "ServiceUnavailable", message)


def unsupported(message: str) -> Refusal:
    """415."""
    return Refusal(415, "UnsupportedMediaType", message, {})

"""What may be done to the cluster, as values: the engine journals them before it carries them out.

Every write can be refused by the server when the world moved on: a patch and a delete carry the resourceVersion that
was seen, a create carries a name that belongs to the release.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from strategies.objects import Obj, Ref


@dataclass(frozen=True, slots=True)
class Create:
    """Make this object; one of that name that bears the same release is as good."""

    ref: Ref
    manifest: Obj
    why: str


@dataclass(frozen=True, slots=True)
class Patch:
    """Change fields by JSON patch (RFC 6902); `seen` is the resourceVersion the operations were made from."""

    ref: Ref
    ops: tuple[dict[str, Any], ...]
    seen: str
    why: str
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the object with this uid, its dependants with it; one that is gone already is as good."""

    ref: Ref
    uid: str
    why: str


Write: TypeAlias = Create | Patch | Delete


def pointer(*path: str) -> str:
    """A JSON pointer (RFC 6901) of these keys.

    >>> pointer("metadata", "annotations", "graylight/base")
    '/metadata/annotations/graylight~1base'
    """
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)

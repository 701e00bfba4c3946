"""Carrying out writes: each with its precondition, each idempotent as far as the server can tell."""

from contextlib import suppress
from typing import Any

from bot.cluster.api import Api
from bot.cluster.errors import Conflict, Exists, Invalid, NotFound
from strategies.objects import Obj, annotations_of, labels_of, version_of
from strategies.target import RELEASE_LABEL
from strategies.tracks import RELEASE_NOTE
from strategies.writes import Create, Delete, Patch, Write


async def perform(api: Api, write: Write) -> Obj | None:
    """Make one write and return the object as it is now, None once it is deleted.

    Raises Conflict when the object is not as it was seen: the caller looks again and decides again.
    """
    match write:
        case Create(ref, manifest):
            try:
                return await api.create(ref.kind, ref.namespace, manifest)
            except Exists:
                found = await api.get(ref)
                if release_of(found) == release_of(manifest):
                    return found  # ours: an answer was lost, or we were
                raise
        case Patch(ref, ops, seen, _, subresource):
            guard: dict[str, Any] = {"op": "replace", "path": "/metadata/resourceVersion", "value": seen}
            try:
                return await api.patch(ref, [guard, *ops], "json", subresource=subresource)
            except Invalid as e:
                # Operations are applied before the guard is looked at: one that takes away what has gone already is
                # invalid, although the object is only not as it was seen (an answer of ours was lost, or a colleague).
                if version_of(await api.get(ref)) == seen:
                    raise
                raise Conflict(f"{ref} is not as it was seen: {e}", e.status) from e
        case Delete(ref, uid):
            with suppress(NotFound):
                await api.delete(ref, uid=uid)
            return None


def release_of(obj: Obj) -> str | None:
    """The release that an object was made for."""
    return annotations_of(obj).get(RELEASE_NOTE) or labels_of(obj).get(RELEASE_LABEL)

"""Field ownership given back: ours is taken away, and where a value is again what it was, its former owner has it again.

Who patches a field becomes its owner, and the one before loses it: kept so, the user's next server-side apply would
conflict with us, or leave standing what it no longer names. A patch of its own, since it may touch nothing but
managedFields.
"""

from functools import reduce
from typing import Any

from strategies.edits import MANAGER, patch
from strategies.objects import Kind, Obj, copied, meta, name_of
from strategies.writes import Patch

Fields = dict[str, Any]  # as in `fieldsV1`: an empty dict is a field itself


def disown(kind: Kind, obj: Obj, before: Obj | None = None) -> Patch | None:
    """What gives our fields back, None where we have none; `before` is the undo's copy."""
    listed: list[Obj] = meta(obj).get("managedFields") or []
    ours = [i for i, entry in enumerate(listed) if entry.get("manager") == MANAGER]
    if not ours:
        return None
    left = [entry for i, entry in enumerate(listed) if i not in ours]
    was: list[Obj] = meta(before).get("managedFields") or [] if before and _as(before, obj) else []
    held = reduce(both, (listed[i].get("fieldsV1") or {} for i in ours), Fields())
    made = _given_back(left, was, held)
    why = f"give field ownership of {name_of(obj)} back"
    if made == left:
        ops: list[dict[str, Any]] = [
            {"op": "remove", "path": f"/metadata/managedFields/{i}"} for i in reversed(ours)
        ]
    else:
        ops = [{"op": "replace", "path": "/metadata/managedFields", "value": made}]
    return patch(kind, obj, ops, why)


def _as(before: Obj, obj: Obj) -> bool:
    """Whether what people wrote is as it was."""
    return before.get("spec") == obj.get("spec")


def _given_back(left: list[Obj], was: list[Obj], held: Fields) -> list[Obj]:
    """The entries with what each owner had of the fields that we held."""
    made = {_key(entry): entry for entry in left}
    for former in was:
        lost = shared(former.get("fieldsV1") or {}, held)
        if not lost or former.get("manager") == MANAGER:
            continue
        now = made.get(_key(former), {**former, "fieldsV1": {}})
        made[_key(former)] = {**now, "fieldsV1": both(now.get("fieldsV1") or {}, lost)}
    return list(made.values())


def _key(entry: Obj) -> tuple[object, ...]:
    return tuple(entry.get(k) for k in ("manager", "operation", "apiVersion", "subresource"))


def both(one: Fields, other: Fields) -> Fields:
    """The fields of either.

    >>> both({"f:spec": {"f:a": {}}}, {"f:spec": {"f:b": {}}})
    {'f:spec': {'f:a': {}, 'f:b': {}}}
    """
    made = copied(one)
    for name, inner in other.items():
        made[name] = both(made.get(name) or {}, inner)
    return made


def shared(one: Fields, other: Fields) -> Fields:
    """The fields of both.

    >>> shared({"f:spec": {"f:a": {}, "f:b": {}}}, {"f:spec": {"f:b": {}, "f:c": {}}})
    {'f:spec': {'f:b': {}}}
    """
    made: Fields = {}
    for name in (n for n in one if n in other):
        inner = shared(one[name], other[name])
        if inner or not (one[name] or other[name]):
            made[name] = inner
    return made

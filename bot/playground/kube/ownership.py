"""Who wrote which field: `metadata.managedFields`, as sets of paths.

A path is a tuple of FieldsV1 elements: `f:spec`, `k:{"name":"web"}`, `v:"x"`. Invariants, as of structured merge diff:
a write of another value takes the field from everybody else; a write of the same value takes nothing; an entry is one
manager with one operation and one subresource.
"""

import json
from typing import Any, NamedTuple

from bot.playground.kube.shapes import Path, is_set, is_whole, key_values, keys_of
from strategies.objects import Obj

FieldPath = tuple[str, ...]
Leaves = dict[FieldPath, Any]
_MARK = object()  # stands at a path that is owned as a whole but whose value is told by its children
_SYSTEM = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)


_ALWAYS = frozenset(
    {
        ("metadata",),
        ("spec",),
        ("status",),
        ("spec", "containers"),
        ("spec", "strategy"),
        ("spec", "template"),
        ("spec", "template", "metadata"),
        ("spec", "template", "spec"),
        ("spec", "template", "spec", "containers"),
    }
)
"""What even an empty object is written with: nobody comes to own these by filling them."""


def leaves(obj: Obj, *, marks: bool = True) -> Leaves:
    """Every owned path of an object and its value; `marks` adds the maps and lists that hold them (`.`)."""
    found: Leaves = {}
    for key, value in obj.items():
        if key in ("apiVersion", "kind"):
            continue
        if key == "metadata":
            value = {k: v for k, v in value.items() if k not in _SYSTEM}  # noqa: PLW2901  # the system's fields belong to nobody
            if not value:
                continue
        _walk(value, (f"f:{key}",), (key,), found, marks=marks)
    return found


def _walk(value: Any, at: FieldPath, names: Path, found: Leaves, *, marks: bool) -> None:
    if isinstance(value, dict) and value and not is_whole(names):
        if marks and names not in _ALWAYS:
            found[at] = _MARK
        for key, inner in value.items():
            _walk(inner, (*at, f"f:{key}"), (*names, key), found, marks=marks)
    elif isinstance(value, list) and value and (keys := keys_of(names)):
        if marks and names not in _ALWAYS:
            found[at] = _MARK
        for item in value:
            inner_at = (*at, element(item, keys))
            found[inner_at] = _MARK
            for key, inner in item.items():
                _walk(inner, (*inner_at, f"f:{key}"), (*names, key), found, marks=marks)
    elif isinstance(value, list) and value and is_set(names):
        if marks:
            found[at] = _MARK
        found.update({(*at, f"v:{json.dumps(item)}"): _MARK for item in value})
    else:
        found[at] = value


def element(item: Obj, keys: tuple[str, ...]) -> str:
    """`k:{"name":"web"}`."""
    pairs = dict(sorted(zip(keys, key_values(item, keys), strict=True)))
    return "k:" + json.dumps({k: v for k, v in pairs.items() if v is not None}, separators=(",", ":"))


def to_fields(paths: set[FieldPath]) -> Obj:
    """FieldsV1 of a set of paths: a path with children of its own shows as `.`."""
    root: Obj = {}
    for path in sorted(paths):
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _trim(root)


def _trim(node: Obj) -> Obj:
    if list(node) == ["."]:
        return {}
    return {k: (_trim(v) if k != "." else {}) for k, v in node.items()}


def from_fields(fields: Obj, at: FieldPath = ()) -> set[FieldPath]:
    """The set of paths of FieldsV1."""
    found: set[FieldPath] = set()
    for key, inner in fields.items():
        if key == ".":
            found.add(at)
        elif inner:
            found |= from_fields(inner, (*at, key))
        else:
            found.add((*at, key))
    return found


class Hand(NamedTuple):
    """Who writes, by which kind of write (Update or Apply), through which subresource."""

    manager: str
    operation: str = "Update"
    subresource: str = ""

    def wrote(self, entry: Obj) -> bool:
        """Whether an entry is this hand's."""
        return (entry.get("manager"), entry.get("operation"), entry.get("subresource", "")) == self


def entry(hand: Hand, api: str, paths: set[FieldPath], now: str) -> Obj:
    """One entry of managedFields."""
    made: Obj = {
        "manager": hand.manager,
        "operation": hand.operation,
        "apiVersion": api,
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(paths),
    }
    return made | ({"subresource": hand.subresource} if hand.subresource else {})


def without(entries: list[Obj], paths: set[FieldPath]) -> list[Obj]:
    """The entries without these paths; one that owns nothing more goes."""
    kept = []
    for one in entries:
        own = from_fields(one.get("fieldsV1") or {})
        left = own - paths
        if left == own:
            kept.append(one)
        elif left:
            kept.append({**one, "fieldsV1": to_fields(left)})
    return kept


def after_update(entries: list[Obj], old: Obj | None, new: Obj, hand: Hand, now: str) -> list[Obj]:
    """The entries after a create, replace or patch: what changed is the writer's now, what is gone is nobody's."""
    before = leaves(old) if old else {}
    after = leaves(new)
    changed = {p for p, value in after.items() if p not in before or before[p] != value}
    removed = set(before) - set(after)
    if not hand.subresource:  # what the server itself fills in there belongs to nobody
        changed = {p for p in changed if p[0] != "f:status"}
    if not changed and not removed:
        return entries
    mine = next((e for e in entries if hand.wrote(e)), None)
    others = without([e for e in entries if e is not mine], changed | removed)
    own = (from_fields((mine or {}).get("fieldsV1") or {}) | changed) - removed
    if not own:
        return others
    if mine and own == from_fields(mine["fieldsV1"]):
        return [*others, mine | {"time": now}]
    return [*others, entry(hand, str(new.get("apiVersion", "v1")), own, now)]

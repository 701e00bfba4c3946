"""Server-side apply: merge what a manager says, take back what it no longer says, refuse what others hold.

Source: the semantics of structured merge diff. Invariants: without `force` no value that another manager wrote
changes; a field dropped by its only owner goes (and is defaulted again by whoever defaults).
"""

import json
from typing import Any

from bot.playground.kube.answers import Refusal
from bot.playground.kube.ownership import (
    FieldPath,
    Hand,
    element,
    entry,
    from_fields,
    leaves,
    without,
)
from bot.playground.kube.shapes import Path, is_set, is_whole, key_values, keys_of
from strategies.objects import Obj, copied


def merged(live: Any, said: Any, names: Path = ()) -> Any:
    """The live value with what was said: maps by field, keyed lists by key, sets joined, the rest replaced."""
    if isinstance(said, dict) and isinstance(live, dict) and not is_whole(names):
        result = dict(live)
        for key, value in said.items():
            result[key] = merged(live.get(key), value, (*names, key))
        return result
    if isinstance(said, list) and isinstance(live, list):
        if keys := keys_of(names):
            return _keyed(live, said, keys, names)
        if is_set(names):
            return list(dict.fromkeys([*live, *said]))
    return copied(said)


def _keyed(live: list[Any], said: list[Any], keys: tuple[str, ...], names: Path) -> list[Any]:
    result = list(live)
    for item in said:
        wanted = key_values(item, keys)
        found = next((i for i, one in enumerate(result) if key_values(one, keys) == wanted), None)
        if found is None:
            result.append(copied(item))
        else:
            result[found] = merged(result[found], item, names)
    return result


def pruned(value: Any, path: FieldPath, names: Path, *, at: FieldPath = ()) -> Any:
    """The value without what stands at the path; the value itself where nothing does."""
    rest = path[len(at) :]
    head, last = rest[0], len(rest) == 1
    if isinstance(value, dict) and head.startswith("f:"):
        key = head[2:]
        if key not in value:
            return value
        if last:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: pruned(value[key], path, (*names, key), at=(*at, head))}
    if isinstance(value, list) and head.startswith("k:"):
        keys = keys_of(names)
        if last:
            return [v for v in value if element(v, keys) != head]
        return [pruned(v, path, names, at=(*at, head)) if element(v, keys) == head else v for v in value]
    if isinstance(value, list) and head.startswith("v:"):
        return [v for v in value if element_value(v) != head]
    return value


def element_value(item: Any) -> str:
    """`v:"x"`, the path element of a set's member."""
    return f"v:{json.dumps(item)}"


def apply(live: Obj, said: Obj, hand: Hand, now: str, *, force: bool) -> Obj:
    """The object after an apply, its managedFields included; Refusal 409 that names each conflicting manager."""
    entries: list[Obj] = list(live["metadata"].get("managedFields") or [])
    wanted, held = leaves(said, marks=False), leaves(live)
    mine = next((e for e in entries if hand.wrote(e)), None)
    others = [e for e in entries if e is not mine]
    differing = {p for p, value in wanted.items() if p in held and held[p] != value}
    clashes = [(e, sorted(from_fields(e.get("fieldsV1") or {}) & differing)) for e in others]
    clashes = [(e, paths) for e, paths in clashes if paths]
    if clashes and not force:
        raise _conflict(clashes)
    others = without(others, differing)
    result: Obj = merged(live, {k: v for k, v in said.items() if k not in ("apiVersion", "kind")})
    dropped = from_fields((mine or {}).get("fieldsV1") or {}) - set(wanted)
    taken: set[FieldPath] = set().union(*(from_fields(e.get("fieldsV1") or {}) for e in others), set(wanted))
    for path in sorted(dropped, key=len):  # an element before its fields
        if not any(t[: len(path)] == path for t in taken):
            result = pruned(result, path, ())
    own = set(wanted)
    renewed = entry(hand, str(said["apiVersion"]), own, now)
    if mine and from_fields(mine["fieldsV1"]) == own and leaves(result) == held:
        renewed = mine
    result["metadata"] = {**result["metadata"], "managedFields": [*others, renewed] if own else others}
    return result


def _dotted(path: FieldPath) -> str:
    return "".join(f".{p[2:]}" if p.startswith("f:") else f"[{p[2:].strip('{}')}]" for p in path)


def _conflict(clashes: list[tuple[Obj, list[FieldPath]]]) -> Refusal:
    causes = []
    for one, paths in clashes:
        sub = f' with subresource "{one["subresource"]}"' if one.get("subresource") else ""
        who = f'conflict with "{one["manager"]}"{sub} using {one["apiVersion"]}'
        causes += [{"reason": "FieldManagerConflict", "message": who, "field": _dotted(p)} for p in paths]
    told = "\n".join(f"- {c['field']}" for c in causes)
    message = f"Apply failed with {len(causes)} conflicts: {causes[0]['message']}:\n{told}"
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    return Refusal(409, "Conflict", message, {"causes": causes})

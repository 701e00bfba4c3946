"""The JSON patch (RFC 6902) that makes one JSON value of another, as small as can be.

Elements of a list are the same where what names them is; lists are aligned so that the least is written, and an
element put before another leaves the other where it is in words too. What the operations do is exact for the value
they were made from, and for no other: the resourceVersion goes with them.
"""

import json
from typing import Any, TypeAlias

from strategies.objects import copied
from strategies.writes import pointer

Op: TypeAlias = dict[str, Any]
_NAMING = ("name", "host", "match", "matches", "destination", "type")  # what tells a list's elements apart


def operations(before: Any, after: Any, *path: str) -> list[Op]:
    """What turns `before` into `after`, both found at `path`; empty where they are the same.

    >>> operations({"a": [1, 2], "b": 3}, {"a": [0, 1, 2]}, "spec")
    [{'op': 'remove', 'path': '/spec/b'}, {'op': 'add', 'path': '/spec/a/0', 'value': 0}]
    >>> operations({"a": [{"w": 1, "name": "x"}]}, {"a": [{"w": 2, "name": "x"}]})
    [{'op': 'replace', 'path': '/a/0/w', 'value': 2}]
    """
    if _same(before, after):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        gone = [_remove(*path, key) for key in before if key not in after]
        kept = [
            op for key in before if key in after for op in operations(before[key], after[key], *path, key)
        ]
        return gone + kept + [_add(after[key], *path, key) for key in after if key not in before]
    if isinstance(before, list) and isinstance(after, list):
        return _listed(before, after, path)
    return [{"op": "replace", "path": pointer(*path), "value": copied(after)}]


def _listed(before: list[Any], after: list[Any], path: tuple[str, ...]) -> list[Op]:
    """From the end to the beginning, so that no operation moves what a later one names."""
    most = min(len(before), len(after))
    first = next((n for n in range(most) if not _same(before[n], after[n])), most)
    last = next((n for n in range(most - first) if not _same(before[-1 - n], after[-1 - n])), most - first)
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    edits = {
        (i, j): operations(had, has, *path, str(first + i))
        for i, had in enumerate(old)
        for j, has in enumerate(new)
        if _alike(had, has)
    }
    cost = _costs(old, new, edits)
    i, j = 0, 0
    groups: list[list[Op]] = []
    while i < len(old) or j < len(new):
        here, edit = (*path, str(first + i)), edits.get((i, j))
        if edit is not None and cost[i][j] == cost[i + 1][j + 1] + _size(edit):
            groups, i, j = [edit, *groups], i + 1, j + 1
        elif j < len(new) and cost[i][j] == cost[i][j + 1] + _size([_add(new[j], *here)]):
            groups, j = [[_add(new[j], *here)], *groups], j + 1
        else:
            groups, i = [[_remove(*here)], *groups], i + 1
    return [op for group in groups for op in group]


def _costs(old: list[Any], new: list[Any], edits: dict[tuple[int, int], list[Op]]) -> list[list[int]]:
    """`cost[i][j]`: the least size of what turns `old[i:]` into `new[j:]`."""
    cost = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old), -1, -1):
        for j in range(len(new), -1, -1):
            ways = [cost[i + 1][j + 1] + _size(edits[i, j])] if (i, j) in edits else []
            ways += [cost[i][j + 1] + _size([_add(new[j])])] if j < len(new) else []
            ways += [cost[i + 1][j] + _size([_remove()])] if i < len(old) else []
            cost[i][j] = min(ways, default=0)
    return cost


def _size(ops: list[Op]) -> int:
    """How much would be written: the values, and a little for each operation."""
    return sum(16 + len(json.dumps(op.get("value", ""))) for op in ops)


def _alike(one: Any, other: Any) -> bool:
    """Whether one may be edited into the other: the same plain value, or two of the same kind named alike."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(one.get(key) == other.get(key) for key in _NAMING)
    return _same(one, other) or (isinstance(one, list) and isinstance(other, list))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _add(value: Any, *path: str) -> Op:
    return {"op": "add", "path": pointer(*path), "value": copied(value)}


def _remove(*path: str) -> Op:
    return {"op": "remove", "path": pointer(*path)}

"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386).

Neither changes its argument. A patch that does not apply, a failed `test` included, is one refusal: 422. As on a real
server, and unlike the RFC, `replace` of a key that a map does not have adds it, and `test` finds null there.
"""

from typing import Any

from bot.playground.kube.answers import bad_patch, bad_request
from strategies.objects import copied

_OPS = frozenset({"add", "remove", "replace", "move", "copy", "test"})


def _keys(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise bad_patch()
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _index(key: str, size: int) -> int:
    if not key.isdigit() or int(key) >= size:
        raise bad_patch()
    return int(key)


def _find(doc: Any, keys: list[str]) -> Any:
    for key in keys:
        if isinstance(doc, dict) and key in doc:
            doc = doc[key]
        elif isinstance(doc, list):
            doc = doc[_index(key, len(doc))]
        else:
            raise bad_patch()
    return doc


def _find_or_null(doc: Any, keys: list[str]) -> Any:
    """As `_find`, but a key that a map does not have is null: `test` may ask for that."""
    parent = _find(doc, keys[:-1]) if keys else doc
    return parent.get(keys[-1]) if keys and isinstance(parent, dict) else _find(doc, keys)


def _add(parent: Any, key: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[key] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if key == "-" else _index(key, len(parent) + 1), value)
    else:
        raise bad_patch()


def _remove(parent: Any, key: str) -> Any:
    if isinstance(parent, dict) and key in parent:
        return parent.pop(key)
    if isinstance(parent, list):
        return parent.pop(_index(key, len(parent)))
    raise bad_patch()


def _same(one: Any, two: Any) -> bool:
    return one == two and isinstance(one, bool) == isinstance(two, bool)


def _apply(doc: Any, op: dict[str, Any]) -> Any:
    keys = _keys(op["path"])
    name = op["op"]
    if name == "test":
        if not _same(_find_or_null(doc, keys), op.get("value")):
            raise bad_patch()
        return doc
    value = op.get("value")
    if name in ("move", "copy"):
        source = _keys(op["from"])
        value = copied(_find(doc, source))
        if name == "move":
            _remove(_find(doc, source[:-1]), source[-1])
    if not keys:
        return copied(value)
    parent = _find(doc, keys[:-1])
    if name == "remove":
        _remove(parent, keys[-1])
    elif name == "replace" and isinstance(parent, list):
        parent[_index(keys[-1], len(parent))] = copied(value)
    else:
        _add(parent, keys[-1], copied(value))
    return doc


def json_patch(doc: Any, ops: Any) -> Any:
    """The document after the operations; all or none.

    >>> json_patch({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}])
    {'a': [1, 2]}
    """
    if not isinstance(ops, list) or not all(isinstance(op, dict) for op in ops):
        raise bad_request("error decoding patch: a list of operations is wanted")
    doc = copied(doc)
    for op in ops:
        if op.get("op") not in _OPS or not isinstance(op.get("path"), str):
            raise bad_patch()
        doc = _apply(doc, op)
    return doc


def merge_patch(doc: Any, patch: Any) -> Any:
    """The document with the patch's values; null removes.

    >>> merge_patch({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": 3}})
    {'b': {'c': 2, 'd': 3}}
    """
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result

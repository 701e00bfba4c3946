"""Strategic merge patch: maps merge, lists of a kind that has a merge key go by it, others are replaced.

Directives: `$patch: delete|replace`, `$deleteFromPrimitiveList/…`, `$retainKeys`; `$setElementOrder/…` is read and
left, since order tells nobody anything here.
"""

from typing import Any

from bot.playground.kube.answers import bad_request
from bot.playground.kube.shapes import Path, is_set, merge_key
from strategies.objects import Obj, copied

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def strategic_merge(doc: Any, patch: Any, path: Path = ()) -> Any:
    """The document after the patch; null removes a field.

    >>> old = {"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]}}
    >>> strategic_merge(old, {"spec": {"containers": [{"name": "a", "image": "x:2"}]}})
    {'spec': {'containers': [{'name': 'a', 'image': 'x:2'}, {'name': 'b'}]}}
    """
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: an object is wanted")
    if patch.get("$patch") == "replace":
        return {k: copied(v) for k, v in patch.items() if k != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    result: Obj = dict(doc) if isinstance(doc, dict) else {}
    if keep := patch.get("$retainKeys"):
        result = {k: v for k, v in result.items() if k in keep}
    for key, value in patch.items():
        if key.startswith(_DELETE):
            field = key.removeprefix(_DELETE)
            result[field] = [v for v in result.get(field) or [] if v not in value]
        elif key.startswith(("$retainKeys", _ORDER)):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _value(result.get(key), value, (*path, key))
    return result


def _value(old: Any, new: Any, path: Path) -> Any:
    if isinstance(new, dict):
        return strategic_merge(old, new, path)
    if not isinstance(new, list):
        return new
    if is_set(path):
        return list(dict.fromkeys([*(old or []), *new]))
    key = merge_key(path)
    if not key or any(isinstance(v, dict) and v.get("$patch") == "replace" for v in new):
        return [copied(v) for v in new if not (isinstance(v, dict) and v.get("$patch"))]
    return _by_key(list(old or []), new, key, path)


def _by_key(old: list[Any], new: list[Any], key: str, path: Path) -> list[Any]:
    """4 old, 1 patched: the 3 others stay where they are; an element of a new key goes to the end."""
    for patch in new:
        if not isinstance(patch, dict) or key not in patch:
            raise bad_request(f"map: {patch} does not contain declared merge key: {key}")
        found = next((i for i, item in enumerate(old) if item.get(key) == patch[key]), None)
        if patch.get("$patch") == "delete":
            old = [item for item in old if item.get(key) != patch[key]]
        elif found is None:
            old.append(strategic_merge({}, patch, path))
        else:
            old[found] = strategic_merge(old[found], patch, path)
    return old

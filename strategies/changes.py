"""What is different between two states of an object, line by line: exact, and no longer than what differs.

A line begins with `+`, `-` or `~` and the path of a field. In lists, equal elements are found again wherever they
moved. What only the server writes is left out.
"""

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Literal

from strategies.objects import Obj, annotations_of, labels_of
from strategies.plan import Frozen

LONGEST = 160  # characters of a value
_SERVERS = (
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "ipFamilyPolicy",
    "internalTrafficPolicy",
    "externalTrafficPolicy",
)
_NOISE = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")


class Changed(Frozen):
    """One object as it will be written: `like` is what a new one was compared with, empty where it is compared with itself."""

    verb: Literal["create", "patch"]
    kind: str
    name: str
    like: str = ""
    lines: tuple[str, ...] = ()


def compare(before: Obj | None, after: Obj) -> tuple[str, ...]:
    """The lines between two states.

    >>> compare({"spec": {"w": [{"n": "a"}]}}, {"spec": {"w": [{"n": "a", "x": 9}, {"n": "b"}]}})
    ('+ spec.w[0].x: 9', '+ spec.w[1]: {"n": "b"}')
    >>> compare({"spec": {"replicas": 3}}, {"spec": {"replicas": 0}})
    ('~ spec.replicas: 3 → 0',)
    """
    return tuple(_lines(_shown(before or {}), _shown(after), ""))


def _shown(obj: Obj) -> Obj:
    spec = {k: v for k, v in (obj.get("spec") or {}).items() if k not in _SERVERS}
    if isinstance(spec.get("ports"), list):
        spec["ports"] = [{k: v for k, v in p.items() if k != "nodePort"} for p in spec["ports"]]
    notes = {k: v for k, v in annotations_of(obj).items() if k not in _NOISE}
    return {"labels": labels_of(obj), "annotations": notes, "spec": spec}


def _lines(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            here = f"{path}.{key}" if path else key
            if key not in after:
                yield f"- {here}: {_text(before[key])}"
            elif key not in before:
                yield f"+ {here}: {_text(after[key])}"
            else:
                yield from _lines(before[key], after[key], here)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, path)
    else:
        yield f"~ {path}: {_text(before)} → {_text(after)}"


def _items(before: list[Any], after: list[Any], path: str) -> Iterator[str]:
    """A list: what is equal is matched first, what is left is compared in its order."""
    old, new = ([json.dumps(v, sort_keys=True) for v in side] for side in (before, after))
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(j - i, m - k)
        for n in range(both):
            yield from _lines(before[i + n], after[k + n], f"{path}[{k + n}]")
        for n in range(i + both, j):
            yield f"- {path}[{n}]: {_text(before[n])}"
        for n in range(k + both, m):
            yield f"+ {path}[{n}]: {_text(after[n])}"


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

"""What answers look like: content type, fields of a JSON body with their types, size; and how two versions differ in it.

A field counts as gone only where every answer of the old version had it and no answer of the new one does, each of at
least `ENOUGH`: what is there at times only, as the entries of a map by id, is no difference.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field

from strategies.excerpt import cut
from strategies.plan import Frozen
from strategies.spread import Spread

ENOUGH = 10  # answers of each version below which nothing is said
MOST_FIELDS = 30  # of one version that are kept
LONGEST_NAME = 50  # bytes of a field's path and type
DEEPEST = 5
TWICE = 2  # medians of size that differ by more are told


@dataclass(frozen=True, slots=True)
class Differences:
    """What a client may trip over, and what it only may want to know; each as the end of a sentence."""

    breaking: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


class Shapes(Frozen):
    """Of `n` answers: `fields` by path and type, `kinds` are content types; each with how many had it."""

    n: int = 0
    fields: dict[str, int] = Field(default_factory=dict)
    kinds: dict[str, int] = Field(default_factory=dict)
    sizes: Spread = Spread()
    full: bool = Field(False, description="there were more fields than are kept, so none is called gone")

    def added(self, answers: Iterable[tuple[str, str]]) -> Self:
        """With these answers too: content type and body of each."""
        counts, kinds, sizes, full, n = Counter(self.fields), Counter(self.kinds), list[float](), self.full, 0
        for kind, body in answers:
            n += 1
            found = sorted(fields(body))
            full = full or len(found) > MOST_FIELDS
            counts.update(found[:MOST_FIELDS])
            kinds[cut(kind.partition(";")[0].strip().lower(), LONGEST_NAME)] += 1
            sizes.append(len(body.encode()))
        kept = dict(sorted(counts.items())[:MOST_FIELDS])
        update = {
            "n": self.n + n,
            "fields": kept,
            "kinds": dict(kinds.most_common(4)),
            "sizes": self.sizes.added(sizes),
            "full": full or len(counts) > MOST_FIELDS,
        }
        return self.model_copy(update=update)

    @property
    def always(self) -> dict[str, frozenset[str]]:
        """The fields that every answer had, with their types."""
        types: dict[str, set[str]] = {}
        seen = Counter[str]()
        for field, count in self.fields.items():
            path, _, kind = field.rpartition(" ")
            types.setdefault(path, set()).add(kind)
            seen[path] += count
        return {path: frozenset(found) for path, found in types.items() if seen[path] == self.n}

    @property
    def ever(self) -> frozenset[str]:
        """The fields that any answer had."""
        return frozenset(field.rpartition(" ")[0] for field in self.fields)


def fields(body: str) -> frozenset[str]:
    """Every field of a JSON body with its type; nothing where it is none.

    >>> sorted(fields('{"message": "hi", "meta": {"n": 1}, "all": [{"id": 7}, {"id": 8}]}'))[:4]
    ['$ object', '$.all list', '$.all[] object', '$.all[].id number']
    >>> fields("hello")
    frozenset()
    """
    try:
        value: Any = json.loads(body) if body[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset() if value is None else frozenset(_walk(value, "$", 0))


def _walk(value: Any, path: str, depth: int) -> Iterator[str]:
    if len(path.encode()) > LONGEST_NAME - len(" boolean"):
        return  # too long to be kept whole
    yield f"{path} {_type(value)}"
    if depth >= DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for inner in value[:20]:
            yield from _walk(inner, f"{path}[]", depth + 1)


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def compare(new: Shapes, old: Shapes) -> Differences:
    """What is different; nothing where one of them has too few answers.

    >>> old, new = Shapes().added([("a/json", '{"n": 1}')] * 10), Shapes().added([("a/json", '{"n": "1"}')] * 10)
    >>> compare(new, old).breaking
    ('`$.n` is text, not number',)
    """
    if min(new.n, old.n) < ENOUGH:
        return Differences()
    breaking, other = list[str](), list[str]()
    ours, theirs = _usual(new.kinds), _usual(old.kinds)
    if ours not in old.kinds and theirs not in new.kinds:
        breaking.append(f"the content type is {ours or 'not said'}, not {theirs or 'unsaid'}")
    elif new.fields or old.fields:
        breaking += _changed(new, old)
        if not old.full:
            other += [f"`{p}` is new" for p in sorted(_outermost(set(new.always) - old.ever))]
    mine, before = new.sizes.quantile(0.5), old.sizes.quantile(0.5)
    if max(mine, before) > TWICE * max(min(mine, before), 1):
        other.append(f"the usual size is {mine:.0f} bytes, not {before:.0f}")
    return Differences(tuple(breaking), tuple(other))


def _changed(new: Shapes, old: Shapes) -> Iterator[str]:
    """Fields that are gone, and fields of another type; null is every type."""
    if not new.full:
        yield from (f"`{path}` is gone" for path in sorted(_outermost(set(old.always) - new.ever)))
    for path, types in sorted(old.always.items()):
        now, before = new.always.get(path, frozenset()) - {"null"}, types - {"null"}
        if now and before and not now & before:
            yield f"`{path}` is {' or '.join(sorted(now))}, not {' or '.join(sorted(before))}"


def _outermost(paths: set[str]) -> set[str]:
    """Without those that lie inside another of them."""
    return {p for p in paths if not any(p != q and p.startswith((f"{q}.", f"{q}[")) for q in paths)}


def _usual(kinds: dict[str, int]) -> str:
    return max(kinds, key=lambda k: kinds[k], default="")

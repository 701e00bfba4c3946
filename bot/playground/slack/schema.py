"""Decides whether a JSON value has the shape Slack accepts, in Slack's own words.

A check takes a value and where it stands, and yields a complaint per fault, as Slack puts them into
`response_metadata.messages`: what is wrong and a JSON pointer to it. Nothing here knows a block by name.
Invariant: a check never raises, whatever JSON it is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Any, str], Iterator[str]]


def fault(words: str, at: str) -> str:
    """One complaint: `must be a string [json-pointer:/blocks/0/text]`."""
    return f"{words} [json-pointer:{at}]"


def anything(_value: Any, _at: str) -> Iterator[str]:
    """Accepts every value: for fields that Slack stores unread."""
    yield from ()


def text(most: int, least: int = 1) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield fault("must provide a string", at)
        elif len(value) < least:
            yield fault(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            yield fault(f"must be less than {most + 1} characters", at)

    return check


def number(least: float = float("-inf"), most: float = float("inf")) -> Check:
    """An integer or a finite float, bounds included; a boolean is none."""

    def check(value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield fault("must provide a number", at)
        elif not least <= value <= most:
            yield fault(f"must be between {least:g} and {most:g}", at)

    return check


def boolean(value: Any, at: str) -> Iterator[str]:
    """True or false, not "true"."""
    if not isinstance(value, bool):
        yield fault("must provide a boolean", at)


def choice(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield fault(f"must be one of: {', '.join(allowed)}", at)

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    """A list of `least` to `most` values of one kind."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield fault("must provide an array", at)
            return
        if len(value) < least:
            yield fault(f"no fewer than {least} items allowed", at)
        if len(value) > most:
            yield fault(f"no more than {most} items allowed", at)
        for index, item in enumerate(value):
            yield from each(item, f"{at}/{index}")

    return check


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: the fields it may have, those it must, and rules over several of them."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    rules: tuple[Check, ...] = field(default=())

    def __call__(self, value: Any, at: str) -> Iterator[str]:
        """Yields the faults of a value."""
        if not isinstance(value, dict):
            yield fault("must provide an object", at)
            return
        for name in self.required:
            if name not in value:
                yield fault(f"missing required field: {name}", at)
        for name, inner in value.items():
            check = self.fields.get(name)
            if check is not None:
                yield from check(inner, f"{at}/{name}")
            elif name != "type":
                yield fault(f"invalid additional property: {name}", at)
        for rule in self.rules:
            yield from rule(value, at)


def tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of several shapes it must have."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must provide an object", at)
        elif "type" not in value:
            yield fault("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            yield fault(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from kinds[value["type"]](value, at)

    return check


def either(*names: str) -> Check:
    """A rule: at least one of these fields must be there."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not any(name in value for name in names):
            yield fault(f"must define either {' or '.join(f'`{name}`' for name in names)}", at)

    return check


def only_one(*names: str) -> Check:
    """A rule: exactly one of these fields must be there."""

    def check(value: Any, at: str) -> Iterator[str]:
        if sum(name in value for name in names) != 1:
            yield fault(f"must define exactly one of {', '.join(f'`{name}`' for name in names)}", at)

    return check

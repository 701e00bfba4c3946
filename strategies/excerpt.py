"""Texts and details cut to what a record has room for, and the hashes that stand for what was left out."""

import hashlib
import json
from typing import Any

LONGEST_DETAIL = 1500  # bytes of an event's detail, as JSON
SHORT = 100  # characters to which the texts of a longer detail are cut
TRIMMED = "trimmed"  # the key under which a detail's hash stands


def digest(text: str) -> str:
    """Thirty-two hex digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def mark(detail: dict[str, Any]) -> str:
    """What a detail is known by, with it or without: its hash, empty where there is none."""
    kept = detail.get(TRIMMED) if detail.keys() == {TRIMMED} else None
    return str(kept) if kept else digest(json.dumps(detail, sort_keys=True)) if detail else ""


def cut(text: str, longest: int) -> str:
    """At most so many bytes, cut between characters.

    >>> cut("日本語", 6), cut("abc", 6)
    ('日…', 'abc')
    """
    data = text.encode()
    return text if len(data) <= longest else data[: longest - 3].decode(errors="ignore") + "…"


def fitting(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail, its longer texts cut where it would be too big; nothing but a hash where that is not enough."""
    for made in (detail, _shortened(detail)):
        if len(json.dumps(made, ensure_ascii=False).encode()) <= LONGEST_DETAIL:
            return dict(made)
    return {TRIMMED: digest(json.dumps(detail, sort_keys=True))}


def _shortened(value: Any) -> Any:
    match value:
        case dict():
            return {k: _shortened(v) for k, v in value.items()}
        case str():
            return value if len(value) <= SHORT else value[: SHORT - 1] + "…"
        case _:
            return value

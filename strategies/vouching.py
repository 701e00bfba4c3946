"""Marks on a record that say who did what, for an API server to compare with who writes them. Values only.

One annotation per event of a person: `graylight/by.N: cli:ana/HASH`, where HASH begins the event's chain, so that it
stands for the whole log up to there. Who may not write another's name cannot vouch for another's consent.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from strategies.event import Consent, Event

PREFIX: Final = "graylight/by."
_HASH: Final = 16  # hex digits


def mark(event: Event) -> str:
    """What the mark of an event says.

    >>> from datetime import datetime
    >>> mark(Event(n=3, at=datetime(2026, 7, 1), kind="x", text="", by=Actor(id="ana", via="cli"), chain="ab" * 32))
    'cli:ana/abababababababab'
    """
    return f"{event.by.via}:{event.by.id}/{event.chain[:_HASH]}"


def marks(events: Iterable[Event], after: int = 0) -> dict[str, str]:
    """The marks of people's events behind the `after`-th, as annotations."""
    return {f"{PREFIX}{e.n}": mark(e) for e in events if e.by.via != "engine" and e.n > after}


def kept(annotations: Mapping[str, str]) -> dict[str, str]:
    """Those among annotations that are marks."""
    return {name: text for name, text in annotations.items() if name.startswith(PREFIX)}


def vouched(consent: Consent, events: Iterable[Event], found: Mapping[str, str]) -> bool:
    """Whether a mark stands for the event that a consent is in, as that event is now."""
    mine = (e for e in events if e.at == consent.at and e.by == consent.by)
    return any(found.get(f"{PREFIX}{e.n}") == mark(e) for e in mine)

"""A release's life as a picture: the share asked and measured, how fast both versions answered, who decided what.

A value derived from the record, in seconds since the start; whoever draws it decides nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from strategies import measures
from strategies.course import Point
from strategies.interval import wilson
from strategies.plan import Frozen
from strategies.receipt import receipt
from strategies.release import Actor, Event, Release

MOST_MARKS = 14
DECISIONS = {  # kinds of events that somebody, or the engine for its plan, decided; in the words of a label
    "started": "started",
    "approved": "approved",
    "promoted-on": "promoted",
    "held": "held",
    "resumed": "resumed",
    "rolling-back": "rolled back",
    "foreign": "held: changed by others",
    "deadline": "held: nobody decided",
    "stuck": "trouble",
    "keeping": "keeping the old version",
    "promoted": "finished",
    "rolled-back": "as before again",
    "failed": "failed",
}
_LESSER = ("approved", "stuck", "keeping", "started")  # left out first where there are too many
_NAME = 24  # characters of a name on a label


class Mark(Frozen):
    """One decision: when, of which kind, and in a few words."""

    at: float
    kind: str
    label: str


class Dot(Frozen):
    """One measurement of the share, in percent, with its 95 % interval."""

    at: float
    asked: int
    share: float
    low: float
    high: float
    hits: int
    n: int
    verdict: str


class Latency(Frozen):
    """How one version answered in one measurement, in milliseconds."""

    at: float
    p50: float
    p95: float


class Picture(Frozen):
    """All that is drawn. `asked` are the moments from which on a share held, in percent."""

    title: str
    receipt: str
    old: str
    new: str
    begun: datetime
    end: float
    asked: tuple[tuple[float, int], ...]
    dots: tuple[Dot, ...]
    fast_old: tuple[Latency, ...]
    fast_new: tuple[Latency, ...]
    marks: tuple[Mark, ...]


def picture(
    release: Release, names: Mapping[str, str] | None = None, now: datetime | None = None
) -> Picture | None:
    """Of an ended release, or of one that runs, until `now`; None where nothing was measured yet.

    `names` are how people are called, by their ids.
    """
    plan, points = release.plan, release.course.points
    if not any(point.n for point in points):
        return None
    took, begun = receipt(release, now), release.started_at

    def after(moment: datetime) -> float:
        return round(max((moment - begun).total_seconds(), 0.0), 3)

    where = "" if plan.environment == "default" else f" in {plan.environment}"
    return Picture(
        title=f"{release.id}{where}: {plan.strategy.title} {plan.from_version} → {plan.to_version}, {_end(release)}",
        receipt=measures.receipt(took),
        old=plan.from_version,
        new=plan.to_version,
        begun=begun,
        end=max(took.seconds, after(points[-1].at)),
        asked=((0.0, 0), *((after(p.since or p.at), p.asked) for p in points if p.verdict != "seen")),
        dots=tuple(_dot(p, after(p.at)) for p in points if p.n),
        fast_old=tuple(Latency(at=after(p.at), p50=p.old.p50, p95=p.old.p95) for p in points if p.old.n),
        fast_new=tuple(Latency(at=after(p.at), p50=p.new.p50, p95=p.new.p95) for p in points if p.new.n),
        marks=tuple(
            Mark(at=after(e.at), kind=e.kind, label=_label(e, names or {})) for e in _told(release.events)
        ),
    )


def _end(release: Release) -> str:
    return release.outcome.replace("-", " ")


def _dot(point: Point, at: float) -> Dot:
    found = wilson(point.hits, point.n)
    return Dot(
        at=at,
        asked=point.asked,
        share=round(100 * point.hits / point.n, 2),
        low=round(100 * found.low, 2),
        high=round(100 * found.high, 2),
        hits=point.hits,
        n=point.n,
        verdict=point.verdict,
    )


def _told(events: tuple[Event, ...]) -> list[Event]:
    """The decisions; where there are too many, the lesser kinds go first, then the oldest."""
    kept = [event for event in events if event.kind in DECISIONS]
    for kind in _LESSER:
        if len(kept) > MOST_MARKS:
            kept = [event for event in kept if event.kind != kind]
    return kept[-MOST_MARKS:]


def _label(event: Event, names: Mapping[str, str]) -> str:
    """`promoted by Ana`; what the engine does by itself has nobody behind it, and says so where a person could have."""
    what = DECISIONS[event.kind]
    if event.by.via != "engine":
        return f"{what} by {called(event.by, names)}"
    return f"{what} by itself" if event.kind in ("promoted-on", "rolling-back") else what


def called(actor: Actor, names: Mapping[str, str]) -> str:
    """A person's name, cut; their id where none is known."""
    name = " ".join(names.get(actor.id, actor.id).split()) or actor.id
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"

"""The JSON of `-o json`: shapes that scripts rely on, so a field may be added and none is renamed or taken away.

One-shot commands print one document. Following prints a line per event (`"type": "event"`), and at the end one with
`"type": "release"` that says the exit code and, where a person is needed, the command that goes on. Times are RFC 3339
in UTC, shares in percent, durations in seconds. A refusal is `{"refused": {code, what, remedy}}`.
"""

from typing import TYPE_CHECKING, Any

from strategies.consent import Allowed
from strategies.interval import wilson
from strategies.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.ports import Looked, Preview, Season, Stock, Waiting
    from strategies.course import Point
    from strategies.release import Event, Measured, Release
    from strategies.samples import Side

Json = dict[str, Any]


def refused(refusal: "Refusal") -> Json:
    """A refusal."""
    return {"refused": refusal.model_dump()}


def release(found: "Release", *, events: bool = False) -> Json:
    """One release; with `events` its log and what was measured too."""
    plan = found.plan
    there = found.state.value not in {"rolling-back", "rolled-back"}  # on the way back no stage is meant
    stage = next((s for s in plan.stages if there and s.number == found.stage), None)
    shown: Json = {
        "id": found.id,
        "service": plan.service,
        "environment": plan.environment,
        "namespace": plan.namespace,
        "strategy": plan.strategy.value,
        "from": plan.from_version,
        "to": plan.to_version,
        "state": found.state.value,
        "outcome": found.outcome,
        "reason": found.reason,
        "revision": found.revision,
        "stage": {"number": stage.number, "of": len(plan.stages), "title": stage.title, "share": stage.share}
        if stage
        else None,
        "pods": {"old": found.stable_pods.model_dump(), "new": found.canary_pods.model_dump()},
        "measured": measured(found.measured),
        "receipt": took(found),
        "since": _time(found.since),
        "due": _time(found.due),
        "started_by": found.started_by.model_dump(),
        "started_at": _time(found.started_at),
        "ended_at": _time(found.ended_at),
        "intents": [intent.value for intent in found.intents()],
    }
    if not events:
        return shown
    course = [point(one) for one in found.course.points]
    return shown | {"course": course, "events": [event(e) for e in found.events]}


def measured(found: "Measured | None") -> Json | None:
    """The last proof: the share that users got, and the interval it may lie in (95 %)."""
    if found is None:
        return None
    interval = wilson(found.hits, found.n)
    return {
        "asked": found.asked,
        "share": round(100 * found.hits / found.n, 1) if found.n else None,
        "low": round(100 * interval.low, 1),
        "high": round(100 * interval.high, 1),
        "hits": found.hits,
        "n": found.n,
        "verdict": found.verdict,
        "at": _time(found.at),
    }


def point(found: "Point") -> Json:
    """One measurement of a release's course; `seen` is a look that decided nothing, latencies in milliseconds."""
    return found.model_dump(mode="json")


def took(found: "Release") -> Json:
    """Seconds by phase until the end, or until it was last recorded; requests of the probe, all and failed."""
    from strategies.receipt import receipt  # late: help must not wait for the values of a release

    seen = receipt(found)
    return {
        "seconds": round(seen.seconds, 3),
        "phases": {phase: round(seconds, 3) for phase, seconds in seen.spent},
        "requests": seen.probes.sent,
        "failed": seen.probes.failed,
        "to_pods": seen.probes.alone,
        "at_least": seen.at_least,
    }


def event(found: "Event") -> Json:
    """One event of a release's log."""
    return {
        "n": found.n,
        "at": _time(found.at),
        "kind": found.kind,
        "text": found.text,
        "by": found.by.model_dump(),
        "detail": found.detail,
    }


def followed(found: "Event", of: "Release") -> Json:
    """A line while following."""
    return {"type": "event", "release": of.id, "state": of.state.value, **event(found)}


def ended(found: "Release", code: int, goes_on: str) -> Json:
    """The last line of following."""
    return {"type": "release", **release(found), "exit": int(code), "next": goes_on or None}


def preview(shown: "Preview") -> Json:
    """What would be done; `hash` is what a yes is bound to."""
    plan = shown.plan
    return {
        "plan": plan.model_dump(mode="json", exclude={"manifest"}),
        "hash": plan.hash,
        "notes": list(shown.notes),
        "changes": [one.model_dump(mode="json") for one in shown.changes],
    }


def releases(found: "Sequence[Release]") -> Json:
    """Several releases."""
    return {"releases": [release(one) for one in found]}


def stock(found: "Stock") -> Json:
    """A service of an environment."""
    item = found.item
    return {
        "environment": found.environment,
        "service": item.service,
        "deployment": item.deployment,
        "versions": list(item.versions),
        "ready": item.ready,
        "wanted": item.wanted,
        "release": found.release.id if found.release else None,
        "lock": found.lock.model_dump(mode="json") if found.lock else None,
        "waiting": found.waiting,
        "may_start": isinstance(found.may, Allowed),
        "refusal": found.may.model_dump() if isinstance(found.may, Refusal) else None,
    }


def season(found: "Season") -> Json:
    """An environment's freezes."""
    now, coming = found.now, found.coming
    return {
        "environment": found.environment,
        "now": {"until": _time(now.until), "why": now.freeze.why, "rule": now.freeze.rule or None}
        if now
        else None,
        "next": {"from": _time(coming[1]), "until": _time(coming[2]), "why": coming[0].why}
        if coming
        else None,
    }


def waiting(found: "Waiting") -> Json:
    """A release that waits for a lock."""
    return {
        **found.ticket.model_dump(mode="json"),
        "place": found.number,
        "of": found.of,
        "holder": found.holder or None,
        "until": _time(found.ticket.until),
    }


def samples(looked: "Looked") -> Json:
    """What was answered, by version."""
    count = looked.tally
    interval = wilson(count.new.n, count.attributed)
    return {
        "service": looked.service,
        "release": looked.release.id if looked.release else None,
        "asked": looked.share,
        "share": round(100 * count.new.n / count.attributed, 1) if count.attributed else None,
        "low": round(100 * interval.low, 1),
        "high": round(100 * interval.high, 1),
        "proxied": looked.proxied,
        "sent": count.sent,
        "lost": count.lost,
        "unknown": count.unknown,
        "unknown_statuses": count.odd,
        "failed_without_a_version": count.nameless,
        "error": count.error,
        "new": _side(count.new, looked.new_version),
        "old": _side(count.old, looked.old_version),
    }


def _side(side: "Side", version: str) -> Json:
    return {"version": version, **side.model_dump()}


def _time(moment: "datetime | None") -> str | None:
    return moment.isoformat() if moment else None

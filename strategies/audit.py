"""Whether a record is what was agreed: its chain of events whole, each consent in the log, the plan that was approved.

Whoever may write records could also write a whole new chain: this finds what was changed by hand or by accident, and
says what was agreed, by whom. Records of older versions, which say less, are sound as far as they go.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from strategies.event import Consent, Event
from strategies.excerpt import TRIMMED, digest, mark
from strategies.plan import Plan
from strategies.release import Release


@dataclass(frozen=True, slots=True)
class Sound:
    """Nothing speaks against it. `unseen` consents were given before the oldest event that is kept."""

    events: int
    head: str
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Altered:
    """What does not fit, in words."""

    what: tuple[str, ...]


def audit(release: Release) -> Sound | Altered:
    """The whole record against itself."""
    wrong = [*_chain(release), *_plan(release)]
    unseen = 0
    for consent in release.consents:
        found = [e for e in release.events if e.at == consent.at and e.by == consent.by]
        if not found and (not release.events or consent.at < release.events[0].at):
            unseen += 1
        elif not any(_carries(e, consent, release.plan) for e in found):
            wrong.append(f"the consent of {consent.by.id} to {consent.to} is not in the log")
    kept = {(c.by.id, c.at) for c in release.consents}
    oldest = min((c.at for c in release.consents), default=None)
    for event in release.events:
        told = "consent" in event.detail and (oldest is None or event.at >= oldest)
        if told and (event.by.id, event.at) not in kept:
            wrong.append(f"the consent of event {event.n} was taken away")
    if wrong:
        return Altered(tuple(wrong))
    return Sound(len(release.events), release.events[-1].chain if release.events else "", unseen)


def _chain(release: Release) -> list[str]:
    """The events that do not follow the one before; the first that is kept is only checked where it is the first."""
    wrong, before = [], None
    for event in release.events:
        if before is None:
            broken = event.n == 1 and event.chain != event.linked("")
        else:
            broken = event.n != before.n + 1 or event.chain != event.linked(before.chain)
        if broken:
            wrong.append(f"event {event.n} ({event.kind}) does not follow the one before it")
        before = event
    return wrong


def _plan(release: Release) -> list[str]:
    """The plan against what the log says was agreed last; nothing where the log does not say it (any more)."""
    said = [str(e.detail["agreed"]) for e in release.events if "agreed" in e.detail]
    if said and said[-1] != agreed(release.plan):
        return ["the plan is not the one that was agreed"]
    return []


def _carries(event: Event, consent: Consent, plan: Plan) -> bool:
    said = consent.model_dump(mode="json")
    if event.detail.keys() != {TRIMMED}:
        return event.detail.get("consent") == said
    alone, first = {"consent": said}, {"agreed": agreed(plan), "consent": said}
    return mark(event.detail) in (mark(alone), mark(first))


def agreed(plan: Plan) -> str:
    """What a plan is known by in the log, whatever fields later versions add: its values that are no defaults."""
    return digest(json.dumps(_said(plan), sort_keys=True, default=str))


def _said(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {
            name: _said(given)
            for name, field in fields.items()
            if (given := getattr(value, name)) != field.default or name == "kind"
        }
    if isinstance(value, dict):
        return {str(k): _said(v) for k, v in value.items()}
    return [_said(v) for v in value] if isinstance(value, list | tuple) else value

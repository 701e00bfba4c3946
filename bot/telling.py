"""What both surfaces tell of people: whoami, locks, audits. Pure: lines of plain text, names of people as ids.

Slack shows the ids as names, the command line as they are. Every sentence about what somebody may do comes from the
refusal itself.
"""

from collections.abc import Sequence

from bot.ports import LockAnswer, Place, Season, Stock, Waiting, Whoami
from strategies import queue_words
from strategies.audit import Altered, Sound
from strategies.checkup import Check
from strategies.consent import Action, Allowed
from strategies.denials import altered, listed, members, moment, origin
from strategies.denials import clock as moment_of
from strategies.freezes import Decreed
from strategies.locks import Lock, clock
from strategies.people import WELCOME, Standing
from strategies.queue import Ticket
from strategies.refusal import Refusal
from strategies.release import Release
from strategies.words import state, who

_IS = {
    Standing.MEMBER: "a full member of the workspace",
    Standing.ACCOUNT: "a user of the cluster",
    Standing.GUEST: "a guest of the workspace",
    Standing.GONE: "deactivated",
    Standing.ELSEWHERE: "of another workspace",
    Standing.BOT: "an app",
    Standing.UNKNOWN: "somebody of whom Slack says nothing just now",
}
_DO = {
    Action.START: "start",
    Action.PROMOTE: "approve and promote",
    Action.RESUME: "resume",
    Action.HOLD: "hold",
    Action.SNOOZE: "snooze",
    Action.CANCEL: "cancel",
    Action.ROLLBACK: "roll back",
    Action.LOCK: "lock",
    Action.FREEZE: "freeze",
}


def whoami(found: Whoami) -> list[str]:
    """Who somebody is, and for each environment what they may do, and why not the rest."""
    teams = f", in {listed(found.teams)}" if found.teams else ""
    lines = [f"You are {who(found.actor)}, {_IS[found.standing]}{teams}."]
    if found.standing not in WELCOME:
        said = next((v.said for p in found.places for v in p.verdicts), None)
        return [*lines, str(said)] if isinstance(said, Refusal) else lines
    for place in found.places:
        lines += _place(place)
    return lines


def _place(place: Place) -> list[str]:
    where = f"{place.service} in {place.environment}" if place.service else place.environment
    may = [_DO[v.action] for v in place.verdicts if v.action in _DO and isinstance(v.said, Allowed)]
    lines = [f"{where}: you may {listed(may)}." if may else f"{where}: you may look."]
    reasons: dict[str, list[str]] = {}
    for verdict in place.verdicts:
        if isinstance(verdict.said, Refusal) and verdict.action in _DO:
            reasons.setdefault(_once(verdict.said), []).append(_DO[verdict.action])
    return [*lines, *(f"{where}: not {listed(names)}. {why}" for why, names in reasons.items())]


def _once(refused: Refusal) -> str:
    return str(refused)


def lock(answer: LockAnswer) -> str:
    """What became of a lock."""
    held = answer.lock
    match answer.what:
        case "locked":
            return f"{held.where} is yours until {clock(held.until)}: “{held.reason}”. Nobody else starts a release of it; you are reminded before it ends."
        case "handed":
            return f"The lock on {held.where} is now {who(held.by)}'s, until {clock(held.until)}: “{held.reason}”."
        case "freed":
            return f"{held.where} is not locked any more."
        case "asked":
            return f"{held.where} is locked by {who(held.by)} until {clock(held.until)}: “{held.reason}”. It is asked for; {who(held.by)} or a second person must agree: `/release unlock {held.service}{'' if held.environment == 'default' else f' in {held.environment}'}`."


def locks(found: Sequence[Lock]) -> list[str]:
    """All that people have locked."""
    return [_lock(one) for one in found] or ["Nobody has locked anything."]


def _lock(held: Lock) -> str:
    asked = held.request
    wanted = f" {who(asked.by)} asks {'for it' if asked.seconds else 'that it goes'}." if asked else ""
    return f"{held.where}: {who(held.by)} until {clock(held.until)}, “{held.reason}”.{wanted}"


def queue(found: Sequence[Waiting] | Refusal) -> list[str] | Refusal:
    """Who waits, line by line."""
    if isinstance(found, Refusal):
        return found
    return [queue_words.waiting(w.ticket, w.number, w.holder) for w in found] or [queue_words.nobody_waits()]


def joined(found: Waiting | Refusal) -> list[str] | Refusal:
    """A place in line."""
    if isinstance(found, Refusal):
        return found
    return [queue_words.in_line(found.ticket, found.number, found.of, found.holder)]


def left(found: Sequence[Ticket] | Refusal) -> list[str] | Refusal:
    """Places given up."""
    return found if isinstance(found, Refusal) else [queue_words.left(tuple(found))]


def seasons(found: Sequence[Season] | Refusal) -> list[str] | Refusal:
    """What is frozen now, and next, in each environment."""
    return found if isinstance(found, Refusal) else [_season(one) for one in found]


def _season(one: Season) -> str:
    if one.now:
        text = f"{one.environment}: frozen until {moment(one.now)} ({one.now.freeze.why}; {origin(one.now.freeze)})."
        over = one.override
        text += (
            f" {over.count} of {members((over.crowd,))} may override it."
            if over
            else " Nobody may override it."
        )
    else:
        text = f"{one.environment}: not frozen."
    if one.coming:
        freeze, begin, end = one.coming
        text += f" Next: from {moment_of(begin, freeze)} until {moment_of(end, freeze)} ({freeze.why})."
    return text


def frozen(found: Decreed | Refusal) -> list[str] | Refusal:
    """One has begun."""
    if isinstance(found, Refusal):
        return found
    return [
        f"{found.environment} is frozen until {clock(found.until)}: “{found.reason}”. Nothing is started or promoted there; going back is always possible. `/release unfreeze {found.environment}` ends it."
    ]


def thawed(found: Decreed | Refusal) -> list[str] | Refusal:
    """One has ended."""
    if isinstance(found, Refusal):
        return found
    return [f"The freeze of {found.environment} by {who(found.by)} (“{found.reason}”) is ended."]


def nudged(found: Release | Refusal) -> list[str] | Refusal:
    """Somebody was reminded."""
    if isinstance(found, Refusal):
        return found
    return [f"{found.id}: {found.events[-1].text}"]


def services(found: Sequence[Stock] | Refusal) -> list[str] | Refusal:
    """What there is, environment by environment."""
    if isinstance(found, Refusal):
        return found
    lines: list[str] = []
    several = len({one.environment for one in found}) > 1
    for one in found:
        if several and f"In {one.environment}:" not in lines:
            lines.append(f"In {one.environment}:")
        lines.append(_stock(one))
    return lines or ["There is no Deployment that a Service leads to."]


def _stock(one: Stock) -> str:
    item = one.item
    parts = [f"{item.service}: {listed(item.versions) if item.versions else 'no version'}"]
    parts.append(f"{item.ready} of {item.wanted} pods ready")
    if one.release is not None:
        plan = one.release.plan
        parts.append(f"{one.release.id} {state(one.release)} ({plan.from_version} → {plan.to_version})")
    if one.lock is not None:
        parts.append(f"locked by {who(one.lock.by)} until {clock(one.lock.until)} (“{one.lock.reason}”)")
    if one.waiting:
        parts.append(f"{one.waiting} in line")
    may = "you may release it" if isinstance(one.may, Allowed) else f"not yours to release: {one.may.what}"
    return f"{', '.join(parts)}; {may.rstrip('.')}."


_SIGNS = {"fine": "✓", "wrong": "✗", "unknown": "·"}


def doctor(checks: Sequence[Check]) -> list[str]:
    """Each check, what is wrong first in its remedy's place."""
    lines = []
    for one in checks:
        lines.append(f"{_SIGNS[one.mark]} {one.name}: {one.what}")
        if one.remedy:
            lines.append(f"    {one.remedy}")
    bad = sum(one.mark == "wrong" for one in checks)
    end = "Nothing is wrong." if not bad else f"{bad} of {len(checks)} checks found something wrong."
    return [*lines, end]


def audit(release: Release, found: Sound | Altered) -> list[str] | Refusal:
    """Whether the record is what was agreed, and by whom it was."""
    if isinstance(found, Altered):
        return altered(release, "; ".join(found.what))
    lines = [
        f"{release.id}: the record is whole. Each of its {found.events} events follows the one before it; the last one's hash is `{found.head[:12]}`."
    ]
    for one in release.consents:
        by = f", allowed by {listed(one.groups)}" if one.groups else ""
        what = {"start": "its start", "rollback": "going back"}.get(one.to, one.to)
        lines.append(
            f"{one.at:%Y-%m-%d %H:%M:%S} UTC: {who(one.by)} agreed to {what}, at revision {one.revision} of plan `{one.plan}`{by}."
        )
    if found.unseen:
        lines.append(f"{found.unseen} of these are older than the oldest event that is kept.")
    if not release.consents:
        lines.append("No consent stands in it.")
    return lines

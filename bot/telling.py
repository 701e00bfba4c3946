"""What both surfaces tell of people: whoami, locks, audits. Pure: lines of plain text, names of people as ids.

Slack shows the ids as names, the command line as they are. Every sentence about what somebody may do comes from the
refusal itself.
"""

from collections.abc import Sequence

from bot.ports import LockAnswer, Place, Whoami
from strategies.audit import Altered, Sound
from strategies.consent import Action, Allowed
from strategies.denials import altered, listed
from strategies.locks import Lock, clock
from strategies.people import WELCOME, Standing
from strategies.refusal import Refusal
from strategies.release import Release
from strategies.words import who

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

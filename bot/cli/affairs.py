"""whoami, locks and audits at a terminal: the same lines as in Slack, or a document for scripts."""

from typing import TYPE_CHECKING

from bot import telling
from bot.cli.exits import Exit
from bot.grammar.command import Audit, Lock, Locks, Unlock, WhoAmI
from bot.ports import LockAnswer, LockWish
from strategies.audit import audit
from strategies.consent import Allowed
from strategies.refusal import Refusal
from strategies.release import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.office import Office
    from bot.cli.screen import Screen
    from bot.ports import Whoami

Affair = Audit | Lock | Unlock | Locks | WhoAmI


async def answer(office: "Office", screen: "Screen", command: Affair) -> int:
    """From the command to its exit code."""
    desk, actor = office.desk, Actor(id=office.whoami, via="cli")
    match command:
        case WhoAmI():
            found = await desk.rights(actor)
            screen.document(_whoami(found))
            return _said(screen, telling.whoami(found))
        case Locks():
            held = await desk.locked()
            screen.document({"locks": [one.model_dump(mode="json") for one in held]})
            return _said(screen, telling.locks(held))
        case Audit(target):
            return await _audit(office, screen, target)
        case Lock(service, environment, seconds, reason):
            return _changed(screen, await desk.lock(LockWish(service, environment, seconds, reason), actor))
        case Unlock(service, environment):
            return _changed(screen, await desk.unlock(service, environment, actor))


async def _audit(office: "Office", screen: "Screen", target: str) -> int:
    release = await office.desk.find(target)
    if isinstance(release, Refusal):
        screen.refuse(release)
        return Exit.REFUSED
    told = telling.audit(release, audit(release))
    if isinstance(told, Refusal):
        screen.refuse(told)
        return Exit.REFUSED
    consents = [one.model_dump(mode="json") for one in release.consents]
    screen.document({"release": release.id, "whole": True, "consents": consents})
    return _said(screen, told)


def _changed(screen: "Screen", done: LockAnswer | Refusal) -> int:
    if isinstance(done, Refusal):
        screen.refuse(done)
        return Exit.REFUSED
    screen.document({"what": done.what, "lock": done.lock.model_dump(mode="json")})
    _said(screen, [telling.lock(done)])
    return Exit.PERSON if done.what == "asked" else Exit.DONE


def _said(screen: "Screen", lines: "Sequence[str]") -> int:
    for line in lines:
        screen.say(line)
    return Exit.DONE


def _whoami(found: "Whoami") -> dict[str, object]:
    places = [
        {
            "environment": place.environment,
            "service": place.service or None,
            "may": [v.action.value for v in place.verdicts if isinstance(v.said, Allowed)],
            "may_not": {
                v.action.value: v.said.model_dump() for v in place.verdicts if isinstance(v.said, Refusal)
            },
        }
        for place in found.places
    ]
    return {
        "id": found.actor.id,
        "standing": found.standing.value,
        "teams": list(found.teams),
        "places": places,
    }

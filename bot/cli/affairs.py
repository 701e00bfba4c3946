"""What is about people, times and the whole installation, at a terminal: the same lines as in Slack, or a document for scripts."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from bot import telling
from bot.cli import documents
from bot.cli.exits import Exit
from bot.grammar.command import (
    Affair,
    Audit,
    Doctor,
    Freeze,
    Freezes,
    Leave,
    Lock,
    Locks,
    Nudge,
    OfAll,
    OfLine,
    OfLock,
    OfSeason,
    Queue,
    Services,
    Unfreeze,
    Unlock,
    WhoAmI,
)
from bot.ports import LockAnswer, LockWish
from strategies.audit import audit
from strategies.checkup import well
from strategies.consent import Allowed
from strategies.freezes import Decreed
from strategies.refusal import Refusal
from strategies.release import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.office import Office
    from bot.cli.screen import Screen
    from bot.ports import Whoami


async def answer(office: "Office", screen: "Screen", command: Affair) -> int:
    """From the command to its exit code."""
    match command:
        case Audit(target):
            return await _audit(office, screen, target)
        case Nudge(target, anyway):
            reminded = await office.desk.nudge(target, _actor(office), anyway=anyway)
            if not isinstance(reminded, Refusal):
                screen.document({"release": documents.release(reminded)})
            return _told(screen, telling.nudged(reminded))
        case Lock() | Unlock() | Locks():
            return await _of_lock(office, screen, command)
        case Queue() | Leave():
            return await _of_line(office, screen, command)
        case Freezes() | Freeze() | Unfreeze():
            return await _of_season(office, screen, command)
        case Services() | Doctor() | WhoAmI():
            return await _of_all(office, screen, command)


async def _of_lock(office: "Office", screen: "Screen", command: OfLock) -> int:
    desk, actor = office.desk, _actor(office)
    match command:
        case Locks():
            held = await desk.locked()
            screen.document({"locks": [one.model_dump(mode="json") for one in held]})
            return _said(screen, telling.locks(held))
        case Lock(service, environment, seconds, reason):
            return _changed(screen, await desk.lock(LockWish(service, environment, seconds, reason), actor))
        case Unlock(service, environment):
            return _changed(screen, await desk.unlock(service, environment, actor))


async def _of_line(office: "Office", screen: "Screen", command: OfLine) -> int:
    line = office.desk.line
    match command:
        case Queue(service, environment):
            waiting = await line.waiting(service, environment)
            if not isinstance(waiting, Refusal):
                screen.document({"queue": [documents.waiting(one) for one in waiting]})
            return _told(screen, telling.queue(waiting))
        case Leave(service, environment):
            gone = await line.leave(service, environment, _actor(office))
            if not isinstance(gone, Refusal):
                screen.document({"left": [one.model_dump(mode="json") for one in gone]})
            return _told(screen, telling.left(gone))


async def _of_season(office: "Office", screen: "Screen", command: OfSeason) -> int:
    freezing, actor = office.desk.freezing, _actor(office)
    match command:
        case Freezes(place):
            seasons = await freezing.seasons(place)
            if not isinstance(seasons, Refusal):
                screen.document({"freezes": [documents.season(one) for one in seasons]})
            return _told(screen, telling.seasons(seasons))
        case Freeze(place, seconds, reason):
            begun = await freezing.freeze(place, seconds, reason, actor)
            return _decreed(screen, begun, telling.frozen(begun))
        case Unfreeze(place):
            ended = await freezing.unfreeze(place, actor)
            return _decreed(screen, ended, telling.thawed(ended))


async def _of_all(office: "Office", screen: "Screen", command: OfAll) -> int:
    match command:
        case WhoAmI():
            found = await office.desk.rights(_actor(office))
            screen.document(_whoami(found))
            return _said(screen, telling.whoami(found))
        case Services(environment):
            stock = await office.desk.services(environment, _actor(office))
            if not isinstance(stock, Refusal):
                screen.document({"services": [documents.stock(one) for one in stock]})
            return _told(screen, telling.services(stock))
        case Doctor():
            checks = await office.desk.doctor()
            screen.document({"well": well(checks), "checks": [asdict(one) for one in checks]})
            _said(screen, telling.doctor(checks))
            return Exit.DONE if well(checks) else Exit.FAILED


def _actor(office: "Office") -> Actor:
    return Actor(id=office.whoami, via="cli")


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


def _decreed(screen: "Screen", done: Decreed | Refusal, told: "Sequence[str] | Refusal") -> int:
    if not isinstance(done, Refusal):
        screen.document({"freeze": done.model_dump(mode="json")})
    return _told(screen, told)


def _told(screen: "Screen", told: "Sequence[str] | Refusal") -> int:
    if isinstance(told, Refusal):
        screen.refuse(told)
        return Exit.REFUSED
    return _said(screen, told)


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

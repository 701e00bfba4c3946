"""From a command's words, read one by one, to the value that stands for it. Total: what is missing was told before."""

from typing import Any

from bot.grammar.command import (
    Act,
    Audit,
    Command,
    Doctor,
    Draw,
    Freeze,
    Freezes,
    History,
    Leave,
    Lock,
    Locks,
    Nudge,
    Queue,
    Samples,
    Services,
    Start,
    Status,
    Unfreeze,
    Unlock,
    WhoAmI,
)
from bot.grammar.flags import STRATEGIES
from bot.grammar.table import STANDARD_FREEZE, STANDARD_HISTORY, STANDARD_LOCK, STANDARD_SNOOZE
from strategies.spec import ReleaseSpec

USUAL = ReleaseSpec.model_fields["environment"].default


def meaning(verb: str, command: str, found: dict[str, Any]) -> Command:
    """What was meant; `command` is the strategy after `plan`, `found` what was said, by field."""
    if command in STRATEGIES:
        said = {name: value for name, value in found.items() if name != "queue"}
        spec = ReleaseSpec.model_validate({"strategy": command, **said})
        return Start(spec, preview_only=verb == "plan", queue=found.get("queue", False))
    match verb:
        case "promote" | "hold" | "resume" | "rollback" | "cancel" | "snooze":
            seconds = found.get("seconds", STANDARD_SNOOZE) if verb == "snooze" else 0
            return Act(verb, found.get("target"), found.get("full", False), seconds)
        case "status":
            return Status(found.get("target"))
        case "samples":
            return Samples(found.get("target"), found.get("count"), found.get("picture", False))
        case "picture":
            return Draw(found.get("target"))
        case "history":
            return History(found["service"], found.get("limit", STANDARD_HISTORY))
        case _:
            return _affair(verb, found)


def _affair(verb: str, found: dict[str, Any]) -> Command:
    """What is about people, times and the whole installation rather than about one release."""
    where = found.get("environment")
    match verb:
        case "lock":
            return Lock(found["service"], where or USUAL, found.get("for", STANDARD_LOCK), found["reason"])
        case "unlock":
            return Unlock(found["service"], where or USUAL)
        case "queue":
            return Queue(found.get("service"), where)
        case "queue leave":
            return Leave(found["service"], where or USUAL)
        case "freeze" if "reason" in found:
            return Freeze(found["environment"], found.get("for", STANDARD_FREEZE), found["reason"])
        case "freeze":
            return Freezes(where)
        case "unfreeze":
            return Unfreeze(found["environment"])
        case "services":
            return Services(where)
        case _:
            return _bare(verb, found)


def _bare(verb: str, found: dict[str, Any]) -> Command:
    match verb:
        case "nudge":
            return Nudge(found.get("target"), found.get("anyway", False))
        case "audit":
            return Audit(found["target"])
        case "locks":
            return Locks()
        case "doctor":
            return Doctor()
        case _:
            return WhoAmI()

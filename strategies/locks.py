"""A person's lock on a service: whose it is, until when and why, and how it passes to somebody else. Values only.

It ends by itself. Another's lock becomes somebody's, or goes, when its owner agrees, or a second person who may lock.
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from strategies.event import Actor
from strategies.people import Rules, identity
from strategies.plan import Frozen
from strategies.refusal import Refusal
from strategies.words import who

SOONEST: Final = timedelta(minutes=10)  # before its end, when its owner is reminded
SHARE: Final = 4  # of a short lock the last quarter


class Request(Frozen):
    """Somebody wants it for so many seconds; 0: they want it to go."""

    by: Actor
    at: datetime
    seconds: int = 0
    reason: str = ""


class Lock(Frozen):
    """Nobody but its owner starts a release of this family of Deployments (`base`) before `until` (UTC)."""

    by: Actor
    reason: str
    since: datetime
    until: datetime
    service: str
    environment: str
    base: str
    channel: str = ""
    reminded: bool = False
    request: Request | None = Field(None, description="somebody else wants it, and nobody has agreed yet")

    @property
    def holder(self) -> str:
        """Its owner as the Lease names them."""
        return f"person:{identity(self.by)}"

    @property
    def remind_at(self) -> datetime:
        """When its owner is told that it ends."""
        return self.until - min(SOONEST, (self.until - self.since) / SHARE)

    def held(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return now < self.until

    @property
    def where(self) -> str:
        """What it is on, in words."""
        return self.service if self.environment == "default" else f"{self.service} in {self.environment}"


def taken(held: Lock | None, wanted: Lock, rules: Rules) -> Lock:
    """The lock as it stands after somebody wanted it: theirs, or still another's with their request in it."""
    if held is None:
        return wanted
    if rules.same(held.by, wanted.by):
        return wanted.model_copy(update={"request": held.request})
    seconds = int((wanted.until - wanted.since).total_seconds())
    asked = Request(by=wanted.by, at=wanted.since, seconds=seconds, reason=wanted.reason)
    return held.model_copy(update={"request": asked})


def released(held: Lock, by: Actor, now: datetime, rules: Rules) -> Lock | Refusal | None:
    """What becomes of a lock that somebody wants to go: nothing of it, the next one's, a request, or why not.

    The owner's word is enough. Of two others, one asks and the other agrees.
    """
    asked = held.request
    mine = rules.same(held.by, by)
    if mine or (asked is not None and not rules.same(asked.by, by)):
        return passed(held, now)
    if asked is not None:
        return Refusal(
            code="already",
            what=f"You have asked for the lock on {held.where} already.",
            remedy=f"{who(held.by)} or a second person must agree: `/release unlock {held.service}{_in(held)}`.",
        )
    return held.model_copy(update={"request": Request(by=by, at=now)})


def passed(held: Lock, now: datetime) -> Lock | None:
    """The lock of the one who asked for it; None where they only wanted it to go, or nobody asked."""
    asked = held.request
    if asked is None or not asked.seconds:
        return None
    return held.model_copy(
        update={
            "by": asked.by,
            "reason": asked.reason,
            "since": now,
            "until": now + timedelta(seconds=asked.seconds),
            "reminded": False,
            "request": None,
        }
    )


def locked(held: Lock) -> Refusal:
    """A start of somebody else's."""
    return Refusal(
        code="locked",
        what=f"{held.where} is locked by {who(held.by)} until {clock(held.until)}: “{held.reason}”.",
        remedy=f'Wait, or ask for it: `/release lock {held.service}{_in(held)} --reason "…"`; {who(held.by)} or a second person must agree.',
    )


def note(held: Lock) -> str:
    """Under a preview."""
    return f"Locked by {who(held.by)} until {clock(held.until)} (“{held.reason}”): only they can start it."


def clock(moment: datetime) -> str:
    """A moment for a sentence: UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _in(held: Lock) -> str:
    return "" if held.environment == "default" else f" in {held.environment}"

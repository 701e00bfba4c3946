"""Whose turn it is: the first of each line is asked once the lock is free, and the next one when it did not answer.

The leader does it. A turn is written down before anybody is told, and what could not be told is looked for before it is
told again; so of any number of replicas and restarts one asks, once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger
from typing import Protocol

from bot.cluster.errors import ApiError
from bot.cluster.records import Stored
from bot.engine.desk import TheDesk
from bot.engine.queueing import Queueing
from bot.ports import Preview, Silent
from strategies import queue_words as words
from strategies.queue import DELIVERY, OFFER, Place, Queue, Ticket
from strategies.refusal import Refusal

log = getLogger(__name__)
EVERY = 60.0  # seconds between two looks where somebody waits: a person's lock has no watch
AGAIN = 5.0  # seconds after a failure
_LATER = frozenset({"frozen", "who", "rights"})  # a no that may be a yes in a while


class Crier(Protocol):
    """Who tells people of Slack; raises Silent where that cannot be done now."""

    async def ask(self, ticket: Ticket, shown: Preview, until: datetime, *, again: bool) -> str:
        """It is their turn: the message's address. `again`: it may have been said already."""
        ...

    async def withdraw(self, ticket: Ticket, why: str) -> None:
        """It is not, or not any more, and the question loses its buttons."""
        ...


@dataclass
class Usher:
    """`leading`: whether it is ours to do."""

    desk: TheDesk
    crier: Crier | None
    leading: Callable[[], bool]
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def _line(self) -> Queueing:
        return self.desk.queueing

    def wake(self) -> None:
        """Something has changed: look."""
        self._awake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._awake.clear()
            wait: float | None = AGAIN if self._line.paper.known.tickets else None
            try:
                if self.leading():
                    await self.desk.freezing.tidy()
                    wait = await self.sweep()
            except (ApiError, Silent) as e:
                log.warning("the queue waits: %s", e)
                wait = AGAIN
            except Exception:  # the guard of this loop: a bug here must not end all asking
                log.exception("the queue could not be looked at")
                wait = AGAIN
            try:
                await asyncio.wait_for(self._awake.wait(), wait or EVERY)
            except TimeoutError:
                continue

    async def sweep(self) -> float | None:
        """Look at every line once; seconds until the next look is due, None where nobody waits."""
        found = self._line.paper.known
        if not found.tickets:
            return None
        every = await self._line.records.all()
        due = [await self._look(place, every) for place in found.places]
        now = self._line.clock.now()
        return max(min([EVERY, *((d - now).total_seconds() for d in due if d)]), 0.05)

    async def _look(self, place: Place, every: list[Stored]) -> datetime | None:
        """One line, until somebody is asked or nobody is left; when it wants another look."""
        while True:
            line = (await self._line.paper.now()).line(place)
            if not line:
                return None
            first, now = line[0], self._line.clock.now()
            if _begun(first, every):
                await self._drop(first, "")
                continue
            if now >= first.until:
                over = words.turn_over(OFFER.total_seconds()) if first.asked else words.waited_too_long()
                await self._drop(first, over)
                continue
            if await self._line.obstacle(place, first.by):
                if first.asked:
                    await self._put(first, asked=None, told=None, ts="")
                    await self._tell_off(first, words.taken_meanwhile())
                return None
            if first.asked and first.told:
                return first.until
            waits = await self._turn(first)
            if waits is not None:
                return waits

    async def _turn(self, ticket: Ticket) -> datetime | None:
        """Ask somebody; None where they are gone from the line and the next one is to be asked."""
        line, now = self._line, self._line.clock.now()
        refused = await line.people.may_start(ticket.spec, ticket.by)
        if refused is not None and refused.code in _LATER:
            return now + timedelta(seconds=EVERY)
        shown = refused or await self.desk.preview(ticket.spec)
        if isinstance(shown, Refusal):
            await self._drop(ticket, f"{shown.what} {shown.remedy}".strip())
            return None
        again = ticket.asked is not None
        asked = await self._put(ticket, asked=ticket.asked or now)
        if asked is None:
            return now
        ts = ""
        if ticket.by.via == "slack":
            if self.crier is None:
                return (
                    asked.until
                )  # nobody can be told here; `queue` shows it, and the turn ends like another
            ts = await self.crier.ask(asked, shown, now + OFFER, again=again)
        told = await self._put(asked, told=line.clock.now(), ts=ts)
        return told.until if told else now

    async def _put(self, ticket: Ticket, **changed: object) -> Ticket | None:
        """A ticket as it is from now on; None where it is not there any more."""
        after = await self._line.paper.change(lambda q: _having(q, ticket.id, changed))
        return None if isinstance(after, Refusal) else after.find(ticket.id)

    async def _drop(self, ticket: Ticket, why: str) -> None:
        """Told first: what was taken out of the line untold would never be."""
        if why:
            await self._tell_off(ticket, why)
        await self._line.paper.change(lambda q: q.without(ticket.id))

    async def _tell_off(self, ticket: Ticket, why: str) -> None:
        if ticket.by.via == "slack" and self.crier is not None:
            await self.crier.withdraw(ticket, why)


def _having(now: Queue, ticket_id: str, changed: dict[str, object]) -> Queue:
    found = now.find(ticket_id)
    return now.having(found.model_copy(update=changed)) if found else now


def _begun(ticket: Ticket, every: list[Stored]) -> bool:
    """Whether its release is on record: it was started, and the process died before the ticket was taken away."""
    return any(f"{DELIVERY}{ticket.id}" in s.release.deliveries for s in every)

"""Telling the administrators, each in a message of their own, that the policy file is broken: once per breakage.

The leader does it. What was told is written down first, so that no replica and no restart tells it again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from logging import getLogger

from bot.book import Book
from bot.cluster.errors import ApiError
from bot.cluster.papers import Paper
from bot.ports import Silent
from strategies import words
from strategies.names import digest
from strategies.plan import Frozen

log = getLogger(__name__)
NAME = "told-admins"  # of the Secret
EVERY = 60.0  # seconds between two looks; they ask nobody while the file is sound
AGAIN = 5.0  # seconds after a failure, and until we see that we lead by now


class Told(Frozen):
    """Which breakage was told last, as a hash; empty for none."""

    trouble: str = ""


@dataclass
class Herald:
    """`tell` reaches a person, or each of a group, by id (raises Silent where that cannot be done now)."""

    book: Book
    paper: Paper[Told]
    tell: Callable[[str, str], Awaitable[None]]
    leading: Callable[[], bool]
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """The file was read."""
        self._awake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._awake.clear()
            wait = AGAIN
            if self.leading():
                try:
                    await self.look()
                    wait = EVERY
                except (ApiError, Silent) as e:
                    log.warning("the administrators could not be told of the policy: %s", e)
                except Exception:  # the guard of this loop
                    log.exception("the administrators could not be told of the policy")
            try:
                await asyncio.wait_for(self._awake.wait(), wait)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Tell what is new."""
        trouble = str(self.book.trouble or "")
        now = Told(trouble=digest(trouble, 16) if trouble else "")
        before = self.paper.known
        if before == now:
            return
        if await self.paper.now() != now:
            await self.paper.change(lambda _: now)
        if not trouble:
            return
        try:
            for admin in self.book.admins:
                await self.tell(admin, words.policy_broken(trouble, self.book.file or ""))
        except Silent:
            await self.paper.change(lambda _: before)
            raise

"""Locks of people end by themselves: their owners are reminded before, and what has ended is taken away.

A lock is void from its end on, whether or not anybody looks; this only tells people and tidies up. The leader does it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from logging import getLogger

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import ApiError
from bot.cluster.locks import Found, Locks
from bot.ports import Clock, Silent
from strategies.locks import Lock

log = getLogger(__name__)

EVERY = 60.0  # seconds between two looks, so that a lock taken meanwhile is seen


@dataclass(frozen=True, slots=True)
class Warden:
    """`remind` tells an owner (raises Silent where that cannot be done now); `leading` whether it is ours to do."""

    clusters: Clusters
    locks: Locks
    clock: Clock
    remind: Callable[[Lock], Awaitable[None]]
    leading: Callable[[], bool]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            wait = EVERY
            if self.leading():
                due = await self.sweep()
                if due is not None:
                    wait = min(max((due - self.clock.now()).total_seconds(), 0.0), EVERY)
            await asyncio.sleep(wait)  # locks have no watch: an idle bot sends a request a minute for them

    async def sweep(self) -> datetime | None:
        """Look at every lock; when the next of them wants something, None where none does."""
        due: list[datetime] = []
        for place in sorted(
            {(p.context or "", p.namespace or "", n) for n, p in self.clusters.places.items()}
        ):
            try:
                api, namespace = await self.clusters.at(place[2])
                for found in await self.locks.every(api, namespace):
                    if found.lock is not None:
                        due += await self._one(api, namespace, found, found.lock)
            except ApiError as e:
                log.warning("the locks in %s cannot be looked at: %s", place[2], e)
        return min(due, default=None)

    async def _one(self, api: Api, namespace: str, found: Found, lock: Lock) -> list[datetime]:
        """What one lock needs now; when it needs something again."""
        now = self.clock.now()
        if not lock.held(now):
            await self.locks.free(api, namespace, lock.base, found)
            return []
        if lock.reminded:
            return [lock.until]
        if now < lock.remind_at:
            return [lock.remind_at]
        # Marked first: of two who look, one tells; what could not be told is marked as such again.
        if await self.locks.put(api, namespace, lock.model_copy(update={"reminded": True}), found):
            try:
                await self.remind(lock)
            except Silent as e:
                log.warning("the owner of the lock on %s could not be reminded: %s", lock.where, e)
                again = await self.locks.find(api, namespace, lock.base)
                if again is not None and again.lock is not None:
                    await self.locks.put(
                        api, namespace, again.lock.model_copy(update={"reminded": False}), again
                    )
                return []
        return [lock.until]

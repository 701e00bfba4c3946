"""Keeping a surface true to one release's record, beside its loop: a slow or absent Slack stops no release."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from logging import getLogger

from bot.engine.timers import Timers
from bot.ports import Clock, Silent, Surface
from strategies.release import Card, Release

log = getLogger(__name__)

RETRY = 5.0  # seconds after a failure that does not say when


class Announcing:
    """`card` is where the surface stands now; the loop puts it into the record with its next swap."""

    def __init__(
        self, surface: Surface, timers: Timers, clock: Clock, release: Release, done: Callable[[], None]
    ) -> None:
        self._surface, self._timers, self._clock, self._done = surface, timers, clock, done
        self._release = release
        self._news = asyncio.Event()
        self._news.set()
        self._busy = False
        self._rested = asyncio.Event()
        self.card: Card | None = release.card

    def news(self, release: Release) -> None:
        """The record changed."""
        self._release = release
        self._news.set()

    def current(self, release: Release) -> bool:
        """Whether people see this, and nothing else is on its way to them."""
        if self._busy or self._news.is_set():
            return False
        return self._surface.current(release.model_copy(update={"card": self.card}))

    async def run(self, *, resumed: bool) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            self._busy = True
            shown = self._release.model_copy(update={"card": self.card or self._release.card})
            try:
                if resumed:
                    shown = shown.model_copy(update={"card": await self._surface.resume(shown)})
                    resumed = False
                self.card = await self._surface.announce(shown)
            except Silent as e:
                log.warning("%s: %s; again in %.0f s", shown.id, e, e.after)
                await self._rest(e.after)
                continue
            except Exception:  # the guard of this loop: a broken view must not end the log of a release
                log.exception("%s could not be announced", shown.id)
                await self._rest(RETRY)
                continue
            finally:
                self._busy = False
            if not self._news.is_set() and not self.current(self._release):
                self._again(self._surface.pause)
            self._done()

    async def _rest(self, seconds: float) -> None:
        """News does not cut it short: a surface that said when to come again is left alone until then."""
        self._news.set()
        self._rested.clear()
        when = self._clock.now() + timedelta(seconds=seconds)
        self._timers.at(f"{self._release.id} announcing", when, self._rested.set)
        await self._rested.wait()

    def _again(self, seconds: float) -> None:
        when = self._clock.now() + timedelta(seconds=seconds)
        self._timers.at(f"{self._release.id} announcing", when, self._news.set)

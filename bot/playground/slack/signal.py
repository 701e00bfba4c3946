"""Tells whoever waits that something has changed, without polling and without losing a change.

A waiter remembers the version it has looked at and waits for a later one: a change between the look and the
wait ends the wait at once.
"""

import asyncio


class Signal:
    """Counts changes; any number of tasks may wait for the next."""

    def __init__(self) -> None:
        self.version = 0
        self._next = asyncio.Event()

    def tick(self) -> None:
        """Something has changed."""
        self.version += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, version: int) -> int:
        """Returns the present version once it is later than `version`."""
        while self.version <= version:
            await self._next.wait()
        return self.version

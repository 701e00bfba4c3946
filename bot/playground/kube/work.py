"""The loop of a controller: keys that may need work, each once, in order; level-triggered.

A sync looks at the whole state of its key and makes it so; what made the key dirty does not matter. Syncs run on the
event loop without pause, so they see and leave a consistent store.
"""

import asyncio
from collections.abc import Callable

Key = tuple[str, str]


class Queue:
    """Dirty keys of one controller."""

    def __init__(self, sync: Callable[[str, str], None]) -> None:
        self._sync = sync
        self._dirty: dict[Key, None] = {}
        self._handle: asyncio.Handle | None = None
        self._timers: dict[Key, tuple[float, asyncio.TimerHandle]] = {}
        self._closed = False

    def add(self, namespace: str, name: str) -> None:
        """This key may need work."""
        if self._closed:
            return
        self._dirty[namespace, name] = None
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_soon(self._next)

    def after(self, seconds: float, namespace: str, name: str) -> None:
        """This key may need work in so many seconds; the earliest of several counts."""
        loop, key = asyncio.get_running_loop(), (namespace, name)
        due = loop.time() + max(seconds, 0.0)
        pending = self._timers.get(key)
        if self._closed or (pending and pending[0] <= due):
            return
        if pending:
            pending[1].cancel()
        self._timers[key] = (due, loop.call_at(due, self._ring, key))

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(*key)

    def _next(self) -> None:
        self._handle = None
        if not self._dirty:
            return
        key = next(iter(self._dirty))
        del self._dirty[key]
        if self._dirty:
            self._handle = asyncio.get_running_loop().call_soon(self._next)
        self._sync(*key)

    def close(self) -> None:
        """No more work."""
        self._closed = True
        self._dirty.clear()
        for _, timer in self._timers.values():
            timer.cancel()
        if self._handle:
            self._handle.cancel()

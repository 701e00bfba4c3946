"""Failures on command: what the next calls of a method meet, and how fast an app may call.

A fault waits until its method is called, then acts `times` times. The published rates are in `PUBLISHED`; a story that has
no time for them takes `UNLIMITED`.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["drop", "refuse", "status", "limit", "hold"]


@dataclass(slots=True, eq=False)
class Fault:
    """One failure: which method it meets (`*` for all), how often, and what it does."""

    kind: Kind
    method: str
    times: int = 1
    error: str = ""
    status: int = 500
    retry_after: int = 1
    stored: bool = False
    met: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Lets go of the calls that it holds, and of later ones."""
        self.times = 0
        self.released.set()


@dataclass(frozen=True, slots=True)
class Rate:
    """As many as `calls` at once, and again as `seconds` bring them back; `per_channel` counts each channel by itself."""

    calls: int
    seconds: float
    per_channel: bool = False


PUBLISHED: Final[Mapping[str, Rate]] = {
    "chat.postMessage": Rate(
        10, 10, per_channel=True
    ),  # one a second, short bursts (no number given) tolerated
    "chat.update": Rate(50, 60),
    "chat.delete": Rate(50, 60),
    "chat.postEphemeral": Rate(100, 60),
    "conversations.history": Rate(50, 60),
    "conversations.replies": Rate(50, 60),
    "users.info": Rate(100, 60),
    "usergroups.users.list": Rate(20, 60),
    "files.getUploadURLExternal": Rate(100, 60),
    "files.completeUploadExternal": Rate(100, 60),
    "views.open": Rate(100, 60),
    "views.push": Rate(100, 60),
    "views.update": Rate(100, 60),
    "views.publish": Rate(100, 60),
}


UNLIMITED: Final[Mapping[str, Rate]] = {}


@dataclass(slots=True)
class Faults:
    """The failures that are to come, and the rates in force."""

    limits: Mapping[str, Rate] = field(default_factory=dict)
    waiting: list[Fault] = field(default_factory=list)
    _left: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def _add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def drop(self, method: str, times: int = 1) -> Fault:
        """The call takes effect, but its answer is lost: the connection is cut."""
        return self._add(Fault("drop", method, times, stored=True))

    def limit(self, method: str, times: int = 1, retry_after: int = 1) -> Fault:
        """429 with `Retry-After`, in seconds."""
        return self._add(Fault("limit", method, times, retry_after=retry_after))

    def status(self, method: str, status: int = 503, times: int = 1, *, stored: bool = False) -> Fault:
        """An answer of Slack's edge: 5xx with a body that is no JSON; `stored`: although it took effect."""
        return self._add(Fault("status", method, times, status=status, stored=stored))

    def refuse(self, method: str, error: str, times: int = 1) -> Fault:
        """`{"ok": false, "error": …}`."""
        return self._add(Fault("refuse", method, times, error=error))

    def hold(self, method: str, times: int = 1, *, stored: bool = False) -> Fault:
        """The answer waits for `release()`; `stored`: after the call has taken effect, else before."""
        return self._add(Fault("hold", method, times, stored=stored))

    def clear(self) -> None:
        """No more failures; held calls go on."""
        for fault in self.waiting:
            fault.release()
        self.waiting.clear()

    def next(self, method: str, *, stored: bool) -> Fault | None:
        """The failure that this call meets before (or after) it takes effect; counts it as met."""
        for fault in self.waiting:
            if fault.times > 0 and fault.method in (method, "*") and fault.stored is stored:
                fault.times -= 1
                fault.met.set()
                return fault
        return None

    def too_fast(self, method: str, channel: str, now: float) -> int | None:
        """Counts a call; the seconds after which to try again if it was one too many."""
        rate = self.limits.get(method)
        if rate is None:
            return None
        key, each = (method, channel if rate.per_channel else ""), rate.seconds / rate.calls
        left, before = self._left.get(key, (float(rate.calls), now))
        left = min(left + (now - before) / each, float(rate.calls))
        self._left[key] = (left - 1 if left >= 1 else left, now)
        return None if left >= 1 else max(1, math.ceil((1 - left) * each))

"""The Lease `engine`: the one leader that runs the releases.

Leader: whoever renews it. Another process is believed dead when *we* saw no renewal for the lease's whole length, by our
own monotonic clock, so that skewed or jumping clocks cannot make two leaders; then its last requests are waited out.
"""

import asyncio
import math
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bot.cluster.api import TIMEOUT, Api
from bot.cluster.errors import ApiError, Conflict, NotFound
from bot.ending import ended
from strategies.names import digest
from strategies.objects import LEASE, Obj, Ref, at, version_of

LENGTH = 10.0  # seconds
RENEW = 3.0  # seconds between renewals
LOOK = 1.0  # seconds between two looks of one who waits


def identity() -> str:
    """Who we are in a Lease: host, process, and something that differs after a restart."""
    return f"{socket.gethostname()}-{os.getpid()}-{digest(str(time.time_ns()), 6)}"


class Leadership:
    """The Lease `engine`: at most one holder, released on a clean exit.

    `look`, `quiet` (how long a former leader's last request may be on its way), `length` (how long it holds without
    being renewed) and `monotonic` are in seconds.
    """

    def __init__(
        self,
        api: Api,
        namespace: str,
        me: str,
        *,
        look: float = LOOK,
        quiet: float = TIMEOUT,
        length: float = LENGTH,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._ref, self.me = api, Ref(LEASE, namespace, "engine"), me
        self._look, self._quiet, self._length, self._monotonic = look, quiet, length, monotonic
        self._renewed = 0.0
        self._renewal = asyncio.Event()
        self._last: Obj | None = None
        self.holder = ""

    @property
    def held(self) -> bool:
        """Whether we may still write: our last renewal is younger than the lease."""
        return self._monotonic() - self._renewed < self._length - TIMEOUT / 2

    async def regained(self) -> None:
        """Until a late renewal came through after all; where none does, whoever waits here is cancelled."""
        while not self.held:
            self._renewal.clear()
            await self._renewal.wait()

    async def acquire(self) -> None:
        """Wait until we lead. A holder that vanished is waited out: lease, then request time-out; not we ourselves."""
        seen, since = "", self._monotonic()
        while True:
            try:
                found = await self._find()
                holder = at(found, "spec", "holderIdentity", default="") if found else ""
                mark = f"{version_of(found)}" if found else ""
                if mark != seen:
                    seen, since = mark, self._monotonic()
                self.holder = holder
                vacant = holder in ("", self.me)  # ours still: nobody can have led since
                if vacant or self._monotonic() - since >= self._length:
                    await self._take(found)
                    if not vacant:
                        await self._wait_out()
                    return
            except Conflict:
                pass
            except ApiError:
                since = self._monotonic()  # we saw nothing, so we know nothing
            await asyncio.sleep(self._look)  # leases have no useful watch for a waiter

    async def leader(self) -> str:
        """Who holds it now; empty where nobody does."""
        found = await self._find()
        return str(at(found, "spec", "holderIdentity", default="")) if found else ""

    async def free(self) -> bool:
        """Whether nobody holds it now."""
        found = await self._find()
        return found is None or not at(found, "spec", "holderIdentity", default="")

    async def try_take(self) -> bool:
        """Take it if it is free now."""
        found = await self._find()
        if found is not None and at(found, "spec", "holderIdentity", default=""):
            return False
        try:
            await self._take(found)
        except Conflict:
            return False
        return True

    async def _wait_out(self) -> None:
        """The former leader's last request may still be on its way."""
        keep = asyncio.create_task(self.keep())
        try:
            await asyncio.sleep(self._quiet)
        finally:
            await ended(keep)

    async def keep(self) -> None:
        """Renew until it is lost: by somebody else's hand, or because the server did not answer for too long.

        A renewal that comes through late is one: it is a compare-and-swap, so nobody else has led in between.
        """
        while True:
            await asyncio.sleep(RENEW)
            try:
                if self._last is None:
                    self._last = await self._find()
                if self._last is None or at(self._last, "spec", "holderIdentity") != self.me:
                    self._renewed = 0.0
                    return
                await self._write(self._last, self.me)
            except Conflict:
                self._last = None
            except ApiError:
                if not self.held:
                    return

    async def release(self) -> None:
        """Let go, so that the next leader need not wait."""
        self._renewed = 0.0
        try:
            found = await self._find()
            if found is not None and at(found, "spec", "holderIdentity") == self.me:
                await self._write(found, "")
        except ApiError:
            return  # it will expire by itself
        self._renewed = 0.0

    async def _find(self) -> Obj | None:
        try:
            return await self._api.get(self._ref, purpose="lease")
        except NotFound:
            return None

    async def _take(self, found: Obj | None) -> None:
        if found is None:
            made = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._ref.name, "namespace": self._ref.namespace},
                "spec": self._spec(self.me),
            }
            self._last = await self._api.create(LEASE, self._ref.namespace, made, purpose="lease")
            self._renewed = self._monotonic()
        else:
            await self._write(found, self.me)
        self.holder = self.me

    async def _write(self, found: Obj, holder: str) -> None:
        begun = self._monotonic()
        self._last = await self._api.replace(
            self._ref, {**found, "spec": self._spec(holder)}, purpose="lease"
        )
        self._renewed = begun if holder else 0.0
        self._renewal.set()

    def _spec(self, holder: str) -> Obj:
        now = stamp(datetime.now(UTC))
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": math.ceil(self._length),
            "renewTime": now,
        } | ({"acquireTime": now} if holder else {})


def stamp(moment: datetime) -> str:
    """A moment as a Lease says it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

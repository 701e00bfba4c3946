"""The engine: while this process leads, one loop for each release that is not over.

Leadership is a Lease; a loop that finds it not renewed stops before its next write, and is ended when another has it.
A loop that fails with a bug is logged, told in the log only, and started again: the record says where it was.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from logging import getLogger

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import ApiError
from bot.cluster.observe import Watched
from bot.cluster.records import Stored
from bot.ending import ended
from bot.engine.loop import Loop, Means
from bot.ports import Silent
from strategies import lanes, words
from strategies.lens import Lane
from strategies.plan import Plan
from strategies.release import Release

log = getLogger(__name__)

SWEEP = 30.0  # seconds
WARM = timedelta(
    minutes=10
)  # how long a namespace that was previewed is watched: as long as people take to decide
AGAIN = 5.0  # seconds until a loop that failed is started anew


class Engine:
    """See the module."""

    def __init__(self, means: Means, clusters: Clusters) -> None:
        self._means, self._clusters = means, clusters
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, Loop] = {}
        self._watched: dict[tuple[str, str], Watched] = {}
        self._warm: dict[tuple[str, str], datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._leading = False
        self._gate = asyncio.Lock()
        means.records.on_change(self._noticed)

    @property
    def leading(self) -> bool:
        """Whether this process runs the releases."""
        return self._leading

    async def run(self, *, taken: bool = False) -> None:
        """Lead whenever that is possible, until cancelled; then let go. `taken`: the lease is ours already."""
        leadership = self._means.leadership
        try:
            while True:
                if not taken:
                    await leadership.acquire()
                taken = False
                log.info("leading as %s", leadership.me)
                await self._lead()
                log.warning("lost the lease")
        finally:
            await self._stop()
            await leadership.release()

    def expect(self, plan: Plan) -> None:
        """A release may begin there soon: it is watched from now on, so that the first step need not wait for that."""
        if self._leading:
            self._do(self._warm_up(plan))

    def watching(self, api: Api, namespace: str) -> Watched | None:
        """What is under watch there already: a Start need not read it again."""
        return self._watched.get((api.context, namespace)) if self._leading else None

    def foresee(self, moved: Release) -> Release:
        """What a person made of a release, with our next move journalled in the same swap where that is certain."""
        loop = self._running.get(moved.id)
        return loop.foresee(moved) if self._leading and loop else moved

    def wake(self) -> None:
        """What every release hangs on has changed: the policy, a freeze."""
        self._sweep()

    async def finish(self, patience: float) -> None:
        """Let the loops of releases that have ended say so and clean up, before this engine goes."""
        ended = [
            self._loops[i] for i, loop in self._running.items() if loop.release.ended and i in self._loops
        ]
        if ended:
            await asyncio.wait(ended, timeout=patience)

    async def _lead(self) -> None:
        self._leading = True
        for stored in self._means.records.known():
            self._adopt(stored, resumed=True)
        self._means.timers.every("sweep", SWEEP, self._sweep)
        try:
            await self._means.leadership.keep()
        finally:
            self._leading = False
            self._means.timers.forget("sweep")
            await self._stop()

    def _sweep(self) -> None:
        """What is due is found even where its alarm was lost, or the clock jumped."""
        for loop in self._running.values():
            loop.wake()

    def _noticed(self, release_id: str) -> None:
        """A record changed: wake its loop, or begin one."""
        if not self._leading:
            return
        if release_id in self._running:
            self._running[release_id].wake()
            return
        stored = self._means.records.latest(release_id)
        if stored is not None:
            self._adopt(stored, resumed=False)

    def _adopt(self, stored: Stored, *, resumed: bool) -> None:
        release_id = stored.release.id
        if stored.sealed or stored.release.told_end or release_id in self._loops:
            return
        task = asyncio.create_task(self._guard(stored, resumed=resumed), name=f"loop of {release_id}")
        self._loops[release_id] = task
        task.add_done_callback(lambda _: self._loops.pop(release_id, None))

    async def _guard(self, stored: Stored, *, resumed: bool) -> None:
        """A loop, started again when it breaks: the record knows where it was."""
        release_id, said = stored.release.id, ""
        away: datetime | None = None
        while True:
            try:
                loop = await self._loop(stored, resumed=resumed)
                self._running[release_id] = loop
                await loop.run()
            except ApiError as e:
                log.warning("%s waits for the cluster: %s", release_id, e)
                if str(e) != said:  # another reason is news, the same one again is none
                    away, said = away or self._means.clock.now(), str(e)
                    stored = await self._show_waiting(stored, said, away)
                await asyncio.sleep(AGAIN)  # a back-off after a failure
                continue
            except Exception:  # the loop's guard: one release's bug must not stop the others
                log.exception("the loop of %s failed; it begins anew in %.0f s", release_id, AGAIN)
                await asyncio.sleep(AGAIN)
                stored, resumed = self._means.records.latest(release_id) or stored, True
                continue
            finally:
                self._running.pop(release_id, None)
            await self._unwatch()
            return

    async def _show_waiting(self, stored: Stored, why: str, since: datetime) -> Stored:
        """On its card, where it has one, why it does not go on; the record with the card as it stands then."""
        release = stored.release
        if release.card is None or not release.card.ts:
            return stored
        shown = release.model_copy(update={"reason": words.away(since, why)})
        with suppress(Silent):
            card = await self._means.surface.resume(shown)
            card = await self._means.surface.announce(shown.model_copy(update={"card": card}))
            return replace(stored, release=release.model_copy(update={"card": card}))
        return stored

    async def _loop(self, stored: Stored, *, resumed: bool) -> Loop:
        api, namespace = await self._clusters.at(stored.release.plan.environment)
        namespace = stored.release.plan.namespace or namespace
        watched = await self._watch(api, namespace, stored.release.plan.lanes)
        return Loop(self._means, stored, api, watched, resumed=resumed)

    async def _watch(self, api: Api, namespace: str, led: tuple[Lane, ...]) -> Watched:
        async with self._gate:
            key = (api.context, namespace)
            if key not in self._watched:
                watched = Watched(api, namespace, lambda: self._changed(key))
                await watched.start()
                self._watched[key] = watched
            watched = self._watched[key]
            needed = tuple(dict.fromkeys(lanes.kind_of(lane) for lane in led))
            await watched.also(needed, [k for k in lanes.kinds(led) if k not in needed])
            return watched

    def _changed(self, key: tuple[str, str]) -> None:
        for loop in self._running.values():
            if loop.place == key:
                loop.wake()

    async def _warm_up(self, plan: Plan) -> None:
        api, _ = await self._clusters.at(plan.environment)
        namespace = plan.namespace
        key, until = (api.context, namespace), self._means.clock.now() + WARM
        self._warm[key] = until
        self._means.timers.at(f"warm {api.context} {namespace}", until, lambda: self._do(self._unwatch()))
        try:
            await self._watch(api, namespace, plan.lanes)
        except ApiError as e:
            log.info("%s is not watched ahead: %s", namespace, e)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        """Beside everything else, and known until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _unwatch(self) -> None:
        """Where no release runs or is expected, there is no watch: an idle bot sends nothing but lease renewals."""
        async with self._gate:
            now = self._means.clock.now()
            used = {loop.place for loop in self._running.values()}
            used |= {key for key, until in self._warm.items() if until > now}
            for key in [k for k in self._watched if k not in used and len(self._loops) <= 1]:
                await self._watched.pop(key).stop()

    async def _stop(self) -> None:
        await ended(*self._loops.values(), *self._tasks)
        self._warm.clear()
        for key in list(self._watched):
            await self._watched.pop(key).stop()

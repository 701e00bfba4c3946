"""One release's loop: observe, decide, journal, act, announce; one move per tick.

Level-triggered: a watch, a timer or an intent wakes it, and it looks at the whole. Everything it does is journalled
first, by a swap that fails when anybody else wrote meanwhile. An outage is waited out; it moves no traffic.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from logging import getLogger
from uuid import uuid4

from bot.cluster.api import Api
from bot.cluster.errors import ApiError, Conflict, NotFound, Refused, Unreachable
from bot.cluster.leases import Leadership
from bot.cluster.locks import Locks
from bot.cluster.observe import Watched
from bot.cluster.records import Records, Stored
from bot.cluster.writes import perform
from bot.ending import ended
from bot.engine.announcing import Announcing
from bot.engine.gathering import Gatherer
from bot.engine.timers import Timers
from bot.ports import Clock, Surface
from bot.probe.sampler import Sampler
from strategies import words
from strategies.consent import deciders
from strategies.decide import TELL_AFTER, Decision, decide, give_up
from strategies.evidence import Evidence
from strategies.people import Rules
from strategies.release import Release
from strategies.steps import Prove
from strategies.undo import take
from strategies.view import View
from strategies.writes import Write

log = getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.5, 15.0  # seconds
LATEST = timedelta(seconds=5)  # how long decisions may be ahead of the record, however their reasons change
WORTH_TELLING = timedelta(seconds=10)  # an outage shorter than this is no news
REFUSALS = 8  # in a row, of the same write, after which it is no race any more


class Lost(Exception):
    """We do not lead now: nothing is written before the lease is renewed, and where another has it, it goes on."""


class Raced(Exception):
    """The cluster refused a write because the object is no longer as it was seen; the record is as it was."""


@dataclass(frozen=True, slots=True)
class Means:
    """What every loop works with."""

    records: Records
    locks: Locks
    leadership: Leadership
    surface: Surface
    timers: Timers
    clock: Clock
    rules: Callable[[str, str], Rules] = lambda e, _: Rules(e)  # of a service in an environment, as of now


class Loop:
    """See the module. `resumed`: another engine worked on it before."""

    def __init__(self, means: Means, stored: Stored, api: Api, watched: Watched, *, resumed: bool) -> None:
        self._means, self._stored, self._api, self._watched = means, stored, api, watched
        self._resumed = resumed
        self._awake = asyncio.Event()
        self._retry, self._refused = FIRST_RETRY, 0
        self._ahead: Release | None = None  # as decided since it was recorded, where nothing hangs on it
        self._ahead_at: datetime | None = None
        self._noted_at: datetime | None = None
        self._unlocked = False
        self._away_since: datetime | None = None
        self._gatherer = Gatherer(api, watched.namespace, stored.release.id, means.clock, Sampler())
        self._name = uuid4().hex[:12]  # which loop counted what, see `Course`
        self._announcing = Announcing(means.surface, means.timers, means.clock, stored.release, self.wake)

    @property
    def release(self) -> Release:
        """As last recorded."""
        return self._stored.release

    @property
    def place(self) -> tuple[str, str]:
        """Which cluster and namespace it watches."""
        return (self._api.context, self._watched.namespace)

    def wake(self) -> None:
        """Look again."""
        self._awake.set()

    def foresee(self, moved: Release) -> Release:
        """What a person made of it, with our next move journalled in the same swap, where that is certain now.

        It is made when the loop sees the record: it finds its move journalled, as it does after a restart.
        """
        if self._resumed or self._watched.trouble() or moved.ended or not moved.changed:
            return moved
        evidence = replace(
            self._gatherer.evidence(), proof=None, tally=None, samples=(), look=None
        )  # of another step
        now = self._means.clock.now()
        decision = decide(self._view(moved, evidence, now))
        return decision.release if decision.writes else moved

    async def run(self) -> None:
        """Until the release has ended, was told, and is sealed."""
        announcing = asyncio.create_task(
            self._announcing.run(resumed=self._resumed), name=f"announcing {self.release.id}"
        )
        try:
            while not await self._led():
                await self._awake.wait()
        finally:
            await ended(announcing)
            for alarm in ("", " note", " announcing"):
                self._means.timers.forget(f"{self.release.id}{alarm}")

    async def _led(self) -> bool:
        """A turn; without the lease it is broken off, and taken again when a late renewal came through."""
        try:
            return await self._turn()
        except Lost:
            log.warning("%s waits: the lease was not renewed in time", self.release.id)
            await self._means.leadership.regained()
            self.wake()
            return False

    async def _turn(self) -> bool:
        """One tick with everything that may go wrong around it; true when all is done."""
        self._awake.clear()
        try:
            done = await self._tick()
        except (Raced, Conflict, NotFound) as e:
            self._refused += 1
            log.info("%s: %s; looking again", self.release.id, e)
            if self._refused > REFUSALS:
                await self._refuse(str(e))
            if not isinstance(e, Raced) and not self._overtaken():
                await self._reload()
            self._wake_in(0.05 * (self._refused - 1))
            return False
        except Unreachable as e:
            log.warning("%s: %s; trying again in %.1f s", self.release.id, e, self._retry)
            self._away_since = self._away_since or self._means.clock.now()
            reason = words.away(self._away_since, str(e))
            self._announcing.news(self.release.model_copy(update={"reason": reason}))
            self._wake_in(self._retry)
            self._retry = min(self._retry * 2, LONGEST_RETRY)
            return False
        except Refused as e:
            await self._refuse(str(e))
            self._wake_in(self._retry)
            return False
        self._retry, self._refused = FIRST_RETRY, 0
        return done

    async def _tick(self) -> bool:
        self._catch_up()
        if not self._means.leadership.held:
            raise Lost
        if self.release.ended:
            return await self._end()
        await self._begin()
        now = self._means.clock.now()
        if self._away_since is not None and not self._watched.trouble():
            await self._back_again(now)
        release = self._ahead or self.release
        key = (release.going_back, release.cursor, release.since)
        if isinstance(release.step, Prove) and self._gatherer.step != key:
            self._gatherer.begin_proof()
        self._gatherer.of(key)
        view = self._view(release, self._gatherer.evidence(), now)
        return await self._follow(decide(view), view)

    def _view(self, release: Release, evidence: Evidence, now: datetime) -> View:
        rules = self._means.rules(release.plan.environment, release.plan.service)
        asked = deciders(release, rules, now)
        return View(release, self._watched.snapshot(), evidence, now, rules.calendar, asked)

    async def _follow(self, decision: Decision, view: View) -> bool:
        """Journal, act, find out; then either look again at once or wait."""
        trouble = self._watched.trouble()
        if trouble and (decision.writes or not decision.lazily):
            raise Unreachable(trouble)  # what is known may be stale: nothing is concluded from it
        await self._record(decision, view)
        if any(self._watched.moved(write) for write in decision.writes):
            self.wake()  # an object changed while that was journalled: decided again, its write is not refused
            return False
        for write in decision.writes:
            await self._write(write)
        wait = decision.wait
        if wait is None:
            self.wake()
            return False
        if wait.gather is not None:
            await self._gatherer.gather(wait.gather, view, self._overtaken)
            self.wake()
        elif wait.until is not None:
            self._means.timers.at(self.release.id, wait.until, self.wake)
        if not decision.lazily and wait.gather is None:
            await self._remember_card()
        return False

    async def _record(self, decision: Decision, view: View) -> None:
        """Before anything is done: what was decided, and first of all what was before."""
        if decision.lazily and self._too_soon(decision.release, view.now):
            self._ahead = decision.release
        elif decision.release != self.release:
            if decision.release.changed and not self.release.changed:
                await self._keep_undo(view)
            await self._swap(decision.release)

    async def _write(self, write: Write) -> None:
        if not self._means.leadership.held:
            raise Lost
        try:
            done = await perform(self._api, write)
        except (Conflict, NotFound) as e:
            raise Raced(str(e)) from e
        self._watched.put(write.ref.kind, done, write.ref.name)

    def _too_soon(self, release: Release, now: datetime) -> bool:
        """A short wait is not worth a request: it is recorded once it has lasted, or with the next thing that is.

        Nothing is lost with it: whoever begins from the record passes the steps that are true again.
        """
        self._ahead_at = self._ahead_at or now
        if self._noted_at is None or release.reason != self._noted_reason:
            self._noted_at, self._noted_reason = now, release.reason
            self._means.timers.at(f"{self.release.id} note", now + TELL_AFTER, self.wake)
        return now < min(self._noted_at + TELL_AFTER, self._ahead_at + LATEST)

    _noted_reason = ""

    async def _begin(self) -> None:
        """Once per loop: what was before, and after a restart a line that says so."""
        if not self._resumed:
            return
        if self.release.changed and not self._gatherer.undo:
            self._gatherer.undo = await self._means.records.undo(self.release)
        if self.release.changed or self.release.cursor:
            resumed = self.release.tell("engine", words.resumed_engine(), self._means.clock.now())
            await self._swap(resumed.cut_short())
        self._resumed = False

    async def _back_again(self, now: datetime) -> None:
        """After an outage that people may have noticed, a line that says what it did to the release: nothing."""
        since, self._away_since = self._away_since or now, None
        if now - since > WORTH_TELLING:
            await self._swap(self.release.tell("outage", words.back_again(since, now), now))

    async def _keep_undo(self, view: View) -> None:
        undo = take(view.plan, view.snapshot)
        await self._means.records.keep_undo(self.release, undo)
        self._gatherer.undo = undo

    async def _end(self) -> bool:
        """After the last move: the lock, the last words, the seal, and only the newest records stay."""
        release, records = self.release, self._means.records
        if not release.told_end:
            if not self._unlocked:
                await self._means.locks.give_back(
                    self._api, release.plan.namespace, release.plan.base, release.id
                )
                self._unlocked = True
            if self._away_since is not None:
                self._away_since = None
                self._announcing.news(release)  # or its card would say for ever that it waits
            if not self._announcing.current(release):
                return False  # it wakes us when it has announced
            card = self._announcing.card
            self._stored = await records.seal(
                self._stored, self._counted(release.model_copy(update={"told_end": True, "card": card}))
            )
            await records.prune(release.plan.service)
        return True

    async def _refuse(self, why: str) -> None:
        """The cluster said no to a write: told, and held or rolled back as the plan says."""
        view = View(
            self.release, self._watched.snapshot(), self._gatherer.evidence(), self._means.clock.now()
        )
        self._refused = 0
        with suppress(ApiError):
            await self._swap(give_up(view, "refused", f"The cluster refuses: {why}").release)

    async def _swap(self, release: Release) -> None:
        if not self._means.leadership.held:
            raise Lost
        if self._announcing.card is not None:
            release = release.model_copy(update={"card": self._announcing.card})
        self._stored = await self._means.records.swap(self._stored, self._counted(release))
        self._gatherer.looks.clear()
        self._forget_ahead()
        self._announcing.news(self.release)

    def _counted(self, release: Release) -> Release:
        """With what was sampled since the last swap."""
        course = release.course.counted(self._name, self._gatherer.probes).measured(*self._gatherer.looks)
        return release if course is release.course else release.model_copy(update={"course": course})

    async def _remember_card(self) -> None:
        """At rest, where the card stands is worth a request of its own."""
        if (
            self._announcing.card is not None
            and self._announcing.card != self.release.card
            and self._announcing.current(self.release)
        ):
            await self._swap(self.release)

    def _catch_up(self) -> None:
        """Somebody else may have swapped: an intent, or a newer engine."""
        latest = self._means.records.latest(self.release.id)
        if latest is not None and self._overtaken():
            self._stored = latest
            self._forget_ahead()
            self._announcing.news(latest.release)

    def _overtaken(self) -> bool:
        """Whether somebody else's swap is known that this loop has not seen."""
        latest = self._means.records.latest(self.release.id)
        return latest is not None and int(latest.seen or 0) > int(self._stored.seen or 0)

    async def _reload(self) -> None:
        with suppress(ApiError):
            found = await self._means.records.load(self.release.id)
            if found is not None:
                self._stored = found
                self._forget_ahead()
                self._announcing.news(found.release)

    def _forget_ahead(self) -> None:
        """Decide from the record as it stands."""
        self._ahead = self._ahead_at = self._noted_at = None

    def _wake_in(self, seconds: float) -> None:
        when = self._means.clock.now() + timedelta(seconds=seconds)
        self._means.timers.at(self.release.id, when, self.wake)

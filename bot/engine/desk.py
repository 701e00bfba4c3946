"""The desk: where people's requests arrive, from Slack and the command line alike.

Every change is a compare-and-swap on the record, so two desks (two replicas, a terminal and a channel) never both win.
A delivery acts once: its id stands in the record.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bot.book import Book
from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import Conflict, Exists, NotFound
from bot.cluster.locks import Locks, Standing
from bot.cluster.observe import Watched
from bot.cluster.papers import Paper
from bot.cluster.records import Records, Stored, by_service, next_number
from bot.engine.board import TheBoard
from bot.engine.consenting import Anew, Consenting
from bot.engine.doctoring import Doctoring
from bot.engine.freezing import NAME as FREEZES
from bot.engine.freezing import Freezing
from bot.engine.locking import Locking
from bot.engine.looking import Looking
from bot.engine.nudging import Nudging
from bot.engine.planning import Planning
from bot.engine.queueing import NAME as QUEUE
from bot.engine.queueing import Queueing
from bot.engine.roster import Roster
from bot.engine.surveying import Surveying
from bot.ports import Clock, LockAnswer, LockWish, Looked, Origin, Preview, Stock, Whoami
from strategies import consent, locks, words
from strategies.checkup import Check
from strategies.freezes import Freezes
from strategies.locks import Lock
from strategies.people import Freeze
from strategies.plan import Plan
from strategies.queue import Queue
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Counted, Event, Intent, Release
from strategies.spec import ReleaseSpec

REMEMBERED = 50  # deliveries per record
TRIES = 5  # swaps before giving up against others


class Foresight(Protocol):
    """What an engine in the same process does for the desk, to save people time; without one all is the same."""

    def expect(self, plan: Plan) -> None:
        """It was shown to somebody: it may be started soon."""
        ...

    def watching(self, api: Api, namespace: str) -> Watched | None:
        """That namespace, where it is under watch already."""
        ...

    def foresee(self, moved: Release) -> Release:
        """The release as a person moved it, with the engine's next move journalled where it knows that."""
        ...


class TheDesk:
    """Implements `ports.Desk` over records and a cluster."""

    def __init__(
        self,
        records: Records,
        clusters: Clusters,
        planning: Planning,
        clock: Clock,
        book: Book,
        roster: Roster,
    ) -> None:
        self._records, self._clusters, self._planning, self._clock = records, clusters, planning, clock
        self._book, self.roster = book, roster
        freezes = Paper(records, FREEZES, Freezes)

        def decreed(environment: str) -> tuple[Freeze, ...]:
            return freezes.known.of(environment)

        book.decreed = decreed
        self._people = Consenting(planning, clusters, book, roster, clock, freezes)
        self.freezing = Freezing(clusters, self._people, book, freezes, clock)
        self._nudging = Nudging(records, self._people, book, clock)
        self._locks = Locks(self.standing, clock.now)
        self._locking = Locking(planning, clusters, self._locks, self._people)
        waiting = Paper(records, QUEUE, Queue)
        self.queueing = Queueing(records, clusters, planning, self._people, book, self._locks, waiting, clock)
        self.foresight: Foresight | None = None
        self._looking = Looking(planning)
        self._survey = Surveying(clusters, planning, self._people, book, records, self._locks, self.queueing)
        self.doctoring = Doctoring(clusters, planning, book, records, self._looking)

    @property
    def line(self) -> Queueing:
        """Who waits for a lock."""
        return self.queueing

    @property
    def locks(self) -> Locks:
        """The locks, as the records say."""
        return self._locks

    def board(self) -> TheBoard:
        """What forms and the Home tab look at."""
        return TheBoard(self._records, self._clusters, self._people, self._locking, self._book, self._clock)

    async def standing(self, holder: str) -> Standing:
        """Whether the holder of a lock still needs it."""
        stored = await self._records.load(holder)
        if stored is None:
            return "unknown"
        return "ended" if stored.release.ended else "running"

    async def preview(self, spec: ReleaseSpec) -> Preview | Refusal:
        """Plan against the live cluster; nothing is stored."""
        planned = await self._planning.preview(spec)
        if isinstance(planned, Refusal):
            return await self._instead(spec, planned)
        plan, changes = planned
        busy = _busy(plan, await self._records.all())
        if busy:
            return busy
        if self.foresight:
            self.foresight.expect(plan)
        rules = self._book.rules(spec.environment, spec.service)
        held = await self._locking.on(plan.environment, plan.namespace, plan.base)
        notes = (locks.note(held),) if held else ()
        asked = consent.told(rules, self._clock.now(), spec.one_way)
        return Preview(plan, (*self._book.notes, *notes, *asked), changes)

    async def may_start(self, spec: ReleaseSpec, actor: Actor) -> Refusal | None:
        """Why this person may not ask for this release now."""
        return await self._people.may_start(spec, actor)

    async def rights(self, actor: Actor) -> Whoami:
        """What this person may do, by the function that refuses."""
        return await self._people.rights(actor)

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """Plan again, compare, lock, claim a number."""
        watching = self.foresight.watching if self.foresight else _nowhere
        refused, every, plan = await asyncio.gather(
            self.may_start(spec, actor), self._records.all(), self._planning.plan(spec, watching)
        )
        again = _delivered(origin, every)
        if again or refused:
            return again or refused  # type: ignore[return-value]  # one of them is there
        if isinstance(plan, Refusal):
            return await self._instead(spec, plan)
        if plan_hash and plan.hash != plan_hash:
            return Refusal(
                code="plan-changed",
                what="The cluster is no longer what the preview showed; nothing was started.",
                remedy="Ask for the release again and look at the new plan.",
            )
        refused = _busy(plan, every) or await self.queueing.gate(plan, actor)
        if refused:
            return refused
        return await self._claim(plan, actor, origin, every)

    async def _claim(
        self, plan: Plan, actor: Actor, origin: Origin, every: Sequence[Stored]
    ) -> Release | Refusal:
        api, _ = await self._clusters.at(plan.environment)
        now = self._clock.now()
        for _ in range(TRIES):
            number = next_number(every, plan.service)
            release = await self._people.begun(
                _new(plan, number, actor, origin, self._book.channel, now), actor
            )
            if isinstance(release, Refusal):
                return release
            mine = self.queueing.holders(plan.environment, actor, plan.service)
            locked = await self._locks.take(api, plan.namespace, plan.base, release.id, now, mine)
            if locked:
                return locked
            try:
                begun = (await self._records.create(release)).release
            except Exists:
                # Whoever claimed the number holds the lock under it too, unless theirs is another Deployment.
                every = await self._records.all()
                taken = _delivered(origin, every) or _busy(plan, every)
                if taken:
                    return taken
                await self._locks.give_back(api, plan.namespace, plan.base, release.id)
            else:
                await self.queueing.started(begun, actor, origin)
                return begun
        return Refusal(
            code="busy",
            what="Others are starting releases of this service at the same moment.",
            remedy="Try again.",
        )

    async def nudge(self, target: str | None, actor: Actor, *, anyway: bool) -> Release | Refusal:
        """Remind those who can decide, now."""
        found = await self.find(target)
        return found if isinstance(found, Refusal) else await self._nudging.nudge(found, actor, anyway=anyway)

    async def services(self, environment: str | None, actor: Actor) -> Sequence[Stock] | Refusal:
        """What there is to release, and whether this person may."""
        return await self._survey.services(environment, actor)

    async def doctor(self) -> Sequence[Check]:
        """What is wrong with this installation."""
        return await self.doctoring.doctor()

    async def lock(self, wish: LockWish, actor: Actor) -> LockAnswer | Refusal:
        """Lock a service for a person, or ask for it where somebody else has."""
        return await self._locking.lock(wish, actor)

    async def unlock(self, service: str, environment: str, actor: Actor) -> LockAnswer | Refusal:
        """Give a lock back; of another's, ask for that or agree to it."""
        return await self._locking.unlock(service, environment, actor)

    async def agree(self, lock: Lock, actor: Actor) -> LockAnswer | Refusal:
        """A yes to the request in this lock, as it was shown."""
        return await self._locking.agree(lock, actor)

    async def locked(self) -> Sequence[Lock]:
        """Every lock of a person, the first to end first."""
        return await self._locking.every()

    async def act(
        self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
    ) -> Release | Refusal:
        """An intent, by swap; one made for another revision loses and is told what happened instead."""
        moved = await self._try(self._records.current(release_id), intent, actor, origin, revision)
        if isinstance(moved, Release | Anew):
            return moved.told if isinstance(moved, Anew) else moved
        for _ in range(TRIES):
            # What is under watch may be behind: a no counts only when it is said of the record itself.
            stored = await self._records.load(release_id)
            if stored is None:
                return Refusal(
                    code="no-such-release",
                    what=f"There is no release `{release_id}`.",
                    remedy="`/release status` lists what runs.",
                )
            moved = await self._try(stored, intent, actor, origin, revision)
            if moved is not None:
                return moved.told if isinstance(moved, Anew) else moved
        return Refusal(
            code="busy",
            what=f"{release_id} is being changed by others at the same moment.",
            remedy="Look at its card and try again.",
        )

    async def _try(
        self, stored: Stored | None, intent: Intent, actor: Actor, origin: Origin, revision: int | None
    ) -> Release | Refusal | Anew | None:
        """One swap; None where there is nothing to swap, or somebody else's came between."""
        if stored is None:
            return None
        release = stored.release
        if origin.delivery in release.deliveries:
            return release
        if revision is not None and not consent.fresh(release, revision):
            return _stale(release)
        weighed = await self._people.weigh(stored, intent, actor)
        if isinstance(weighed, Refusal):
            return weighed
        moved = weighed.release if isinstance(weighed, Anew) else weighed
        if self.foresight:
            moved = self.foresight.foresee(moved)
        deliveries = (*release.deliveries, origin.delivery)[-REMEMBERED:]
        try:
            done = await self._records.swap(stored, moved.model_copy(update={"deliveries": deliveries}))
        except (Conflict, NotFound):
            return None
        return weighed if isinstance(weighed, Anew) else done.release

    async def find(self, target: str | None) -> Release | Refusal:
        """By id, by service, or the only one there is."""
        every = await self._records.all()
        if target is None:
            running = [s.release for s in every if not s.release.ended]
            if len(running) == 1:
                return running[0]
            names = ", ".join(r.id for r in running)
            return Refusal(
                code="which",
                what=f"{len(running)} releases run{': ' + names if names else ''}."
                if running
                else "No release runs.",
                remedy="Name one of them." if running else "Start one: `/release canary SERVICE VERSION`.",
            )
        by_id = next((s.release for s in every if s.release.id == target), None)
        if by_id:
            return by_id
        of = by_service(every, target)
        active = [r for r in of if not r.ended]
        if active or of:
            return (active or of)[0]
        return Refusal(
            code="no-such-release",
            what=f"There is no release `{target}`, and none of a service of that name.",
            remedy="`/release status` lists what runs.",
        )

    async def running(self) -> Sequence[Release]:
        """Every release that has not ended, oldest first."""
        return sorted(
            (s.release for s in await self._records.all() if not s.release.ended), key=lambda r: r.started_at
        )

    async def history(self, service: str, limit: int) -> Sequence[Release]:
        """The last releases of a service, newest first."""
        return by_service(await self._records.all(), service)[:limit]

    async def samples(self, target: str | None, count: int | None) -> Looked | Refusal:
        """Ask the users' way now: both versions of a release that runs, else the one that there is."""
        release = await self.find(target)
        if isinstance(release, Release) and not release.ended:
            return await self._looking.during(release, count)
        if isinstance(release, Release):
            return await self._looking.between(release.plan.service, release.plan.environment, count)
        return release if target is None else await self._looking.between(target, "default", count)

    async def _instead(self, spec: ReleaseSpec, refused: Refusal) -> Refusal:
        """During a release a plan is refused for what that release does; then it is the better answer."""
        for release in await self.running():
            if (release.plan.service, release.plan.environment) == (spec.service, spec.environment):
                return _locked(release)
        return refused


def _nowhere(_api: Api, _namespace: str) -> Watched | None:
    """Without an engine beside it a desk watches nothing."""
    return None


def _delivered(origin: Origin, every: Iterable[Stored]) -> Release | None:
    """What this very request started before."""
    return next((s.release for s in every if origin.delivery in s.release.deliveries), None)


def _busy(plan: Plan, every: Iterable[Stored]) -> Refusal | None:
    """A release of the same family of Deployments, under whatever name."""
    here = (plan.base, plan.namespace, plan.environment)
    for release in (s.release for s in every if not s.release.ended):
        if (release.plan.base, release.plan.namespace, release.plan.environment) == here:
            return _locked(release)
    return None


def _locked(release: Release) -> Refusal:
    """Who is at it, and since whom."""
    versions = f"{release.plan.from_version} → {release.plan.to_version}"
    return Refusal(
        code="locked",
        what=f"{release.id} is {release.state.value} on this Deployment ({versions}, started by {words.who(release.started_by)}).",
        remedy=f"Wait for it, or look: `/release status {release.id}`.",
    )


def _new(plan: Plan, number: int, actor: Actor, origin: Origin, channel: str, now: datetime) -> Release:
    release_id = f"{plan.service}-{number}"
    where = origin.channel or channel
    return Release(
        id=release_id,
        number=number,
        plan=plan.bind(release_id),
        started_by=actor,
        started_at=now,
        since=now,
        deliveries=(origin.delivery,),
        card=Card(channel=where) if where else None,
        stable_pods=Counted(ready=plan.stable_pods, total=plan.stable_pods),
    )


def _stale(release: Release) -> Refusal:
    """What happened since the button was shown, and by whom."""
    last: Event | None = next((e for e in reversed(release.events) if e.kind not in ("doing", "step")), None)
    what = f"{release.id} has moved on since that was shown: it is {words.state(release)} now."
    if last is not None:
        what += f" Last: {last.text}"
    legal = release.intents()
    return Refusal(
        code="stale", what=what, remedy=f"Possible now: {', '.join(k.value for k in legal)}." if legal else ""
    )

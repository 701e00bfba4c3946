"""The desk: where people's requests arrive, from Slack and the command line alike.

Every change is a compare-and-swap on the record, so two desks (two replicas, a terminal and a channel) never both win.
A delivery acts once: its id stands in the record.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bot.cluster.clusters import Clusters
from bot.cluster.errors import Conflict, Exists, NotFound
from bot.cluster.leases import Locks, Standing
from bot.cluster.records import Records, Stored, by_service, next_number
from bot.engine.looking import Looking
from bot.engine.planning import Planning
from bot.ports import Clock, Looked, Origin, Preview
from strategies import words
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Counted, Event, Intent, Release
from strategies.spec import ReleaseSpec

REMEMBERED = 50  # deliveries per record
TRIES = 5  # swaps before giving up against others


class Foresight(Protocol):
    """What an engine in the same process does for the desk, to save people time; without one all is the same."""

    def expect(self, environment: str, namespace: str) -> None:
        """A plan was made there."""
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
        notes: Sequence[str] = (),
        channel: str = "",
    ) -> None:
        self._records, self._clusters, self._planning, self._clock = records, clusters, planning, clock
        self._notes, self._channel = tuple(notes), channel
        self._locks = Locks(self.standing)
        self.foresight: Foresight | None = None
        self._looking = Looking(planning)

    @property
    def locks(self) -> Locks:
        """The locks, as the records say."""
        return self._locks

    async def standing(self, holder: str) -> Standing:
        """Whether the holder of a lock still needs it."""
        stored = await self._records.load(holder)
        if stored is None:
            return "unknown"
        return "ended" if stored.release.ended else "running"

    async def preview(self, spec: ReleaseSpec) -> Preview | Refusal:
        """Plan against the live cluster; nothing is stored."""
        plan = await self._planning.plan(spec)
        if isinstance(plan, Refusal):
            return await self._instead(spec, plan)
        busy = _busy(plan, await self._records.all())
        if busy:
            return busy
        if self.foresight:
            self.foresight.expect(plan.environment, plan.namespace)
        return Preview(plan, self._notes)

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """Plan again, compare, lock, claim a number."""
        every, plan = await asyncio.gather(self._records.all(), self._planning.plan(spec))
        again = _delivered(origin, every)
        if again:
            return again
        if isinstance(plan, Refusal):
            return await self._instead(spec, plan)
        if plan_hash and plan.hash != plan_hash:
            return Refusal(
                code="plan-changed",
                what="The cluster is no longer what the preview showed; nothing was started.",
                remedy="Ask for the release again and look at the new plan.",
            )
        busy = _busy(plan, every)
        if busy:
            return busy
        return await self._claim(plan, actor, origin, every)

    async def _claim(
        self, plan: Plan, actor: Actor, origin: Origin, every: Sequence[Stored]
    ) -> Release | Refusal:
        api, _ = await self._clusters.at(plan.environment)
        now = self._clock.now()
        for _ in range(TRIES):
            number = next_number(every, plan.service)
            release = _new(plan, number, actor, origin, self._channel, now)
            locked = await self._locks.take(api, plan.namespace, plan.base, release.id, now)
            if locked:
                return locked
            try:
                return (await self._records.create(release)).release
            except Exists:
                # Whoever claimed the number holds the lock under it too, unless theirs is another Deployment.
                every = await self._records.all()
                taken = _delivered(origin, every) or _busy(plan, every)
                if taken:
                    return taken
                await self._locks.give_back(api, plan.namespace, plan.base, release.id)
        return Refusal(
            code="busy",
            what="Others are starting releases of this service at the same moment.",
            remedy="Try again.",
        )

    async def act(
        self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
    ) -> Release | Refusal:
        """An intent, by swap; one made for another revision loses and is told what happened instead."""
        moved = await self._try(self._records.current(release_id), intent, actor, origin, revision)
        for _ in range(TRIES):
            if isinstance(moved, Release):
                return moved
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
                return moved
        return Refusal(
            code="busy",
            what=f"{release_id} is being changed by others at the same moment.",
            remedy="Look at its card and try again.",
        )

    async def _try(
        self, stored: Stored | None, intent: Intent, actor: Actor, origin: Origin, revision: int | None
    ) -> Release | Refusal | None:
        """One swap; None where there is nothing to swap, or somebody else's came between."""
        if stored is None:
            return None
        release = stored.release
        if origin.delivery in release.deliveries:
            return release
        if revision is not None and revision != release.revision:
            return _stale(release)
        moved = release.on(intent, actor, self._clock.now())
        if isinstance(moved, Refusal):
            return moved
        if self.foresight:
            moved = self.foresight.foresee(moved)
        deliveries = (*release.deliveries, origin.delivery)[-REMEMBERED:]
        try:
            done = await self._records.swap(stored, moved.model_copy(update={"deliveries": deliveries}))
        except (Conflict, NotFound):
            return None
        return done.release

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
    release = Release(
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
    return release.tell("started", words.started(plan, actor), now, by=actor)


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

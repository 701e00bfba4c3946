"""The desk: where people's requests arrive, from Slack and the command line alike.

Every change is a compare-and-swap on the record, so two desks (two replicas, a terminal and a channel) never both win.
A delivery acts once: its id stands in the record.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.cluster.clusters import Clusters
from bot.cluster.errors import Conflict, Exists
from bot.cluster.leases import Locks, Standing
from bot.cluster.records import Records, by_service
from bot.engine.planning import Planning
from bot.ports import Clock, Looked, Origin, Preview
from bot.probe.sampler import Sampler
from strategies import words
from strategies.objects import POD, at, name_of
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Event, Intent, Release
from strategies.routers.ratio import share as share_of
from strategies.samples import Naming, Version, tally
from strategies.snapshot import Snapshot
from strategies.spec import ReleaseSpec

REMEMBERED = 50  # deliveries per record
TRIES = 5  # swaps before giving up against others
SAMPLES = 40
MOST_SAMPLES = 400


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
        self._sampler = Sampler()

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
        busy = await self._busy(plan)
        return busy or Preview(plan, self._notes)

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """Plan again, compare, lock, claim a number."""
        for stored in await self._records.all():
            if origin.delivery in stored.release.deliveries:
                return stored.release
        plan = await self._planning.plan(spec)
        if isinstance(plan, Refusal):
            return await self._instead(spec, plan)
        if plan_hash and plan.hash != plan_hash:
            return Refusal(
                code="plan-changed",
                what="The cluster is no longer what the preview showed; nothing was started.",
                remedy="Ask for the release again and look at the new plan.",
            )
        busy = await self._busy(plan)
        if busy:
            return busy
        return await self._claim(plan, actor, origin)

    async def _claim(self, plan: Plan, actor: Actor, origin: Origin) -> Release | Refusal:
        api, _ = await self._clusters.at(plan.environment)
        now = self._clock.now()
        for _ in range(TRIES):
            number = await self._records.next_number(plan.service)
            release = _new(plan, number, actor, origin, self._channel, now)
            locked = await self._locks.take(api, plan.namespace, plan.base, release.id, now)
            if locked:
                return locked
            try:
                return (await self._records.create(release)).release
            except Exists:
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
        for _ in range(TRIES):
            stored = await self._records.load(release_id)
            if stored is None:
                return Refusal(
                    code="no-such-release",
                    what=f"There is no release `{release_id}`.",
                    remedy="`/release status` lists what runs.",
                )
            release = stored.release
            if origin.delivery in release.deliveries:
                return release
            if revision is not None and revision != release.revision:
                return _stale(release)
            moved = release.on(intent, actor, self._clock.now())
            if isinstance(moved, Refusal):
                return moved
            deliveries = (*release.deliveries, origin.delivery)[-REMEMBERED:]
            try:
                return (
                    await self._records.swap(stored, moved.model_copy(update={"deliveries": deliveries}))
                ).release
            except Conflict:
                continue
        return Refusal(
            code="busy",
            what=f"{release_id} is being changed by others at the same moment.",
            remedy="Look at its card and try again.",
        )

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
        """Ask the users' way now."""
        release = await self.find(target)
        service = (
            target
            if isinstance(release, Refusal) and target
            else release.plan.service
            if isinstance(release, Release)
            else ""
        )
        if not service:
            return release if isinstance(release, Refusal) else Refusal(code="which", what="Which service?")
        environment = release.plan.environment if isinstance(release, Release) else "default"
        found = await self._planning.target(service, environment)
        if isinstance(found, Refusal) and not (isinstance(release, Release) and release.plan.probe):
            return found
        probe = (
            found[2].probe
            if not isinstance(found, Refusal)
            else release.plan.probe
            if isinstance(release, Release)
            else None
        )
        if probe is None:
            return Refusal(
                code="no-probe",
                what=f"`{service}` declares no probe, so there is no users' way to ask.",
                remedy='Set the annotation `graylight/probe` on its Deployment, for example `{"url": "http://shop.example/health"}`.',
            )
        running = release if isinstance(release, Release) and not release.ended else None
        place = await self._planning.place(environment)
        if isinstance(place, Refusal):
            return place
        from bot.cluster.observe import look

        snapshot = found[0] if not isinstance(found, Refusal) else await look(*place)
        naming, share = _naming(
            snapshot, running, found[1].deployment if not isinstance(found, Refusal) else None
        )
        taken = await self._sampler.take(
            probe, min(count or SAMPLES, MOST_SAMPLES), naming, running.id if running else service
        )
        old = running.plan.from_version if running else ""
        new = running.plan.to_version if running else ""
        return Looked(running, service, old, new, share, tally(taken), proxied=False)

    async def _busy(self, plan: Plan) -> Refusal | None:
        for release in await self.running():
            if (
                release.plan.base == plan.base
                and release.plan.namespace == plan.namespace
                and release.plan.environment == plan.environment
            ):
                return Refusal(
                    code="locked",
                    what=f"{release.id} is {release.state.value} on this Deployment ({release.plan.from_version} → {release.plan.to_version}, started by {words.who(release.started_by)}).",
                    remedy=f"Wait for it, or look: `/release status {release.id}`.",
                )
        return None

    async def _instead(self, spec: ReleaseSpec, refused: Refusal) -> Refusal:
        """During a release a plan is refused for what that release does; then it is the better answer."""
        for release in await self.running():
            if release.plan.service == spec.service and release.plan.environment == spec.environment:
                return Refusal(
                    code="locked",
                    what=f"{release.id} is {release.state.value} ({release.plan.from_version} → {release.plan.to_version}, started by {words.who(release.started_by)}).",
                    remedy=f"Wait for it, or look: `/release status {release.id}`.",
                )
        return refused


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
    )
    return release.tell("started", words.started(plan, actor), now, by=actor)


def _stale(release: Release) -> Refusal:
    """What happened since the button was shown, and by whom."""
    last: Event | None = next((e for e in reversed(release.events) if e.kind not in ("doing", "step")), None)
    what = f"{release.id} has moved on since that was shown: it is {release.state.value} now."
    if last is not None:
        what += f" Last: {last.text}"
    legal = release.intents()
    return Refusal(
        code="stale", what=what, remedy=f"Possible now: {', '.join(k.value for k in legal)}." if legal else ""
    )


def _naming(snapshot: Snapshot, release: Release | None, deployment: object) -> tuple[Naming, int]:
    """How answers are told apart: by the running release's versions, else everything is the one version there is."""
    if release is None:
        pods = snapshot.all(POD)
        addresses: dict[str, Version] = {
            at(p, "status", "podIP"): "new" for p in pods if at(p, "status", "podIP")
        }
        _ = deployment
        return Naming(addresses, {name_of(p): "new" for p in pods}), 100
    from strategies.evidence import Evidence
    from strategies.view import View

    view = View(release, snapshot, Evidence(), release.since)
    if release.measured is not None:
        return view.naming(), release.measured.asked
    old, new = view.counted()
    return view.naming(), share_of(new.ready, old.ready) if view.at_position("both") else 0

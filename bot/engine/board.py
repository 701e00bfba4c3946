"""The board: what forms, shortcuts and the Home tab look at. Nothing here changes anything.

A form asks at each key, so a namespace is looked at once in a while and remembered; what does not answer in time is left
out, since Slack waits three seconds and no longer.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger

from bot.board import FrozenTime, Home, Offer
from bot.book import Book
from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import ApiError
from bot.cluster.observe import listed
from bot.cluster.records import Records
from bot.engine.consenting import Consenting
from bot.engine.locking import Locking
from bot.ports import Away, Clock
from strategies import catalog
from strategies.catalog import Known
from strategies.consent import Action, Allowed, open_consents
from strategies.locks import Lock
from strategies.objects import DEPLOYMENT, REPLICASET, SERVICE, Kind, Obj, meta
from strategies.release import Actor, IntentKind, Release
from strategies.snapshot import Snapshot

log = getLogger(__name__)

REMEMBERED = timedelta(seconds=10)
PATIENCE = 2.0  # seconds; Slack's are three
RECENT = 5
_LOOKED = (DEPLOYMENT, SERVICE, REPLICASET)
_DECIDE = (IntentKind.PROMOTE, IntentKind.RESUME)
_TIMES = frozenset({"frozen"})  # a no that time takes away: the service is offered all the same


@dataclass(slots=True)
class TheBoard:
    """Implements `board.Board`."""

    records: Records
    clusters: Clusters
    people: Consenting
    locking: Locking
    book: Book
    clock: Clock
    _seen: dict[str, tuple[datetime, Snapshot]] = field(default_factory=dict)
    _looking: dict[str, "asyncio.Task[Snapshot | None]"] = field(default_factory=dict)

    @property
    def environments(self) -> tuple[str, ...]:
        """Their names, the usual one first."""
        return tuple(sorted(self.clusters.places, key=lambda name: name != "default"))

    def needs_reason(self, environment: str, service: str) -> bool:
        """Whether the policy asks why."""
        return self.book.rules(environment, service).reason

    async def services(self, actor: Actor, environment: str) -> Sequence[Offer]:
        """What this person may release there."""
        snapshot = (await self._snapshots([environment])).get(environment)
        if snapshot is None:
            return ()
        found = []
        for entry in catalog.entries(snapshot):
            said = await self.people.may(Action.START, actor, environment, entry.service)
            if isinstance(said, Allowed) or said.code in _TIMES:
                found.append(Offer(entry.service, environment, entry.versions))
        return found

    async def versions(self, service: str, environment: str) -> Sequence[Known]:
        """Versions known of a service: from every environment, and from its past releases."""
        seen = await self._snapshots(self.environments)
        entries = catalog.entries(seen[environment]) if environment in seen else ()
        here = next((e for e in entries if service in (e.service, e.deployment)), None)
        if here is None:
            return ()
        past = [r for r in await self._releases() if r.plan.service == service]
        return catalog.versions(here, environment, ((n, _newest(s)) for n, s in seen.items()), past)

    async def at(self, channel: str, ts: str) -> Release | None:
        """The release whose card this message is, or in whose thread it stands."""
        return next(
            (r for r in await self._releases() if r.card and (r.card.channel, r.card.ts) == (channel, ts)),
            None,
        )

    async def home(self, actor: Actor) -> Home:
        """What somebody's Home tab tells."""
        every = await self._releases()
        running = [r for r in reversed(every) if not r.ended]
        mine = [r for r in every if r.ended and actor in (r.started_by, *(c.by for c in r.consents))]
        return Home(
            running=tuple(running),
            waiting=tuple([r for r in running if await self._waits_for(r, actor)]),
            locks=tuple(await self._locks()),
            freezes=tuple(self._freezes()),
            recent=tuple(mine[:RECENT]),
        )

    async def _releases(self) -> list[Release]:
        """All there are, the newest first."""
        found = (s.release for s in await self.records.all())
        return sorted(found, key=lambda r: r.started_at, reverse=True)

    async def _waits_for(self, release: Release, actor: Actor) -> bool:
        """Whether a person is needed, this one may be it, and has not answered yet."""
        asks = release.state.value in ("asking", "holding") or release.pending > 0
        if not asks or any(c.by == actor for c in open_consents(release)):
            return False
        decisions = [Action(k.value) for k in release.intents() if k in _DECIDE]
        said = [await self.people.about(action, actor, release) for action in decisions]
        return any(isinstance(one, Allowed) for one in said)

    async def _locks(self) -> Sequence[Lock]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.locking.every()
        except (TimeoutError, ApiError, Away) as e:
            log.warning("the locks could not be looked at: %s", e)
            return ()

    def _freezes(self) -> Iterable[FrozenTime]:
        now = self.clock.now()
        for environment in self.environments:
            calendar = self.book.rules(environment, "").calendar
            if found := calendar.frozen(now):
                yield FrozenTime(environment, found.freeze.why, found.until)
            if coming := calendar.next_freeze(now):
                yield FrozenTime(environment, coming[0].why, coming[2], begins=coming[1])

    async def _snapshots(self, environments: Sequence[str]) -> dict[str, Snapshot]:
        """Those that could be looked at in time."""
        tasks = {name: self._look(name) for name in environments if name in self.clusters.places}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=PATIENCE)
        done = {name: task.result() for name, task in tasks.items() if task.done()}
        return {name: snapshot for name, snapshot in done.items() if snapshot is not None}

    def _look(self, environment: str) -> "asyncio.Task[Snapshot | None]":
        """One look for all who ask meanwhile, and for a while after."""
        running = self._looking.get(environment)
        if running is None or running.done():
            running = asyncio.create_task(self._looked(environment), name=f"looking at {environment}")
            self._looking[environment] = running
        return running

    async def _looked(self, environment: str) -> Snapshot | None:
        known = self._seen.get(environment)
        if known is not None and self.clock.now() - known[0] < REMEMBERED:
            return known[1]
        try:
            api, namespace = await self.clusters.at(environment)
            snapshot = await _read(api, namespace)
        except (ApiError, Away, KeyError, OSError) as e:
            log.warning("environment %s could not be looked at for a form: %s", environment, e)
            return known[1] if known else None
        self._seen[environment] = (self.clock.now(), snapshot)
        return snapshot


async def _read(api: Api, namespace: str) -> Snapshot:
    found: dict[Kind, dict[str, Obj]] = await listed(api, namespace, _LOOKED)
    return Snapshot(namespace, found)


def _newest(snapshot: Snapshot) -> list[Obj]:
    """Deployments and what they were, newest first."""
    every = [*snapshot.deployments(), *snapshot.all(REPLICASET)]
    return sorted(every, key=lambda o: str(meta(o).get("creationTimestamp") or ""), reverse=True)

"""What there is to release: each service of each environment with its version, its lock, and what somebody may do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.book import Book
from bot.cluster.clusters import Clusters
from bot.cluster.errors import ApiError
from bot.cluster.locks import Locks
from bot.cluster.records import Records
from bot.engine.consenting import Consenting
from bot.engine.planning import Planning
from bot.engine.queueing import Queueing
from bot.ports import Stock
from strategies import stock
from strategies.consent import Action
from strategies.locks import Lock
from strategies.queue import Place
from strategies.refusal import Refusal
from strategies.release import Actor, Release


@dataclass(frozen=True, slots=True)
class Surveying:
    """Looks; changes nothing and keeps nothing."""

    clusters: Clusters
    planning: Planning
    people: Consenting
    book: Book
    records: Records
    locks: Locks
    line: Queueing

    async def services(self, environment: str | None, actor: Actor) -> Sequence[Stock] | Refusal:
        """All of an environment, or of every one."""
        told: list[Stock] = []
        for name in [environment] if environment else list(self.clusters.places):
            found = await self._of(name, actor)
            if isinstance(found, Refusal):
                return found
            told += found
        return told

    async def _of(self, environment: str, actor: Actor) -> list[Stock] | Refusal:
        try:
            seen = await self.planning.see(environment)
        except ApiError as e:
            what = f"Namespace of `{environment}` cannot be looked at: {e}."
            return Refusal(code="rights", what=what, remedy="`/release doctor` says which right is missing.")
        if isinstance(seen, Refusal):
            return seen
        _, snapshot = seen
        running = await self.records.all()
        locked = await self._locked(environment)
        waiting = await self.line.paper.now()
        told = []
        for one in stock.of(snapshot):
            here = (environment, snapshot.namespace, one.base)
            may = await self.people.may(Action.START, actor, environment, one.service)
            release = _running((s.release for s in running if not s.release.ended), here)
            told.append(Stock(environment, one, release, locked.get(one.base), len(waiting.line(here)), may))
        return told

    async def _locked(self, environment: str) -> dict[str, Lock]:
        """The locks of people there, by family of Deployments."""
        api, namespace = await self.clusters.at(environment)
        now = self.people.clock.now()
        try:
            found = await self.locks.every(api, namespace)
        except ApiError:
            return {}
        return {f.lock.base: f.lock for f in found if f.lock is not None and f.lock.held(now)}


def _running(releases: Iterable[Release], here: Place) -> Release | None:
    return next((r for r in releases if (r.plan.environment, r.plan.namespace, r.plan.base) == here), None)

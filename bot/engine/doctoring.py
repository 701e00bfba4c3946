"""A look at the whole installation: each check by itself, so that one that fails hides no other. Changes nothing."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.book import Book
from bot.cluster import checkup as cluster
from bot.cluster.clusters import Clusters
from bot.cluster.errors import ApiError
from bot.cluster.leases import Leadership
from bot.cluster.records import Records
from bot.engine.looking import Looking
from bot.engine.planning import Planning
from bot.engine.timers import Timers
from strategies import checkup, stock
from strategies.checkup import Check
from strategies.refusal import Refusal

PROBED = 20  # services whose probe is tried, of one environment
PATIENCE = 10.0  # seconds for one check


class Examiner(Protocol):
    """Somebody who can say how a surface is."""

    async def look(self) -> Sequence[Check]:
        """What was found."""
        ...


@dataclass
class Doctoring:
    """`timers`, `leadership` and `examiners` are there where the process has them."""

    clusters: Clusters
    planning: Planning
    book: Book
    records: Records
    looking: Looking
    timers: Timers | None = None
    leadership: Leadership | None = None
    examiners: list[Examiner] = field(default_factory=list)

    async def doctor(self) -> Sequence[Check]:
        """All checks, in the order in which they are worth reading."""
        found = await asyncio.gather(
            self._tried("clock", cluster.clock(self.records.api)),
            self._tried("rights", self._home()),
            *(self._tried("rights", self._target(name)) for name in self.clusters.places),
            self._tried("records", self._records()),
            self._tried("engine", self._engine()),
            self._tried("timers", self._timers()),
            self._tried("policy", self._policy()),
            self._tried("admission", self._admission()),
            *(self._tried("Slack", one.look()) for one in self.examiners),
            *(self._tried("probe", self._probes(name)) for name in self.clusters.places),
        )
        return tuple(check for group in found for check in group)

    async def _tried(self, name: str, check: Awaitable[Check | Sequence[Check]]) -> Sequence[Check]:
        """One check; what it met on its way is what it found."""
        try:
            found = await asyncio.wait_for(check, PATIENCE)
        except TimeoutError:
            return [checkup.wrong(name, f"It took longer than {PATIENCE:.0f} s to find out.", "Try again.")]
        except (ApiError, OSError) as e:
            return [checkup.wrong(name, f"It could not be found out: {e}.", "Look at the API server.")]
        return [found] if isinstance(found, Check) else found

    async def _home(self) -> Check:
        home = self.records
        return await cluster.rights(home.api, home.namespace, cluster.HOME, "deploy/role.yaml")

    async def _target(self, environment: str) -> Check:
        api, namespace = await self.clusters.at(environment)
        return await cluster.rights(api, namespace, cluster.TARGET, f"deploy/target to `{namespace}`")

    async def _records(self) -> Check:
        return checkup.records(self.records.trouble, self.records.stale_since)

    async def _engine(self) -> Check | Sequence[Check]:
        if self.leadership is None:
            return []
        return checkup.engine(await self.leadership.leader(), ours=self.leadership.held)

    async def _timers(self) -> Check | Sequence[Check]:
        if self.timers is None:
            return []
        return checkup.lag(await self.timers.lag(), self.timers.troubles)

    async def _policy(self) -> Check:
        return checkup.policy(self.book.file, str(self.book.trouble or ""))

    async def _admission(self) -> Check:
        installed = await cluster.admission(self.records.api, self.records.namespace)
        return checkup.vouching(installed=installed)

    async def _probes(self, environment: str) -> Sequence[Check]:
        seen = await self.planning.see(environment)
        if isinstance(seen, Refusal):
            return [checkup.wrong("probe", seen.what, seen.remedy)]
        items = stock.of(seen[1])[:PROBED]
        return await asyncio.gather(*(self._probe(item.service, environment) for item in items))

    async def _probe(self, service: str, environment: str) -> Check:
        looked = await self.looking.between(service, environment, 1)
        if isinstance(looked, Refusal):
            return checkup.unknown("probe", f"{service} could not be asked: {looked.what}", looked.remedy)
        if looked.proxied:
            return checkup.no_probe(service)
        return checkup.probe(
            service, looked.tally.sent - looked.tally.lost, looked.tally.sent, looked.tally.error
        )

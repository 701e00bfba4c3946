"""A person's lock on the API server: whose it is, that it ends by itself, and that it lies beneath a release's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters, Place
from bot.cluster.locks import Found, Locks, Standing
from bot.engine.warden import Warden
from bot.playground.kube import EmbeddedCluster
from bot.ports import Silent
from strategies.locks import Lock
from strategies.objects import LEASE
from strategies.refusal import Refusal
from strategies.release import Actor

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ANA, BEN = Actor(id="U1", via="slack"), Actor(id="U2", via="slack")


@dataclass
class Scene:
    """An API server, a clock that is moved by hand, and what was told to whom."""

    cluster: EmbeddedCluster
    api: Api
    time: datetime = NOW
    running: set[str] = field(default_factory=set)
    told: list[Lock] = field(default_factory=list)
    silent: bool = False

    def now(self) -> datetime:
        """The present moment."""
        return self.time

    async def standing(self, holder: str) -> Standing:
        """Whether a release still needs its lock."""
        return "running" if holder in self.running else "ended"

    @property
    def locks(self) -> Locks:
        """As the desk has them."""
        return Locks(self.standing, self.now)

    @property
    def warden(self) -> Warden:
        """As the leader has it."""
        return Warden(Clusters(self.api, {"default": Place()}), self.locks, self, self.remind, lambda: True)

    async def remind(self, lock: Lock) -> None:
        """Tell its owner."""
        if self.silent:
            raise Silent("Slack is away")
        self.told.append(lock)

    async def lock(self, by: Actor = ANA, minutes: int = 120) -> Lock:
        """Somebody locks it."""
        lock = Lock(
            by=by,
            reason="load test",
            since=self.time,
            until=self.time + timedelta(minutes=minutes),
            service="web",
            environment="default",
            base="web",
        )
        assert await self.locks.put(self.api, "default", lock, await self.found())
        return lock

    async def found(self) -> Found | None:
        """The Lease as it stands."""
        return await self.locks.find(self.api, "default", "web")

    @property
    def holder(self) -> str:
        """Who holds the Lease."""
        lease = self.cluster.store.get(LEASE, "default", "graylight.web")
        return str(lease["spec"]["holderIdentity"]) if lease else ""

    async def take(self, release: str, *mine: str) -> Refusal | None:
        """A release begins."""
        return await self.locks.take(self.api, "default", "web", release, self.time, mine)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with _opened(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def _opened(tmp_path: Path) -> AsyncIterator[Scene]:
    async with EmbeddedCluster(ingress_port=0) as cluster:
        cluster.write_kubeconfig(tmp_path / "kubeconfig")
        api = await Api.connect(str(tmp_path / "kubeconfig"))
        try:
            yield Scene(cluster, api)
        finally:
            await api.close()


async def test_it_keeps_others_releases_out_and_lets_its_owners_in(scene: Scene) -> None:
    await scene.lock()
    refused = await scene.take("web-1", "person:U2")
    assert refused is not None
    assert refused.code == "locked"
    assert "locked by <@U1> until 2026-07-01 14:00 UTC: “load test”" in refused.what
    assert await scene.take("web-1", "person:U1") is None
    assert scene.holder == "web-1"


async def test_beneath_a_release_it_stays_and_is_the_persons_again_after_it(scene: Scene) -> None:
    lock = await scene.lock()
    scene.running.add("web-1")
    assert await scene.take("web-1", lock.holder) is None
    again = await scene.take("web-2", lock.holder)
    assert again is not None
    assert "web-1 is releasing" in again.what
    scene.running.clear()
    await scene.locks.give_back(scene.api, "default", "web", "web-1")
    assert scene.holder == "person:U1"


async def test_beneath_a_release_it_may_be_taken_and_given_back_and_the_release_keeps_its_own(
    scene: Scene,
) -> None:
    scene.running.add("web-1")
    assert await scene.take("web-1") is None
    await scene.lock()
    assert scene.holder == "web-1"
    found = await scene.locks.find(scene.api, "default", "web")
    assert found is not None
    assert await scene.locks.free(scene.api, "default", "web", found)
    assert scene.holder == "web-1"
    assert await scene.locks.every(scene.api, "default") == []
    await scene.locks.give_back(scene.api, "default", "web", "web-1")
    assert scene.holder == ""


async def test_from_its_end_on_it_keeps_nobody_out_though_nobody_took_it_away(scene: Scene) -> None:
    await scene.lock(minutes=30)
    scene.time += timedelta(minutes=30)
    assert await scene.take("web-1", "person:U2") is None
    await scene.locks.give_back(scene.api, "default", "web", "web-1")
    assert scene.holder == ""


async def test_of_two_writers_one_loses(scene: Scene) -> None:
    lock = await scene.lock()
    found = await scene.locks.find(scene.api, "default", "web")
    longer = lock.model_copy(update={"until": lock.until + timedelta(hours=1)})
    assert await scene.locks.put(scene.api, "default", longer, found)
    assert not await scene.locks.put(scene.api, "default", lock, found)
    assert found is not None
    assert not await scene.locks.free(scene.api, "default", "web", found)


async def test_its_owner_is_reminded_once_before_its_end_and_then_it_goes(scene: Scene) -> None:
    lock = await scene.lock(minutes=120)
    assert await scene.warden.sweep() == lock.remind_at == NOW + timedelta(minutes=110)
    assert scene.told == []
    scene.time = lock.remind_at
    assert await scene.warden.sweep() == lock.until
    assert await scene.warden.sweep() == lock.until
    assert [one.by for one in scene.told] == [ANA]
    scene.time = lock.until
    assert await scene.warden.sweep() is None
    assert scene.holder == ""


async def test_a_reminder_that_could_not_be_told_is_told_later(scene: Scene) -> None:
    lock = await scene.lock(minutes=20)
    scene.time, scene.silent = lock.remind_at, True
    assert lock.remind_at == NOW + timedelta(minutes=15)
    await scene.warden.sweep()
    scene.silent = False
    await scene.warden.sweep()
    assert len(scene.told) == 1


async def test_a_mark_that_cannot_be_read_is_no_lock(scene: Scene) -> None:
    await scene.lock()
    lease = scene.cluster.store.get(LEASE, "default", "graylight.web")
    assert lease is not None
    lease["metadata"]["annotations"]["graylight/lock"] = "{}"
    found = await scene.locks.find(scene.api, "default", "web")
    assert found is None or found.lock is None

"""Rows of the routes: through a real ingress, how soon a weight is true and proven, and how soon it is taken back.

The bare side writes the same canary Ingress as soon as the new pod is ready, and sees when users meet the new version:
what the router itself takes, in the same run. Graylight's side is from the write that its record names to the proof, and
from the click on Roll back to the last answer of the canary. Both take turns. A router that applies what it learns at most
every so often takes the next change sooner when it has been left alone: so both sides write right after a pod became ready
there, and both go back after the same rest.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from strategies.objects import INGRESS, SERVICE, Ref
from strategies.release import IntentKind, State
from tests.bench.bot import Bot
from tests.bench.load import Users, users
from tests.bench.switches import left, moment
from tests.bench.world import NEW, OLD, PATIENCE, PORT, Subject, World

DOOR = "GRAYLIGHT_TEST_INGRESS"  # host:port of an ingress of class nginx
NOTE = "nginx.ingress.kubernetes.io/canary"
LOOK = 0.02  # seconds between two looks at what users met
REST = 3.0  # seconds in which nothing is written: more than the slowest router here gathers changes


@dataclass(slots=True)
class Routed:
    """One side's seconds, there and back; the requests it sent for a whole release; what failed under load."""

    there: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def door() -> str:
    """Where users of the ingress go; empty where the cluster has none."""
    return os.environ.get(DOOR, "")


async def bare(world: World, runs: Routed) -> None:
    """The pods and their Service stand; then the canary Ingress is written, and deleted again."""
    async with world.subject(door=door()) as subject, _through(subject) as load:
        await moment(len(runs.there))
        await subject.create(NEW, 1)
        await _twin(subject)
        await world.ready(subject.marked(NEW), 1)
        begun = time.monotonic()
        ref = await _canary(subject)
        runs.there.append(await _met(load, begun))
        await _rest(len(runs.back))
        begun = time.monotonic()
        await subject.api.delete(ref)
        seconds, seen = await left(load, NEW, begun)
    runs.back.append(seconds)
    runs.failed += seen.failed


async def ours(world: World, bot: Bot, runs: Routed) -> None:
    """Up to the question at 25 %, then the click on Roll back."""
    async with world.subject(door=door()) as subject, _through(subject) as load:
        await moment(len(runs.there))
        ongoing = await bot.start(f"canary {subject.name} {NEW} --steps 25,100 --soak 0s")
        asking = await bot.until(ongoing, State.ASKING)
        assert asking.shifted_at is not None
        proven = next(e.at for e in asking.events if e.kind == "proven")
        runs.there.append((proven - asking.shifted_at).total_seconds())
        await _rest(len(runs.back))
        begun = time.monotonic()
        await bot.act(ongoing, IntentKind.ROLLBACK)
        seconds, _ = await left(load, NEW, begun)
        await bot.until(ongoing, State.ROLLED_BACK, sealed=True)
        seen = await load.report()
    runs.back.append(seconds)
    runs.failed += seen.failed


async def whole(world: World, bot: Bot, runs: Routed) -> None:
    """A whole release in two steps, whose requests are counted."""
    async with world.subject(door=door()) as subject, _through(subject) as load:
        ongoing = await bot.start(f"canary {subject.name} {NEW} --steps 25,100 --soak 0s --keep 0s --auto")
        runs.requests.append(await bot.ended(ongoing, State.PROMOTED))
        seen = await load.report()
    runs.failed += seen.failed


async def _rest(done: int) -> None:
    await asyncio.sleep(REST)  # the absence of writes can only be waited for
    await moment(done, 1)


@asynccontextmanager
async def _through(subject: Subject) -> AsyncIterator[Users]:
    """Users of the ingress, once it has learnt of the service: until then it answers 404, which is nobody's failure."""
    host, _, port = door().rpartition(":")
    async with users(int(port), host, subject.host) as load:
        await _met(load, 0.0, OLD)
        await load.clear()
        yield load


async def _twin(subject: Subject) -> None:
    spec = {"ports": [{"port": 8000, "targetPort": PORT}], "selector": subject.marked(NEW)}
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{subject.name}-canary"},
        "spec": spec,
    }
    await subject.api.create(SERVICE, subject.namespace, manifest)


async def _canary(subject: Subject) -> Ref:
    name = f"{subject.name}-canary"
    manifest = subject.ingress(name, name, {NOTE: "true", f"{NOTE}-weight": "25"})
    await subject.api.create(INGRESS, subject.namespace, manifest)
    return Ref(INGRESS, subject.namespace, name)


async def _met(load: Users, begun: float, version: str = NEW) -> float:
    """Seconds until the first user met this version."""
    async with asyncio.timeout(PATIENCE):
        while not (first := (await load.report()).first(version)):
            await asyncio.sleep(LOOK)
    return max(first - begun, 0.0)

"""Rows one to three: how soon users are where somebody sent them, by bare API calls and by Graylight.

Each measurement takes a fresh service, and bare and Graylight take turns. Times are seconds from the call to the last
answer of the version that was left, as clients outside saw it. A kubelet looks at its containers once a second, and a
service that has just come up knows when: so both sides begin at moments spread over that second, the same for both.
"""

import asyncio
import time
from dataclasses import dataclass, field

from strategies.release import IntentKind, State
from tests.bench.bot import Bot
from tests.bench.load import Seen, Users, users
from tests.bench.world import NEW, OLD, PODS, World

QUIET = 0.4  # seconds without an answer of the version that was left, until it counts as left
WARM = 0.3  # seconds of load before anything is measured
GOLDEN = 0.618034  # its multiples' fractions spread evenly, however many there are (H. Weyl, 1916)


@dataclass(slots=True)
class Runs:
    """Both sides' seconds, the requests Graylight sent for it, and what failed under load."""

    bare: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    parts: list[tuple[float, float]] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


async def left(load: Users, version: str, since: float) -> tuple[float, Seen]:
    """Seconds from `since` to the last answer of this version, once no other follows."""
    while True:
        seen = await load.report()
        if time.monotonic() - max(seen.last(version), since) > QUIET:
            return max(seen.last(version) - since, 0.0), seen
        await asyncio.sleep(QUIET / 4)  # what does not come any more can only be waited for


async def moment(done: int, part: int = 0) -> None:
    """Wait for the load to be steady, and for a moment of the kubelet's second that depends on how many runs are done."""
    await asyncio.sleep(WARM + ((done + part / 2) * GOLDEN) % 1)


async def bare_bluegreen(world: World, runs: Runs) -> None:
    """Green stands; then the selector is patched."""
    async with world.subject() as subject:
        await subject.create(NEW, PODS)
        await world.ready(subject.marked(NEW), PODS)
        async with users(subject.port) as load:
            await asyncio.sleep(WARM)
            begun = time.monotonic()
            await subject.select(subject.marked(NEW))
            seconds, seen = await left(load, OLD, begun)
        runs.bare.append(seconds)
        runs.failed += seen.failed


async def our_bluegreen(world: World, bot: Bot, runs: Runs) -> None:
    """Green stands and was checked; then somebody approves."""
    async with world.subject() as subject:
        ongoing = await bot.start(f"bluegreen {subject.name} {NEW} --keep 10m")
        await bot.until(ongoing, State.ASKING)
        async with users(subject.port) as load:
            await asyncio.sleep(WARM)
            begun = time.monotonic()
            await bot.act(ongoing, IntentKind.PROMOTE)
            await bot.until(ongoing, State.KEEPING)
            seconds, seen = await left(load, OLD, begun)
            await bot.act(ongoing, IntentKind.PROMOTE)
            runs.requests.append(await bot.ended(ongoing, State.PROMOTED))
            seen = await load.report()
        runs.ours.append(seconds)
        runs.failed += seen.failed


async def bare_canary(world: World, runs: Runs) -> None:
    """One pod beside three and a looser selector; after the approval two more pods and the new one's selector."""
    async with world.subject() as subject, users(subject.port) as load:
        await moment(len(runs.bare))
        begun = time.monotonic()
        await subject.create(NEW, 1)
        await world.ready(subject.marked(NEW), 1)
        await subject.select({"app": subject.name})
        asked = time.monotonic() - begun
        await moment(len(runs.bare), 1)
        begun = time.monotonic()
        await subject.scale(NEW, PODS)
        await world.ready(subject.marked(NEW), PODS)
        await subject.select(subject.marked(NEW))
        seconds, seen = await left(load, OLD, begun)
    runs.bare.append(asked + seconds)
    runs.parts.append((asked, seconds))
    runs.failed += seen.failed


async def our_canary(world: World, bot: Bot, runs: Runs) -> None:
    """The same from the click on Start to the question, and from the yes to the last old answer; both proven."""
    async with world.subject() as subject, users(subject.port) as load:
        await moment(len(runs.ours))
        command, plan = await bot.preview(f"canary {subject.name} {NEW} --steps 25,100 --soak 0s --keep 10m")
        begun = time.monotonic()
        ongoing = await bot.begin(command, plan)
        await bot.until(ongoing, State.ASKING)
        asked = time.monotonic() - begun
        await moment(len(runs.ours), 1)
        begun = time.monotonic()
        await bot.act(ongoing, IntentKind.PROMOTE)
        await bot.until(ongoing, State.KEEPING)
        seconds, seen = await left(load, OLD, begun)
        await bot.act(ongoing, IntentKind.PROMOTE)
        runs.requests.append(await bot.ended(ongoing, State.PROMOTED))
        seen = await load.report()
    runs.ours.append(asked + seconds)
    runs.parts.append((asked, seconds))
    runs.failed += seen.failed


async def bare_back(world: World, runs: Runs) -> None:
    """At 25 %: the selector goes back."""
    async with world.subject() as subject, users(subject.port) as load:
        await subject.create(NEW, 1)
        await world.ready(subject.marked(NEW), 1)
        await subject.select({"app": subject.name})
        await asyncio.sleep(2 * WARM)
        begun = time.monotonic()
        await subject.select(subject.marked(OLD))
        seconds, seen = await left(load, NEW, begun)
        assert seen.count(NEW), "the canary never answered"
    runs.bare.append(seconds)
    runs.failed += seen.failed


async def our_back(world: World, bot: Bot, runs: Runs) -> None:
    """At 25 %, proven: the click on Roll back."""
    async with world.subject() as subject, users(subject.port) as load:
        ongoing = await bot.start(f"canary {subject.name} {NEW} --steps 25,100 --soak 0s")
        await bot.until(ongoing, State.ASKING)
        await asyncio.sleep(WARM)
        since = bot.api.requests.copy()
        begun = time.monotonic()
        await bot.act(ongoing, IntentKind.ROLLBACK)
        await bot.until(ongoing, State.ROLLED_BACK, sealed=True)
        runs.requests.append(bot.sent(since))
        seconds, seen = await left(load, NEW, begun)
        assert seen.count(NEW), "the canary never answered"
    runs.ours.append(seconds)
    runs.failed += seen.failed

"""Requests that are only counted: releases in place, whose bare calls nobody would compare, and an idle bot."""

import asyncio
from collections import Counter

from strategies.release import IntentKind, State
from tests.bench.bot import Bot
from tests.bench.load import users
from tests.bench.world import NEW, World

IDLE = 20.0  # seconds of looking at a bot that has nothing to do
QUIET = ("watch", "lease")  # what it may send all the same


async def in_place(world: World, bot: Bot, line: str, requests: list[int], failed: list[str]) -> None:
    """A whole release where no label tells versions: `line` with `{}` for the service; its requests are what counts."""
    async with world.subject(versioned=False) as subject, users(subject.port) as load:
        ongoing = await bot.start(line.format(subject.name))
        while (
            await bot.until(ongoing, State.ASKING, State.KEEPING, State.PROMOTED)
        ).state is not State.PROMOTED:
            await bot.act(ongoing, IntentKind.PROMOTE)
        requests.append(await bot.ended(ongoing, State.PROMOTED))
        failed += (await load.report()).failed


async def in_place_back(world: World, bot: Bot, requests: list[int], failed: list[str]) -> None:
    """The same, rolled back at 25 %."""
    async with world.subject(versioned=False) as subject, users(subject.port) as load:
        ongoing = await bot.start(f"canary {subject.name} {NEW} --steps 25,100 --soak 0s")
        await bot.until(ongoing, State.ASKING)
        since = bot.api.requests.copy()
        await bot.act(ongoing, IntentKind.ROLLBACK)
        await bot.until(ongoing, State.ROLLED_BACK, sealed=True)
        requests.append(bot.sent(since))
        failed += (await load.report()).failed


async def idle(bot: Bot) -> tuple[float, Counter[str]]:
    """Requests per second that are neither watches nor lease renewals, and all of them by purpose."""
    before = bot.api.requests.copy()
    await asyncio.sleep(IDLE)  # what is measured is that nothing happens
    sent = bot.api.requests - before
    return sum(n for purpose, n in sent.items() if purpose not in QUIET) / IDLE, sent

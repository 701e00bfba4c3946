"""Stories run with next to no lags, and each process's tasks and requests known.

`slow` ones (every point of every scenario) run where they are asked for: `pytest -m slow`.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.stories.manifests import Service
from tests.stories.person import supervised
from tests.stories.world import World, hurry, opened

Opening = Callable[..., Awaitable[World]]


@pytest.fixture(autouse=True)
async def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SSL_CERT_FILE", os.devnull
    )  # plain HTTP: loading the trust store costs 40 ms a client
    hurry(monkeypatch)


@pytest.fixture
async def opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opening]:
    """Opens a world with a service in it and one bot, which a kubelet starts again when it dies."""
    async with AsyncExitStack() as stack:

        async def made(service: Service, *, bots: int = 1, **more: Any) -> World:
            world = await stack.enter_async_context(opened(tmp_path, monkeypatch, service, **more))
            if bots == 1:
                kubelet = asyncio.create_task(supervised(world))
                stack.push_async_callback(_cancelled, kubelet)
            await world.until(lambda: bots != 1 or (bool(world.bots) and world.bot.leading), "a bot leads")
            return world

        yield made


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

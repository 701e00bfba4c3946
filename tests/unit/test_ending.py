"""Whoever ends a task does not wait for ever when its cancellation is lost."""

import asyncio

import pytest

from bot import ending
from bot.ending import ended


async def test_a_task_that_takes_its_cancellation_for_a_time_out_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "AGAIN", 0.01)
    heard = 0
    begun = asyncio.Event()

    async def deaf() -> None:
        nonlocal heard
        while True:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1
                if heard > 1:
                    raise

    task = asyncio.create_task(deaf())
    await begun.wait()
    await ended(task)
    assert task.cancelled()
    assert heard == 2


async def test_what_a_task_raised_is_not_raised_where_it_is_ended() -> None:
    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    task = asyncio.create_task(breaks())
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    await ended(task, done)
    assert isinstance(task.exception(), ValueError)

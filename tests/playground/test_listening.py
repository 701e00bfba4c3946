"""A pod that is deleted at the moment its program begins to listen leaves no socket behind."""

import asyncio
import gc
import warnings

import pytest

from bot.playground.kube.demo import Program
from bot.playground.kube.images import Behaviour


@pytest.mark.parametrize("ticks", range(8))
async def test_a_program_that_is_stopped_while_it_starts_listens_nowhere(ticks: int) -> None:
    program = Program(Behaviour(), "127.99.0.7", (60001,))
    starting = asyncio.ensure_future(program.start())
    for _ in range(ticks):
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    await program.stop()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(w.message) for w in said] == []
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.99.0.7", 60001)

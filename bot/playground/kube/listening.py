"""Beginning to listen, wholly: a task that is cancelled meanwhile still has its listener, and so can close it.

asyncio's `create_server` listens before it returns; cancelled in between, it leaves a socket that nobody knows.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def wholly(begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Wait for `begin` to its end, whatever happens to the one who waits; a cancellation goes on after it."""
    task = asyncio.ensure_future(begin())
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise

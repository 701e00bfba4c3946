"""Ending tasks for good.

A cancellation that reaches a request in the moment its own time-out strikes is taken for that time-out and lost: the
task goes on, and whoever waits for its end waits for ever. So it is said again until it was heard.
"""

import asyncio
from typing import Any

AGAIN = 2.0  # seconds that a task has for leaving in good order before it is told once more


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel them and wait until all are over; what one of them raised meanwhile is not raised here."""
    left = {t for t in tasks if not t.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen: asyncio need not complain that nobody looked

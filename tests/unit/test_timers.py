"""Alarms ring on the event loop: what they wake is not made for other threads."""

import asyncio
import threading
from datetime import UTC, datetime

from bot.engine.timers import Timers


async def test_an_alarm_rings_on_the_event_loop_it_was_set_on() -> None:
    timers, rung, where = Timers(), asyncio.Event(), list[threading.Thread]()

    def ring() -> None:
        where.append(threading.current_thread())
        asyncio.get_running_loop()  # raises in any other thread
        rung.set()

    timers.start()
    try:
        timers.at("soon", datetime.now(UTC), ring)
        await asyncio.wait_for(rung.wait(), 5)
    finally:
        timers.stop()
    assert where == [threading.current_thread()]
    assert timers.troubles == 0

"""Waking up when something is due: one APScheduler, in memory, UTC.

When something is due is part of a release's record; a job only wakes a loop, and is made anew from the record after a
restart. So a job that is lost, late or doubled changes nothing but the moment.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from logging import getLogger
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = getLogger(__name__)


class Timers:
    """Named alarms; setting one again moves it."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self.troubles = 0
        self._scheduler.add_listener(
            self._noticed, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Forget every alarm."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def at(self, name: str, when: datetime, call: Callable[[], None]) -> None:
        """Call once at this moment, or now where it has passed."""
        self._scheduler.add_job(_here, "date", [call], run_date=when, id=name, replace_existing=True)

    def every(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Call again and again: the sweep that catches a lost wake-up."""
        self._scheduler.add_job(_here, "interval", [call], seconds=seconds, id=name, replace_existing=True)

    async def lag(self) -> float:
        """Seconds until an alarm rings that is set for now."""
        rang, begun = asyncio.Event(), time.monotonic()
        self.at(f"lag {begun}", datetime.now(UTC), rang.set)
        await rang.wait()
        return time.monotonic() - begun

    def forget(self, name: str) -> None:
        """No alarm of this name any more."""
        if self._scheduler.get_job(name):
            self._scheduler.remove_job(name)

    def _noticed(self, event: Any) -> None:
        self.troubles += 1
        log.warning(
            "timer %s: %s", event.job_id, getattr(event, "exception", None) or "missed or still running"
        )


async def _here(call: Callable[[], None]) -> None:
    """On the event loop: what is no coroutine would be called in a thread of the scheduler's."""
    call()

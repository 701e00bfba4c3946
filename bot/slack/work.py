"""What goes on after an acknowledgement: kept until it is done, and never ending in silence.

The one wide `except` of this package: whatever a use-case raises is logged in full and told in a sentence.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any

from bot.ports import Away
from bot.slack import answers, words
from bot.slack.reply import Reply

log = getLogger(__name__)
REMEMBERED = 2000  # deliveries; Slack sends an event again for about five minutes


@dataclass(slots=True)
class Work:
    """Tasks under way, and the deliveries that were taken on: each is worked on once."""

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _taken: "OrderedDict[str, None]" = field(default_factory=OrderedDict)

    def take(self, delivery: str, reply: Reply, use_case: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begins, unless this delivery has come before."""
        if delivery in self._taken:
            log.info("delivery %s has come before", delivery)
            return
        self._taken[delivery] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        task = asyncio.create_task(self._guard(delivery, reply, use_case))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(
        self, delivery: str, reply: Reply, use_case: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            await use_case()
        except Away as e:
            log.warning("what %s asked for met a cluster that does not answer: %s", reply.user, e)
            await reply.private(answers.sentence(words.cluster_away()))
        except Exception:
            reference = hashlib.sha256(delivery.encode()).hexdigest()[:8]
            log.exception("%s: what %s asked for failed", reference, reply.user)
            await reply.private(answers.sentence(words.broke(reference)))

    async def close(self, patience: float = 2.0) -> None:
        """Lets what is under way finish for a moment, then ends it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

"""Home tabs: published when somebody opens theirs, and again, now and then, while releases change.

Talks to Slack (views.publish). Slack does not say when a tab is closed, so it is kept up for a while after it was opened,
for so many people at most: Slack takes about a hundred a minute.
"""

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import getLogger

from bot.board import Board
from bot.ports import Away, Clock
from bot.slack import home
from bot.slack.client import Failed, call
from bot.slack.commands import Commands
from strategies.release import Actor

log = getLogger(__name__)

MOST = 20  # people whose tab is kept up
KEPT = 1800.0  # seconds after it was opened
EVERY = 15.0  # seconds between two rounds: at most 80 calls a minute


@dataclass(slots=True)
class Tabs:
    """The tabs that somebody may be looking at."""

    commands: Commands
    board: Board
    clock: Clock
    every: float = EVERY
    monotonic: Callable[[], float] = time.monotonic
    _open: "OrderedDict[str, float]" = field(default_factory=OrderedDict)
    _shown: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def opened(self, user: str) -> None:
        """Published at once. Raises what the cluster raises: the work's guard tells it."""
        self._open[user] = self.monotonic()
        self._open.move_to_end(user)
        while len(self._open) > MOST:
            self._shown.pop(self._open.popitem(last=False)[0], None)
        self._shown.pop(user, None)
        await self._publish(user)

    def changed(self) -> None:
        """Some release did."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled: a round for everybody once something changed, with a pause after it."""
        while True:
            await self._news.wait()
            self._news.clear()
            for user, since in list(self._open.items()):
                if self.monotonic() - since > KEPT:
                    self._open.pop(user, None)
                    self._shown.pop(user, None)
                    continue
                try:
                    await self._publish(user)
                except (Failed, Away) as e:
                    log.warning("the Home tab of %s could not be brought up to date: %s", user, e)
            await asyncio.sleep(self.every)  # the bound on how often, not a wait for anything

    async def _publish(self, user: str) -> None:
        """As it is now, unless it says so already."""
        if refused := await self.commands.people.refusal(user):
            view = home.shut(refused)
        else:
            found = await self.board.home(Actor(id=user, via="slack"))
            links = {r.id: self.commands.link(r) for r in (*found.running, *found.waiting)}
            view = home.home(found, links, self.clock.now())
        stamp = hashlib.sha256(json.dumps(view["blocks"][:-1], sort_keys=True).encode()).hexdigest()
        if self._shown.get(user) == stamp:
            return
        await call(self.commands.identity.client.views_publish(user_id=user, view=view))
        self._shown[user] = stamp

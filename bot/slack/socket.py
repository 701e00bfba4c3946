"""Socket Mode: one connection, kept; a connection that looks well and carries nothing is replaced.

Talks to Slack over a websocket (`link.py`), replaced without a gap when Slack refreshes it. A token that Slack refuses is
an error at once; an absent Slack is waited for. A silent one is replaced within a minute: Slack pings every socket that it
serves, so one that only answers our pings is as silent as one that does not.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger

from bot.slack.app import SlackApp
from bot.slack.client import Client, Failed, Unwelcome, call, web_client
from bot.slack.identity import NotWelcome
from bot.slack.link import Handler

log = getLogger(__name__)

PING = 5.0  # seconds between pings
DEAF = 40.0  # seconds without a sign of life, after which the connection is replaced
LOOKS = 8  # in that time: with those and the time to connect it is replaced within a minute
FIRST = 10.0  # seconds that `connect` waits for the first connection before it goes on without


@dataclass(slots=True)
class Connection:
    """A running connection; `close()` ends it, and what the app still works on."""

    app: SlackApp
    handler: Handler
    deaf: float
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def age(self) -> float:
        """Seconds since the last sign that Slack serves this socket."""
        link = self.handler.client
        return link.monotonic() - (link.answered if link.served is None else link.served)

    @property
    def connected(self) -> bool:
        """Whether a socket is open and was heard of lately."""
        session = self.handler.client.current_session
        return session is not None and not session.closed and self.age < self.deaf

    async def close(self) -> None:
        """No more requests; those under way may finish for a moment."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        await self.app.work.close()
        if isinstance(self.app.client, Client):
            await self.app.client.close()

    async def begin(self) -> None:
        """Connects, trying until it succeeds."""
        self.handler.client.fresh()
        await self.handler.client.open()

    async def watch(self) -> None:
        """Replaces a connection that has gone deaf, until cancelled."""
        while True:
            await asyncio.sleep(self.deaf / LOOKS)
            await self.look()

    async def look(self) -> None:
        """One look of the watch."""
        if self.age < self.deaf:
            return
        log.warning("nothing heard from Slack for %.0f s: connecting anew", self.age)
        self.handler.client.fresh()
        try:
            await self.handler.client.replace()
        except Exception:  # the watchdog's guard: it must outlive any failure to connect
            log.exception("could not connect to Slack; trying again")


async def connect(
    app: SlackApp,
    app_token: str,
    base_url: str | None = None,
    *,
    deaf: float = DEAF,
    ping: float = PING,
) -> Connection:
    """A connection, up unless Slack is away (then it comes up later). Raises NotWelcome for a refused token."""
    await _welcome(app, app_token, base_url)
    connection = Connection(app, Handler(app, app_token, ping=ping), deaf)
    first = asyncio.create_task(connection.begin(), name="connecting to Slack")
    await asyncio.wait({first}, timeout=FIRST)
    if not first.done():
        log.warning("Slack does not answer; going on without it until it does")
    connection._tasks += [first, asyncio.create_task(connection.watch(), name="watching Slack's socket")]  # noqa: SLF001 - its own factory
    return connection


async def _welcome(app: SlackApp, app_token: str, base_url: str | None) -> None:
    """Both tokens are tried first: the socket client would retry a refused one for ever."""
    await app.identity.welcome()
    probe = web_client("", base_url or app.client.base_url, retries=0)
    try:
        await call(probe.apps_connections_open(app_token=app_token))
    except Failed as e:
        if isinstance(e, Unwelcome) or e.code in ("not_allowed_token_type", "missing_scope"):
            raise NotWelcome(f"Slack refuses the app token (SLACK_APP_TOKEN): {e.code}") from e
        log.warning("Slack gave no address for a socket: %s", e)
    finally:
        await probe.close()

"""`/healthz` and `/readyz`: alive as long as the event loop turns, ready once the records are watched.

In HTTP mode Slack comes in by the same door: `slack` is then what answers its requests at `/slack/events`.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from aiohttp import web

SLACK: Final = "/slack/events"
Answer = Callable[[web.Request], Awaitable[web.Response]]


class Health:
    """A small server on `host:port`; set `ready` when the process can serve people.

    With `http` there is a door for Slack too: busy until `slack` is set.
    """

    def __init__(self, listen: str, *, http: bool = False) -> None:
        host, _, port = listen.rpartition(":")
        self._host, self._port = host.strip("[]") or "127.0.0.1", int(port)
        self.ready = False
        self.slack: Answer | None = None
        app = web.Application()
        app.add_routes([web.get("/healthz", self._alive), web.get("/readyz", self._can_serve)])
        if http:
            app.add_routes([web.post(SLACK, self._asked)])
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    @property
    def url(self) -> str:
        """Where it listens; with port 0 the system has chosen."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _alive(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _can_serve(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n") if self.ready else web.Response(text="starting\n", status=503)

    async def _asked(self, request: web.Request) -> web.Response:
        """Slack's; it sends events again that came too early."""
        if self.slack is None:
            return web.Response(text="starting\n", status=503)
        return await self.slack(request)

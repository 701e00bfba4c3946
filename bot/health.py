"""`/healthz` and `/readyz`: alive as long as the event loop turns, ready once the records are watched."""

from types import TracebackType
from typing import Self

from aiohttp import web


class Health:
    """A small server on `host:port`; set `ready` when the process can serve people."""

    def __init__(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self._host, self._port = host.strip("[]") or "127.0.0.1", int(port)
        self.ready = False
        app = web.Application()
        app.add_routes([web.get("/healthz", self._alive), web.get("/readyz", self._can_serve)])
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _alive(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _can_serve(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n") if self.ready else web.Response(text="starting\n", status=503)

"""The loopback port of the stand-in: opened, refused while Slack is away, opened again at the same number.

While away the port stays bound without listening, so that connections are refused and nobody else takes it.
"""

import socket
from dataclasses import dataclass

from aiohttp import web


@dataclass(slots=True)
class Listener:
    """Serves an application on 127.0.0.1; port 0 lets the kernel choose, once."""

    application: web.Application
    port: int
    _runner: web.AppRunner | None = None
    _bound: socket.socket | None = None

    async def start(self) -> None:
        """Binds and serves."""
        # A test's stop should not wait for clients that keep their connection.
        self._runner = web.AppRunner(self.application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.back()

    async def back(self) -> None:
        """Listens (again)."""
        assert self._runner is not None, "not started"  # noqa: S101 - a wrong call of the test, not input
        await web.SockSite(self._runner, self._bind()).start()

    async def away(self) -> None:
        """Refuses every new connection and cuts the present ones."""
        if self._runner is None:
            return
        for site in list(self._runner.sites):
            await site.stop()
        self._cut()
        self._bind()

    def _cut(self) -> None:
        if self._runner is not None and self._runner.server is not None:
            for connection in list(self._runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    def _bind(self) -> socket.socket:
        if self._bound is not None:
            self._bound.close()
        self._bound = socket.socket()
        self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound.bind(("127.0.0.1", self.port))
        self.port = self._bound.getsockname()[1]
        return self._bound

    async def stop(self) -> None:
        """Ends all connections and frees the port."""
        if self._runner is not None:
            self._cut()
            await self._runner.cleanup()
        if self._bound is not None:
            self._bound.close()

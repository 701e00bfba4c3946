"""The program in a pod: a real HTTP server that answers as the demo container does.

`POST /hello {"name": "x"}` answers `{"message": "<mark>Hello x from <pod>:50009"}` with X-Version; `GET /healthz`.
"""

import asyncio
import json
import random

from aiohttp import web

from bot.playground.kube.images import Behaviour
from bot.playground.kube.listening import wholly


class Program:
    """One container's process."""

    def __init__(self, behaviour: Behaviour, address: str, ports: tuple[int, ...]) -> None:
        self._behaviour = behaviour
        self._address = address
        self._wanted = ports
        self._runner: web.ServerRunner | None = None
        self.ports: tuple[int, ...] = ()
        self.served = 0

    async def start(self) -> None:
        """Listen on its ports; one that another container of the pod has is left to that one."""
        await wholly(self._listen)

    async def _listen(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        for port in self._wanted:
            try:
                await web.TCPSite(self._runner, self._address, port, reuse_address=True).start()
            except OSError:
                continue  # as in a pod: the second process on a port does not get it, and nobody else needs to know
            self.ports += (port,)

    async def stop(self) -> None:
        """Stop listening, let requests under way finish, and end."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        self.ports = ()

    def health(self, path: str) -> int:
        """The status a probe would get: answered here so that probes cost no sockets."""
        if path.partition("?")[0] == "/healthz":
            return 200 if self._behaviour.healthy else 503
        return 200 if path == "/hello" else 404

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.served += 1
        if request.path == "/healthz":
            return web.Response(status=self.health("/healthz"), text="ok" if self._behaviour.healthy else "")
        if request.path != "/hello":
            return web.Response(status=404, text="404 page not found\n")
        if self._behaviour.delay:
            await asyncio.sleep(self._behaviour.delay)
        headers = {"X-Version": self._behaviour.version, "Content-Type": "application/json"}
        if random.random() < self._behaviour.fail_rate:  # noqa: S311  # a draw, not a secret
            return web.Response(status=500, body=b'{"error":"boom"}', headers=headers)
        message = f"{self._behaviour.mark}Hello {await _name(request)} from {self._address}:50009"
        body = json.dumps({"message": message}, separators=(",", ":")) + "\n"
        return web.Response(body=body.encode(), headers=headers)


async def _name(request: web.BaseRequest) -> str:
    try:
        said = json.loads(await request.read())
    except ValueError:
        return ""
    return str(said.get("name", "")) if isinstance(said, dict) else ""

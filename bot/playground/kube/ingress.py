"""The ingress: one listener that serves Ingresses of class nginx and HTTPRoutes, pod by pod from EndpointSlices.

Its view of routes is as old as `lag` seconds, so that what a real ingress shows late can be shown late here too. It
writes the conditions of Gateways and HTTPRoutes.
"""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import aiohttp
from aiohttp import web

from bot.playground.kube.endpoints import Endpoint, ready_endpoints, service_port
from bot.playground.kube.gateways import attached
from bot.playground.kube.kinds import GATEWAY
from bot.playground.kube.matching import (
    Backend,
    Request,
    Rule,
    Shares,
    find,
    ingress_rules,
    route_rules,
    served_by_us,
)
from bot.playground.kube.store import Change, Store
from strategies.objects import ENDPOINTSLICE, HTTPROUTE, INGRESS, INGRESS_CLASS, SERVICE, Obj

_SEEN = (INGRESS, INGRESS_CLASS, HTTPROUTE, GATEWAY, SERVICE, ENDPOINTSLICE)
_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "content-length",
        "date",
        "server",
    }
)
_BACKLOG = 512


class Ingress:
    """Listens on 127.0.0.1, at the wished port or, where that is taken, another."""

    def __init__(self, store: Store, lag: float) -> None:
        self._store = store
        self._lag = lag
        self._rules: list[Rule] = []
        self._endpoints: dict[Backend, list[Endpoint] | None] = {}
        self._shares = Shares()
        self._due: asyncio.TimerHandle | None = None
        self._session: aiohttp.ClientSession | None = None
        self._turn: dict[Backend, int] = {}
        self.port = 0

    async def start(self, wished: int) -> None:
        """Listen."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", wished))
        except OSError:
            sock.bind(("127.0.0.1", 0))
        sock.listen(_BACKLOG)
        self.port = int(sock.getsockname()[1])
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()
        self._stop = self._store.subscribe(self._heard)

    async def close(self) -> None:
        """Stop listening."""
        self._stop()
        if self._due:
            self._due.cancel()
        await self._runner.cleanup()
        if self._session:
            await self._session.close()

    def _heard(self, change: Change) -> None:
        if change.kind in _SEEN and self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._lag, self._read)

    def _read(self) -> None:
        """Take the present state as the view."""
        self._due = None
        classes = self._store.all(INGRESS_CLASS)
        ours = [i for i in self._store.all(INGRESS) if served_by_us(i, classes)]
        routes = [r for r in self._store.all(HTTPROUTE) if attached(self._store, r)]
        self._rules = [*ingress_rules(ours), *route_rules(routes)]
        backends = {b for r in self._rules for b in r.backends} | {
            r.canary.backend for r in self._rules if r.canary
        }
        self._endpoints = {_plain(b): self._find(b) for b in backends}

    def _find(self, backend: Backend) -> list[Endpoint] | None:
        """The ready endpoints of a backend; None where there is no such Service or port."""
        service = self._store.get(SERVICE, backend.namespace, backend.service)
        port = service_port(service, backend.port) if service else None
        return (
            None if port is None else ready_endpoints(self._store, backend.namespace, backend.service, port)
        )

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = _asked(request)
        rule = find(self._rules, asked)
        if rule is None:
            return web.Response(status=404, text="404 page not found\n")
        backend = self._choose(rule, asked)
        endpoints = self._endpoints.get(_plain(backend)) if backend else None
        if backend is None or endpoints is None:
            return web.Response(status=500, text="no such backend\n")
        if not endpoints:
            return web.Response(status=503, text="no available server\n")
        turn = self._turn[_plain(backend)] = self._turn.get(_plain(backend), -1) + 1
        return await self._forward(
            request, endpoints[turn % len(endpoints)], [*rule.filters, *backend.filters]
        )

    def _choose(self, rule: Rule, asked: Request) -> Backend | None:
        canary = rule.canary
        if canary:
            verdict = canary.decides(asked)
            if verdict is None:
                weight = min(canary.weight, canary.total)
                verdict = self._shares.draw(rule.key, [canary.total - weight, weight]) == 1
            return canary.backend if verdict else rule.backends[0]
        chosen = self._shares.draw(rule.key, [b.weight for b in rule.backends])
        return None if chosen is None else rule.backends[chosen]

    async def _forward(
        self, request: web.BaseRequest, to: Endpoint, filters: list[Obj]
    ) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        _modify(headers, filters, "requestHeaderModifier")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        url = f"http://{to.host}:{to.port}{request.rel_url.raw_path_qs}"
        body = await request.read() or None
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
                _modify(kept, filters, "responseHeaderModifier")
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except (aiohttp.ClientError, OSError):
            return web.Response(status=502, text="Bad Gateway")


def _plain(backend: Backend) -> Backend:
    """The backend without what differs from rule to rule."""
    return Backend(backend.namespace, backend.service, backend.port)


def _asked(request: web.BaseRequest) -> Request:
    cookies: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        cookies.load(request.headers.get("Cookie", ""))
    return Request(
        method=request.method,
        host=(request.host or "").partition(":")[0],
        path=request.rel_url.path,
        headers=request.headers,
        cookies={k: v.value for k, v in cookies.items()},
        query=request.query,
    )


def _modify(headers: dict[str, str], filters: list[Obj], which: str) -> None:
    """Carry out header filters: set and add alike, then remove."""
    for one in filters:
        change: Mapping[str, list[Obj]] = one.get(which) or {}
        for header in [*(change.get("set") or []), *(change.get("add") or [])]:
            headers[header["name"]] = header["value"]
        for name in change.get("remove") or []:
            for held in [h for h in headers if h.lower() == str(name).lower()]:
                del headers[held]

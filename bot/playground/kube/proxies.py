"""The API server's proxies to pods and Services, and pod logs."""

import random
from collections.abc import Mapping

import aiohttp
from aiohttp import web

from bot.playground.kube.answers import Refusal, not_found, unavailable
from bot.playground.kube.endpoints import ready_endpoints, service_port
from bot.playground.kube.kubelet import Kubelet
from bot.playground.kube.requests import Target
from bot.playground.kube.store import Store
from strategies.objects import POD, at, name_of

_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
)
_ANSWER_HOP = _HOP | {"content-encoding", "server", "date"}


class Proxies:
    """Forwards to pods: straight, or by a ready endpoint of a Service drawn at random."""

    def __init__(self, store: Store, kubelet: Kubelet) -> None:
        self._store = store
        self._kubelet = kubelet
        self._session: aiohttp.ClientSession | None = None

    def log(self, target: Target, query: Mapping[str, str]) -> str:
        """A container's last lines."""
        pod = self._store.get(POD, target.namespace, target.name)
        if pod is None:
            raise not_found(target.resource, target.name)
        return self._kubelet.log_of(pod, query)

    async def proxy(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Forward; Refusal 404 without the object, 503 where nobody answers."""
        host, port = self._address(target)
        raw = request.rel_url.raw_path
        rest = raw[raw.index("/proxy", raw.index(target.resource.kind.plural)) + len("/proxy") :] or "/"
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in (*_HOP, "authorization")}
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False)
        try:
            async with self._session.request(
                request.method,
                f"http://{host}:{port}{rest}{query}",
                headers=headers,
                data=await request.read() or None,
                allow_redirects=False,
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _ANSWER_HOP}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except aiohttp.ClientError as e:
            raise unavailable(f"error trying to reach service: {e}") from e

    def _address(self, target: Target) -> tuple[str, int]:
        parts = target.name.split(":")
        scheme_free = parts[1:] if parts[0] in ("http", "https") and len(parts) > 2 else parts  # noqa: PLR2004  # scheme, name, port
        name, port = scheme_free[0], scheme_free[1] if len(scheme_free) > 1 else ""
        found = self._store.get(target.resource.kind, target.namespace, name)
        if found is None:
            raise not_found(target.resource, name)
        if target.resource.kind == POD:
            address = at(found, "status", "podIP")
            if not address:
                raise Refusal(400, "BadRequest", "address not allowed")
            return str(address), int(port or 80)
        wanted = service_port(found, port)
        if wanted is None and port:
            raise unavailable(f'no service port {port} found for service "{name}"')
        endpoints = ready_endpoints(self._store, target.namespace, name_of(found), wanted or {})
        if not endpoints:
            raise unavailable(f'no endpoints available for service "{name}"')
        chosen = random.choice(endpoints)  # noqa: S311  # a draw, not a secret
        return chosen.host, chosen.port

    async def close(self) -> None:
        """Close the connections to pods."""
        if self._session:
            await self._session.close()

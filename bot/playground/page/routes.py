"""Serves the page, pushes to it, and takes what people do on it.

`GET /` the page, `GET /static/…` its parts, `GET /events?user=U1` a stream of server-sent events (`slack`:
see `state.py`; `cluster`: see `routes`; `trouble`: `{words}`), `POST /act`: see `acts.py`.
Invariants: the browser asks for nothing twice, it is told; nothing is fetched from elsewhere; only this page's
own origin may act.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from aiohttp import web
from pydantic import ValidationError

from bot.playground.page.acts import Act, carry_out
from bot.playground.page.state import seen
from bot.playground.slack import SlackStandIn
from bot.playground.slack.signal import Signal

STATIC: Final = Path(__file__).parent / "static"
SAMPLED: Final = 1.0  # seconds between two looks at a cluster that does not tell of its changes
BEAT: Final = 15.0  # seconds after which a silent stream says that it lives
ClusterView: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def routes(
    slack: SlackStandIn, cluster_view: ClusterView, cluster_changed: Signal | None = None
) -> list[web.RouteDef]:
    """The page's routes, to be added to any application.

    `cluster_view()` gives `{"deployments": [{"name", "image", "replicas", "pods": [{"name", "ip", "ready",
    "phase", "reason"?, "version"?}]}], "services": [{"name", "selector": {key: value}, "type", "versions"?}],
    "samples": {"v5": 30}}`.
    A pod's `phase` is Kubernetes', or `Terminating`; `reason` (such as `CrashLoopBackOff`) is shown in its
    stead; a Service's `versions` are those of the pods it selects. `samples` counts the latest answers of each
    version, keyed like the images' tags, and those that are no version's as `errors` and `unnamed`. With
    `cluster_changed` it is asked for after each tick, without it once a second while a page is open; an
    OSError of it is told on the page. Open pages hold their stream: give the runner a short `shutdown_timeout`.
    """
    page = _Page(slack, cluster_view, cluster_changed)
    return [
        web.get("/", page.index),
        web.get("/events", page.events),
        web.post("/act", page.act),
        web.get("/static/{name}", page.part),
    ]


@dataclass(frozen=True, slots=True)
class _Page:
    slack: SlackStandIn
    cluster_view: ClusterView
    cluster_changed: Signal | None

    async def index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html", headers=_HEADERS)

    async def part(self, request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        if name not in {path.name for path in STATIC.iterdir()}:
            raise web.HTTPNotFound
        return web.FileResponse(STATIC / name, headers=_HEADERS)

    async def act(self, request: web.Request) -> web.Response:
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="only this page may act")
        try:
            act = Act.model_validate_json(await request.read())
        except ValidationError as wrong:
            raise web.HTTPBadRequest(text=str(wrong)) from wrong
        if act.user not in self.slack.people:
            raise web.HTTPBadRequest(text=f"nobody is {act.user}")
        return web.json_response(await carry_out(self.slack, act))

    async def events(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", "U1")
        if user not in self.slack.people:
            raise web.HTTPBadRequest(text=f"nobody is {user}")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        lines: asyncio.Queue[str] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                for source in (self._channel(user), self._cluster(), _beat()):
                    group.create_task(_copy(source, lines))
                while True:
                    await stream.write((await lines.get()).encode())
        except* ConnectionError:
            pass  # the page was closed: the ordinary end of a stream
        return stream

    async def _channel(self, user: str) -> AsyncIterator[str]:
        changed, said = self.slack.workspace.changed, ""
        while True:
            version = changed.version
            now = _event("slack", seen(self.slack, user))
            if now != said:
                yield (said := now)
            await changed.after(version)

    async def _cluster(self) -> AsyncIterator[str]:
        changed = self.cluster_changed
        while True:
            version = changed.version if changed is not None else 0
            try:
                yield _event("cluster", await self.cluster_view())
                yield _event("trouble", {"words": ""})
            except OSError as lost:
                yield _event("trouble", {"words": f"The cluster does not answer: {lost}"})
            if changed is not None:
                await changed.after(version)
            else:
                await asyncio.sleep(SAMPLED)


async def _copy(source: AsyncIterator[str], lines: asyncio.Queue[str]) -> None:
    async for line in source:
        await lines.put(line)


async def _beat() -> AsyncIterator[str]:
    while True:
        await asyncio.sleep(BEAT)
        yield ": still here\n\n"


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"

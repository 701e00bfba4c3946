"""Watches: changes of a kind as lines of JSON, from a resourceVersion on.

Invariants: no change between the list and the watch is lost; an object that stops matching the selector is told as
DELETED, one that begins to as ADDED; history that is gone is one ERROR event with 410.
"""

import asyncio
import json
from collections.abc import Mapping

from aiohttp import web

from bot.playground.kube.answers import Refusal
from bot.playground.kube.kinds import Resource
from bot.playground.kube.selectors import Matcher
from bot.playground.kube.store import Change, Store
from strategies.objects import Obj, namespace_of

_BOOKMARKS = 60.0  # seconds between two, as a real server's
_LONGEST = 1800.0  # seconds of a watch without a wish
_LAST_BOOKMARK = 2.0  # seconds before the end of a watch


class Watches:
    """Every open watch, so that all can be dropped."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[asyncio.Queue[Change | None]] = set()

    def drop(self) -> None:
        """End every watch now."""
        for queue in self._open:
            queue.put_nowait(None)

    async def serve(
        self, request: web.Request, resource: Resource, namespace: str, matcher: Matcher
    ) -> web.StreamResponse:
        """Stream until the client's timeoutSeconds are over, it goes away, or the watch is dropped."""

        def fits(obj: Obj) -> bool:
            return namespace in ("", namespace_of(obj)) and matcher(obj)

        watch = _Watch(self._store, resource, fits, request.query)
        stop = self._store.subscribe(watch.hear)
        self._open.add(watch.queue)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        try:
            await response.prepare(request)
            await watch.run(response)
        except ConnectionError:
            pass  # the client has gone: nothing is left to tell it
        finally:
            self._open.discard(watch.queue)
            stop()
        return response


class _Watch:
    def __init__(self, store: Store, resource: Resource, fits: Matcher, query: Mapping[str, str]) -> None:
        self._store = store
        self._resource = resource
        self._matcher = fits
        self._query = query
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._version = store.version

    def hear(self, change: Change) -> None:
        if change.kind == self._resource.kind:
            self.queue.put_nowait(change)

    def _fits(self, obj: Obj | None) -> bool:
        return obj is not None and self._matcher(obj)

    def _event(self, change: Change) -> Obj | None:
        was, fits = self._fits(change.before), self._fits(change.obj)
        if change.type == "DELETED":
            return {"type": "DELETED", "object": change.obj} if was else None
        if was and not fits:
            return {"type": "DELETED", "object": change.obj}
        if not fits:
            return None
        return {"type": "MODIFIED" if was else "ADDED", "object": change.obj}

    def _backlog(self) -> list[Obj]:
        """What the client has to hear first: the changes since its version, or all there is."""
        since = self._query.get("resourceVersion", "")
        initial = self._query.get("sendInitialEvents") == "true"
        if since in ("", "0") or initial:
            found = [o for o in self._store.all(self._resource.kind) if self._matcher(o)]
            events: list[Obj] = [{"type": "ADDED", "object": obj} for obj in found]
            if initial and self._query.get("allowWatchBookmarks") == "true":
                events.append(self._bookmark({"k8s.io/initial-events-end": "true"}))
            return events
        changes = self._store.since(self._resource.kind, int(since))
        return [event for c in changes if (event := self._event(c))]

    def _bookmark(self, annotations: dict[str, str] | None = None) -> Obj:
        metadata: Obj = {"resourceVersion": str(self._version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind = self._resource.kind
        return {
            "type": "BOOKMARK",
            "object": {"kind": kind.name, "apiVersion": kind.api, "metadata": metadata},
        }

    async def run(self, response: web.StreamResponse) -> None:
        try:
            backlog = self._backlog()
        except Refusal as refusal:
            await _send(response, {"type": "ERROR", "object": refusal.status()})
            return
        for event in backlog:
            await _send(response, event)
        loop = asyncio.get_running_loop()
        end = loop.time() + float(self._query.get("timeoutSeconds") or _LONGEST)
        mark = self._next_mark(loop.time(), end)
        while loop.time() < end:
            try:
                async with asyncio.timeout_at(min(mark, end)):
                    change = await self.queue.get()
            except TimeoutError:
                if loop.time() >= mark:
                    self._version = self._store.version
                    await _send(response, self._bookmark())
                    mark = self._next_mark(loop.time(), end)
                continue
            if change is None:
                return
            self._version = change.version
            if told := self._event(change):
                await _send(response, told)

    def _next_mark(self, now: float, end: float) -> float:
        """When the next bookmark is due; one comes shortly before the end."""
        if self._query.get("allowWatchBookmarks") != "true":
            return end + 1
        last = end - _LAST_BOOKMARK
        return min(now + _BOOKMARKS, last) if now < last else end + 1


async def _send(response: web.StreamResponse, event: Obj) -> None:
    await response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")

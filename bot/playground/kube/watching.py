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
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        watch = _Watch(self._store, resource, namespace, matcher, request.query, queue)
        stop = self._store.subscribe(watch.hear)
        self._open.add(queue)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        try:
            await response.prepare(request)
            await watch.run(response)
        except ConnectionError:
            pass  # the client has gone: nothing is left to tell it
        finally:
            self._open.discard(queue)
            stop()
        return response


class _Watch:
    def __init__(
        self,
        store: Store,
        resource: Resource,
        namespace: str,
        matcher: Matcher,
        query: Mapping[str, str],
        queue: asyncio.Queue[Change | None],
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._matcher = matcher
        self._query = query
        self._queue = queue
        self._version = store.version

    def hear(self, change: Change) -> None:
        if change.kind == self._resource.kind:
            self._queue.put_nowait(change)

    def _fits(self, obj: Obj | None) -> bool:
        return obj is not None and self._namespace in ("", namespace_of(obj)) and self._matcher(obj)

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
            found = [o for o in self._store.all(self._resource.kind, self._namespace) if self._matcher(o)]
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
        start, seconds = loop.time(), float(self._query.get("timeoutSeconds") or 1800)
        marks = self._query.get("allowWatchBookmarks") == "true"
        due = start + (min(_BOOKMARKS, seconds - _LAST_BOOKMARK) if seconds > _LAST_BOOKMARK else seconds)
        while (left := start + seconds - loop.time()) > 0:
            wait = min(left, due - loop.time()) if marks and due > loop.time() else left
            try:
                change = await asyncio.wait_for(self._queue.get(), max(wait, 0.001))
            except TimeoutError:
                if marks and loop.time() >= due and loop.time() < start + seconds:
                    self._version = max(self._version, self._store.version if self._queue.empty() else 0)
                    await _send(response, self._bookmark())
                    left_after = start + seconds - loop.time()
                    due = loop.time() + (min(left_after, _BOOKMARKS))
                continue
            if change is None:
                return
            self._version = change.version
            if event := self._event(change):
                await _send(response, event)


async def _send(response: web.StreamResponse, event: Obj) -> None:
    await response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")

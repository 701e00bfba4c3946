"""A live copy of one kind in one namespace, kept by list and watch: never by polling.

Invariants: an object never goes back to an older resourceVersion; our own writes are seen at once (`put`); when the
server does not answer, the copy stays as it is, says since when it may be stale, and tries again at growing intervals.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

from bot.cluster.api import Api
from bot.cluster.errors import ApiError, Forbidden, Gone, NotFound
from bot.ending import ended
from strategies.objects import Kind, Obj, meta, name_of, version_of

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds between two tries
ABSENT_PAUSE = 300.0  # seconds until a kind the cluster does not have is looked for again


class Mirror:
    """See the module. `objects` by name; `ready` once listed; `stale_since` while the watch is broken."""

    def __init__(
        self, api: Api, kind: Kind, namespace: str, changed: Callable[[Obj], None], labels: str = ""
    ) -> None:
        self.objects: dict[str, Obj] = {}
        self.ready = asyncio.Event()
        self.tried = asyncio.Event()  # ready, or told that we may not look
        self.stale_since: datetime | None = None
        self.trouble = ""
        self._api, self._kind, self._namespace, self._changed, self._labels = (
            api,
            kind,
            namespace,
            changed,
            labels,
        )
        self._task: asyncio.Task[None] | None = None
        self._dropped: dict[str, int] = {}

    def start(self) -> None:
        """Begin; `ready` is set after the first list."""
        self._task = asyncio.create_task(self._run(), name=f"mirror of {self._kind.plural}")

    async def stop(self) -> None:
        """End the watch."""
        if self._task:
            await ended(self._task)

    def put(self, obj: Obj) -> None:
        """What a write answered: seen now, not when the watch brings it."""
        if self._keep(obj):
            self._changed(obj)

    def gone(self, name: str) -> None:
        """What a delete answered."""
        found = self.objects.pop(name, None)
        if found is not None:
            self._dropped[str(meta(found).get("uid"))] = 1
            self._changed(found)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                seen = await self._list()
                pause = FIRST_PAUSE
                while True:
                    seen = await self._follow(seen)
            except Gone:
                continue
            except NotFound:
                self._absent()
                pause = ABSENT_PAUSE
            except ApiError as e:
                self.trouble = f"{self._kind.plural}: {e}"
                self.stale_since = self.stale_since or datetime.now(UTC)
                if isinstance(e, Forbidden):
                    self.tried.set()
                    pause = LONGEST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # jitter, no secret; a back-off after a failure
            pause = min(pause * 2, LONGEST_PAUSE)

    def _absent(self) -> None:
        """The cluster does not have this kind: an empty copy is a true one."""
        self.objects.clear()
        self._seen()

    async def _list(self) -> str:
        found = await self._api.list(self._kind, self._namespace, labels=self._labels, purpose="watch")
        items = {name_of(o): o for o in found["items"]}
        for name in [n for n in self.objects if n not in items]:
            self._changed(self.objects.pop(name))
        for obj in items.values():
            if self._keep(obj):
                self._changed(obj)
        self.stale_since, self.trouble = None, ""
        self._dropped.clear()
        self._seen()
        return version_of(found)

    def _seen(self) -> None:
        self.ready.set()
        self.tried.set()

    async def _follow(self, seen: str) -> str:
        async for event in self._api.watch(self._kind, self._namespace, seen=seen, labels=self._labels):
            obj = event["object"]
            seen = version_of(obj) or seen
            if event["type"] == "BOOKMARK":
                continue
            if event["type"] == "DELETED":
                self.objects.pop(name_of(obj), None)
                self._changed(obj)
            elif self._keep(obj):
                self._changed(obj)
        return seen

    def _keep(self, obj: Obj) -> bool:
        name = name_of(obj)
        if str(meta(obj).get("uid")) in self._dropped:
            return False
        have = self.objects.get(name)
        if (
            have is not None
            and meta(have).get("uid") == meta(obj).get("uid")
            and _number(have) >= _number(obj)
        ):
            return False
        self.objects[name] = obj
        return True


def _number(obj: Obj) -> int:
    """Resource versions are opaque strings by contract, and numbers in every server that is built on etcd."""
    version = version_of(obj)
    return int(version) if version.isdigit() else 0

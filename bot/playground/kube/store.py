"""What is stored, its one counter of versions, and its bounded history for watches.

Invariants: a stored object is never changed in place (a write stores a new one), so readers may keep what they got;
each write takes the next resourceVersion; subscribers hear of it before the write returns, in order.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bot.playground.kube.answers import expired
from strategies.objects import Kind, Obj, name_of, namespace_of

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the object after it, and the one before (None when it was created)."""

    type: ChangeType
    kind: Kind
    obj: Obj
    before: Obj | None
    version: int


Listener = Callable[[Change], None]


class Store:
    """Objects by kind, namespace and name."""

    def __init__(self, remember: int = 5000) -> None:
        self.version = 1
        self.oldest = 0
        self._objects: dict[Kind, dict[tuple[str, str], Obj]] = {}
        self._history: deque[Change] = deque()
        self._remember = remember
        self._listeners: list[Listener] = []

    def get(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """The stored object: not to be changed."""
        return self._objects.get(kind, {}).get((namespace, name))

    def all(self, kind: Kind, namespace: str = "") -> list[Obj]:
        """All of a kind, by namespace and name."""
        found = self._objects.get(kind, {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def everything(self, namespace: str = "") -> Iterable[tuple[Kind, Obj]]:
        """Every object, or every one of a namespace."""
        for kind, objects in list(self._objects.items()):
            for (space, _), obj in list(objects.items()):
                if not namespace or space == namespace:
                    yield kind, obj

    def put(self, kind: Kind, obj: Obj) -> Obj:
        """Store an object under the next version; answers what was stored."""
        self.version += 1
        stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        key = (namespace_of(stored), name_of(stored))
        objects = self._objects.setdefault(kind, {})
        before = objects.get(key)
        objects[key] = stored
        self._tell(Change("MODIFIED" if before else "ADDED", kind, stored, before, self.version))
        return stored

    def remove(self, kind: Kind, obj: Obj) -> Obj:
        """Take an object out; answers its last form, under the version of its removal."""
        self.version += 1
        before = self._objects[kind].pop((namespace_of(obj), name_of(obj)))
        last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        self._tell(Change("DELETED", kind, last, before, self.version))
        return last

    def since(self, kind: Kind, version: int) -> list[Change]:
        """The changes of a kind after a version; Refusal 410 where they are forgotten."""
        if version < self.oldest:
            raise expired(version, self.oldest)
        return [c for c in self._history if c.kind == kind and c.version > version]

    def forget(self) -> None:
        """Drop the history, as compaction does."""
        self._history.clear()
        self.oldest = self.version

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call on every change; answers how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, change: Change) -> None:
        self._history.append(change)
        while len(self._history) > self._remember:
            self.oldest = self._history.popleft().version
        for listener in list(self._listeners):
            listener(change)

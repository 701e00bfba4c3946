"""What belongs to no single release and must survive a restart: small values in Secrets beside the records.

Changed by compare-and-swap like everything else; gone when empty. They bear the records' label, so that the one watch
that every replica has brings them too, and nobody polls.
"""

import base64
from collections.abc import Callable
from logging import getLogger
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from bot.cluster.errors import Conflict, Exists, NotFound
from bot.cluster.records import QUIET, SERVICE_LABEL, Records
from strategies.objects import SECRET, Obj, Ref, version_of
from strategies.refusal import Refusal

log = getLogger(__name__)
T = TypeVar("T", bound=BaseModel)
TYPE = "graylight/paper"
TRIES = 20  # swaps before giving up against others


class Paper(Generic[T]):
    """One value of a model whose defaults mean that there is nothing."""

    def __init__(self, records: Records, name: str, model: type[T]) -> None:
        self._records, self.name, self._model = records, name, model
        self._read_last: tuple[str, T] | None = None

    @property
    def known(self) -> T:
        """As the watch says; where nobody watches, as it was read last."""
        if self._records.watching or self._read_last is None:
            return self._value(self._records.paper(self.name))
        return self._read_last[1]

    async def now(self) -> T:
        """As the watch says while it stands, else read now."""
        if self._records.watching:
            return self.known
        found = await self._find()
        if found is None:
            self._read_last = None
        return self._value(found)

    async def change(self, how: Callable[[T], T | Refusal]) -> T | Refusal:
        """Swap what stands for what follows from it; a refusal changes nothing."""
        for _ in range(TRIES):
            found = await self._find()
            before = self._value(found)
            after = how(before)
            if isinstance(after, Refusal) or after == before:
                return after
            try:
                await self._write(found, after)
            except (Conflict, NotFound):
                continue
            return after
        return Refusal(
            code="busy", what="Others are changing this at the same moment.", remedy="Try again in a moment."
        )

    async def _find(self) -> Obj | None:
        try:
            return await self._records.api.get(self._ref)
        except NotFound:
            return None

    async def _write(self, found: Obj | None, value: T) -> None:
        if found is not None and value == self._model():
            await self._records.api.delete(self._ref, seen=version_of(found))
            self._records.dropped(self.name)
            return
        manifest: Obj = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": TYPE,
            "metadata": {
                "name": self.name,
                "namespace": self._records.namespace,
                "labels": QUIET | {SERVICE_LABEL: ""},
            },
            "data": {"value": base64.b64encode(value.model_dump_json().encode()).decode()},
        }
        if found is None:
            try:
                written = await self._records.api.create(SECRET, self._records.namespace, manifest)
            except Exists as e:
                raise Conflict(str(e), e.status) from e
        else:
            manifest["metadata"]["resourceVersion"] = version_of(found)
            written = await self._records.api.replace(self._ref, manifest)
        self._records.seen(written)

    def _value(self, found: Obj | None) -> T:
        if found is None:
            return self._model()
        version = version_of(found)
        if self._read_last is not None and self._read_last[0] == version:
            return self._read_last[1]
        try:
            value = self._model.model_validate_json(base64.b64decode(found["data"]["value"]))
        except (KeyError, ValueError, ValidationError):
            log.warning("Secret %s cannot be read by this version", self.name)
            return self._model()
        self._read_last = (version, value)
        return value

    @property
    def _ref(self) -> Ref:
        return Ref(SECRET, self._records.namespace, self.name)

"""Seeing a namespace: once, for a plan; or all the time, for the releases that run in it."""

import asyncio
from collections.abc import Callable

from bot.cluster.api import Api
from bot.cluster.errors import Forbidden, NotFound, Unreachable
from bot.cluster.mirror import Mirror
from strategies.objects import (
    DAEMONSET,
    DEPLOYMENT,
    ENDPOINTSLICE,
    HPA,
    HTTPROUTE,
    INGRESS,
    NETWORK_POLICY,
    PDB,
    POD,
    QUOTA,
    SCALED_OBJECT,
    SERVICE,
    STATEFULSET,
    VPA,
    Kind,
    Obj,
    name_of,
    version_of,
)
from strategies.snapshot import Snapshot
from strategies.writes import Patch, Write

NEEDED = (DEPLOYMENT, SERVICE, POD, ENDPOINTSLICE)
WATCHED = (*NEEDED, HPA, PDB)
PLANNED = (*WATCHED, STATEFULSET, DAEMONSET, INGRESS, HTTPROUTE, NETWORK_POLICY, QUOTA, VPA, SCALED_OBJECT)
SLOW = 10.0  # seconds a first list may take before it is an outage


async def look(api: Api, namespace: str) -> Snapshot:
    """Everything a plan looks at, read once.

    A kind the cluster does not have is empty; one we may not read is too, unless no plan is possible without it.
    """
    found = await asyncio.gather(*(_all(api, kind, namespace) for kind in PLANNED))
    return Snapshot(namespace, dict(zip(PLANNED, found, strict=True)))


async def _all(api: Api, kind: Kind, namespace: str) -> dict[str, Obj]:
    try:
        listed = await api.list(kind, namespace, purpose="plan")
    except NotFound:
        return {}
    except Forbidden:
        if kind in NEEDED:
            raise
        return {}
    return {name_of(o): o for o in listed["items"]}


class Watched:
    """A namespace under watch: `snapshot` is what is known now; `changed` is called at every change."""

    def __init__(self, api: Api, namespace: str, changed: Callable[[], None]) -> None:
        self.api, self.namespace = api, namespace
        self._mirrors = {kind: Mirror(api, kind, namespace, lambda _: changed()) for kind in WATCHED}

    async def start(self) -> None:
        """Watch, and wait for the first lists. Raises Unreachable when they do not come."""
        for mirror in self._mirrors.values():
            mirror.start()
        try:
            async with asyncio.timeout(SLOW):
                await asyncio.gather(*(self._mirrors[k].ready.wait() for k in NEEDED))
        except TimeoutError as e:
            await self.stop()
            troubles = "; ".join(m.trouble for m in self._mirrors.values() if m.trouble)
            message = troubles or "the API server does not answer"
            raise Unreachable(message) from e

    async def stop(self) -> None:
        """End all watches."""
        await asyncio.gather(*(m.stop() for m in self._mirrors.values()))

    def snapshot(self) -> Snapshot:
        """What is known now."""
        return Snapshot(self.namespace, {kind: dict(m.objects) for kind, m in self._mirrors.items()})

    def trouble(self) -> str:
        """Why what is known may be stale, empty while it is not."""
        return next((m.trouble for k, m in self._mirrors.items() if k in NEEDED and m.stale_since), "")

    def moved(self, write: Write) -> bool:
        """Whether a patch was made from an object that has changed since."""
        mirror = self._mirrors.get(write.ref.kind)
        found = mirror.objects.get(write.ref.name) if mirror else None
        return isinstance(write, Patch) and found is not None and version_of(found) != write.seen

    def put(self, kind: Kind, obj: Obj | None, name: str) -> None:
        """What one of our writes answered."""
        mirror = self._mirrors.get(kind)
        if mirror is None:
            return
        if obj is None:
            mirror.gone(name)
        else:
            mirror.put(obj)

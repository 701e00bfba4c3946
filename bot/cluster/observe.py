"""Seeing a namespace: once, for a plan; or all the time, for the releases that run in it."""

import asyncio
from collections.abc import Callable, Iterable

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
from strategies.routes import ROUTERS
from strategies.snapshot import Snapshot
from strategies.writes import Patch, Write

NEEDED = (DEPLOYMENT, SERVICE, POD, ENDPOINTSLICE)
WATCHED = (*NEEDED, HPA, PDB)
_LOOKED = (STATEFULSET, DAEMONSET, INGRESS, HTTPROUTE, NETWORK_POLICY, QUOTA, VPA, SCALED_OBJECT)
_ROUTED = (kind for router in ROUTERS.values() for kind in router.kinds)
PLANNED = tuple(dict.fromkeys((*WATCHED, *_LOOKED, *_ROUTED)))
SLOW = 10.0  # seconds a first list may take before it is an outage


async def look(api: Api, namespace: str, watched: "Watched | None" = None) -> Snapshot:
    """Everything a plan looks at, read once, or taken from a watch that stands.

    A kind the cluster does not have is empty; one we may not read is too, unless no plan is possible without it.
    """
    known = watched.known() if watched else {}
    found = await _read(api, namespace, [k for k in PLANNED if k not in known])
    if watched:
        # after the others were answered: what had changed before this was asked for has arrived by then
        found |= watched.known()
        found |= await _read(
            api, namespace, [k for k in PLANNED if k not in found]
        )  # a watch broke meanwhile
    return Snapshot(namespace, found)


async def listed(api: Api, namespace: str, kinds: Iterable[Kind]) -> dict[Kind, dict[str, Obj]]:
    """A few kinds only, for who needs no plan; what we may not read is empty as in `look`."""
    return await _read(api, namespace, list(kinds))


async def _read(api: Api, namespace: str, kinds: list[Kind]) -> dict[Kind, dict[str, Obj]]:
    found = await asyncio.gather(*(_all(api, kind, namespace) for kind in kinds))
    return dict(zip(kinds, found, strict=True))


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
        self._changed = changed
        self._mirrors = {kind: self._mirror(kind) for kind in WATCHED}
        self._needed = set(NEEDED)

    async def start(self) -> None:
        """Watch, and wait for the first lists. Raises Unreachable when they do not come."""
        for mirror in self._mirrors.values():
            mirror.start()
        try:
            await self._listed(NEEDED)
        except Unreachable:
            await self.stop()
            raise

    async def also(self, needed: Iterable[Kind], looked: Iterable[Kind] = ()) -> None:
        """Watch these kinds too, which routes are of; of those only `looked` at none must be seen, or even be there.

        Raises Unreachable when the first lists of the needed ones do not come.
        """
        needed, looked = tuple(needed), tuple(looked)
        self._needed |= set(needed)
        for kind in (*needed, *looked):
            if kind not in self._mirrors:
                self._mirrors[kind] = self._mirror(kind)
                self._mirrors[kind].start()
        await self._listed(needed, looked)

    def _mirror(self, kind: Kind) -> Mirror:
        return Mirror(self.api, kind, self.namespace, lambda _: self._changed())

    async def _listed(self, needed: Iterable[Kind], looked: Iterable[Kind] = ()) -> None:
        """Wait until each of these has been listed, and of those only looked at whether they may be."""
        mirrors, others = [self._mirrors[k] for k in needed], [self._mirrors[k] for k in looked]
        try:
            async with asyncio.timeout(SLOW):
                events = [*(m.ready for m in mirrors), *(m.tried for m in others)]
                await asyncio.gather(*(event.wait() for event in events))
        except TimeoutError as e:
            troubles = "; ".join(m.trouble for m in mirrors if m.trouble)
            message = troubles or "the API server does not answer"
            raise Unreachable(message) from e

    async def stop(self) -> None:
        """End all watches."""
        await asyncio.gather(*(m.stop() for m in self._mirrors.values()))

    def known(self) -> dict[Kind, dict[str, Obj]]:
        """The kinds whose watch stands, with what is there now."""
        standing = {k: m for k, m in self._mirrors.items() if m.ready.is_set() and m.stale_since is None}
        return {kind: dict(m.objects) for kind, m in standing.items()}

    def snapshot(self) -> Snapshot:
        """What is known now."""
        return Snapshot(self.namespace, {kind: dict(m.objects) for kind, m in self._mirrors.items()})

    def trouble(self) -> str:
        """Why what is known may be stale, empty while it is not."""
        return next((m.trouble for k, m in self._mirrors.items() if k in self._needed and m.stale_since), "")

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

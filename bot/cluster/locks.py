"""The lock on a family of Deployments: a Lease beside them, held by a release, or by a person until its end.

A release holds it until it has ended; it is void once the holder's record is gone or ended. A person's lock stands in
an annotation, so that it outlives a release of its owner: what is given back goes to the person as long as it lasts.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import getLogger
from typing import Literal

from pydantic import ValidationError

from bot.cluster.api import Api
from bot.cluster.errors import Conflict, Exists, NotFound
from bot.cluster.leases import stamp
from strategies.locks import Lock, locked
from strategies.names import dns_label
from strategies.objects import LEASE, Obj, Ref, annotations_of, at, labels_of, version_of
from strategies.refusal import Refusal

log = getLogger(__name__)

YOUNG = timedelta(seconds=30)  # how long a lock without a record may be one that is just being made
MARK = "graylight/lock"  # label on those of people, and the annotation that says whose
TRIES = 3
Standing = Literal["running", "ended", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """A Lease as read: a person's lock on it, where there is one, and who holds it now."""

    lease: Obj
    lock: Lock | None
    holder: str


class Locks:
    """One lock per Deployment family: `graylight.BASE` beside the Deployment."""

    def __init__(self, standing: Callable[[str], Awaitable[Standing]], now: Callable[[], datetime]) -> None:
        self._standing, self._now = standing, now

    async def take(
        self,
        api: Api,
        namespace: str,
        base: str,
        holder: str,
        now: datetime,
        mine: Collection[str] = (),
    ) -> Refusal | None:
        """Take it for a release, or say who has it; a person's lock in `mine` is no obstacle, and stays beneath."""
        spec = {"holderIdentity": holder, "acquireTime": stamp(now)}
        for _ in range(TRIES):
            try:
                await api.create(LEASE, namespace, _lease(namespace, base, spec))
            except Exists:
                try:
                    found = await self._read(api, namespace, base)
                    if found.holder == holder:
                        return None
                    if found.lock is not None and found.lock.holder not in mine:
                        return locked(found.lock)
                    if not found.holder.startswith("person:") and not await self._void(found, now):
                        return _releasing(found.holder)
                    await api.replace(_ref(namespace, base), {**found.lease, "spec": spec})
                except (Conflict, NotFound):
                    continue
            return None
        return _starting()

    async def obstacle(self, api: Api, namespace: str, base: str, mine: Collection[str] = ()) -> str:
        """Who keeps others out now, as the Lease names them; empty where nobody does."""
        found = await self.find(api, namespace, base)
        if found is None:
            return ""
        if await self._releases(found):
            return found.holder
        return found.lock.holder if found.lock is not None and found.lock.holder not in mine else ""

    async def give_back(self, api: Api, namespace: str, base: str, holder: str) -> None:
        """Delete it where it is still a release's; a person's lock beneath that has not ended is theirs again."""
        try:
            found = await self._read(api, namespace, base)
            if found.holder != holder:
                return
            if found.lock is not None:
                await api.replace(_ref(namespace, base), {**found.lease, "spec": _spec(found.lock)})
            else:
                await api.delete(_ref(namespace, base), seen=version_of(found.lease))
        except (NotFound, Conflict):
            return

    async def find(self, api: Api, namespace: str, base: str, *, purpose: str = "read") -> Found | None:
        """The Lease as it stands, None where there is none."""
        try:
            return await self._read(api, namespace, base, purpose)
        except NotFound:
            return None

    async def put(self, api: Api, namespace: str, lock: Lock, found: Found | None) -> bool:
        """Write a person's lock over what was found; False where somebody else came between."""
        marks = {"labels": {MARK: "person"}, "annotations": {MARK: lock.model_dump_json()}}
        try:
            if found is None:
                await api.create(LEASE, namespace, _lease(namespace, lock.base, _spec(lock), **marks))
                return True
            lease = found.lease
            kept = {name: {**(lease["metadata"].get(name) or {}), **new} for name, new in marks.items()}
            spec = lease["spec"] if await self._releases(found) else _spec(lock)
            changed = {**lease, "metadata": {**lease["metadata"], **kept}, "spec": spec}
            await api.replace(_ref(namespace, lock.base), changed)
        except (Conflict, Exists, NotFound):
            return False
        return True

    async def free(self, api: Api, namespace: str, base: str, found: Found) -> bool:
        """Take a person's lock away; False where somebody else came between."""
        try:
            if not await self._releases(found):
                await api.delete(_ref(namespace, base), seen=version_of(found.lease))
                return True
            lease = found.lease
            bare = {
                **lease["metadata"],
                "labels": {k: v for k, v in labels_of(lease).items() if k != MARK},
                "annotations": {k: v for k, v in annotations_of(lease).items() if k != MARK},
            }
            await api.replace(_ref(namespace, base), {**lease, "metadata": bare})
        except (Conflict, NotFound):
            return False
        return True

    async def every(self, api: Api, namespace: str) -> list[Found]:
        """Every Lease with a person's lock in a namespace, those that have ended included."""
        listed = await api.list(LEASE, namespace, labels=MARK, purpose="lock")
        return [_found(lease) for lease in listed["items"]]

    async def _read(self, api: Api, namespace: str, base: str, purpose: str = "read") -> Found:
        found = _found(await api.get(_ref(namespace, base), purpose=purpose))
        ended = found.lock is not None and not found.lock.held(self._now())
        return Found(found.lease, None, found.holder) if ended else found

    async def _releases(self, found: Found) -> bool:
        """Whether a release holds it now."""
        return (
            bool(found.holder)
            and not found.holder.startswith("person:")
            and not await self._void(found, self._now())
        )

    async def _void(self, found: Found, now: datetime) -> bool:
        """Void once its holder has ended, or has no record and is too old to be just making one."""
        standing = await self._standing(found.holder) if found.holder else "ended"
        if standing != "unknown":
            return standing == "ended"
        taken = at(found.lease, "spec", "acquireTime")
        return taken is None or now - datetime.fromisoformat(taken) > YOUNG


def lock_name(base: str) -> str:
    """The Lease's name for a family of Deployments."""
    return f"graylight.{dns_label(base, 50)}"


def _ref(namespace: str, base: str) -> Ref:
    return Ref(LEASE, namespace, lock_name(base))


def _lease(namespace: str, base: str, spec: Obj, **marks: Obj) -> Obj:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": lock_name(base), "namespace": namespace, **marks},
        "spec": spec,
    }


def _spec(lock: Lock) -> Obj:
    seconds = int((lock.until - lock.since).total_seconds())
    return {
        "holderIdentity": lock.holder,
        "acquireTime": stamp(lock.since),
        "leaseDurationSeconds": max(seconds, 1),
    }


def _found(lease: Obj) -> Found:
    text, lock = annotations_of(lease).get(MARK), None
    if text:
        try:
            lock = Lock.model_validate_json(text)
        except ValidationError:
            log.warning("the lock of a person on Lease %s cannot be read", lease["metadata"].get("name"))
    return Found(lease, lock, str(at(lease, "spec", "holderIdentity", default="")))


def _releasing(holder: str) -> Refusal:
    return Refusal(
        code="locked",
        what=f"{holder} is releasing this Deployment already.",
        remedy=f"Wait for it, or look: `/release status {holder}`.",
    )


def _starting() -> Refusal:
    return Refusal(
        code="locked",
        what="Somebody else is starting a release of this Deployment right now.",
        remedy="Try again in a moment.",
    )

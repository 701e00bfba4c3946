"""Records: everything a release knows, one Secret each, changed by compare-and-swap alone.

`release.SLUG.N` holds the record, `undo.SLUG.N` what was before (immutable). A number is claimed by creating the name;
a swap carries the resourceVersion that was read, so of two writers one loses and looks again.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from bot.cluster.api import Api
from bot.cluster.errors import Exists, Forbidden, NotFound, Refused
from bot.cluster.mirror import Mirror
from strategies import vouching
from strategies.names import label_value, slug
from strategies.objects import NAMESPACE, SECRET, Obj, Ref, annotations_of, meta, name_of, version_of
from strategies.release import Release

TYPE = "graylight/release"
UNDO_TYPE = "graylight/undo"
SERVICE_LABEL = "graylight/service"
# Traefik watches every Secret but those with this label, and whatever it sees makes it wait before it looks again: a record
# written right before a route, as every move is, would hold that route up for as long. See docs/adr/0011.
QUIET = {"owner": "helm"}
PREFIX = "release."  # of a record's name
KEPT = 10  # ended releases of a service that stay


@dataclass(frozen=True, slots=True)
class Stored:
    """A release as read; `seen` is the resourceVersion a swap must still find."""

    release: Release
    seen: str
    sealed: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)  # who did what, see `strategies.vouching`


class Unreadable(Exception):
    """A record that is not one: another version wrote it, or somebody's hand."""


class Records:
    """All records of one installation."""

    def __init__(self, api: Api, namespace: str, changed: Callable[[str], None] = lambda _: None) -> None:
        self.api, self.namespace = api, namespace
        self.changed = changed
        self.ended: Callable[[], None] = lambda: None
        self.papers_changed: Callable[[str], None] = lambda _: None
        self._mirror = Mirror(api, SECRET, namespace, self._noticed, labels=SERVICE_LABEL)
        self._also: list[Callable[[], None]] = []
        self._parsed: dict[str, tuple[str, Stored]] = {}

    def on_change(self, changed: Callable[[str], None]) -> None:
        """Whom to tell which release's record changed."""
        self.changed = changed

    def also_on_change(self, changed: Callable[[], None]) -> None:
        """Whom else to tell that some record changed."""
        self._also.append(changed)

    async def watch(self) -> None:
        """Follow every record; `changed` is called with the release's id."""
        self._mirror.start()
        await self._mirror.ready.wait()

    async def stop(self) -> None:
        """End the watch."""
        await self._mirror.stop()

    @property
    def trouble(self) -> str:
        """Why the records may be stale."""
        return self._mirror.trouble if self._mirror.stale_since else ""

    @property
    def watching(self) -> bool:
        """Whether what is known is what there is, but for a moment."""
        return self._mirror.ready.is_set() and self._mirror.stale_since is None

    def paper(self, name: str) -> Obj | None:
        """A Secret beside the records that is none, under watch with them."""
        return self._mirror.objects.get(name)

    def seen(self, obj: Obj) -> None:
        """What a write of such a one answered."""
        self._mirror.put(obj)

    def dropped(self, name: str) -> None:
        """Such a one was deleted."""
        self._mirror.gone(name)

    def on_end(self, ended: Callable[[], None]) -> None:
        """Whom to tell when a release has ended and its lock is gone, or its record."""
        before = self.ended

        def both() -> None:
            before()
            ended()

        self.ended = both

    def on_paper(self, changed: Callable[[str], None]) -> None:
        """Whom else to tell when such a one changed."""
        before = self.papers_changed

        def both(name: str) -> None:
            before(name)
            changed(name)

        self.papers_changed = both

    @property
    def stale_since(self) -> datetime | None:
        """Since when."""
        return self._mirror.stale_since

    def known(self) -> list[Stored]:
        """Every record under watch that can be read."""
        return [s for s in map(self._read, self._mirror.objects.values()) if s is not None]

    def latest(self, release_id: str) -> Stored | None:
        """One record under watch."""
        service, _, number = release_id.rpartition("-")
        found = self._mirror.objects.get(self._ref(service, int(number)).name)
        return self._read(found) if found else None

    def current(self, release_id: str) -> Stored | None:
        """One record under watch, while that watch stands; it may be a moment behind."""
        service, _, number = release_id.rpartition("-")
        return self.latest(release_id) if self.watching and service and number.isdigit() else None

    async def all(self) -> list[Stored]:
        """Every record, read now."""
        listed = await self.api.list(SECRET, self.namespace, labels=SERVICE_LABEL)
        return [s for s in map(self._read, listed["items"]) if s is not None]

    async def load(self, release_id: str) -> Stored | None:
        """One record, read now."""
        service, _, number = release_id.rpartition("-")
        if not service or not number.isdigit():
            return None
        try:
            return self._parse(await self.api.get(self._ref(service, int(number))))
        except NotFound:
            return None

    async def create(self, release: Release) -> Stored:
        """Claim the number; Exists when somebody else did."""
        made = await self.api.create(
            SECRET, self.namespace, self._secret(release, vouching.marks(release.events))
        )
        return self._written(made)

    async def swap(self, stored: Stored, release: Release) -> Stored:
        """Write what follows from what was read; Conflict when that is not what stands there any more."""
        manifest = self._secret(release, _marked(stored, release))
        manifest["metadata"]["resourceVersion"] = stored.seen
        done = await self.api.replace(self._ref(release.plan.service, release.number), manifest)
        return self._written(done)

    async def seal(self, stored: Stored, release: Release) -> Stored:
        """Write it a last time, immutable from now on."""
        manifest = self._secret(release, _marked(stored, release)) | {"immutable": True}
        manifest["metadata"]["resourceVersion"] = stored.seen
        done = await self.api.replace(self._ref(release.plan.service, release.number), manifest)
        return self._written(done)

    def _written(self, obj: Obj) -> Stored:
        """What a write answered: known to everybody here before the watch brings it, and parsed once."""
        stored = self._parse(obj)
        self._parsed[name_of(obj)] = (version_of(obj), stored)
        self._mirror.put(obj)
        return stored

    async def forget(self, release: Release) -> None:
        """Take a record away that never came to anything."""
        await self.api.delete(self._ref(release.plan.service, release.number))

    async def prune(self, service: str) -> None:
        """Only the last ended releases of a service are kept, with their undo."""
        ended = sorted(
            (s.release for s in self.known() if s.release.plan.service == service and s.release.ended),
            key=lambda r: -r.number,
        )
        for release in ended[KEPT:]:
            for ref in (self._ref(service, release.number), self._undo_ref(release)):
                await self._delete(ref)

    async def keep_undo(self, release: Release, undo: Mapping[str, Obj]) -> None:
        """Write what was before, once; what stands there already is what was before."""
        ref = self._undo_ref(release)
        manifest: Obj = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": UNDO_TYPE,
            "immutable": True,
            "metadata": {
                "name": ref.name,
                "namespace": ref.namespace,
                "labels": QUIET | {"graylight/undo": label_value(release.id)},
            },
            "data": {"undo": _encode(json.dumps(undo))},
        }
        try:
            await self.api.create(SECRET, self.namespace, manifest)
        except Exists:
            return

    async def undo(self, release: Release) -> dict[str, Obj]:
        """What was before; empty where nothing was written yet."""
        try:
            found = await self.api.get(self._undo_ref(release))
        except NotFound:
            return {}
        undo: dict[str, Obj] = json.loads(base64.b64decode(found["data"]["undo"]))
        return undo

    async def signing_key(self) -> bytes:
        """The key that button values are signed with: made once, the same for every replica."""
        import secrets

        ref = Ref(SECRET, self.namespace, "signing-key")
        try:
            found = await self.api.get(ref)
        except NotFound:
            made = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": ref.name, "namespace": ref.namespace},
                "immutable": True,
                "data": {"key": _encode(secrets.token_hex(32))},
            }
            try:
                found = await self.api.create(SECRET, self.namespace, made)
            except Exists:
                found = await self.api.get(ref)
        return base64.b64decode(found["data"]["key"])

    async def prepare(self) -> None:
        """Make the namespace where that is allowed; Refused with the command to run where it is not."""
        try:
            await self.api.list(SECRET, self.namespace, labels=SERVICE_LABEL, limit=1)
            await self.api.get(Ref(NAMESPACE, "", self.namespace))
        except NotFound:
            try:
                await self.api.create(
                    NAMESPACE,
                    "",
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}},
                )
            except Exists:
                return
            except Forbidden as e:
                message = f"namespace {self.namespace} is not there, and may not be made: run `kubectl create namespace {self.namespace}`"
                raise Refused(message, e.status) from e
        except Forbidden as e:
            if "namespaces" in str(e):
                return  # we may use it without being allowed to look at it
            message = (
                f"secrets in namespace {self.namespace} may not be read ({e}): apply the Role in deploy/"
            )
            raise Refused(message, e.status) from e

    async def _delete(self, ref: Ref) -> None:
        try:
            await self.api.delete(ref)
        except NotFound:
            return

    def _ref(self, service: str, number: int) -> Ref:
        return Ref(SECRET, self.namespace, f"release.{slug(service)}.{number}")

    def _undo_ref(self, release: Release) -> Ref:
        return Ref(SECRET, self.namespace, f"undo.{slug(release.plan.service)}.{release.number}")

    def _secret(self, release: Release, marks: Mapping[str, str]) -> Obj:
        ref = self._ref(release.plan.service, release.number)
        labels = QUIET | {
            SERVICE_LABEL: label_value(slug(release.plan.service)),
            "graylight/environment": label_value(release.plan.environment),
            "graylight/state": release.state.value,
        }
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": TYPE,
            "metadata": {
                "name": ref.name,
                "namespace": ref.namespace,
                "labels": labels,
                "annotations": dict(marks),
            },
            "data": {"record": _encode(release.model_dump_json())},
        }

    def _noticed(self, obj: Obj) -> None:
        if not name_of(obj).startswith(PREFIX):
            self.papers_changed(name_of(obj))
            return
        stored = self._read(obj)
        if stored is not None:
            self.changed(stored.release.id)
        for also in self._also if stored is not None else ():
            also()
        if stored is None or stored.release.told_end:
            self.ended()

    def _read(self, obj: Obj) -> Stored | None:
        """As `_parse`, once per version; what cannot be read is left alone."""
        name, seen = name_of(obj), version_of(obj)
        if not name.startswith(PREFIX):
            return None
        have = self._parsed.get(name)
        if have and have[0] == seen:
            return have[1]
        try:
            stored = self._parse(obj)
        except Unreadable:
            return None
        self._parsed[name] = (seen, stored)
        return stored

    @staticmethod
    def _parse(obj: Obj) -> Stored:
        try:
            release = Release.model_validate_json(base64.b64decode(obj["data"]["record"]))
        except (KeyError, ValueError, ValidationError) as e:
            message = f"Secret {name_of(obj)} is no record that this version can read: {type(e).__name__}"
            raise Unreadable(message) from e
        if obj.get("type", TYPE) != TYPE:
            message = f"Secret {name_of(obj)} is called as a record is, and is of another type"
            raise Unreadable(message)
        seen, sealed = str(meta(obj).get("resourceVersion", "")), bool(obj.get("immutable"))
        return Stored(release, seen, sealed, vouching.kept(annotations_of(obj)))


def _marked(stored: Stored, release: Release) -> dict[str, str]:
    """The marks that stand, and those of what people have done since it was read."""
    last = stored.release.events[-1].n if stored.release.events else 0
    return {**vouching.marks(release.events, last), **stored.marks}


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def next_number(stored: Iterable[Stored], service: str) -> int:
    """The number after the last one of this service."""
    return max((s.release.number for s in stored if s.release.plan.service == service), default=0) + 1


def by_service(stored: Iterable[Stored], service: str) -> list[Release]:
    """The releases of a service, newest first."""
    return sorted((s.release for s in stored if s.release.plan.service == service), key=lambda r: -r.number)

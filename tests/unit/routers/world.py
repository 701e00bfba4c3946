"""A few objects that writes are applied to as an API server would: versions checked, patches by RFC 6902."""

import json
from collections.abc import Callable
from itertools import count

from bot.playground.kube.jsonpatch import json_patch
from strategies.lens import Lane, Router, Split
from strategies.objects import SERVICE, Kind, Obj, copied, meta, name_of, version_of
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot
from strategies.writes import Create, Delete, Patch, Write

SPACE = "shop"
SERVER = ("resourceVersion", "uid", "generation")
_numbers = count(1)


def seen(*objects: tuple[Kind, Obj]) -> Snapshot:
    """A snapshot of objects as the server would show them."""
    found: dict[Kind, dict[str, Obj]] = {}
    for kind, obj in objects:
        space = {"namespace": SPACE} if kind.namespaced else {}
        number = next(_numbers)
        told = {**space, "uid": f"uid-{number}", "resourceVersion": str(number), "generation": 1} | meta(obj)
        clean = json.loads(json.dumps(obj))  # no part shared with another
        found.setdefault(kind, {})[name_of(obj)] = {**clean, "metadata": told}
    return Snapshot(SPACE, found)


def applied(snapshot: Snapshot, writes: tuple[Write, ...]) -> Snapshot:
    """The snapshot after these writes; a stale or impossible one fails."""
    objects = {kind: dict(found) for kind, found in snapshot.objects.items()}
    for write in writes:
        there = objects.setdefault(write.ref.kind, {})
        name = write.ref.name
        match write:
            case Create(manifest=manifest):
                assert name not in there, f"{name} is there already"
                assert name_of(manifest) == name
                made = seen((write.ref.kind, manifest)).find(write.ref.kind, name)
                assert made is not None
                there[name] = made
            case Patch(ops=ops, seen=version):
                assert version == version_of(there[name]), "made from another version"
                assert ops
                there[name] = _stored(json_patch(there[name], list(ops)))
            case Delete(uid=uid):
                assert meta(there.pop(name))["uid"] == uid
    return Snapshot(snapshot.namespace, objects)


def edited(snapshot: Snapshot, kind: Kind, name: str, edit: Callable[[Obj], None]) -> Snapshot:
    """After a colleague's edit of one object."""
    objects = {k: dict(found) for k, found in snapshot.objects.items()}
    made = copied(objects[kind][name])
    edit(made)
    objects[kind][name] = _stored(made)
    return Snapshot(snapshot.namespace, objects)


def _stored(obj: Obj) -> Obj:
    told = meta(obj) | {"resourceVersion": str(next(_numbers)), "generation": meta(obj)["generation"] + 1}
    return {**obj, "metadata": told}


def plain(snapshot: Snapshot) -> dict[str, Obj]:
    """Everything that a person wrote, to compare by."""
    return {
        f"{kind}/{name}": {**obj, "metadata": {k: v for k, v in meta(obj).items() if k not in SERVER}}
        for kind, found in snapshot.objects.items()
        for name, obj in found.items()
    }


def service(name: str, **spec: object) -> tuple[Kind, Obj]:
    """A Service on port 80."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return SERVICE, {"metadata": {"name": name}, "spec": {"ports": ports, "selector": {"app": name}, **spec}}


def lane_of(router: Router, snapshot: Snapshot, name: str = "web", twin: str = "web-canary") -> Lane:
    """The one lane there is."""
    found = router.lanes(name, twin, snapshot)
    assert not isinstance(found, Refusal), found
    (lane,) = found
    return lane


def kind_of(router: Router, lane: Lane) -> Kind:
    """The kind of a lane's object."""
    return next(k for k in router.kinds if k.name == lane.kind)


def shifted(router: Router, lane: Lane, snapshot: Snapshot, split: Split) -> Snapshot:
    """After a shift, by laws: the split is true then, and a second shift has nothing to do."""
    made = applied(snapshot, router.shift(lane, split, snapshot))
    assert router.split(lane, made) == split
    assert router.shift(lane, split, made) == ()
    return made


def given_back(router: Router, lane: Lane, before: Snapshot, now: Snapshot) -> Snapshot:
    """After a reset with what was before, by laws: a second reset has nothing to do."""
    was = before.find(kind_of(router, lane), lane.name)
    made = applied(now, router.reset(lane, was, now))
    assert router.reset(lane, was, made) == ()
    return made


def refused(found: object) -> Refusal:
    """A refusal, with words and a way on."""
    assert isinstance(found, Refusal), found
    assert found.what
    return found

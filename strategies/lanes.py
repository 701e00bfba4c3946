"""The lanes of a plan, asked and moved together: which router each has, what it says now, and what would turn it.

What the routers make for a release bears its labels, so that it can be told from somebody else's.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from strategies import ownership
from strategies.lens import Lane, Router, Split
from strategies.objects import Kind, Obj, Ref, name_of
from strategies.plan import Plan
from strategies.routes import ROUTERS
from strategies.snapshot import Snapshot
from strategies.steps import Turn
from strategies.target import RELEASE_LABEL, TRACK_LABEL
from strategies.writes import Create, Patch, Write

NONE = Split(share=0)  # all users to the live Service


def router_of(lane: Lane) -> Router:
    """The lens over a lane."""
    return ROUTERS[lane.router]


def kind_of(lane: Lane) -> Kind:
    """The kind of a lane's object."""
    return next(k for k in router_of(lane).kinds if k.name == lane.kind)


def kinds(lanes: Iterable[Lane]) -> tuple[Kind, ...]:
    """Every kind that must be seen for these lanes."""
    return tuple(dict.fromkeys(k for lane in lanes for k in router_of(lane).kinds))


def object_of(lane: Lane, snapshot: Snapshot) -> Obj | None:
    """The object that a lane goes through, None where somebody deleted it."""
    return snapshot.find(kind_of(lane), lane.name)


def split_of(lane: Lane, snapshot: Snapshot) -> Split | None:
    """What is true of a lane now; None where somebody made of it what is no split of ours."""
    return router_of(lane).split(lane, snapshot)


def shifted(plan: Plan, release: str, split: Split, snapshot: Snapshot) -> tuple[Write, ...]:
    """What brings every lane to a split, one write an object: the next one is made from what that leaves."""
    there = [lane for lane in plan.lanes if object_of(lane, snapshot)]
    return _once(
        _marked(w, release, plan) for lane in there for w in router_of(lane).shift(lane, split, snapshot)
    )


def given_back(plan: Plan, before: Callable[[Lane], Obj | None], snapshot: Snapshot) -> tuple[Write, ...]:
    """What gives every lane back as it was found; `before` is the undo's copy of a lane's object."""
    return _once(w for lane in plan.lanes for w in router_of(lane).reset(lane, before(lane), snapshot))


def pending(plan: Plan, snapshot: Snapshot) -> str:
    """Why a controller has not taken its objects yet; empty where all have, or never say."""
    return next((said for lane in plan.lanes if (said := router_of(lane).pending(lane, snapshot))), "")


def touched(plan: Plan, snapshot: Snapshot) -> tuple[Ref, ...]:
    """Every object that stands and that some split of the plan would change: the lanes' own, and what goes with them."""
    splits = dict.fromkeys(s.split for s in plan.steps if isinstance(s, Turn) and s.split)
    named = [snapshot.ref(kind_of(lane), lane.name) for lane in plan.lanes]
    writes = (w for lane in plan.lanes for s in splits for w in router_of(lane).shift(lane, s, snapshot))
    return tuple(dict.fromkeys((*named, *(w.ref for w in writes if isinstance(w, Patch)))))


def disowned(plan: Plan, before: Callable[[Kind, str], Obj | None], snapshot: Snapshot) -> tuple[Write, ...]:
    """Our field ownership of the lanes' objects given back: of those that stood `before` the release."""
    every = ((kind, obj) for kind in kinds(plan.lanes) for obj in snapshot.all(kind))
    found = ((kind, obj, was) for kind, obj in every if (was := before(kind, name_of(obj))))
    return _once(w for kind, obj, was in found if (w := ownership.disown(kind, obj, was)))


def _marked(write: Write, release: str, plan: Plan) -> Write:
    if not isinstance(write, Create):
        return write
    made = write.manifest.get("metadata") or {}
    track = "green" if plan.strategy == "bluegreen" else "canary"
    labels = dict(made.get("labels") or {}) | {RELEASE_LABEL: release, TRACK_LABEL: track}
    return replace(write, manifest={**write.manifest, "metadata": {**made, "labels": labels}})


def _once(writes: Iterable[Write]) -> tuple[Write, ...]:
    """The first write of each object; a second one would carry a resourceVersion that the first has made stale."""
    found: dict[object, Write] = {}
    for write in writes:
        found.setdefault(write.ref, write)
    return tuple(found.values())

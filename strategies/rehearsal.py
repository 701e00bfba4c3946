"""What a plan will write to the cluster, object by object, as the steps themselves would write it to what is seen now.

For a dry run before anybody says yes. A lane is turned once here, by the first split that moves somebody: the splits
after it differ in their numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from strategies import lanes
from strategies.ensure import ensure
from strategies.event import ENGINE
from strategies.evidence import Evidence
from strategies.names import label_value
from strategies.objects import DEPLOYMENT, INGRESS, SERVICE, Obj, Ref, name_of
from strategies.outcome import Do
from strategies.plan import Plan
from strategies.release import Release
from strategies.shifting import selectors
from strategies.snapshot import Snapshot
from strategies.standing import create
from strategies.steps import Guard, Retarget, Shift, Stand, Turn, Twin, Update
from strategies.undo import take
from strategies.view import View
from strategies.writes import Create, Patch, Write

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # nothing that is written here depends on it


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One write, and what it is to be compared with: the object as it stands, or the one a new one is modelled on."""

    write: Create | Patch
    before: Obj | None


def release_of(plan: Plan) -> str:
    """The id that stands for the release's until it has one; no release is numbered 0."""
    return label_value(f"{plan.service}-0")


def rehearse(plan: Plan, snapshot: Snapshot) -> tuple[Rehearsed, ...]:
    """The first write to each object, in the order of the steps; deletes are told by the plan's words."""
    bound = plan.bind(release_of(plan))
    release = Release(
        id=release_of(plan),
        number=0,
        plan=bound,
        started_by=ENGINE,
        started_at=SOME_TIME,
        since=SOME_TIME,
    )
    view = View(release, snapshot, Evidence(undo=take(bound, snapshot)), SOME_TIME)
    found: dict[Ref, Rehearsed] = {}
    for write in _writes(view):
        if isinstance(write, Create | Patch):
            found.setdefault(write.ref, Rehearsed(write, _before(write, bound, snapshot)))
    return tuple(found.values())


def _writes(view: View) -> Iterator[Write]:
    turned = False
    for step in view.plan.steps:
        match step:
            case Stand(track="canary", replicas=replicas):
                made = create("canary", replicas or view.plan.stable_pods, view)
                yield from made.writes if isinstance(made, Do) else ()
            case Turn(split=split) if split and not turned:
                turned = True
                yield from lanes.shifted(view.plan, view.release.id, split, view.snapshot)
            case Shift(to=to):
                yield from selectors(view, to)
            case Twin(stands=True) | Retarget() | Guard() | Update():
                outcome = ensure(step, view)
                yield from outcome.writes if isinstance(outcome, Do) else ()
            case _:
                pass


def _before(write: Create | Patch, plan: Plan, snapshot: Snapshot) -> Obj | None:
    """What stands; for a new object what it is modelled on."""
    ref = write.ref
    if isinstance(write, Patch):
        return snapshot.find(ref.kind, ref.name)
    lane = next((x for x in plan.lanes if ref.name == x.twin or ref.name.startswith(x.own or "\n")), None)
    name = plan.stable if ref.kind == DEPLOYMENT else ""
    if lane and ref.kind == SERVICE:
        name = lane.service
    if lane and ref.kind == INGRESS:
        name = lane.name
    found = snapshot.find(ref.kind, name)
    return found if found is None or name_of(found) != ref.name else None

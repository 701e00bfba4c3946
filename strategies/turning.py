"""Do the lanes lead where a step wants it: twin Services, weights and audiences, and whether controllers took them.

Capacity before traffic: no lane is turned to a track whose pods are not all fit and listed by the Service it is reached
by, and none is turned back to a live Service that lists nobody.
"""

from strategies import edits, lanes, route_words
from strategies.following import is_ours
from strategies.objects import SERVICE, Obj, at, labels_of, name_of, uid_of
from strategies.outcome import Do, Done, Later, Outcome, Trouble
from strategies.pods import gate_open, is_ready
from strategies.steps import Turn, Twin
from strategies.target import RELEASE_LABEL
from strategies.undo import key
from strategies.view import View
from strategies.writes import Create, Delete, Write


def twin(step: Twin, view: View) -> Outcome:
    """The canary's own Services there, with its pods behind them; or gone."""
    found = {name_of(m): view.service(name_of(m)) for m in view.plan.twins}
    strange = [n for n, s in found.items() if s is not None and not is_ours(s, view)]
    if strange:
        return Trouble(
            "not-ours", route_words.strange_twin(strange[0], view.release.id, gone=not step.stands)
        )
    if not step.stands:
        gone = tuple(_delete(s, view) for s in found.values() if s is not None)
        return Do(gone) if gone else Done()
    missing = [m for m in view.plan.twins if found[name_of(m)] is None]
    if missing:
        return Do(tuple(_create(m, view) for m in missing))
    if step.ahead:
        return Done()
    pods = view.pods("canary")
    closed = [p for p in pods if not gate_open(p)] if view.plan.gated else []
    if closed and view.unfit(closed) is None:
        return Do(tuple(edits.gate(p, view.now, opened=True) for p in closed))
    ready = [p for p in pods if is_ready(p)]
    late = [n for n in found if not view.lists(n, ready)]
    if late or not ready:
        return Later(f"Service {(late or [*found])[0]} does not list the pods of {view.plan.canary} yet")
    return Done()


def _create(manifest: Obj, view: View) -> Write:
    name = name_of(manifest)
    return Create(view.snapshot.ref(SERVICE, name), manifest, f"create Service {name} for {view.plan.canary}")


def _delete(found: Obj, view: View) -> Write:
    ref = view.snapshot.ref(SERVICE, name_of(found))
    return Delete(ref, uid_of(found), f"delete Service {name_of(found)}")


def turn(step: Turn, view: View) -> Outcome:
    """Every lane at a split and taken by its controller; or as it was found."""
    gone = [lane for lane in view.plan.lanes if lanes.object_of(lane, view.snapshot) is None]
    if gone and not view.release.going_back:
        return Trouble("route-gone", f"{gone[0].kind} {gone[0].name} is gone")
    split = step.split
    if split and (split.share or split.audiences):
        standing = twin(Twin(stands=True), view)
        if not isinstance(standing, Done):
            return standing
    writes = _writes(step, view)
    if not writes:
        return _taken(view)
    foreign = [w for w in writes if isinstance(w, Delete) and not _made_by_us(w, view)]
    if foreign:
        return Trouble(
            "not-ours", f"{foreign[0].ref} does not bear this release's mark any more; it is left alone"
        )
    return _short(step, view) or Do(writes, moves=True)


def _writes(step: Turn, view: View) -> tuple[Write, ...]:
    if step.split is None:
        undo = view.evidence.undo
        return lanes.given_back(
            view.plan, lambda lane: undo.get(key(lanes.kind_of(lane), lane.name)), view.snapshot
        )
    return lanes.shifted(view.plan, view.release.id, step.split, view.snapshot)


def _made_by_us(write: Delete, view: View) -> bool:
    found = view.snapshot.find(write.ref.kind, write.ref.name)
    return found is not None and labels_of(found).get(RELEASE_LABEL) == view.release.id


def _taken(view: View) -> Outcome:
    """Whether the controllers say that they took what is written; going back waits for users, not for them."""
    why = lanes.pending(view.plan, view.snapshot)
    if not why or view.release.going_back:
        return Done()
    until = view.since(view.plan.timers.proof)
    if view.now < until:
        return Later(why, until)
    return Trouble("route-pending", route_words.not_taken(why, view.plan.timers.proof))


def _short(step: Turn, view: View) -> Later | None:
    """What is missing on the side that is to get traffic."""
    split = step.split
    if split and (split.share or split.audiences):
        pods = view.pods("canary")
        unfit = view.unfit(pods)
        if unfit is not None or not pods or not all(map(is_ready, pods)):
            why = unfit.reason if unfit else "not all are ready"
            return Later(
                f"no traffic is moved to {view.plan.canary}: {why}", until=getattr(unfit, "until", None)
            )
    if split and split.share >= split.per:
        return None
    empty = [n for n in dict.fromkeys(lane.service for lane in view.plan.lanes) if _nobody(n, view)]
    return Later(f"Service {empty[0]} lists no ready pod, so no traffic is moved to it") if empty else None


def _nobody(service: str, view: View) -> bool:
    ready = {at(p, "status", "podIP") for t in ("stable", "canary") for p in view.pods(t) if is_ready(p)}
    return not ready & view.listed(service)

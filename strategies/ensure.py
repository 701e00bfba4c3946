"""One function per kind of step: is it true yet, what would make it true, or why not.

An outcome is `Done`, `Do` (writes to journal and make), `Later` (a fact or a time is missing) or `Trouble` (it will not
come by itself). Each looks at the whole and may be asked any number of times.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, assert_never

from strategies import edits, words
from strategies.evidence import AskPods, Gather, ReadLog
from strategies.objects import DEPLOYMENT, HPA, PDB, SERVICE, Obj, annotations_of, at, name_of, uid_of
from strategies.pods import Fit, NotYet, Stuck, containers_ready, gate_open, is_ready, life
from strategies.release import Measured
from strategies.snapshot import replicas_of, template_labels
from strategies.steps import (
    Check,
    Drain,
    Guard,
    Keep,
    Lag,
    Prove,
    Remove,
    Retarget,
    Shift,
    Soak,
    Stand,
    Step,
    Tidy,
    TrackName,
    Update,
)
from strategies.target import RELEASE_LABEL
from strategies.tracks import RELEASE_NOTE
from strategies.undo import key
from strategies.view import View
from strategies.writes import Create, Delete, Patch, Write


@dataclass(frozen=True, slots=True)
class Done:
    """True now. `said` is worth a line in the log; `fit` are lives of pods that have settled; `seen` a measurement."""

    said: str = ""
    kind: str = "step"
    fit: tuple[str, ...] = ()
    seen: Measured | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Do:
    """These writes, in this order; `moves` when they move traffic."""

    writes: tuple[Write, ...]
    said: str = ""
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Not yet: why, when time alone would end it, and what to find out meanwhile."""

    reason: str
    until: datetime | None = None
    gather: Gather | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """It will not come by itself. Not fatal: the cluster may still make room before the deadline."""

    code: str
    reason: str
    fatal: bool = True
    detail: dict[str, Any] = field(default_factory=dict)


Outcome: TypeAlias = Done | Do | Later | Trouble


def ensure(step: Step, view: View) -> Outcome:
    """What a step needs now. Soak, Keep and Prove wait for people, time and users: `decide` does those itself."""
    match step:
        case Stand():
            return _stand(step, view)
        case Check():
            return _check(view)
        case Shift():
            return _shift(step, view)
        case Retarget():
            return _retarget(step, view)
        case Guard():
            return _guard(step, view)
        case Update():
            return _update(step, view)
        case Drain():
            return _drain(view)
        case Lag():
            return _lag(step, view)
        case Remove():
            return _remove(step, view)
        case Tidy():
            return _tidy(view)
        case Prove() | Soak() | Keep():
            return Done()
        case _:
            assert_never(step)


def _stand(step: Stand, view: View) -> Outcome:
    found = view.deployment(step.track)
    wanted = _wanted(step, found, view)
    if found is not None and step.track == "canary" and not _is_ours(found, view):
        return Trouble("not-ours", f"Deployment {name_of(found)} is there already, and not of this release")
    short = (
        found is None
        or replicas_of(found) < wanted
        or (step.track == "canary" and replicas_of(found) != wanted)
    )
    unfit = None if found is None else view.unfit(view.pods(step.track))
    if step.aside and (short or unfit is not None) and not view.at_position("stable"):
        why = f"{wanted} pods are to stand" if short else str(unfit.reason if unfit else "")
        return Do(_selectors(view, "stable"), words.aside(view.plan, why), moves=True)
    if found is None:
        return _create(step.track, wanted, view)
    closing = _unsettled_gates(view) if step.track == "canary" else ()
    if closing:
        return Do(closing, moves=True)
    if short:
        return Do(
            (edits.scale(found, wanted),), words.standing(view.plan, wanted) if step.track == "canary" else ""
        )
    if step.track == "stable" and _enough(view):
        return Done()
    return _standing(step.track, wanted, view)


def _wanted(step: Stand, found: Obj | None, view: View) -> int:
    """How many pods a track shall have: where an autoscaler decides, at least as many as it says."""
    wanted = view.serving if step.replicas is None else step.replicas
    if found is None or not view.plan.autoscalers:
        return wanted
    other = view.deployment("canary")
    scaled = other is not None and _scales(view, name_of(other))
    if step.track == "canary":
        return max(wanted, replicas_of(found)) if scaled else wanted
    # going back while the autoscaler follows the new track: what that has come to is what users need
    return max(replicas_of(found), replicas_of(other)) if other and scaled else replicas_of(found)


def _scales(view: View, name: str) -> bool:
    """Whether an autoscaler of the plan points at this Deployment."""
    found = (view.snapshot.find(HPA, a) for a in view.plan.autoscalers)
    return any(h is not None and at(h, "spec", "scaleTargetRef", "name") == name for h in found)


def _unsettled_gates(view: View) -> tuple[Write, ...]:
    """Gates to close: without a readiness probe, a pod that started again is Ready before it has settled."""
    if not view.plan.gated or view.plan.probed:
        return ()
    return tuple(
        edits.gate(p, view.now, opened=False)
        for p in view.pods("canary")
        if gate_open(p) and view.unfit([p]) is not None
    )


def _create(track: TrackName, wanted: int, view: View) -> Outcome:
    manifest = (
        view.plan.manifest if track == "canary" else view.evidence.undo.get(key(DEPLOYMENT, view.plan.stable))
    )
    if manifest is None:
        return Trouble(
            "gone", f"Deployment {view.name(track)} is gone, and nothing is known to make it again from"
        )
    made = {**manifest, "spec": {**manifest["spec"], "replicas": wanted}}
    ref = view.snapshot.ref(DEPLOYMENT, view.name(track))
    said = words.standing(view.plan, wanted) if track == "canary" else ""
    return Do((Create(ref, made, f"create {view.name(track)} with {wanted} pods"),), said)


def _standing(track: TrackName, wanted: int, view: View) -> Outcome:
    """Whether all the pods that should stand do, and are fit."""
    found, pods = view.deployment(track), view.pods(track)
    refused = view.workload(track)
    if refused and len(pods) < wanted:
        return Trouble(refused.code, refused.reason, refused.fatal)
    trouble = pods_trouble(pods, view)
    if trouble:
        return trouble
    if (
        found is None
        or len(pods) < wanted
        or int(at(found, "status", "observedGeneration", default=0))
        < int(at(found, "metadata", "generation", default=0))
    ):
        return Later(f"{len(pods)} of {wanted} pods of {view.name(track)} exist")
    if len(pods) > wanted:
        return Later(f"{len(pods) - wanted} pods of {view.name(track)} too many")
    unfit = view.unfit(pods)
    if isinstance(unfit, NotYet):
        ready = sum(1 for p in pods if view.unfit([p]) is None)
        return Later(
            f"{ready} of {wanted} pods of {view.name(track)} are fit: {unfit.reason}",
            unfit.until,
            view.asking(pods),
        )
    seconds = (view.now - view.release.since).total_seconds()
    version = view.plan.to_version if track == "canary" else view.plan.from_version
    said = words.stands(version, wanted, seconds) if track == "canary" else ""
    return Done(said, "stands", tuple(life(p) for p in pods))


def pods_trouble(pods: tuple[Obj, ...], view: View) -> Outcome | None:
    """A stuck pod in words; the last lines of a crashed one's log are fetched first."""
    stuck = view.unfit(pods)
    if not isinstance(stuck, Stuck):
        return None
    if stuck.code == "crash":
        log = view.evidence.logs.get(stuck.pod)
        if log is None:
            return Later(stuck.reason, gather=ReadLog(stuck.pod))
        return Trouble(stuck.code, stuck.reason, stuck.fatal, {"log": log, "pod": stuck.pod})
    return Trouble(stuck.code, stuck.reason, stuck.fatal, {"pod": stuck.pod})


def _check(view: View) -> Outcome:
    pods = view.pods("canary")
    if not view.plan.port:
        return Done("The pods declare no port, so they were not asked by themselves.", "checked")
    missing = tuple(name_of(p) for p in pods if life(p) not in view.evidence.checks)
    if missing:
        return Later(f"asking {len(missing)} pods by themselves", gather=AskPods(missing, times=5))
    for pod in pods:
        seen = view.evidence.checks[life(pod)]
        if seen.fine < seen.asked:
            return Trouble(
                "check",
                words.check_failed(
                    name_of(pod), f"{seen.asked - seen.fine} of {seen.asked} times {seen.said}"
                ),
            )
    return Done(words.checked(view.plan, len(pods)), "checked")


def _selectors(view: View, position: Any) -> tuple[Write, ...]:
    found = ((w, view.service(w.service)) for w in view.plan.ways)
    return tuple(
        edits.select(s, w.at(position))
        for w, s in found
        if s is not None and at(s, "spec", "selector") != w.at(position)
    )


def _shift(step: Shift, view: View) -> Outcome:
    gone = [w.service for w in view.plan.ways if view.service(w.service) is None]
    if gone:
        return Trouble("service-gone", f"Service {gone[0]} is gone")
    new = step.to in ("both", "canary") or (step.to == "after" and view.plan.ending == "replace")
    target: TrackName = "canary" if new else "stable"
    if view.plan.gated and target == "canary":
        closed = [p for p in view.pods("canary") if not gate_open(p)]
        if closed:
            return Do(tuple(edits.gate(p, view.now, opened=True) for p in closed), moves=True)
    pods = view.pods(target)
    waiting = [p for p in pods if not is_ready(p)]
    writes = _selectors(view, step.to)
    if writes and (waiting or not pods) and not (target == "stable" and _enough(view)):
        return Later(
            f"{len(waiting)} pods of {view.name(target)} are not ready, so no traffic is moved to them"
            if pods
            else f"{view.name(target)} has no pods"
        )
    if writes:
        return Do(writes, moves=True)
    if view.plan.gated and any(gate_open(p) and containers_ready(p) for p in waiting):
        return Later(f"the gates of {view.name(target)} are open, but not all its pods are called ready yet")
    if not view.in_endpoints(p for p in pods if is_ready(p)):
        return Later(f"the Service's endpoints do not list the pods of {view.name(target)} yet")
    if view.plan.gated and step.to == "stable":
        return _close(view) or Done()
    return Done()


def _enough(view: View) -> bool:
    """Going back must not wait for a last stable pod: it serves already, or has as many ready pods as the canary."""
    fit = sum(is_ready(p) and isinstance(view.fitness(p), Fit) for p in view.pods("stable"))
    return fit > 0 and (fit >= sum(map(is_ready, view.pods("canary"))) or not view.at_position("canary"))


def _close(view: View) -> Do | None:
    opened = [p for p in view.pods("canary") if gate_open(p)]
    return Do(tuple(edits.gate(p, view.now, opened=False) for p in opened), moves=True) if opened else None


def _drain(view: View) -> Outcome:
    stable = view.pods("stable")
    if not stable or not view.in_endpoints(stable):
        return Later("the Service's endpoints do not list the stable pods yet")
    return _close(view) or Done()


def _retarget(step: Retarget, view: View) -> Outcome:
    writes: list[Patch | None] = []
    aim = view.name(step.to)
    for name in view.plan.autoscalers:
        hpa = view.snapshot.find(HPA, name)
        writes.append(edits.aim(hpa, aim) if hpa else None)
    for name in view.plan.budgets:
        found = view.snapshot.find(PDB, name)
        writes.append(edits.cover(found, _budget_selector(found, name, step, view)) if found else None)
    made = tuple(w for w in writes if w is not None)
    return Do(made) if made else Done()


def _budget_selector(found: Obj, name: str, step: Retarget, view: View) -> Obj:
    before: Obj = at(
        view.evidence.undo.get(key(PDB, name), {}),
        "spec",
        "selector",
        default=at(found, "spec", "selector", default={}),
    )
    if step.to == "stable":
        return before
    new = template_labels(view.plan.manifest or {})
    return before | {"matchLabels": {k: new.get(k, v) for k, v in (before.get("matchLabels") or {}).items()}}


def _guard(step: Guard, view: View) -> Outcome:
    writes = []
    for name in view.plan.autoscalers:
        hpa = view.snapshot.find(HPA, name)
        if hpa is None:
            continue
        before = at(view.evidence.undo.get(key(HPA, name), {}), "spec", "minReplicas", default=1)
        wanted = max(before, view.serving) if step.raised else before
        have = at(hpa, "spec", "minReplicas", default=1)
        if have < wanted if step.raised else have != wanted:
            writes.append(
                edits.patch(
                    HPA,
                    hpa,
                    [edits.put("spec", "minReplicas", value=wanted)],
                    f"autoscaler {name} keeps at least {wanted}",
                )
            )
    return Do(tuple(writes)) if writes else Done()


def _update(step: Update, view: View) -> Outcome:
    found, plan = view.deployment("stable"), view.plan
    if found is None:
        return (
            _create("stable", plan.stable_pods, view)
            if step.to == "old"
            else Trouble("gone", f"Deployment {plan.stable} is gone")
        )
    new = step.to == "new"
    pods = view.pods("stable")
    fresh = [p for p in pods if view.new_image(p) is new]
    ops = edits.retemplate(
        found, plan.container, plan.to_image if new else plan.from_image, _label(view, new=new)
    )
    if plan.ending == "update" and new:
        ops += _rollout(found, view)
    paused = bool(at(found, "spec", "paused"))
    enough = step.pause_at is not None and len(fresh) >= step.pause_at
    if paused and not enough and not ops:
        ops.append({"op": "remove", "path": "/spec/paused"})
    elif enough and not paused:
        ops.append(edits.put("spec", "paused", value=True))
    if ops:
        image = plan.to_image if new else plan.from_image
        return Do(
            (
                edits.patch(
                    DEPLOYMENT, found, ops, f"{plan.stable} runs {image}" + (", paused" if enough else "")
                ),
            ),
            moves=plan.ending == "update",
        )
    if plan.ending != "update" and step.to == "old" and len(fresh) == len(pods) and _enough(view):
        return Done()  # it was never updated, or is back already: traffic must not wait for its last pod
    return _rolled(step, view, found, pods, fresh)


def _rolled(step: Update, view: View, found: Obj, pods: tuple[Obj, ...], fresh: list[Obj]) -> Outcome:
    trouble = pods_trouble(tuple(fresh), view)
    if trouble:
        return trouble
    refused = view.workload("stable")
    if refused:
        return Trouble(refused.code, refused.reason, refused.fatal)
    wanted, version = replicas_of(found), view.plan.to_version if step.to == "new" else view.plan.from_version
    unfit = view.unfit(fresh)
    if isinstance(unfit, NotYet):
        ready = sum(1 for p in fresh if view.unfit([p]) is None)
        return Later(
            f"{ready} of {wanted} pods run {version} and are fit: {unfit.reason}",
            unfit.until,
            view.asking(fresh),
        )
    seconds = (view.now - view.release.since).total_seconds()
    if step.pause_at is not None:
        if len(fresh) < step.pause_at:
            return Later(f"{len(fresh)} of {wanted} pods run {version}")
        return Done(words.paused(len(fresh), len(pods)), "paused", tuple(life(p) for p in fresh))
    status = found.get("status") or {}
    seen = int(status.get("observedGeneration", 0)) >= int(at(found, "metadata", "generation", default=0))
    counts = (int(status.get(k, 0)) for k in ("updatedReplicas", "replicas", "availableReplicas"))
    if not seen or len(fresh) != len(pods) or any(c != wanted for c in counts):
        return Later(f"{len(fresh)} of {wanted} pods run {version}")
    return Done(words.updated(view.plan.stable, version, seconds), "updated", tuple(life(p) for p in fresh))


def _label(view: View, *, new: bool) -> dict[str, str]:
    plan = view.plan
    if not plan.version_key or plan.ending == "replace":
        return {}
    value = plan.version_value if new else plan.old_version_value
    return {plan.version_key: value} if value else {}


def _rollout(found: Obj, view: View) -> list[dict[str, Any]]:
    """Surge, unavailable and minReadySeconds for the time of a rolling release."""
    plan, ops = view.plan, []
    wanted = {"maxSurge": plan.surge, "maxUnavailable": plan.unavailable}
    said = {k: int(v) if v.isdigit() else v for k, v in wanted.items() if v is not None}
    have = at(found, "spec", "strategy", "rollingUpdate", default={})
    if said and any(have.get(k) != v for k, v in said.items()):
        ops.append(
            edits.put("spec", "strategy", value={"type": "RollingUpdate", "rollingUpdate": have | said})
        )
    if plan.ready_seconds and int(at(found, "spec", "minReadySeconds", default=0)) < plan.ready_seconds:
        ops.append(edits.put("spec", "minReadySeconds", value=plan.ready_seconds))
    return ops


def _lag(step: Lag, view: View) -> Outcome:
    moved = view.release.shifted_at
    if moved is None:
        return Done()
    until = moved + timedelta(seconds=step.seconds)
    left = math.ceil((until - view.now).total_seconds())
    return (
        Later(f"routers may still send somebody the old way for {left} s", until)
        if view.now < until
        else Done()
    )


def _remove(step: Remove, view: View) -> Outcome:
    found = view.deployment(step.track)
    if found is None:
        return Done(words.removed(view.name(step.track)) if view.release.doing else "", "removed")
    if step.track == "canary" and not _is_ours(found, view):
        return Trouble(
            "not-ours",
            f"Deployment {name_of(found)} does not bear this release's mark any more; it is left alone",
        )
    ref = view.snapshot.ref(DEPLOYMENT, name_of(found))
    return Do((Delete(ref, uid_of(found), f"delete {name_of(found)}"),))


def _is_ours(found: Obj, view: View) -> bool:
    marked = annotations_of(found).get(RELEASE_NOTE) or at(found, "metadata", "labels", RELEASE_LABEL)
    return marked == view.release.id


def _tidy(view: View) -> Outcome:
    """Fields of ours put back, marks taken off, and then, in a patch of its own each, field ownership given back."""
    plan, undo = view.plan, view.evidence.undo
    marks: list[Write] = []
    owned: list[Write] = []
    for track in ("stable", "canary"):
        found = view.deployment(track)
        if found is None or (track == "canary" and plan.ending != "replace"):
            continue
        before = undo.get(key(DEPLOYMENT, name_of(found)))
        ops = edits.forget_note(found, RELEASE_NOTE) if track == "canary" else []
        if track == "stable" and before is not None and plan.ending == "update":
            ops += edits.restore(found, before, ("strategy", "minReadySeconds", "paused"))
        if ops:
            marks.append(edits.patch(DEPLOYMENT, found, ops, f"take our marks off {name_of(found)}"))
        owned += [w for w in (edits.disown(DEPLOYMENT, found),) if w]
    for kind, names in (
        (SERVICE, [w.service for w in plan.ways]),
        (HPA, plan.autoscalers),
        (PDB, plan.budgets),
    ):
        for name in names:
            obj = view.snapshot.find(kind, name)
            owned += [w for w in (edits.disown(kind, obj) if obj else None,) if w]
    return Do(tuple(marks)) if marks else Do(tuple(owned)) if owned else Done()

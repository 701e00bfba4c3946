"""Is a track standing, every pod of it fit for traffic? And does each new pod answer by itself?"""

from strategies import edits, lanes, words
from strategies.evidence import AskPods, ReadLog
from strategies.following import is_ours
from strategies.objects import DEPLOYMENT, HPA, Obj, at, name_of
from strategies.outcome import Do, Done, Later, Outcome, Trouble
from strategies.pods import NotYet, Stuck, gate_open, is_ready, life
from strategies.shifting import enough, selectors
from strategies.snapshot import replicas_of
from strategies.steps import (
    Stand,
    TrackName,
)
from strategies.undo import anew, key
from strategies.view import View
from strategies.writes import Create, Write


def stand(step: Stand, view: View) -> Outcome:
    """The track with its pods, each fit; users aside meanwhile where nothing else keeps them from unfit ones."""
    found = view.deployment(step.track)
    wanted = _wanted(step, found, view)
    if found is not None and step.track == "canary" and not is_ours(found, view):
        return Trouble("not-ours", f"Deployment {name_of(found)} is there already, and not of this release")
    short = (
        found is None
        or replicas_of(found) < wanted
        or (step.track == "canary" and replicas_of(found) != wanted)
    )
    unfit = None if found is None else view.unfit(view.pods(step.track))
    deserted = (
        step.track == "canary" and bool(view.plan.lanes) and not any(map(is_ready, view.pods("canary")))
    )
    if (step.aside or deserted) and (short or unfit is not None):
        writes = _aside(view)
        why = f"{wanted} pods are to stand" if short else str(unfit.reason if unfit else "")
        if writes:
            return Do(writes, words.aside(view.plan, why), moves=True)
    if found is None:
        return create(step.track, wanted, view)
    closing = _unsettled_gates(view) if step.track == "canary" else ()
    if closing:
        return Do(closing, moves=True)
    if short:
        return Do(
            (edits.scale(found, wanted),), words.standing(view.plan, wanted) if step.track == "canary" else ""
        )
    if step.track == "stable" and enough(view):
        return Done()
    return _standing(step.track, wanted, view)


def _aside(view: View) -> tuple[Write, ...]:
    """The writes that send everybody to the old version."""
    if view.plan.lanes:
        return lanes.shifted(view.plan, view.release.id, lanes.NONE, view.snapshot)
    return () if view.at_position("stable") else selectors(view, "stable")


def _wanted(step: Stand, found: Obj | None, view: View) -> int:
    """How many pods a track shall have: where an autoscaler decides, at least as many as it says."""
    wanted = view.serving if step.replicas is None else step.replicas
    if found is None or not view.plan.autoscalers:
        theirs = replicas_of(found) if found is not None and step.track == "stable" else 0
        return max(wanted, theirs)  # pods that somebody added to the old track stay, they are not waited away
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


def create(track: TrackName, wanted: int, view: View) -> Outcome:
    """Make the track's Deployment: the canary's from the plan, the stable one's again from the undo."""
    was = view.evidence.undo.get(key(DEPLOYMENT, view.plan.stable))
    manifest = view.plan.manifest if track == "canary" else anew(was) if was else None
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
    said = words.stands(version, wanted, seconds) if track == "canary" and view.release.doing else ""
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


def check(view: View) -> Outcome:
    """Each new pod's own answers."""
    pods = view.pods("canary")
    if not view.plan.port:
        return Done("The pods declare no port, so they were not asked by themselves.", "checked")
    trouble = pods_trouble(pods, view)
    if trouble:
        return trouble
    unfit = view.unfit(pods)
    if isinstance(unfit, NotYet):  # one that has just died says why in a moment, better than its silence does
        return Later(unfit.reason, unfit.until, view.asking(pods))
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

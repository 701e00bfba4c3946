"""What goes with a track: autoscaler and disruption budget; what is taken away, and what is given back at the end."""

from strategies import edits, lanes, ownership, words
from strategies.objects import DEPLOYMENT, HPA, PDB, SERVICE, Obj, annotations_of, at, name_of, uid_of
from strategies.outcome import Do, Done, Outcome, Trouble
from strategies.snapshot import template_labels
from strategies.steps import (
    Guard,
    Remove,
    Retarget,
)
from strategies.target import RELEASE_LABEL
from strategies.tracks import RELEASE_NOTE
from strategies.undo import key
from strategies.view import View
from strategies.writes import Delete, Patch, Write


def retarget(step: Retarget, view: View) -> Outcome:
    """Autoscaler and budget on the track that serves."""
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


def guard(step: Guard, view: View) -> Outcome:
    """The autoscaler's minimum raised, or given back."""
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


def remove(step: Remove, view: View) -> Outcome:
    """The track's Deployment gone; only one that bears this release's mark, where it is the canary's."""
    found = view.deployment(step.track)
    if found is None:
        return Done(words.removed(view.name(step.track)) if view.release.doing else "", "removed")
    if step.track == "canary" and not is_ours(found, view):
        return Trouble(
            "not-ours",
            f"Deployment {name_of(found)} does not bear this release's mark any more; it is left alone",
        )
    ref = view.snapshot.ref(DEPLOYMENT, name_of(found))
    return Do((Delete(ref, uid_of(found), f"delete {name_of(found)}"),))


def is_ours(found: Obj, view: View) -> bool:
    """Whether a Deployment bears this release's mark."""
    marked = annotations_of(found).get(RELEASE_NOTE) or at(found, "metadata", "labels", RELEASE_LABEL)
    return marked == view.release.id


def tidy(view: View) -> Outcome:
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
        owned += [w for w in (ownership.disown(DEPLOYMENT, found, before),) if w]
    for kind, names in (
        (SERVICE, [w.service for w in plan.ways]),
        (HPA, plan.autoscalers),
        (PDB, plan.budgets),
    ):
        for name in names:
            obj = view.snapshot.find(kind, name)
            was = undo.get(key(kind, name))
            owned += [w for w in (ownership.disown(kind, obj, was) if obj else None,) if w]
    owned += lanes.disowned(plan, lambda kind, name: undo.get(key(kind, name)), view.snapshot)
    return Do(tuple(marks)) if marks else Do(tuple(owned)) if owned else Done()

"""Is the stable Deployment rolled out to a version, to the last pod or to a pause?"""

from typing import Any

from strategies import edits, words
from strategies.objects import DEPLOYMENT, Obj, at
from strategies.outcome import Do, Done, Later, Outcome, Trouble
from strategies.pods import NotYet, life
from strategies.shifting import enough
from strategies.snapshot import replicas_of, rolled_out
from strategies.standing import create, pods_trouble
from strategies.steps import (
    Update,
)
from strategies.view import View


def update(step: Update, view: View) -> Outcome:
    """The stable Deployment at a version; a change of its template, a pause, or a wait."""
    found, plan = view.deployment("stable"), view.plan
    if found is None:
        return (
            create("stable", plan.stable_pods, view)
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
    halfway = step.pause_at is not None and len(fresh) >= step.pause_at
    if paused and not halfway and not ops:
        ops.append({"op": "remove", "path": "/spec/paused"})
    elif halfway and not paused:
        ops.append(edits.put("spec", "paused", value=True))
    if ops:
        image = plan.to_image if new else plan.from_image
        return Do(
            (
                edits.patch(
                    DEPLOYMENT, found, ops, f"{plan.stable} runs {image}" + (", paused" if halfway else "")
                ),
            ),
            moves=plan.ending == "update",
        )
    if plan.ending != "update" and step.to == "old" and len(fresh) == len(pods) and enough(view):
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
    if len(fresh) != len(pods) or not rolled_out(found):
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

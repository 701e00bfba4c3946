"""A Deployment's status: its counts, and what its conditions say of the rollout.

Source: the deployment controller's reasons and messages, which tools read word by word.
"""

from typing import NamedTuple

from bot.playground.kube import pods as p
from bot.playground.kube import rollout
from bot.playground.kube.times import now, seconds_since
from strategies.objects import Obj, at, meta, name_of

_ENDED = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentResumed")  # of another ReplicaSet
_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def _sum(sets: list[Obj], field: str) -> int:
    return sum(int(at(r, "status", field, default=0)) for r in sets)


def status_of(deployment: Obj, sets: list[Obj], new: Obj | None) -> tuple[Obj, float]:
    """The status to write, and in how many seconds the deadline should be looked at (0: not at all)."""
    old = at(deployment, "status", default={})
    wanted = at(deployment, "spec", "replicas", default=0)
    total = sum(int(at(r, "spec", "replicas", default=0)) for r in sets)
    available = _sum(sets, "availableReplicas")
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([new], "replicas") if new else 0,
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total - available),
    }
    status: Obj = {k: counts[k] for k in _COUNTS if counts[k]}
    status["terminatingReplicas"] = _sum(sets, "terminatingReplicas")
    status["observedGeneration"] = meta(deployment).get("generation", 1)
    conditions: list[Obj] = list(old.get("conditions") or [])
    enough = available >= wanted - rollout.bounds(deployment).unavailable
    conditions = _say(conditions, "Available", _ENOUGH if enough else _TOO_FEW)
    conditions, again = _progress(deployment, conditions, counts, new, moved=_moved(old, counts))
    conditions = _failure(conditions, sets, new)
    status["conditions"] = conditions
    if "collisionCount" in old:
        status["collisionCount"] = old["collisionCount"]
    return status, again


def _moved(old: Obj, counts: dict[str, int]) -> bool:
    """Whether the rollout went on since the last status: more new pods, fewer old ones, more ready or available."""

    def was(field: str) -> int:
        return int(old.get(field, 0))

    return (
        counts["updatedReplicas"] > was("updatedReplicas")
        or counts["replicas"] - counts["updatedReplicas"] < was("replicas") - was("updatedReplicas")
        or counts["readyReplicas"] > was("readyReplicas")
        or counts["availableReplicas"] > was("availableReplicas")
    )


class _Said(NamedTuple):
    status: str
    reason: str
    message: str


_ENOUGH = _Said("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
_TOO_FEW = _Said("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
_PAUSED = _Said("Unknown", "DeploymentPaused", "Deployment is paused")
_RESUMED = _Said("Unknown", "DeploymentResumed", "Deployment is resumed")


def _say(conditions: list[Obj], kind: str, said: _Said, *, touch: bool = False) -> list[Obj]:
    """The conditions with this one; `touch` moves its lastUpdateTime though it says the same."""
    old = next((c for c in conditions if c["type"] == kind), {})
    if not touch and (old.get("status"), old.get("reason"), old.get("message")) == said:
        return conditions
    return p.set_condition(conditions, kind, now(), **said._asdict(), lastUpdateTime=now())


def _progress(
    deployment: Obj, conditions: list[Obj], counts: dict[str, int], new: Obj | None, *, moved: bool
) -> tuple[list[Obj], float]:
    old: Obj = next((c for c in conditions if c["type"] == "Progressing"), {})
    if at(deployment, "spec", "paused", default=False):
        kept = old.get("reason") == "NewReplicaSetAvailable"
        return (conditions if kept else _say(conditions, "Progressing", _PAUSED)), 0.0
    if old.get("reason") == "DeploymentPaused":
        conditions = _say(conditions, "Progressing", _RESUMED)
        old = next(c for c in conditions if c["type"] == "Progressing")
    wanted = at(deployment, "spec", "replicas", default=0)
    who = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted:
        done = _Said("True", "NewReplicaSetAvailable", f"{who} has successfully progressed.")
        return _say(conditions, "Progressing", done), 0.0
    ours = who in old.get("message", "")
    if (
        old.get("reason") == "NewReplicaSetAvailable"
        and ours
        and counts["updatedReplicas"] == counts["replicas"]
    ):
        return (
            conditions,
            0.0,
        )  # a pod fell ill or was asked for after the rollout ended: that is no new rollout
    if moved:
        went_on = _Said("True", "ReplicaSetUpdated", f"{who} is progressing.")
        return _say(conditions, "Progressing", went_on, touch=True), _left(deployment, {})
    if not old or (old["reason"] in _ENDED and not ours):
        began = _Said(
            "True", "NewReplicaSetCreated", f"Created new {who.replace('ReplicaSet', 'replica set')}"
        )
        return _say(conditions, "Progressing", began), _left(deployment, {})
    left = _left(deployment, old)
    if left <= 0 and old["reason"] != "ProgressDeadlineExceeded":
        late = _Said("False", "ProgressDeadlineExceeded", f"{who} has timed out progressing.")
        return _say(conditions, "Progressing", late), 0.0
    return conditions, max(left, 0.0)


def _left(deployment: Obj, old: Obj) -> float:
    deadline = float(at(deployment, "spec", "progressDeadlineSeconds", default=600))
    return deadline - seconds_since(old.get("lastUpdateTime")) + (0.01 if not old else 0.0)


def _failure(conditions: list[Obj], sets: list[Obj], new: Obj | None) -> list[Obj]:
    """A ReplicaSet that may not make its pods speaks through the Deployment."""
    for replica_set in [*([new] if new else []), *sets]:
        if found := p.condition(replica_set, "ReplicaFailure"):
            return _say(conditions, "ReplicaFailure", _Said("True", found["reason"], found["message"]))
    return [c for c in conditions if c["type"] != "ReplicaFailure"]

"""A Deployment's status: its counts, and what its conditions say of the rollout.

Source: the deployment controller's reasons and messages, which tools read word by word.
"""

from bot.playground.kube import pods as p
from bot.playground.kube import rollout
from bot.playground.kube.times import now, seconds_since
from strategies.objects import Obj, at, meta, name_of

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
    conditions = _availability(conditions, available, wanted - rollout.bounds(deployment).unavailable)
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


def _say(
    conditions: list[Obj], kind: str, status: str, reason: str, message: str, *, touch: bool = False
) -> list[Obj]:
    old = next((c for c in conditions if c["type"] == kind), {})
    if not touch and (old.get("status"), old.get("reason"), old.get("message")) == (status, reason, message):
        return conditions
    return p.set_condition(
        conditions, kind, now(), status=status, reason=reason, message=message, lastUpdateTime=now()
    )


def _availability(conditions: list[Obj], available: int, least: int) -> list[Obj]:
    if available >= least:
        words = "Deployment has minimum availability."
        return _say(conditions, "Available", "True", "MinimumReplicasAvailable", words)
    words = "Deployment does not have minimum availability."
    return _say(conditions, "Available", "False", "MinimumReplicasUnavailable", words)


def _progress(
    deployment: Obj, conditions: list[Obj], counts: dict[str, int], new: Obj | None, *, moved: bool
) -> tuple[list[Obj], float]:
    old: Obj = next((c for c in conditions if c["type"] == "Progressing"), {})
    wanted = at(deployment, "spec", "replicas", default=0)
    who = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if at(deployment, "spec", "paused", default=False):
        if old.get("reason") in ("DeploymentPaused", "NewReplicaSetAvailable"):
            return conditions, 0.0
        return _say(conditions, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"), 0.0
    if old.get("reason") == "DeploymentPaused":
        conditions = _say(conditions, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
        old = next(c for c in conditions if c["type"] == "Progressing")
    complete = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
    if complete:
        words = f"{who} has successfully progressed."
        return _say(conditions, "Progressing", "True", "NewReplicaSetAvailable", words), 0.0
    if old.get("reason") == "NewReplicaSetAvailable" and new and words_of(old, who) and not moved:
        return conditions, 0.0  # a pod fell ill after the rollout ended: that is no new rollout
    if not old or (moved and old.get("reason") != "ReplicaSetUpdated") or words_other(old, who):
        reason = "ReplicaSetUpdated" if moved else "NewReplicaSetCreated"
        words = (
            f"{who} is progressing." if moved else f'Created new replica set "{name_of(new)}"' if new else who
        )
        return _say(conditions, "Progressing", "True", reason, words, touch=moved), _left(deployment, {})
    if moved:
        return _say(conditions, "Progressing", "True", old["reason"], old["message"]), touch=True), _left(
            deployment, {}
        )
    left = _left(deployment, old)
    if left <= 0 and old.get("reason") != "ProgressDeadlineExceeded":
        words = f"{who} has timed out progressing."
        return _say(conditions, "Progressing", "False", "ProgressDeadlineExceeded", words), 0.0
    return conditions, max(left, 0.0)


def words_of(old: Obj, who: str) -> bool:
    """Whether a condition speaks of this ReplicaSet."""
    return who in old.get("message", "")


def words_other(old: Obj, who: str) -> bool:
    """Whether a finished or failed rollout was another ReplicaSet's: a new one has begun."""
    done = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentResumed")
    return old.get("reason") in done and not words_of(old, who)


def _left(deployment: Obj, old: Obj) -> float:
    deadline = float(at(deployment, "spec", "progressDeadlineSeconds", default=600))
    return deadline - seconds_since(old.get("lastUpdateTime")) + (0.01 if not old else 0.0)


def _failure(conditions: list[Obj], sets: list[Obj], new: Obj | None) -> list[Obj]:
    """A ReplicaSet that may not make its pods speaks through the Deployment."""
    for replica_set in [*([new] if new else []), *sets]:
        if found := p.condition(replica_set, "ReplicaFailure"):
            return _say(conditions, "ReplicaFailure", "True", found["reason"], found["message"])
    return [c for c in conditions if c["type"] != "ReplicaFailure"]

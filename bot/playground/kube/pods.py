"""What a pod's own fields say: ready, available, terminating, whose it is."""

from bot.playground.kube.times import seconds_since
from strategies.objects import Obj, at, meta


def condition(obj: Obj, kind: str) -> Obj:
    """The condition of that type, empty where there is none."""
    found: Obj = next((c for c in at(obj, "status", "conditions", default=[]) if c.get("type") == kind), {})
    return found


def ready(pod: Obj) -> bool:
    """Condition Ready is True."""
    return condition(pod, "Ready").get("status") == "True"


def terminating(pod: Obj) -> bool:
    """On its way out."""
    return bool(meta(pod).get("deletionTimestamp"))


def until_available(pod: Obj, settle: int) -> float:
    """Seconds until a ready pod counts as available (minReadySeconds); 0 now, infinite while it is not ready."""
    if not ready(pod):
        return float("inf")
    if not settle:
        return 0.0
    return max(0.0, settle - seconds_since(condition(pod, "Ready").get("lastTransitionTime")))


def owner(obj: Obj) -> Obj:
    """The controlling owner reference, empty where there is none."""
    found: Obj = next((r for r in meta(obj).get("ownerReferences") or [] if r.get("controller")), {})
    return found


def set_condition(conditions: list[Obj], kind: str, stamp: str, **fields: str) -> list[Obj]:
    """The conditions with this one; its lastTransitionTime moves only with its status."""
    old = next((c for c in conditions if c.get("type") == kind), None)
    moved = (
        stamp
        if old is None or old.get("status") != fields["status"]
        else old.get("lastTransitionTime", stamp)
    )
    made: Obj = {"type": kind, **fields, "lastTransitionTime": moved}
    if old is not None:
        return [made if c is old else c for c in conditions]
    return [*conditions, made]

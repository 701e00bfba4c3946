"""The arithmetic of a rolling update: how many pods each ReplicaSet should have next.

Source: the deployment controller's own rules (`NewRSNewReplicas`, `reconcileOldReplicaSets`), as numbers in, numbers out.
"""

import math
from dataclasses import dataclass

from strategies.objects import Obj, at


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a rollout may go beyond and below the wanted count."""

    surge: int
    unavailable: int


def _part(value: int | str, whole: int, *, up: bool) -> int:
    """A count or a percentage of the whole.

    >>> _part("25%", 3, up=True), _part("25%", 3, up=False), _part(2, 3, up=True)
    (1, 0, 2)
    """
    if isinstance(value, str) and value.endswith("%"):
        share = float(value[:-1]) * whole / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value)


def bounds(deployment: Obj) -> Bounds:
    """MaxSurge rounds up, maxUnavailable down; both 0 would never move, so one may be missing."""
    wanted = at(deployment, "spec", "replicas", default=1)
    strategy = at(deployment, "spec", "strategy", default={})
    if strategy.get("type") == "Recreate":
        return Bounds(0, wanted)
    rolling = strategy.get("rollingUpdate") or {}
    surge = _part(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _part(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge, min(unavailable, wanted))


def next_new(wanted: int, total: int, new: int, surge: int) -> int:
    """The new ReplicaSet's next size.

    4 wanted, surge 1, 4 old pods stand: one new may come.

    >>> next_new(4, 4, 0, 1), next_new(4, 5, 1, 1)
    (1, 1)
    """
    room = wanted + surge - total
    return new if room <= 0 else min(new + room, wanted)


def old_to_go(wanted: int, total: int, new_unavailable: int, unavailable: int) -> int:
    """How many old pods may go at most, counting new ones that are not available yet.

    4 wanted, 1 may miss, 5 pods of which 1 is new and not available: 1 old may go.

    >>> old_to_go(4, 5, 1, 1)
    1
    """
    return max(0, total - (wanted - unavailable) - new_unavailable)


def proportion(size: int, wanted_total: int, standing_total: int) -> int:
    """A ReplicaSet's share when a Deployment is scaled in the middle of a rollout, rounded to the nearest pod."""
    return math.floor(size * wanted_total / standing_total + 0.5) if standing_total else size

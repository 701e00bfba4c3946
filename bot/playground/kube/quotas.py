"""ResourceQuota: what a namespace uses, and the refusal of what would go beyond."""

from collections.abc import Iterable

from bot.playground.kube.answers import forbidden
from bot.playground.kube.kinds import BY_PATH, Resource
from bot.playground.kube.store import Store
from strategies.objects import POD, QUOTA, Obj, at, name_of, namespace_of

_SUFFIXES = {
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 1024.0,
    "Mi": 1024.0**2,
    "Gi": 1024.0**3,
    "Ti": 1024.0**4,
}


def quantity(text: str | float) -> float:
    """A resource quantity as a number.

    >>> quantity("250m"), quantity("2Gi"), quantity("3")
    (0.25, 2147483648.0, 3.0)
    """
    words = str(text)
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if words.endswith(suffix):
            return float(words.removesuffix(suffix)) * _SUFFIXES[suffix]
    return float(words)


def asked(pod: Obj, name: str, side: str = "requests") -> float:
    """What a pod's containers ask of a resource in all, `side` being requests or limits."""
    found = [at(c, "resources", side, name) for c in at(pod, "spec", "containers", default=[])]
    if side == "requests":
        limits = [at(c, "resources", "limits", name) for c in at(pod, "spec", "containers", default=[])]
        found = [f if f is not None else limit for f, limit in zip(found, limits, strict=True)]
    return sum(quantity(f) for f in found if f is not None)


def alive(pod: Obj) -> bool:
    """Whether a pod still counts."""
    return at(pod, "status", "phase") not in ("Failed", "Succeeded")


def _cost(resource: Resource, obj: Obj, key: str) -> float:
    """What an object costs of a quota's key: `pods`, `requests.cpu`, `count/deployments.apps`, `services`."""
    if key in (f"count/{resource.qualified}", resource.qualified):
        return 1.0
    if resource.kind != POD:
        return 0.0
    side, _, name = key.partition(".")
    if side in ("requests", "limits"):
        return asked(obj, name, side)
    return asked(obj, key) if key in ("cpu", "memory") else 0.0


def _key_resource(key: str) -> Resource | None:
    plural = key.removeprefix("count/")
    found: Iterable[Resource] = (r for r in BY_PATH.values() if plural in (r.qualified, r.kind.plural))
    return next(iter(found), BY_PATH["v1", "pods"])


def used(store: Store, quota: Obj) -> dict[str, float]:
    """What is used of each key of a quota."""
    counts: dict[str, float] = {}
    for key in at(quota, "spec", "hard", default={}):
        resource = _key_resource(key)
        objects = store.all(resource.kind, namespace_of(quota)) if resource else []
        live = [o for o in objects if resource and (resource.kind != POD or alive(o))]
        counts[key] = sum(_cost(resource, o, key) for o in live) if resource else 0.0
    return counts


def shown(number: float) -> str:
    """A number as a quantity."""
    return str(int(number)) if number == int(number) else f"{round(number * 1000)}m"


def admit(store: Store, resource: Resource, obj: Obj) -> None:
    """Refusal 403 where a quota of the namespace leaves no room for a new object."""
    for quota in store.all(QUOTA, namespace_of(obj)):
        hard = at(quota, "spec", "hard", default={})
        counts = used(store, quota)
        over = []
        for key, limit in hard.items():
            cost = _cost(resource, obj, key)
            if cost and counts[key] + cost > quantity(limit):
                over.append((key, cost, counts[key], str(limit)))
        if over:
            words = "exceeded quota: {}, requested: {}, used: {}, limited: {}".format(
                name_of(quota),
                ",".join(f"{k}={shown(c)}" for k, c, _, _ in over),
                ",".join(f"{k}={shown(u)}" for k, _, u, _ in over),
                ",".join(f"{k}={limit}" for k, _, _, limit in over),
            )
            raise forbidden(resource, name_of(obj), words)

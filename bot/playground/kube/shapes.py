"""How maps and lists merge, by field name: whole, by key, or as a set.

Sources: the OpenAPI extensions `x-kubernetes-list-type`, `-list-map-keys`, `-map-type` (for apply and field ownership)
and `x-kubernetes-patch-merge-key` (for strategic merge). A field not named here is, as a map, merged by its fields,
and as a list, replaced whole.
"""

from typing import Any

from strategies.objects import Obj

Path = tuple[str, ...]

_KEYED: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "listeners": ("name",),
    "podIPs": ("ip",),
    "hostIPs": ("ip",),
}
_PORT_KEYS = {"containers": "containerPort", "initContainers": "containerPort", "spec": "port"}
_SETS = frozenset({"finalizers"})
_WHOLE_MAPS = frozenset(
    {
        "selector",
        "nodeSelector",
        "labelSelector",
        "podSelector",
        "namespaceSelector",
        "involvedObject",
        "targetRef",
        "scaleTargetRef",
        "secretKeyRef",
        "configMapKeyRef",
        "fieldRef",
        "resourceFieldRef",
        "loadBalancer",
    }
)


def keys_of(path: Path) -> tuple[str, ...]:
    """The keys that name an element of the list at this path of field names; empty where the list is no map.

    >>> keys_of(("spec", "template", "spec", "containers", "ports"))
    ('containerPort', 'protocol')
    """
    if path and path[-1] == "ports":
        parent = path[-2] if len(path) > 1 else ""
        key = _PORT_KEYS.get(parent)
        return (key, "protocol") if key and path[0] == "spec" else ()
    return _KEYED.get(path[-1], ()) if path else ()


def merge_key(path: Path) -> str:
    """The one key strategic merge goes by; empty where the list is replaced."""
    keys = keys_of(path)
    return keys[0] if keys and path[-1] != "listeners" else ""


def is_set(path: Path) -> bool:
    """Whether the list holds scalars, each once."""
    return bool(path) and path[-1] in _SETS


def is_whole(path: Path) -> bool:
    """Whether the map at this path is one value: owned and applied as a whole."""
    return bool(path) and path[-1] in _WHOLE_MAPS


def key_values(item: Obj, keys: tuple[str, ...]) -> tuple[Any, ...]:
    """An element's identity; a port without protocol is TCP."""
    return tuple(item.get(k, "TCP" if k == "protocol" else None) for k in keys)

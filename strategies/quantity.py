"""Kubernetes quantities (`500m`, `1Gi`) and what one pod asks of a quota."""

from strategies.objects import Obj, at

_SUFFIX = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
}


def parse(text: str) -> float:
    """The number a quantity stands for.

    >>> parse("500m"), parse("1Gi"), parse("3")
    (0.5, 1073741824.0, 3.0)
    """
    for suffix, factor in _SUFFIX.items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


def requested(pod_spec: Obj, key: str) -> float:
    """What one pod of this spec takes of a quota's key; 0 for keys that pods do not touch.

    >>> requested({"containers": [{"resources": {"requests": {"cpu": "250m"}}}]}, "requests.cpu")
    0.25
    """
    if key in ("pods", "count/pods"):
        return 1.0
    kind, _, resource = key.rpartition(".")
    kind = {"": "requests"}.get(kind, kind)
    if kind not in ("requests", "limits") or resource not in ("cpu", "memory", "ephemeral-storage"):
        return 0.0
    return sum(
        parse(str(at(c, "resources", kind, resource, default="0"))) for c in pod_spec.get("containers", [])
    )

"""Why a pod cannot go to the one node there is, in the scheduler's own words."""

from bot.playground.kube import pods as p
from bot.playground.kube.quotas import alive, asked, quantity
from bot.playground.kube.store import Store
from bot.playground.kube.times import now
from strategies.objects import NODE, POD, Labels, Obj, at, labels_of, matches, namespace_of, uid_of

NODE_NAME = "playground"
ADDRESS = "127.0.0.1"
_ROOM = {"cpu": "8", "memory": "16Gi", "pods": "250"}


def node() -> Obj:
    """The node object."""
    labels = {"kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    stamp = now()
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": stamp}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE_NAME, "labels": labels},
        "spec": {},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": ADDRESS},
                {"type": "Hostname", "address": NODE_NAME},
            ],
            "allocatable": dict(_ROOM),
            "capacity": dict(_ROOM),
            "conditions": [condition],
        },
    }


def unschedulable(store: Store, pod: Obj) -> str:
    """Why no node takes the pod; empty where one does."""
    found = store.get(NODE, "", NODE_NAME)
    labels = labels_of(found) if found else {}
    others = [
        o for o in store.all(POD) if at(o, "spec", "nodeName") and alive(o) and uid_of(o) != uid_of(pod)
    ]
    why = _refusal(pod, labels, others, at(found, "status", "allocatable", default=_ROOM) if found else _ROOM)
    return f"0/1 nodes are available: 1 {why}." if why else ""


def _refusal(pod: Obj, labels: Labels, others: list[Obj], room: Obj) -> str:
    selector = at(pod, "spec", "nodeSelector", default={})
    if any(labels.get(k) != v for k, v in selector.items()) or not _affine(pod, labels):
        return "node(s) didn't match Pod's node affinity/selector"
    wanted = _host_ports(pod)
    if wanted and any(wanted & _host_ports(o) for o in others):
        return "node(s) didn't have free ports for the requested pod ports"
    if any(_repels(pod, o) or _repels(o, pod) for o in others):
        return "node(s) didn't match pod anti-affinity rules"
    for name in ("cpu", "memory"):
        if sum(asked(o, name) for o in [*others, pod]) > quantity(room[name]):
            return f"Insufficient {name}"
    return "Too many pods" if len(others) >= int(room["pods"]) else ""


def _affine(pod: Obj, labels: Labels) -> bool:
    path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    terms = at(pod, "spec", *path, default=[])
    return not terms or any(matches(term, labels) for term in terms)


def _host_ports(pod: Obj) -> set[int]:
    containers = at(pod, "spec", "containers", default=[])
    return {q["hostPort"] for c in containers for q in c.get("ports") or [] if q.get("hostPort")}


def _repels(pod: Obj, other: Obj) -> bool:
    """Whether a pod's required anti-affinity forbids the other beside it: one node, so every topology is the same."""
    if namespace_of(pod) != namespace_of(other) or p.terminating(pod):
        return False
    path = ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return any(
        matches(term.get("labelSelector"), labels_of(other)) for term in at(pod, "spec", *path, default=[])
    )

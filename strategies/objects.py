"""Kubernetes objects as the JSON they are, and how to name them.

Objects stay dicts: a model would drop the fields it does not know, and those belong to somebody. Everything here
reads; nothing changes its argument.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

Obj: TypeAlias = dict[str, Any]
T = TypeVar("T")
Labels: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A resource type as the API server names it; `api` is `v1` or `group/version`."""

    api: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, empty for the core one."""
        return self.api.rpartition("/")[0]

    def __str__(self) -> str:
        return self.name


DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
REPLICASET = Kind("apps/v1", "ReplicaSet", "replicasets")
STATEFULSET = Kind("apps/v1", "StatefulSet", "statefulsets")
DAEMONSET = Kind("apps/v1", "DaemonSet", "daemonsets")
SERVICE = Kind("v1", "Service", "services")
POD = Kind("v1", "Pod", "pods")
SECRET = Kind("v1", "Secret", "secrets")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
NODE = Kind("v1", "Node", "nodes", namespaced=False)
EVENT = Kind("v1", "Event", "events")
QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
ENDPOINTSLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
INGRESS_CLASS = Kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False)
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
HPA = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
PDB = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
HTTPROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
GRPCROUTE = Kind("gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes")
GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")
REFERENCE_GRANT = Kind("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "referencegrants")
VIRTUALSERVICE = Kind("networking.istio.io/v1", "VirtualService", "virtualservices")
DESTINATIONRULE = Kind("networking.istio.io/v1", "DestinationRule", "destinationrules")
INGRESSROUTE = Kind("traefik.io/v1alpha1", "IngressRoute", "ingressroutes")
TRAEFIKSERVICE = Kind("traefik.io/v1alpha1", "TraefikService", "traefikservices")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
VPA = Kind("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects")


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object's address: kind, namespace (empty where the kind has none) and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.name} {self.name}"


def meta(obj: Obj) -> Obj:
    """`metadata`, never None."""
    found: Obj = obj.get("metadata") or {}
    return found


def name_of(obj: Obj) -> str:
    """`metadata.name`."""
    return str(meta(obj).get("name", ""))


def namespace_of(obj: Obj) -> str:
    """`metadata.namespace`, empty where there is none."""
    return str(meta(obj).get("namespace", ""))


def uid_of(obj: Obj) -> str:
    """`metadata.uid`, empty before the server gave one."""
    return str(meta(obj).get("uid", ""))


def version_of(obj: Obj) -> str:
    """`metadata.resourceVersion`, the precondition of every write."""
    return str(meta(obj).get("resourceVersion", ""))


def labels_of(obj: Obj) -> Labels:
    """`metadata.labels`, never None."""
    return dict(meta(obj).get("labels") or {})


def annotations_of(obj: Obj) -> Labels:
    """`metadata.annotations`, never None."""
    return dict(meta(obj).get("annotations") or {})


def copied(value: T) -> T:
    """A copy of a JSON value that shares nothing with it, in a fraction of the time of copy.deepcopy."""
    if isinstance(value, dict):
        return cast("T", {k: copied(v) for k, v in value.items()})
    if isinstance(value, list):
        return cast("T", [copied(v) for v in value])
    return value


def at(obj: Any, *path: str | int, default: Any = None) -> Any:
    """The value under a path of keys and indexes, or the default where any of them is missing.

    >>> at({"spec": {"containers": [{"image": "a:v1"}]}}, "spec", "containers", 0, "image")
    'a:v1'
    """
    for key in path:
        if isinstance(obj, dict):
            obj = obj.get(key)
        elif isinstance(obj, list) and isinstance(key, int) and -len(obj) <= key < len(obj):
            obj = obj[key]
        else:
            return default
    return default if obj is None else obj


def covers(selector: Labels | None, labels: Labels) -> bool:
    """Whether a Service's selector catches these labels; an empty selector catches nothing.

    >>> covers({"app": "a"}, {"app": "a", "version": "1"}), covers({}, {"app": "a"})
    (True, False)
    """
    return bool(selector) and all(labels.get(k) == v for k, v in (selector or {}).items())


def matches(selector: Obj | None, labels: Labels) -> bool:
    """Whether a LabelSelector (`matchLabels`, `matchExpressions`) matches; an empty one matches everything."""
    if selector is None:
        return False
    if not all(labels.get(k) == v for k, v in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        key, values = rule["key"], rule.get("values") or []
        match rule["operator"]:
            case "In":
                ok = labels.get(key) in values
            case "NotIn":
                ok = labels.get(key) not in values
            case "Exists":
                ok = key in labels
            case _:
                ok = key not in labels
        if not ok:
            return False
    return True

"""The resource types the embedded server knows, and how each behaves where they differ.

Sources: API discovery of Kubernetes 1.37, and each difference below measured against it by the contract suite.
"""

from dataclasses import dataclass

from strategies import objects as o
from strategies.objects import Kind


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type.

    `generation`: writes to the spec count. `unconditional`: a PUT without resourceVersion is taken.
    `creates`: a PUT of a name that is not there creates it. `returns`: a delete answers the object, not a Status.
    `custom`: defined by a CRD, so no strategic merge.
    """

    kind: Kind
    short: tuple[str, ...] = ()
    status: bool = False
    scale: bool = False
    generation: bool = False
    unconditional: bool = True
    creates: bool = False
    returns: bool = False
    custom: bool = False

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as messages name it."""
        return f"{self.kind.plural}.{self.kind.group}" if self.kind.group else self.kind.plural

    @property
    def singular(self) -> str:
        """`deployment`."""
        return self.kind.name.lower()


CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")
GATEWAY_CLASS = Kind("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", namespaced=False)


def _workload(kind: Kind, short: str) -> Resource:
    return Resource(kind, (short,), status=True, scale=True, generation=True)


def _custom(kind: Kind, *short: str) -> Resource:
    return Resource(kind, short, status=True, generation=True, unconditional=False, custom=True)


RESOURCES: tuple[Resource, ...] = (
    Resource(o.NAMESPACE, ("ns",), status=True, returns=True),
    Resource(o.NODE, ("no",)),
    Resource(o.POD, ("po",), status=True, generation=True, returns=True),
    Resource(o.SERVICE, ("svc",), status=True, creates=True, returns=True),
    Resource(o.SECRET),
    Resource(CONFIG_MAP, ("cm",)),
    Resource(o.EVENT, ("ev",), creates=True),
    Resource(o.QUOTA, ("quota",), status=True, returns=True),
    Resource(SERVICE_ACCOUNT, ("sa",), returns=True),
    _workload(o.DEPLOYMENT, "deploy"),
    _workload(o.REPLICASET, "rs"),
    _workload(o.STATEFULSET, "sts"),
    Resource(o.DAEMONSET, ("ds",), status=True, generation=True),
    Resource(o.ENDPOINTSLICE, generation=True),
    Resource(o.INGRESS, ("ing",), status=True, generation=True),
    Resource(o.INGRESS_CLASS, generation=True),
    Resource(o.NETWORK_POLICY, ("netpol",), generation=True),
    Resource(o.HPA, ("hpa",), status=True, generation=True),
    Resource(o.PDB, ("pdb",), status=True, generation=True, unconditional=False),
    Resource(o.LEASE, unconditional=False, creates=True),
    _custom(o.HTTPROUTE),
    _custom(GATEWAY, "gtw"),
    _custom(GATEWAY_CLASS, "gc"),
)
BY_KIND: dict[Kind, Resource] = {r.kind: r for r in RESOURCES}
BY_PATH: dict[tuple[str, str], Resource] = {(r.kind.api, r.kind.plural): r for r in RESOURCES}
API_VERSIONS: tuple[str, ...] = tuple(dict.fromkeys(r.kind.api for r in RESOURCES))
REVIEWS = {
    "authorization.k8s.io/v1": ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
    "authentication.k8s.io/v1": ("SelfSubjectReview", "selfsubjectreviews"),
}
"""Review types: answered on the spot, never stored."""
LOCAL_REVIEW = ("authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews")
"""The one that is asked in a namespace, about anybody."""

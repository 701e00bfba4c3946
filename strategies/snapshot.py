"""What was seen of one namespace, at one moment, and who owns what in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategies.objects import (
    DEPLOYMENT,
    POD,
    SERVICE,
    Kind,
    Labels,
    Obj,
    Ref,
    at,
    covers,
    labels_of,
    meta,
    name_of,
)

Objects = Mapping[Kind, Mapping[str, Obj]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects of a namespace by kind and name; a kind that the cluster does not have is simply absent."""

    namespace: str
    objects: Objects = field(default_factory=dict)

    def all(self, kind: Kind) -> tuple[Obj, ...]:
        """Every object of a kind, by name."""
        return tuple(obj for _, obj in sorted(self.objects.get(kind, {}).items()))

    def find(self, kind: Kind, name: str) -> Obj | None:
        """One object, None where it is not there."""
        return self.objects.get(kind, {}).get(name)

    def ref(self, kind: Kind, name: str) -> Ref:
        """The address of an object of this namespace."""
        return Ref(kind, self.namespace if kind.namespaced else "", name)

    def pods_of(self, deployment: Obj) -> tuple[Obj, ...]:
        """The pods a Deployment owns, by way of its ReplicaSets, those being deleted included.

        By owner, not by selector: a canary inside bears all that the stable selector asks for. A ReplicaSet is named
        after its Deployment and the template's hash, which spares us watching ReplicaSets.
        """
        return tuple(p for p in self.all(POD) if _owner(p) == name_of(deployment))

    def services_of(self, labels: Labels) -> tuple[Obj, ...]:
        """The Services whose selector catches pods with these labels."""
        return tuple(s for s in self.all(SERVICE) if covers(at(s, "spec", "selector"), labels))

    def deployments(self) -> tuple[Obj, ...]:
        """Every Deployment."""
        return self.all(DEPLOYMENT)


def template_labels(workload: Obj) -> Labels:
    """The labels its pods get."""
    return dict(at(workload, "spec", "template", "metadata", "labels", default={}))


def rolled_out(deployment: Obj) -> bool:
    """Whether its status says, of its present template, that every pod wanted is new and available, and no other is left."""
    status, wanted = deployment.get("status") or {}, replicas_of(deployment)
    seen = int(status.get("observedGeneration", 0)) >= int(
        at(deployment, "metadata", "generation", default=0)
    )
    counts = (int(status.get(k, 0)) for k in ("updatedReplicas", "replicas", "availableReplicas"))
    return seen and all(c == wanted for c in counts)


def replicas_of(workload: Obj) -> int:
    """`spec.replicas`, 1 where unset."""
    return int(at(workload, "spec", "replicas", default=1))


def _owner(pod: Obj) -> str:
    for owner in meta(pod).get("ownerReferences") or []:
        if owner.get("kind") == "ReplicaSet":
            suffix = "-" + labels_of(pod).get("pod-template-hash", "")
            return str(owner["name"]).removesuffix(suffix) if len(suffix) > 1 else ""
    return ""

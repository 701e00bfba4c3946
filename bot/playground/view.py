"""What the page shows of a cluster, derived from Kubernetes objects as they are: pods by Deployment, Services, versions.

Reads only; the same for the embedded cluster and a real one. Invariant: nothing here is guessed; a pod's version is the
tag of its own image, so that during a rolling release both versions of one Deployment are told apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.hints import annotation_hints
from strategies.image import short, split_image
from strategies.objects import Obj, annotations_of, at, covers, labels_of, meta, name_of
from strategies.pods import is_ready
from strategies.probe import Probe
from strategies.refusal import Refusal

_OWN = "graylight/"


@dataclass(frozen=True, slots=True)
class Seen:
    """The objects of a namespace that the page is about."""

    deployments: Sequence[Obj]
    pods: Sequence[Obj]
    services: Sequence[Obj]

    def page(self) -> dict[str, Any]:
        """`deployments` and `services`, as the page's `routes` want them."""
        pods = sorted(self.pods, key=lambda p: (str(meta(p).get("creationTimestamp", "")), name_of(p)))
        return {
            "deployments": [
                {
                    "name": name_of(one),
                    "image": _image(at(one, "spec", "template", default={})),
                    "replicas": at(one, "spec", "replicas", default=1),
                    "pods": [_pod(p) for p in pods if _deployment_of(p) == name_of(one)],
                }
                for one in self.deployments
            ],
            "services": [
                {
                    "name": name_of(one),
                    "selector": at(one, "spec", "selector", default={}),
                    "type": at(one, "spec", "type", default="ClusterIP"),
                    "versions": self._behind(one),
                }
                for one in self.services
                if at(one, "spec", "selector")
            ],
        }

    def _behind(self, service: Obj) -> list[str]:
        """The versions of the pods that a Service selects."""
        selector = at(service, "spec", "selector", default={})
        return sorted({version_of(_image(p)) for p in self.pods if covers(selector, labels_of(p))})

    def versions(self) -> dict[str, str]:
        """The version of each pod that has an address, by address."""
        found = ((str(at(p, "status", "podIP", default="")), version_of(_image(p))) for p in self.pods)
        return {address: version for address, version in found if address}

    def probe(self) -> Probe | None:
        """The first probe that a Deployment declares: the way users go."""
        return next(_declared(self.deployments), None)


def version_of(image: str) -> str:
    """An image's version as it is shown.

    >>> version_of("reg.example:5000/shop/k8sdemo:v6")
    'v6'
    """
    return short(split_image(image)[1])


def _declared(deployments: Iterable[Obj]) -> Iterator[Probe]:
    for one in deployments:
        mine = {k: v for k, v in annotations_of(one).items() if k.startswith(_OWN)}
        hints = annotation_hints(mine)
        if not isinstance(hints, Refusal) and hints.probe is not None:
            yield hints.probe


def _deployment_of(pod: Obj) -> str:
    """A ReplicaSet is named after its Deployment and the hash of the template: `k8sdemo-deploy-5d9c7b`."""
    for owner in meta(pod).get("ownerReferences") or []:
        if owner.get("kind") == "ReplicaSet" and owner.get("controller"):
            return str(owner["name"]).rpartition("-")[0]
    return ""


def _image(template: Obj) -> str:
    return str(at(template, "spec", "containers", 0, "image", default=""))


def _pod(pod: Obj) -> dict[str, Any]:
    going = bool(meta(pod).get("deletionTimestamp"))
    shown: dict[str, Any] = {
        "name": name_of(pod),
        "ip": str(at(pod, "status", "podIP", default="")),
        "ready": is_ready(pod) and not going,
        "phase": "Terminating" if going else str(at(pod, "status", "phase", default="Pending")),
        "version": version_of(_image(pod)),
    }
    if (reason := _reason(pod)) and not going and not shown["ready"]:
        shown["reason"] = reason
    return shown


def _reason(pod: Obj) -> str:
    """Why it does not serve, in Kubernetes' own word; empty while there is nothing to say."""
    for status in at(pod, "status", "containerStatuses", default=[]):
        for state in ("waiting", "terminated"):
            if reason := at(status, "state", state, "reason"):
                return str(reason)
    for condition in at(pod, "status", "conditions", default=[]):
        if condition.get("reason") == "Unschedulable":
            return "Unschedulable"
    return "not ready" if at(pod, "status", "phase") == "Running" else ""

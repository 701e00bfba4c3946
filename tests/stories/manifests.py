"""What the users of the stories run: the first user's service as it is, and a plain one without version labels."""

from dataclasses import dataclass, replace
from typing import Any

from strategies.objects import Obj

PROBE = (
    '{"url": "http://hi.k8sdemo.com:31721/hello", "method": "POST", "body": {"name": "fromGW"}, "rate": 1000}'
)
READY = {"httpGet": {"path": "/healthz", "port": 60001}, "periodSeconds": 1}


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the names of its parts; `new` is the Deployment a *replace* makes of version v6."""

    objects: tuple[Obj, ...]
    deployment: str
    name: str
    new: str


def seed(*, readiness: bool = False, replicas: int = 3, probe: str = PROBE, **spec: Any) -> Service:
    """The first user's: the version is in the selectors."""
    return _service({"app": "k8sdemo", "version": "1.0.0"}, readiness, replicas, probe, spec)


def plain(*, readiness: bool = False, replicas: int = 3, probe: str = PROBE, **spec: Any) -> Service:
    """The same without any version label."""
    return _service({"app": "k8sdemo"}, readiness, replicas, probe, spec)


def routed(service: Service) -> Service:
    """The same behind an HTTPRoute of the Gateway that is there, instead of an Ingress."""
    path = {"type": "PathPrefix", "value": "/hello"}
    rule = {"matches": [{"path": path}], "backendRefs": [{"name": service.name, "port": 8000}]}
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "k8sdemo"},
        "spec": {"parentRefs": [{"name": "public"}], "hostnames": ["hi.k8sdemo.com"], "rules": [rule]},
    }
    kept = tuple(o for o in service.objects if o["kind"] != "Ingress")
    return replace(service, objects=(*kept, route))


def _service(labels: dict[str, str], readiness: bool, replicas: int, probe: str, spec: Obj) -> Service:
    container: Obj = {"name": "k8sdemo", "image": "k8s-grpc-demo:v2", "imagePullPolicy": "Never"}
    if readiness:
        container["readinessProbe"] = READY
    notes = {"graylight/probe": probe} if probe else {}
    deployment: Obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "k8sdemo-deploy", "labels": labels, "annotations": notes},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "k8sdemo-svc"},
        "spec": {
            "ports": [{"name": "k8sdemo-svc", "port": 8000, "targetPort": 60001}],
            "selector": labels,
            "type": "NodePort",
        },
    }
    backend = {"service": {"name": "k8sdemo-svc", "port": {"number": 8000}}}
    path = {"path": "/hello", "pathType": "ImplementationSpecific", "backend": backend}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "k8sdemo-ingress-prefix",
            "annotations": {"kubernetes.io/ingress.class": "nginx"},
        },
        "spec": {"rules": [{"host": "hi.k8sdemo.com", "http": {"paths": [path]}}]},
    }
    return Service((deployment, service, ingress), "k8sdemo-deploy", "k8sdemo-svc", "k8sdemo-deploy-v6")

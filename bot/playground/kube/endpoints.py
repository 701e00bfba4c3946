"""Who answers for a Service: read from its EndpointSlices, as kube-proxy and ingresses do."""

from dataclasses import dataclass

from bot.playground.kube.store import Store
from strategies.objects import ENDPOINTSLICE, SERVICE, Obj, at, labels_of

SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pod's address and port that takes a Service's traffic."""

    host: str
    port: int


def service_port(service: Obj, wanted: str) -> Obj | None:
    """The port of a Service by name or number; its only one where none is named."""
    ports: list[Obj] = at(service, "spec", "ports", default=[])
    if not wanted:
        return ports[0] if len(ports) == 1 else None
    return next((p for p in ports if wanted in (str(p.get("port")), p.get("name"))), None)


def ready_endpoints(store: Store, namespace: str, service: str, port: Obj) -> list[Endpoint]:
    """The ready endpoints of one port of a Service."""
    found: list[Endpoint] = []
    for piece in store.all(ENDPOINTSLICE, namespace):
        if labels_of(piece).get(SERVICE_NAME) != service:
            continue
        numbers = [p["port"] for p in piece.get("ports") or [] if p.get("name", "") == port.get("name", "")]
        for endpoint in piece.get("endpoints") or []:
            if numbers and at(endpoint, "conditions", "ready", default=False):
                found += [Endpoint(address, numbers[0]) for address in endpoint["addresses"]]
    return found


def find_service(store: Store, namespace: str, name: str) -> Obj | None:
    """The Service of that name."""
    return store.get(SERVICE, namespace, name)

"""EndpointSlices: one per Service with a selector, its matching pods as they are this moment.

A pod on its way out is not ready at once, as on a real cluster, whatever its own condition says.
"""

from bot.playground.kube import pods as p
from bot.playground.kube.endpoints import SERVICE_NAME
from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.quotas import alive
from bot.playground.kube.registry import Registry
from bot.playground.kube.replicasets import owner_reference
from bot.playground.kube.requests import CONTROLLER
from bot.playground.kube.store import Change
from bot.playground.kube.work import Queue
from strategies.objects import (
    ENDPOINTSLICE,
    POD,
    SERVICE,
    Obj,
    at,
    covers,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)

_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


class Slices:
    """The EndpointSlice controller."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self.queue = Queue(self._sync)
        self._store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        namespace = namespace_of(change.obj)
        if change.kind == SERVICE:
            self.queue.add(namespace, name_of(change.obj))
        elif change.kind == POD:
            for service in self._store.all(SERVICE, namespace):
                selector = at(service, "spec", "selector")
                if any(o is not None and covers(selector, labels_of(o)) for o in (change.obj, change.before)):
                    self.queue.add(namespace, name_of(service))

    def _sync(self, namespace: str, name: str) -> None:
        service = self._store.get(SERVICE, namespace, name)
        if service is None or not at(service, "spec", "selector"):
            return
        pods = [
            pod
            for pod in self._store.all(POD, namespace)
            if covers(at(service, "spec", "selector"), labels_of(pod))
            and at(pod, "status", "podIP")
            and alive(pod)
        ]
        known = self._known(service)
        groups: dict[tuple[tuple[str, int, str], ...], list[Obj]] = {}
        for pod in pods:
            groups.setdefault(_ports(service, pod), []).append(_endpoint(service, pod))
        groups = groups or {_ports(service, None): []}
        for (ports, endpoints), held in zip(groups.items(), [*known, *[None] * len(groups)], strict=False):
            self._write(
                service, held, [{"name": n, "port": q, "protocol": r} for n, q, r in ports], endpoints
            )
        for surplus in known[len(groups) :]:
            self._store.remove(ENDPOINTSLICE, surplus)

    def _known(self, service: Obj) -> list[Obj]:
        found = self._store.all(ENDPOINTSLICE, namespace_of(service))
        return [s for s in found if p.owner(s).get("uid") == uid_of(service)]

    def _write(self, service: Obj, held: Obj | None, ports: list[Obj], endpoints: list[Obj]) -> None:
        content: Obj = {"endpoints": endpoints or None, "ports": (ports or None) if endpoints else None}
        if held is None:
            labels = {_MANAGED_BY: "endpointslice-controller.k8s.io", SERVICE_NAME: name_of(service)}
            body = {
                "metadata": {
                    "generateName": f"{name_of(service)}-",
                    "labels": labels,
                    "ownerReferences": [owner_reference(service)],
                },
                "addressType": "IPv4",
            }
            self._registry.create(BY_KIND[ENDPOINTSLICE], namespace_of(service), body | content, CONTROLLER)
            return

        def write(made: Obj) -> None:
            made.update(content)

        self._registry.mend(BY_KIND[ENDPOINTSLICE], held, write, CONTROLLER)


def _ports(service: Obj, pod: Obj | None) -> tuple[tuple[str, int, str], ...]:
    """Name, number and protocol of each port as this pod has it: a target port by name is the container's."""
    found = []
    for port in at(service, "spec", "ports", default=[]):
        target = port.get("targetPort", port["port"])
        if isinstance(target, str):
            containers = at(pod, "spec", "containers", default=[]) if pod else []
            named = [
                q["containerPort"]
                for c in containers
                for q in c.get("ports") or []
                if q.get("name") == target
            ]
            if not named:
                continue
            target = named[0]
        found.append((port.get("name", ""), int(target), port.get("protocol", "TCP")))
    return tuple(found)


def _endpoint(service: Obj, pod: Obj) -> Obj:
    serving, leaving = p.ready(pod), p.terminating(pod)
    unready_too = at(service, "spec", "publishNotReadyAddresses", default=False)
    return {
        "addresses": [at(pod, "status", "podIP")],
        "conditions": {
            "ready": unready_too or (serving and not leaving),
            "serving": serving,
            "terminating": leaving,
        },
        "nodeName": at(pod, "spec", "nodeName"),
        "targetRef": {
            "kind": "Pod",
            "namespace": namespace_of(pod),
            "name": name_of(pod),
            "uid": uid_of(pod),
        },
    }

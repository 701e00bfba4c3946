"""Conditions of Gateways and HTTPRoutes: accepted, programmed, and whether each backend there is."""

from bot.playground.kube import pods as p
from bot.playground.kube.kinds import BY_KIND, GATEWAY, GATEWAY_CLASS
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import Writer
from bot.playground.kube.store import Change, Store
from bot.playground.kube.times import now
from bot.playground.kube.work import Queue
from strategies.objects import HTTPROUTE, SERVICE, Obj, at, meta, name_of, namespace_of

NAME = "graylight.dev/playground"
_STATUS = Writer(manager="playground-gateway", subresource="status")


def _parents(store: Store, route: Obj) -> list[Obj]:
    """The parent references of a route that name a Gateway of ours."""
    found = []
    for ref in at(route, "spec", "parentRefs", default=[]):
        gateway = store.get(GATEWAY, ref.get("namespace", namespace_of(route)), ref["name"])
        if ref.get("kind", "Gateway") == "Gateway" and gateway and _ours(store, gateway):
            found.append(ref)
    return found


def _ours(store: Store, gateway: Obj) -> bool:
    held = store.get(GATEWAY_CLASS, "", str(at(gateway, "spec", "gatewayClassName", default="")))
    return held is not None and at(held, "spec", "controllerName") == NAME


def attached(store: Store, route: Obj) -> bool:
    """Whether a Gateway of ours serves the route."""
    return bool(_parents(store, route))


class Gateways:
    """Writes conditions, as a gateway's controller does."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self.routes = Queue(self._route)
        self.gateways = Queue(self._gateway)
        self._store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        namespace, name = namespace_of(change.obj), name_of(change.obj)
        if change.kind == HTTPROUTE:
            self.routes.add(namespace, name)
        elif change.kind == GATEWAY:
            self.gateways.add(namespace, name)
        if change.kind == GATEWAY or (change.kind == SERVICE and change.type != "MODIFIED"):
            for route in self._store.all(HTTPROUTE):
                self.routes.add(namespace_of(route), name_of(route))

    def _gateway(self, namespace: str, name: str) -> None:
        gateway = self._store.get(GATEWAY, namespace, name)
        if gateway is None or not _ours(self._store, gateway):
            return
        conditions: list[Obj] = at(gateway, "status", "conditions", default=[])
        for kind in ("Accepted", "Programmed"):
            conditions = p.set_condition(conditions, kind, now(), status="True", reason=kind, message="")

        def tell(made: Obj) -> None:
            seen = meta(made).get("generation", 1)
            addresses = [{"type": "IPAddress", "value": "127.0.0.1"}]
            told = [{**c, "observedGeneration": seen} for c in conditions]
            made["status"] = {"conditions": told, "addresses": addresses}

        self._registry.mend(BY_KIND[GATEWAY], gateway, tell, _STATUS)

    def _route(self, namespace: str, name: str) -> None:
        route = self._store.get(HTTPROUTE, namespace, name)
        if route is None:
            return
        parents = [self._parent(route, ref) for ref in _parents(self._store, route)]

        if not parents and "status" not in route:
            return

        def tell(made: Obj) -> None:
            made["status"] = {"parents": parents}

        self._registry.mend(BY_KIND[HTTPROUTE], route, tell, _STATUS)

    def _parent(self, route: Obj, ref: Obj) -> Obj:
        held = at(route, "status", "parents", default=[])
        before: Obj = next((h for h in held if h["parentRef"] == ref), {})
        missing = [
            backend["name"]
            for rule in at(route, "spec", "rules", default=[])
            for backend in rule.get("backendRefs") or []
            if self._store.get(SERVICE, backend.get("namespace", namespace_of(route)), backend["name"])
            is None
        ]
        why = (
            ("False", "BackendNotFound", f"service {missing[0]} not found")
            if missing
            else ("True", "ResolvedRefs", "")
        )
        conditions: list[Obj] = before.get("conditions") or []
        accepted = {"status": "True", "reason": "Accepted", "message": ""}
        resolved = dict(zip(("status", "reason", "message"), why, strict=True))
        for kind, said in (("Accepted", accepted), ("ResolvedRefs", resolved)):
            conditions = p.set_condition(conditions, kind, now(), **said)
        seen = meta(route).get("generation", 1)
        told = [{**c, "observedGeneration": seen} for c in conditions]
        return {"parentRef": ref, "controllerName": NAME, "conditions": told}

"""An Ingress as routers see it: whose class it has, which of its paths lead to a Service, and a twin of those paths.

The class is given by `ingressClassName`, by the old annotation, or by the cluster's default class; what a controller
understands depends on the class's controller, never on the class's name.
"""

from collections.abc import Iterator

from strategies.lens import Path
from strategies.objects import INGRESS, INGRESS_CLASS, Labels, Obj, annotations_of, at, copied, name_of
from strategies.snapshot import Snapshot

CLASS_NOTE = "kubernetes.io/ingress.class"
DEFAULT_NOTE = "ingressclass.kubernetes.io/is-default-class"
# Where the annotation names no IngressClass there is: what the controllers of old took it for.
_OF_OLD = {
    "nginx": "k8s.io/ingress-nginx",
    "higress": "higress.io/higress-controller",
    "alb": "ingress.k8s.aws/alb",
}


def controller(ingress: Obj, snapshot: Snapshot) -> str:
    """`spec.controller` of the Ingress's class, empty where that cannot be told."""
    noted = annotations_of(ingress).get(CLASS_NOTE, "")
    name = at(ingress, "spec", "ingressClassName", default="") or noted
    if name:
        found = snapshot.find(INGRESS_CLASS, name)
        return str(at(found, "spec", "controller", default="")) if found else _OF_OLD.get(noted, "")
    by_default = {
        str(at(c, "spec", "controller", default=""))
        for c in snapshot.all(INGRESS_CLASS)
        if annotations_of(c).get(DEFAULT_NOTE) == "true"
    }
    return by_default.pop() if len(by_default) == 1 else ""


def class_name(ingress: Obj) -> str:
    """The class as a sentence names it."""
    name = at(ingress, "spec", "ingressClassName") or annotations_of(ingress).get(CLASS_NOTE)
    return f"class `{name}`" if name else "the default class"


def class_of(ingress: Obj, snapshot: Snapshot) -> str:
    """The class's name, that of the cluster's default where the Ingress names none."""
    named = at(ingress, "spec", "ingressClassName") or annotations_of(ingress).get(CLASS_NOTE)
    default = (c for c in snapshot.all(INGRESS_CLASS) if annotations_of(c).get(DEFAULT_NOTE) == "true")
    return str(named or next(map(name_of, default), ""))


def class_notes(ingress: Obj) -> Labels:
    """The class annotation, where the class is given so; another Ingress of the same class takes the same form."""
    return {k: v for k, v in annotations_of(ingress).items() if k == CLASS_NOTE}


def class_field(ingress: Obj) -> Obj:
    """`ingressClassName`, where the class is given so."""
    name = at(ingress, "spec", "ingressClassName")
    return {"ingressClassName": name} if name else {}


def service_of(path: Obj) -> str:
    """The Service a path's backend names, empty where it is something else."""
    return str(at(path, "backend", "service", "name", default=""))


def rules_to(ingress: Obj, service: str) -> list[Obj]:
    """The Ingress's rules with only those paths that lead to the Service; rules without one left out."""
    found = []
    for rule in at(ingress, "spec", "rules", default=[]):
        kept = [p for p in at(rule, "http", "paths", default=[]) if service_of(p) == service]
        if kept:
            found.append({**rule, "http": {**rule["http"], "paths": kept}})
    return found


def services(ingress: Obj) -> tuple[str, ...]:
    """The Services its paths lead to, in their order."""
    listed = [p for r in at(ingress, "spec", "rules", default=[]) for p in at(r, "http", "paths", default=[])]
    return tuple(dict.fromkeys(found for p in listed if (found := service_of(p))))


def renamed(rules: list[Obj], service: str) -> list[Obj]:
    """The same rules to another Service, port and path type as they were."""
    made = copied(rules)
    for rule in made:
        for path in rule["http"]["paths"]:
            path["backend"]["service"]["name"] = service
    return made


def leading(service: str, snapshot: Snapshot) -> Iterator[Obj]:
    """The Ingresses that lead to the Service by a path or by their default backend."""
    for ingress in snapshot.all(INGRESS):
        if rules_to(ingress, service) or defaults_to(ingress, service):
            yield ingress


def defaults_to(ingress: Obj, service: str) -> bool:
    """Whether requests that no rule takes come to the Service."""
    return str(at(ingress, "spec", "defaultBackend", "service", "name", default="")) == service


def places(rules: list[Obj]) -> set[tuple[str, str]]:
    """Host and path of each path."""
    return {
        (rule.get("host", ""), path.get("path", "/"))
        for rule in rules
        for path in at(rule, "http", "paths", default=[])
    }


def ways(rules: list[Obj]) -> tuple[Path, ...]:
    """The ways users go through these rules."""
    return tuple(
        Path(host=rule.get("host", ""), prefix=path.get("path") or "/")
        for rule in rules
        for path in rule["http"]["paths"]
    )


def same_place(rules: list[Obj], snapshot: Snapshot, *, but: str) -> Iterator[tuple[Obj, str, str]]:
    """Other Ingresses with a path at the same host and path as one of these: the Ingress, host, path."""
    taken = places(rules)
    for other in snapshot.all(INGRESS):
        if name_of(other) == but:
            continue
        shared = taken & places(at(other, "spec", "rules", default=[]))
        for host, path in sorted(shared)[:1]:
            yield other, host, path

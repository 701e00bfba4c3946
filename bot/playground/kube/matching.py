"""Which rule answers a request, and which of its backends: Ingresses, nginx canaries and HTTPRoutes as one table.

Pure over the objects it is given. Shares are smooth weighted round robin, so they are exact and not random. Sources:
Gateway API 1.6 ("Matching precedence") and the canary annotations of ingress-nginx (header, then cookie, then weight).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strategies.objects import Obj, annotations_of, at, name_of, namespace_of

_NGINX = "nginx.ingress.kubernetes.io/"
_CLASS = "kubernetes.io/ingress.class"
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
CONTROLLER = "k8s.io/ingress-nginx"


@dataclass(frozen=True, slots=True)
class Request:
    """What a rule can look at."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service's port and its share; `filters` are the HTTPRoute's for this backend alone."""

    namespace: str
    service: str
    port: str
    weight: int = 1
    filters: tuple[Obj, ...] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """A canary Ingress: who is sent to it, before its weight counts; `total` is what the weight is of."""

    backend: Backend
    header: str = ""
    value: str = ""
    pattern: str = ""
    cookie: str = ""
    weight: int = 0
    total: int = 100

    def decides(self, request: Request) -> bool | None:
        """Whether header or cookie send this request to the canary (True), away from it (False), or say nothing."""
        found = request.headers.get(self.header) if self.header else None
        if found is not None and self.value:
            if found == self.value:
                return True
        elif found is not None and self.pattern:
            if re.search(self.pattern, found):
                return True
        elif found in ("always", "never"):
            return found == "always"
        cookie = request.cookies.get(self.cookie) if self.cookie else None
        return cookie == "always" if cookie in ("always", "never") else None


@dataclass(frozen=True, slots=True)
class Rule:
    """A match and its backends. `key` names it over changes, so that its round robin goes on."""

    key: str
    host: str
    path: str
    kind: str
    backends: tuple[Backend, ...]
    match: Obj
    filters: tuple[Obj, ...] = ()
    canary: Audience | None = None

    def fits(self, request: Request) -> bool:
        """Whether the request is this rule's."""
        return (
            _host_fits(self.host, request.host) and self._path_fits(request.path) and self._rest_fits(request)
        )

    def _path_fits(self, path: str) -> bool:
        match self.kind:
            case "Exact":
                return path == self.path
            case "RegularExpression":
                return re.match(self.path, path) is not None
            case "ImplementationSpecific":
                return path.startswith(self.path or "/")
            case _:
                whole = self.path.rstrip("/")
                return path == whole or path.startswith(whole + "/")

    def _rest_fits(self, request: Request) -> bool:
        if self.match.get("method", request.method) != request.method:
            return False
        wanted = [(h, request.headers) for h in self.match.get("headers") or []]
        wanted += [(q, request.query) for q in self.match.get("queryParams") or []]
        return all(_value_fits(one, values.get(one["name"])) for one, values in wanted)

    def rank(self) -> tuple[bool, int, bool, int, bool, int, int]:
        """More exact first: host, path, method, then the number of headers and of parameters."""
        return (
            bool(self.host) and not self.host.startswith("*"),
            len(self.host),
            self.kind == "Exact",
            len(self.path),
            "method" in self.match,
            len(self.match.get("headers") or []),
            len(self.match.get("queryParams") or []),
        )


def _value_fits(wanted: Obj, found: str | None) -> bool:
    if found is None:
        return False
    if wanted.get("type") == "RegularExpression":
        return re.fullmatch(wanted["value"], found) is not None
    return bool(found == wanted["value"])


def _host_fits(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return not pattern or pattern.lower() == host.lower()


def served_by_us(ingress: Obj, classes: Iterable[Obj]) -> bool:
    """Whether an Ingress is of a class of our controller: by field, by the old annotation, or by default."""
    ours = [c for c in classes if at(c, "spec", "controller") == CONTROLLER]
    named = at(ingress, "spec", "ingressClassName") or annotations_of(ingress).get(_CLASS)
    if named:
        return named in map(name_of, ours)
    return any(annotations_of(c).get(_DEFAULT_CLASS) == "true" for c in ours)


def _ingress_paths(ingress: Obj) -> Iterable[tuple[str, Obj]]:
    for rule in at(ingress, "spec", "rules", default=[]):
        for path in at(rule, "http", "paths", default=[]):
            yield rule.get("host", ""), path


def _ingress_backend(namespace: str, backend: Obj, weight: int = 1) -> Backend:
    port = at(backend, "service", "port", default={})
    name = str(at(backend, "service", "name", default=""))
    return Backend(namespace, name, str(port.get("number") or port.get("name") or ""), weight)


def _is_canary(ingress: Obj) -> bool:
    return annotations_of(ingress).get(f"{_NGINX}canary") == "true"


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def _audience(ingress: Obj, path: Obj) -> Audience:
    notes = {k.removeprefix(_NGINX): v for k, v in annotations_of(ingress).items()}
    return Audience(
        backend=_ingress_backend(namespace_of(ingress), path["backend"]),
        header=notes.get("canary-by-header", ""),
        value=notes.get("canary-by-header-value", ""),
        pattern=notes.get("canary-by-header-pattern", ""),
        cookie=notes.get("canary-by-cookie", ""),
        weight=_number(notes.get("canary-weight"), 0),
        total=_number(notes.get("canary-weight-total"), 100),
    )


def ingress_rules(ingresses: list[Obj]) -> list[Rule]:
    """The rules of Ingresses; a canary one joins the rule of the same namespace, host and path."""
    canaries = {
        (namespace_of(i), host, path.get("path", "/")): _audience(i, path)
        for i in ingresses
        if _is_canary(i)
        for host, path in _ingress_paths(i)
    }
    rules: list[Rule] = []
    for ingress in ingresses:
        space = namespace_of(ingress)
        for host, path in _ingress_paths(ingress) if not _is_canary(ingress) else ():
            where = path.get("path", "/")
            backend = _ingress_backend(space, path["backend"])
            key = f"{space}/{name_of(ingress)} {host}{where}"
            canary = canaries.get((space, host, where))
            rules.append(Rule(key, host, where, path["pathType"], (backend,), {}, canary=canary))
        if fallback := at(ingress, "spec", "defaultBackend"):
            key = f"{space}/{name_of(ingress)} *"
            rules.append(Rule(key, "", "/", "Prefix", (_ingress_backend(space, fallback),), {}))
    return rules


def route_rules(routes: list[Obj]) -> list[Rule]:
    """The rules of HTTPRoutes: one for each hostname and match."""
    rules: list[Rule] = []
    for route in routes:
        space = namespace_of(route)
        for i, rule in enumerate(at(route, "spec", "rules", default=[])):
            backends = tuple(
                Backend(
                    ref.get("namespace", space),
                    ref["name"],
                    str(ref.get("port", "")),
                    ref.get("weight", 1),
                    tuple(ref.get("filters") or ()),
                )
                for ref in rule.get("backendRefs") or []
            )
            for host in at(route, "spec", "hostnames", default=[""]):
                for match in rule.get("matches") or [{}]:
                    path = match.get("path") or {}
                    where, kind = path.get("value", "/"), path.get("type", "PathPrefix")
                    key = f"{space}/{name_of(route)} {i}"
                    filters = tuple(rule.get("filters") or ())
                    rules.append(Rule(key, host, where, kind, backends, match, filters))
    return rules


def find(rules: list[Rule], request: Request) -> Rule | None:
    """The most exact rule that fits; of equals the first."""
    fitting = [rule for rule in rules if rule.fits(request)]
    return max(fitting, key=Rule.rank) if fitting else None


class Shares:
    """Smooth weighted round robin over the options of each key: after 4 draws of 3:1 exactly 3 and 1."""

    def __init__(self) -> None:
        self._credit: dict[str, dict[int, float]] = {}

    def draw(self, key: str, weights: list[int]) -> int | None:
        """The index of the next option; None where all weights are 0.

        >>> shares = Shares()
        >>> [shares.draw("a", [3, 1]) for _ in range(4)]
        [0, 0, 1, 0]
        """
        total = sum(weights)
        if not total:
            return None
        credit = self._credit.setdefault(key, {})
        for i, weight in enumerate(weights):
            credit[i] = credit.get(i, 0.0) + weight
        best = max(range(len(weights)), key=lambda i: (weights[i] > 0, credit[i], -i))
        credit[best] -= total
        return best

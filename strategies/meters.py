"""Which queries tell how a track does: those that are ready for a router's own counters, and people's own.

Pure: from what is declared and where a release stands to PromQL, and from the answers back to readings. Sources of the
names: ingress-nginx, "Prometheus and Grafana installation"; Traefik, "Metrics"; Istio, "Istio Standard Metrics"; Envoy,
"Cluster manager: statistics" (per endpoint). What was verified against the real thing stands in docs/judgement.md.
"""

from dataclasses import dataclass
from typing import Literal

from strategies.metrics import PLACE, Metrics, Query, Source
from strategies.readings import Metered, NoNumber, Number, Readings


@dataclass(frozen=True, slots=True)
class Names:
    """What one track is called: `pods` and `addresses` are those that stand now.

    Of both tracks: the `live` Service, its `twin` that leads to the canary (empty where there is none), and the Ingress.
    """

    track: Literal["stable", "canary"]
    namespace: str
    deployment: str
    service: str
    pods: tuple[str, ...]
    addresses: tuple[str, ...]
    version: str
    live: str = ""
    twin: str = ""
    ingress: str = ""

    def filled(self, query: str, window: int) -> str:
        """A query with this track's names in its places.

        >>> names = Names("canary", "shop", "web-v6", "web", ("web-v6-1",), ("10.1.0.3",), "v6")
        >>> names.filled('up{pod=~"{{pods}}", x="{{version}}"}[{{window}}]', 90)
        'up{pod=~"web-v6-1", x="v6"}[90s]'
        """
        values = {
            "namespace": self.namespace,
            "deployment": self.deployment,
            "service": self.service,
            "pods": _any(self.pods),
            "addresses": _any(self.addresses),
            "version": self.version,
            "track": self.track,
            "window": f"{window}s",
        }
        return PLACE.sub(lambda m: values[m[1]].replace("\\", "\\\\").replace('"', '\\"'), query)


def _any(names: tuple[str, ...]) -> str:
    return "|".join(name.replace(".", "[.]") for name in names) or "none"


@dataclass(frozen=True, slots=True)
class Tracks:
    """Both tracks' names, and for how many seconds they have been compared."""

    new: Names
    old: Names
    window: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of requests: the selectors that find a track's series, the first that has any counts; `bad` are labels.

    Where failures have a counter of their own it is `bad_name`.
    """

    name: str
    bad: str
    selectors: tuple[str, ...]
    bad_name: str = ""

    def total(self, window: int) -> str:
        """All requests in the window."""
        return self._sum(self.name, "", window)

    def failed(self, window: int) -> str:
        """Those that failed; 0 where none ever did, as long as there are any requests."""
        return f"{self._sum(self.bad_name or self.name, self.bad, window)} or {self.total(window)} * 0"

    def _sum(self, name: str, more: str, window: int) -> str:
        found = (f"{name}{{{','.join(p for p in (s, more) if p)}}}" for s in self.selectors)
        return f"sum({' or '.join(f'increase({series}[{window}s])' for series in found)})"


def counter(source: Source, names: Names) -> Counter | str:
    """A router's own counter for one track, or why it cannot tell the tracks apart."""
    namespace = names.namespace
    match source:
        case "istio":
            labels = f'reporter="source",destination_workload_namespace="{namespace}",destination_workload="{names.deployment}"'
            return Counter("istio_requests_total", 'response_code=~"5.."', (labels,))
        case "envoy-gateway":
            labels = f'envoy_endpoint_address=~"({_any(names.addresses)}):.*"'
            return Counter(
                "envoy_cluster_endpoint_rq_total", "", (labels,), "envoy_cluster_endpoint_rq_error"
            )
        case _ if not names.twin:
            return "its counters go by Service, and both versions stand behind one, since pods make the split"
        case "traefik":
            return Counter("traefik_service_requests_total", 'code=~"5.."', (_traefik(names),))
        case "nginx":
            sign = "!=" if names.track == "canary" else "="
            rest = f'ingress="{names.ingress}",canary{sign}""'
            spaces = (f'{label}="{namespace}"' for label in ("exported_namespace", "namespace"))
            return Counter(
                "nginx_ingress_controller_requests",
                'status=~"5.."',
                tuple(f"{space},{rest}" for space in spaces),
            )


def _traefik(names: Names) -> str:
    """Traefik's name of a Service says where it was found, as seen on v3.7 (`web` is the live Service, `web-canary` the twin).

    A route of the Gateway API: `httproute-…-svc-shop-web-canary-1@kubernetesgateway`; an Ingress or Traefik's own route:
    `shop-web-canary-80@kubernetes` (`…crd`); nginx' annotations: `shop-INGRESS-web-80-canary@kubernetesingressnginx`.
    """
    space, live, twin = names.namespace, names.live, names.twin
    plain = "(.+-svc-)?{}-{}-[0-9a-z-]+@kubernetes(gateway|crd)?"
    canary = f"{plain.format(space, twin)}|{space}-(.+-)?{live}-[0-9a-z-]+-canary@kubernetesingressnginx"
    if names.track == "canary":
        return f'service=~"{canary}"'
    stable = f"{plain.format(space, live)}|{space}-(.+-)?{live}-[0-9a-z-]+@kubernetesingressnginx"
    return f'service=~"{stable}",service!~"{canary}"'


def queries(metrics: Metrics, tracks: Tracks) -> tuple[str, ...]:
    """Every query of one look, each once."""
    made: list[str] = []
    if metrics.errors is not None:
        for names in (tracks.new, tracks.old):
            found = counter(metrics.errors, names)
            if isinstance(found, Counter):
                made += [found.total(tracks.window), found.failed(tracks.window)]
    for query in metrics.queries.values():
        made += [names.filled(query.query, tracks.window) for names in _asked(query, tracks)]
    return tuple(dict.fromkeys(made))


def read(metrics: Metrics, tracks: Tracks, metered: Metered, before: Readings) -> Readings:
    """The readings after a look."""
    after = before
    if metrics.errors is not None:
        after = _counted(metrics.errors, tracks, metered, after)
    for name, query in metrics.queries.items():
        new, *others = (_value(metered, n.filled(query.query, tracks.window)) for n in _asked(query, tracks))
        old = others[0] if others else Number(0)
        trouble = next((v.why for v in (new, old) if isinstance(v, NoNumber)), "")
        mine = new.value if isinstance(new, Number) else None
        theirs = others[0].value if others and isinstance(others[0], Number) else None
        beyond = not trouble and mine is not None and query.beyond(mine, theirs)
        after = after.valued(name, mine, theirs, beyond=beyond, trouble=trouble)
    return after


def _asked(query: Query, tracks: Tracks) -> tuple[Names, ...]:
    """Which tracks a query is asked for: the old one only where it is compared with."""
    return (tracks.new, tracks.old) if query.max_ratio is not None else (tracks.new,)


def _counted(source: Source, tracks: Tracks, metered: Metered, before: Readings) -> Readings:
    sides = list[tuple[int, int]]()
    for names in (tracks.new, tracks.old):
        found = counter(source, names)
        if isinstance(found, str):
            return before.missed(found)
        total = _value(metered, found.total(tracks.window))
        failed = _value(metered, found.failed(tracks.window))
        if isinstance(total, NoNumber) or isinstance(failed, NoNumber):
            why = total.why if isinstance(total, NoNumber) else getattr(failed, "why", "")
            return before.missed(f"{why} for {names.version}")
        n = max(0, round(total.value))
        sides.append((n, min(n, max(0, round(failed.value)))))
    return before.counted(sides[0], sides[1])


def _value(metered: Metered, query: str) -> Number | NoNumber:
    return metered.answers.get(query, NoNumber("was not asked"))

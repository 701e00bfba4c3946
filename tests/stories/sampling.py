"""Samples without sockets: each request goes by the rule that takes it to the next ready endpoint of its Service.

For stories that are run hundreds of times. Deterministic: a batch begins with the first endpoint, old versions before
new ones, and with the first turn of each weighted rule, so the same split gives the same counts.
"""

from collections import Counter

from bot.playground.kube.gateways import attached
from bot.playground.kube.matching import Request, Rule, Shares, find, ingress_rules, route_rules, served_by_us
from bot.playground.kube.store import Store
from bot.probe.sampler import Enough
from strategies.objects import ENDPOINTSLICE, HTTPROUTE, INGRESS, INGRESS_CLASS, POD, Obj, at, labels_of
from strategies.probe import Probe
from strategies.samples import Answer, Naming, Sample, attribute

SERVICE = "k8sdemo-svc"  # where no rule takes the request


class LocalSampler:
    """Stands where `bot.probe.sampler.Sampler` does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sent = self.failed = 0

    async def take(
        self,
        probe: Probe,
        count: int,
        naming: Naming,
        release: str,
        enough: Enough = lambda _: False,
        *,
        beside: Probe | None = None,
    ) -> list[Sample]:
        """So many answers, or fewer where that is enough; every second one as `beside`, where given."""
        ways = [(_request(p), self._rule(p)) for p in (probe, beside) if p is not None]
        shares, turns, taken = Shares(), Counter[str](), list[Sample]()
        for number in range(count):
            asked, rule = ways[number % len(ways)]
            service = _service(rule, asked, shares) if rule else SERVICE
            ready = self._ready(service)
            pod = ready[turns[service] % len(ready)] if ready else None
            turns[service] += 1
            taken.append(self._sample(pod, probe, naming))
            if enough(taken[-1]):
                break
        self.sent += len(taken)
        return taken

    def _rule(self, probe: Probe) -> Rule | None:
        classes = self._store.all(INGRESS_CLASS)
        ours = [i for i in self._store.all(INGRESS) if served_by_us(i, classes)]
        routes = [r for r in self._store.all(HTTPROUTE) if attached(self._store, r)]
        return find([*ingress_rules(ours), *route_rules(routes)], _request(probe))

    def _sample(self, pod: Obj | None, probe: Probe, naming: Naming) -> Sample:
        if pod is None:
            return Sample("", 0, 0.001, "", "no endpoint")
        answer = Answer(200, {}, f"Hello from {at(pod, 'status', 'podIP')}:50009", 0.001)
        return Sample(attribute(answer, probe.attribute, naming), 200, 0.001, _image(pod), "")

    def _ready(self, service: str) -> list[Obj]:
        addresses = {
            address
            for piece in self._store.all(ENDPOINTSLICE, "default")
            if labels_of(piece).get("kubernetes.io/service-name") == service
            for endpoint in piece.get("endpoints") or []
            if at(endpoint, "conditions", "ready", default=True)
            for address in endpoint["addresses"]
        }
        found = [p for p in self._store.all(POD, "default") if at(p, "status", "podIP") in addresses]
        return sorted(found, key=lambda p: (_image(p), at(p, "status", "podIP")))


def _request(probe: Probe) -> Request:
    cookies = dict(c.strip().split("=", 1) for c in probe.headers.get("Cookie", "").split(";") if c)
    return Request(probe.method, probe.host, probe.path, probe.headers, cookies, {})


def _service(rule: Rule, asked: Request, shares: Shares) -> str:
    if rule.canary:
        verdict = rule.canary.decides(asked)
        if verdict is None:
            weight = min(rule.canary.weight, rule.canary.total)
            verdict = shares.draw(rule.key, [rule.canary.total - weight, weight]) == 1
        return rule.canary.backend.service if verdict else rule.backends[0].service
    chosen = shares.draw(rule.key, [b.weight for b in rule.backends])
    return "" if chosen is None else rule.backends[chosen].service


def _image(pod: Obj) -> str:
    return str(at(pod, "spec", "containers", 0, "image"))

"""Samples without sockets: each request goes to the next ready endpoint of the service, as the cluster lists them.

For stories that are run hundreds of times. Deterministic: a batch begins with the first endpoint, old versions before
new ones, so the same split gives the same counts.
"""

from bot.playground.kube.store import Store
from bot.probe.sampler import Enough
from strategies.objects import ENDPOINTSLICE, POD, Obj, at, labels_of
from strategies.probe import Probe
from strategies.samples import Answer, Naming, Sample, attribute

SERVICE = "k8sdemo-svc"


class LocalSampler:
    """Stands where `bot.probe.sampler.Sampler` does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sent = self.failed = 0

    async def take(
        self, probe: Probe, count: int, naming: Naming, release: str, enough: Enough = lambda _: False
    ) -> list[Sample]:
        """So many answers, or fewer where that is enough."""
        ready, taken = self._ready(), list[Sample]()
        for n in range(count):
            taken.append(self._sample(ready[n % len(ready)] if ready else None, probe, naming))
            if enough(taken[-1]):
                break
        self.sent += len(taken)
        return taken

    def _sample(self, pod: Obj | None, probe: Probe, naming: Naming) -> Sample:
        if pod is None:
            return Sample("", 0, 0.001, "", "no endpoint")
        answer = Answer(200, {}, f"Hello from {at(pod, 'status', 'podIP')}:50009", 0.001)
        return Sample(attribute(answer, probe.attribute, naming), 200, 0.001, _image(pod), "")

    def _ready(self) -> list[Obj]:
        addresses = {
            address
            for piece in self._store.all(ENDPOINTSLICE, "default")
            if labels_of(piece).get("kubernetes.io/service-name") == SERVICE
            for endpoint in piece.get("endpoints") or []
            if at(endpoint, "conditions", "ready", default=True)
            for address in endpoint["addresses"]
        }
        found = [p for p in self._store.all(POD, "default") if at(p, "status", "podIP") in addresses]
        return sorted(found, key=lambda p: (_image(p), at(p, "status", "podIP")))


def _image(pod: Obj) -> str:
    return str(at(pod, "spec", "containers", 0, "image"))

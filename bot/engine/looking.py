"""Samples on request: what users get right now, and from which version."""

from bot.engine.calling import Calling, called
from bot.engine.planning import Planning
from bot.engine.proxied import Proxied
from bot.ports import Looked
from bot.probe.sampler import Sampler
from strategies.evidence import Evidence
from strategies.hints import Hints
from strategies.image import short, split_image
from strategies.objects import Obj, at, name_of
from strategies.planner import port_of
from strategies.probe import Probe
from strategies.refusal import Refusal
from strategies.release import Release
from strategies.routers import ratio
from strategies.samples import Naming, Sample, Version, tally
from strategies.view import View

USUAL, MOST = 40, 400  # requests of one look
PROXIED = 40  # at most, where they go through the API server

Ports = list[tuple[str, str]]  # Service, port


class Looking:
    """Asks; keeps nothing."""

    def __init__(self, planning: Planning) -> None:
        self._planning, self._sampler = planning, Sampler()

    async def during(self, release: Release, count: int | None) -> Looked | Refusal:
        """Both versions of a release that runs."""
        plan = release.plan
        seen = await self._planning.see(plan.environment)
        if isinstance(seen, Refusal):
            return seen
        proxied, snapshot = seen
        view = View(release, snapshot, Evidence(), release.since)
        ports = [
            (w.service, str(at(s, "spec", "ports", 0, "port", default="")))
            for w in plan.ways
            if (s := view.service(w.service))
        ]
        naming = await Calling().naming(proxied, view)
        taken = await self._take(plan.probe, ports, proxied, naming, release.id, count)
        if isinstance(taken, Refusal):
            return taken
        return Looked(
            release,
            plan.service,
            plan.from_version,
            plan.to_version,
            _share(view),
            tally(taken),
            plan.probe is None,
        )

    async def between(self, service: str, environment: str, count: int | None) -> Looked | Refusal:
        """A service without a release: one version is all there should be."""
        found = await self._planning.target(service, environment)
        if isinstance(found, Refusal):
            return found
        proxied, snapshot, target, hints = found
        version = short(split_image(_image(target.deployment, hints))[1])
        pods = snapshot.pods_of(target.deployment)
        addresses: dict[str, Version] = {str(at(p, "status", "podIP")): "new" for p in pods}
        names: dict[str, Version] = dict.fromkeys((version, *map(name_of, pods)), "new")
        if hints.probe and (
            name := await called(
                proxied, pods, port_of(_container(target.deployment, hints), target), hints.probe
            )
        ):
            names[name] = "new"
        naming = Naming(addresses, names)
        ports = [(name_of(s), str(at(s, "spec", "ports", 0, "port", default=""))) for s in target.services]
        taken = await self._take(hints.probe, ports, proxied, naming, service, count)
        if isinstance(taken, Refusal):
            return taken
        return Looked(None, target.service, "", version, 100, tally(taken), hints.probe is None)

    async def _take(
        self,
        probe: Probe | None,
        ports: Ports,
        proxied: Proxied,
        naming: Naming,
        name: str,
        count: int | None,
    ) -> list[Sample] | Refusal:
        wanted = min(count or USUAL, MOST)
        if probe is not None:
            return await self._sampler.take(probe, wanted, naming, name)
        if not ports:
            return Refusal(
                code="no-probe",
                what=f"`{name}` declares no probe, and its Service has no port to ask at.",
                remedy="Set the annotation `graylight/probe` on its Deployment.",
            )
        return await proxied.service(*ports[0], min(wanted, PROXIED), naming)


def _share(view: View) -> int:
    """What pods and selectors should make now."""
    if view.release.measured is not None:
        return view.release.measured.asked
    old, new = view.counted()
    return ratio.share(new.ready, old.ready) if view.at_position("both") else 0


def _image(deployment: Obj, hints: Hints) -> str:
    return str(_container(deployment, hints)["image"])


def _container(deployment: Obj, hints: Hints) -> Obj:
    containers: list[Obj] = at(deployment, "spec", "template", "spec", "containers", default=[])
    return next((c for c in containers if c["name"] == hints.container), containers[0])

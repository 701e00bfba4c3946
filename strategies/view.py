"""One tick's view: the release, what was seen, what was learnt, and the time; with the questions that steps ask of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from strategies.evidence import AskPods, Evidence
from strategies.objects import DEPLOYMENT, ENDPOINTSLICE, SERVICE, Obj, at, labels_of, name_of
from strategies.people import Calendar
from strategies.plan import Plan
from strategies.pods import (
    Fit,
    NotYet,
    Stuck,
    containers_ready,
    fitness,
    going,
    is_ready,
    life,
    started,
    workload_trouble,
)
from strategies.release import Counted, Release
from strategies.samples import Naming, Version
from strategies.snapshot import Snapshot, replicas_of
from strategies.steps import Position, TrackName

SKEW = timedelta(seconds=30)  # by which a node's clock may be behind ours


@dataclass(frozen=True, slots=True)
class View:
    """Everything a decision may look at."""

    release: Release
    snapshot: Snapshot
    evidence: Evidence
    now: datetime
    calendar: Calendar = field(default_factory=Calendar)
    asked: tuple[str, ...] = ()  # ids of those who can decide now, where not everybody can

    @property
    def plan(self) -> Plan:
        """The release's plan."""
        return self.release.plan

    def name(self, track: TrackName) -> str:
        """The Deployment of a track."""
        return self.plan.stable if track == "stable" else self.plan.canary

    def deployment(self, track: TrackName) -> Obj | None:
        """A track's Deployment, None where it is not there."""
        return self.snapshot.find(DEPLOYMENT, self.name(track)) if self.name(track) else None

    def pods(self, track: TrackName) -> tuple[Obj, ...]:
        """A track's pods that are not going."""
        found = self.deployment(track)
        return tuple(p for p in self.snapshot.pods_of(found) if not going(p)) if found else ()

    def fitness(self, pod: Obj) -> Fit | NotYet | Stuck:
        """Whether a pod may get traffic; one that has settled in this life stays settled."""
        if life(pod) in self.release.fit and is_or_was_ready(pod):
            return Fit()
        begun = started(pod)
        if begun and begun + SKEW <= self.release.started_at and containers_ready(pod):
            return Fit()  # it stood before the release began
        return fitness(
            pod,
            asked=self.plan.probe is not None and bool(self.plan.port),
            answers=self.evidence.answers,
            now=self.now,
        )

    def unfit(self, pods: Iterable[Obj]) -> Stuck | NotYet | None:
        """The most important reason why some of these pods are not fit, None where all are."""
        found = [f for f in map(self.fitness, pods) if not isinstance(f, Fit)]
        stuck = next((f for f in found if isinstance(f, Stuck)), None)
        return stuck or max(
            (f for f in found if isinstance(f, NotYet)), key=lambda f: f.until or self.now, default=None
        )

    def asking(self, pods: Iterable[Obj]) -> AskPods | None:
        """Which pods are to be asked now, since only their answer is missing."""
        names = tuple(name_of(p) for p in pods if isinstance(f := self.fitness(p), NotYet) and f.ask)
        return AskPods(names) if names else None

    def workload(self, track: TrackName) -> Stuck | None:
        """What the track's Deployment reports."""
        found = self.deployment(track)
        return workload_trouble(found) if found else None

    def new_image(self, pod: Obj) -> bool:
        """Whether a pod runs the new version."""
        return any(
            c["name"] == self.plan.container and c["image"] == self.plan.to_image
            for c in at(pod, "spec", "containers", default=[])
        )

    @property
    def serving(self) -> int:
        """How many pods the live track is meant to have now."""
        stable = self.deployment("stable")
        return max(replicas_of(stable), 1) if stable else self.plan.stable_pods

    def service(self, name: str) -> Obj | None:
        """A Service by name."""
        return self.snapshot.find(SERVICE, name)

    def at_position(self, position: Position) -> bool:
        """Whether every Service of the plan has this position's selector."""
        return all(
            (s := self.service(w.service)) is not None and at(s, "spec", "selector") == w.at(position)
            for w in self.plan.ways
        )

    def listed(self, service: str) -> set[str]:
        """The addresses that a Service lists as ready: what balancers learn from."""
        return {
            address
            for piece in self.snapshot.all(ENDPOINTSLICE)
            if labels_of(piece).get("kubernetes.io/service-name") == service
            for endpoint in piece.get("endpoints") or []
            if at(endpoint, "conditions", "ready", default=True)
            for address in endpoint["addresses"]
        }

    def lists(self, service: str, pods: Iterable[Obj]) -> bool:
        """Whether a Service lists all these pods as ready."""
        return {at(p, "status", "podIP") for p in pods} <= self.listed(service)

    def in_endpoints(self, pods: Iterable[Obj]) -> bool:
        """Whether every Service of the plan lists all these pods as ready."""
        wanted = tuple(pods)
        return all(self.lists(way.service, wanted) for way in self.plan.ways)

    def naming(self) -> Naming:
        """How answers are told apart now: by address and name of every pod, and by what the versions call themselves."""
        plan = self.plan
        addresses: dict[str, Version] = {}
        names: dict[str, Version] = {
            plan.from_version: "old",
            plan.to_version: "new",
            plan.from_image: "old",
            plan.to_image: "new",
        }
        if plan.version_value and plan.old_version_value:
            names |= {plan.old_version_value: "old", plan.version_value: "new"}
        for track in ("stable", "canary"):
            found = self.deployment(track)
            for pod in self.snapshot.pods_of(found) if found else ():
                version: Version = "new" if self.new_image(pod) else "old"
                names[name_of(pod)] = version
                if at(pod, "status", "podIP"):
                    addresses[at(pod, "status", "podIP")] = version
        return Naming(addresses, names)

    def counted(self) -> tuple[Counted, Counted]:
        """The old version's pods and the new one's, wherever they stand."""
        every = [*self.pods("stable"), *self.pods("canary")]
        new = [p for p in every if self.new_image(p)]
        old = [p for p in every if not self.new_image(p)]
        return Counted(ready=sum(map(is_ready, old)), total=len(old)), Counted(
            ready=sum(map(is_ready, new)), total=len(new)
        )

    def since(self, seconds: float) -> datetime:
        """When the present step has lasted so long."""
        return self.release.since + timedelta(seconds=seconds)


def is_or_was_ready(pod: Obj) -> bool:
    """Whether its containers run; a settled pod whose container died is not settled."""
    states = at(pod, "status", "containerStatuses", default=[])
    return bool(states) and all(s.get("ready") for s in states)

"""What a form proposes: the services of a namespace under the names people type, and versions that are known of one.

Pure. A name is proposed only where `target.find` would take it for that very Deployment; a version is a tag or digest that
stands in some object of the same image repository, or in the record of a past release.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from strategies.image import split_image
from strategies.objects import Obj, annotations_of, at, labels_of, name_of
from strategies.release import Release
from strategies.snapshot import Snapshot, template_labels
from strategies.target import BASE_NOTE, NAME_LABELS, SERVICE_NOTE, under_way


@dataclass(frozen=True, slots=True)
class Entry:
    """A service that may be released: its name, its Deployment, and the images that run in it now."""

    service: str
    deployment: str
    images: tuple[str, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """What runs, one for each container."""
        return tuple(dict.fromkeys(split_image(image)[1] for image in self.images))


@dataclass(frozen=True, slots=True)
class Known:
    """A version and where it is known from: it runs (in this environment), stood before, or was released by `release`."""

    version: str
    runs: str = ""
    release: str = ""
    outcome: str = ""


def entries(snapshot: Snapshot) -> tuple[Entry, ...]:
    """Every Deployment with a Service before its pods, by name."""
    live = [
        d for d in snapshot.deployments() if not under_way(d) and snapshot.services_of(template_labels(d))
    ]
    taken = [_names(d) for d in live]
    found = [Entry(_name(d, taken), name_of(d), _images(d)) for d in live]
    return tuple(sorted(found, key=lambda one: one.service))


def _name(deployment: Obj, taken: Sequence[tuple[str, ...]]) -> str:
    """The first of its names that no other Deployment has too; its own name is always one."""
    mine = _names(deployment)
    return next((n for n in mine if sum(n in names for names in taken) == 1), name_of(deployment))


def _names(deployment: Obj) -> tuple[str, ...]:
    noted = annotations_of(deployment).get(SERVICE_NOTE)
    labels = (labels_of(deployment), template_labels(deployment))
    labelled = [found[key] for key in NAME_LABELS for found in labels if found.get(key)]
    base = annotations_of(deployment).get(BASE_NOTE)
    every = (noted, *labelled, base, name_of(deployment))
    return tuple(dict.fromkeys(name for name in every if name))


def _images(workload: Obj) -> tuple[str, ...]:
    containers = at(workload, "spec", "template", "spec", "containers", default=[])
    return tuple(str(c["image"]) for c in containers if c.get("image"))


def versions(
    here: Entry,
    environment: str,
    elsewhere: Iterable[tuple[str, Sequence[Obj]]],
    past: Iterable[Release],
) -> tuple[Known, ...]:
    """Versions of a service, those worth a try first, what runs here last.

    `elsewhere` are the Deployments and ReplicaSets of each environment (this one too), newest first; `past` its releases,
    newest first. What runs in another environment comes first: it has been tried there.
    """
    repositories = {split_image(image)[0] for image in here.images}
    found: dict[str, Known] = {}
    for place, workloads in elsewhere:
        for workload in workloads:
            for repository, version in map(split_image, _images(workload)):
                if repository in repositories and version not in here.versions:
                    runs = place if place != environment and at(workload, "spec", "replicas") else ""
                    found.setdefault(version, Known(version, runs))
    for release in past:
        to = split_image(release.plan.to_image)[1]
        for version, outcome in ((to, release.outcome), (split_image(release.plan.from_image)[1], "")):
            if version in here.versions:
                continue
            known = found.get(version, Known(version))
            if not known.release:
                found[version] = Known(version, known.runs, release.id, outcome)
    first = sorted(found.values(), key=lambda k: not k.runs)  # stable: the order found stays
    return (*first, *(Known(version, environment) for version in here.versions))

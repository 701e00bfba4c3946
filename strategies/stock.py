"""What a namespace has to release: each Deployment that a Service leads to, under the name people type, and its version."""

from dataclasses import dataclass

from strategies.image import short, split_image
from strategies.objects import Obj, annotations_of, at, labels_of, name_of
from strategies.snapshot import Snapshot, replicas_of, template_labels
from strategies.target import BASE_NOTE, NAME_LABELS, SERVICE_NOTE, under_way


@dataclass(frozen=True, slots=True)
class Item:
    """A service: `versions` are what its pods' containers run, `ready` of `wanted` pods."""

    service: str
    base: str
    deployment: str
    versions: tuple[str, ...]
    ready: int
    wanted: int


def of(snapshot: Snapshot) -> tuple[Item, ...]:
    """Every service, by name; the temporary Deployments of releases are none."""
    live = [
        d for d in snapshot.deployments() if not under_way(d) and snapshot.services_of(template_labels(d))
    ]
    names = [_name(d) for d in live]
    found = [
        _item(d, name if names.count(name) == 1 or _noted(d) else name_of(d))
        for d, name in zip(live, names, strict=True)
    ]
    return tuple(sorted(found, key=lambda item: item.service))


def _noted(deployment: Obj) -> str:
    return annotations_of(deployment).get(SERVICE_NOTE, "")


def _name(deployment: Obj) -> str:
    """As people type it: what the annotation says, else a label, else the Deployment's own name."""
    labels = template_labels(deployment) | labels_of(deployment)
    named = (labels[key] for key in NAME_LABELS if labels.get(key))
    return _noted(deployment) or next(named, name_of(deployment))


def _item(deployment: Obj, service: str) -> Item:
    containers = at(deployment, "spec", "template", "spec", "containers", default=[])
    versions = (short(split_image(str(c.get("image", "")))[1]) for c in containers)
    return Item(
        service,
        annotations_of(deployment).get(BASE_NOTE) or name_of(deployment),
        name_of(deployment),
        tuple(dict.fromkeys(versions)),
        int(at(deployment, "status", "readyReplicas", default=0)),
        replicas_of(deployment),
    )

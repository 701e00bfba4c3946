"""How the new track stands: inside or beside, its manifest, and each Service's selector in each position.

*Inside* (canary by pod ratio): its pods are meant to be caught by the live Service. *Beside* (blue-green): they are not.
*Replace* where the version is in the Deployment's selector, which nobody can change; else *in-place*.
"""

from dataclasses import dataclass
from itertools import count
from typing import Literal

from strategies.image import short, with_version
from strategies.names import dns_label, free, label_value
from strategies.objects import DEPLOYMENT, Labels, Obj, annotations_of, at, copied, covers, labels_of, name_of
from strategies.plan import RELEASE, Way
from strategies.pods import GATE
from strategies.refusal import Refusal
from strategies.routers.selector import way
from strategies.snapshot import Snapshot, template_labels
from strategies.spec import Strategy
from strategies.target import BASE_NOTE, RELEASE_LABEL, TRACK_LABEL, Target

VERSION_LABELS = ("version", "app.kubernetes.io/version")
KEYS = ("app", "app.kubernetes.io/name", "app.kubernetes.io/instance")
RELEASE_NOTE = "graylight/release"
_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
)
_TRACKING_LABELS = (
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "helm.sh/chart",
)

Ending = Literal["replace", "in-place", "update"]


@dataclass(frozen=True, slots=True)
class Version:
    """The label that tells versions: its key, the new value, the old one; `pinned` where Services select by it."""

    key: str
    new: str
    old: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class Track:
    """The new track of a canary or blue-green release."""

    name: str
    ending: Ending
    manifest: Obj
    ways: tuple[Way, ...]
    gated: (
        bool  # the readiness gate keeps its pods from traffic: before they have settled, and before they stop
    )


def version_label(target: Target, snapshot: Snapshot, version: str, configured: str | None) -> Version | None:
    """The version label of a service, None where it has none.

    Where selectors ask for it, a value that another track bears already (the one kept from last time, or the running
    one under a wrong label) gets `-2`, `-3`, …
    """
    keys = ((configured,) if configured else ()) + VERSION_LABELS
    labels = target.labels
    key = next((k for k in keys if k in selector_of(target.deployment)), None) or next(
        (k for k in keys if k in labels), None
    )
    if key is None:
        return None
    pinned = any(key in at(s, "spec", "selector", default={}) for s in target.services)
    new = label_value(short(version))
    if pinned or key in selector_of(target.deployment):
        new = _free_value(new, _borne(key, target, snapshot))
    return Version(key, new, labels.get(key, ""), pinned)


def _borne(key: str, target: Target, snapshot: Snapshot) -> set[str]:
    """The label's values on Deployments that nothing else tells from this one."""
    rest = {k: v for k, v in selector_of(target.deployment).items() if k != key}
    every = [template_labels(d) for d in snapshot.deployments()]
    return {found[key] for found in every if key in found and rest.items() <= found.items()}


def _free_value(value: str, taken: set[str]) -> str:
    numbered = (label_value(f"{value}-{n}") for n in count(2))
    return value if value not in taken else next(v for v in numbered if v not in taken)


def selector_of(deployment: Obj) -> Labels:
    """`spec.selector.matchLabels`."""
    return dict(at(deployment, "spec", "selector", "matchLabels", default={}))


def stand(
    strategy: Strategy,
    target: Target,
    snapshot: Snapshot,
    version: str,
    container: str,
    label: Version | None,
    *,
    beside: bool,
) -> Track | Refusal:
    """The new track, or why it cannot stand."""
    replace = label is not None and label.key in selector_of(target.deployment)
    marks: Labels = {label.key: label.new} if label else {}
    apart: Labels = dict(marks) if replace else marks | {RELEASE_LABEL: RELEASE}
    if beside and not replace and not (label and label.pinned):
        key = _shared_key(target)
        if key is None:
            return Refusal(
                code="no-common-key",
                what=f"The Services of `{target.service}` select by no label in common, so the new pods cannot be kept out of them.",
                remedy="Let them share one label, or release by `canary` or `rolling`.",
            )
        apart |= {key: RELEASE}
    pin = (label.key, label.old, label.new) if label and (replace or label.pinned) else None
    ways = tuple(way(name_of(s), at(s, "spec", "selector"), apart, pin) for s in target.services)
    bare = [w.service for w in ways if not w.both]
    if bare and not beside:
        return Refusal(
            code="selects-only-version",
            what=f"Service {bare[0]} selects nothing but the version, so it cannot be opened to both.",
            remedy="Add a second label to its selector, or release by `bluegreen`.",
        )
    bears = target.labels | apart
    gated = not replace and any(covers(w.after, bears) for w in ways)  # else it would stop under traffic
    taken = {name_of(d) for d in snapshot.all(DEPLOYMENT)}
    suffix = "canary" if not replace and strategy is Strategy.CANARY else short(version)
    name = free(dns_label(f"{target.base}-{suffix}"), taken)
    manifest = _manifest(
        target,
        name,
        version,
        container,
        apart,
        permanent=replace,
        gated=gated,
        track="green" if strategy is Strategy.BLUEGREEN else "canary",
    )
    return Track(name, "replace" if replace else "in-place", manifest, ways, gated)


def _shared_key(target: Target) -> str | None:
    selectors = [set(at(s, "spec", "selector", default={})) for s in target.services]
    shared = set.intersection(*selectors) if selectors else set()
    return next((k for k in (*KEYS, *sorted(shared)) if k in shared), None)


def _manifest(
    target: Target,
    name: str,
    version: str,
    container: str,
    apart: Labels,
    *,
    permanent: bool,
    gated: bool,
    track: str,
) -> Obj:
    """The new Deployment: the live one's spec at the new image, told apart by its labels, with nobody else's marks."""
    old = target.deployment
    spec = copied(old["spec"])
    spec["replicas"] = 0
    spec["selector"] = copied(spec["selector"]) | {
        "matchLabels": selector_of(old)
        | {k: v for k, v in apart.items() if k in selector_of(old) or k == RELEASE_LABEL}
    }
    template = spec["template"]
    ours = {} if permanent else {RELEASE_LABEL: RELEASE, TRACK_LABEL: track}
    template["metadata"] = {
        k: v for k, v in template.get("metadata", {}).items() if k in ("labels", "annotations")
    }
    template["metadata"]["labels"] = template_labels(old) | apart | ours
    for found in template["spec"]["containers"]:
        if found["name"] == container:
            found["image"] = with_version(found["image"], version)
    if gated:
        template["spec"]["readinessGates"] = [
            *template["spec"].get("readinessGates", []),
            {"conditionType": GATE},
        ]
    labels = {k: v for k, v in labels_of(old).items() if not foreign_mark(k, v)}
    named = {k: v for k, v in apart.items() if k in labels or k in VERSION_LABELS}
    notes = {k: v for k, v in annotations_of(old).items() if not foreign_mark(k, v)} | {
        BASE_NOTE: target.base,
        RELEASE_NOTE: RELEASE,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": old["metadata"]["namespace"],
            "labels": (labels | named | ours) if permanent else (labels | apart | ours),
            "annotations": notes,
        },
        "spec": spec,
    }


def foreign_mark(key: str, value: str) -> bool:
    """Whether a label or annotation is how some tool knows what is its own: never copied, or it would prune the copy."""
    helm = (key, value) == ("app.kubernetes.io/managed-by", "Helm")
    return helm or key.startswith((*_NOT_COPIED, *_TRACKING_LABELS))


def update_manifest(manifest: Obj) -> Obj:
    """The manifest a person would commit: what stays, without our marks and without defaults' noise."""
    made = copied(manifest)
    notes = made["metadata"]["annotations"]
    notes.pop(RELEASE_NOTE, None)
    made["metadata"].pop("namespace", None)
    return made

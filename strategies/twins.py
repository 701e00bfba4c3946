"""The canary's own Services, which weighted routes lead to: the live one's ports, over the new pods alone."""

from collections.abc import Iterable

from strategies.lens import Lane
from strategies.objects import Obj, annotations_of, at, labels_of, name_of, namespace_of
from strategies.plan import RELEASE
from strategies.spec import RouterName, Strategy
from strategies.target import RELEASE_LABEL, TRACK_LABEL, Target
from strategies.tracks import Track, foreign_mark

_PORT = ("name", "port", "protocol", "targetPort", "appProtocol")
_KEPT = ("sessionAffinity", "sessionAffinityConfig")


def twins(strategy: Strategy, target: Target, track: Track, lanes: Iterable[Lane]) -> tuple[Obj, ...]:
    """One manifest for each Service that a lane leads to."""
    live = {name_of(s): s for s in target.services}
    selectors = {w.service: w.canary for w in track.ways}
    names = {lane.service: lane for lane in lanes}
    return tuple(_twin(strategy, live[s], lane, selectors[s]) for s, lane in names.items())


def _twin(strategy: Strategy, live: Obj, lane: Lane, selector: dict[str, str]) -> Obj:
    """ClusterIP, but for a balancer that sends to nodes, whose groups must be of one type."""
    spec = live["spec"]
    by_node = lane.router is RouterName.AWS_ALB and spec.get("type") in ("NodePort", "LoadBalancer")
    ports = [{k: port[k] for k in _PORT if k in port} for port in spec.get("ports") or []]
    labels = {k: v for k, v in labels_of(live).items() if not foreign_mark(k, v)}
    mark = "green" if strategy is Strategy.BLUEGREEN else "canary"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": lane.twin,
            "namespace": namespace_of(live),
            "labels": labels | {RELEASE_LABEL: RELEASE, TRACK_LABEL: mark},
            "annotations": {k: v for k, v in annotations_of(live).items() if not foreign_mark(k, v)},
        },
        "spec": {
            "type": "NodePort" if by_node else "ClusterIP",
            "ports": ports,
            "selector": selector,
            **{k: spec[k] for k in _KEPT if at(spec, k) is not None},
        },
    }

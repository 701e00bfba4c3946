"""Conditions about who reaches which pods: selectors, other Services, sessions, network policies, routes."""

from strategies.case import Case, Said
from strategies.objects import (
    NETWORK_POLICY,
    POD,
    SERVICE,
    Obj,
    at,
    covers,
    labels_of,
    matches,
    name_of,
)
from strategies.pods import going
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot, template_labels
from strategies.spec import PODS, RouterName, Strategy
from strategies.tracks import Track


def strangers(case: Case) -> Said:
    """Other pods that the loosened or narrowed selectors would catch."""
    if case.track is None:
        return None
    found = strange_pods(case.target.deployment, case.track, case.snapshot)
    if not found:
        return None
    return Refusal(
        code="other-pods",
        what=f"Pods that belong to neither version would get traffic too: {', '.join(found[:5])}{' …' if len(found) > 5 else ''}.",
        remedy=f"Give them another label, scale them down, or release by {'`bluegreen` or ' if case.spec.strategy is Strategy.CANARY else ''}`rolling`.",
    )


def strange_pods(deployment: Obj, track: Track, snapshot: Snapshot) -> list[str]:
    """Names of pods that a position of the plan catches and that are of neither track."""
    ours = {name_of(p) for p in snapshot.pods_of(deployment)} | {
        name_of(p) for p in snapshot.pods_of(track.manifest)
    }
    positions = [s for w in track.ways for s in (w.both, w.canary, w.after)]
    return sorted(
        name_of(p)
        for p in snapshot.all(POD)
        if not going(p) and name_of(p) not in ours and any(covers(s, labels_of(p)) for s in positions)
    )


def _others(case: Case) -> list[Obj]:
    """The Services that do not lead to this Deployment by its template's labels."""
    ours = {name_of(s) for s in case.target.services}
    return [s for s in case.snapshot.all(SERVICE) if name_of(s) not in ours]


def losing(case: Case) -> Said:
    """Another Service selects these very pods, by a label that no new pod will bear."""
    pods = case.snapshot.pods_of(case.deployment)
    found = [
        name_of(s)
        for s in _others(case)
        if any(covers(at(s, "spec", "selector"), labels_of(p)) for p in pods)
    ]
    if not found:
        return None
    return Refusal(
        code="service-loses",
        what=f"Service {', '.join(found)} selects pods of {name_of(case.deployment)} by a label that is not in its template, and would lose them.",
        remedy="Let it select by labels of the template, or remove it.",
    )


def gaining(case: Case) -> Said:
    """Another Service will select the new pods."""
    if case.track is None:
        return None
    new = template_labels(case.track.manifest)
    found = [s for s in _others(case) if covers(at(s, "spec", "selector"), new)]
    if not found:
        return None
    names = ", ".join(map(name_of, found))
    if any(covers(at(s, "spec", "selector"), labels_of(p)) for s in found for p in case.snapshot.all(POD)):
        return Refusal(
            code="service-gains",
            what=f"Service {names} leads to other pods, and would send its users to the new ones too.",
            remedy="Let it select by a label that the new pods do not bear.",
        )
    return Advice(
        code="service-gains",
        what=f"Service {names} leads to no pod now and selects the new ones: who uses it meets the new version as soon as its pods are ready.",
    )


def sessions(case: Case) -> Said:
    """Session affinity: the split is by client."""
    found = [
        name_of(s) for s in case.target.services if at(s, "spec", "sessionAffinity", default="None") != "None"
    ]
    if not found or case.track is None or case.router is not RouterName.RATIO:
        return None
    return Advice(
        code="session-affinity",
        what=f"Service {', '.join(found)} has session affinity: a client stays with its pod, so the share counts clients, not requests.",
    )


def local(case: Case) -> Said:
    """externalTrafficPolicy: Local, where the node decides who answers."""
    found = [name_of(s) for s in case.target.services if at(s, "spec", "externalTrafficPolicy") == "Local"]
    if not found:
        return None
    return Advice(
        code="external-local",
        what=f"Service {', '.join(found)} has `externalTrafficPolicy: Local`: shares depend on which nodes the pods run on, and a node without one answers nothing.",
    )


def policies(case: Case) -> Said:
    """NetworkPolicies that would stop matching the new pods."""
    if case.track is None:
        return None
    new = template_labels(case.track.manifest)
    lost = [
        name_of(p)
        for p in case.snapshot.all(NETWORK_POLICY)
        if matches(at(p, "spec", "podSelector", default={}), case.target.labels)
        and not matches(at(p, "spec", "podSelector", default={}), new)
    ]
    if not lost:
        return None
    return Refusal(
        code="network-policy",
        what=f"NetworkPolicy {', '.join(lost)} would not apply to the new pods.",
        remedy="Select by a label that both versions bear, or release by `rolling`.",
    )


def several_services(case: Case) -> Said:
    """More than one Service leads to the pods."""
    names = [name_of(s) for s in case.target.services]
    if len(names) < 2 or case.track is None:
        return None
    return Advice(
        code="several-services",
        what=f"Services {', '.join(names)} lead to these pods; all of them are switched.",
    )


def pinned_label(case: Case) -> Said:
    """Rolling cannot change a version label that a selector asks for."""
    if case.track is not None:
        return None
    for key in ("version", "app.kubernetes.io/version"):
        if key in case.target.labels and (
            key in at(case.deployment, "spec", "selector", "matchLabels", default={})
            or any(key in at(s, "spec", "selector", default={}) for s in case.target.services)
        ):
            return Advice(
                code="label-stays",
                what=f"The label `{key}: {case.target.labels[key]}` is part of a selector and cannot follow; only the image changes.",
            )
    return None


def direct(case: Case) -> Said:
    """Users who do not come through a route, in a release that moves Services."""
    if case.track is None or not (case.target.ingresses or case.target.routes):
        return None
    names = [name_of(o) for o in (*case.target.ingresses, *case.target.routes)]
    if case.router not in PODS.values():
        services = ", ".join(map(name_of, case.target.services))
        return Advice(
            code="direct-users",
            what=f"Who reaches Service {services} directly (by a node port, or inside the cluster) keeps the old version until the end, when the Service follows.",
        )
    return Advice(
        code="route-lag",
        what=f"{', '.join(names)} leads here: an ingress controller follows the Service's pods with a delay of its own (up to some seconds), which is waited for before pods are taken away.",
    )

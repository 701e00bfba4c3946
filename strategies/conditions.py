"""The conditions of a cluster that matter to a release, each handled, advised or refused, in words.

One function per row of the table in docs/reference.md; it returns what it has to say, and None where the row does not
apply. A row that is handled says so as advice, since a person should know what will be touched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from strategies.objects import (
    HPA,
    NETWORK_POLICY,
    PDB,
    POD,
    QUOTA,
    SCALED_OBJECT,
    VPA,
    Kind,
    Obj,
    annotations_of,
    at,
    covers,
    labels_of,
    matches,
    meta,
    name_of,
)
from strategies.pods import going, has_readiness_probe
from strategies.quantity import parse as quantity
from strategies.quantity import requested
from strategies.refusal import Advice, Refusal
from strategies.routers.ratio import MANY
from strategies.snapshot import Snapshot, replicas_of, template_labels
from strategies.spec import ReleaseSpec, RouterName, Strategy
from strategies.target import Target
from strategies.tracks import Track

Said: TypeAlias = Refusal | Advice | None


@dataclass(frozen=True, slots=True)
class Case:
    """What the rows look at. `track` is None for rolling; `extra` is how many pods will stand beside the old ones."""

    spec: ReleaseSpec
    target: Target
    snapshot: Snapshot
    track: Track | None
    extra: int
    router: RouterName

    @property
    def deployment(self) -> Obj:
        """The live Deployment."""
        return self.target.deployment

    @property
    def template(self) -> Obj:
        """Its pod template's spec."""
        found: Obj = at(self.deployment, "spec", "template", "spec", default={})
        return found

    @property
    def replaces(self) -> bool:
        """Whether another Deployment will take the live one's place for good."""
        return self.track is not None and self.track.ending == "replace"


def examine(case: Case) -> Refusal | tuple[Advice, ...]:
    """All rows; the first refusal wins, else everything that is worth knowing."""
    said = [row(case) for row in ROWS]
    refused = next((s for s in said if isinstance(s, Refusal)), None)
    return refused or tuple(s for s in said if isinstance(s, Advice))


def owned(case: Case) -> Said:
    """Helm, Argo CD, Flux or KEDA own the Deployment."""
    owner = owner_of(case.deployment, case.snapshot)
    if not owner:
        return None
    if case.replaces and not case.spec.accept_replace:
        return Refusal(
            code="owned",
            what=f"{owner} owns Deployment {name_of(case.deployment)}; a release that replaces it would be undone, since {owner} brings the old one back.",
            remedy="Release by `rolling`, which changes only the image, or add `--accept-replace` and commit the new manifest to where it comes from.",
        )
    if case.replaces:
        return Advice(
            code="owned",
            what=f"{owner} owns the Deployment and will bring the old one back until the new manifest is committed; it is posted at the end.",
        )
    return Advice(
        code="owned",
        what=f"{owner} owns the Deployment: commit the new image there too, or its next sync puts the old one back.",
    )


def owner_of(deployment: Obj, snapshot: Snapshot) -> str:
    """Which tool applies this Deployment again by itself, empty where none does."""
    labels, notes = labels_of(deployment), annotations_of(deployment)
    if any(k.startswith(("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")) for k in labels):
        return "Flux"
    if "argocd.argoproj.io/instance" in labels or "argocd.argoproj.io/tracking-id" in notes:
        return "Argo CD"
    if "meta.helm.sh/release-name" in notes or labels.get("app.kubernetes.io/managed-by") == "Helm":
        return "Helm"
    if _aimed(SCALED_OBJECT, "scaleTargetRef", deployment, snapshot):
        return "KEDA"
    return ""


def applied(case: Case) -> Said:
    """Applied from a file by kubectl."""
    if not case.replaces or owner_of(case.deployment, case.snapshot):
        return None
    by_file = "kubectl.kubernetes.io/last-applied-configuration" in annotations_of(case.deployment) or any(
        e.get("operation") == "Apply" for e in meta(case.deployment).get("managedFields") or []
    )
    if not by_file:
        return None
    return Advice(
        code="applied",
        what="The Deployment was applied from a file: the next `kubectl apply` of it would bring the old one back. The manifest to commit is posted at the end.",
    )


def autoscaler(case: Case) -> Said:
    """An HPA scales the live Deployment."""
    found = autoscalers(case.deployment, case.snapshot)
    if not found:
        return None
    names = ", ".join(name_of(h) for h in found)
    if case.track is None:
        return Advice(code="autoscaler", what=f"Autoscaler {names} keeps scaling during the rollout.")
    if case.replaces:
        return Advice(
            code="autoscaler",
            what=f"Autoscaler {names} is pointed at the new Deployment at the handover, and back on the way back.",
        )
    return Advice(
        code="autoscaler",
        what=f"Autoscaler {names}: its minimum is raised while the canary has all traffic, or it would shrink the idle stable pods; given back at the end.",
    )


def autoscalers(deployment: Obj, snapshot: Snapshot) -> tuple[Obj, ...]:
    """The HPAs that scale this Deployment."""
    return _aimed(HPA, "scaleTargetRef", deployment, snapshot)


def vertical(case: Case) -> Said:
    """A VerticalPodAutoscaler."""
    found = _aimed(VPA, "targetRef", case.deployment, case.snapshot)
    if not found:
        return None
    if case.replaces:
        return Advice(
            code="vpa",
            what=f"VerticalPodAutoscaler {name_of(found[0])} points at the old Deployment; point it at {case.track.name if case.track else ''} after the release.",
        )
    return Advice(
        code="vpa", what=f"VerticalPodAutoscaler {name_of(found[0])} may restart pods during the release."
    )


def budget(case: Case) -> Said:
    """A PodDisruptionBudget on the live pods."""
    found = budgets(case.deployment, case.snapshot)
    if not found or case.track is None:
        return None
    new = template_labels(case.track.manifest)
    lost = [name_of(p) for p in found if not matches(at(p, "spec", "selector"), new)]
    if case.replaces and lost:
        return Advice(
            code="budget",
            what=f"Disruption budget {', '.join(lost)} follows to the new pods at the handover.",
        )
    if lost:
        return Advice(
            code="budget", what=f"Disruption budget {', '.join(lost)} does not cover the temporary pods."
        )
    return Advice(code="budget", what=f"Disruption budget {name_of(found[0])} covers both versions' pods.")


def budgets(deployment: Obj, snapshot: Snapshot) -> tuple[Obj, ...]:
    """The disruption budgets over this Deployment's pods."""
    return tuple(
        p for p in snapshot.all(PDB) if matches(at(p, "spec", "selector"), template_labels(deployment))
    )


def readiness(case: Case) -> Said:
    """No readiness probe."""
    if has_readiness_probe({"spec": case.template}):
        return None
    if case.track is None:
        return Advice(
            code="no-readiness-probe",
            what="No readiness probe: Kubernetes sends traffic to a pod before it listens. `minReadySeconds` is raised meanwhile, but the first moments of each pod cannot be guarded.",
        )
    return Advice(
        code="no-readiness-probe",
        what="No readiness probe: new pods get no traffic before they have stood for 3 s.",
    )


def draining(case: Case) -> Said:
    """No preStop hook and a short grace period."""
    hooks = any(at(c, "lifecycle", "preStop") for c in case.template.get("containers", []))
    grace = int(case.template.get("terminationGracePeriodSeconds", 30))
    if grace == 0:
        return Advice(
            code="no-grace",
            what="`terminationGracePeriodSeconds` is 0: a pod that stops drops the requests it is serving.",
        )
    if hooks:
        return None
    return Advice(
        code="no-prestop",
        what="No preStop hook: unless the program itself goes on serving after SIGTERM, a pod that stops loses requests.",
    )


def single(case: Case) -> Said:
    """A single replica."""
    if replicas_of(case.deployment) > 1:
        return None
    if case.track is None and at(
        case.deployment, "spec", "strategy", "rollingUpdate", "maxSurge", default="25%"
    ) in (0, "0", "0%"):
        return Advice(
            code="single-replica",
            what="One pod and no surge: it stops before the new one stands, so requests fail in between. `--surge 1 --unavailable 0` avoids it.",
        )
    if case.spec.strategy is Strategy.CANARY:
        return Advice(code="single-replica", what="One pod: the smallest share that pods can make is 50 %.")
    return Advice(code="single-replica", what="One pod: the new one stands before the old one goes.")


def recreate(case: Case) -> Said:
    """Strategy Recreate."""
    if at(case.deployment, "spec", "strategy", "type") != "Recreate":
        return None
    if case.track is None:
        return Refusal(
            code="recreate",
            what="The Deployment's strategy is Recreate: a rolling update would stop every pod before it starts a new one.",
            remedy="Release by `canary` or `bluegreen`, which bring the new pods up first, or change its strategy to RollingUpdate.",
        )
    return Advice(
        code="recreate",
        what="The Deployment's strategy is Recreate, as for a program of which two must not run at once; this release runs both versions beside each other.",
    )


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
        remedy="Give them another label, scale them down, or release by `bluegreen` or `rolling`.",
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


def affinity(case: Case) -> Said:
    """Required anti-affinity or host ports: each pod wants a node of its own."""
    if case.extra <= 0:
        return None
    if any(
        p.get("hostPort") for c in case.template.get("containers", []) for p in c.get("ports") or []
    ) or case.template.get("hostNetwork"):
        return Advice(
            code="host-port",
            what="The pods use a port of their node: the new ones need nodes where no old one runs, or stay unscheduled.",
        )
    if at(case.template, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        return Advice(
            code="anti-affinity",
            what=f"Required anti-affinity: {case.extra} more pod{'s need nodes' if case.extra != 1 else ' needs a node'} on which none of the others runs, or stay{'' if case.extra != 1 else 's'} unscheduled.",
        )
    return None


def volumes(case: Case) -> Said:
    """A ReadWriteOnce volume that a second track could not mount."""
    claims = [
        v["persistentVolumeClaim"]["claimName"]
        for v in case.template.get("volumes") or []
        if v.get("persistentVolumeClaim")
    ]
    if not claims or case.track is None:
        return None
    return Refusal(
        code="volume",
        what=f"The pods mount claim {claims[0]}: two versions would write to the same volume, and a ReadWriteOnce one cannot be mounted by a second set of pods on another node.",
        remedy="Release by `rolling`.",
    )


def room(case: Case) -> Said:
    """A ResourceQuota without room for a second track."""
    for found in case.snapshot.all(QUOTA):
        hard, used = at(found, "status", "hard", default={}), at(found, "status", "used", default={})
        for key in hard:
            per_pod = requested(case.template, key)
            need, left = per_pod * case.extra, quantity(hard[key]) - quantity(used.get(key, "0"))
            if per_pod and need > left:
                return Refusal(
                    code="quota",
                    what=f"Quota {name_of(found)} leaves room for {left:g} of `{key}`, and {case.extra} more pod{'s need' if case.extra != 1 else ' needs'} {need:g}.",
                    remedy="Raise the quota, or release by `rolling` with `--surge 0 --unavailable 1`.",
                )
    return None


def migrations(case: Case) -> Said:
    """Init containers may migrate data."""
    names = [
        c["name"] for c in case.template.get("initContainers") or [] if c.get("restartPolicy") != "Always"
    ]
    if not names:
        return None
    return Advice(
        code="init-containers",
        what=f"Init container {', '.join(names)} runs with the new version before the old one is gone: if it migrates data, the old version must be able to read it.",
    )


def affinity_of_sessions(case: Case) -> Said:
    """Session affinity or externalTrafficPolicy: Local skew what pods can make."""
    for service in case.target.services:
        if (
            at(service, "spec", "sessionAffinity", default="None") != "None"
            and case.spec.strategy is Strategy.CANARY
        ):
            return Advice(
                code="session-affinity",
                what=f"Service {name_of(service)} has session affinity: a client stays with its pod, so the share counts clients, not requests.",
            )
        if at(service, "spec", "externalTrafficPolicy") == "Local":
            return Advice(
                code="external-local",
                what=f"Service {name_of(service)} has `externalTrafficPolicy: Local`: shares depend on which nodes the pods run on, and a node without one answers nothing.",
            )
    return None


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


def many(case: Case) -> Said:
    """Too many pods for counting."""
    pods = replicas_of(case.deployment)
    if case.spec.strategy is Strategy.CANARY and pods > MANY:
        return Advice(
            code="many-pods",
            what=f"{pods} pods: a split by counting pods needs up to {pods} more. A weighted route (an HTTPRoute, or an Ingress with canary annotations) splits with one.",
        )
    return None


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
    return Advice(
        code="route-lag",
        what=f"{', '.join(names)} leads here: an ingress controller follows the Service's pods with a delay of its own (up to some seconds), which is waited for before pods are taken away.",
    )


ROWS: tuple[Callable[[Case], Said], ...] = (
    owned, strangers, volumes, room, recreate, policies,
    applied, autoscaler, vertical, budget, readiness, draining, single, affinity, migrations,
    affinity_of_sessions, many, several_services, pinned_label, direct,
)  # fmt: skip


def _aimed(kind: Kind, field: str, deployment: Obj, snapshot: Snapshot) -> tuple[Obj, ...]:
    return tuple(
        o
        for o in snapshot.all(kind)
        if at(o, "spec", field, "name") == name_of(deployment)
        and at(o, "spec", field, "kind", default="Deployment") == "Deployment"
    )

"""Conditions about who else writes to the Deployment: the tools that apply it, and what scales or protects its pods."""

from strategies.case import Case, Said, aimed
from strategies.objects import (
    HPA,
    PDB,
    SCALED_OBJECT,
    VPA,
    Obj,
    annotations_of,
    at,
    labels_of,
    matches,
    meta,
    name_of,
)
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot, template_labels


def owned(case: Case) -> Said:
    """Helm, Argo CD or Flux own the Deployment."""
    owner = owner_of(case.deployment)
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


def owner_of(deployment: Obj) -> str:
    """Which tool applies this Deployment again by itself, empty where none does."""
    labels, notes = labels_of(deployment), annotations_of(deployment)
    if any(k.startswith(("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")) for k in labels):
        return "Flux"
    if "argocd.argoproj.io/instance" in labels or "argocd.argoproj.io/tracking-id" in notes:
        return "Argo CD"
    if "meta.helm.sh/release-name" in notes or labels.get("app.kubernetes.io/managed-by") == "Helm":
        return "Helm"
    return ""


def keda(case: Case) -> Said:
    """KEDA scales the Deployment."""
    found = aimed(SCALED_OBJECT, "scaleTargetRef", case.deployment, case.snapshot)
    if not found:
        return None
    scaler = f"KEDA's ScaledObject {name_of(found[0])}"
    if case.track is None or not case.replaces:
        return Advice(code="keda", what=f"{scaler} keeps scaling the Deployment during the release.")
    if not case.spec.accept_replace:
        return Refusal(
            code="keda",
            what=f"{scaler} scales Deployment {name_of(case.deployment)}, and would go on scaling that after another one has taken its place.",
            remedy="Release by `rolling`, which changes only the image, or add `--accept-replace` and point the ScaledObject at the new Deployment afterwards.",
        )
    return Advice(
        code="keda",
        what=f"{scaler} points at the old Deployment: point it at {case.track.name} after the release.",
    )


def applied(case: Case) -> Said:
    """Applied from a file by kubectl."""
    if not case.replaces or owner_of(case.deployment):
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
    """The HPAs that scale this Deployment, but for those that KEDA makes and would put right again."""
    return tuple(
        h
        for h in aimed(HPA, "scaleTargetRef", deployment, snapshot)
        if not any(o.get("kind") == "ScaledObject" for o in meta(h).get("ownerReferences") or [])
    )


def vertical(case: Case) -> Said:
    """A VerticalPodAutoscaler."""
    found = aimed(VPA, "targetRef", case.deployment, case.snapshot)
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
    spelt = [
        name_of(p) for p in found if at(p, "spec", "selector", "matchExpressions") and name_of(p) in lost
    ]
    if case.replaces and spelt:
        return Advice(
            code="budget",
            what=f"Disruption budget {', '.join(spelt)} selects by an expression that the new pods do not match: correct it after the release.",
        )
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

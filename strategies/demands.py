"""Conditions in the pods themselves: what they need of nodes, quotas and volumes, and how they start and stop."""

from strategies.case import Case, Said
from strategies.objects import QUOTA, at, name_of
from strategies.pods import has_readiness_probe
from strategies.quantity import parse as quantity
from strategies.quantity import requested
from strategies.refusal import Advice, Refusal
from strategies.routers.ratio import MANY
from strategies.snapshot import replicas_of
from strategies.spec import RouterName


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
    if case.router is RouterName.RATIO:
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
        if v.get("persistentVolumeClaim") and not v["persistentVolumeClaim"].get("readOnly")
    ]
    if not claims or case.extra <= 0:
        return None
    if case.track is None:
        return Advice(
            code="volume",
            what=f"The pods mount claim {claims[0]}: where it is ReadWriteOnce, a pod on another node waits for it until the old one is gone. `--surge 0 --unavailable 1` takes the old one away first.",
        )
    return Refusal(
        code="volume",
        what=f"The pods mount claim {claims[0]}: two versions would write to the same volume, and a ReadWriteOnce one cannot be mounted by a second set of pods on another node.",
        remedy="Release by `rolling --surge 0 --unavailable 1`.",
    )


def room(case: Case) -> Said:
    """A ResourceQuota without room for a second track."""
    for found in case.snapshot.all(QUOTA):
        hard, used = at(found, "status", "hard", default={}), at(found, "status", "used", default={})
        for key in hard:
            left = quantity(str(hard[key])) - quantity(str(used.get(key, "0")))
            need = requested(case.template, key) * case.extra
            if key == "count/deployments.apps" and case.track is not None:
                need = 1
            if need > left:
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


def many(case: Case) -> Said:
    """Too many pods for counting."""
    pods = replicas_of(case.deployment)
    if case.track is not None and case.router is RouterName.RATIO and pods > MANY:
        return Advice(
            code="many-pods",
            what=f"{pods} pods: a split by counting pods needs up to {pods} more. A weighted route (an HTTPRoute, or an Ingress with canary annotations) splits with one.",
        )
    return None

"""What the server fills in, per kind: after it an object reads as it does on a real cluster.

Each function changes the object it is given, which is the request's own copy.
"""

import base64
from collections.abc import Callable
from typing import Any

from bot.playground.kube.kinds import CONFIG_MAP
from strategies import objects as o
from strategies.objects import Kind, Obj


def _fill(target: Obj, **values: Any) -> None:
    for key, value in values.items():
        target.setdefault(key, value)


def _probe(probe: Obj) -> None:
    _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        _fill(probe["httpGet"], path="/", scheme="HTTP")


def _container(container: Obj) -> None:
    tag = container.get("image", "").rpartition("/")[2].partition(":")[2]
    moving = tag in ("", "latest") and "@" not in container.get("image", "")
    _fill(
        container,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy="Always" if moving else "IfNotPresent",
    )
    for port in container.get("ports") or []:
        _fill(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    for variable in container.get("env") or []:
        if "fieldRef" in (variable.get("valueFrom") or {}):
            _fill(variable["valueFrom"]["fieldRef"], apiVersion="v1")


def pod_spec(spec: Obj) -> None:
    """A PodSpec, of a pod or of a template."""
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if "serviceAccountName" in spec:
        _fill(spec, serviceAccount=spec["serviceAccountName"])
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _container(container)


def _pod(pod: Obj) -> None:
    spec = pod.setdefault("spec", {})
    pod_spec(spec)
    _fill(
        spec,
        enableServiceLinks=True,
        serviceAccount="default",
        serviceAccountName="default",
        preemptionPolicy="PreemptLowerPriority",
        priority=0,
    )
    pod.setdefault("status", {"phase": "Pending", "qosClass": "BestEffort"})


def _deployment(deployment: Obj) -> None:
    spec = deployment.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), maxSurge="25%", maxUnavailable="25%")
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _replica_set(replica_set: Obj) -> None:
    spec = replica_set.setdefault("spec", {})
    _fill(spec, replicas=1)
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    replica_set.setdefault("status", {"replicas": 0})


def _stateful_set(stateful_set: Obj) -> None:
    spec = stateful_set.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    _fill(spec, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _daemon_set(daemon_set: Obj) -> None:
    spec = daemon_set.setdefault("spec", {})
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    _fill(spec, revisionHistoryLimit=10, updateStrategy=rolling)
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _service(service: Obj) -> None:
    spec = service.setdefault("spec", {})
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _fill(spec, allocateLoadBalancerNodePorts=True)
    for port in spec.get("ports") or []:
        _fill(port, protocol="TCP")
        _fill(port, targetPort=port.get("port"))
    service.setdefault("status", {"loadBalancer": {}})


def _secret(secret: Obj) -> None:
    _fill(secret, type="Opaque")
    plain = secret.pop("stringData", None)
    if plain:
        coded = {k: base64.b64encode(str(v).encode()).decode() for k, v in plain.items()}
        secret["data"] = (secret.get("data") or {}) | coded


def _namespace(namespace: Obj) -> None:
    labels = namespace["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = namespace["metadata"].get("name", "")
    namespace.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    namespace.setdefault("status", {"phase": "Active"})


def _ingress(ingress: Obj) -> None:
    ingress.setdefault("status", {"loadBalancer": {}})


def _network_policy(policy: Obj) -> None:
    spec = policy.setdefault("spec", {})
    _fill(spec, policyTypes=["Ingress", "Egress"] if "egress" in spec else ["Ingress"])


def _autoscaler(autoscaler: Obj) -> None:
    spec = autoscaler.setdefault("spec", {})
    target = {"type": "Utilization", "averageUtilization": 80}
    _fill(
        spec,
        minReplicas=1,
        metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    )
    autoscaler.setdefault("status", {"desiredReplicas": 0, "currentMetrics": None})


def _budget(budget: Obj) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    budget.setdefault("status", dict.fromkeys(counts, 0))


def _event(event: Obj) -> None:
    _fill(event, source={}, type="")
    _fill(event, reportingComponent="", reportingInstance="")


def _slice(piece: Obj) -> None:
    _fill(piece, endpoints=None, ports=None)  # told as null, not left out


def _route(route: Obj) -> None:
    spec = route.setdefault("spec", {})
    for parent in spec.get("parentRefs") or []:
        _fill(parent, group="gateway.networking.k8s.io", kind="Gateway")
    everything = {"path": {"type": "PathPrefix", "value": "/"}}
    for rule in spec.setdefault("rules", [{}]):
        for match in rule.setdefault("matches", [dict(everything)]):
            _fill(match.setdefault("path", {}), type="PathPrefix", value="/")
            for header in match.get("headers") or []:
                _fill(header, type="Exact")
        for backend in rule.get("backendRefs") or []:
            _fill(backend, group="", kind="Service", weight=1)


_BY_KIND: dict[Kind, Callable[[Obj], None]] = {
    o.POD: _pod,
    o.DEPLOYMENT: _deployment,
    o.REPLICASET: _replica_set,
    o.STATEFULSET: _stateful_set,
    o.DAEMONSET: _daemon_set,
    o.SERVICE: _service,
    o.SECRET: _secret,
    o.NAMESPACE: _namespace,
    o.INGRESS: _ingress,
    o.NETWORK_POLICY: _network_policy,
    o.HPA: _autoscaler,
    o.PDB: _budget,
    o.EVENT: _event,
    o.ENDPOINTSLICE: _slice,
    o.HTTPROUTE: _route,
    CONFIG_MAP: lambda _: None,
}


def fill(kind: Kind, obj: Obj) -> None:
    """Set what the user left out."""
    if default := _BY_KIND.get(kind):
        default(obj)

"""Which fields exist: unknown ones are refused by `fieldValidation=Strict` and dropped without it.

Told as far down as people's typing errors reach: metadata, spec, pod template, containers, ports, probes. Below what is
told here anything goes. Source: the OpenAPI document of Kubernetes 1.37 and of Gateway API 1.6.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from strategies import objects as o
from strategies.objects import Kind, Obj

Fields: TypeAlias = dict[str, Any]  # a field to the fields below it; None: anything may stand below


def _fields(words: str, **known: Fields) -> Fields:
    made: Fields = dict.fromkeys(words.split())
    return made | known


_META = _fields(
    "name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp"
    " deletionGracePeriodSeconds labels annotations finalizers ownerReferences managedFields selfLink"
)
_PROBE = _fields(
    "exec grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold"
    " terminationGracePeriodSeconds",
    httpGet=_fields("path port host scheme httpHeaders"),
    tcpSocket=_fields("port host"),
)
_CONTAINER = _fields(
    "name image command args workingDir envFrom resources resizePolicy restartPolicy restartPolicyRules"
    " volumeMounts volumeDevices terminationMessagePath terminationMessagePolicy imagePullPolicy"
    " securityContext stdin stdinOnce tty",
    env=_fields("name value valueFrom"),
    ports=_fields("name hostPort containerPort protocol hostIP"),
    livenessProbe=_PROBE,
    readinessProbe=_PROBE,
    startupProbe=_PROBE,
    lifecycle=_fields("postStart preStop stopSignal"),
)
_POD = _fields(
    "volumes ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy"
    " nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID"
    " hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity schedulerName"
    " tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName"
    " enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers"
    " schedulingGates resourceClaims resources hostnameOverride",
    containers=_CONTAINER,
    initContainers=_CONTAINER,
)
_TEMPLATE = _fields("", metadata=_META, spec=_POD)
_SPECS: dict[Kind, Fields] = {
    o.POD: _POD,
    o.DEPLOYMENT: _fields(
        "replicas selector minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds",
        strategy=_fields("type", rollingUpdate=_fields("maxSurge maxUnavailable")),
        template=_TEMPLATE,
    ),
    o.REPLICASET: _fields("replicas selector minReadySeconds", template=_TEMPLATE),
    o.STATEFULSET: _fields(
        "replicas selector serviceName volumeClaimTemplates podManagementPolicy updateStrategy ordinals"
        " revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy",
        template=_TEMPLATE,
    ),
    o.DAEMONSET: _fields("selector updateStrategy minReadySeconds revisionHistoryLimit", template=_TEMPLATE),
    o.SERVICE: _fields(
        "selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP externalName"
        " loadBalancerSourceRanges externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses"
        " sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass"
        " internalTrafficPolicy trafficDistribution",
        ports=_fields("name protocol appProtocol port targetPort nodePort"),
    ),
    o.INGRESS: _fields("ingressClassName defaultBackend tls", rules=_fields("host http")),
    o.LEASE: _fields(
        "holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder"
    ),
    o.HPA: _fields("scaleTargetRef minReplicas maxReplicas metrics behavior"),
    o.PDB: _fields("minAvailable maxUnavailable selector unhealthyPodEvictionPolicy"),
    o.NETWORK_POLICY: _fields("podSelector ingress egress policyTypes"),
    o.QUOTA: _fields("hard scopes scopeSelector"),
    o.HTTPROUTE: _fields(
        "parentRefs hostnames useDefaultGateways",
        rules=_fields(
            "name matches filters timeouts retry sessionPersistence",
            backendRefs=_fields("group kind name namespace port weight filters"),
        ),
    ),
}
_FLAT: dict[Kind, Fields] = {
    o.SECRET: _fields("apiVersion kind data stringData type immutable", metadata=_META),
    o.ENDPOINTSLICE: _fields("apiVersion kind addressType endpoints ports", metadata=_META),
    o.EVENT: _fields(
        "apiVersion kind involvedObject reason message source firstTimestamp lastTimestamp count type eventTime"
        " series action related reportingComponent reportingInstance",
        metadata=_META,
    ),
}


def fields_of(kind: Kind) -> Fields:
    """What may stand in an object of a kind."""
    if kind in _FLAT:
        return _FLAT[kind]
    spec = _SPECS.get(kind)
    if spec is None:
        return _fields("apiVersion kind metadata spec status data binaryData immutable", metadata=_META) | {
            "secrets": None,
            "imagePullSecrets": None,
        }
    return _fields("apiVersion kind status", metadata=_META, spec=spec)


def unknown(value: Any, fields: Fields | None, at: str = "") -> Iterator[str]:
    """The paths of fields that do not exist, as the real server writes them: `spec.template.spec.containers[0].img`."""
    if fields is None:
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from unknown(item, fields, f"{at}[{i}]")
    elif isinstance(value, dict):
        for key, inner in value.items():
            where = f"{at}.{key}" if at else key
            if key not in fields:
                yield where
            else:
                yield from unknown(inner, fields[key], where)


def known(value: Any, fields: Fields | None) -> Any:
    """The value without fields that do not exist."""
    if fields is None:
        return value
    if isinstance(value, list):
        return [known(item, fields) for item in value]
    if isinstance(value, dict):
        return {k: known(v, fields[k]) for k, v in value.items() if k in fields}
    return value


_MAPS = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData", "hard"})


def tidy(value: Any, key: str = "", parent: str = "") -> Any:
    """A value as a typed server stores it: without nulls, empty lists, and empty maps of the user's own keys.

    `labels: {}` after the last label is gone is no `labels` at all: who compares before and after must see that here too.

    >>> tidy({"metadata": {"labels": {}}, "spec": {"replicas": None, "resources": {}}})
    {'metadata': {}, 'spec': {'resources': {}}}
    """
    if isinstance(value, dict):
        made: Obj = {}
        for name, inner in value.items():
            if inner is None or inner == []:
                continue
            tidied = tidy(inner, name, key)
            if tidied == {} and (name in _MAPS or (name == "selector" and key == "spec" and parent == "")):
                continue
            made[name] = tidied
        return made
    if isinstance(value, list):
        return [tidy(item, key, parent) for item in value]
    return value

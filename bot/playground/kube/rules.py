"""What the server refuses in an object's content: names, labels, required and immutable fields.

Each check yields causes; all of them are told at once, as a real server does. Sources: the API's own validation,
for the fields Graylight and its users touch.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.playground.kube.answers import Cause, bad_request, invalid
from bot.playground.kube.kinds import Resource
from strategies import objects as o
from strategies.objects import Kind, Obj, annotations_of, at, labels_of, matches, name_of

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)\Z")
_ONE_MIB = 1024 * 1024
_ANNOTATIONS = 256 * 1024
_LONGEST_LABEL = 63
_LONGEST_NAME = 253
_SHORT_NAMES = frozenset({o.SERVICE, o.NAMESPACE})
_RFC_1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character"
)


def _required(field: str, why: str = "") -> Cause:
    return Cause(field, "Required value" + (f": {why}" if why else ""), "FieldValueRequired")


def _forbidden(field: str, why: str) -> Cause:
    return Cause(field, f"Forbidden: {why}", "FieldValueForbidden")


def _wrong(field: str, value: Any, why: str) -> Cause:
    return Cause(field, f"Invalid value: {json.dumps(value, separators=(',', ':'))}: {why}")


def _metadata(resource: Resource, obj: Obj) -> Iterator[Cause]:
    name = name_of(obj)
    if not name:
        yield _required("metadata.name", "name or generateName is required")
    elif resource.kind in _SHORT_NAMES:
        if len(name) > _LONGEST_LABEL:
            yield _wrong("metadata.name", name, "must be no more than 63 bytes")
        elif not _LABEL.match(name):
            yield _wrong(
                "metadata.name", name, "a lowercase RFC 1123 label must consist of lower case characters"
            )
    elif not _SUBDOMAIN.match(name):
        yield _wrong("metadata.name", name, _RFC_1123)
    elif len(name) > _LONGEST_NAME:
        yield _wrong("metadata.name", name, "must be no more than 253 bytes")
    yield from _labels("metadata.labels", labels_of(obj))
    notes = annotations_of(obj)
    yield from _keys("metadata.annotations", notes)
    if sum(len(k.encode()) + len(str(v).encode()) for k, v in notes.items()) > _ANNOTATIONS:
        yield Cause(
            "metadata.annotations", "Too long: may not be more than 262144 bytes", "FieldValueTooLong"
        )


def _keys(field: str, keys: Iterable[str]) -> Iterator[Cause]:
    for key in keys:
        prefix, _, bare = key.rpartition("/")
        if (
            not bare
            or len(bare) > _LONGEST_LABEL
            or not _VALUE.match(bare)
            or (prefix and not _SUBDOMAIN.match(prefix))
        ):
            yield _wrong(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")


def _labels(field: str, labels: o.Labels) -> Iterator[Cause]:
    yield from _keys(field, labels)
    for value in labels.values():
        if not isinstance(value, str):
            raise bad_request(
                f"json: cannot unmarshal {type(value).__name__} into a label value of type string"
            )
        if len(value) > _LONGEST_LABEL:
            yield _wrong(field, value, "must be no more than 63 bytes")
        elif not _VALUE.match(value):
            yield _wrong(
                field,
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'",
            )


def _pod_spec(spec: Obj, field: str) -> Iterator[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        yield _required(f"{field}.containers")
    for i, container in enumerate(containers):
        if not container.get("name"):
            yield _required(f"{field}.containers[{i}].name")
        if not container.get("image"):
            yield _required(f"{field}.containers[{i}].image")
    names = [c.get("name") for c in containers]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield Cause(f"{field}.containers[{i}].name", f'Duplicate value: "{name}"', "FieldValueDuplicate")


def _workload(obj: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    selector, labels = spec.get("selector"), at(spec, "template", "metadata", "labels", default={})
    replicas = spec.get("replicas", 0)
    if not isinstance(replicas, int):
        raise bad_request('json: cannot unmarshal string into Go struct field of type int32: "spec.replicas"')
    if replicas < 0:
        yield _wrong("spec.replicas", replicas, "must be greater than or equal to 0")
    if not selector:
        yield _required("spec.selector")
    if not selector or not matches(selector, labels):
        yield _wrong(
            "spec.template.metadata.labels", labels or None, "`selector` does not match template `labels`"
        )
    yield from _labels("spec.template.labels", labels)
    yield from _pod_spec(at(spec, "template", "spec", default={}), "spec.template.spec")
    if old and selector != at(old, "spec", "selector"):
        yield _wrong("spec.selector", selector, "field is immutable")


def _deployment(obj: Obj, old: Obj | None) -> Iterator[Cause]:
    yield from _workload(obj, old)
    strategy = at(obj, "spec", "strategy", default={})
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        yield _forbidden(
            "spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
        )
    rolling = strategy.get("rollingUpdate") or {}
    none = (0, "0%", "0")
    if rolling and rolling.get("maxSurge") in none and rolling.get("maxUnavailable") in none:
        yield _wrong("spec.strategy.rollingUpdate.maxUnavailable", 0, "may not be 0 when `maxSurge` is 0")
    deadline, settle = (
        at(obj, "spec", "progressDeadlineSeconds"),
        at(obj, "spec", "minReadySeconds", default=0),
    )
    if deadline is not None and deadline <= settle:
        yield _wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _service(obj: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    ports = spec.get("ports") or []
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and spec.get("type") != "ExternalName":
        yield _required("spec.ports")
    for i, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield _required(f"spec.ports[{i}].name")
    yield from _labels("spec.selector", spec.get("selector") or {})
    before = at(old, "spec", "clusterIP")
    if before and spec.get("clusterIP") not in (None, before):
        yield _wrong("spec.clusterIPs[0]", [spec.get("clusterIP")], "may not change once set")


def _secret(obj: Obj, old: Obj | None) -> Iterator[Cause]:
    size = 0
    for value in (obj.get("data") or {}).values():
        try:
            size += len(base64.b64decode(value or "", validate=True))
        except (binascii.Error, ValueError, TypeError) as e:
            message = (
                'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'
            )
            raise bad_request(message) from e
    if size > _ONE_MIB:
        yield Cause("data", f"Too long: may not be more than {_ONE_MIB} bytes", "FieldValueTooLong")
    if old and obj.get("type") != old.get("type"):
        yield _wrong("type", obj.get("type"), "field is immutable")
    if old and old.get("immutable"):
        for field in ("immutable", "data"):
            if obj.get(field) != old.get(field):
                yield _forbidden(field, "field is immutable when `immutable` is set")


def _lease(obj: Obj, _: Obj | None) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield _wrong("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if spec.get("leaseTransitions", 0) < 0:
        yield _wrong("spec.leaseTransitions", spec["leaseTransitions"], "must be greater than or equal to 0")
    for field in ("renewTime", "acquireTime"):
        if spec.get(field) is not None and not _MICRO_TIME.match(str(spec[field])):
            raise bad_request(f'parsing time "{spec[field]}": cannot parse "Z" as ".000000"')


def _event(obj: Obj, _: Obj | None) -> Iterator[Cause]:
    about = obj.get("involvedObject") or {}
    if about.get("namespace", "") not in ("", obj["metadata"].get("namespace")):
        yield _wrong("involvedObject.namespace", about.get("namespace"), "does not match event.namespace")


def _pod(obj: Obj, old: Obj | None) -> Iterator[Cause]:
    yield from _pod_spec(obj.get("spec") or {}, "spec")
    if old and _frozen_pod(obj["spec"]) != _frozen_pod(old["spec"]):
        words = "pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations`"
        yield _forbidden("spec", words)


def _frozen_pod(spec: Obj) -> Obj:
    free = ("containers", "initContainers", "nodeName", "tolerations", "activeDeadlineSeconds")
    kept = {k: v for k, v in spec.items() if k not in free}
    containers = [{k: v for k, v in c.items() if k != "image"} for c in spec.get("containers") or []]
    return kept | {"containers": containers}


def _ingress(obj: Obj, _: Obj | None) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield Cause("spec", "Invalid value: null: either `defaultBackend` or `rules` must be specified")
    for i, rule in enumerate(spec.get("rules") or []):
        for j, path in enumerate(at(rule, "http", "paths", default=[])):
            where = f"spec.rules[{i}].http.paths[{j}]"
            if not path.get("pathType"):
                yield _required(f"{where}.pathType", "pathType must be specified")
            elif path["pathType"] in ("Exact", "Prefix") and not str(path.get("path", "")).startswith("/"):
                yield _wrong(f"{where}.path", path.get("path"), "must be an absolute path")


def _autoscaler(obj: Obj, _: Obj | None) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if spec.get("maxReplicas", 0) < 1:
        yield _wrong("spec.maxReplicas", spec.get("maxReplicas"), "must be greater than or equal to 1")
    elif spec["maxReplicas"] < spec.get("minReplicas", 1):
        yield _wrong(
            "spec.maxReplicas", spec["maxReplicas"], "must be greater than or equal to `minReplicas`"
        )


_BY_KIND: dict[Kind, Callable[[Obj, Obj | None], Iterator[Cause]]] = {
    o.DEPLOYMENT: _deployment,
    o.REPLICASET: _workload,
    o.STATEFULSET: _workload,
    o.DAEMONSET: _workload,
    o.SERVICE: _service,
    o.SECRET: _secret,
    o.LEASE: _lease,
    o.EVENT: _event,
    o.POD: _pod,
    o.INGRESS: _ingress,
    o.HPA: _autoscaler,
}


def check(resource: Resource, obj: Obj, old: Obj | None) -> None:
    """Refusal 422 with every cause, where there is one."""
    causes = list(_metadata(resource, obj))
    if rule := _BY_KIND.get(resource.kind):
        causes += rule(obj, old)
    if causes:
        raise invalid(resource, name_of(obj), causes)

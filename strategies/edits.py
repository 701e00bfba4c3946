"""The writes that bring a step about: each made from the object as it was seen, each field by field."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from strategies.objects import (
    DEPLOYMENT,
    HPA,
    PDB,
    POD,
    SERVICE,
    Kind,
    Labels,
    Obj,
    annotations_of,
    at,
    name_of,
    namespace_of,
    version_of,
)
from strategies.objects import Ref as Address
from strategies.pods import GATE, condition
from strategies.writes import Patch, pointer

MANAGER = "graylight"


def patch(kind: Kind, obj: Obj, ops: Iterable[dict[str, Any]], why: str, subresource: str = "") -> Patch:
    """A patch of an object as it was seen."""
    return Patch(
        Address(kind, namespace_of(obj), name_of(obj)), tuple(ops), version_of(obj), why, subresource
    )


def scale(deployment: Obj, replicas: int) -> Patch:
    """So many pods."""
    return patch(
        DEPLOYMENT,
        deployment,
        [put("spec", "replicas", value=replicas)],
        f"scale {name_of(deployment)} to {replicas}",
    )


def select(service: Obj, selector: Labels) -> Patch:
    """Another selector; the whole map, since a merge would keep the keys of the old one."""
    shown = ", ".join(f"{k}={v}" for k, v in sorted(selector.items()))
    return patch(
        SERVICE,
        service,
        [put("spec", "selector", value=selector)],
        f"Service {name_of(service)} selects {shown}",
    )


def gate(pod: Obj, now: datetime, *, opened: bool) -> Patch:
    """Our readiness gate on one pod."""
    listed = at(pod, "status", "conditions", default=[])
    index = next((i for i, c in enumerate(listed) if c.get("type") == GATE), None)
    value = {
        "type": GATE,
        "status": "True" if opened else "False",
        "reason": "Settled" if opened else "Aside",
        "lastTransitionTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    op = (
        {"op": "add", "path": "/status/conditions/-", "value": value}
        if index is None
        else {"op": "replace", "path": f"/status/conditions/{index}", "value": value}
    )
    return patch(POD, pod, [op], f"{'open' if opened else 'close'} the gate of {name_of(pod)}", "status")


def gate_is(pod: Obj, *, opened: bool) -> bool:
    """Whether the gate is so; a gate never set is closed."""
    return (condition(pod, GATE).get("status") == "True") is opened


def retemplate(
    deployment: Obj, container: str, image: str, labels: Labels, extra: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Operations that set the container's image and these template labels, where they differ, and `extra`."""
    ops: list[dict[str, Any]] = []
    for index, found in enumerate(at(deployment, "spec", "template", "spec", "containers", default=[])):
        if found["name"] == container and found["image"] != image:
            ops.append(
                {"op": "replace", "path": f"/spec/template/spec/containers/{index}/image", "value": image}
            )
    have = at(deployment, "spec", "template", "metadata", "labels", default={})
    ops += [
        put("spec", "template", "metadata", "labels", key, value=value)
        for key, value in labels.items()
        if have.get(key) != value
    ]
    return [*ops, *extra]


def restore(deployment: Obj, before: Obj, fields: Iterable[str]) -> list[dict[str, Any]]:
    """Operations that put `spec` fields back to what they were, absence included."""
    ops: list[dict[str, Any]] = []
    for name in fields:
        had, has = at(before, "spec", name), at(deployment, "spec", name)
        if had == has:
            continue
        ops.append(
            {"op": "remove", "path": pointer("spec", name)} if had is None else put("spec", name, value=had)
        )
    return ops


def forget_note(deployment: Obj, note: str) -> list[dict[str, Any]]:
    """Operations that remove an annotation of ours."""
    return (
        [{"op": "remove", "path": pointer("metadata", "annotations", note)}]
        if note in annotations_of(deployment)
        else []
    )


def aim(hpa: Obj, deployment: str) -> Patch | None:
    """An autoscaler at another Deployment."""
    if at(hpa, "spec", "scaleTargetRef", "name") == deployment:
        return None
    return patch(
        HPA,
        hpa,
        [put("spec", "scaleTargetRef", "name", value=deployment)],
        f"autoscaler {name_of(hpa)} scales {deployment}",
    )


def cover(budget: Obj, selector: Obj) -> Patch | None:
    """A disruption budget over other pods."""
    if at(budget, "spec", "selector") == selector:
        return None
    return patch(
        PDB,
        budget,
        [put("spec", "selector", value=selector)],
        f"disruption budget {name_of(budget)} covers the serving pods",
    )


def put(*path: str, value: Any) -> dict[str, Any]:
    """One operation that sets a field, whether it was there or not."""
    return {"op": "add", "path": pointer(*path), "value": value}

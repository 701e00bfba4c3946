"""What clients ask first: groups, versions, resource lists, health, and reviews of who one is and what one may."""

from bot.playground.kube.faults import Rights
from bot.playground.kube.kinds import API_VERSIONS, LOCAL_REVIEW, RESOURCES, REVIEWS, Resource
from bot.playground.kube.times import now
from strategies.objects import Obj

VERSION: Obj = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.2+playground",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
USER = "playground"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def _group(name: str) -> Obj:
    versions = [
        {"groupVersion": api, "version": api.rpartition("/")[2]}
        for api in dict.fromkeys([*API_VERSIONS, *REVIEWS])
        if api.rpartition("/")[0] == name
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _lines(resource: Resource) -> list[Obj]:
    kind = resource.kind
    line: Obj = {
        "name": kind.plural,
        "singularName": resource.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _VERBS,
    }
    if resource.short:
        line["shortNames"] = list(resource.short)
    lines = [line]
    few = {"singularName": "", "namespaced": kind.namespaced, "verbs": ["get", "patch", "update"]}
    if resource.status:
        lines.append({"name": f"{kind.plural}/status", "kind": kind.name} | few)
    if resource.scale:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        lines.append({"name": f"{kind.plural}/scale"} | scale | few)
    return lines


def answer(parts: list[str]) -> Obj | None:
    """The document at a discovery path (`/api`, `/apis`, `/apis/apps/v1`, `/version`), None where there is none."""
    groups = list(dict.fromkeys(api.rpartition("/")[0] for api in [*API_VERSIONS, *REVIEWS] if "/" in api))
    match parts:
        case ["version"]:
            return VERSION
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(g) for g in groups]}
        case ["apis", group] if group in groups:
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group)
        case ["api", version]:
            return _resources(version)
        case ["apis", group, version]:
            return _resources(f"{group}/{version}")
        case _:
            return None


def _resources(api: str) -> Obj | None:
    lines = [line for r in RESOURCES if r.kind.api == api for line in _lines(r)]
    if api in REVIEWS:
        kind, plural = REVIEWS[api]
        lines.append(
            {"name": plural, "singularName": "", "namespaced": False, "kind": kind, "verbs": ["create"]}
        )
    if api == LOCAL_REVIEW[0]:
        _, kind, plural = LOCAL_REVIEW
        lines.append(
            {"name": plural, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["create"]}
        )
    if not lines:
        return None
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api, "resources": lines}


def review_of(body: Obj, rights: Rights) -> Obj:
    """Whether somebody else may do a thing: everything is allowed but what a test denied them."""
    api, kind, _ = LOCAL_REVIEW
    spec = body.get("spec") or {}
    asked = spec.get("resourceAttributes") or {}
    plural, sub = asked.get("resource", ""), asked.get("subresource", "")
    allowed = rights.allows_to(
        str(spec.get("user", "")), asked.get("verb", ""), f"{plural}/{sub}" if sub else plural
    )
    return {
        "kind": kind,
        "apiVersion": api,
        "metadata": {"creationTimestamp": now()},
        "spec": spec,
        "status": {"allowed": allowed},
    }


def review(api: str, body: Obj, rights: Rights) -> Obj:
    """A review's answer: everything is allowed but what a test denied, and the user is `playground`."""
    kind, _ = REVIEWS[api]
    answered: Obj = {"kind": kind, "apiVersion": api, "metadata": {"creationTimestamp": now()}}
    if kind == "SelfSubjectReview":
        groups = ["system:masters", "system:authenticated"]
        return answered | {"status": {"userInfo": {"username": USER, "groups": groups}}}
    spec = body.get("spec") or {}
    asked = spec.get("resourceAttributes") or {}
    plural, sub = asked.get("resource", ""), asked.get("subresource", "")
    allowed = rights.allows(asked.get("verb", ""), f"{plural}/{sub}" if sub else plural)
    return answered | {"spec": spec, "status": {"allowed": allowed}}

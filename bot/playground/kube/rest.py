"""The HTTP face: paths and queries of the Kubernetes API to verbs, refusals to Status bodies.

Invariant: whatever happens inside, the client gets an answer the real server could give, or, where a test asked for
it, none at all.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import yaml
from aiohttp import web

from bot.playground.kube import answers, discovery, openapi
from bot.playground.kube.answers import Refusal
from bot.playground.kube.deletes import Deletion, delete
from bot.playground.kube.faults import Call, Control, Cut
from bot.playground.kube.kinds import API_VERSIONS, BY_PATH, LOCAL_REVIEW, REVIEWS, Resource
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import Target, Writer
from bot.playground.kube.selectors import Matcher, fields_matcher, labels_matcher
from bot.playground.kube.watching import Watches
from strategies.objects import POD, SERVICE, Obj, name_of, namespace_of, uid_of

_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Behind(Protocol):
    """What stands behind the API server: pods to proxy to and to read logs of."""

    async def proxy(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Forward to a pod or a Service."""

    def log(self, target: Target, query: Mapping[str, str]) -> str:
        """A container's last lines."""


def _target(parts: list[str]) -> Target | None:
    """What a path under `/api/v1` or `/apis/GROUP/VERSION` names; None for a type there is not."""
    api, parts = (parts[1], parts[2:]) if parts[0] == "api" else (f"{parts[1]}/{parts[2]}", parts[3:])
    namespace = ""
    if parts[0] == "namespaces" and parts[2:] and parts[2] not in ("status", "finalize"):
        namespace, parts = parts[1], parts[2:]
    resource = BY_PATH.get((api, parts[0]))
    if resource is None:
        return None
    name, sub, *rest = [*parts[1:], "", ""]
    return Target(resource, namespace, name, sub, "/".join(rest[: max(0, len(parts) - 3)]))


class Rest:
    """The one handler of the API server."""

    def __init__(self, registry: Registry, watches: Watches, behind: Behind, control: Control) -> None:
        self._registry = registry
        self._watches = watches
        self._behind = behind
        self._calls = control.calls
        self._gate = control.gate
        self._rights = control.rights

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        if not await self._gate.passed():
            return _status(answers.unavailable("the server is currently unable to handle the request"))
        parts = [unquote(p) for p in request.rel_url.raw_path.strip("/").split("/")]
        target = _target(parts) if _is_resource(parts) else None
        call = _call(request, target)
        try:
            await self._calls.before(call)
            try:
                self._rights.check(call)
                response = await self._answer(request, parts, target)
            except Refusal as refusal:
                response = _status(refusal)
            await self._calls.after(call, response.status)
        except Cut:
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)
        return response

    async def _answer(
        self, request: web.Request, parts: list[str], target: Target | None
    ) -> web.StreamResponse:
        if not _is_resource(parts):
            return _plain(parts)
        if target is None:
            return await self._review(request, parts)
        if target.subresource == "proxy" and target.resource.kind in (POD, SERVICE):
            return await self._behind.proxy(request, target)
        if target.subresource == "log" and target.resource.kind == POD:
            self._registry.read(target.resource, target.namespace, target.name)
            return web.Response(text=self._behind.log(target, request.query))
        if target.subresource not in _subresources(target.resource):
            raise answers.no_such_resource()
        if request.method == "GET":
            return await self._read(request, target)
        return await self._write(request, target)

    async def _review(self, request: web.Request, parts: list[str]) -> web.Response:
        api = "/".join(parts[1:3])
        if request.method == "POST" and len(parts) == 4 and parts[3] == REVIEWS.get(api, ("", ""))[1]:  # noqa: PLR2004  # apis, group, version, plural
            return web.json_response(discovery.review(api, await _body(request), self._rights), status=201)
        if request.method == "POST" and len(parts) == 6 and (api, parts[5]) == LOCAL_REVIEW[::2]:  # noqa: PLR2004  # apis, group, version, namespaces, name, plural
            return web.json_response(discovery.review_of(await _body(request), self._rights), status=201)
        raise answers.no_such_resource()

    async def _read(self, request: web.Request, target: Target) -> web.StreamResponse:
        resource, query = target.resource, request.query
        if target.name:
            found = self._registry.read(resource, target.namespace, target.name)
            return web.json_response(self._registry.scale(found) if target.subresource == "scale" else found)
        matcher = _matcher(resource, query)
        if query.get("watch") in ("true", "1"):
            return await self._watches.serve(request, resource, target.namespace, matcher)
        return web.json_response(self._list(target, query, matcher))

    def _list(self, target: Target, query: Mapping[str, str], matcher: Matcher) -> Obj:
        kind, store = target.resource.kind, self._registry.store
        found = [obj for obj in store.all(kind, target.namespace) if matcher(obj)]
        metadata: Obj = {"resourceVersion": str(store.version)}
        if after := query.get("continue"):
            last = base64.urlsafe_b64decode(after).decode()
            found = [obj for obj in found if _key(obj) > last]
        limit = int(query.get("limit") or 0)
        if limit and len(found) > limit:
            metadata["continue"] = base64.urlsafe_b64encode(_key(found[limit - 1]).encode()).decode()
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(found) - limit
            found = found[:limit]
        if not target.resource.custom:
            found = [{k: v for k, v in obj.items() if k not in ("kind", "apiVersion")} for obj in found]
        return {"kind": f"{kind.name}List", "apiVersion": kind.api, "metadata": metadata, "items": found}

    async def _write(self, request: web.Request, target: Target) -> web.Response:
        if request.method == "DELETE":
            return await self._delete(request, target)
        by, registry = _writer(request, target), self._registry
        body = await _body(request)
        there = registry.store.get(target.resource.kind, target.namespace, target.name)
        if request.method == "PATCH" and target.name:
            made = registry.patch(target, _patch_type(request), body, by)
        elif request.method == "PUT" and target.name:
            made = registry.replace(target, body, by)
        elif request.method == "POST" and not target.name:
            made = registry.create(target.resource, target.namespace, body, by)
        else:
            words = "the server does not allow this method on the requested resource"
            raise Refusal(405, "MethodNotAllowed", words, {})
        return web.json_response(made, status=200 if there else 201)

    async def _delete(self, request: web.Request, target: Target) -> web.Response:
        resource, body = target.resource, await _body(request) or {}
        how = _deletion(body, request.query)
        if not target.name:
            matcher = _matcher(resource, request.query)
            items = [obj for obj in self._registry.store.all(resource.kind, target.namespace) if matcher(obj)]
            for obj in items:
                delete(self._registry, resource, namespace_of(obj), name_of(obj), how)
            metadata = {"resourceVersion": str(self._registry.store.version)}
            listed = {"kind": f"{resource.kind.name}List", "apiVersion": resource.kind.api}
            return web.json_response(listed | {"metadata": metadata, "items": items})
        last, gone = delete(self._registry, resource, target.namespace, target.name, how)
        if resource.returns or not gone:
            return web.json_response(last)
        group = {"group": resource.kind.group} if resource.kind.group else {}
        details = {"name": target.name, **group, "kind": resource.kind.plural, "uid": uid_of(last)}
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
        return web.json_response(status)


def _is_resource(parts: list[str]) -> bool:
    if parts[0] == "api":
        return len(parts) > 2 and parts[1] == "v1"  # noqa: PLR2004  # api, v1, plural
    known = "/".join(parts[1:3]) in (*API_VERSIONS, *REVIEWS)
    return parts[0] == "apis" and len(parts) > 3 and known  # noqa: PLR2004  # apis, group, version, plural


def _plain(parts: list[str]) -> web.Response:
    if parts[0] in ("readyz", "healthz", "livez"):
        return web.Response(text="ok")
    found = openapi.answer(parts) if parts[0] == "openapi" else discovery.answer(parts)
    if found is not None:
        return web.json_response(found)
    return web.Response(status=404, text="404 page not found\n")


def _subresources(resource: Resource) -> tuple[str, ...]:
    return ("", *(("status",) if resource.status else ()), *(("scale",) if resource.scale else ()))


def _key(obj: Obj) -> str:
    return f"{namespace_of(obj)}/{name_of(obj)}"


def _matcher(resource: Resource, query: Mapping[str, str]) -> Matcher:
    labels = labels_matcher(query.get("labelSelector", ""))
    fields = fields_matcher(resource.kind, query.get("fieldSelector", ""))
    return lambda obj: labels(obj) and fields(obj)


def _patch_type(request: web.Request) -> str:
    how = _PATCHES.get(request.content_type)
    if how is None:
        raise answers.unsupported("415: Unsupported Media Type")
    if how == "apply" and not request.query.get("fieldManager"):
        words = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        raise Refusal(422, "Invalid", words, {"kind": "PatchOptions"})
    return how


def _writer(request: web.Request, target: Target) -> Writer:
    query = request.query
    return Writer(
        subresource=target.subresource,
        manager=query.get("fieldManager") or request.headers.get("User-Agent", "unknown").split("/")[0],
        dry_run=query.get("dryRun") == "All",
        strict=query.get("fieldValidation") == "Strict",
        force=query.get("force") == "true",
    )


def _deletion(body: Obj, query: Mapping[str, str]) -> Deletion:
    conditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    return Deletion(
        uid=conditions.get("uid") or "",
        version=conditions.get("resourceVersion") or "",
        grace=None if grace is None else int(grace),
        propagation=body.get("propagationPolicy") or query.get("propagationPolicy") or "Background",
        dry_run="All" in (body.get("dryRun") or []) or query.get("dryRun") == "All",
    )


def _call(request: web.Request, target: Target | None) -> Call:
    verb = _VERBS.get(request.method, "other") if target else "other"
    if target and target.subresource in ("proxy", "log"):
        verb = target.subresource
    elif target and verb == "get" and not target.name:
        verb = "watch" if request.query.get("watch") in ("true", "1") else "list"
    return Call(
        phase="before",
        verb=verb,
        plural=target.resource.kind.plural if target else "",
        namespace=target.namespace if target else "",
        name=target.name if target else "",
        subresource=target.subresource if target else "",
        manager=request.query.get("fieldManager", ""),
        method=request.method,
        path=request.path,
    )


async def _body(request: web.Request) -> Any:
    raw = await request.read()
    if request.content_type.endswith("protobuf"):
        raise answers.unsupported("415: Unsupported Media Type: protobuf is not spoken here")
    if not raw:
        return None
    try:
        return (
            yaml.safe_load(raw)
            if request.content_type.endswith("yaml") and raw[:1] not in b"{["
            else json.loads(raw)
        )
    except (ValueError, yaml.YAMLError) as e:
        raise answers.bad_request(f"the body cannot be read: {e}") from e


def _status(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.status(), status=refusal.code)

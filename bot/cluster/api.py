"""A thin dict adapter over the official client: any kind, any verb, a time-out on each request.

The official ApiClient brings authentication, TLS, exec plugins and the connection pool; its models are left out, since
they drop what they do not know. Invariants: no request without a time-out; every error is one of `errors`; `requests`
counts what was sent, by what it was for.
"""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from bot.cluster.connection import made, own_namespace
from bot.cluster.errors import (
    ApiError,
    Conflict,
    Exists,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Refused,
    Unreachable,
)
from strategies.objects import Kind, Obj, Ref

MANAGER = "graylight"
TIMEOUT = 5.0  # seconds for one request; the leader's lease is twice as long
PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
PatchType = Literal["json", "merge", "strategic", "apply"]
_BY_STATUS: dict[int, type[Refused]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
}


def path_of(kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The URL path of a collection or an object.

    Example: `/apis/apps/v1/namespaces/default/deployments/web/scale`.
    """
    root = f"/apis/{kind.api}" if "/" in kind.api else f"/api/{kind.api}"
    space = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    tail = f"/{name}" if name else ""
    return f"{root}{space}/{kind.plural}{tail}" + (f"/{subresource}" if subresource else "")


class Api:
    """One API server, as one user."""

    def __init__(self, client: ApiClient, namespace: str, context: str = "") -> None:
        self._client = client
        self.namespace = namespace
        self.context = context
        self.requests: Counter[str] = Counter()

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> "Api":
        """From a kubeconfig (`KUBECONFIG` or the usual file), else as the pod's service account.

        Raises Unreachable with a remedy when neither is there.
        """
        settings = Configuration()
        settings.connection_pool_maxsize = 100
        path = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
        try:
            if kubeconfig or Path(path.split(os.pathsep)[0]).exists():  # noqa: ASYNC240  # once, at start
                await config.load_kube_config(
                    config_file=path, context=context, client_configuration=settings
                )  # type: ignore[no-untyped-call]
                known, active = config.list_kube_config_contexts(config_file=path)  # type: ignore[no-untyped-call]
                chosen = next((c for c in known if c["name"] == context), active)
                return cls(made(settings), chosen["context"].get("namespace") or "default", chosen["name"])
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        except (config.ConfigException, OSError) as e:
            message = f"no cluster to talk to: {str(e).rstrip('.')}. Set KUBECONFIG, or run inside a cluster."
            raise Unreachable(message) from e
        return cls(made(settings), own_namespace() or "default", "in-cluster")

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def get(self, ref: Ref, subresource: str = "", *, purpose: str = "read") -> Obj:
        """One object; NotFound where it is not there."""
        return await self._json(
            "GET", path_of(ref.kind, ref.namespace, ref.name, subresource), purpose=purpose
        )

    async def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        purpose: str = "read",
    ) -> Obj:
        """A list object: `items`, and `metadata.resourceVersion` to watch from. Items carry no kind of their own."""
        query = {
            k: v
            for k, v in {"labelSelector": labels, "fieldSelector": fields, "limit": limit or ""}.items()
            if v != ""
        }
        return await self._json("GET", path_of(kind, namespace), query=query, purpose=purpose)

    async def create(
        self,
        kind: Kind,
        namespace: str,
        manifest: Obj,
        *,
        dry_run: bool = False,
        subresource: str = "",
        name: str = "",
        purpose: str = "write",
    ) -> Obj:
        """Create; Exists where the name is taken."""
        query = _write_query(dry_run=dry_run)
        return await self._json(
            "POST", path_of(kind, namespace, name, subresource), query=query, body=manifest, purpose=purpose
        )

    async def replace(
        self, ref: Ref, manifest: Obj, *, subresource: str = "", dry_run: bool = False, purpose: str = "write"
    ) -> Obj:
        """PUT the whole object; its `metadata.resourceVersion` is the precondition, Conflict when it is stale."""
        query = _write_query(dry_run=dry_run)
        return await self._json(
            "PUT",
            path_of(ref.kind, ref.namespace, ref.name, subresource),
            query=query,
            body=manifest,
            purpose=purpose,
        )

    async def patch(
        self,
        ref: Ref,
        body: Any,
        how: PatchType = "json",
        *,
        subresource: str = "",
        dry_run: bool = False,
        force: bool = False,
        manager: str = MANAGER,
        purpose: str = "write",
    ) -> Obj:
        """Patch; `how` says which of the four patch types the body is."""
        query = _write_query(dry_run=dry_run, manager=manager)
        if how == "apply" and force:
            query["force"] = "true"
        return await self._json(
            "PATCH",
            path_of(ref.kind, ref.namespace, ref.name, subresource),
            query=query,
            body=body,
            content=PATCHES[how],
            purpose=purpose,
        )

    async def delete(
        self,
        ref: Ref,
        *,
        uid: str = "",
        seen: str = "",
        grace: int | None = None,
        dry_run: bool = False,
        purpose: str = "write",
    ) -> Obj:
        """Delete with its dependants in the background; Conflict when uid or resourceVersion differ."""
        conditions = {k: v for k, v in {"uid": uid, "resourceVersion": seen}.items() if v}
        body: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if conditions:
            body["preconditions"] = conditions
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        if dry_run:
            body["dryRun"] = ["All"]
        return await self._json(
            "DELETE", path_of(ref.kind, ref.namespace, ref.name), body=body, purpose=purpose
        )

    async def watch(
        self, kind: Kind, namespace: str = "", *, seen: str, labels: str = "", seconds: int = 290
    ) -> AsyncIterator[Obj]:
        """Events `{type, object}` since a resourceVersion until the server ends the request; Gone when it is too old."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": seen,
            "timeoutSeconds": str(seconds),
        }
        if labels:
            query["labelSelector"] = labels
        timeout = aiohttp.ClientTimeout(total=seconds + 15, sock_connect=TIMEOUT, sock_read=seconds + 10)
        response = await self._send(
            "GET", path_of(kind, namespace), query=query, purpose="watch", timeout=timeout
        )
        try:
            async for line in response.content:
                event: Obj = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise _BY_STATUS.get(status.get("code", 0), Unreachable)(
                        status.get("message", "the watch ended"), status.get("code", 0)
                    )
                yield event
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError) as e:
            message = f"the watch of {kind.plural} broke off: {e or type(e).__name__}"
            raise Unreachable(message) from e
        finally:
            response.close()

    async def logs(
        self, namespace: str, pod: str, container: str = "", *, lines: int = 5, previous: bool = False
    ) -> str:
        """The last lines of a container's log."""
        query = (
            {"tailLines": str(lines), "limitBytes": "4096"}
            | ({"container": container} if container else {})
            | ({"previous": "true"} if previous else {})
        )
        return (
            await self._bytes(
                "GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query, purpose="read"
            )
        )[1].decode(errors="replace")

    async def proxy(
        self,
        path: str,
        method: str = "GET",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> tuple[int, dict[str, str], bytes]:
        """A request through the API server's proxy (`…/pods/NAME:PORT/proxy/…`): status, headers and body of the answer.

        Answers of any status come back as they are; Unreachable only when the API server itself gave none,
        Forbidden when it does not let us through.
        """
        bare, mark, query = path.partition("?")
        try:
            serialized = await self._client.param_serialize(
                method, bare, header_params=dict(headers or {}), auth_settings=["BearerToken"]
            )
            _, url, sent, *_ = serialized
            limit = aiohttp.ClientTimeout(total=timeout)
            response = await self._raw(method, f"{url}{mark}{query}", sent, body, limit, "proxy")
            data = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            message = f"the API server's proxy did not answer: {str(e) or type(e).__name__}"
            raise Unreachable(message) from e
        if response.status in (401, 403) and b'"kind":"Status"' in data:
            raise _error(response.status, data.decode(errors="replace"))
        return response.status, dict(response.headers), data

    async def raw(self, path: str) -> Obj:
        """GET any path that answers JSON, such as discovery or `/version`."""
        return await self._json("GET", path, purpose="read")

    async def date(self) -> str | None:
        """What time it is there, as the header `Date` of an answer says."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        response = await self._send("GET", "/version", purpose="read", timeout=timeout)
        await response.read()
        return response.headers.get("Date")

    async def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: str = "application/json",
        purpose: str,
    ) -> Obj:
        _, data = await self._bytes(method, path, query=query, body=body, content=content, purpose=purpose)
        found: Obj = json.loads(data)
        return found

    async def _bytes(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: str = "application/json",
        purpose: str,
    ) -> tuple[int, bytes]:
        response = await self._send(
            method,
            path,
            query=query,
            body=body,
            content=content,
            purpose=purpose,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        )
        try:
            return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as e:
            message = f"the API server broke off: {e or type(e).__name__}"
            raise Unreachable(message) from e

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: str = "application/json",
        purpose: str,
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Send, and turn anything but 2xx into one of our errors; the body is still to be read."""
        client = self._client
        try:
            serialized = await client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json", "Content-Type": content},
                auth_settings=["BearerToken"],
            )
            _, url, headers, *_ = serialized
            data = None if body is None else json.dumps(body).encode()
            response = await self._raw(method, url, headers, data, timeout, purpose)
            if response.status < 300:
                return response
            text = await response.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            message = f"the API server does not answer: {str(e) or type(e).__name__}"
            raise Unreachable(message) from e
        raise _error(response.status, text)

    async def _raw(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        data: bytes | None,
        timeout: aiohttp.ClientTimeout,
        purpose: str,
    ) -> aiohttp.ClientResponse:
        rest = self._client.rest_client
        if rest.pool_manager is None:
            rest.pool_manager = rest._create_pool_manager()  # noqa: SLF001  # the client makes it at its first request; ours goes around that
        self.requests[purpose] += 1
        session: aiohttp.ClientSession = rest.pool_manager
        return await session.request(
            method, url, headers=headers, data=data, timeout=timeout, proxy=rest.proxy
        )


def _write_query(*, dry_run: bool, manager: str = MANAGER) -> dict[str, str]:
    return {"fieldManager": manager, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})


def _error(status: int, text: str) -> ApiError:
    try:
        body: Obj = json.loads(text)
    except ValueError:
        body = {}
    message = str(body.get("message") or text.strip()[:300] or f"HTTP {status}")
    if status == 409 and body.get("reason") == "AlreadyExists":
        return Exists(message, status)
    if status in _BY_STATUS:
        return _BY_STATUS[status](message, status)
    return Unreachable(message, status)

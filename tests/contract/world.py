"""What a contract test sees of a cluster: an Api, a namespace, waiting by watch, and manifests to begin with."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from bot.cluster.api import Api
from bot.cluster.errors import Gone, Unreachable
from bot.playground.kube import EmbeddedCluster
from strategies.objects import (
    DEPLOYMENT,
    NAMESPACE,
    POD,
    Kind,
    Obj,
    Ref,
    at,
    meta,
    name_of,
)

PATIENCE = 60.0  # seconds: a real pod that crashes twice and backs off needs most of it
IMAGE = "k8s-grpc-demo:v2"


@dataclass(slots=True)
class World:
    """One cluster and one namespace in it; `embedded` is None for a real one, `ingress` is `host:port` of its ingress."""

    api: Api
    namespace: str
    embedded: EmbeddedCluster | None
    ingress: str = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, api: Api, namespace: str, embedded: EmbeddedCluster | None
    ) -> AsyncIterator["World"]:
        """With the namespace made, and deleted at the end."""
        await api.create(
            NAMESPACE, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        try:
            yield cls(
                api,
                namespace,
                embedded,
                embedded.ingress if embedded else os.environ.get("CONTRACT_INGRESS", ""),
            )
        finally:
            try:
                await api.delete(Ref(NAMESPACE, "", namespace))
            finally:
                await api.close()

    def ref(self, kind: Kind, name: str) -> Ref:
        """An object of this namespace."""
        return Ref(kind, self.namespace, name)

    async def create(self, kind: Kind, manifest: Obj, *, dry_run: bool = False) -> Obj:
        """Create in this namespace."""
        return await self.api.create(kind, self.namespace, manifest, dry_run=dry_run)

    async def get(self, kind: Kind, name: str) -> Obj:
        """Read from this namespace."""
        return await self.api.get(self.ref(kind, name))

    async def settled(
        self, kind: Kind, holds: Callable[[list[Obj]], bool], *, labels: str = "", seconds: float = PATIENCE
    ) -> list[Obj]:
        """The objects of a kind as soon as something holds of all of them together, found by list and watch."""
        objects: dict[str, Obj] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    listed = await self.api.list(kind, self.namespace, labels=labels)
                    objects = {name_of(obj): obj for obj in listed["items"]}
                    if holds(list(objects.values())):
                        return list(objects.values())
                    with contextlib.suppress(Gone, Unreachable):
                        if await self._watched(kind, holds, objects, meta(listed)["resourceVersion"], labels):
                            return list(objects.values())
        except TimeoutError:
            message = f"never so within {seconds} s: {list(objects.values())}"
            raise AssertionError(message) from None

    async def _watched(
        self, kind: Kind, holds: Callable[[list[Obj]], bool], objects: dict[str, Obj], seen: str, labels: str
    ) -> bool:
        async with self.events(kind, seen, labels) as events:
            async for event in events:
                if event["type"] == "BOOKMARK":
                    continue
                objects[name_of(event["object"])] = event["object"]
                if event["type"] == "DELETED":
                    del objects[name_of(event["object"])]
                if holds(list(objects.values())):
                    return True
        return False

    @contextlib.asynccontextmanager
    async def events(
        self, kind: Kind, seen: str, labels: str = "", seconds: int = 290
    ) -> AsyncIterator[AsyncIterator[Obj]]:
        """A watch that is closed at the end."""
        stream = cast(
            "AsyncGenerator[Obj]",
            self.api.watch(kind, self.namespace, seen=seen, labels=labels, seconds=seconds),
        )
        async with contextlib.aclosing(stream):
            yield stream

    async def until(
        self, kind: Kind, name: str, holds: Callable[[Obj], bool], seconds: float = PATIENCE
    ) -> Obj:
        """One object, as soon as something holds of it."""
        found = await self.settled(
            kind, lambda objs: any(name_of(o) == name and holds(o) for o in objs), seconds=seconds
        )
        return next(o for o in found if name_of(o) == name)

    async def gone(self, kind: Kind, name: str) -> None:
        """As soon as an object is no longer there."""
        await self.settled(kind, lambda objs: all(name_of(o) != name for o in objs))

    async def rolled_out(self, name: str = "web") -> Obj:
        """A Deployment, as soon as its rollout is complete."""
        return await self.until(DEPLOYMENT, name, complete)

    async def history(self, kind: Kind, seen: str, until: Callable[[Obj], bool]) -> list[Obj]:
        """Every event of a kind since a version, up to and with the first that satisfies."""
        events: list[Obj] = []
        async with asyncio.timeout(PATIENCE):
            async with self.events(kind, seen) as stream:
                async for event in stream:
                    events.append(event)
                    if until(event):
                        return events
        raise AssertionError("the watch ended")

    async def pods(self, labels: str = "") -> list[Obj]:
        """The pods of this namespace."""
        found: list[Obj] = (await self.api.list(POD, self.namespace, labels=labels))["items"]
        return found

    async def ask(
        self,
        url: str,
        *,
        method: str = "POST",
        body: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """One request over a new connection: status and text; status 0 where nobody answered."""
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                timeout = aiohttp.ClientTimeout(total=5)
                payload = dict(body or {"name": "x"})
                async with session.request(
                    method, url, json=payload, headers=headers, timeout=timeout
                ) as answer:
                    return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, ""


def complete(deployment: Obj) -> bool:
    """Seen, and every pod updated, available and alone."""
    status, wanted = deployment.get("status", {}), at(deployment, "spec", "replicas", default=0)
    return bool(
        status.get("observedGeneration", 0) >= meta(deployment)["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def deployment(name: str = "web", *, image: str = IMAGE, replicas: int = 1, **spec: Any) -> Obj:
    """A Deployment of the demo; further fields of its spec by name."""
    labels = {"app": name}
    container = {"name": "demo", "image": image, "imagePullPolicy": "Never"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def service(name: str = "web", *, selector: dict[str, str] | None = None, **spec: Any) -> Obj:
    """A Service 8000 → 60001 of the pods of that app."""
    ports = [{"name": "http", "port": 8000, "targetPort": 60001}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": ports, "selector": selector or {"app": name}, **spec},
    }


def secret(name: str = "box", **data: str) -> Obj:
    """A Secret of plain strings."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": data or {"a": "1"},
    }


def pod(name: str = "one", *, image: str = IMAGE, labels: dict[str, str] | None = None, **spec: Any) -> Obj:
    """A bare pod of the demo."""
    container = {"name": "demo", "image": image, "imagePullPolicy": "Never"}
    metadata = {"name": name, "labels": labels or {"app": name}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **spec},
    }


def set_image(image: str) -> list[Obj]:
    """The JSON patch that changes the first container's image."""
    return [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]


def managers(obj: Obj) -> dict[tuple[str, str, str], Obj]:
    """FieldsV1 by manager, operation and subresource."""
    return {
        (e["manager"], e["operation"], e.get("subresource", "")): e["fieldsV1"]
        for e in meta(obj).get("managedFields") or []
    }


def condition(obj: Obj, kind: str) -> Obj:
    """The condition of that type, empty where there is none."""
    found: Obj = next((c for c in at(obj, "status", "conditions", default=[]) if c["type"] == kind), {})
    return found

"""Where a bench takes place: two namespaces of its own, and a fresh service for each measurement.

A service is three pods of the demo image with a readiness probe each second, behind a node port, and declares a probe of
500 requests per second. All of it goes when the bench ends.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.cluster.api import Api
from bot.cluster.errors import NotFound
from bot.cluster.mirror import Mirror
from strategies.objects import DEPLOYMENT, INGRESS, NAMESPACE, POD, SERVICE, Obj, Ref, at, labels_of
from strategies.pods import is_ready

IMAGE = "k8s-grpc-demo"
OLD, NEW = "v2", "v6"
SAID = {OLD: "1.0.0", NEW: "1.0.1"}  # what their answers call themselves
PORT = 60001
PODS = 3
RATE = 500  # requests per second of the probe
PATIENCE = 60.0  # seconds until something that does not come has failed


@dataclass(slots=True)
class Subject:
    """One service: its name, its node port, and whether the version is in its selectors."""

    api: Api
    namespace: str
    name: str
    port: int
    versioned: bool
    door: str = ""  # `host:port` of the ingress that leads to it, where one does

    @property
    def host(self) -> str:
        """By which users of the ingress name it."""
        return f"{self.name}.{self.namespace}.example"

    def ingress(self, name: str, service: str, notes: dict[str, str]) -> Obj:
        """An Ingress of class nginx to one of its Services."""
        backend = {"service": {"name": service, "port": {"number": 8000}}}
        path = {"path": "/hello", "pathType": "Prefix", "backend": backend}
        return {
            "apiVersion": INGRESS.api,
            "kind": INGRESS.name,
            "metadata": {"name": name, "annotations": notes},
            "spec": {
                "ingressClassName": "nginx",
                "rules": [{"host": self.host, "http": {"paths": [path]}}],
            },
        }

    @property
    def labels(self) -> dict[str, str]:
        """Of the old version's pods."""
        return self.marked(OLD)

    def marked(self, version: str) -> dict[str, str]:
        """The labels of a version's pods."""
        return {"app": self.name} | ({"version": version} if self.versioned else {})

    def deployment(self, name: str, version: str, replicas: int) -> Obj:
        """A Deployment of this service, as its owner would write it."""
        labels = self.marked(version)
        probe = {
            "url": f"http://{self.host if self.door else 'bench'}/hello",
            "method": "POST",
            "body": {"name": "fromGW"},
            "connect": self.door or f"127.0.0.1:{self.port}",
            "rate": RATE,
        }
        container = {
            "name": "app",
            "image": f"{IMAGE}:{version}",
            "imagePullPolicy": "Never",
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": PORT}, "periodSeconds": 1},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": {"graylight/probe": json.dumps(probe)},
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }

    async def select(self, labels: dict[str, str]) -> None:
        """The bare call: the Service sends to these pods."""
        ref = Ref(SERVICE, self.namespace, f"{self.name}-svc")
        ops = [{"op": "replace", "path": "/spec/selector", "value": labels}]
        await self.api.patch(ref, ops, manager="bench")

    async def create(self, version: str, replicas: int) -> None:
        """The bare call: another Deployment."""
        await self.api.create(
            DEPLOYMENT, self.namespace, self.deployment(f"{self.name}-{version}", version, replicas)
        )

    async def scale(self, version: str, replicas: int) -> None:
        """The bare call: so many pods."""
        ref = Ref(DEPLOYMENT, self.namespace, f"{self.name}-{version}")
        await self.api.patch(
            ref, [{"op": "replace", "path": "/spec/replicas", "value": replicas}], manager="bench"
        )


@dataclass(slots=True)
class World:
    """`api` is for the bare calls and for setting up; the bot has one of its own."""

    api: Api
    namespace: str
    home: str
    pods: Mirror
    deployments: Mirror
    changed: asyncio.Event
    subjects: list[Subject] = field(default_factory=list)

    async def ready(self, labels: dict[str, str], count: int) -> None:
        """Wait by watch until so many pods that bear these labels are ready."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.changed.clear()
                found = [p for p in self.pods.objects.values() if labels.items() <= labels_of(p).items()]
                if sum(map(is_ready, found)) >= count:
                    return
                await self.changed.wait()

    @asynccontextmanager
    async def subject(self, *, versioned: bool = True, door: str = "") -> AsyncIterator[Subject]:
        """A fresh service with its pods ready, behind the ingress at `door` where one is named; gone afterwards."""
        name = f"web{len(self.subjects) + 1}"
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{name}-svc"},
            "spec": {
                "type": "NodePort",
                "ports": [{"port": 8000, "targetPort": PORT}],
                "selector": {"app": name} | ({"version": OLD} if versioned else {}),
            },
        }
        made = await self.api.create(SERVICE, self.namespace, service)
        subject = Subject(
            self.api, self.namespace, name, int(at(made, "spec", "ports")[0]["nodePort"]), versioned, door
        )
        self.subjects.append(subject)
        try:
            await self.api.create(DEPLOYMENT, self.namespace, subject.deployment(f"{name}-deploy", OLD, PODS))
            await self._stands(f"{name}-deploy")
            if door:
                manifest = subject.ingress(name, f"{name}-svc", {})
                await self.api.create(INGRESS, self.namespace, manifest)
            yield subject
        finally:
            await self._remove(subject)

    async def _stands(self, name: str) -> None:
        """Wait until a Deployment says so itself: before that it counts as rolling out, which no plan is made for."""
        async with asyncio.timeout(PATIENCE):
            while at(self.deployments.objects.get(name, {}), "status", "availableReplicas") != PODS:
                self.changed.clear()
                await self.changed.wait()

    async def _remove(self, subject: Subject) -> None:
        """Without grace: what drains would take time from the next measurement."""
        listed = await self.api.list(DEPLOYMENT, self.namespace)
        mine = [o["metadata"]["name"] for o in listed["items"] if labels_of(o).get("app") == subject.name]
        for name in mine:
            await self.api.delete(Ref(DEPLOYMENT, self.namespace, name))
        made = [
            (SERVICE, f"{subject.name}-svc"),
            (SERVICE, f"{subject.name}-canary"),
            (INGRESS, subject.name),
        ]
        for kind, name in made:
            with suppress(NotFound):  # not every subject has all of them
                await self.api.delete(Ref(kind, self.namespace, name))
        async with asyncio.timeout(PATIENCE):
            while left := [
                n for n, p in self.pods.objects.items() if labels_of(p).get("app") == subject.name
            ]:
                self.changed.clear()
                for name in left:
                    try:
                        await self.api.delete(Ref(POD, self.namespace, name), grace=0)
                    except NotFound:
                        self.pods.gone(name)
                if any(n in self.pods.objects for n in left):
                    await self.changed.wait()


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """The two namespaces in the cluster of KUBECONFIG."""
    api, changed = await Api.connect(), asyncio.Event()
    tag = uuid.uuid4().hex[:6]
    names = (f"bench-{tag}", f"bench-{tag}-graylight")
    for name in names:
        await api.create(NAMESPACE, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    pods, deployments = (Mirror(api, kind, names[0], lambda _: changed.set()) for kind in (POD, DEPLOYMENT))
    for mirror in (pods, deployments):
        mirror.start()
        await mirror.ready.wait()
    try:
        yield World(api, *names, pods, deployments, changed)
    finally:
        for mirror in (pods, deployments):
            await mirror.stop()
        for name in names:
            await api.delete(Ref(NAMESPACE, "", name))
        await api.close()

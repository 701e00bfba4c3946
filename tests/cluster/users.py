"""What the first user runs, in a namespace of a test, and the ways its users come."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.cluster.api import Api
from bot.playground.play import SEED
from strategies.objects import NODE, SERVICE, Obj, Ref, at
from tests.cluster.conftest import Installation

INGRESS = "GRAYLIGHT_TEST_INGRESS"  # host:port of an ingress of class nginx, where the cluster has one
ISTIO = (
    "GRAYLIGHT_TEST_ISTIO"  # host:port of Istio's gateway `istio-system/public`, where the cluster has one
)
PORT = 60001
MOST_SEEN = 2**26  # bytes of what a load tells in the end
PROBE = "readinessProbe: {httpGet: {path: /healthz, port: 60001}, periodSeconds: 1}"
PLAIN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: k8sdemo-deploy, labels: {app: k8sdemo}}
spec:
  replicas: 3
  selector: {matchLabels: {app: k8sdemo}}
  template:
    metadata: {labels: {app: k8sdemo}}
    spec:
      containers:
      - name: k8sdemo
        image: k8s-grpc-demo:v2
        imagePullPolicy: Never
        {probe}
---
apiVersion: v1
kind: Service
metadata: {name: k8sdemo-svc}
spec:
  ports: [{name: k8sdemo-svc, port: 8000, targetPort: 60001}]
  selector: {app: k8sdemo}
  type: NodePort
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: k8sdemo-ingress-prefix}
spec:
  ingressClassName: nginx
  rules:
  - host: hi.k8sdemo.com
    http:
      paths:
      - path: "/hello"
        pathType: ImplementationSpecific
        backend: {service: {name: k8sdemo-svc, port: {number: 8000}}}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: k8sdemo}
spec:
  parentRefs: [{name: public, namespace: default}]
  hostnames: [hi.k8sdemo.com]
  rules:
  - matches: [{path: {type: PathPrefix, value: /hello}}]
    backendRefs: [{name: k8sdemo-svc, port: 8000}]
"""
VIRTUAL = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: k8sdemo}
spec:
  hosts: [hi.k8sdemo.com]
  gateways: [istio-system/public]
  http:
  - match: [{uri: {prefix: /hello}}]
    route: [{destination: {host: k8sdemo-svc, port: {number: 8000}}}]
"""


def manifests(kind: str) -> str:
    """`seed`: unchanged; `plain`: no version label anywhere; `probed`: plain, with a readiness probe.

    With ` by route` an HTTPRoute of Gateway `default/public` is in the Ingress's place, with ` by istio` a
    VirtualService of Istio's Gateway `istio-system/public`; with ` by both` an HTTPRoute of another host beside it.
    """
    name, _, routed = kind.partition(" by ")
    found = (
        SEED.read_text()
        if name == "seed"
        else PLAIN.replace("{probe}", PROBE if name == "probed" else "env: []")
    )
    if not routed:
        return found
    if routed == "both":
        return f"{found}\n---\n{ROUTE.replace('hi.k8sdemo.com', 'route.hi.k8sdemo.com')}"
    parts = [p for p in found.split("\n---\n") if "kind: Ingress" not in p]
    return "\n---\n".join([*parts, {"route": ROUTE, "istio": VIRTUAL}[routed]])


@dataclass
class Ways:
    """How users reach the service: through the node port, and through the ingress where there is one."""

    node: str
    ingress: str | None
    host: str
    more: tuple[str, ...] = ()  # other hosts of the same ingress

    @property
    def loads(self) -> dict[str, dict[str, Any]]:
        """What the load sends."""
        found: dict[str, dict[str, Any]] = {"node port": {"url": f"http://{self.node}/hello"}}
        if self.ingress:
            for host in (self.host, *self.more):
                found[f"ingress, {host}"] = {"url": f"http://{self.ingress}/hello", "host": host}
        return found

    @property
    def probe(self) -> str:
        """The annotation: through the ingress where there is one."""
        way: dict[str, Any] = {"url": f"http://{self.host}/hello", "connect": self.ingress or self.node}
        return json.dumps(way | {"method": "POST", "body": {"name": "fromGW"}, "rate": 200, "timeout": "10s"})


async def serve(installed: Installation, kind: str) -> Ways:
    """Apply the user's manifests under a host name of their own, and annotate the probe as a user would."""
    host = f"{installed.target}.example"
    await installed.apply(manifests(kind).replace("hi.k8sdemo.com", host))
    service = await installed.admin.get(Ref(SERVICE, installed.target, "k8sdemo-svc"))
    node = f"{await _address(installed.admin)}:{at(service, 'spec', 'ports', 0, 'nodePort')}"
    ways = Ways(node, os.environ.get(ISTIO if kind.endswith("istio") else INGRESS), host, _more(kind, host))
    await installed.annotate("k8sdemo-deploy", {"graylight/probe": ways.probe})
    return ways


def _more(kind: str, host: str) -> tuple[str, ...]:
    return (f"route.{host}",) if kind.endswith("both") else ()


async def _address(admin: Api) -> str:
    nodes = (await admin.list(NODE))["items"]
    addresses: list[Obj] = at(nodes, 0, "status", "addresses", default=[])
    return str(next(a["address"] for a in addresses if a["type"] == "InternalIP"))


@asynccontextmanager
async def load(ways: Ways, more: dict[str, dict[str, Any]] | None = None) -> AsyncIterator[dict[str, Any]]:
    """A steady load while inside, on `more` ways than the usual; what it saw stands in the dict afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.cluster.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MOST_SEEN,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(ways.loads | (more or {})).encode() + b"\n")
    assert await process.stdout.readline() == b"going\n"
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        process.stdin.close()
        seen.update(json.loads(await process.stdout.readline()))
        await process.wait()

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
PORT = 60001
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
metadata:
  name: k8sdemo-ingress-prefix
  annotations: {kubernetes.io/ingress.class: "nginx"}
spec:
  rules:
  - host: hi.k8sdemo.com
    http:
      paths:
      - path: "/hello"
        pathType: ImplementationSpecific
        backend: {service: {name: k8sdemo-svc, port: {number: 8000}}}
"""


def manifests(kind: str) -> str:
    """`seed`: unchanged; `plain`: no version label anywhere; `probed`: plain, with a readiness probe."""
    if kind == "seed":
        return SEED.read_text()
    return PLAIN.replace("{probe}", PROBE if kind == "probed" else "env: []")


@dataclass
class Ways:
    """How users reach the service: through the node port, and through the ingress where there is one."""

    node: str
    ingress: str | None
    host: str

    @property
    def loads(self) -> dict[str, dict[str, str]]:
        """What the load sends."""
        found = {"node port": {"url": f"http://{self.node}/hello"}}
        if self.ingress:
            found["ingress"] = {"url": f"http://{self.ingress}/hello", "host": self.host}
        return found

    @property
    def probe(self) -> str:
        """The annotation: through the ingress where there is one."""
        way: dict[str, Any] = {"url": f"http://{self.host}/hello", "connect": self.ingress or self.node}
        return json.dumps(way | {"method": "POST", "body": {"name": "fromGW"}, "rate": 300})


async def serve(installed: Installation, kind: str) -> Ways:
    """Apply the user's manifests under a host name of their own, and annotate the probe as a user would."""
    host = f"{installed.target}.example"
    await installed.apply(manifests(kind).replace("hi.k8sdemo.com", host))
    service = await installed.admin.get(Ref(SERVICE, installed.target, "k8sdemo-svc"))
    node = f"{await _address(installed.admin)}:{at(service, 'spec', 'ports', 0, 'nodePort')}"
    ways = Ways(node, os.environ.get(INGRESS), host)
    await installed.annotate("k8sdemo-deploy", {"graylight/probe": ways.probe})
    return ways


async def _address(admin: Api) -> str:
    nodes = (await admin.list(NODE))["items"]
    addresses: list[Obj] = at(nodes, 0, "status", "addresses", default=[])
    return str(next(a["address"] for a in addresses if a["type"] == "InternalIP"))


@asynccontextmanager
async def load(ways: Ways) -> AsyncIterator[dict[str, Any]]:
    """A steady load while inside; what it saw stands in the dict afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.cluster.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(ways.loads).encode() + b"\n")
    assert await process.stdout.readline() == b"going\n"
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        process.stdin.close()
        seen.update(json.loads(await process.stdout.readline()))
        await process.wait()

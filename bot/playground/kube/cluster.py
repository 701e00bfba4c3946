"""The embedded cluster: store, API server, controllers, node and node ports, wired and started together.

It talks real HTTP on 127.0.0.1, so that the bot and its client run against it unchanged. What tests need besides is
here too: outages, dropped watches, forgotten history, hooks around each request, counts of requests.
"""

import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from aiohttp import web

from bot.playground.kube.addresses import Addresses
from bot.playground.kube.containers import Pace
from bot.playground.kube.deployments import Deployments
from bot.playground.kube.faults import Away, Control, Hook
from bot.playground.kube.garbage import Garbage
from bot.playground.kube.gateways import NAME, Gateways
from bot.playground.kube.images import Behaviour, demo_images
from bot.playground.kube.ingress import Ingress
from bot.playground.kube.kinds import BY_KIND, BY_PATH, GATEWAY, GATEWAY_CLASS, SERVICE_ACCOUNT
from bot.playground.kube.kubelet import Kubelet
from bot.playground.kube.nodeports import NodePorts
from bot.playground.kube.proxies import Proxies
from bot.playground.kube.registry import Registry
from bot.playground.kube.replicasets import ReplicaSets
from bot.playground.kube.requests import Writer
from bot.playground.kube.rest import Rest
from bot.playground.kube.scheduler import node
from bot.playground.kube.slices import Slices
from bot.playground.kube.store import Change, Store
from bot.playground.kube.watching import Watches
from strategies.objects import INGRESS_CLASS, NAMESPACE, NODE, Obj, name_of

_LARGEST_BODY = 8 * 1024 * 1024
_INGRESS_PORT = 31721
_BY = Writer(manager="playground")


class EmbeddedCluster:
    """A Kubernetes for tests and the playground, in this process.

    Times are seconds: a container's start, how long a pod serves on after SIGTERM, until `v8-crash` ends, the first
    back-off after a crash, how late the ingress sees changes. `images` may be changed before pods start: a Behaviour,
    or None for "not there". After `start`, `url` is the API server's and `ingress` the ingress's `host:port`, the one
    wished for or, where that is taken, another.
    """

    def __init__(
        self,
        *,
        start_seconds: float = 0.3,
        grace_seconds: float = 3.0,
        crash_seconds: float = 1.0,
        backoff_seconds: float = 10.0,
        ingress_port: int = _INGRESS_PORT,
        ingress_lag_seconds: float = 0.0,
    ) -> None:
        self._pace = Pace(start=start_seconds, grace=grace_seconds, backoff=backoff_seconds)
        self._wished_ingress_port = ingress_port
        self._ingress_lag = ingress_lag_seconds
        self.ingress = ""
        self.images: dict[str, Behaviour | None] = demo_images(crash_seconds)
        self.url = ""
        self._control = Control()

    async def start(self) -> None:
        """Listen, and make the namespaces, the node and the classes that are there from the beginning."""
        self.store = Store()
        self._ports = NodePorts(self.store, frozenset({_INGRESS_PORT}))
        self._registry = Registry(self.store, self._ports)
        self._addresses = Addresses()
        self._controllers = (Deployments(self._registry), ReplicaSets(self._registry), Slices(self._registry))
        self._garbage = Garbage(self._registry)
        self._kubelet = Kubelet(self._registry, self._addresses, self._pace, self.images)
        self._proxies = Proxies(self.store, self._kubelet)
        self._watches = Watches(self.store)
        self._gateways = Gateways(self._registry)
        self._ingress = Ingress(self.store, self._ingress_lag)
        await self._ingress.start(self._wished_ingress_port)
        self.ingress = f"127.0.0.1:{self._ingress.port}"
        self.store.subscribe(self._accounts)
        rest = Rest(self._registry, self._watches, self._proxies, self._control)
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        await self._runner.setup()
        await self._listen(0)
        for manifest in _beginnings(self._ingress.port):
            await self.apply(manifest)

    async def _listen(self, port: int) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        self._port = sock.getsockname()[1]
        self._site = web.SockSite(self._runner, sock)
        await self._site.start()
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """End everything; nothing stays listening."""
        self._control.gate.open()
        self._watches.drop()
        for controller in self._controllers:
            controller.queue.close()
        garbage, gateways = self._garbage, self._gateways
        for queue in (garbage.owners, garbage.namespaces, garbage.quotas, gateways.routes, gateways.gateways):
            queue.close()
        await self._ingress.close()
        await self._kubelet.close()
        await self._proxies.close()
        await self._ports.close()
        await self._runner.cleanup()
        self._addresses.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def write_kubeconfig(self, path: Path) -> None:
        """A kubeconfig for this server: any client may use it."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "playground", "cluster": {"server": self.url}}],
            "users": [{"name": "playground", "user": {}}],
            "contexts": [{"name": "playground", "context": {"cluster": "playground", "user": "playground"}}],
            "current-context": "playground",
        }
        path.write_text(yaml.safe_dump(config))

    async def apply(self, *manifests: Obj) -> None:
        """Create objects; namespaced ones without a namespace go to `default`. Refusal where one is wrong or there."""
        for manifest in manifests:
            kind = manifest["kind"]
            found = [
                r for r in BY_PATH.values() if r.kind.api == manifest["apiVersion"] and r.kind.name == kind
            ]
            resource = found[0]
            space = (
                manifest.get("metadata", {}).get("namespace", "default") if resource.kind.namespaced else ""
            )
            self._registry.create(resource, space, manifest, _BY)

    def _accounts(self, change: Change) -> None:
        """A namespace has its default service account."""
        if change.kind == NAMESPACE and change.type == "ADDED":
            body = {"metadata": {"name": "default"}}
            self._registry.create(BY_KIND[SERVICE_ACCOUNT], name_of(change.obj), body, _BY)

    @property
    def requests(self) -> Counter[str]:
        """How often what was asked for since the start, by `verb plural`: `patch deployments`, `list pods`."""
        return self._control.calls.count

    def on_request(self, hook: Hook) -> Callable[[], None]:
        """Call with each request, before and after it; one that raises cuts the connection there. Answers how to stop."""
        return self._control.calls.hook(hook)

    @property
    def denied(self) -> set[tuple[str, str]]:
        """What is refused with 403, and by access reviews: pairs such as `("patch", "services")`. Change it freely."""
        return self._control.rights.denied

    @property
    def denied_to(self) -> set[tuple[str, str, str]]:
        """The same for other users, who come up in access reviews only: `("ana", "patch", "services")`."""
        return self._control.rights.denied_to

    async def pause(self, how: Away = "refuse") -> None:
        """Stop answering: `refuse` connections (and cut those that stand), `hang`, or answer 503 (`error`)."""
        self._control.gate.close(how)
        if how == "refuse":
            await self._site.stop()
        if how != "hang" and self._runner.server:
            for connection in list(self._runner.server.connections):
                if connection.transport:
                    connection.transport.abort()

    async def resume(self) -> None:
        """Answer again, at the same address."""
        if self._control.gate.away == "refuse":
            await self._listen(self._port)
        self._control.gate.open()

    @contextlib.asynccontextmanager
    async def away(self, how: Away = "refuse") -> AsyncIterator[None]:
        """Not there for a while."""
        await self.pause(how)
        try:
            yield
        finally:
            await self.resume()

    def drop_watches(self) -> None:
        """End every watch now, as a load balancer or a restart does."""
        self._watches.drop()

    def forget_history(self) -> None:
        """Forget past changes: a watch from an old resourceVersion is 410 Gone."""
        self.store.forget()


def _beginnings(port: int) -> list[Obj]:
    gateway = GATEWAY.api
    listener = {
        "name": "web",
        "port": port,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return [
        *(
            {"apiVersion": "v1", "kind": NAMESPACE.name, "metadata": {"name": n}}
            for n in ("default", "graylight")
        ),
        {"kind": NODE.name} | node(),
        {
            "apiVersion": INGRESS_CLASS.api,
            "kind": INGRESS_CLASS.name,
            "metadata": {"name": "nginx"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
        {
            "apiVersion": gateway,
            "kind": GATEWAY_CLASS.name,
            "metadata": {"name": "playground"},
            "spec": {"controllerName": NAME},
        },
        {
            "apiVersion": gateway,
            "kind": GATEWAY.name,
            "metadata": {"name": "public"},
            "spec": {"gatewayClassName": "playground", "listeners": [listener]},
        },
    ]

"""The playground's stage: the embedded cluster with the first user's service on it, Slack's stand-in, and the page.

No part of the bot is imported here: it meets the stage over HTTP only, as it meets Kubernetes and Slack. Invariant: when
`Stage` and `Embedded` are left, nothing of them listens or runs any more.
"""

import errno
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

import aiohttp
import yaml
from aiohttp import web

from bot.playground.kube import EmbeddedCluster
from bot.playground.kube.store import Change
from bot.playground.page import routes
from bot.playground.slack import SlackStandIn
from bot.playground.slack.signal import Signal
from bot.playground.users import RATE, WINDOW, Users
from bot.playground.view import Seen
from strategies.objects import DEPLOYMENT, POD, SERVICE

PORT: Final = 8025
TRIED: Final = 20  # ports from the wished one on
SEED: Final = Path(__file__).parent / "seed" / "k8sdemo.yaml"
HOST: Final = "hi.k8sdemo.com"
_SHOWN: Final = frozenset({DEPLOYMENT, POD, SERVICE})


class World(Protocol):
    """A cluster as the page needs it; `changed` is ticked when something of it did."""

    changed: Signal

    def seen(self) -> Seen:
        """The objects as they are known now."""
        ...

    def trouble(self) -> str:
        """Why what is known may be old, empty while it is not."""
        ...


class Embedded:
    """The embedded cluster as a `World`; its kubeconfig is written to `kubeconfig`."""

    def __init__(self, cluster: EmbeddedCluster, kubeconfig: Path) -> None:
        self.cluster, self.kubeconfig = cluster, kubeconfig
        self.changed = Signal()

    def seen(self) -> Seen:
        """The objects in `default`, from the store itself."""
        store = self.cluster.store
        return Seen(*(store.all(kind, "default") for kind in (DEPLOYMENT, POD, SERVICE)))

    def trouble(self) -> str:
        """It is in this process: there is none."""
        return ""

    def heard(self, change: Change) -> None:
        """A write; leases and records are none of the page's business."""
        if change.kind in _SHOWN:
            self.changed.tick()


@dataclass(frozen=True, slots=True)
class Pace:
    """How the stage moves, for people to see it.

    Seconds a container takes to start and serves on after SIGTERM; the ingress's port (0: any); requests of the users
    per second, and for how many seconds an answer counts.
    """

    start: float = 1.2
    grace: float = 3.0
    ingress_port: int = 31721
    rate: float = RATE
    window: float = WINDOW


@asynccontextmanager
async def embedded(kubeconfig: Path, pace: Pace) -> AsyncIterator[Embedded]:
    """The cluster with the seed on it, as the first user applies it, and the probe annotated as they would."""
    made = EmbeddedCluster(start_seconds=pace.start, grace_seconds=pace.grace, ingress_port=pace.ingress_port)
    async with made as cluster:
        world = Embedded(cluster, kubeconfig)
        stop = cluster.store.subscribe(world.heard)
        cluster.write_kubeconfig(kubeconfig)
        await cluster.apply(*yaml.safe_load_all(SEED.read_text()))
        await _annotate(cluster)
        await _serving(world)
        try:
            yield world
        finally:
            stop()


async def _serving(world: Embedded) -> None:
    """Until every pod is ready: the users come when the shop is open."""
    while True:
        seen = world.changed.version
        shown = world.seen().page()["deployments"]
        if all(sum(p["ready"] for p in one["pods"]) == one["replicas"] for one in shown):
            return
        await world.changed.after(seen)


async def _annotate(cluster: EmbeddedCluster) -> None:
    """What `kubectl annotate deployment k8sdemo-deploy graylight/probe=…` sends."""
    port = cluster.ingress.rpartition(":")[2]
    probe = {
        "url": f"http://{HOST}:{port}/hello",
        "method": "POST",
        "body": {"name": "fromGW"},
        "connect": cluster.ingress,
    }
    path = f"{cluster.url}/apis/apps/v1/namespaces/default/deployments/k8sdemo-deploy"
    patch = {"metadata": {"annotations": {"graylight/probe": json.dumps(probe)}}}
    async with (
        aiohttp.ClientSession() as session,
        session.patch(
            path,
            params={"fieldManager": "kubectl-annotate"},
            data=json.dumps(patch),
            headers={"Content-Type": "application/merge-patch+json"},
        ) as answer,
    ):
        answer.raise_for_status()


class Stage:
    """Slack's stand-in, the users, and the page; valid while entered. `url` is the page's; `changed` is ticked at each push."""

    def __init__(self, world: World, pace: Pace, *, port: int = PORT) -> None:
        self.slack = SlackStandIn()
        self.users = Users(
            lambda: world.seen().probe(),
            lambda: world.seen().versions(),
            world.changed,
            rate=pace.rate,
            window=pace.window,
        )
        self.url, self.changed = "", world.changed
        self._world, self._port = world, port
        self._left = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self.slack.start()
            stack.push_async_callback(self.slack.stop)
            await stack.enter_async_context(self.users)
            application = web.Application()
            application.add_routes(routes(self.slack, self._view, self._world.changed))
            runner = web.AppRunner(
                application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            listening = _free(self._port)
            await web.SockSite(runner, listening).start()
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self._left = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._left.aclose()

    async def _view(self) -> dict[str, Any]:
        if trouble := self._world.trouble():
            raise ConnectionError(trouble)  # the page says so, and keeps what it shows
        return self._world.seen().page() | {"samples": self.users.counts()}


def _free(wished: int) -> socket.socket:
    """A listening socket on the wished port, or on the next that nobody has."""
    for port in range(wished, wished + TRIED) if wished else (0,):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as e:
            listening.close()
            if e.errno != errno.EADDRINUSE:
                raise
            continue
        return listening
    message = f"no port is free from {wished} to {wished + TRIED - 1}; choose one with --port"
    raise OSError(message)

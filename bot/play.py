"""`graylight playground`: where the bot, as it is, meets its doubles. Its composition root, as `bot.main` is the bot's.

The bot gets settings as any bot does (a kubeconfig, Slack's address, two tokens) and does not know that it plays.
Invariant: a cluster or Slack that the environment names is never touched; only `--kubeconfig` names a real one.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.cluster.api import Api
from bot.cluster.errors import Unreachable
from bot.cluster.mirror import Mirror
from bot.main import serve
from bot.playground.play import PORT, Pace, Stage, World, embedded
from bot.playground.slack import SlackStandIn
from bot.playground.slack.signal import Signal
from bot.playground.view import Seen
from bot.settings import Settings
from strategies.objects import DEPLOYMENT, POD, SERVICE

_KINDS: Final = (DEPLOYMENT, POD, SERVICE)
_PATIENCE: Final = 10.0  # seconds for the first look at a real cluster
TYPE_THIS: Final = "/release canary k8sdemo v6 --soak 30s --keep 1m"
_OF_YOURS: Final = "/release plan canary SERVICE VERSION"
_SCREEN: Final = """
  Graylight playground

  Open   {url}
  Type   {command}
  Look   KUBECONFIG={kubeconfig} kubectl get deployments,pods

  {what}
"""
_PRETENDED: Final = """The cluster and Slack are pretended and run on this machine alone.
  Ctrl-C ends both; nothing is left behind."""
_REAL: Final = """Slack is pretended; the cluster is yours, and what is released there is released.
  Ctrl-C ends page and bot; releases stay as they stand, their records in namespace {namespace}."""


@dataclass(frozen=True, slots=True)
class Wished:
    """What the person wants: a real cluster's kubeconfig, the page's port (0: any), a policy file, the containers' pace."""

    kubeconfig: str | None = None
    port: int = PORT
    policy: str | None = None
    pace: Pace = field(default_factory=Pace)


class Real:
    """A real cluster as a `World`: live copies of what the page shows."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.changed, self.namespace = Signal(), namespace
        self._mirrors = {k: Mirror(api, k, namespace, lambda _: self.changed.tick()) for k in _KINDS}

    def seen(self) -> Seen:
        """The objects as the watches brought them."""
        return Seen(*(list(self._mirrors[kind].objects.values()) for kind in _KINDS))

    def trouble(self) -> str:
        """What a broken watch says."""
        return next((m.trouble for m in self._mirrors.values() if m.stale_since), "")

    async def start(self) -> None:
        """Watch, and wait for the first lists. Raises Unreachable when they do not come."""
        for mirror in self._mirrors.values():
            mirror.start()
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(*(m.ready.wait() for m in self._mirrors.values()))
        except TimeoutError as e:
            message = self.trouble() or "the API server does not answer"
            raise Unreachable(message) from e

    async def stop(self) -> None:
        """End the watches."""
        await asyncio.gather(*(m.stop() for m in self._mirrors.values()))


async def play(
    settings: Settings, *, kubeconfig: str | None = None, port: int = PORT, policy: str | None = None
) -> int:
    """Play until Ctrl-C or SIGTERM; a second one does not wait for a clean end."""
    _quiet()
    wished = Wished(kubeconfig, port, policy)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, told)
    await perform(
        settings, wished, stop, lambda stage, path: _say(screen(stage.url, path, wished, settings.namespace))
    )
    return 0


async def perform(
    settings: Settings, wished: Wished, stop: asyncio.Event, ready: Callable[[Stage, str], None]
) -> None:
    """The whole play until `stop`; `ready` gets the stage and the path of the kubeconfig once the bot is connected."""
    async with AsyncExitStack() as stack:
        path = wished.kubeconfig
        if path is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="graylight-")))
            path = str(folder / "kubeconfig")
            world: World = await stack.enter_async_context(embedded(folder / "kubeconfig", wished.pace))
        else:
            world = await stack.enter_async_context(_real(path))
        stage = await stack.enter_async_context(Stage(world, wished.pace, port=wished.port))
        await serve(told_of(settings, path, stage.slack, wished.policy), stop, lambda: ready(stage, path))


def screen(url: str, path: str, wished: Wished, namespace: str) -> str:
    """What the terminal shows."""
    what = _PRETENDED if wished.kubeconfig is None else _REAL.format(namespace=namespace)
    command = TYPE_THIS if wished.kubeconfig is None else _OF_YOURS
    return _SCREEN.format(url=url, command=command, kubeconfig=path, what=what)


def told_of(settings: Settings, kubeconfig: str, slack: SlackStandIn, policy: str | None = None) -> Settings:
    """The bot's settings on this stage: only the namespace of its records is taken from the environment."""
    return Settings.model_validate(
        {
            "KUBECONFIG": kubeconfig,
            "GRAYLIGHT_NAMESPACE": settings.namespace,
            "GRAYLIGHT_POLICY": policy,
            "GRAYLIGHT_LISTEN": "127.0.0.1:0",
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.url,
        }
    )


@asynccontextmanager
async def _real(kubeconfig: str) -> AsyncIterator[Real]:
    api = await Api.connect(kubeconfig)
    try:
        world = Real(api, api.namespace)
        try:
            await world.start()
            yield world
        finally:
            await world.stop()
    finally:
        await api.close()


def _quiet() -> None:
    """What the bot does is seen on the page: its log would push the address off the screen. Debugging stays loud."""
    root = logging.getLogger()
    if root.level > logging.DEBUG:
        root.setLevel(max(root.level, logging.WARNING))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

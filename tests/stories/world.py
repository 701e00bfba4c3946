"""One small world for a story: a cluster, a Slack, the first user's service, and bots that come and go.

Everything waits for changes of the cluster or of Slack, never for time. The lags that production waits out (settling,
routers, ingress) are set to next to nothing; what is decided from them is the strategies' own tests' business.
"""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.cluster import mirror
from bot.cluster.errors import ApiError
from bot.cluster.records import Records
from bot.engine import loop
from bot.playground.kube import EmbeddedCluster
from bot.playground.slack import UNLIMITED, Message, SlackStandIn
from bot.playground.slack.signal import Signal
from bot.settings import Settings
from bot.slack.client import Failed
from bot.slack.signing import ActValue, Signer
from strategies import finish, pods, rolling
from strategies.objects import DEPLOYMENT, LEASE, SECRET, SERVICE, Kind, Obj, at
from strategies.release import IntentKind, Release
from tests.stories.manifests import Service
from tests.stories.process import Point, Process, install
from tests.stories.sampling import LocalSampler

T = TypeVar("T")
PATIENCE = 60.0  # seconds until a story that does not go on has failed; a busy machine takes its time
QUICK: dict[str, Any] = {
    "start_seconds": 0.01,
    "grace_seconds": 0.02,
    "crash_seconds": 0.05,
    "backoff_seconds": 0.1,
    "ingress_port": 0,
}


@dataclass
class World:
    """See the module. `bots` are all processes so far, the newest last."""

    cluster: EmbeddedCluster
    slack: SlackStandIn
    kubeconfig: Path
    service: Service
    changed: Signal
    policy: Path | None = None
    bots: list[Process] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    _read: tuple[str, Release] | None = None

    def start(self, fault: Point | None = None, *, hurried: bool = True) -> Process:
        """Another process; `hurried`: it need not sit out the lease of a dead one in real time."""
        settings = Settings(
            kubeconfig=str(self.kubeconfig),
            slack_bot_token=self.slack.bot_token,
            slack_app_token=self.slack.app_token,
            slack_api_url=self.slack.url,
            policy=str(self.policy) if self.policy else None,
        )
        bot = Process(f"bot-{len(self.bots) + 1}", settings, fault, hurried, news=self.changed.tick)
        self.bots.append(bot)
        bot.begin()
        return bot

    @property
    def bot(self) -> Process:
        """The newest process."""
        return self.bots[-1]

    async def until(
        self, predicate: Callable[[], T | None], what: str = "what was expected", *, seconds: float = PATIENCE
    ) -> T:
        """As soon as something is true of this world; asked again after each change."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen = self.changed.version
                    self.check()
                    if result := predicate():
                        return result
                    await self.changed.after(seen)
        except TimeoutError:
            release = self.release
            story = "\n".join(f"  {e.n} [{e.kind}] {e.text}" for e in release.events) if release else ""
            state = (
                f"{release.state} step {release.cursor} {release.step} {release.reason}" if release else ""
            )
            raise AssertionError(
                f"not within {seconds:g} s: {what}\n{state}\n{story}\n{self.slack.transcript()}\n{self.slack.refusals}"
            ) from None

    def check(self) -> None:
        """No bot has ended by itself, and none has logged a bug."""
        for bot in self.bots:
            if bot.trouble is not None:
                raise bot.trouble
        assert not self.bugs, self.bugs[0]

    def get(self, kind: Kind, name: str, namespace: str = "default") -> Obj | None:
        """An object of the cluster, as it stands."""
        return self.cluster.store.get(kind, namespace, name)

    @property
    def release(self) -> Release | None:
        """The newest release's record."""
        found = [
            o
            for o in self.cluster.store.all(SECRET, "graylight")
            if o["metadata"]["name"].startswith("release.")
        ]
        if not found:
            return None
        newest = max(found, key=lambda o: int(o["metadata"]["name"].rpartition(".")[2]))
        version = newest["metadata"]["resourceVersion"]
        if self._read is None or self._read[0] != version:
            self._read = (version, Records._parse(newest).release)
        return self._read[1]

    @property
    def over(self) -> bool:
        """Whether the newest release has ended, has been told, and its lock is gone."""
        release = self.release
        locked = self.cluster.store.all(LEASE, "default")
        return release is not None and release.told_end and not locked

    def button(self, kind: IntentKind) -> Message | None:
        """The newest message whose button of this kind is for the release as it is now."""
        release, key = self.release, self.get(SECRET, "signing-key", "graylight")
        if release is None or key is None:
            return None
        for message in reversed(self.slack.messages):
            for control in message.controls:
                if control.action_id == f"release.{kind.value}":
                    value = Signer(_key(key)).read(control.value)
                    if isinstance(value, ActValue) and value.revision == release.revision:
                        return message
        return None

    async def close(self) -> None:
        """Kill what still runs."""
        for bot in self.bots:
            bot.kill()
        for bot in self.bots:
            await bot.gone()


def _key(secret: Obj) -> bytes:
    import base64

    return base64.b64decode(secret["data"]["key"])


@asynccontextmanager
async def opened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    *,
    real_samples: bool = False,
    policy: str = "",
    **pace: Any,
) -> AsyncIterator[World]:
    """A world with this service in it, rolled out; no bot yet. `pace` is the cluster's, where not as quick as can be."""
    changed = Signal()
    async with EmbeddedCluster(**(QUICK | pace)) as cluster, AsyncExitStack() as stack:
        cluster.store.subscribe(lambda _: changed.tick())
        slack = SlackStandIn(patience=10.0, rates=UNLIMITED)  # hours happen in a second here
        slack.workspace.changed = changed
        await slack.start()
        try:
            cluster.write_kubeconfig(tmp_path / "kubeconfig")
            await cluster.apply(*copy.deepcopy(service.objects))
            world = World(cluster, slack, tmp_path / "kubeconfig", service, changed)
            if policy:
                world.policy = tmp_path / "policy.yaml"
                world.policy.write_text(policy)
            stack.enter_context(_listening(world))
            await world.until(
                lambda: rolled_out(world.get(DEPLOYMENT, service.deployment)), "the service stands"
            )
            if not real_samples:
                monkeypatch.setattr("bot.engine.loop.Sampler", lambda: LocalSampler(cluster.store))
            try:
                yield world
            finally:
                await world.close()
        finally:
            await slack.stop()


@contextmanager
def _listening(world: World) -> Iterator[None]:
    """What the bots log as an error is a bug, and ends the story."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and isinstance(record.exc_info[1], ApiError):
                return  # an outage is none
            if record.name == "bot.slack.bolt" and "reconnect" in record.getMessage():
                return  # nor is a Slack that is away for so long that Bolt notices
            world.bugs.append(logging.Formatter().format(record))
            world.changed.tick()

    ear, log = Ear(logging.ERROR), logging.getLogger("bot")
    log.addHandler(ear)
    try:
        yield
    finally:
        log.removeHandler(ear)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Production's lags and back-offs, next to nothing."""
    monkeypatch.setattr(loop, "FIRST_RETRY", 0.02)
    monkeypatch.setattr(loop, "LONGEST_RETRY", 0.05)
    monkeypatch.setattr(mirror, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(mirror, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(Failed.__init__, "__defaults__", (0.05,))  # seconds until Slack is tried again
    assert pods.fitness.__kwdefaults__ is not None
    monkeypatch.setitem(pods.fitness.__kwdefaults__, "settle", 0.01)
    monkeypatch.setattr(rolling, "SETTLE", 0)
    monkeypatch.setattr(finish, "ROUTE_LAG", 0)
    monkeypatch.setattr("bot.cluster.api.TIMEOUT", 30.0)  # a busy machine is no outage
    monkeypatch.setattr("bot.cluster.reviews.TIMEOUT", 30.0)
    monkeypatch.setattr("bot.cluster.observe.SLOW", 60.0)
    monkeypatch.setattr("bot.slack.client.PATIENCE", 60)  # nor is it a Slack that does not answer
    monkeypatch.setattr(finish, "SERVICE_LAG", 0)
    install(monkeypatch)


def rolled_out(deployment: Obj | None) -> bool:
    """Whether every pod is there and available."""
    wanted = at(deployment, "spec", "replicas", default=-1)
    counts = ("updatedReplicas", "replicas", "availableReplicas", "readyReplicas")
    return all(at(deployment, "status", key, default=0) == wanted for key in counts)


def selector(world: World) -> Obj:
    """What the Service selects now."""
    found: Obj = at(world.get(SERVICE, world.service.name), "spec", "selector")
    return found

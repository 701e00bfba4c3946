"""The composition root: the one place where adapters, engine and surfaces are put together."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from typing import TYPE_CHECKING, Any

from bot.book import Book, opened
from bot.cluster.api import Api
from bot.cluster.checkup import admission
from bot.cluster.clusters import Clusters, Place
from bot.cluster.errors import ApiError
from bot.cluster.leases import Leadership, identity
from bot.cluster.papers import Paper
from bot.cluster.records import Records
from bot.cluster.reviews import whoami
from bot.ending import ended
from bot.engine import herald
from bot.engine.desk import TheDesk
from bot.engine.engine import Engine
from bot.engine.loop import Means
from bot.engine.planning import Planning
from bot.engine.roster import Roster
from bot.engine.timers import Timers
from bot.engine.usher import Crier, Usher
from bot.engine.warden import Warden
from bot.policy import Policy, PolicyError
from bot.ports import NoSurface, Surface
from strategies.release import Release

if TYPE_CHECKING:
    from bot.health import Health
    from bot.settings import Settings
    from bot.slack.app import SlackApp
    from bot.slack.http import Door
    from bot.slack.messenger import Messenger
    from bot.slack.socket import Connection

log = getLogger(__name__)

PATIENCE = 10.0  # seconds for an ended release's last words before this process goes


class Utc:
    """The clock of the real world."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class Unusable(Exception):
    """The settings or the policy do not work; the message says what to do."""


@dataclass(slots=True)
class Parts:
    """What every entry point needs, connected."""

    api: Api
    clusters: Clusters
    records: Records
    desk: TheDesk
    book: Book
    leadership: Leadership
    changed: asyncio.Condition

    def engine(self, surface: Surface, timers: Timers) -> Engine:
        """An engine over these parts."""
        means = Means(self.records, self.desk.locks, self.leadership, surface, timers, Utc(), self.book.rules)
        engine = Engine(means, self.clusters)
        self.records.on_paper(lambda _: engine.wake())  # a freeze began, or ended
        before = self.book.changed

        def changed(policy: Policy) -> None:
            before(policy)
            engine.wake()

        self.book.changed = changed
        self.desk.foresight = engine
        self.desk.doctoring.timers, self.desk.doctoring.leadership = timers, self.leadership
        return engine


@asynccontextmanager
async def connected(settings: "Settings") -> AsyncIterator[Parts]:
    """Connect to the cluster; nothing is watched yet. Raises Unusable or ApiError."""
    book = opened(settings.policy)
    if isinstance(book, PolicyError):
        raise Unusable(str(book))
    api = await Api.connect(settings.kubeconfig)
    clusters = Clusters(api, _places(book.policy), settings.kubeconfig)

    def changed(policy: Policy) -> None:
        clusters.places = _places(policy)

    book.changed = changed
    reading = asyncio.create_task(book.watch(), name="policy")
    try:
        records = Records(api, settings.namespace)
        await records.prepare()
        clock = Utc()
        planning = Planning(clusters, book.hints)
        roster = Roster(lambda: admission(api, settings.namespace))
        desk = TheDesk(records, clusters, planning, clock, book, roster)
        leadership = Leadership(api, settings.namespace, identity())
        desk.doctoring.leadership = leadership
        yield Parts(api, clusters, records, desk, book, leadership, asyncio.Condition())
    finally:
        await _ended(reading)
        await clusters.close()


def _places(policy: Policy | None) -> dict[str, Place]:
    """Where each environment is."""
    if policy is None:
        return {"default": Place()}
    return {name: Place(e.context, e.namespace) for name, e in policy.environments.items()}


async def run(settings: "Settings") -> int:
    """`graylight run`: serve until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await serve(settings, stop)
    return 0


async def play(settings: "Settings", **wishes: Any) -> int:
    """`graylight playground`: the same bot on doubles; `wishes` are those of `bot.play.play`."""
    from bot.play import play as played

    return await played(settings, **wishes)


async def serve(settings: "Settings", stop: asyncio.Event, ready: Callable[[], None] | None = None) -> None:
    """The bot until `stop`: the engine while we lead, Slack where it is configured, health for the kubelet."""
    from bot.health import Health

    async with AsyncExitStack() as stack:
        health = await stack.enter_async_context(Health(settings.listen, http=settings.slack == "http"))
        parts = await stack.enter_async_context(connected(settings))
        await parts.records.watch()
        stack.push_async_callback(parts.records.stop)
        timers = Timers()
        timers.start()
        stack.callback(timers.stop)
        surface = await stack.enter_async_context(_surface(settings, parts, health))
        engine = parts.engine(surface, timers)
        running = asyncio.create_task(engine.run(), name="engine")
        stack.push_async_callback(_ended, running)
        health.ready = True
        if ready is not None:
            ready()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done() and not stop.is_set():
            await running


@asynccontextmanager
async def _surface(
    settings: "Settings", parts: Parts, health: "Health | None" = None
) -> AsyncIterator[Surface]:
    """Slack where its tokens are set; over HTTP it comes in by the door that health has."""
    if settings.slack is None or settings.slack_bot_token is None:
        log.warning("no Slack tokens: running the engine for the command line alone")
        async with _asking(parts, None):
            yield NoSurface()
        return
    from bot.picture.painter import Painter
    from bot.slack.announce import Announcer
    from bot.slack.app import build
    from bot.slack.card_words import may_press
    from bot.slack.checkup import Checkup
    from bot.slack.client import web_client
    from bot.slack.crier import Crier as OfSlack
    from bot.slack.lock_reminder import remind
    from bot.slack.messenger import Messenger
    from bot.slack.signing import Signer
    from bot.slack.socket import Connection

    key, painter = await parts.records.signing_key(), Painter()
    bot_token, secret = settings.slack_bot_token.get_secret_value(), settings.slack_signing_secret
    app = build(
        parts.desk,
        board=parts.desk.board(),
        bot_token=bot_token,
        base_url=settings.slack_api_url,
        signing_key=key,
        signing_secret=secret.get_secret_value() if secret else "",
        clock=Utc(),
        painter=painter,
    )
    parts.desk.roster.slack = app.people
    announcer = Announcer(
        web_client(bot_token, settings.slack_api_url, retries=0),
        key,
        may=lambda r: may_press(parts.book.rules(r.plan.environment, r.plan.service)),
        painter=painter,
    )
    warden = Warden(
        parts.clusters,
        parts.desk.locks,
        Utc(),
        lambda lock: remind(app.identity.client, lock),
        lambda: parts.leadership.held,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(announcer.close)
        way = await stack.enter_async_context(_heard(settings, app, health))
        age = (lambda: (way.age, way.connected)) if isinstance(way, Connection) else None
        parts.desk.doctoring.examiners.append(Checkup(app.identity.client, age))
        stack.push_async_callback(_ended, asyncio.create_task(warden.run(), name="locks"))
        stack.push_async_callback(_ended, asyncio.create_task(app.tabs.run(), name="Home tabs"))
        parts.records.also_on_change(app.tabs.changed)
        crier = OfSlack(announcer.client, Signer(key))
        await stack.enter_async_context(_asking(parts, crier))
        await stack.enter_async_context(_telling(parts, Messenger(app.people)))
        yield announcer


@asynccontextmanager
async def _heard(
    settings: "Settings", app: "SlackApp", health: "Health | None"
) -> AsyncIterator["Connection | Door"]:
    """Slack's requests arrive: by Socket Mode where there is an app token, else over HTTP. Raises Unusable."""
    from bot.slack import http
    from bot.slack.identity import NotWelcome
    from bot.slack.socket import connect

    app_token, secret = settings.slack_app_token, settings.slack_signing_secret
    connection: Connection | Door
    try:
        if app_token is not None:
            connection = await connect(app, app_token.get_secret_value(), settings.slack_api_url)
        else:
            assert secret is not None and health is not None  # noqa: S101, PT018 - that is what HTTP mode is
            connection = http.Door(app, secret.get_secret_value())
            await connection.open()
            health.slack = connection.answer
    except NotWelcome as e:
        raise Unusable(str(e)) from e
    try:
        yield connection
    finally:
        if health is not None:
            health.slack = None
        await connection.close()


@asynccontextmanager
async def _telling(parts: Parts, messenger: "Messenger") -> AsyncIterator[None]:
    """Administrators are told of a broken policy."""
    paper = Paper(parts.records, herald.NAME, herald.Told)
    teller = herald.Herald(parts.book, paper, messenger.tell, lambda: parts.leadership.held)
    parts.book.looked = teller.wake
    task = asyncio.create_task(teller.run(), name="herald")
    try:
        yield
    finally:
        await _ended(task)


@asynccontextmanager
async def _asking(parts: Parts, crier: Crier | None) -> AsyncIterator[None]:
    """Those who wait for a lock are asked when it is their turn."""
    usher = Usher(parts.desk, crier, lambda: parts.leadership.held)
    parts.records.on_paper(lambda _: usher.wake())
    parts.records.on_end(usher.wake)
    task = asyncio.create_task(usher.run(), name="queue")
    try:
        yield
    finally:
        await _ended(task)


async def _ended(task: "asyncio.Task[None]") -> None:
    """A bug in it is raised; an outage is no news at the end."""
    await ended(task)
    trouble = None if task.cancelled() else task.exception()
    if trouble is not None and not isinstance(trouble, ApiError):
        raise trouble


class TheOffice:
    """What the command line works with: the desk, who we are, and a release's record as it changes."""

    def __init__(self, parts: Parts, me: str) -> None:
        self._parts, self.whoami = parts, me
        self.desk = parts.desk
        self._changed = asyncio.Event()
        self._watching = False
        self._engine: asyncio.Task[None] | None = None

    async def engine_elsewhere(self) -> bool:
        """Whether another process runs the engine now."""
        return not await self._parts.leadership.free()

    async def follow(self, release_id: str) -> AsyncIterator[Release]:
        """The record at every change, until the release has ended or its record is gone.

        Raises what ended an engine that ran here: nothing would move any more.
        """
        await self._watch()
        last = ""
        while True:
            self._changed.clear()
            if self._engine is not None and self._engine.done():
                self._engine.result()
            stored = self._parts.records.latest(release_id)
            if stored is None and last:
                return
            stored = stored or await self._parts.records.load(release_id)
            if stored is not None and stored.seen != last:
                last = stored.seen
                yield stored.release
                if stored.release.ended:
                    return
            await self._changed.wait()

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[bool]:
        """Run the engine here where nobody else does; yields whether it does."""
        await self._watch()
        if not await self._parts.leadership.try_take():
            yield False
            return
        timers = Timers()
        timers.start()
        engine = self._parts.engine(NoSurface(), timers)
        self._listen()
        task = self._engine = asyncio.create_task(engine.run(taken=True), name="engine")
        task.add_done_callback(lambda _: self._changed.set())
        try:
            yield True
        finally:
            self._engine = None
            await engine.finish(PATIENCE)
            await _ended(task)
            timers.stop()

    async def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            await self._parts.records.watch()
            self._listen()

    def _listen(self) -> None:
        before = self._parts.records.changed

        def noticed(release_id: str) -> None:
            before(release_id)
            self._changed.set()

        self._parts.records.on_change(noticed)


@asynccontextmanager
async def desk_for(settings: "Settings") -> AsyncIterator[TheOffice]:
    """The command line's office."""
    async with connected(settings) as parts:
        name, groups = await whoami(parts.api)
        parts.desk.roster.accounts[name] = groups
        office = TheOffice(parts, name)
        try:
            async with _examined(settings, parts):
                yield office
        finally:
            await parts.records.stop()


@asynccontextmanager
async def _examined(settings: "Settings", parts: Parts) -> AsyncIterator[None]:
    """A doctor at a terminal can look at the bot token too, where the environment has it; never at the bot's socket."""
    if settings.slack_bot_token is None:
        yield
        return
    from bot.slack.checkup import Checkup
    from bot.slack.client import web_client

    client = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    parts.desk.doctoring.examiners.append(Checkup(client))
    try:
        yield
    finally:
        await client.close()

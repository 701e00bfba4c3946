"""A bot that can be killed: everything it runs is known by its context, and ends at once without a word.

As after `kill -9` nothing of it reaches the network any more, not even what its `finally` blocks would say: the
leader's lease stays held, a record stays as it was, an answer on its way is lost. What it writes is counted: each write
to the API server and each post or edit in Slack is a *point*, named by what it is and the how-manieth of its kind.
"""

import asyncio
import contextvars
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot import main
from bot.cluster.leases import Leadership
from bot.engine.engine import Engine
from bot.engine.timers import Timers
from bot.settings import Settings
from bot.slack.announce import Announcer

Send = Callable[..., Awaitable[aiohttp.ClientResponse]]
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SPOKEN = frozenset({"chat.postMessage", "chat.update"})
LEASE = 600.0  # seconds: a leader that gets no processor for a while must not seem dead
WAITED = 301.0  # seconds that seem to pass each time one who waits for a dead leader looks at the clock


ANY = "any write"
When = Literal["before", "after", "lost"]


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One write: which, the how-manieth of its kind (or of ANY) in this process, and what goes wrong there.

    `before` and `after` it the process dies; a `lost` answer it survives.
    """

    what: str
    nth: int
    when: When


def effect(method: str, url: str, data: bytes | None = None) -> str:
    """What a request writes, empty where it writes nothing that people or a later process could see.

    >>> effect("PUT", "http://127.0.0.1:1/api/v1/namespaces/graylight/secrets/release.k8sdemo.1?fieldManager=graylight")
    'PUT secrets/release.k8sdemo.1'
    >>> effect("POST", "http://127.0.0.1:2/api/chat.update"), effect("POST", "http://127.0.0.1:2/api/users.info")
    ('chat.update', '')
    """
    parts = urlsplit(url)
    path = parts.path.strip("/").split("/")
    if path[0] == "api" and len(path) == 2:
        return path[1] if path[1] in SPOKEN else ""
    unseen = {"proxy", "localsubjectaccessreviews"} & set(path)
    if method not in WRITES or "dryRun=All" in parts.query or unseen or "namespaces" not in path:
        return ""
    what = path[path.index("namespaces") + 2 :]
    if method == "POST" and data:
        what.append(json.loads(data)["metadata"]["name"])
    if what == ["leases", "engine"]:
        return ""
    if what[0] == "pods":
        what[1] = "*"
    return f"{method} {'/'.join(what)}"


@dataclass(eq=False)
class Process:
    """One run of the bot. `fault` is where it dies; `died` is set then; `news` is called when it leads and when it dies."""

    name: str
    settings: Settings
    fault: Point | None = None
    hurried: bool = True
    died: asyncio.Event = field(default_factory=asyncio.Event)
    made: Counter[str] = field(default_factory=Counter)
    points: list[Point] = field(default_factory=list)
    tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    engine: Engine | None = None
    leadership: Leadership | None = None
    timers: Timers | None = None
    trouble: BaseException | None = None
    news: Callable[[], None] = lambda: None
    _sessions: set[aiohttp.ClientSession] = field(default_factory=set)
    _skew: float = 0.0
    _main: "asyncio.Task[None] | None" = None

    @property
    def leading(self) -> bool:
        """Whether it runs the releases."""
        return not self.died.is_set() and self.engine is not None and self.engine.leading

    def begin(self) -> None:
        """Start it; everything begun from inside belongs to it."""
        context = contextvars.copy_context()
        context.run(_WHOSE.set, self)
        self._main = context.run(asyncio.create_task, self._live())
        self._main.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not self.died.is_set() and not task.cancelled():
            self.trouble = task.exception()
            self.news()

    async def _live(self) -> None:
        """As `bot.main.run`, but for signals and the health port."""
        async with AsyncExitStack() as stack:
            parts = await stack.enter_async_context(main.connected(self.settings))
            parts.leadership = self.leadership = Leadership(
                parts.api,
                self.settings.namespace,
                self.name,
                look=0.01,
                quiet=0.0,
                length=LEASE,
                monotonic=self._seconds,
            )
            await parts.records.watch()
            stack.push_async_callback(parts.records.stop)
            self.timers = Timers()
            self.timers.start()
            stack.callback(self.timers.stop)
            surface = await stack.enter_async_context(main._surface(self.settings, parts))
            assert isinstance(surface, Announcer)
            surface._gate.every = 0.0
            self.engine = parts.engine(surface, self.timers)
            self._tell_of_leading(self.engine)
            await self.engine.run()

    def _tell_of_leading(self, engine: Engine) -> None:
        """It shows in no object and no message, so whoever waits for it must be told."""
        lead = engine._lead

        async def told() -> None:
            asyncio.get_running_loop().call_soon(self.news)
            await lead()

        engine._lead = told  # type: ignore[method-assign]  # only this one

    def _seconds(self) -> float:
        """Monotonic; for one who waits for the lease of a dead process time flies, so that tests need not wait."""
        waits = self.leadership is None or self.leadership.holder not in ("", self.leadership.me)
        if waits and self.hurried:
            self._skew += WAITED
        return time.monotonic() + self._skew

    async def stop(self) -> None:
        """End it as SIGTERM does: what it holds is let go."""
        assert self._main is not None
        self._main.cancel()
        await asyncio.wait({self._main})
        self.kill()
        await self.gone()

    def kill(self) -> None:
        """End it now."""
        if self.died.is_set():
            return
        self.died.set()
        for task in list(self.tasks):
            task.cancel()
        self.news()

    async def gone(self) -> None:
        """Wait until nothing of it is left, closing its connections without a word."""
        while left := {t for t in self.tasks if not t.done() and t is not asyncio.current_task()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)
        for session in self._sessions:
            await session.close()

    async def send(
        self, original: Send, session: aiohttp.ClientSession, method: str, url: Any, more: Any
    ) -> Any:
        """A request of this process."""
        if self.died.is_set():
            raise aiohttp.ServerDisconnectedError("this process is dead")
        self._sessions.add(session)
        what = effect(method, str(url), more.get("data"))
        if not what:
            return await original(session, method, url, **more)
        self.made[what] += 1
        self.points.append(Point(what, self.made[what], "before"))
        fault = self.fault
        here = fault is not None and (fault.what, fault.nth) in (
            (what, self.made[what]),
            (ANY, len(self.points)),
        )
        if fault is not None and here and fault.when == "before":
            await self._die()
        response = await original(session, method, url, **more)
        if fault is not None and here:
            await response.read()
            if fault.when == "lost":
                response.close()
                raise aiohttp.ServerDisconnectedError
            await self._die()
        return response

    async def _die(self) -> None:
        self.kill()
        await asyncio.Event().wait()


_WHOSE: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


def _task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **more: Any
) -> "asyncio.Task[Any]":
    """Every task of a process is known to it."""
    task = asyncio.Task(coro, loop=loop, **more)
    process = _WHOSE.get()
    if process is not None:
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard)
        if process.died.is_set():
            task.cancel()
    return task


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know each process's tasks and requests from here on."""
    asyncio.get_running_loop().set_task_factory(_task)  # type: ignore[arg-type]  # its protocol wants Future for Task
    original = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        process = _WHOSE.get()
        if process is None:
            return await original(self, method, url, **more)
        return await process.send(original, self, method, url, more)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", request)

"""The users of the playground: a small steady stream of requests along the way that the probe declares, counted.

Talks to the service as its users do: a new connection for each request. Invariants: a number on the page is a number of
answers that came in the last seconds; an answer that no pod's address names is counted as such and given to nobody.
"""

import asyncio
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Self

import aiohttp
from yarl import URL

from bot.playground.slack.signal import Signal
from strategies.probe import Probe
from strategies.samples import Answer, Naming, attribute

RATE: Final = 8.0  # requests per second: enough to see a share move, nothing that a machine notices
WINDOW: Final = 5.0  # seconds an answer counts: 40 answers, and a switch is seen whole within five seconds
TOLD: Final = 0.5  # seconds between two pushes of the split
ERRORS: Final = "errors"  # no answer, or one of 500 and more
UNNAMED: Final = "unnamed"  # answers that do not say which pod gave them
_LARGEST: Final = 64 * 1024  # bytes of an answer that are read
_ADDRESS: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")


class Users:
    """Ask while entered; `counts` is what they got lately.

    `way` gives the probe to follow, or None while nobody declares one; `versions` the version at each pod's address.
    `changed` is ticked when there is something new to show.
    """

    def __init__(
        self,
        way: Callable[[], Probe | None],
        versions: Callable[[], Mapping[str, str]],
        changed: Signal,
        *,
        rate: float = RATE,
        window: float = WINDOW,
    ) -> None:
        self._way, self._versions, self._changed = way, versions, changed
        self._pause, self._window = 1 / rate, window
        self._known: dict[str, str] = {}
        self._answers: deque[tuple[float, str]] = deque()
        self._told = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._go(), name="users")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def counts(self) -> dict[str, int]:
        """Answers of the last seconds by version; what failed or has no name comes last."""
        oldest = time.monotonic() - self._window
        while self._answers and self._answers[0][0] < oldest:
            self._answers.popleft()
        counted = Counter(version for _, version in self._answers)
        return dict(sorted(counted.items(), key=lambda one: (one[0] in {ERRORS, UNNAMED}, one[0])))

    async def _go(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as asking:
            while True:
                if (way := self._way()) is not None:
                    asking.create_task(self._one(session, way))
                await asyncio.sleep(self._pause)  # the rate, not a wait

    async def _one(self, session: aiohttp.ClientSession, way: Probe) -> None:
        answer = await _ask(session, way)
        self._known |= self._versions()  # a pod that is gone by now may have answered
        self._answers.append((time.monotonic(), self._named(answer, way)))
        if time.monotonic() - self._told >= TOLD:
            self._told = time.monotonic()
            self._changed.tick()

    def _named(self, answer: Answer | None, way: Probe) -> str:
        if answer is None or answer.status >= 500:  # noqa: PLR2004 — HTTP's servers' own fault
            return ERRORS
        for address in _ADDRESS.findall(answer.body):
            if address in self._known:
                return self._known[address]
        for version in set(self._known.values()):
            if attribute(answer, way.attribute, Naming(names={version: "new"})):
                return version
        return UNNAMED


async def _ask(session: aiohttp.ClientSession, way: Probe) -> Answer | None:
    """One request, or None where no answer came in time."""
    url, headers = URL(way.url), {"User-Agent": "playground-user"} | way.sends
    if way.connect is not None:
        host, _, port = way.connect.rpartition(":")
        headers.setdefault("Host", url.authority)
        url = url.with_host(host.strip("[]")).with_port(int(port))
    begun = time.perf_counter()
    try:
        async with session.request(
            way.method,
            url,
            data=way.body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=way.timeout),
            server_hostname=URL(way.url).host if way.connect and url.scheme == "https" else None,
        ) as response:
            body = await response.content.read(_LARGEST)
            told = dict(response.headers)
            return Answer(response.status, told, body.decode(errors="replace"), time.perf_counter() - begun)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None

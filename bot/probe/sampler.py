"""Sampled requests through the users' own path: a new connection each, bounded in number and rate, marked as ours.

Nothing is retried: a request that fails is a fact about what users get.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from strategies.probe import Probe
from strategies.samples import Answer, Naming, Sample, attribute

AGENT = "graylight-probe"
MARK = "X-Graylight-Probe"
AT_ONCE = 16  # connections that may be open at the same time, or, where that is more, …
PATIENT = 0.16  # … what the rate needs while an answer takes so many seconds: 80 connections at 500/s
LARGEST = 64 * 1024  # bytes of an answer that are read
Enough = Callable[[Sample], bool]
Address = tuple[URL, dict[str, str], str | None]  # URL, headers, and the name that TLS asks for


class Sampler:
    """Sends a service's probe, each request as a user who was never there before: without cookies.

    `sent` and `failed` count over its life: `sent` what went out, answered or not, or could not; what was hung up on
    before it went out is in neither.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0

    async def take(
        self,
        probe: Probe,
        count: int,
        naming: Naming,
        release: str,
        enough: Enough = lambda _: False,
        *,
        beside: Probe | None = None,
    ) -> list[Sample]:
        """So many samples, in the order in which they were sent, at no more than the probe's rate.

        Every second one is sent as `beside`, where given: what is compared meets the same moments.
        `enough` is asked after each, in that order; once it says so, what was not sent yet is not, and what is under
        way is dropped.
        """
        at_once = max(AT_ONCE, round(probe.rate * PATIENT))
        connector = aiohttp.TCPConnector(force_close=True, limit=at_once)
        timeout = aiohttp.ClientTimeout(total=probe.timeout)
        turns = [(p, _address(p, release)) for p in (probe, beside) if p is not None]
        slots, begun, taken = asyncio.Semaphore(at_once), time.monotonic(), list[Sample]()
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[self._tracing()],
        ) as session:

            async def one(number: int) -> Answer:
                due = begun + number / probe.rate - time.monotonic()
                await asyncio.sleep(max(0.0, due))  # the rate, not a wait
                async with slots:
                    return await self._ask(session, *turns[number % len(turns)])

            asked = [asyncio.create_task(one(i)) for i in range(count)]
            try:
                for answer in asked:
                    taken.append(self._counted(await answer, probe, naming))
                    if enough(taken[-1]):
                        break
            finally:
                for rest in asked:
                    rest.cancel()
                await asyncio.gather(*asked, return_exceptions=True)
        return taken

    def _counted(self, a: Answer, probe: Probe, naming: Naming) -> Sample:
        self.failed += a.status == 0 or a.status >= 500
        return Sample(attribute(a, probe.attribute, naming), a.status, a.seconds, a.body, a.error, a.kind)

    def _tracing(self) -> aiohttp.TraceConfig:
        """Counts a request when it goes out."""

        async def out(_: object, context: Any, __: object) -> None:
            context.trace_request_ctx.out = True
            self.sent += 1

        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(out)
        return tracing

    async def _ask(self, session: aiohttp.ClientSession, probe: Probe, address: Address) -> Answer:
        url, headers, server = address
        begun, trace = time.perf_counter(), _Trace()
        try:
            async with session.request(
                probe.method,
                url,
                data=probe.body,
                headers=headers,
                allow_redirects=False,
                server_hostname=server,
                trace_request_ctx=trace,
            ) as answer:
                body = await answer.content.read(LARGEST)
                while len(body) < LARGEST and not answer.content.at_eof():
                    body += await answer.content.read(LARGEST - len(body))
                text = body.decode(answer.charset or "utf-8", errors="replace")
                return Answer(answer.status, dict(answer.headers), text, time.perf_counter() - begun)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError) as e:
            self.sent += not trace.out  # it could not even be sent, which users would meet just so
            return Answer(0, {}, "", time.perf_counter() - begun, _why(e))


@dataclass(slots=True)
class _Trace:
    """One request: whether it went out."""

    out: bool = False


def _address(probe: Probe, release: str) -> Address:
    """Where to send it, with `connect` in place of the name's address, and under which name."""
    headers = {"User-Agent": AGENT, MARK: release} | probe.sends
    url = URL(probe.url)
    if probe.connect is None:
        return url, headers, None
    host, _, port = probe.connect.rpartition(":")
    if "host" not in {k.lower() for k in headers}:
        headers["Host"] = urlsplit(probe.url).netloc.rpartition("@")[2]
    server = url.host if url.scheme == "https" else None
    return url.with_host(host.strip("[]")).with_port(int(port)), headers, server


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error) or type(error).__name__)[:200]

"""Talks to Prometheus: instant queries by its HTTP API, each of which must give one number.

Nothing is retried and nothing raised: what does not answer in time, answers an error, nothing, several series or what
is no number is told in words, and judged inconclusive.
"""

import asyncio
import json
import math
from collections.abc import Iterable
from typing import Any

import aiohttp

from strategies.metrics import Metrics
from strategies.readings import Metered, NoNumber, Number

AT_ONCE = 4
LARGEST = 256 * 1024  # bytes of an answer that are read
SHORT = 160  # characters of what it says


class Prometheus:
    """Asks; keeps nothing."""

    async def ask(self, metrics: Metrics, queries: Iterable[str]) -> Metered:
        """Each query's number, or why there is none."""
        wanted, slots = tuple(queries), asyncio.Semaphore(AT_ONCE)
        if not wanted:
            return Metered()
        timeout = aiohttp.ClientTimeout(total=metrics.timeout)
        async with aiohttp.ClientSession(timeout=timeout, headers=metrics.headers) as session:

            async def one(query: str) -> Number | NoNumber:
                async with slots:
                    return await _ask(session, metrics, query)

            answers = await asyncio.gather(*(one(q) for q in wanted))
        return Metered(dict(zip(wanted, answers, strict=True)))


async def _ask(session: aiohttp.ClientSession, metrics: Metrics, query: str) -> Number | NoNumber:
    where = f"{metrics.url}/api/v1/query"
    try:
        async with session.post(where, data={"query": query}, allow_redirects=False) as answer:
            body = await answer.content.read(LARGEST)
            while len(body) < LARGEST and not answer.content.at_eof():
                body += await answer.content.read(LARGEST - len(body))
            return read(answer.status, body)
    except TimeoutError:
        return NoNumber(f"{metrics.url} did not answer within {metrics.timeout:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as e:
        return NoNumber(f"{metrics.url} cannot be reached ({_short(e)})")


def read(status: int, body: bytes) -> Number | NoNumber:
    """What an answer says.

    >>> read(200, b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "4.5"]}]}}')
    Number(value=4.5)
    >>> read(200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}')
    NoNumber(why='Prometheus has no data')
    """
    try:
        said: Any = json.loads(body)
    except ValueError:
        return NoNumber(f"the answer ({status}) is none of Prometheus")
    if not isinstance(said, dict) or said.get("status") != "success":
        why = str(said.get("error", "")) if isinstance(said, dict) else ""
        return NoNumber(f"Prometheus answers {status}" + (f": {why[:SHORT]}" if why else ""))
    try:
        data = said["data"]
        found = data["result"]
        if data["resultType"] == "scalar":
            return _number(found[1])
        if data["resultType"] != "vector":
            return NoNumber(f"the query gives a {data['resultType']}, and one number is needed")
        if not found:
            return NoNumber("Prometheus has no data")
        if len(found) > 1:
            return NoNumber(f"the query gives {len(found)} series, and one number is needed")
        return _number(found[0]["value"][1])
    except (KeyError, IndexError, TypeError, ValueError):
        return NoNumber(f"the answer ({status}) is none of Prometheus")


def _number(text: Any) -> Number | NoNumber:
    value = float(text)
    return Number(value) if math.isfinite(value) else NoNumber(f"Prometheus gives no number ({text})")


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:SHORT]

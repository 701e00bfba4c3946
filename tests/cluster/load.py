"""A steady load from a process of its own: some clients, a new connection per request, every failure kept.

Run as `python -m tests.cluster.load`: reads one JSON line (ways), writes `going` once every way has answered, and at the
end of its input a JSON line of what it saw: when each request was sent, and which version answered it. Bounded in time,
so that it ends by itself.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from typing import Any

import aiohttp

CLIENTS = 4  # per way
PAUSE = 0.002  # seconds between a client's requests
OPEN = 5  # good answers in a row
LONGEST = 180.0  # seconds


async def main() -> None:
    """Load every way until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    ways = json.loads(await reader.readline())
    seen: dict[str, dict[str, Any]] = {name: {"sent": 0, "failed": [], "met": []} for name in ways}
    done = asyncio.Event()
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*(_answers(way) for way in ways.values()))
    tasks = [
        asyncio.create_task(_client(way, seen[name], done))
        for name, way in ways.items()
        for _ in range(way.get("clients", CLIENTS))
    ]
    sys.stdout.write("going\n")
    sys.stdout.flush()
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.read(), LONGEST)
    done.set()
    await asyncio.gather(*tasks)
    sys.stdout.write(json.dumps(seen) + "\n")


def _headers(way: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = way.get("headers", {})
    return ({"Host": way["host"]} if way.get("host") else {}) | headers


async def _answers(way: dict[str, Any]) -> None:
    """Until the way is open: an ingress learns of a new route with a delay of its own."""
    headers = _headers(way)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        row = 0
        while row < OPEN:
            async with session.post(way["url"], data="{}", headers=headers) as answer:
                row = row + 1 if answer.status == 200 else 0
            await asyncio.sleep(0.05)


async def _client(way: dict[str, Any], seen: dict[str, Any], done: asyncio.Event) -> None:
    connector = aiohttp.TCPConnector(force_close=True)
    headers = _headers(way)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as session:
        while not done.is_set():
            seen["sent"] += 1
            begun = time.time()
            try:
                async with session.post(way["url"], data='{"name":"load"}', headers=headers) as answer:
                    await answer.read()
                    seen["met"].append([begun, answer.headers.get("X-Version", "")])
                    if answer.status != 200:
                        seen["failed"].append([begun, answer.status])
            except (aiohttp.ClientError, TimeoutError, OSError) as e:
                seen["failed"].append([begun, repr(e)])
            await asyncio.sleep(way.get("pause", PAUSE))


if __name__ == "__main__":
    asyncio.run(main())

"""The users of a bench: four clients, a new connection per request, in a process of their own.

`python -m tests.bench.load HOST PORT NAME` reads a word per line from stdin: `clear` forgets what was seen, `report` answers
one line of JSON, the end of the input ends it. Times are `time.monotonic()`, which all processes of a machine share.
"""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.world import SAID

CLIENTS = 4
PAUSE = (
    0.01  # seconds from the beginning of a request to that of the same client's next: 400 requests per second
)
PATIENCE = 5.0  # seconds for one request
BODY = b'{"name":"fromGW"}'
REQUEST = (
    b"POST /hello HTTP/1.1\r\nHost: %%s\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What users got: by version how many answers, the first and the last (monotonic seconds); and what failed."""

    answers: dict[str, tuple[int, float, float]]
    failed: list[str]

    def last(self, version: str) -> float:
        """When this version last answered, 0 where it never did."""
        return self.answers.get(SAID[version], (0, 0.0, 0.0))[2]

    def first(self, version: str) -> float:
        """When this version first answered, 0 where it never did."""
        return self.answers.get(SAID[version], (0, 0.0, 0.0))[1]

    def count(self, version: str) -> int:
        """How many answers it gave."""
        return self.answers.get(SAID[version], (0, 0.0, 0.0))[0]


@dataclass(slots=True)
class Users:
    """The process, from the outside."""

    process: asyncio.subprocess.Process

    async def clear(self) -> None:
        """Begin to count anew."""
        await self._say("clear")

    async def report(self) -> Seen:
        """What was seen since then."""
        found = await self._say("report")
        return Seen({k: tuple(v) for k, v in found["answers"].items()}, found["failed"])

    async def _say(self, word: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        return json.loads(await self.process.stdout.readline())


@asynccontextmanager
async def users(port: int, address: str = "127.0.0.1", name: str = "bench") -> AsyncIterator[Users]:
    """Steady load on a node port, or on an ingress that knows the service by this name."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.load",
        address,
        str(port),
        name,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    made = Users(process)
    try:
        await made.clear()
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@dataclass(slots=True)
class Clients:
    """All the clients of this process, one thread each."""

    address: tuple[str, int]
    name: str
    answers: dict[str, list[float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """One client, for ever."""
        while True:
            begun = time.monotonic()
            try:
                version, error = ask(self.address, self.name), ""
            except OSError as e:
                version, error = "", str(e) or type(e).__name__
            now = time.monotonic()
            with self.lock:
                if version:
                    seen = self.answers.setdefault(version, [0, now, now])
                    seen[0] += 1
                    seen[2] = now
                else:
                    self.failed.append(error)
            time.sleep(max(0.0, begun + PAUSE - time.monotonic()))  # the rate of this client

    def obey(self, word: str) -> object:
        """One command."""
        with self.lock:
            if word == "clear":
                self.answers.clear()
                self.failed.clear()
                return "cleared"
            return {"answers": self.answers, "failed": self.failed}


def ask(address: tuple[str, int], name: str = "bench") -> str:
    """One request on a connection of its own: the version that answered. OSError for anything but 200."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(REQUEST % name.encode())
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    head = answer.decode(errors="replace").split("\r\n\r\n")[0].splitlines()
    if not head or " 200 " not in f"{head[0]} ":
        raise OSError(head[0] if head else "no answer")
    named = [line for line in head if line.lower().startswith("x-version:")]
    return named[0].partition(":")[2].strip() if named else "unnamed"


def main(host: str, port: int, name: str) -> None:
    """See the module."""
    clients = Clients((host, port), name)
    for _ in range(CLIENTS):
        threading.Thread(target=clients.run, daemon=True).start()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(clients.obey(line.strip())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])

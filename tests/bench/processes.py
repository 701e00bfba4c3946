"""The bot as a process of its own, between a Slack stand-in and a way to the cluster that can be cut: ack and memory."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from bot.playground.slack import UNLIMITED, Message, SlackStandIn
from tests.bench.bot import policy
from tests.bench.slack import environment
from tests.bench.table import Row, counted
from tests.bench.world import NEW, World

GRAYLIGHT = str(Path(sys.executable).with_name("graylight"))
IMPORTS = "bot.main, bot.health, bot.slack.announce, bot.slack.app, bot.slack.socket"  # what `run` imports
ACK, MEMORY, HELP = 0.1, 110.0, 0.4  # seconds, MiB, seconds
PATIENCE = 60.0  # seconds
BETWEEN = 0.5  # seconds between two clicks


@dataclass(slots=True)
class Wire:
    """TCP to the API server. Hung: it takes connections and says nothing. Cut: it takes none."""

    host: str
    port: int
    here: int = 0
    _server: asyncio.Server | None = None
    _flows: set["asyncio.Task[None]"] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Begin to listen."""
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.here)
        self.here = self._server.sockets[0].getsockname()[1]

    def hang(self) -> None:
        """Not a byte from here on."""
        self._open.clear()

    async def cut(self) -> None:
        """Nobody listens any more, and what was open breaks off."""
        assert self._server is not None
        self._server.close()
        self._open.set()
        for flow in list(self._flows):
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = asyncio.current_task()
        assert mine is not None
        self._flows.add(mine)
        try:
            there, back = await asyncio.open_connection(self.host, self.port)
            await asyncio.gather(self._flow(reader, back), self._flow(there, writer))
        except (OSError, asyncio.CancelledError):
            pass  # broken off, which is what this is for
        finally:
            writer.close()
            self._flows.discard(mine)

    async def _flow(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(65536):
                await self._open.wait()
                sink.write(piece)
                await sink.drain()
        finally:
            sink.close()


@dataclass(slots=True)
class Process:
    """A `graylight run` whose cluster is behind `wire` and whose people are `slack`'s."""

    pid: int
    wire: Wire
    slack: SlackStandIn

    def resident(self) -> float:
        """MiB of memory that are its own or shared, now."""
        return resident(self.pid)


def resident(pid: int) -> float:
    """VmRSS in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


async def measure(world: World, runs: int) -> tuple[list[Row], list[str]]:
    """Click to acknowledgement while the API server is there, hangs and is away; memory with a release under way."""
    acks: dict[str, list[float]] = {}
    async with world.subject() as subject, graylight(world) as process:
        card = await _asking(process.slack, subject.name)
        memory = process.resident()
        acks["there"] = [await _click(process.slack, card) for _ in range(runs)]
        process.wire.hang()
        acks["hung"] = [await _click(process.slack, card) for _ in range(runs)]
        await process.wire.cut()
        acks["away"] = [await _click(process.slack, card) for _ in range(runs)]
        later = process.resident()
    bare, imports = imported("pass"), imported(f"import {IMPORTS}")
    rows = [counted(f"click → ack, API server {how}", found, ACK, "s") for how, found in acks.items()]
    rows.append(counted("memory of `graylight run`, one release under way", [memory], MEMORY, "MiB"))
    share = (imports - bare) / memory
    said = (
        f"memory: Python alone {bare:.0f} MiB, with all imports {imports:.0f} MiB ({share:.0%} of the bot's)"
    )
    notes = [
        f"slowest ack {max(map(max, acks.values())) * 1000:.0f} ms",
        f"{said}, after {3 * runs} clicks {later:.0f} MiB",
    ]
    return rows, notes


async def _asking(slack: SlackStandIn, service: str) -> Message:
    """A release in Slack, up to its first question: the card."""
    await (await slack.slash(f"canary {service} {NEW} --steps 25,100 --soak 0s")).done()
    shown = await slack.until(lambda: slack.offering("release.start"), seconds=PATIENCE, what="a preview")
    assert shown is not None
    await (await slack.click(shown, "release.start")).done()
    # the question in the thread may come before the card says so too: what is clicked is the card
    card = await slack.until(lambda: _card(slack, "release.promote"), seconds=PATIENCE, what="a question")
    assert card is not None
    return card


def _card(slack: SlackStandIn, action_id: str) -> Message | None:
    """The newest message of the channel itself that offers this."""
    return next(
        (
            m
            for m in reversed(slack.messages)
            if not m.in_thread and m.ephemeral_for is None and action_id in {c.action_id for c in m.controls}
        ),
        None,
    )


async def _click(slack: SlackStandIn, card: Message) -> float:
    """One click that changes nothing, as often as people click; seconds to its acknowledgement."""
    await asyncio.sleep(BETWEEN)
    done = await (await slack.click(card, "release.samples")).done()
    assert done.acked_after is not None, done.error
    return done.acked_after


@asynccontextmanager
async def graylight(world: World) -> AsyncIterator[Process]:
    """Run it until the block ends."""
    slack = SlackStandIn(rates=UNLIMITED)
    await slack.start()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            wire, kubeconfig = await _wired(folder)
            told = environment(slack) | {
                "KUBECONFIG": str(kubeconfig),
                "GRAYLIGHT_NAMESPACE": world.home,
                "GRAYLIGHT_POLICY": str(policy(world, folder)),
                "GRAYLIGHT_LISTEN": "127.0.0.1:0",
            }
            child = await asyncio.create_subprocess_exec(
                GRAYLIGHT, "run", env=os.environ | told, stderr=subprocess.DEVNULL
            )
            try:
                await slack.connected(seconds=PATIENCE)
                yield Process(child.pid, wire, slack)
            finally:
                with suppress(ProcessLookupError):
                    child.kill()  # it cannot let go of a lease that is behind a cut wire
                await child.wait()
                await wire.cut()
    finally:
        await slack.stop()


async def _wired(folder: Path) -> tuple[Wire, Path]:
    """The kubeconfig with a wire in front of its server."""
    written = yaml.safe_load(await asyncio.to_thread(Path(os.environ["KUBECONFIG"]).read_text))
    named = {c["name"]: c for c in written["contexts"]}[written["current-context"]]["context"]["cluster"]
    cluster = next(c["cluster"] for c in written["clusters"] if c["name"] == named)
    server = urlsplit(cluster["server"])
    wire = Wire(server.hostname or "", server.port or 443)
    await wire.start()
    cluster |= {"server": f"https://127.0.0.1:{wire.here}", "tls-server-name": server.hostname}
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(written))
    return wire, path


def imported(code: str) -> float:
    """MiB of a Python that has run this."""
    said = f"{code}\nfrom pathlib import Path\nprint(Path('/proc/self/status').read_text())"
    done = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    return next(int(line.split()[1]) / 1024 for line in done.stdout.splitlines() if line.startswith("VmRSS:"))


def help_row(runs: int) -> Row:
    """Wall time of `graylight --help`."""
    found = list[float]()
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([GRAYLIGHT, "--help"], check=True, capture_output=True)
        found.append(time.perf_counter() - begun)
    return counted("graylight --help", found, HELP, "s")

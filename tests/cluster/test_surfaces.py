"""The first user's releases as people do them: typed and clicked in Slack, or by the command line, each from its own process.

Under load, forward and back from every step; Slack is the strict stand-in, the cluster and the processes are real.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import pytest

from bot.playground.slack import Message, SlackStandIn
from bot.settings import Settings
from strategies.objects import LEASE, name_of
from tests.cluster.conftest import Installation
from tests.cluster.test_releases import KINDS, world
from tests.cluster.users import load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

CANARY = "canary k8sdemo v6 --router ratio --steps 25,50 --soak 0s"
GREEN = "bluegreen k8sdemo v6 --router selector"
ROLLING = "rolling k8sdemo v6 --pause-at 50% --soak 0s"
PATIENCE = 180.0  # seconds; beside others on two cores a process takes half a minute to start
GRAYLIGHT = ("-c", "from bot.cli.app import main; main()")  # what the command does, of the modules under test
# service, command, what the person answers each time they may decide
STORIES = [
    pytest.param("seed", f"{CANARY} --keep 0s", ["promote", "promote"], id="canary"),
    pytest.param("seed", f"{CANARY} --keep 1h", ["rollback"], id="canary, back at 25"),
    pytest.param("seed", f"{CANARY} --keep 1h", ["promote", "rollback"], id="canary, back at 50"),
    pytest.param("seed", f"{CANARY} --keep 1h", ["promote"] * 2 + ["rollback"], id="canary, back while kept"),
    pytest.param("seed", f"{GREEN} --keep 0s", ["promote"], id="blue-green"),
    pytest.param("seed", f"{GREEN} --keep 1h", ["rollback"], id="blue-green, back before the switch"),
    pytest.param("seed", f"{GREEN} --keep 1h", ["promote", "rollback"], id="blue-green, back while kept"),
    pytest.param("probed", ROLLING, ["promote"], id="rolling"),
    pytest.param("probed", ROLLING, ["rollback"], id="rolling, back at half"),
]


@dataclass
class Terminal:
    """One person at a terminal; the commands are processes of their own, and so is the bot."""

    environment: dict[str, str]

    @asynccontextmanager
    async def command(self, *words: str) -> AsyncIterator["Command"]:
        """A command that runs; killed if it still does in the end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *GRAYLIGHT,
            *words,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield Command(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def run(self, *words: str) -> tuple[int, str]:
        """A command's exit code and what it printed."""
        async with self.command(*words) as command:
            return await command.ends(), command.printed


@dataclass
class Command:
    """A command and what it has printed so far."""

    process: asyncio.subprocess.Process
    printed: str = ""

    async def says(self, expected: str) -> bool:
        """Whether it printed this before it ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stdout.readline()).decode():
                self.printed += line
                if expected in line:
                    return True
            return False

    async def ends(self) -> int:
        """Its exit code."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            self.printed += (await self.process.stdout.read()).decode()
            return await self.process.wait()


@asynccontextmanager
async def bot(environment: dict[str, str]) -> AsyncIterator[None]:
    """`graylight run`; ended as Kubernetes ends it, and only well if it ends well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *GRAYLIGHT,
        "run",
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        log = (await said).decode()
        code = await process.wait()
    assert code == 0, log
    assert "Traceback" not in log


def environment(installed: Installation, **more: str) -> dict[str, str]:
    """What a process needs to be the installed bot."""
    settings: Settings = installed.settings
    return os.environ | {
        "KUBECONFIG": str(settings.kubeconfig),
        "GRAYLIGHT_NAMESPACE": settings.namespace,
        "GRAYLIGHT_POLICY": str(settings.policy),
        "GRAYLIGHT_LISTEN": "127.0.0.1:0",
        **more,
    }


async def by_terminal(installed: Installation, line: str, answers: list[str]) -> str:
    """Started with --yes, followed until it needs a person, answered by further commands; what history says in the end.

    A command follows the release through the keeping: what is answered then comes from another terminal, and both see
    the end of it.
    """
    terminal = Terminal(environment(installed))
    async with bot(terminal.environment), AsyncExitStack() as following:
        code, printed = await terminal.run(*line.split(), "--yes", "-o", "json")
        release = json.loads(printed.splitlines()[-1])["id"]
        followed: list[Command] = []
        for answer in answers:
            assert followed or code == 4, printed
            command = await following.enter_async_context(terminal.command(answer, release))
            followed = [*followed, command] if await command.says("stays warm") else followed
            if command not in followed:
                code, printed = await command.ends(), command.printed
        for command in followed:
            assert await command.ends() == code, command.printed
        assert code == (3 if "rollback" in answers else 0), printed
        code, told = await terminal.run("history", "k8sdemo")
        assert code == 0
        return told


async def by_slack(installed: Installation, line: str, answers: list[str]) -> str:
    """A slash command, Start, and the card's buttons; what the channel reads in the end."""
    slack = SlackStandIn()
    await slack.start()
    try:
        more = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.url,
        }
        async with bot(environment(installed, **more)):
            await slack.connected(seconds=PATIENCE)
            await slack.slash(line, user="U1")
            preview = await _once(slack, lambda: slack.offering("release.start"), "a preview")
            await slack.click(preview, "release.start", user="U1")
            for answer in answers:
                message = await _decision(slack, answer)
                await slack.click(message, f"release.{answer}", user="U1")
                value = _value(message, answer)
                await slack.until(
                    partial(_gone, slack, value), what="the click has done it", seconds=PATIENCE
                )
            done = "Rolled back" if "rollback" in answers else "Promoted"
            card = await _once(slack, lambda: _ended(slack, done), f"the card says {done}")
            assert slack.refusals == []
            assert not card.controls
            return card.words
    finally:
        await slack.stop()


def _ended(slack: SlackStandIn, said: str) -> Message | None:
    cards = [m for m in slack.messages if not m.ephemeral_for and m.thread_ts is None]
    return next((m for m in cards if said.lower() in m.words.lower() and not m.controls), None)


def _value(message: Message, answer: str) -> str:
    return next(c.value or "" for c in message.controls if c.action_id == f"release.{answer}")


def _gone(slack: SlackStandIn, value: str) -> bool:
    """Whether no message has this button any more: card and reminder show the same question."""
    return not any(c.value == value for m in slack.messages for c in m.controls)


async def _decision(slack: SlackStandIn, answer: str) -> Message:
    """The card, once it may be promoted: it asks, or keeps the old version; going back is offered at all times."""
    card = await _once(slack, lambda: slack.offering("release.promote"), f"a card to {answer}")
    return card.snapshot()


async def _once(slack: SlackStandIn, seen: Callable[[], Message | None], what: str) -> Message:
    found = await slack.until(seen, what=what, seconds=PATIENCE)
    assert found is not None
    return found


SURFACES: dict[str, Callable[[Installation, str, list[str]], Awaitable[str]]] = {
    "slack": by_slack,
    "terminal": by_terminal,
}


@pytest.mark.parametrize("surface", list(SURFACES))
@pytest.mark.parametrize(("service", "line", "answers"), STORIES)
async def test_a_release_by_either_surface_loses_no_request_and_leaves_nothing_behind(
    installed: Installation, surface: str, service: str, line: str, answers: list[str]
) -> None:
    ways = await serve(installed, service)
    before = await world(installed)
    async with load(ways) as seen:
        told = await SURFACES[surface](installed, line, answers)
    for way, said in seen.items():
        assert said["sent"] > 20, way
        assert said["failed"] == [], f"{way}: {said['failed'][:5]} of {said['sent']}\n{told}"
    after = await world(installed)
    assert [e for e in await installed.all(LEASE) if name_of(e).startswith("graylight.")] == []
    if "rollback" in answers:
        assert after == before
    else:
        assert after != before
        assert len(after) == len(before)
    for obj in [o for kind in KINDS for o in await installed.all(kind)]:
        assert "graylight" not in {e["manager"] for e in obj["metadata"]["managedFields"]}, name_of(obj)

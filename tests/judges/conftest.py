"""Judges on Node, installed as `package-lock.json` says; without node and npm (or their registry) all of it is skipped."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.playground.slack import SlackStandIn

HERE = Path(__file__).parent
OLDEST = 20  # the major version of Node that the judges ask for
INSTALLING = 160  # seconds
PATIENCE = 100.0  # seconds for anything a judge is waited for


@dataclass
class Judge:
    """A running script; `heard` are the lines it has said, and `told` comes with each."""

    process: asyncio.subprocess.Process
    heard: list[str] = field(default_factory=list)
    told: Callable[[], None] = lambda: None

    async def listen(self) -> None:
        """Until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.heard.append(line.decode().strip())
            self.told()


Started = Callable[..., AbstractAsyncContextManager[Judge]]


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder `node_modules`, filled once for all workers of a run, and again when the lock file changed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the judges need node and npm")
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - found on the path
    version = asked.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST:
        pytest.skip(f"the judges need Node {OLDEST} or newer, here is {version}")
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".installed"
    lock = Path(tempfile.gettempdir()) / f"graylight-judges-{os.getuid()}.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(npm, lock.with_suffix(".failed"))
            stamp.write_text(wanted)
    return stamp.parent


def _install(npm: str, failed: Path) -> None:
    """`failed` holds the run in which it was tried in vain: no other worker of that run waits for the same again."""
    this = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    if this and failed.exists() and failed.read_text() == this:
        pytest.skip("the judges could not be installed, as another worker found")
    failed.write_text(this)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True, timeout=INSTALLING)  # noqa: S603
    except subprocess.TimeoutExpired:
        pytest.skip("the judges could not be installed: npm did not come to an end")
    except subprocess.CalledProcessError as e:
        pytest.skip(f"the judges could not be installed: {e.stderr.strip().splitlines()[-1:]}")


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    standin = SlackStandIn(patience=60)
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
def started(modules: Path, slack: SlackStandIn) -> Started:
    """Starts a script of this folder against the stand-in, and waits until it is ready."""

    @asynccontextmanager
    async def start(script: str, **more: str) -> AsyncIterator[Judge]:
        process = await asyncio.create_subprocess_exec(
            "node",
            script,
            cwd=HERE,
            env={
                "PATH": os.environ["PATH"],
                "SLACK_API_URL": slack.url,
                "SLACK_BOT_TOKEN": slack.bot_token,
                "SLACK_APP_TOKEN": slack.app_token,
                **more,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        judge = Judge(process, told=slack.workspace.changed.tick)
        listening = asyncio.create_task(judge.listen())
        try:
            await slack.until(lambda: "ready" in judge.heard, seconds=PATIENCE, what=f"{script} is ready")
            yield judge
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await listening
            process._transport.close()  # type: ignore[attr-defined]  # or its pipe warns when the loop is gone

    return start

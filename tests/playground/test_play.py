"""The playground as a newcomer meets it: it starts, a release goes through it, it ends and leaves nothing."""

import asyncio
import json
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot.play import TYPE_THIS
from bot.playground.play import SEED
from tests.playground.conftest import Play


async def pushed(play: Play) -> dict[str, Any]:
    """The first cluster view that the page gets."""
    async with aiohttp.ClientSession() as session, session.get(f"{play.stage.url}/events") as stream:
        while True:
            if (await stream.content.readline()) == b"event: cluster\n":
                found: dict[str, Any] = json.loads((await stream.content.readline()).removeprefix(b"data: "))
                return found


def there(path: Path | str, names: str = "") -> list[Path]:
    """The file, or the files of these names in it, that exist."""
    return [*Path(path).glob(names)] if names else [p for p in (Path(path),) if p.exists()]


async def test_a_canary_goes_from_the_command_to_its_end_and_the_page_shows_what_users_get(
    play: Play,
) -> None:
    async with aiohttp.ClientSession() as session, session.get(play.stage.url) as page:
        assert page.status == 200
    await play.begin("canary k8sdemo v6 --steps 25,100 --soak 0s --keep 0s")
    await play.told("waits for a decision")
    await play.users_get(v2=range(60, 91), v6=range(10, 41))
    led = {one["name"]: one["versions"] for one in (await pushed(play))["services"]}
    assert led == {"k8sdemo-svc": ["v2"], "k8sdemo-svc-canary": ["v6"]}
    await play.press("release.promote")
    await play.told("is promoted to v6")
    await play.users_get(v6=range(100, 101))
    seen = await pushed(play)
    assert [one["name"] for one in seen["deployments"]] == ["k8sdemo-deploy-v6"]
    assert [pod["version"] for pod in seen["deployments"][0]["pods"] if pod["ready"]] == ["v6"] * 3
    assert seen["services"][0]["versions"] == ["v6"]
    assert play.stage.slack.refusals == []


async def test_when_it_ends_no_task_and_no_socket_of_it_is_left(play: Play) -> None:
    port = int(play.stage.url.rpartition(":")[2])
    play.stop.set()
    await play.running
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task.get_name() for task in others if not task.done()]
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", port))
    assert not there(play.kubeconfig)


async def test_ctrl_c_or_a_polite_kill_ends_it_without_a_word_about_it(tmp_path: Path) -> None:
    await asyncio.gather(_ended_by(signal.SIGINT, tmp_path), _ended_by(signal.SIGTERM, tmp_path))
    assert not there(tmp_path, "graylight-*")


async def _ended_by(sign: signal.Signals, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from bot.cli.app import main; main()", "playground", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    shown = (await process.stdout.readuntil(b"Ctrl-C ends both")).decode()
    assert re.search(r"Open +http://127\.0\.0\.1:\d+\n", shown)
    assert TYPE_THIS in shown
    process.send_signal(sign)
    _, complaints = await process.communicate()
    assert (process.returncode, complaints.decode()) == (0, "")


def test_the_seed_is_what_the_first_user_runs() -> None:
    kinds = [(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(SEED.read_text())]
    assert kinds == [
        ("Deployment", "k8sdemo-deploy"),
        ("Service", "k8sdemo-svc"),
        ("Ingress", "k8sdemo-ingress-prefix"),
    ]

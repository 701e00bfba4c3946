"""Somebody else's Slack emulator (npm `emulate`) takes every golden message, and gives it back as it was."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import Failed, call, web_client
from tests.judges.conftest import PATIENCE
from tests.judges.test_types import GOLDEN, sent

pytestmark = pytest.mark.judge

TOKEN = "test_token_admin"


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def emulator(modules: Path, tmp_path: Path) -> AsyncIterator[AsyncWebClient]:
    """A client of a running emulator."""
    port = _free()
    command = [str(modules / "emulate/dist/index.js"), "start", "--service", "slack", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        "node",
        *command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
    )
    client = web_client(TOKEN, f"http://127.0.0.1:{port}/api/", retries=0)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:  # its table of tokens is the last that it says
                if TOKEN.encode() in line:
                    break
            while not await _answers(client):  # noqa: ASYNC110 - it tells nobody when it listens
                await asyncio.sleep(0)
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        await client.close()


async def _answers(client: AsyncWebClient) -> bool:
    try:
        await call(client.auth_test())
    except Failed:
        return False
    return True


async def _channel(client: AsyncWebClient) -> str:
    """Its first channel; it takes POST alone, where the SDK would GET."""
    return str((await call(client.api_call("conversations.list", json={}))).data["channels"][0]["id"])


async def test_each_golden_message_is_taken_and_given_back(emulator: AsyncWebClient) -> None:
    channel = await _channel(emulator)
    posted: dict[str, str] = {}
    for path in sorted(GOLDEN.glob("*.json")):
        content = sent(json.loads(path.read_text()))
        if "type" in content:
            continue  # a view: it has no trigger of ours to open one with
        answer = await call(emulator.chat_postMessage(channel=channel, **content))
        posted[answer.text("ts")] = path.stem
    assert len(posted) > 50
    history = await call(emulator.api_call("conversations.history", json={"channel": channel, "limit": 900}))
    shown = {message["ts"]: message for message in history.data["messages"]}
    for ts, name in posted.items():
        expected = sent(json.loads((GOLDEN / f"{name}.json").read_text()))
        assert shown[ts]["text"] == expected["text"], name
        assert len(shown[ts]["blocks"]) == len(expected["blocks"]), name
        for had, wanted in zip(shown[ts]["blocks"], expected["blocks"], strict=True):
            assert had | wanted == had, name


async def test_a_thread_hangs_together_there_too(emulator: AsyncWebClient) -> None:
    channel = await _channel(emulator)
    card = (await call(emulator.chat_postMessage(channel=channel, text="card"))).text("ts")
    await call(emulator.chat_postMessage(channel=channel, text="step", thread_ts=card))
    await call(emulator.chat_update(channel=channel, ts=card, text="card, edited"))
    replies = await call(emulator.api_call("conversations.replies", json={"channel": channel, "ts": card}))
    assert [message["text"] for message in replies.data["messages"]] == ["card, edited", "step"]

"""A Slack in a process of its own, so that its work is not measured as the bot's: `python -m tests.bench.slack`.

It says in one line of JSON where it is, and ends with its input.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.playground.slack import UNLIMITED, SlackStandIn


@asynccontextmanager
async def slack() -> AsyncIterator[dict[str, str]]:
    """The environment that leads to it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.slack", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def environment(standin: SlackStandIn) -> dict[str, str]:
    """What a bot is told of it."""
    return {
        "SLACK_API_URL": standin.url,
        "SLACK_BOT_TOKEN": standin.bot_token,
        "SLACK_APP_TOKEN": standin.app_token,
    }


async def main() -> None:
    """See the module."""
    standin = SlackStandIn(rates=UNLIMITED)
    await standin.start()
    sys.stdout.write(json.dumps(environment(standin)) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await standin.stop()


if __name__ == "__main__":
    asyncio.run(main())

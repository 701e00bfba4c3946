"""HTTP mode: Slack's requests, each with its signature checked before anything of it is read.

Talks to Slack as a server (Events API, commands, interactivity). What is unsigned, forged or older than five minutes gets
401 and reaches nobody. An event that Slack sends again is worked on once, as `Work` knows deliveries by their id.
"""

from dataclasses import dataclass
from logging import getLogger

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_sdk.signature import SignatureVerifier

from bot.slack.app import SlackApp
from bot.slack.client import Client

log = getLogger(__name__)
_LONGEST_TIMESTAMP = 12  # digits


@dataclass(slots=True)
class Door:
    """Where Slack knocks; `close()` ends what the app still works on."""

    app: SlackApp
    signing_secret: str

    async def open(self) -> None:
        """Finds out who we are. Raises NotWelcome for a refused token; an absent Slack is asked again later."""
        await self.app.identity.welcome()

    async def answer(self, request: web.Request) -> web.Response:
        """One request of Slack's; Bolt checks the signature once more and finds who listens."""
        if not await self._signed(request):
            log.warning("a request from %s is not signed by Slack", request.remote)
            return web.json_response({"error": "invalid request"}, status=401)
        if again := request.headers.get("X-Slack-Retry-Num"):
            log.info("Slack sends again (%s): %s", again, request.headers.get("X-Slack-Retry-Reason", ""))
        return await to_aiohttp_response(await self.app.async_dispatch(await to_bolt_request(request)))

    async def _signed(self, request: web.Request) -> bool:
        """Whether body, time and secret make this signature, and the time is within five minutes of ours."""
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        whole = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP
        if not whole or not signature.isascii():
            return False
        body = await request.read()
        return SignatureVerifier(self.signing_secret).is_valid(body, timestamp, signature)

    async def close(self) -> None:
        """What is under way may finish for a moment."""
        await self.app.work.close()
        if isinstance(self.app.client, Client):
            await self.app.client.close()

"""Answering one person: privately, in place of what they clicked, or by taking it away.

Talks to Slack: a response_url where there is one (five uses, thirty minutes), chat.postEphemeral else and when that
fails. An answer that cannot be given is logged, never raised: what was asked has been done by then.
"""

from dataclasses import dataclass
from logging import getLogger
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.blocks import Message
from bot.slack.client import PATIENCE, Failed, call

log = getLogger(__name__)
OK = 200
_ELSEWHERE = frozenset(
    {"channel_not_found", "not_in_channel", "user_not_in_channel"}
)  # it stands nowhere there


@dataclass(frozen=True, slots=True)
class Reply:
    """Where and to whom; `thread_ts` keeps a private answer in the thread it belongs to."""

    client: AsyncWebClient
    channel: str
    user: str
    response_url: str = ""
    thread_ts: str = ""

    @property
    def direct(self) -> bool:
        """Whether it is a conversation of two, where every message is private."""
        return self.channel.startswith("D")

    async def private(self, message: Message) -> None:
        """To this person alone, beside what stands."""
        body = message.content() | {"response_type": "ephemeral", "replace_original": False}
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if not await self._respond(body):
            await self._ephemeral(message)

    async def replace(self, message: Message) -> None:
        """In place of the (private) message that was clicked."""
        body = message.content() | {"response_type": "ephemeral", "replace_original": True}
        if not await self._respond(body):
            await self._ephemeral(message)

    async def delete(self) -> None:
        """Takes the (private) message away that was clicked."""
        await self._respond({"delete_original": True})

    async def _respond(self, body: dict[str, Any]) -> bool:
        if not self.response_url:
            return False
        webhook = AsyncWebhookClient(self.response_url, timeout=PATIENCE)
        try:
            answer = await webhook.send_dict(body)
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as e:
            log.warning("no answer could be given by response_url: %s", type(e).__name__)
            return False
        if answer.status_code != OK:
            log.warning("a response_url was refused: %s %s", answer.status_code, answer.body[:200])
        return answer.status_code == OK

    async def _ephemeral(self, message: Message) -> None:
        content = message.content() | ({"thread_ts": self.thread_ts} if self.thread_ts else {})
        try:
            if self.channel and not self.direct:
                await call(self.client.chat_postEphemeral(channel=self.channel, user=self.user, **content))
                return
        except Failed as e:
            if e.code not in _ELSEWHERE:
                log.warning("an answer to %s in %s could not be given: %s", self.user, self.channel, e)
                return
        await self._directly(message)

    async def _directly(self, message: Message) -> None:
        """In the conversation with them alone: where they are not in the channel, or asked there."""
        try:
            await call(self.client.chat_postMessage(channel=self.user, **message.content()))
        except Failed as e:
            log.warning("an answer to %s could not be given: %s", self.user, e)

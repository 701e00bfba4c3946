"""Saying a thing once where no record remembers that it was said: samples on request, requests for a lock.

Talks to Slack. The message is looked for by its mark before it is posted, and again after a lost answer; where Slack may not
be read (no history scope), it may stand twice, which is better than not at all.
"""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Message
from bot.slack.client import Failed, Unsure, call
from bot.slack.found import EVENT_TYPE

LOOK = 50  # of the newest messages: it was posted a moment ago


async def say(
    client: AsyncWebClient, channel: str, message: Message, mark: str, *, thread_ts: str = ""
) -> None:
    """Posts it; `mark` is this saying's own (the delivery that asked for it). Raises Failed where Slack takes it not."""
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"entry": mark}}
    content: dict[str, Any] = message.content() | {"metadata": metadata, "unfurl_links": False}
    if thread_ts:
        content["thread_ts"] = thread_ts
    if await _stands(client, channel, mark, thread_ts):
        return  # another replica had the same delivery
    try:
        await call(client.chat_postMessage(channel=channel, **content))
    except Unsure:
        if not await _stands(client, channel, mark, thread_ts):
            await call(client.chat_postMessage(channel=channel, **content))


async def _stands(client: AsyncWebClient, channel: str, mark: str, thread_ts: str) -> bool:
    try:
        if thread_ts:
            pages = client.conversations_replies(
                channel=channel, ts=thread_ts, oldest=thread_ts, limit=1000, include_all_metadata=True
            )
        else:
            pages = client.conversations_history(channel=channel, limit=LOOK, include_all_metadata=True)
        found = await call(pages)
    except Failed:
        return False
    marks = [(m.get("metadata") or {}).get("event_payload") or {} for m in found.data.get("messages") or []]
    return any(payload.get("entry") == mark for payload in marks)

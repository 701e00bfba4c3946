"""What arrived from Slack, as one value: who, where, what, and how to answer. Pure readers of Slack's payloads."""

import re
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Origin
from bot.slack.reply import Reply
from strategies.release import Actor

COMMAND = "/release"
_MENTION = re.compile(r"^\s*(?:<@[UW][A-Z0-9]+(?:\|[^>]*)?>\s*)+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `delivery` is Slack's id of it, `thread_ts` the thread it stands in, `clicked` a button's value."""

    user: str
    channel: str
    delivery: str
    reply: Reply
    text: str = ""
    command: str = COMMAND
    thread_ts: str = ""
    clicked: str = ""
    control: str = ""
    message_ts: str = ""  # of the message that was clicked in

    @property
    def direct(self) -> bool:
        """Whether it was asked where nobody else sees it: a conversation of two."""
        return self.channel.startswith("D")

    @property
    def actor(self) -> Actor:
        """The person, for the record."""
        return Actor(id=self.user, via="slack")

    @property
    def origin(self) -> Origin:
        """Acts once; the card goes where it was asked."""
        return Origin(delivery=self.delivery, channel=self.channel)


def by_command(body: dict[str, Any], client: AsyncWebClient) -> Asked:
    """A slash command."""
    user, channel = str(body["user_id"]), str(body["channel_id"])
    reply = Reply(client, channel, user, str(body.get("response_url") or ""))
    command = str(body.get("command") or COMMAND)
    return Asked(user, channel, str(body["trigger_id"]), reply, str(body.get("text") or ""), command)


def by_mention(body: dict[str, Any], client: AsyncWebClient) -> Asked:
    """An @mention, in a channel or a thread."""
    event = body["event"]
    user, channel = str(event.get("user") or ""), str(event["channel"])
    thread = str(event.get("thread_ts") or "")
    reply = Reply(client, channel, user, thread_ts=thread)
    text = _MENTION.sub("", str(event.get("text") or ""))
    return Asked(user, channel, str(body["event_id"]), reply, text, thread_ts=thread)


def by_click(body: dict[str, Any], client: AsyncWebClient) -> Asked:
    """A button, or any other control."""
    user = str(body["user"]["id"])
    container, action = body.get("container") or {}, body["actions"][0]
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
    thread = str(container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or "")
    reply = Reply(client, channel, user, str(body.get("response_url") or ""), thread)
    delivery = str(body.get("trigger_id") or action.get("action_ts"))
    value = str(action.get("value") or "")
    control = str(action.get("action_id") or "")
    clicked_in = str(container.get("message_ts") or "")
    return Asked(
        user,
        channel,
        delivery,
        reply,
        thread_ts=thread,
        clicked=value,
        control=control,
        message_ts=clicked_in,
    )


def by_message(body: dict[str, Any], client: AsyncWebClient) -> Asked:
    """A message to the app alone, or its Home opened; a mention at its beginning is a habit, no word."""
    event = body["event"]
    user, channel = str(event.get("user") or ""), str(event.get("channel") or "")
    thread = str(event.get("thread_ts") or "")
    reply = Reply(client, channel, user, thread_ts=thread)
    text = _MENTION.sub("", str(event.get("text") or "")).strip()
    text = text.removeprefix(COMMAND).strip() if text.split(" ")[0] == COMMAND else text
    return Asked(user, channel, str(body["event_id"]), reply, text)


def by_shortcut(body: dict[str, Any], client: AsyncWebClient) -> Asked:
    """A shortcut, global or on a message."""
    user, channel = str(body["user"]["id"]), str((body.get("channel") or {}).get("id") or "")
    reply = Reply(client, channel, user, str(body.get("response_url") or ""))
    return Asked(user, channel, str(body["trigger_id"]), reply)


def by_submission(
    body: dict[str, Any], client: AsyncWebClient, channel: str, *, clicked: str = "", control: str = ""
) -> Asked:
    """A modal that was submitted, about a channel; `clicked` and `control` as if a button there had been."""
    user = str(body["user"]["id"])
    delivery = str(body.get("trigger_id") or body["view"]["hash"])
    return Asked(user, channel, delivery, Reply(client, channel, user), clicked=clicked, control=control)


def directly(body: dict[str, Any]) -> bool:
    """Whether a message is a person's own words to the app alone; edits, joins and our own messages are not."""
    event = body.get("event") or {}
    own = event.get("channel_type") == "im" and not event.get("subtype")
    return bool(own and event.get("text") and not by_a_bot(body))


def by_a_bot(body: dict[str, Any]) -> bool:
    """Whether an event was caused by an app, which nobody can answer privately."""
    event = body.get("event") or {}
    return bool(event.get("bot_id")) or not event.get("user")

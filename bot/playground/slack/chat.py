"""What an app may do to messages: post, update, delete, show to one person, link, react.

Sources: Slack's reference of chat.postMessage, chat.update, chat.delete, chat.postEphemeral,
chat.getPermalink and reactions.add, their error tables included.
"""

import json
import re
from typing import Any, Final

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.limits import Verdict, judge_message, walk
from bot.playground.slack.message import Message
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import APP, BOT_USER, TEAM, Refused, Workspace

METADATA: Final = (
    8000  # bytes as JSON; Slack names an error for it and no number, ours are a hundredth of this
)
_EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_]{1,255}")


def refuse(verdict: Verdict | None) -> None:
    """Raises what a verdict says, in the shape of Slack's answer."""
    if verdict is None:
        return
    if not verdict.messages:
        raise Refused(verdict.error)
    raise Refused(
        verdict.error,
        errors=list(verdict.messages),
        response_metadata={"messages": [f"[ERROR] {message}" for message in verdict.messages]},
    )


def shown(workspace: Workspace, message: Message, *, metadata: bool = False) -> Json:
    """A message as Slack's methods and payloads write it; `metadata` only when asked for."""
    out: dict[str, Any] = {"type": "message", "ts": message.ts, "user": message.user, "text": message.text}
    if message.bot_id:
        out |= {"bot_id": message.bot_id, "app_id": APP, "team": TEAM}
    for name in ("blocks", "attachments", "files", "subtype", "thread_ts"):
        if value := getattr(message, name):
            out[name] = value
    if message.edited:
        out["edited"] = {"user": message.edited.user, "ts": message.edited.ts}
    if message.reactions:
        out["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    replies = [] if message.in_thread else list(workspace.replies(message))
    if replies:
        out |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
            "latest_reply": replies[-1].ts,
        }
    if metadata and message.metadata:
        out["metadata"] = message.metadata
    return out


def _metadata(content: Json) -> None:
    metadata = content.get("metadata")
    if metadata is None:
        return
    if (
        not isinstance(metadata, dict)
        or not _EVENT_TYPE.fullmatch(str(metadata.get("event_type", "")))
        or not isinstance(metadata.get("event_payload"), dict)
        or not all(map(_carried, metadata["event_payload"].values()))
    ):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata)) > METADATA:
        raise Refused("metadata_too_large")


def _pictured(workspace: Workspace, content: Json) -> None:
    """An image block may show a file of this workspace, and none that is not there."""
    for inner in walk(content.get("blocks")):
        file = (inner.get("slack_file") or {}).get("id")
        if file is not None and (workspace.files.get(file) or {}).get("content") is None:
            refuse(Verdict("invalid_blocks", ("invalid slack file",)))


def _carried(value: Any) -> bool:
    """Text, numbers, booleans; objects of those, and lists: `@slack/types` says so, and null is none of them."""
    if isinstance(value, dict):
        return all(isinstance(inner, str | int | float | bool) for inner in value.values())
    if isinstance(value, list):
        return all(map(_carried, value))
    return isinstance(value, str | int | float | bool)


def in_thread(workspace: Workspace, channel: str, thread_ts: str | None) -> None:
    """Refuses what hangs on nothing: a reply must hang on a message that stands; a reply to a reply hangs on the same first message."""
    if thread_ts is None:
        return
    if not any(
        message.channel == channel and message.ts == thread_ts and message.ephemeral_for is None
        for message in workspace.messages
    ):
        raise Refused("thread_not_found")


def post(workspace: Workspace, call: Arguments) -> Json:
    """chat.postMessage."""
    channel = workspace.channel(call.text("channel", "channel_not_found"), to_post=True)
    content = call.content()
    refuse(judge_message(content))
    _metadata(content)
    _pictured(workspace, content)
    thread = call.maybe("thread_ts")
    in_thread(workspace, channel.id, thread)
    if thread:
        content["thread_ts"] = workspace.find(channel.id, thread).thread_ts or thread
    broadcast = bool(thread) and call.flag("reply_broadcast")
    message = workspace.post(
        content,
        channel=channel.id,
        broadcast=broadcast,
        subtype="thread_broadcast" if broadcast else None,
    )
    return {"channel": channel.id, "ts": message.ts, "message": shown(workspace, message)}


def update(workspace: Workspace, call: Arguments) -> Json:
    """chat.update: what is text without blocks loses its blocks, and so with the other way round."""
    channel = workspace.channel(call.text("channel", "channel_not_found"))
    message = workspace.find(channel.id, call.text("ts", "message_not_found"))
    if message.user != BOT_USER or message.subtype == "tombstone":
        raise Refused("cant_update_message")
    content = call.content()
    refuse(judge_message(content, updated=True))
    _metadata(content)
    _pictured(workspace, content)
    if "attachments" not in content:
        content["attachments"] = message.attachments
    workspace.rewrite(message, content)
    if call.flag("reply_broadcast") and message.in_thread:
        message.broadcast, message.subtype = True, "thread_broadcast"
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": shown(workspace, message),
    }


def delete(workspace: Workspace, call: Arguments) -> Json:
    """chat.delete: the app's own messages only."""
    channel = workspace.channel(call.text("channel", "channel_not_found"))
    message = workspace.find(channel.id, call.text("ts", "message_not_found"))
    if message.subtype == "tombstone":
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused("cant_delete_message")
    workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def ephemeral(workspace: Workspace, call: Arguments) -> Json:
    """chat.postEphemeral: to one person who is in the channel."""
    channel = workspace.channel(call.text("channel", "channel_not_found"), to_post=True)
    user = call.text("user", "user_not_in_channel")
    person = workspace.people.get(user)
    if person is None or person.deleted or channel.im not in (None, user):
        raise Refused("user_not_in_channel")
    content = call.content()
    refuse(judge_message(content))
    in_thread(workspace, channel.id, call.maybe("thread_ts"))
    content.pop("metadata", None)
    message = workspace.post(content, channel=channel.id, ephemeral_for=user)
    return {"message_ts": message.ts}


def permalink(workspace: Workspace, call: Arguments) -> Json:
    """chat.getPermalink."""
    channel = workspace.channel(call.text("channel", "channel_not_found"))
    message = workspace.find(channel.id, call.text("message_ts", "message_not_found"))
    link = f"{workspace.address}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.in_thread:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def react(workspace: Workspace, call: Arguments) -> Json:
    """reactions.add."""
    channel = workspace.channel(call.text("channel", "channel_not_found"), to_post=True)
    message = workspace.find(channel.id, call.text("timestamp", "no_item_specified"))
    people = message.reactions.setdefault(call.text("name", "invalid_name").strip(":"), [])
    if BOT_USER in people:
        raise Refused("already_reacted")
    people.append(BOT_USER)
    workspace.changed.tick()
    return {}

"""What an app may read: channels, their messages, threads, people and user groups.

Sources: Slack's reference of conversations.*, users.info, usergroups.users.list, auth.test.
"""

from typing import Any, Final, Literal

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.chat import shown
from bot.playground.slack.message import Message
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import (
    APP,
    BOT_ID,
    BOT_USER,
    TEAM,
    Channel,
    Refused,
    Workspace,
)

PAGE: Final = 100


def auth(workspace: Workspace, _call: Arguments) -> Json:
    """auth.test."""
    return {
        "url": f"{workspace.address}/",
        "team": "playground",
        "user": "graylight",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP,
        "is_enterprise_install": False,
    }


def _readable(workspace: Workspace, call: Arguments) -> Channel:
    channel = workspace.channel(call.text("channel", "channel_not_found"))
    _allowed(workspace, channel, "history")
    if not channel.member:
        raise Refused("not_in_channel")
    return channel


def _allowed(workspace: Workspace, channel: Channel, what: Literal["read", "history"]) -> None:
    """Public, private and direct conversations have a scope each."""
    kind = "im" if channel.im is not None else "groups" if channel.private else "channels"
    needed = f"{kind}:{what}"
    if needed not in workspace.scopes:
        raise Refused("missing_scope", needed=needed, provided=",".join(sorted(workspace.scopes)))


def _page(workspace: Workspace, call: Arguments, messages: list[Message]) -> Json:
    """The messages within oldest and latest, cut to `limit`, from `cursor` on (an offset, opaque to apps)."""
    oldest, latest = call.maybe("oldest") or "0", call.maybe("latest") or "9999999999"
    inclusive = call.flag("inclusive")

    def within(message: Message) -> bool:
        at, low, high = float(message.ts), float(oldest), float(latest)
        return low <= at <= high if inclusive else low < at < high

    messages = [message for message in messages if within(message)]
    start, limit = call.number("cursor", 0), min(call.number("limit", PAGE), 999)
    metadata = call.flag("include_all_metadata")
    out: dict[str, Any] = {
        "messages": [
            shown(workspace, message, metadata=metadata) for message in messages[start : start + limit]
        ],
        "has_more": len(messages) > start + limit,
    }
    if out["has_more"]:
        out["response_metadata"] = {"next_cursor": str(start + limit)}
    return out


def history(workspace: Workspace, call: Arguments) -> Json:
    """conversations.history: newest first, without replies except those that were broadcast."""
    channel = _readable(workspace, call)
    messages = [
        message
        for message in reversed(workspace.messages)
        if message.channel == channel.id
        and message.ephemeral_for is None
        and (message.broadcast or not message.in_thread)
    ]
    return _page(workspace, call, messages)


def replies(workspace: Workspace, call: Arguments) -> Json:
    """conversations.replies: the thread's first message, then its replies, oldest first."""
    channel = _readable(workspace, call)
    try:
        message = workspace.find(channel.id, call.text("ts", "thread_not_found"))
        if message.in_thread and message.thread_ts:
            message = workspace.find(channel.id, message.thread_ts)
    except Refused as refused:
        raise Refused("thread_not_found") from refused
    return _page(workspace, call, [message, *workspace.replies(message)])


def info(workspace: Workspace, call: Arguments) -> Json:
    """conversations.info."""
    channel = workspace.channel(call.text("channel", "channel_not_found"))
    if channel.private and not channel.member:
        raise Refused("channel_not_found")
    _allowed(workspace, channel, "read")
    return {"channel": _described(channel)}


def open_direct(workspace: Workspace, call: Arguments) -> Json:
    """conversations.open with one person."""
    users = call.text("users", "users_list_not_supplied").split(",")
    if len(users) != 1:
        raise Refused("method_not_supported_for_channel_type")
    person = workspace.people.get(users[0])
    if person is None or person.deleted:
        raise Refused("user_not_found" if person is None else "user_disabled")
    return {"channel": _described(workspace.direct(users[0]))}


def _described(channel: Channel) -> Json:
    out: dict[str, Any] = {"id": channel.id, "is_im": channel.im is not None, "is_archived": channel.archived}
    if channel.im is not None:
        return out | {"user": channel.im}
    return out | {
        "name": channel.name,
        "is_channel": not channel.private,
        "is_private": channel.private,
        "is_member": channel.member,
    }


def user(workspace: Workspace, call: Arguments) -> Json:
    """users.info."""
    person = workspace.people.get(call.text("user", "user_not_found"))
    if person is None:
        raise Refused("user_not_found")
    profile = {"real_name": person.name, "display_name": person.name.split()[0]}
    return {
        "user": {
            "id": person.id,
            "team_id": person.team,
            "name": person.name.split()[0].lower(),
            "real_name": person.name,
            "deleted": person.deleted,
            "is_bot": person.bot,
            "is_admin": person.admin,
            "is_restricted": person.restricted,
            "is_ultra_restricted": person.ultra_restricted,
            "is_stranger": person.team != TEAM,
            "tz": person.tz,
            "profile": profile | {"team": person.team},
        }
    }


def group(workspace: Workspace, call: Arguments) -> Json:
    """usergroups.users.list."""
    if workspace.free_plan:
        raise Refused("plan_upgrade_required")
    members = workspace.groups.get(call.text("usergroup", "no_such_subteam"))
    if members is None:
        raise Refused("no_such_subteam")
    people = workspace.people
    return {"users": [one for one in members if one in people and not people[one].deleted]}

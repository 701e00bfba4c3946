"""What Slack writes into the envelopes: commands, clicks, searches, submissions, shortcuts and events.

Source: Slack's reference of interaction payloads, slash commands and the Events API. Two of its habits matter
to apps: a click on an ephemeral message carries no `message`, and one in a thread names the thread.
"""

from dataclasses import dataclass
from typing import Any, Final

from bot.playground.slack.chat import shown
from bot.playground.slack.message import Control, Message
from bot.playground.slack.schema import Json
from bot.playground.slack.views import View
from bot.playground.slack.workspace import APP, BOT_USER, TEAM, Workspace

TOKEN: Final = "verification-token"  # noqa: S105 - deprecated by Slack, a constant, protects nothing
DOMAIN: Final = "playground"


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something, where, and what the app may answer with: a trigger and a response_url."""

    user: str
    channel: str = ""
    trigger: str | None = None
    answer: str = ""


def _who(workspace: Workspace, user: str) -> Json:
    person = workspace.people[user]
    short = person.name.split()[0].lower()
    return {"id": user, "username": short, "name": short, "team_id": person.team}


def _frame(workspace: Workspace, kind: str, user: str, trigger: str | None) -> Json:
    return {
        "type": kind,
        "user": _who(workspace, user),
        "api_app_id": APP,
        "token": TOKEN,
        "team": {"id": TEAM, "domain": DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        **({"trigger_id": trigger} if trigger else {}),
    }


def _where(workspace: Workspace, channel: str) -> Json:
    found = workspace.channels[channel]
    return {"id": channel, "name": "directmessage" if found.im else found.name}


def slash(workspace: Workspace, act: Act, command: str, text: str) -> Json:
    """A slash command."""
    return {
        "token": TOKEN,
        "team_id": workspace.people[act.user].team,
        "team_domain": DOMAIN,
        "api_app_id": APP,
        "user_id": act.user,
        "user_name": _who(workspace, act.user)["name"],
        "channel_id": act.channel,
        "channel_name": _where(workspace, act.channel)["name"],
        "command": command,
        "text": text,
        "trigger_id": act.trigger,
        "response_url": act.answer,
        "is_enterprise_install": "false",
    }


def _action(control: Control, at: str, more: Json) -> Json:
    element = control.element
    action = {
        "type": element["type"],
        "action_id": element.get("action_id", ""),
        "block_id": control.block_id,
    }
    for name in ("value", "text", "style", "placeholder", "url"):
        if name in element:
            action[name] = element[name]
    return {**action, "action_ts": at, **more}


def clicked(workspace: Workspace, act: Act, message: Message, control: Control, more: Json) -> Json:
    """A control on a message was used; `more` holds what was picked."""
    alone = message.ephemeral_for is not None
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": alone,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _frame(workspace, "block_actions", act.user, act.trigger) | {
        "container": container,
        "channel": _where(workspace, message.channel),
        "state": {"values": {}},
        "response_url": act.answer,
        "actions": [_action(control, workspace.timestamp(), more)],
    }
    return payload if alone else payload | {"message": shown(workspace, message, metadata=True)}


def pressed(workspace: Workspace, act: Act, view: View, control: Control, more: Json) -> Json:
    """A control in a modal or Home tab was used."""
    return _frame(workspace, "block_actions", view.user, act.trigger) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.shown(view.state()),
        "actions": [_action(control, workspace.timestamp(), more)],
    }


def submitted(workspace: Workspace, view: View, *, trigger: str, state: Json) -> Json:
    """A modal was submitted."""
    return _frame(workspace, "view_submission", view.user, trigger) | {
        "view": view.shown(state),
        "response_urls": [],
    }


def closed(workspace: Workspace, view: View) -> Json:
    """A modal that asked to be told was closed."""
    return _frame(workspace, "view_closed", view.user, None) | {"view": view.shown(), "is_cleared": False}


def searched(workspace: Workspace, view: View, control: Control, query: str) -> Json:
    """A person types into an `external_select`."""
    return _frame(workspace, "block_suggestion", view.user, None) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.shown(),
        "action_id": control.action_id,
        "block_id": control.block_id,
        "value": query,
    }


def shortcut(workspace: Workspace, act: Act, callback: str, message: Message | None) -> Json:
    """A shortcut: global, or on a message."""
    at = {"callback_id": callback, "action_ts": workspace.timestamp()}
    if message is None:
        return _frame(workspace, "shortcut", act.user, act.trigger) | at
    return (
        _frame(workspace, "message_action", act.user, act.trigger)
        | at
        | {
            "channel": _where(workspace, message.channel),
            "message_ts": message.ts,
            "message": shown(workspace, message, metadata=True),
            "response_url": act.answer,
        }
    )


def event(workspace: Workspace, body: Json) -> Json:
    """An event of the Events API."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": {**body, "event_ts": body.get("event_ts") or workspace.timestamp()},
        "type": "event_callback",
        "event_id": f"Ev{workspace.serial():08d}",
        "event_time": int(workspace.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{workspace.serial()}",
    }

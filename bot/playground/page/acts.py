"""What a person does on the page, carried out on the stand-in.

Each act is `{user, kind, …}` and is answered by `{error}`: the words that Slack would show, or null.
Kinds: `say {text, thread_ts?}` (a command where it begins with a slash, a mention where it names the bot),
`control {ts, action_id, block_id, value?, option?}`, `press {action_id, value?, option?, filled?}` and
`submit {filled}` in the open modal, `search {action_id, query}` (answers `{options}` too), `close`; `home` opens the Home
tab, `tab {action_id, value?}` uses it; `shortcut {text, ts?}` runs one, on a message where `ts` names it.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.playground.slack import Delivery, Message, SlackStandIn, View

COMMAND: Final = "/release"
UNKNOWN: Final = "%s is not a command here: this workspace has only /release."
NOT_IN_THREADS: Final = "/release is not supported in threads. Sorry!"
MENTION: Final = "@Graylight"


class Act(BaseModel):
    """One act of a person; which fields matter depends on the kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str
    kind: str
    channel: str = "C1"
    text: str = ""
    ts: str = ""
    thread_ts: str | None = None
    action_id: str = ""
    block_id: str = ""
    value: str | None = None
    option: str | None = None
    query: str = ""
    filled: dict[str, Any] = {}


async def carry_out(slack: SlackStandIn, act: Act) -> dict[str, Any]:
    """Does it, and waits for the bot's acknowledgement or the error shown in its stead."""
    try:
        delivery = await _begun(slack, act)
    except LookupError as gone:
        return {"error": str(gone).split("\n", maxsplit=1)[0]}
    if delivery is None:
        return {"error": None}
    await delivery.done()
    if act.kind == "search":
        return {"error": delivery.error, "options": (delivery.answer or {}).get("options", [])}
    return {"error": delivery.error}


async def _begun(slack: SlackStandIn, act: Act) -> Delivery | None:
    match act.kind:
        case "say":
            return await _said(slack, act)
        case "control":
            message = _message(slack, act.ts)
            if act.option is not None:
                return await slack.pick(message, act.action_id, act.option, user=act.user)
            return await slack.click(message, act.action_id, user=act.user, value=act.value)
        case "home":
            return await slack.open_home(act.user)
        case "tab":
            return await slack.press(_tab(slack, act.user), act.action_id, value=act.value)
        case "shortcut":
            on = _message(slack, act.ts) if act.ts else None
            return await slack.shortcut(act.text, user=act.user, message=on)
        case _:
            return await _in_modal(slack, act)


def _tab(slack: SlackStandIn, user: str) -> View:
    home = slack.views.homes.get(user)
    if home is None:
        raise LookupError("this tab is empty")
    return home


async def _said(slack: SlackStandIn, act: Act) -> Delivery | None:
    text = act.text.strip()
    if text.startswith("/") and act.thread_ts is not None:
        content: dict[str, Any] = {"text": NOT_IN_THREADS, "thread_ts": act.thread_ts}
        slack.workspace.post(content, channel=act.channel, user="USLACKBOT", ephemeral_for=act.user)
        return None
    if text.startswith("/"):
        command, _, rest = text.partition(" ")
        if command != COMMAND:  # Slack would not ask the bot either
            content = {"text": UNKNOWN % command}
            slack.workspace.post(content, channel=act.channel, user="USLACKBOT", ephemeral_for=act.user)
            return None
        return await slack.slash(rest, user=act.user, channel=act.channel, command=command)
    if act.channel.startswith("D"):
        return await slack.tell(text, user=act.user)
    if MENTION.lower() in text.lower():
        at = text.lower().index(MENTION.lower())
        words = f"{text[:at]}<@UBOT>{text[at + len(MENTION) :]}"
        return await slack.mention(words, thread_ts=act.thread_ts, user=act.user, channel=act.channel)
    content = {"text": text, "thread_ts": act.thread_ts}
    slack.workspace.post(content, channel=act.channel, user=act.user)
    return None


async def _in_modal(slack: SlackStandIn, act: Act) -> Delivery | None:
    view = slack.views.top(act.user)
    if view is None:
        raise LookupError("this form is closed")
    match act.kind:
        case "submit":
            return await slack.submit(view, act.filled)
        case "search":
            return await slack.search(view, act.action_id, act.query)
        case "press":
            return await slack.press(
                view, act.action_id, value=act.value, option=act.option, filled=act.filled
            )
        case "close":
            return await slack.close(view)
        case _:
            raise LookupError(f"nobody can {act.kind} here")


def _message(slack: SlackStandIn, ts: str) -> Message:
    for message in slack.messages:
        if message.ts == ts:
            return message
    raise LookupError("this message is gone")

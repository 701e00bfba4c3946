"""What one person sees of the Slack stand-in, as JSON for the page.

Shape: `{user, people: [{id, name}], names: {id: name}, connected, view, messages: [{ts, author: {id, name, bot},
text, blocks, attachments, files, thread_ts, in_channel_too, only_you, edited}]}`; `view` is the modal on top:
`{id, content, errors}` or null, `home` the Home tab likewise, `channels` those a person may choose: `[{id, name}]`,
`direct` what was written between the app and this person alone. Invariant: what only another person may see is not in it.
"""

from typing import Any, Final

from bot.playground.slack import Message, SlackStandIn

LAST: Final = 400  # messages; older ones are not sent to the page


def seen(slack: SlackStandIn, user: str, channel: str = "C1") -> dict[str, Any]:
    """The channel as this person sees it."""
    messages = [one for one in slack.messages if one.channel == channel and one.seen_by(user)]
    view, home = slack.views.top(user), slack.views.homes.get(user)
    members = [one for one in slack.people.values() if not one.bot and not one.deleted]
    names = {one.id: one.name for one in slack.people.values()}
    names |= {one.id: one.name for one in slack.workspace.channels.values()}
    return {
        "user": user,
        "people": [{"id": one.id, "name": one.name} for one in members],
        "names": names,
        "connected": bool(slack.sockets.open),
        "view": view and {"id": view.id, "content": view.content, "errors": view.errors},
        "home": home and {"id": home.id, "content": home.content},
        "channels": [
            {"id": one.id, "name": one.name} for one in slack.workspace.channels.values() if one.im is None
        ],
        "messages": [_message(slack, one) for one in messages[-LAST:]],
        "direct": [_message(slack, one) for one in slack.messages if one.channel == f"D{user}"][-LAST:],
    }


def _message(slack: SlackStandIn, message: Message) -> dict[str, Any]:
    author = slack.people.get(message.user)
    return {
        "ts": message.ts,
        "author": {
            "id": message.user,
            "name": author.name if author else "Slackbot",
            "bot": author is None or author.bot,
        },
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": message.files,
        "thread_ts": message.thread_ts,
        "in_channel_too": message.broadcast,
        "only_you": message.ephemeral_for is not None,
        "edited": message.edited is not None,
    }

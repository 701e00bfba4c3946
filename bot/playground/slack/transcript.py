"""Writes channels as text, for people who read why a test failed.

Threads are indented, controls stand in [brackets], what only one person sees says so.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.playground.slack.message import Message


def transcript(messages: Sequence[Message], names: Mapping[str, str]) -> str:
    """All channels, oldest message first; `names` gives channels and people their names."""
    channels = dict.fromkeys(message.channel for message in messages)
    return "\n".join(line for channel in channels for line in _channel(channel, messages, names))


def _channel(channel: str, messages: Sequence[Message], names: Mapping[str, str]) -> Iterator[str]:
    yield f"#{names.get(channel, channel)}"
    here = [message for message in messages if message.channel == channel]
    roots = {message.ts for message in here if not message.in_thread}
    for message in here:
        if not message.in_thread:
            yield from _written(message, "  ", names)
            replies = [reply for reply in here if reply.in_thread and reply.thread_ts == message.ts]
            for reply in replies:
                yield from _written(reply, "      ", names)
        elif message.thread_ts not in roots:
            yield from _written(message, "      ", names)


def _written(message: Message, indent: str, names: Mapping[str, str]) -> Iterator[str]:
    marks = [message.ts]
    if message.ephemeral_for:
        marks.append(f"only {names.get(message.ephemeral_for, message.ephemeral_for)} sees it")
    if message.edited:
        marks.append("edited")
    if message.broadcast:
        marks.append("also sent to the channel")
    yield f"{indent}{names.get(message.user, message.user)} ({', '.join(marks)})"
    for line in message.words.split("\n"):
        yield f"{indent}  {line}"
    labels = [f"[{control.label or control.action_id}]" for control in message.controls]
    if labels:
        yield f"{indent}  {' '.join(labels)}"
    for emoji, people in message.reactions.items():
        yield f"{indent}  :{emoji}: {len(people)}"

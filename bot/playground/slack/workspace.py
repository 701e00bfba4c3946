"""What a Slack workspace consists of: people, user groups, channels, messages, tokens, scopes, triggers.

The methods in `chat.py` and its neighbours are what an app may do to it; `standin.py` is what people do.
Invariants: a `ts` is unique and grows; every change ticks `changed`; nothing here does I/O.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from bot.playground.slack.message import Edited, Message, named
from bot.playground.slack.schema import Json
from bot.playground.slack.signal import Signal

TEAM: Final = "T1"
APP: Final = "A1"
BOT_ID: Final = "B1"
BOT_USER: Final = "UBOT"
TRIGGER_LIVES: Final = 3.0  # seconds
MANIFEST_SCOPES: Final = frozenset(
    {
        "commands",
        "chat:write",
        "app_mentions:read",
        "channels:read",
        "groups:read",
        "users:read",
        "usergroups:read",
        "files:write",
        "im:write",
        "im:history",
        "channels:history",
        "groups:history",
    }
)


class Refused(Exception):
    """A call is refused: Slack's error code, and what else stands in the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace, or somebody from another one (`team`)."""

    id: str
    name: str
    tz: str = "Europe/Berlin"
    team: str = TEAM
    deleted: bool = False
    restricted: bool = False
    ultra_restricted: bool = False
    bot: bool = False
    admin: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation; `im` names the person of a direct one."""

    id: str
    name: str
    member: bool = True
    archived: bool = False
    private: bool = False
    im: str | None = None


@dataclass(slots=True)
class Trigger:
    """A trigger_id: who may open a view with it, since when, and whether it was used."""

    id: str
    user: str
    issued: float
    used: bool = False


def _everybody() -> dict[str, Person]:
    people = (
        Person("U1", "Ana Lindqvist"),
        Person("U2", "Ben Okafor", tz="Asia/Shanghai"),
        Person("U3", "Gus Guest", restricted=True),
        Person("U4", "Dee Parted", deleted=True),
        Person("U5", "Sam Stranger", team="T2"),
        Person(BOT_USER, "Graylight", bot=True),
    )
    return {person.id: person for person in people}


def _channels() -> dict[str, Channel]:
    channels = (Channel("C1", "releases"), Channel("C2", "random", member=False))
    return {channel.id: channel for channel in channels}


@dataclass(slots=True, kw_only=True)
class Workspace:
    """All that Slack remembers."""

    clock: Callable[[], float]
    bot_token: str
    app_token: str
    scopes: frozenset[str] = MANIFEST_SCOPES
    people: dict[str, Person] = field(default_factory=_everybody)
    channels: dict[str, Channel] = field(default_factory=_channels)
    groups: dict[str, list[str]] = field(default_factory=lambda: {"S1": ["U1", "U2"]})
    free_plan: bool = False
    messages: list[Message] = field(default_factory=list)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    files: dict[str, Json] = field(default_factory=dict)
    address: str = ""
    changed: Signal = field(default_factory=Signal)
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _second: int = 0

    def serial(self) -> int:
        """A number never given before."""
        return next(self._count)

    def timestamp(self) -> str:
        """A new `ts`: later than all before, even when the clock stands or goes back."""
        self._second = max(self._second, int(self.clock()))
        return f"{self._second}.{self.serial():06d}"

    def channel(self, channel: str, *, to_post: bool = False) -> Channel:
        """The channel of this id, or a refusal; a person's id means the direct conversation with them."""
        if channel in self.people and channel != BOT_USER:
            return self.direct(channel)
        found = self.channels.get(channel)
        if found is None:
            raise Refused("channel_not_found")
        if to_post and found.archived:
            raise Refused("is_archived")
        if to_post and not found.member:
            raise Refused("not_in_channel")
        return found

    def direct(self, user: str) -> Channel:
        """The direct conversation of the app with a person, opened if it was not."""
        if user not in self.people:
            raise Refused("user_not_found")
        return self.channels.setdefault(f"D{user}", Channel(f"D{user}", user.lower(), im=user))

    def find(self, channel: str, ts: str) -> Message:
        """The visible, not ephemeral message there, or `message_not_found`."""
        for message in self.messages:
            if message.ts == ts and message.channel == channel and message.ephemeral_for is None:
                return message
        raise Refused("message_not_found")

    def post(self, content: Json, *, channel: str, user: str = BOT_USER, **more: Any) -> Message:
        """Adds a message; `content` holds text, blocks, attachments, metadata and thread_ts, all optional."""
        ts = self.timestamp()
        message = Message(
            ts=ts,
            channel=channel,
            user=user,
            bot_id=BOT_ID if user == BOT_USER else None,
            text=content.get("text") or "",
            blocks=named(content.get("blocks") or [], f"b{ts.partition('.')[2]}-"),
            attachments=content.get("attachments") or [],
            metadata=content.get("metadata"),
            thread_ts=content.get("thread_ts"),
            **more,
        )
        self.messages.append(message)
        self.changed.tick()
        return message

    def rewrite(self, message: Message, content: Json) -> None:
        """Puts another content into a message that stands."""
        ts = self.timestamp()
        blocks = named(content.get("blocks") or [], f"b{ts.partition('.')[2]}-")
        message.put({**content, "blocks": blocks}, Edited(BOT_USER, ts))
        if "metadata" in content:
            message.metadata = content["metadata"]
        self.changed.tick()

    def remove(self, message: Message) -> None:
        """Deletes a message; one with replies leaves a tombstone for its thread to hang on."""
        if any(reply.in_thread and reply.thread_ts == message.ts for reply in self.messages):
            message.put({"text": "This message was deleted."}, None)
            message.subtype, message.metadata, message.bot_id, message.user = (
                "tombstone",
                None,
                None,
                "USLACKBOT",
            )
        else:
            self.messages.remove(message)
        self.changed.tick()

    def replies(self, message: Message) -> Iterable[Message]:
        """The replies in a message's thread that everybody sees, oldest first."""
        return (
            reply
            for reply in self.messages
            if reply.channel == message.channel
            and reply.in_thread
            and reply.thread_ts == message.ts
            and reply.ephemeral_for is None
        )

    def issue_trigger(self, user: str) -> str:
        """A trigger_id for what a person has just done."""
        name = f"{self.serial()}.{self.serial()}.trigger"
        self.triggers[name] = Trigger(name, user, self.clock())
        return name

    def use_trigger(self, name: str) -> Trigger:
        """Takes a trigger_id, once and within 3 s."""
        trigger = self.triggers.get(name)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() - trigger.issued > TRIGGER_LIVES:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

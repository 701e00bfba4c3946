"""What people see in a channel: messages, the words in them, the controls on them.

A message is mutable, as Slack's are: an update changes it in place and keeps what it was in `past`.
`snapshot()` is what somebody who has not seen the update still looks at, and may click.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.playground.slack.limits import flattened
from bot.playground.slack.schema import Json
from bot.playground.slack.visible import lines


@dataclass(frozen=True, slots=True)
class Edited:
    """Who changed a message last, and when (`ts`)."""

    user: str
    ts: str


@dataclass(frozen=True, slots=True)
class Control:
    """A button, select or menu on a message, and the block it stands in."""

    element: Json
    block_id: str

    @property
    def action_id(self) -> str:
        """The name the bot's listener is registered for."""
        return str(self.element.get("action_id", ""))

    @property
    def label(self) -> str:
        """What stands on it."""
        words = self.element.get("text") or self.element.get("placeholder") or {}
        return str(words.get("text", ""))

    @property
    def value(self) -> str | None:
        """The value the bot gave a button."""
        return self.element.get("value")

    @property
    def confirm(self) -> Json | None:
        """The dialog that is shown before it acts."""
        return self.element.get("confirm")


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message; `ephemeral_for` names the only person who sees it, `user` who wrote it."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited: Edited | None = None
    ephemeral_for: str | None = None
    broadcast: bool = False
    bot_id: str | None = None
    subtype: str | None = None
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    past: list["Message"] = field(default_factory=list)

    @property
    def in_thread(self) -> bool:
        """Whether it is a reply (its thread's first message is not)."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def controls(self) -> list[Control]:
        """All that can be pressed or picked, in reading order."""
        return list(controls(self.all_blocks))

    @property
    def all_blocks(self) -> list[Json]:
        """Its blocks and those of its attachments."""
        return self.blocks + [block for one in self.attachments for block in one.get("blocks") or []]

    @property
    def words(self) -> str:
        """All that can be read on it, line by line; the fallback text only where there are no blocks."""
        if not self.all_blocks:
            return "\n".join([self.text, *(str(file.get("title", "")) for file in self.files)]).strip("\n")
        return "\n".join(line for block in self.all_blocks for line in lines(block))

    def snapshot(self) -> "Message":
        """What it looks like now, unmoved by later updates."""
        return replace(self, blocks=copy.deepcopy(self.blocks), reactions=dict(self.reactions), past=[])

    def put(self, content: Json, edited: Edited | None) -> None:
        """Replaces text, blocks and attachments at once; what is not given goes."""
        self.past.append(self.snapshot())
        self.text = content.get("text") or ""
        self.blocks = content.get("blocks") or []
        self.attachments = content.get("attachments") or []
        self.edited = edited

    def seen_by(self, user: str) -> bool:
        """Whether this person sees it."""
        return self.ephemeral_for in (None, user)


def named(blocks: list[Json], prefix: str) -> list[Json]:
    """The blocks as Slack keeps them: each with a block_id."""
    return [{"block_id": f"{prefix}{index}", **block} for index, block in enumerate(copy.deepcopy(blocks))]


def controls(blocks: list[Json]) -> Iterator[Control]:
    """All interactive elements of some blocks, containers included."""
    for block in flattened(blocks):
        name = str(block.get("block_id", ""))
        inside = [block.get("accessory"), block.get("element")]
        if block.get("type") in {"actions", "context_actions"}:
            inside += block.get("elements") or []
        for element in inside:
            if isinstance(element, dict) and element.get("type") != "image":
                yield Control(element, name)

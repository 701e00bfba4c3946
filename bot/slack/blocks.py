"""Block Kit, the few kinds that our messages are made of, each within Slack's published limits.

Pure. Text longer than a block may hold is cut, lists are spread over several blocks. `verbatim` keeps Slack from
finding links, channels and people in what is only text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bot.slack.markup import cut, escape

Block: TypeAlias = dict[str, Any]

SECTION = 3000  # characters
FIELD = 2000
FIELDS = 10
HEADER = 150
BUTTON = 75
VALUE = 2000
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
BLOCKS = 50
WHOLE = 12_000  # all blocks together; about 13 000 is where Slack refuses (reported, not documented)
FALLBACK = 3000


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `text` for notifications and screen readers, `blocks` for the eye."""

    text: str
    blocks: tuple[Block, ...] = field(default_factory=tuple)

    def content(self) -> dict[str, Any]:
        """The arguments of chat.postMessage, chat.update and a response_url."""
        return {"text": cut(self.text, FALLBACK), "blocks": list(fitting(self.blocks))}

    def without_table(self) -> "Message":
        """The same where no table may stand: each of its columns becomes a field."""
        made = tuple(_columns(b) if b["type"] == "table" else b for b in self.blocks)
        return Message(self.text, made)


def fitting(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """As many blocks as one message may hold; controls are never what is left out."""
    controls = [b for b in blocks if b["type"] == "actions"]
    room, kept = WHOLE - sum(map(_weight, controls)), list[Block]()
    for block in blocks:
        if block["type"] != "actions":
            room -= _weight(block)
            if room < 0:
                continue
        kept.append(block)
    return tuple(kept[: BLOCKS - len(controls)] if len(kept) > BLOCKS else kept)


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _weight(v) for k, v in value.items())
    return sum(map(_weight, value)) if isinstance(value, list) else 0


def plain(text: str, most: int) -> Block:
    """Text without markup."""
    return {"type": "plain_text", "text": cut(text, most) or " ", "emoji": True}


def mrkdwn(text: str, most: int = SECTION) -> Block:
    """Text with Slack's markup; already escaped."""
    return {"type": "mrkdwn", "text": cut(text, most) or " ", "verbatim": True}


def header(text: str) -> Block:
    """A title; plain."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str) -> Block:
    """A paragraph."""
    return {"type": "section", "text": mrkdwn(text)}


def paragraphs(lines: Iterable[str]) -> list[Block]:
    """Lines as few sections as they fit into."""
    made: list[str] = []
    for line in lines:
        one = cut(line, SECTION)
        if made and len(made[-1]) + 1 + len(one) <= SECTION:
            made[-1] += f"\n{one}"
        else:
            made.append(one)
    return [section(text) for text in made]


def fields(*texts: str) -> Block:
    """Short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(text, FIELD) for text in texts[:FIELDS]]}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text, FIELD) for text in texts[:FIELDS]]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(buttons: Sequence[Block]) -> list[Block]:
    """A row of buttons; nothing where there are none."""
    return [{"type": "actions", "elements": list(buttons)}] if buttons else []


def preformatted(text: str, most: int = 6000) -> Block:
    """Text to the letter in a fixed-width font: nothing in it is markup."""
    inner = {"type": "text", "text": cut(text.strip("\n"), most) or " "}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [inner]}]}


def confirm(title: str, text: str, yes: str, *, danger: bool = False) -> Block:
    """The dialog before something happens; plain text."""
    return {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain("Not now", CONFIRM_BUTTON),
        "style": "danger" if danger else "primary",
    }


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: Literal["primary", "danger", ""] = "",
    confirm: Block | None = None,
) -> Block:
    """Something to press."""
    made: Block = {"type": "button", "action_id": action_id, "text": plain(label, BUTTON), "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def cell(text: str, *, bold: bool = False, code: bool = False) -> Block:
    """A cell of a table; its text is no markup."""
    style = {k: True for k, on in (("bold", bold), ("code", code)) if on}
    inner: Block = {"type": "text", "text": text or "–"} | ({"style": style} if style else {})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [inner]}]}


def marked(pieces: Sequence[tuple[str, bool]], how: Literal["bold", "strike"]) -> Block:
    """A cell of fixed-width text in pieces, some of them marked; nothing in them is markup."""
    inner = [
        {"type": "text", "text": text, "style": {"code": True} | ({how: True} if differs else {})}
        for text, differs in pieces
        if text
    ]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": inner}]}


def table(rows: Sequence[Sequence[Block]]) -> Block:
    """A table of cells, one to a message."""
    columns = max(len(row) for row in rows)
    return {
        "type": "table",
        "rows": [list(row) for row in rows],
        "column_settings": [{"is_wrapped": True} for _ in range(columns)],
    }


def _columns(block: Block) -> Block:
    """A table's columns side by side; its first row are their headings, its first column what each line is."""
    rows = [[_said(one) for one in row] for row in block["rows"]]
    labels = [row[0] for row in rows[1:]]
    columns = list(zip(*rows, strict=True))[1:]
    return fields(
        *(
            "\n".join([f"*{column[0]}*", *(f"{la}: {v}" for la, v in zip(labels, column[1:], strict=True))])
            for column in columns
        )
    )


def _said(found: Block) -> str:
    """A cell's text, escaped: as a cell it was no markup."""
    return escape("".join(e["text"] for part in found["elements"] for e in part["elements"]))

"""Decides whether a whole message or view would be accepted, and with which error it is refused.

Single blocks are judged by `blocks.py`; here is what holds across them: counts, totals, unique ids, one
table. Sources: Slack's Block Kit reference, chat.postMessage, chat.update, views.open. The total of about
13 000 characters is undocumented and reported by its users (`msg_blocks_too_long`).
Invariant: pure; a verdict is a value, never an exception.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.playground.slack.blocks import IN_MESSAGE, IN_VIEW
from bot.playground.slack.composition import OPTION, OPTION_GROUP, plain
from bot.playground.slack.schema import Check, Json, Shape, boolean, fault, items, tagged, text

BLOCKS_PER_MESSAGE: Final = 50
BLOCKS_PER_VIEW: Final = 100
CHARACTERS_PER_MESSAGE: Final = 13_000
MARKDOWN_PER_MESSAGE: Final = 12_000
CHARTS_PER_MESSAGE: Final = 2
TEXT_WHEN_POSTED: Final = 40_000
TEXT_WHEN_UPDATED: Final = 4_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why something is refused: Slack's error code, and its messages where it gives any."""

    error: str
    messages: tuple[str, ...] = ()


def walk(value: Any) -> Iterator[Json]:
    """Every object inside a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def flattened(blocks: list[Json]) -> Iterator[Json]:
    """The blocks and those inside containers, in reading order."""
    for block in blocks:
        yield block
        if block.get("type") == "container":
            yield from block.get("child_blocks") or []


def _characters(blocks: list[Json]) -> int:
    return sum(len(one["text"]) for one in walk(blocks) if isinstance(one.get("text"), str))


def _twice_named(blocks: list[Json], at: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        name = block.get("block_id")
        if isinstance(name, str):
            if name in seen:
                yield fault(f'`block_id` "{name}" already exists', f"{at}/{index}/block_id")
            seen.add(name)


_MESSAGE_BLOCKS: Final[Check] = items(tagged(IN_MESSAGE), BLOCKS_PER_MESSAGE, 0)
_VIEW_BLOCKS: Final[Check] = items(tagged(IN_VIEW), BLOCKS_PER_VIEW, 0)


def judge_blocks(blocks: Any, at: str = "/blocks") -> Verdict | None:
    """Whether these blocks may stand in one message; None says yes."""
    messages = list(_MESSAGE_BLOCKS(blocks, at))
    if not messages:
        messages = list(_twice_named(blocks, at))
        charts = sum(block["type"] == "data_visualization" for block in blocks)
        if charts > CHARTS_PER_MESSAGE:
            messages.append(fault(f"no more than {CHARTS_PER_MESSAGE} data_visualization blocks", at))
        if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_PER_MESSAGE:
            messages.append(fault(f"markdown must be less than {MARKDOWN_PER_MESSAGE + 1} characters", at))
    if messages:
        return Verdict("invalid_blocks", tuple(messages))
    if sum(block["type"] == "table" for block in flattened(blocks)) > 1:
        return Verdict("invalid_attachments", ("only_one_table_allowed",))
    if _characters(blocks) > CHARACTERS_PER_MESSAGE:
        return Verdict("msg_blocks_too_long")
    return None


_ATTACHMENT = Shape(
    {"color": text(20), "fallback": text(TEXT_WHEN_POSTED), "text": text(TEXT_WHEN_POSTED, 0)}
    | {"blocks": _MESSAGE_BLOCKS}
)


def judge_message(content: Json, *, updated: bool = False) -> Verdict | None:
    """Whether `{text?, blocks?, attachments?}` may be posted (or put in place of another)."""
    words = content.get("text")
    if words is not None and not isinstance(words, str):
        return Verdict("invalid_arguments", (fault("must provide a string", "/text"),))
    if not (words or content.get("blocks") or content.get("attachments")):
        return Verdict("no_text")
    if len(words or "") > (TEXT_WHEN_UPDATED if updated else TEXT_WHEN_POSTED):
        return Verdict("msg_too_long")
    attachments = content.get("attachments")
    if attachments is not None:
        faults = tuple(items(_ATTACHMENT, 100, 0)(attachments, "/attachments"))
        if faults:
            return Verdict("invalid_attachments", faults)
    return judge_blocks(content["blocks"]) if content.get("blocks") is not None else None


_MODAL_WORDS = {"title": plain(24), "submit": plain(24), "close": plain(24)}
_ANY_VIEW = {
    "blocks": _VIEW_BLOCKS,
    "private_metadata": text(3000, 0),
    "callback_id": text(255, 0),
    "external_id": text(255, 0),
}


def _submittable(view: Any, at: str) -> Iterator[str]:
    blocks = view.get("blocks")
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict) and block.get("type") == "input" and "submit" not in view:
            yield fault(
                "must define `submit` to use an `input` block in modals", f"{at}/blocks/{index}/input"
            )


_VIEW = tagged(
    {
        "modal": Shape(
            _ANY_VIEW
            | _MODAL_WORDS
            | dict.fromkeys(("clear_on_close", "notify_on_close", "submit_disabled"), boolean),
            ("title", "blocks"),
            (_submittable,),
        ),
        "home": Shape(_ANY_VIEW, ("blocks",)),
    }
)


def judge_view(view: Any, kind: str) -> Verdict | None:
    """Whether a view may be opened (`modal`) or published (`home`)."""
    messages = list(_VIEW(view, "/view"))
    if not messages and view["type"] != kind:
        messages.append(fault(f"must be of type {kind}", "/view/type"))
    if not messages:
        messages.extend(_twice_named(view["blocks"], "/view/blocks"))
    return Verdict("invalid_arguments", tuple(messages)) if messages else None


_FOUND = Shape({"options": items(OPTION, 100, 0), "option_groups": items(OPTION_GROUP, 100, 0)})


def judge_options(answer: Any) -> tuple[str, ...]:
    """What is wrong with the answer to a search in an `external_select`; empty says nothing."""
    return tuple(_FOUND(answer, ""))

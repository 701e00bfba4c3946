"""Decides whether a block is valid, on each of the three surfaces: message, modal, Home.

Limits: Slack's Block Kit reference, "Blocks". A kind that is not in a surface's table is refused there as
`unsupported type`, as Slack does; kinds that no bot of ours needs (calls, cards, carousels, plans) are
left out on purpose and refused too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.playground.slack.composition import SLACK_FILE, URL, plain, words
from bot.playground.slack.elements import IMAGE, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from bot.playground.slack.rich_text import RICH_TEXT, RICH_TEXT_BODY
from bot.playground.slack.schema import (
    Check,
    Shape,
    boolean,
    choice,
    either,
    fault,
    items,
    only_one,
    tagged,
    text,
)
from bot.playground.slack.tabular import BLOCK_ID, DATA_VISUALIZATION, TABLE


def _unlike_action_ids(block: Any, at: str) -> Iterator[str]:
    seen: set[str] = set()
    elements = block.get("elements")
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        name = element.get("action_id") if isinstance(element, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield fault(f'`action_id` "{name}" already exists', f"{at}/elements/{index}/action_id")
            seen.add(name)


def _foldable(block: Any, at: str) -> Iterator[str]:
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield fault("`default_collapsed` requires `is_collapsible`", at)
    if block.get("has_header_divider") and block.get("is_collapsible"):
        yield fault("`has_header_divider` cannot be used with `is_collapsible`", at)


def _block(required: tuple[str, ...] = (), *rules: Check, **fields: Check) -> Shape:
    return Shape({**fields, "block_id": BLOCK_ID}, required, rules)


EVERYWHERE: Final[Mapping[str, Check]] = {
    "section": _block(
        (),
        either("text", "fields"),
        text=words(3000),
        fields=items(words(2000), 10),
        accessory=tagged(IN_SECTION),
        expand=boolean,
    ),
    "divider": _block(),
    "header": _block(("text",), text=plain(150)),
    "actions": _block(("elements",), _unlike_action_ids, elements=items(tagged(IN_ACTIONS), 25)),
    "context": _block(
        ("elements",),
        elements=items(
            tagged(
                {
                    "image": IMAGE,
                    "plain_text": Shape({"text": text(2000), "emoji": boolean}, ("text",)),
                    "mrkdwn": Shape({"text": text(2000), "verbatim": boolean}, ("text",)),
                }
            ),
            10,
        ),
    ),
    "image": _block(
        ("alt_text",),
        only_one("image_url", "slack_file"),
        image_url=URL,
        slack_file=SLACK_FILE,
        alt_text=text(2000),
        title=plain(2000),
    ),
    "input": _block(
        ("label", "element"),
        label=plain(2000),
        element=tagged(IN_INPUT),
        hint=plain(2000),
        optional=boolean,
        dispatch_action=boolean,
    ),
    "rich_text": _block(("elements",), **RICH_TEXT_BODY),
    "video": _block(
        ("alt_text", "title", "thumbnail_url", "video_url"),
        alt_text=text(2000),
        title=plain(199),
        thumbnail_url=URL,
        video_url=URL,
        author_name=text(49),
        description=plain(200),
        provider_icon_url=URL,
        provider_name=text(2000),
        title_url=URL,
    ),
}

_IN_CONTAINER: Final[Mapping[str, Check]] = {**EVERYWHERE, "table": TABLE}

IN_MESSAGE: Final[Mapping[str, Check]] = {
    **EVERYWHERE,
    "markdown": _block(("text",), text=text(12000)),
    "table": TABLE,
    "data_visualization": DATA_VISUALIZATION,
    "container": _block(
        ("child_blocks",),
        either("title", "rich_text_title"),
        _foldable,
        title=plain(150),
        rich_text_title=RICH_TEXT,
        subtitle=words(150),
        child_blocks=items(tagged(_IN_CONTAINER), 10),
        width=choice("narrow", "standard", "wide", "full"),
        icon=tagged({"image": IMAGE}),
        is_collapsible=boolean,
        default_collapsed=boolean,
        has_header_divider=boolean,
    ),
    "context_actions": _block(
        ("elements",), _unlike_action_ids, elements=items(tagged(IN_CONTEXT_ACTIONS), 5)
    ),
}
IN_VIEW: Final[Mapping[str, Check]] = EVERYWHERE

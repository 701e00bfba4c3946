"""Decides whether Slack's composition objects are valid: texts, options, confirm dialogs, images by file.

Limits: Slack's Block Kit reference, "Composition objects".
"""

from collections.abc import Iterator
from typing import Any

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

URL = text(3000)
IDENTIFIER = text(255)


def plain(most: int) -> Check:
    """A `plain_text` object of at most `most` characters."""
    return tagged({"plain_text": Shape({"text": text(most), "emoji": boolean}, ("text",))})


def words(most: int) -> Check:
    """A `plain_text` or `mrkdwn` object of at most `most` characters."""
    return tagged(
        {
            "plain_text": Shape({"text": text(most), "emoji": boolean}, ("text",)),
            "mrkdwn": Shape({"text": text(most), "verbatim": boolean}, ("text",)),
        }
    )


CONFIRM = Shape(
    {
        "title": plain(100),
        "text": words(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": choice("primary", "danger"),
    },
    ("title", "text", "confirm", "deny"),
)

OPTION = Shape({"text": plain(75), "value": text(150), "description": plain(75)}, ("text", "value"))
RICH_OPTION = Shape({"text": words(75), "value": text(150), "description": words(75)}, ("text", "value"))
OVERFLOW_OPTION = Shape(
    {"text": plain(75), "value": text(150), "description": plain(75), "url": URL}, ("text", "value")
)
OPTION_GROUP = Shape({"label": plain(75), "options": items(OPTION, 100)}, ("label", "options"))

DISPATCH = Shape(
    {"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 2)},
    ("trigger_actions_on",),
)
SLACK_FILE = Shape({"id": text(255), "url": URL}, (), (only_one("id", "url"),))
FILTER = Shape(
    {
        "include": items(choice("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    (),
    (either("include", "exclude_external_shared_channels", "exclude_bot_users"),),
)


def one_initial_among_options(value: Any, at: str) -> Iterator[str]:
    """A rule: an initial option must be one of the options, to the letter."""
    known = list(value.get("options") or [])
    for group in value.get("option_groups") or []:
        known += (group.get("options") or []) if isinstance(group, dict) else []
    chosen = [value["initial_option"]] if "initial_option" in value else value.get("initial_options") or []
    if any(option not in known for option in chosen):
        yield fault("initial option must be one of the options", at)

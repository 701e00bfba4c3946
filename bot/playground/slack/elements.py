"""Decides whether the things people press, pick and type into are valid.

Limits: Slack's Block Kit reference, "Block elements". Each table below names the element kinds that one
kind of block may hold.
"""

from collections.abc import Mapping
from typing import Final

from bot.playground.slack.composition import (
    CONFIRM,
    DISPATCH,
    FILTER,
    IDENTIFIER,
    OPTION,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    RICH_OPTION,
    SLACK_FILE,
    URL,
    one_initial_among_options,
    plain,
)
from bot.playground.slack.rich_text import RICH_TEXT
from bot.playground.slack.schema import Check, Shape, boolean, choice, items, number, only_one, text

_PRESSED: Final[Mapping[str, Check]] = {"action_id": IDENTIFIER, "confirm": CONFIRM}
_PICKED: Final[Mapping[str, Check]] = {**_PRESSED, "placeholder": plain(150), "focus_on_load": boolean}
_TYPED: Final[Mapping[str, Check]] = {
    "action_id": IDENTIFIER,
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": DISPATCH,
}
_ID = text(255)
_MANY: Final[Mapping[str, Check]] = {"max_selected_items": number(1)}

BUTTON = Shape(
    {
        **_PRESSED,
        "text": plain(75),
        "url": URL,
        "value": text(2000, 0),
        "style": choice("primary", "danger"),
        "accessibility_label": text(75),
    },
    ("text",),
)
IMAGE = Shape(
    {"image_url": URL, "slack_file": SLACK_FILE, "alt_text": text(2000)},
    ("alt_text",),
    (only_one("image_url", "slack_file"),),
)
OVERFLOW = Shape({**_PRESSED, "options": items(OVERFLOW_OPTION, 5)}, ("options",))
CHECKBOXES = Shape(
    {
        **_PRESSED,
        "focus_on_load": boolean,
        "options": items(RICH_OPTION, 10),
        "initial_options": items(RICH_OPTION, 10),
    },
    ("options",),
    (one_initial_among_options,),
)
RADIO_BUTTONS = Shape(
    {
        **_PRESSED,
        "focus_on_load": boolean,
        "options": items(RICH_OPTION, 10),
        "initial_option": RICH_OPTION,
    },
    ("options",),
    (one_initial_among_options,),
)
_CHOSEN_OPTIONS: Final[Mapping[str, Check]] = {
    "options": items(OPTION, 100),
    "option_groups": items(OPTION_GROUP, 100),
}
_STATIC_RULES = (only_one("options", "option_groups"), one_initial_among_options)
_TALKS: Final[Mapping[str, Check]] = {
    "default_to_current_conversation": boolean,
    "response_url_enabled": boolean,
    "filter": FILTER,
}

SELECTS: Final[Mapping[str, Check]] = {
    "static_select": Shape({**_PICKED, **_CHOSEN_OPTIONS, "initial_option": OPTION}, (), _STATIC_RULES),
    "external_select": Shape({**_PICKED, "initial_option": OPTION, "min_query_length": number(0)}),
    "users_select": Shape({**_PICKED, "initial_user": _ID}),
    "conversations_select": Shape({**_PICKED, **_TALKS, "initial_conversation": _ID}),
    "channels_select": Shape({**_PICKED, "initial_channel": _ID, "response_url_enabled": boolean}),
}
MULTI_SELECTS: Final[Mapping[str, Check]] = {
    "multi_static_select": Shape(
        {**_PICKED, **_MANY, **_CHOSEN_OPTIONS, "initial_options": items(OPTION, 100)}, (), _STATIC_RULES
    ),
    "multi_external_select": Shape(
        {**_PICKED, **_MANY, "initial_options": items(OPTION, 100), "min_query_length": number(0)}
    ),
    "multi_users_select": Shape({**_PICKED, **_MANY, "initial_users": items(_ID, 100, 0)}),
    "multi_conversations_select": Shape(
        {**_PICKED, **_MANY, **_TALKS, "initial_conversations": items(_ID, 100, 0)}
    ),
    "multi_channels_select": Shape({**_PICKED, **_MANY, "initial_channels": items(_ID, 100, 0)}),
}
PICKERS: Final[Mapping[str, Check]] = {
    "datepicker": Shape({**_PICKED, "initial_date": text(10)}),
    "timepicker": Shape({**_PICKED, "initial_time": text(5), "timezone": text(100)}),
    "datetimepicker": Shape({**_PRESSED, "focus_on_load": boolean, "initial_date_time": number(0)}),
}
TYPED: Final[Mapping[str, Check]] = {
    "plain_text_input": Shape(
        {
            **_TYPED,
            "initial_value": text(3000, 0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        }
    ),
    "number_input": Shape(
        {
            **_TYPED,
            "is_decimal_allowed": boolean,
            "initial_value": text(100),
            "min_value": text(100),
            "max_value": text(100),
        },
        ("is_decimal_allowed",),
    ),
    "email_text_input": Shape({**_TYPED, "initial_value": text(3000)}),
    "url_text_input": Shape({**_TYPED, "initial_value": text(3000)}),
    "rich_text_input": Shape({**_TYPED, "initial_value": RICH_TEXT}),
    "file_input": Shape(
        {"action_id": IDENTIFIER, "filetypes": items(text(20), 100), "max_files": number(1, 10)}
    ),
}
_TICKED: Final[Mapping[str, Check]] = {"checkboxes": CHECKBOXES, "radio_buttons": RADIO_BUTTONS}

IN_ACTIONS: Final[Mapping[str, Check]] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    **_TICKED,
    **SELECTS,
    **MULTI_SELECTS,
    **PICKERS,
}
IN_SECTION: Final[Mapping[str, Check]] = {**IN_ACTIONS, "image": IMAGE}
IN_INPUT: Final[Mapping[str, Check]] = {**_TICKED, **SELECTS, **MULTI_SELECTS, **PICKERS, **TYPED}

_FEEDBACK = Shape(
    {"text": plain(75), "value": text(2000), "accessibility_label": text(75)}, ("text", "value")
)
IN_CONTEXT_ACTIONS: Final[Mapping[str, Check]] = {
    "feedback_buttons": Shape(
        {"action_id": IDENTIFIER, "positive_button": _FEEDBACK, "negative_button": _FEEDBACK},
        ("positive_button", "negative_button"),
    ),
    "icon_button": Shape(
        {
            **_PRESSED,
            "icon": choice("trash"),
            "text": plain(75),
            "value": text(2000),
            "accessibility_label": text(75),
            "visible_to_user_ids": items(_ID, 100),
        },
        ("icon", "text"),
    ),
}

"""Decides whether rich text is valid: sections, lists, quotes, preformatted, and the pieces in them.

Limits: Slack's Block Kit reference, "Rich text block".
"""

from collections.abc import Mapping
from typing import Final

from bot.playground.slack.schema import Check, Shape, boolean, choice, items, number, tagged, text

_STYLE = Shape(
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), boolean
    )
)
_ID = text(255)


def _piece(required: tuple[str, ...], **fields: Check) -> Check:
    return Shape({**fields, "style": _STYLE}, required)


_TEXT = _piece(("text",), text=text(12000))
_LINK = _piece(("url",), url=text(3000), text=text(12000), unsafe=boolean)
_PIECES: Final[Mapping[str, Check]] = {
    "text": _TEXT,
    "link": _LINK,
    "channel": _piece(("channel_id",), channel_id=_ID),
    "user": _piece(("user_id",), user_id=_ID),
    "usergroup": _piece(("usergroup_id",), usergroup_id=_ID),
    "team": _piece(("team_id",), team_id=_ID),
    "emoji": _piece(("name",), name=_ID, skin_tone=number(1, 6), unicode=_ID),
    "date": _piece(
        ("timestamp", "format"), timestamp=number(0), format=text(255), url=text(3000), fallback=text(255)
    ),
    "broadcast": _piece(("range",), range=choice("here", "channel", "everyone")),
    "color": _piece(("value",), value=text(20)),
}
_ANY_PIECES = items(tagged(_PIECES), 1000, 0)
SECTION = Shape({"elements": _ANY_PIECES}, ("elements",))
_ELEMENTS: Final[Mapping[str, Check]] = {
    "rich_text_section": SECTION,
    "rich_text_list": Shape(
        {
            "elements": items(tagged({"rich_text_section": SECTION}), 1000),
            "style": choice("bullet", "ordered"),
            "indent": number(0, 8),
            "offset": number(0),
            "border": number(0, 1),
        },
        ("elements", "style"),
    ),
    "rich_text_preformatted": Shape(
        {
            "elements": items(tagged({"text": _TEXT, "link": _LINK}), 1000),
            "border": number(0, 1),
            "language": text(50),
        },
        ("elements",),
    ),
    "rich_text_quote": Shape({"elements": _ANY_PIECES, "border": number(0, 1)}, ("elements",)),
}
RICH_TEXT_BODY: Final[Mapping[str, Check]] = {"elements": items(tagged(_ELEMENTS), 1000)}
RICH_TEXT = tagged({"rich_text": Shape({**RICH_TEXT_BODY, "block_id": text(255)}, ("elements",))})

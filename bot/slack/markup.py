"""Text for Slack: escaped, isolated where its direction could disturb the line, and never a mention by accident.

Only `<@U…>` of a person who really acted is let through; what users wrote stays text, whatever it looks like.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from strategies.release import Actor

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PERSON = re.compile(r"&lt;@([UW][A-Z0-9]+)(?:\|[^&]*)?&gt;")
_GROUP = re.compile(r"&lt;!subteam\^(S[A-Z0-9]+)&gt;")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
NAME = 60  # characters of a name in a sentence
_ISOLATE, _END = "\u2068", "\u2069"
_SHORT_ENTITY = re.compile(r"&(?:a(?:m(?:p)?)?|l(?:t)?|g(?:t)?)?$")


def escape(text: str) -> str:
    """Text as mrkdwn shows it to the letter where mentions, links and dates are concerned.

    >>> escape("a < b & <!channel>")
    'a &lt; b &amp; &lt;!channel&gt;'
    """
    return text.translate(_ESCAPES)


def isolate(text: str) -> str:
    """The same, kept from turning the rest of its line around when it is written from right to left."""
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        return f"{_ISOLATE}{text}{_END}"
    return text


def name(text: str) -> str:
    """A name or version of somebody else's making, for the middle of a sentence."""
    return quote(cut(text, NAME))


def quote(text: str) -> str:
    """What a person wrote, as they wrote it."""
    return isolate(escape(text))


def code(text: str) -> str:
    """A name as code; a backtick in it would end the code.

    >>> code("k8sdemo-svc"), code("a`b")
    ('`k8sdemo-svc`', "`a'b`")
    """
    return f"`{escape(text.replace('`', chr(39)).replace(chr(10), ' '))}`"


def said(text: str, actors: Iterable[Actor] = (), quoted: str = "", groups: Iterable[str] = ()) -> str:
    """A sentence of the record, where mentions of these actors and groups are meant, and `quoted` at its end is a person's.

    >>> ana = Actor(id="U1", via="slack")
    >>> said("<@U1> started it. Reason: for <@U2> & <@U1>", [ana], "for <@U2> & <@U1>")
    '<@U1> started it. Reason: for &lt;@U2&gt; &amp; &lt;@U1&gt;'
    """
    own = quoted if quoted and text.endswith(quoted) else ""
    ours = escape(text[: len(text) - len(own)])
    for actor in actors:
        if actor.via == "slack":
            ours = ours.replace(f"&lt;@{actor.id}&gt;", f"<@{actor.id}>")
    for group in groups:
        ours = ours.replace(f"&lt;!subteam^{group}&gt;", f"<!subteam^{group}>")
    return ours + quote(own)


def private(text: str) -> str:
    """A sentence that one person reads alone: people in it are shown as such, which tells nobody.

    >>> private("started by <@U1>, not by <!here>")
    'started by <@U1>, not by &lt;!here&gt;'
    """
    return _GROUP.sub(r"<!subteam^\1>", _PERSON.sub(r"<@\1>", escape(text)))


def who(actor: Actor) -> str:
    """A person; a mention where that is a Slack id."""
    match actor.via:
        case "slack":
            return f"<@{actor.id}>"
        case "cli":
            return code(actor.id)
        case "engine":
            return "Graylight"


def at(moment: datetime, shape: str = "{date_short_pretty} {time}") -> str:
    """A moment in each reader's own time zone; UTC where the client cannot.

    >>> at(datetime(2026, 7, 1, 12, 30, tzinfo=UTC))
    '<!date^1782909000^{date_short_pretty} {time}|2026-07-01 12:30 UTC>'
    """
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{shape}|{utc:%Y-%m-%d %H:%M} UTC>"


def cut(text: str, most: int) -> str:
    """At most so many characters, never ending within an escape.

    >>> cut("a &amp; b", 6), cut("short", 9)
    ('a …', 'short')
    """
    if len(text) <= most:
        return text
    return _SHORT_ENTITY.sub("", text[: most - 1]) + "…"

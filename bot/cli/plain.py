"""Texts of the records, made fit for a terminal: mentions readable, no control character gets through.

An event may quote a pod's log or an answer's body, which anybody may have written; what could move the cursor, change
the title or hide text is shown as an escape instead.
"""

import re
import unicodedata

_MENTION = re.compile(r"<([@#!])(?:subteam\^)?([A-Za-z0-9_-]+)(?:\|([^<>|]*))?>")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_SIGNS = {"@": "@", "!": "@", "#": "#"}


def clean(text: str) -> str:
    r"""A text on one or several lines; tabs become spaces.

    >>> clean("<@U1> rolls back, <@U2|ana> too"), clean("\x1b[31mred\ttab")
    ('@U1 rolls back, @ana too', '\\x1b[31mred    tab')
    """
    named = _MENTION.sub(lambda m: _SIGNS[m[1]] + (m[3] or m[2]).removeprefix("@"), text)
    commands = named.replace("/release ", "graylight ").replace("\t", "    ").replace("\r\n", "\n")
    return "".join(c if c == "\n" or not _hidden(c) else _escaped(c) for c in commands)


def line(text: str) -> str:
    r"""A text on one line.

    >>> line("it crashed:\n  panic\n")
    'it crashed: ⏎ panic'
    """
    return " ⏎ ".join(part.strip() for part in clean(text).strip().split("\n"))


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN and char != "\u200d"  # the joiner of emoji


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode()

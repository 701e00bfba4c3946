"""Two answers beside each other: what of each the other does not say, word by word, and which part of long ones to show.

Answers are anybody's bytes: what is no text is told by its size, and nothing in one can command a screen.
"""

import re
from difflib import SequenceMatcher

from strategies.plan import Frozen

BEFORE = 60  # characters that are shown before the first difference of long answers
BINARY = 5  # one character in so many that is no text makes an answer binary
_WORD = re.compile(r"[\w.:/-]+|\s+|.", re.DOTALL)


class Piece(Frozen):
    """A part of an answer; whether the other one says something else there."""

    text: str
    differs: bool


def contrast(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both in pieces; where one is empty there is nothing to compare.

    >>> [[p.text for p in side if p.differs] for side in contrast("Hello from v2.", "Hello again from v6.")]
    [['v2.'], [' again', 'v6.']]
    """
    if not (old and new):
        return _whole(old), _whole(new)
    mine, other = _WORD.findall(old), _WORD.findall(new)
    left, right = list[Piece](), list[Piece]()
    for what, a, b, c, d in SequenceMatcher(None, mine, other, autojunk=False).get_opcodes():
        for pieces, words in ((left, mine[a:b]), (right, other[c:d])):
            if words:
                pieces.append(Piece(text="".join(words), differs=what != "equal"))
    return tuple(left), tuple(right)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text=text, differs=False),) if text else ()


def readable(body: str) -> str:
    r"""An answer as text that can be shown anywhere; a binary one by its size.

    >>> readable("a long answer\x1b[31m"), readable("\x00\ufffd\x01PNG")
    ('a long answer·[31m', '(binary, about 6 bytes)')
    """
    kept = "".join(c if c.isprintable() or c in "\n\t\u200d" else "·" for c in body.replace("\r\n", "\n"))
    odd = kept.count("·") + body.count("\ufffd")
    if odd * BINARY > len(body):
        return f"(binary, about {len(body)} bytes)"
    return kept.strip()


def windows(old: str, new: str, most: int) -> tuple[str, str]:
    """Of long answers the part around their first difference, the same part of both.

    >>> windows("x" * 100 + "v2", "x" * 100 + "v6", 70)[1] == "…" + "x" * 59 + "v6"
    True
    """
    same = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = same - BEFORE if old and new and old != new and same > most - BEFORE // 2 else 0
    return _cut(old, start, most), _cut(new, start, most)


def _cut(text: str, start: int, most: int) -> str:
    shown = f"…{text[start:]}" if start > 0 and text else text
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"

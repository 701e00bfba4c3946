r"""A line that is no command: which word is wrong, why, and what was probably meant. A value, never raised.

`line` holds no control characters (they are written as `\x1b`), so it may be printed on a terminal as it
is; a surface with a markup of its own (Slack) still escapes it. Columns count code points of `line`; the
caret counts terminal cells.
"""

import unicodedata
from dataclasses import dataclass

_WIDEST = 100  # a line of 10,000 characters is shown around the wrong word only
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a line.

    `start` ≤ the wrong word's columns < `end`; something missing stands one column past the end of the
    line. `what` is a sentence, `suggestion` another or empty (``Did you mean `canary`?``), `usage` that of
    the command.
    """

    line: str
    start: int
    end: int
    what: str
    usage: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.suggestion}".strip()

    def render(self, prefix: str = "") -> str:
        """The plain-text block for a fixed-width font; `prefix` (`/release`, `graylight`) stands before it.

        >>> print(Mistake("canry web v6", 0, 5, "There is no command `canry`.").render("/release"))
        /release canry web v6
                 ^^^^^
        There is no command `canry`.
        """
        lead = f"{prefix} " if prefix else ""
        shown, start, end = self._window()
        padding = " " * cells(lead + shown[:start].ljust(start))
        carets = "^" * max(1, cells(shown[start:end].ljust(end - start)))
        lines = [(lead + shown).rstrip(), padding + carets, str(self)]
        if self.usage:
            lines.append(f"Usage: {lead}{self.usage}")
        return "\n".join(lines)

    def _window(self) -> tuple[str, int, int]:
        """The part of the line to show, and the wrong word's columns in it."""
        if len(self.line) <= _WIDEST:
            return self.line, self.start, self.end
        left = max(0, self.start - _BEFORE)
        right = left + _WIDEST
        before, after = "…" if left else "", "…" if right < len(self.line) else ""
        shift = len(before) - left
        return before + self.line[left:right] + after, self.start + shift, min(self.end, right) + shift


def cells(text: str) -> int:
    r"""How many terminal cells a text takes: East Asian wide characters two, combining ones none (UAX #11).

    >>> cells("v6"), cells("版本"), cells("e\u0301")
    (2, 4, 1)
    """
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def brief(text: str, longest: int = 48) -> str:
    """A word in backticks for a sentence; cut where it is too long to be read there.

    >>> brief("canry"), brief("`" + "a" * 90, 6)
    ('`canry`', "`'aaaa…`")
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return f"`{cut.replace('`', chr(39))}`"

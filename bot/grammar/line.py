"""From what arrived to words with columns: Slack's escaping, typographic quotes, dashes and spaces undone.

A `Line` is the normalised text (single spaces, straight quotes) and its words. A quote opens only where a
word or a flag's value begins and closes only where one ends, so apostrophes need no care: `‘it’s fine’` is
one word. Within quotes a backslash keeps a quote or a backslash. Everything here is linear in the length of
the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.grammar.mistake import Mistake

LONGEST = 10_000
_DOUBLE = '"“”„‟＂'
_SINGLE = "'‘’‚‛"
_SPACES = "\t\n\v\f\r"
_JOINERS = "\u200c\u200d"  # invisible, but part of writing: emoji and Persian need them

_LINK_START = re.compile(r"<(?=https?://|mailto:|tel:)")
_ENTITY = re.compile(r"&(?=(?:lt|gt|amp);)")
_SLACK = re.compile(r"<(?:(https?://[^<>|]*)|(?:mailto:|tel:)([^<>|]*))(?:\|([^<>]*))?>|&(?:lt|gt|amp);")
_PLAIN = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_DASHES = re.compile(r"[-‐‑‒–—―−]{1,3}(?=[A-Za-z])")
_VALUE = re.compile(r"[-‐‑‒–—―−]{1,3}[A-Za-z][A-Za-z-]*=")
_ESCAPED = re.compile(rf"\\([\\{_DOUBLE}{_SINGLE}])")
_FLAG = re.compile(r"--?[A-Za-z]")
_SAFE = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_.:@%,/+-]*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: what it says, how it is shown, where. One not `bare` was quoted: no flag, no keyword."""

    text: str
    shown: str
    bare: bool
    start: int = 0

    @property
    def end(self) -> int:
        """The column after its last."""
        return self.start + len(self.shown)

    @property
    def is_flag(self) -> bool:
        """Whether it begins as a flag does."""
        return self.bare and _FLAG.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class Line:
    """The normalised text, and its words with their columns in it."""

    text: str
    words: tuple[Word, ...]


def read_text(text: str) -> Line | Mistake:
    """The words of a line as Slack sends it, or as somebody typed it."""
    if (bad := _unreadable(text)) is not None:
        return bad
    return _split("".join(" " if char.isspace() else char for char in unescape(text)))


def read_words(words: Sequence[str]) -> Line | Mistake:
    """The same from words that a shell has split: nothing to unescape, a word with spaces is quoted."""
    if (bad := _unreadable(" ".join(words))) is not None:
        return bad
    return _laid_out(_argument("".join(" " if char.isspace() else char for char in word)) for word in words)


def unescape(text: str) -> str:
    """Slack's escaping undone, and the links that it makes out of words; mentions stay.

    >>> unescape("canary web <http://v1.2|v1.2> &lt;&amp;lt; <@U1|ana> <mailto:web@v6|web@v6>")
    'canary web v1.2 <&lt; <@U1|ana> web@v6'
    """

    def meant(found: re.Match[str]) -> str:
        url, address, label = found.groups()
        if url is None and address is None:
            return _PLAIN[found[0]]
        return unescape_entities(label or url or address or "")

    return _SLACK.sub(meant, text)


def unescape_entities(text: str) -> str:
    """Slack's three entities undone, in one pass."""
    return re.sub(r"&(?:lt|gt|amp);", lambda found: _PLAIN[found[0]], text)


def quoted(text: str) -> str:
    r"""A text as `read_text` reads it back: bare where that is safe, else in quotes.

    Only what `unescape` would change is escaped, so that people see the text itself wherever possible.

    >>> print(quoted("v6"), quoted('a "b" & c'), quoted("&lt;"))
    v6 "a \"b\" & c" "&amp;lt;"
    """
    if _SAFE.fullmatch(text) and text.lower() != "in":
        return text
    kept = re.sub(rf"[\\{_DOUBLE}]", lambda found: "\\" + found[0], text)
    return f'"{_LINK_START.sub("&lt;", _ENTITY.sub("&amp;", kept))}"'


def _unreadable(text: str) -> Mistake | None:
    """A text that is too long, or holds a character that could hide something or command a terminal."""
    if len(text) > LONGEST:
        shown = _visible(text[:40]) + "…"
        return Mistake(shown, len(shown) - 1, len(shown), f"This is longer than {LONGEST:,} characters.")
    bad = next((at for at, char in enumerate(text) if _is_hidden(char)), None)
    if bad is None:
        return None
    char = text[bad]
    name = unicodedata.name(char, "a control character").lower()
    start = len(_visible(text[:bad]))
    escape = _visible(char)
    what = f"`{escape}` ({name}) cannot stand in a command."
    return Mistake(_visible(text), start, start + len(escape), what)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in _SPACES and char not in _JOINERS


def _visible(text: str) -> str:
    return "".join(
        char.encode("unicode_escape").decode() if _is_hidden(char) else " " if char.isspace() else char
        for char in text
    )


def _split(text: str) -> Line | Mistake:
    words: list[Word] = []
    at = 0
    while (at := _skip_spaces(text, at)) < len(text):
        flag = _VALUE.match(text, at)
        opening = flag.end() if flag else at
        if opening < len(text) and text[opening] in _DOUBLE + _SINGLE:
            close = _closing(text, opening)
            if close is None:
                return _unclosed(words, text[at:], opening - at)
            head = _with_ascii_dashes(text[at:opening])
            value = _ESCAPED.sub(r"\1", text[opening + 1 : close])
            words.append(Word(head + value, head + _in_quotes(value), bare=bool(flag)))
            at = close + 1
        else:
            end = text.find(" ", at)
            end = len(text) if end < 0 else end
            word = _with_ascii_dashes(text[at:end])
            words.append(Word(word, word, bare=True))
            at = end
    return _laid_out(words)


def _skip_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _closing(text: str, opening: int) -> int | None:
    family = _DOUBLE if text[opening] in _DOUBLE else _SINGLE
    at = opening + 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] in family and (at + 1 == len(text) or text[at + 1] == " "):
            return at
        at += 1
    return None


def _unclosed(before: list[Word], rest: str, opening: int) -> Mistake:
    done = _laid_out(before).text
    start = len(done) + bool(done)
    line = f"{done} {rest}".strip()
    what = "This quote is never closed; a closing quote stands at the end of a word."
    return Mistake(line, start + opening, start + opening + 1, what)


def _with_ascii_dashes(word: str) -> str:
    """`—steps` and `–-steps` as `--steps`; a typed `-s` stays what it is."""
    run = _DASHES.match(word)
    return word if run is None or run[0].isascii() else "--" + word[run.end() :]


def _in_quotes(value: str) -> str:
    return '"' + re.sub(rf"[\\{_DOUBLE}]", lambda found: "\\" + found[0], value) + '"'


def _argument(text: str) -> Word:
    flag = _VALUE.match(text)
    head, value = (text[: flag.end()], text[flag.end() :]) if flag else ("", text)
    opens = value.startswith(tuple(_DOUBLE + _SINGLE))
    if flag:
        head = _with_ascii_dashes(head)
        return Word(head + value, head + (_in_quotes(value) if " " in value or opens else value), bare=True)
    if not text or " " in text or opens:
        return Word(text, _in_quotes(text), bare=False)
    word = _with_ascii_dashes(text)
    return Word(word, word, bare=True)


def _laid_out(words: Iterable[Word]) -> Line:
    placed: list[Word] = []
    start = 0
    for word in words:
        placed.append(Word(word.text, word.shown, word.bare, start))
        start += len(word.shown) + 1
    return Line(" ".join(word.shown for word in placed), tuple(placed))

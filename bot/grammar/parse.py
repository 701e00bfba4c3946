"""From a line to a command, or to the first mistake in it, from left to right. Total: no input raises.

What is missing is told last, at the end of the line; a flag may stand anywhere after the command (after
`plan`: after the strategy), `in ENV` anywhere after VERSION.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.grammar.command import Command, Help
from bot.grammar.flags import STRATEGIES, Flag
from bot.grammar.line import Line, Word, read_text, read_words
from bot.grammar.meaning import meaning
from bot.grammar.mistake import Mistake, brief
from bot.grammar.table import (
    BY_NAME,
    FLAG_BY_NAME,
    LEAVE,
    LOCATED,
    VERBS,
    Place,
    flags_of,
)
from bot.grammar.usage import usage
from bot.grammar.values import Wrong, duration, environment, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = {"--help", "-h", "-help"}
_ENVIRONMENT_FLAGS = {"--env", "--environment", "--namespace", "--ns", "-n", "-e"}


def parse(text: str) -> Command | Mistake:
    """The command in a text as Slack sends it or as somebody typed it; an empty one asks for help."""
    return _parse(read_text(text))


def parse_words(words: Sequence[str]) -> Command | Mistake:
    """The same from words that a shell has split already; a word with spaces is one value."""
    return _parse(read_words(words))


def _parse(line: Line | Mistake) -> Command | Mistake:
    if isinstance(line, Mistake):
        return replace(line, usage=line.usage or usage(line.line.partition(" ")[0].lower()))
    if not line.words:
        return Help(None)
    first, *rest = line.words
    if first.text.lower() in _HELP:
        return Help(None)
    verb = BY_NAME.get(first.text.lower())
    if verb is None:
        return _no_command(line, first)
    if verb.name == "help":
        return _help(line, rest)
    if verb.name == "plan":
        return _plan(line, rest)
    if verb.name == "queue" and rest and rest[0].bare and rest[0].text.lower() == "leave":
        reading = _Reading(line, "queue leave", "queue leave", list(LEAVE))
        return _command(reading, reading.command, reading.read(rest[1:]))
    reading = _Reading(line, verb.name, verb.name, list(verb.places))
    return _command(reading, verb.name, reading.read(rest))


def _no_command(line: Line, word: Word) -> Mistake:
    if word.is_flag:
        return Mistake(line.text, word.start, word.end, "A command comes first, then its flags.", usage(""))
    text = word.text.lower()
    meant = next((verb.name for verb in VERBS if text in verb.meant), None)
    near = f"Did you mean `{meant}`?" if meant else nearest(text, tuple(BY_NAME))
    return Mistake(
        line.text, word.start, word.end, f"There is no command {brief(word.text)}.", usage(""), near
    )


def _help(line: Line, rest: list[Word]) -> Command | Mistake:
    if not rest:
        return Help(None)
    if len(rest) > 1:
        return _at(line, rest[1], "help", "`help` takes one word.")
    text = rest[0].text.lower()
    if text in BY_NAME:
        return Help(BY_NAME[text].name)
    if text in _HELP:
        return Help("help")
    flag = text if text.startswith("-") else f"--{text}"
    if flag in FLAG_BY_NAME:
        return Help(flag)
    near = nearest(text, (*BY_NAME, *FLAG_BY_NAME))
    return _at(line, rest[0], "help", f"There is no help on {brief(text)}.", near)


def _plan(line: Line, rest: list[Word]) -> Command | Mistake:
    if rest and rest[0].text.lower() in _HELP:
        return Help("plan")
    verb = BY_NAME.get(rest[0].text.lower()) if rest else None
    if verb is not None and verb.name in STRATEGIES:
        reading = _Reading(line, f"plan {verb.name}", verb.name, list(verb.places))
        return _command(reading, "plan", reading.read(rest[1:]))
    what = "`plan` needs the strategy as its first word: `canary`, `bluegreen` or `rolling`."
    if not rest:
        return _missing(line, "plan", what)
    text = rest[0].text.lower()
    meant = next((name for name in STRATEGIES if text in BY_NAME[name].meant), None)
    return _at(
        line, rest[0], "plan", what, f"Did you mean `{meant}`?" if meant else nearest(text, STRATEGIES)
    )


@dataclass(slots=True)
class _Reading:
    """One pass over the words after the command: `values` by field grow, `places` shrink."""

    line: Line
    title: str  # `plan canary`
    command: str  # `canary`: whose flags fit
    places: list[Place]
    values: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, Word] = field(default_factory=dict)
    last: Word | None = None

    @property
    def releases(self) -> bool:
        return self.command in STRATEGIES

    def read(self, rest: Sequence[Word]) -> Mistake | Help | None:
        """The first mistake, a plea for help, or None when all is in `values`."""
        queue = deque(rest)
        while queue:
            word = queue.popleft()
            following = queue[0] if queue else None
            if word.is_flag and word.text.lower() in _HELP:
                return Help(self.command)
            if word.is_flag:
                wrong, took = self._flag(word, following)
            elif self._is_in(word):
                wrong, took = self._environment(word, following)
            else:
                wrong, took = self._word(word, following), False
            if wrong is not None:
                return wrong
            if took:
                queue.popleft()
            self.last = word
        return self._missing() or self._together()

    def _is_in(self, word: Word) -> bool:
        first = self.places[0] if self.places else None
        named = first is None or first.name != "SERVICE" or not first.required  # a service may be called `in`
        return self.command in LOCATED and named and word.bare and word.text.lower() == "in"

    def _environment(self, word: Word, following: Word | None) -> tuple[Mistake | None, bool]:
        if any(place.required for place in self.places):
            return self._at(word, "VERSION is missing before `in`."), False
        self.places.clear()
        if "environment" in self.values:
            return self._at(word, "The environment is said twice."), False
        if following is None or following.is_flag:
            return _missing(self.line, self.title, "After `in` comes an environment.", word), False
        read = environment(following.text)
        if isinstance(read, Wrong):
            return self._wrong(following, read), False
        self.values["environment"] = read
        return None, True

    def _word(self, word: Word, following: Word | None) -> Mistake | None:
        if not self.places:
            return self._too_many(word)
        place = self.places.pop(0)
        if self.places and not place.required and _is(self.places[0], word):
            # `samples 20`: a lone number is N; `samples 20 20` is for services named by digits
            lone = following is None or following.is_flag
            place = self.places.pop(0) if lone else place
        read = place.read(word.text)
        if isinstance(read, Wrong):
            return self._wrong(word, read)
        self.values[place.field] = read
        return None

    def _too_many(self, word: Word) -> Mistake:
        if self.last is not None and self.flags.get("--reason") == self.last:
            return self._at(word, "A reason of several words goes in quotes.", 'Write `--reason "…"`.')
        if self.releases and "environment" not in self.values:
            near = f"Did you mean {brief(f'in {word.text}')}?"
            return self._at(word, f"{brief(word.text)} is one word too many.", near)
        target = self.values.get("target")
        if target is not None and word.text.isascii() and word.text.isdigit():
            near = f"Did you mean {brief(f'{target}-{word.text}')}?"
            return self._at(word, "A release is one word.", near)
        return self._at(word, f"{brief(word.text)} is one word too many.")

    def _flag(self, word: Word, following: Word | None) -> tuple[Mistake | None, bool]:
        """The flag's value into `values`; whether the following word was its value."""
        name, equals, inline = word.text.partition("=")
        name = name.lower()
        named = replace(word, shown=word.shown.partition("=")[0])
        flag = FLAG_BY_NAME.get(name)
        if flag is None or self.command not in flag.takes:
            return self._no_flag(named, name, flag), False
        if name in self.flags:
            return self._at(named, f"`{name}` is said twice."), False
        self.flags[name] = word
        if flag.read is None:
            if equals:
                return self._at(word, f"`{name}` is a switch and takes no value."), False
            self.values[flag.field] = True
            return None, False
        value: Word | None
        if equals:
            value = replace(word, text=inline, shown=word.shown.partition("=")[2], start=named.end + 1)
        else:
            value = None if following is None or following.is_flag else following
        if value is None or not value.shown:
            return self._at(named, f"`{name}` needs a value: `{flag.shown}`."), False
        read = flag.read(value.text)
        if isinstance(read, Wrong):
            return self._wrong(value, read), False
        self.values[flag.field] = read
        return None, not equals

    def _no_flag(self, word: Word, name: str, flag: Flag | None) -> Mistake:
        if flag is not None:
            takers = ", ".join(f"`{taker}`" for taker in flag.takes)
            return self._at(word, f"`{name}` goes with {takers}; `{self.command}` does not take it.")
        what = f"`{self.command}` has no flag {brief(name)}."
        if name in _ENVIRONMENT_FLAGS and self.releases:
            return self._at(word, what, "The environment is written `in ENV`.")
        own = tuple(known for known in flags_of(self.command) if known.name not in self.flags)
        meant = next((known.name for known in own if name in known.meant), None)
        near = f"Did you mean `{meant}`?" if meant else nearest(name, tuple(known.name for known in own))
        return self._at(word, what, near)

    def _missing(self) -> Mistake | None:
        missing = next((place for place in self.places if place.required), None)
        return _missing(self.line, self.title, f"{missing.name} is missing.") if missing else None

    def _together(self) -> Mistake | None:
        """What each flag says alone is right; what two of them say together may not be."""
        if "queue" in self.values and self.title.startswith("plan "):
            return self._at(self.flags["--queue"], "`plan` only looks, so it waits for nobody.")
        if self.command == "freeze" and "for" in self.values and "reason" not in self.values:
            return _missing(self.line, self.title, 'A freeze needs a reason: `--reason "…"`.')
        if self.command == "freeze" and "reason" in self.values and "environment" not in self.values:
            return _missing(self.line, self.title, "ENV is missing: what shall be frozen?")
        if "auto" in self.values and "ask" in self.values:
            later = max(self.flags["--auto"], self.flags["--ask"], key=lambda word: word.start)
            return self._at(later, "`--auto` and `--ask` contradict each other.")
        if "steps" in self.values and "ratio" in self.values:
            later = max(self.flags["--steps"], self.flags["--ratio"], key=lambda word: word.start)
            return self._at(later, "`--steps` and `--ratio` both say the shares; one of them is enough.")
        if {self.values.get(name, "1") for name in ("surge", "unavailable")} <= {"0", "0%"}:
            later = max(self.flags["--surge"], self.flags["--unavailable"], key=lambda word: word.start)
            return self._at(later, "With `--surge` and `--unavailable` both 0 no pod could ever be replaced.")
        return None

    def _wrong(self, word: Word, wrong: Wrong) -> Mistake:
        start, end = word.start, word.end
        if wrong.at is not None and word.shown == word.text:
            start, end = start + wrong.at[0], start + wrong.at[1]
        return Mistake(self.line.text, start, end, wrong.what, usage(self.title), wrong.suggestion)

    def _at(self, word: Word, what: str, suggestion: str = "") -> Mistake:
        return _at(self.line, word, self.title, what, suggestion)


def _is(place: Place, word: Word) -> bool:
    """Whether a word is meant for this place rather than for the one before it, which may be left out."""
    if place.name == "N":
        return word.text.isascii() and word.text.isdigit()
    return place.name == "TIME" and not isinstance(duration(word.text), Wrong)


def _command(reading: _Reading, verb: str, stopped: Mistake | Help | None) -> Command | Mistake:
    if stopped is not None:
        return stopped
    if verb == "lock" and "reason" not in reading.values:
        return _missing(reading.line, verb, '`lock` needs a reason: `--reason "…"`.')
    return meaning(verb, reading.command, reading.values)


def _at(line: Line, word: Word, title: str, what: str, suggestion: str = "") -> Mistake:
    return Mistake(line.text, word.start, word.end, what, usage(title), suggestion)


def _missing(line: Line, title: str, what: str, after: Word | None = None) -> Mistake:
    """At the end of the line, or right after a word."""
    start = after.end + 1 if after else len(line.text) + 1
    return Mistake(line.text, start, start + 1, what, usage(title))

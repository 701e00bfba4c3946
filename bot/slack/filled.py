"""What a person filled in, as a request for a release, or what is wrong at which field. Pure.

The grammar's own readers and sentences; what fields say together is read once more as the line that says the same, so
nothing can be asked by the form that could not be typed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.grammar import values
from bot.grammar.canonical import line
from bot.grammar.command import Start
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse
from bot.grammar.table import FLAG_BY_NAME
from bot.grammar.values import Wrong
from bot.slack import form_words
from bot.slack.form import PREFIX
from strategies.spec import ReleaseSpec, Strategy

Reader: TypeAlias = Callable[[str], Any]
NEEDED = ("service", "environment", "version", "strategy", "channel")
_READERS: dict[str, Reader] = {
    "service": values.service,
    "environment": values.environment,
    "version": values.version,
    "strategy": values.one_of(*(s.value for s in Strategy)),
    "channel": str,
    "more": str,
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A request, and the channel where its card goes."""

    spec: ReleaseSpec
    channel: str


Errors: TypeAlias = dict[str, str]  # by block_id, as Slack wants them


def said(view: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By field: its block, and what stands in it."""
    return {name: (block, text) for name, block, text in _fields(view)}


def read(view: dict[str, Any]) -> Filled | Errors:
    """The request, or every field's own error."""
    fields = said(view)
    found: dict[str, Any] = {}
    errors: Errors = {}
    for name, (block, text) in fields.items():
        if not text:
            continue
        value = _reader(name)(text.replace(" ", "") if name == "steps" else text)
        if isinstance(value, Wrong):
            errors[block] = _sentence(value)
        else:
            found[name] = value
    for name in NEEDED:
        if name not in found and fields.get(name, ("", ""))[0] not in errors:
            errors[fields.get(name, (name, ""))[0]] = form_words.missing(name)
    return errors or _together(fields, found)


def _together(fields: dict[str, tuple[str, str]], found: dict[str, Any]) -> Filled | Errors:
    """As one line."""
    channel, more = str(found.pop("channel")), str(found.pop("more", ""))
    if more and not more.lstrip().startswith(("-", "–", "—")):
        return {fields["more"][0]: form_words.not_flags()}
    command = parse(f"{line(ReleaseSpec.model_validate(found))} {more}".strip())
    if isinstance(command, Start):
        return Filled(command.spec, channel)
    where = "more" if more else "reason" if fields.get("reason", ("", ""))[1] else "service"
    wrong = str(command).replace("`", "") if isinstance(command, Mistake) else form_words.not_flags()
    return {fields[where][0]: wrong}


def _reader(name: str) -> Reader:
    flag = FLAG_BY_NAME.get("--" + name.replace("_", "-"))
    return flag.read if flag is not None and flag.read is not None else _READERS[name]


def _sentence(wrong: Wrong) -> str:
    """Plain text: Slack shows no markup there."""
    return f"{wrong.what} {wrong.suggestion}".strip().replace("`", "")


def _fields(view: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for block, actions in ((view.get("state") or {}).get("values") or {}).items():
        for action, holds in actions.items():
            option = (holds.get("selected_option") or {}).get("value")
            text = option or holds.get("value") or holds.get("selected_conversation") or ""
            name = action.removeprefix(PREFIX)
            if name in form_words.LABELS:  # a field of another version says nothing to this one
                yield name, block, str(text).strip()

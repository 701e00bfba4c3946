"""A YAML or JSON text as plain values, with the line and column of every field; and model errors told at them.

Scalars are read as in YAML 1.2's core schema (`on` and `yes` are words, `1:30` is a text), because people who write
a version or a header mean what they typed; under `headers` every scalar stays the text it is. What could be read in
two ways is an error: a key said twice, merge keys, tags. Nothing here does I/O or raises on any text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

Path = tuple[str | int, ...]
MOST_NODES = 20_000  # an alias of aliases could otherwise be a million fields in ten lines
DEEPEST = 40
LONGEST = 1 << 20  # characters
_TEXTS = {"headers"}  # under these names every scalar is a text
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value", "merge")
}


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the field (`services.k8sdemo.probe.timeout`, empty for the whole), what, and what to write."""

    field: str
    what: str
    remedy: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        named = f"{self.field}: " if self.field else ""
        return f"{named}{self.what} {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says. `keys` has the place of each field's name, `values` of what stands there."""

    value: Any
    keys: Mapping[Path, Place]
    values: Mapping[Path, Place]

    def at(self, path: Path, *, key: bool = False) -> Place | None:
        """Where a field is; where there is none, the nearest thing around it."""
        if key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return None


class _Wrong(Exception):
    """Ends the reading; never leaves this module."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def read(text: str) -> Document | Fault:
    """The values of a text; an empty one is an empty mapping."""
    if len(text) > LONGEST:
        return Fault("", f"It is longer than {LONGEST >> 20} MiB.")
    try:
        node = yaml.compose(_untabbed(text), Loader=yaml.SafeLoader)
        reading = _Reading()
        value = {} if node is None else reading.value(node, ())
    except _Wrong as e:
        return e.fault
    except yaml.MarkedYAMLError as e:
        return Fault("", _syntax(e), place=_place(e.problem_mark) if e.problem_mark else None)
    except (yaml.YAMLError, RecursionError) as e:
        return Fault(
            "", f"It cannot be read: {'it nests too deep' if isinstance(e, RecursionError) else _first(e)}."
        )
    return Document(value, reading.keys, reading.values)


def _untabbed(text: str) -> str:
    """JSON may be indented with tabs and YAML may not; in valid JSON no tab stands within a string."""
    if "\t" not in text or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = (error.problem or "it is no YAML").replace("\t", "tab")
    if "cannot start any token" in problem and "\\t" in problem:
        return "A tab cannot indent YAML; use spaces."
    context = f" {error.context}" if error.context else ""
    return f"This is no YAML: {problem}{context}."


def _first(error: yaml.YAMLError) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


@dataclass(slots=True)
class _Reading:
    """One walk over the nodes, writing down where each thing is."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    nodes: int = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        here = _place(node.start_mark)
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            raise _Wrong(Fault("", "It holds too much, or refers to itself.", place=here))
        self.values[path] = here
        if node.tag not in _TAGS:
            raise _Wrong(Fault(dotted(path), f"The tag `{node.tag}` is not read.", "Leave it out.", here))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        raise _Wrong(Fault(dotted(path), "It cannot be read.", place=here))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            here = _place(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                raise _Wrong(Fault(dotted(path), "A name must be one word.", place=here))
            name = _whole(str(key.value))
            if name == "<<":
                what, remedy = "Merge keys (`<<`) are not read.", "Write the fields out, or use an alias."
                raise _Wrong(Fault(dotted(path), what, remedy, here))
            if name in found:
                before = self.keys[(*path, name)]
                what = f"`{name}` is said twice, here and in line {before.line}."
                raise _Wrong(Fault(dotted((*path, name)), what, "Keep one of them.", here))
            self.keys[(*path, name)] = here
            found[name] = self.value(value, (*path, name))
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = _whole(str(node.value))
        if node.style is not None or any(part in _TEXTS for part in path[:-1]):
            return text
        return plain(text)


def _whole(text: str) -> str:
    """With the halves of a character joined: JSON may write one beyond the first plane as two escapes."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(text: str) -> Any:
    """An unquoted scalar's value: null, true, false, a number, or the text itself.

    >>> plain("on"), plain("1:30"), plain("true"), plain("0.5"), plain("10m")
    ('on', '1:30', True, 0.5, '10m')
    """
    lowered = text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def dotted(path: Path) -> str:
    """A path as people write it.

    >>> dotted(("services", "k8sdemo", "steps", 0))
    'services.k8sdemo.steps[0]'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def faults(error: ValidationError, model: type[BaseModel], document: Document) -> tuple[Fault, ...]:
    """Each error of a model as a sentence at its line, in the order of the text."""
    found = [_fault(details, model, document) for details in error.errors(include_url=False)]
    return tuple(sorted(found, key=lambda f: (f.place.line, f.place.column) if f.place else (0, 0)))


def _fault(details: Any, model: type[BaseModel], document: Document) -> Fault:
    path = _written(tuple(p for p in details["loc"] if p != "[key]"), document)
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    unknown = kind == "extra_forbidden"
    place = document.at(path, key=unknown or "[key]" in details["loc"])
    if unknown:
        names = _fields(model, path[:-1])
        near = get_close_matches(str(path[-1]), names, n=1)
        remedy = f"Did you mean `{near[0]}`?" if near else f"Known here: {', '.join(names)}."
        return Fault(dotted(path), f"There is no field `{path[-1]}`.", remedy, place)
    if kind == "missing":
        return Fault(dotted(path), f"`{path[-1]}` is missing.", place=place)
    what, remedy = _sentence(kind, given, context, details["msg"])
    return Fault(dotted(path), what, remedy, place)


def _written(loc: Path, document: Document) -> Path:
    """A place in a model as it was written: where one thing may stand without a list around it, it has no number."""
    path: Path = ()
    for part in loc:
        if not (isinstance(part, int) and (*path, part) not in document.values and path in document.values):
            path = (*path, part)
    return path


def _sentence(kind: str, given: Any, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    shown = f"`{_shown(given)}`"
    match kind:
        case "value_error":
            said = str(context.get("error", message)).strip()
            return said if said.endswith((".", "?", "!")) else f"{said}.", ""
        case "string_type":
            return f"{shown} is no text.", f'Write it in quotes: "{_shown(given)}".' if _scalar(given) else ""
        case "enum" | "literal_error":
            names = [name.strip("' ") for name in re.split(r",| or ", str(context["expected"]))]
            near = get_close_matches(str(given).lower(), names, n=1)
            remedy = f"Did you mean `{near[0]}`?" if near else ""
            return f"{shown} is none of {', '.join(f'`{n}`' for n in names)}.", remedy
        case "int_type" | "int_parsing" | "int_from_float":
            return f"{shown} is no whole number.", ""
        case "float_type" | "float_parsing":
            return f"{shown} is no number.", ""
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{shown} is no mapping of fields.", "Write `name: value`, one field a line."
        case "too_short":
            return "It is empty; at least one is needed.", ""
        case "tuple_type" | "list_type":
            return f"{shown} is no list.", "Write `[one, two]`."
        case _:
            bounds = message[0].lower() + message[1:] if message else "it is wrong"
            return f"{shown} does not fit: {bounds.replace('input ', '')}.", ""


def _shown(given: Any) -> str:
    text = "null" if given is None else str(given).lower() if isinstance(given, bool) else str(given)
    text = "".join(c if c.isprintable() else " " for c in text).replace("`", "'")
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 — what fits a line beside the sentence


def _scalar(given: Any) -> bool:
    return isinstance(given, str | int | float)


def _fields(model: type[BaseModel], path: Path) -> list[str]:
    """The names that a model knows at a path."""
    here: type[BaseModel] | None = model
    through: Any = None
    for part in path:
        if here is None:
            here = _model(through)
            continue
        info = next((f for n, f in here.model_fields.items() if part in (n, f.alias)), None)
        through = info.annotation if info else None
        here = None if _is_mapping(through) else _model(through)
    if here is None:
        here = _model(through)
    return [f.alias or n for n, f in here.model_fields.items()] if here else []


def _is_mapping(annotation: Any) -> bool:
    return any(getattr(a, "__origin__", None) in (dict, Mapping) for a in (annotation, *get_args(annotation)))


def _model(annotation: Any) -> type[BaseModel] | None:
    return next((a for a in _inside(annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None)


def _inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _inside(part)

"""The tables of docs/reference.md as data, so that what is documented and what is done are compared."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference.md"
What = Literal["handled", "advised", "refused", "held"]


@dataclass(frozen=True, slots=True)
class Row:
    """One condition: what happens, the code it is told under, and the words that are never missing."""

    condition: str
    what: str
    code: str
    words: str


def section(title: str) -> str:
    """The text under one heading, up to the next of the same rank."""
    text = REFERENCE.read_text()
    mark = f"\n## {title}\n"
    assert mark in text, f"docs/reference.md has no section {title!r}"
    return text.partition(mark)[2].partition("\n## ")[0].strip() + "\n"


def cells(title: str) -> list[tuple[str, ...]]:
    """A section's first table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [tuple(c.strip() for c in line.strip("|").split(" | ")) for line in lines[2:]]


def conditions() -> list[Row]:
    """The table of conditions."""
    return [
        Row(condition, what, code.strip("`"), words) for condition, what, code, words in cells("Conditions")
    ]


def codes() -> set[str]:
    """Every code that planning and deciding can give, read from the source."""
    found = set(_codes((ROOT / "strategies").rglob("*.py")))
    return found | set(_codes(ROOT / name for name in ("bot/cluster/reviews.py", "bot/engine/planning.py")))


def _codes(files: Iterator[Path]) -> Iterator[str]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            yield from (
                str(k.value.value)
                for k in node.keywords
                if k.arg == "code" and isinstance(k.value, ast.Constant)
            )
            if node.func.id in ("Trouble", "Stuck") and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def commands() -> str:
    """The section of commands and flags, as the grammar has them."""
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| `{usage_line(verb.name)}` | {verb.help} |" for verb in table.VERBS]
    lines += ["", "| flag | for | what it says | without it |", "|---|---|---|---|"]
    lines += [
        f"| `{_escaped(flag.shown)}` | {', '.join(flag.takes)} | {flag.help} | {flag.default or '–'} |"
        for flag in table.FLAGS
        if not flag.coming
    ]
    return "\n".join(lines) + "\n"


def usage_line(name: str) -> str:
    """A command and its words."""
    verb = table.BY_NAME[name]
    return " ".join((name, *(_escaped(place.shown) for place in verb.places)))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def intents() -> str:
    """The section of states and intents, as a release knows them."""
    lines = ["| state | intents |", "|---|---|"]
    for state, offered in allowed().items():
        lines.append(f"| {state} | {', '.join(offered) or '–'} |")
    return "\n".join(lines) + "\n"


def environment() -> str:
    """The section of the process's environment, as its settings say."""
    lines = ["| variable | what it is |", "|---|---|"]
    for field in Settings.model_fields.values():
        lines.append(f"| `{field.validation_alias}` | {field.description} |")
    return "\n".join(lines) + "\n"


def write() -> None:
    """Put the generated sections into the page: `python -m tests.unit.table`."""
    text = REFERENCE.read_text()
    for title, made in (
        ("Commands and flags", commands()),
        ("States and intents", intents()),
        ("Environment", environment()),
    ):
        old = section(title)
        text = text.replace(old, _merged(old, made))
    REFERENCE.write_text(text)


def _merged(old: str, made: str) -> str:
    """Prose before the first table stays."""
    prose = old.partition("|")[0].rstrip()
    return (f"{prose}\n\n" if prose else "") + made


if __name__ == "__main__":
    write()

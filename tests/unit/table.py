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

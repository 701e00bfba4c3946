"""Decides what can be read on a block, as plain lines: for transcripts, and for tests that look for words.

Invariant: controls say nothing here; a kind without words yields nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bot.playground.slack.schema import Json


def lines(block: Json) -> Iterator[str]:
    """The words of one block without its controls, a line each."""
    reader = _READERS.get(str(block.get("type")))
    if reader is not None:
        yield from reader(block)


def _said(words: Any) -> Iterator[str]:
    if isinstance(words, dict):
        yield from str(words.get("text") or words.get("alt_text") or "").split("\n")


def _section(block: Json) -> Iterator[str]:
    for part in [block.get("text"), *(block.get("fields") or [])]:
        yield from _said(part)


def _context(block: Json) -> Iterator[str]:
    yield "  ".join(line for part in block.get("elements") or [] for line in _said(part))


def _container(block: Json) -> Iterator[str]:
    yield from _said(block.get("title"))
    yield from _said(block.get("subtitle"))
    for child in block.get("child_blocks") or []:
        yield from lines(child)


def _table(block: Json) -> Iterator[str]:
    for row in block.get("rows") or []:
        yield " | ".join(_cell(cell) for cell in row)


def _cell(cell: Json) -> str:
    if cell.get("type") == "rich_text":
        return _rich(cell)
    return str(cell.get("text", cell.get("value", "")))


def _rich(value: Json) -> str:
    if "elements" not in value:
        plain = value.get("text") or value.get("fallback") or value.get("url") or value.get("name")
        return str(plain or value.get("user_id") or "")
    between = "" if value.get("type") in {"rich_text_section", "rich_text_quote"} else "\n"
    return between.join(_rich(inner) for inner in value["elements"])


def _chart(block: Json) -> Iterator[str]:
    yield str(block.get("title", ""))
    chart = block.get("chart") or {}
    for segment in chart.get("segments") or []:
        yield f"{segment['label']}: {segment['value']}"
    for series in chart.get("series") or []:
        yield f"{series['name']}: " + ", ".join(f"{one['label']} {one['value']}" for one in series["data"])


_READERS: Final[Mapping[str, Callable[[Json], Iterator[str]]]] = {
    "section": _section,
    "context": _context,
    "header": lambda block: _said(block.get("text")),
    "markdown": lambda block: iter(str(block.get("text", "")).split("\n")),
    "divider": lambda _: iter(["———"]),
    "table": _table,
    "data_visualization": _chart,
    "container": _container,
    "rich_text": lambda block: iter(_rich(block).split("\n")),
    "image": lambda block: iter([f"({block.get('alt_text', '')})"]),
    "input": lambda block: _said(block.get("label")),
}

"""Decides whether tables and charts are valid.

Limits: Slack's Block Kit reference, "Table block" (100 rows of 20 cells) and "Data visualization block"
(pie: 1-6 segments; bar, area and line: 1-6 series of 1-20 points whose labels are the axis' categories).
"""

from collections.abc import Iterator
from typing import Any

from bot.playground.slack.rich_text import RICH_TEXT_BODY
from bot.playground.slack.schema import (
    Check,
    Shape,
    boolean,
    choice,
    fault,
    items,
    number,
    tagged,
    text,
)

BLOCK_ID = text(255)
_LABEL = text(20)

_CELL = tagged(
    {
        "raw_text": Shape({"text": text(3000)}, ("text",)),
        "raw_number": Shape({"value": number(), "text": text(3000)}, ("value",)),
        "rich_text": Shape({**RICH_TEXT_BODY, "block_id": BLOCK_ID}, ("elements",)),
    }
)
_COLUMN = Shape({"align": choice("left", "center", "right"), "is_wrapped": boolean})


def _column(value: Any, at: str) -> Iterator[str]:
    if value is not None:  # Slack takes null for "as it comes"
        yield from _COLUMN(value, at)


TABLE = Shape(
    {
        "rows": items(items(_CELL, 20), 100),
        "column_settings": items(_column, 20, 0),
        "block_id": BLOCK_ID,
    },
    ("rows",),
)

_AXIS = Shape(
    {"categories": items(_LABEL, 20), "x_label": text(50), "y_label": text(50)},
    ("categories",),
)
_POINT = Shape({"label": _LABEL, "value": number()}, ("label", "value"))
_SERIES = Shape({"name": _LABEL, "data": items(_POINT, 20)}, ("name", "data"))


def _labels_are_categories(chart: Any, at: str) -> Iterator[str]:
    axis, series = chart.get("axis_config"), chart.get("series")
    if not isinstance(axis, dict) or not isinstance(series, list):
        return  # the shape has complained already
    names = [one.get("name") for one in series if isinstance(one, dict)]
    if len(set(map(str, names))) != len(names):
        yield fault("series names must be unique", f"{at}/series")
    for index, one in enumerate(series):
        points = one.get("data") if isinstance(one, dict) else None
        if not isinstance(points, list):
            continue
        labels = [point.get("label") for point in points if isinstance(point, dict)]
        if labels != axis.get("categories"):
            yield fault("data labels must match axis_config.categories", f"{at}/series/{index}/data")


def _axes() -> Check:
    return Shape(
        {"series": items(_SERIES, 6), "axis_config": _AXIS},
        ("series", "axis_config"),
        (_labels_are_categories,),
    )


_PIE = Shape(
    {"segments": items(Shape({"label": _LABEL, "value": number(0)}, ("label", "value")), 6)}, ("segments",)
)
DATA_VISUALIZATION = Shape(
    {
        "title": text(50),
        "chart": tagged({"pie": _PIE, "bar": _axes(), "area": _axes(), "line": _axes()}),
        "block_id": BLOCK_ID,
    },
    ("title", "chart"),
)

"""The drawing itself: a `Picture` as JSON on stdin, a PNG on stdout. Runs in a process of its own, and imports matplotlib.

On white, whatever the reader's theme: Slack shows a picture as it is. Decisions are numbered where they were made and
told in the list below, so that no two labels can lie on each other.
"""

import os
import sys
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from strategies.picture import Dot, Latency, Mark, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, GRID = "#1d1c1d", "#616061", "#e4e4e4"
NEW, OLD, ASKED = "#0b6e99", "#8a8d91", "#1d1c1d"
GOOD, BAD, DOUBT = "#148567", "#c8102e", "#b26b00"
COLOURS = {
    "rolling-back": BAD, "rolled-back": BAD, "failed": BAD, "stuck": BAD,
    "held": DOUBT, "deadline": DOUBT, "foreign": DOUBT,
    "promoted-on": GOOD, "promoted": GOOD, "approved": GOOD,
}  # fmt: skip
VERDICTS = {"proven": (GOOD, "o", "proven"), "failed": (BAD, "X", "not proven"), "unproven": (DOUBT, "D", "not provable"), "seen": (NEW, ".", "looks")}  # fmt: skip
WIDE, DPI = 9.6, 150  # inches; 1440 pixels, as wide as Slack shows
NUMBERS = 126  # percent: where the uppermost of them stand
ROWS = 3  # rows of numbers above the share, so that those close together stand apart
TICKS = (
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
    21600,
    43200,
    86400,
    172800,
)  # seconds
MOST_TICKS = 9
MINUTES, HOURS = 120, 7200  # seconds of a release from which on its axis counts in these
STYLE: Any = {  # matplotlib types each of its 300 keys

    "font.family": "DejaVu Sans", "font.size": 9.5, "text.color": INK, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "xtick.color": FAINT, "ytick.color": FAINT, "axes.spines.top": False, "axes.spines.right": False,
    "text.parse_math": False,
}  # fmt: skip


def png(picture: Picture) -> bytes:
    """The picture drawn."""
    with rc_context(STYLE):
        fast = bool(picture.fast_old or picture.fast_new)
        lines = (len(picture.marks) + 1) // 2
        tall = (3.3 if fast else 0.0) + 3.2 + 1.25 + 0.21 * lines
        figure = Figure(figsize=(WIDE, tall), facecolor="white")
        FigureCanvasAgg(figure)
        top, bottom, left, right = 1 - 1.02 / tall, (0.62 + 0.21 * lines) / tall, 0.078, 0.985
        grid = {"top": top, "bottom": bottom, "left": left, "right": right, "hspace": 0.17}
        ratios = [3.2, 2.1] if fast else [1]
        axes = figure.subplots(
            len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios, gridspec_kw=grid
        )
        panels: list[Axes] = [row[0] for row in axes]
        figure.text(0.014, 1 - 0.13 / tall, _shown(picture.title), size=13, weight="bold", va="top")
        figure.text(0.014, 1 - 0.40 / tall, _shown(picture.receipt), size=9, color=FAINT, va="top")
        _share(panels[0], picture)
        if fast:
            _latency(panels[1], picture)
        figure.align_ylabels(panels)
        _time(panels[-1], picture)
        _decisions(figure, panels, picture, tall)
        out = BytesIO()
        figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None, "Title": picture.title})
        return out.getvalue()


def _share(axis: "Axes", picture: Picture) -> None:
    """What was asked as steps, what was measured as dots with their intervals, and a band where looks follow each other."""
    asked = [*picture.asked, (picture.end, picture.asked[-1][1])]
    axis.step(
        [x for x, _ in asked],
        [y for _, y in asked],
        where="post",
        color=ASKED,
        lw=1.6,
        label="asked",
        zorder=3,
    )
    for run in _runs(picture.dots):
        xs = [d.at for d in run]
        axis.fill_between(
            xs, [d.low for d in run], [d.high for d in run], color=NEW, alpha=0.16, lw=0, zorder=1
        )
        axis.plot(xs, [d.share for d in run], color=NEW, lw=0.9, alpha=0.7, zorder=2)
    for verdict, (colour, shape, said) in VERDICTS.items():
        dots = [d for d in picture.dots if d.verdict == verdict]
        if not dots:
            continue
        shares = [d.share for d in dots]
        spread = [[d.share - d.low for d in dots], [d.high - d.share for d in dots]]
        small = verdict == "seen"
        axis.errorbar(
            [d.at for d in dots], shares, spread, fmt=shape, color=colour, ms=4 if small else 7, capsize=0 if small else 3.5,
            elinewidth=0.8 if small else 1.5, label=f"measured, {said}" if small else f"measured (95 %), {said}", zorder=4,
        )  # fmt: skip
    axis.set_ylim(-4, NUMBERS + 6)
    axis.set_yticks([0, 25, 50, 75, 100])
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.0f} %"))
    axis.set_ylabel(f"users who get {_shown(picture.new)[:24]}")
    _dressed(axis)


def _latency(axis: "Axes", picture: Picture) -> None:
    """Both versions: the median solid, the slowest twentieth dashed."""
    sides = ((picture.old, picture.fast_old, OLD), (picture.new, picture.fast_new, NEW))
    for version, seen, colour in sides:
        _line(axis, seen, colour, _shown(version)[:24])
    highest = max((s.p95 for _, seen, _ in sides for s in seen), default=1.0)
    axis.set_ylim(0, max(highest, 0.1) * 1.12)
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_ylabel("latency, ms")
    _dressed(axis)


def _line(axis: "Axes", seen: tuple[Latency, ...], colour: str, version: str) -> None:
    if not seen:
        return
    xs = [s.at for s in seen]
    axis.plot(xs, [s.p50 for s in seen], "-o", color=colour, lw=1.5, ms=4, label=f"{version} p50")
    axis.plot(xs, [s.p95 for s in seen], "--^", color=colour, lw=1.2, ms=4.5, label=f"{version} p95")


def _dressed(axis: "Axes") -> None:
    """Grid below everything, and the legend above the panel's right edge, where no line runs."""
    axis.grid(axis="y", color=GRID, lw=0.8)
    axis.set_axisbelow(True)
    axis.yaxis.label.set_fontsize(9)
    axis.legend(
        loc="lower right", bbox_to_anchor=(1.0, 0.995), ncols=6, frameon=False, fontsize=8, handlelength=1.8,
        columnspacing=1.2, borderaxespad=0.1,
    )  # fmt: skip


def _time(axis: "Axes", picture: Picture) -> None:
    span = max(picture.end, 1.0)
    axis.set_xlim(-0.015 * span, 1.015 * span)
    apart = next((s for s in TICKS if span / s <= MOST_TICKS), TICKS[-1])
    axis.xaxis.set_major_locator(MultipleLocator(apart))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _elapsed(x, span)))
    shown = ", in minutes" if MINUTES <= span < HOURS else ""
    axis.set_xlabel(f"since the start at {picture.begun:%Y-%m-%d %H:%M:%S} UTC{shown}", size=9, color=FAINT)


def _elapsed(seconds: float, span: float) -> str:
    """`12 s`; from two minutes on `3:20`, from two hours on `2:05 h`."""
    if seconds < 0:
        return ""
    if span < MINUTES:
        return f"{seconds:.10g} s"
    minutes, rest = divmod(round(seconds), 60)
    if span < HOURS:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _decisions(figure: Figure, panels: "list[Axes]", picture: Picture, tall: float) -> None:
    """A line through all panels and a number for each, and the list of what the numbers mean."""
    span, last = max(picture.end, 1.0), [-1e9] * ROWS
    for number, mark in enumerate(picture.marks, 1):
        colour = COLOURS.get(mark.kind, FAINT)
        for axis in panels:
            axis.axvline(mark.at, color=colour, lw=0.9, ls=(0, (2, 2)), zorder=0)
        row = next((r for r in range(ROWS) if mark.at - last[r] > 0.024 * span), None)
        row = row if row is not None else min(range(ROWS), key=last.__getitem__)
        last[row] = mark.at
        panels[0].text(
            mark.at, NUMBERS - 9 * row, str(number), color="white", size=7.5, weight="bold", ha="center", va="center", zorder=6,
            bbox={"boxstyle": "circle,pad=0.22", "fc": colour, "ec": "white", "lw": 0.8},
        )  # fmt: skip
    rows = (len(picture.marks) + 1) // 2
    for index, mark in enumerate(picture.marks):
        x, y = (0.03, 0.515)[index >= rows], (0.16 + 0.21 * (rows - 1 - index % rows)) / tall
        _listed(figure, x, y, index + 1, mark, picture)


def _listed(figure: Figure, x: float, y: float, number: int, mark: Mark, picture: Picture) -> None:
    colour = COLOURS.get(mark.kind, FAINT)
    figure.text(
        x, y, str(number), color="white", size=7, weight="bold", ha="center", va="center",
        bbox={"boxstyle": "circle,pad=0.2", "fc": colour, "ec": colour},
    )  # fmt: skip
    when = picture.begun + timedelta(seconds=mark.at)
    figure.text(x + 0.016, y, f"{when:%H:%M:%S}  {_shown(mark.label)}", size=8.5, va="center")


def _runs(dots: tuple[Dot, ...]) -> list[list[Dot]]:
    """Measurements that follow each other under one asked share."""
    runs: list[list[Dot]] = []
    for dot in dots:
        if runs and runs[-1][-1].asked == dot.asked:
            runs[-1].append(dot)
        else:
            runs.append([dot])
    return [run for run in runs if len(run) > 1]


def _shown(text: str) -> str:
    """Text that the font can draw; what it cannot is a question mark, never an empty box."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    return "".join(c if font.get_char_index(ord(c)) else "?" for c in text if c.isprintable())


def main() -> None:
    """From stdin to stdout, after everybody else."""
    os.nice(10)
    picture = Picture.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.buffer.write(png(picture))


if __name__ == "__main__":
    main()

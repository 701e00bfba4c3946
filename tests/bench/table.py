"""One table for people: what it was, both sides, the ratio or the number, and what was wished for."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

HEAD = ("what", "bare", "Graylight", "ratio", "target", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `limit` is of the ratio where there is a bare side, else of the number itself."""

    what: str
    ours: float
    limit: float
    unit: str
    bare: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to bare."""
        return self.ours / self.bare if self.bare else None

    @property
    def fine(self) -> bool:
        """Whether the target is met."""
        return (self.ours if self.ratio is None else self.ratio) <= self.limit

    def cells(self) -> tuple[str, ...]:
        """As shown."""
        ratio = self.ratio
        return (
            self.what,
            "–" if self.bare is None else _shown(self.bare, self.unit),
            _shown(self.ours, self.unit),
            "–" if ratio is None else f"{ratio:.2f}",
            f"≤ {self.limit:g}" if ratio is not None else f"≤ {_shown(self.limit, self.unit)}",
            "ok" if self.fine else "OVER",
        )


@dataclass(frozen=True, slots=True)
class Beyond(Row):
    """A row whose limit is of what one side takes more than the other, in seconds."""

    @property
    def more(self) -> float:
        """Ours less bare."""
        return self.ours - (self.bare or 0.0)

    @property
    def fine(self) -> bool:
        """Whether the target is met."""
        return self.more <= self.limit

    def cells(self) -> tuple[str, ...]:
        """As shown."""
        bare, ours = _shown(self.bare or 0.0, "s"), _shown(self.ours, "s")
        return (
            self.what,
            bare,
            ours,
            f"{self.more:+.2f} s",
            f"≤ +{self.limit:g} s",
            "ok" if self.fine else "OVER",
        )


def beyond(what: str, bare: list[float], ours: list[float], limit: float) -> Row:
    """A row of seconds by both sides, of which ours may take so many more."""
    return Beyond(what, median(ours), limit, "s", median(bare))


def compared(what: str, bare: list[float], ours: list[float], limit: float) -> Row:
    """A row of seconds by both sides."""
    return Row(what, median(ours), limit, "s", median(bare))


def counted(what: str, found: Iterable[float], limit: float, unit: str = "") -> Row:
    """A row without a bare side."""
    return Row(what, median(found), limit, unit)


def table(rows: Iterable[Row]) -> str:
    """All of it."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    written = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    ]
    return "\n".join([written[0], "  ".join("─" * w for w in widths), *written[1:]])


def _shown(number: float, unit: str) -> str:
    match unit:
        case "s":
            return f"{number * 1000:.0f} ms" if number < 1 else f"{number:.2f} s"
        case "MiB":
            return f"{number:.0f} MiB"
        case "/s":
            return f"{number:g} /s"
        case _:
            return f"{number:g}"

"""What one-shot commands show: the releases that run, one in full, a service's history, samples side by side."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.cli import progress
from bot.cli.plain import clean, line
from bot.cli.screen import styled
from strategies import measures
from strategies.contrast import contrast
from strategies.interval import wilson
from strategies.receipt import receipt
from strategies.words import who

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bot.ports import Looked
    from strategies.release import Release
    from strategies.samples import Side

_SHOWN_EVENTS = 8


def running(releases: "Sequence[Release]", now: datetime | None = None) -> "RenderableType":
    """One line for each release that has not ended."""
    table = _table("release", "versions", "state", "step", "due")
    for one in releases:
        table.add_row(
            one.id,
            _versions(one),
            progress.state(one),
            f"{one.stage}/{len(one.plan.stages)}",
            progress.due(one, now or datetime.now(UTC)),
        )
        if one.reason:
            table.add_row("", Text(line(one.reason), "dim"))
    return table


def one(release: "Release", now: datetime | None = None) -> "RenderableType":
    """One release: its panel, the end of its log, and what may be done."""
    shown = release.events[-_SHOWN_EVENTS:]
    parts: list[RenderableType] = [progress.panel(release, now), *(progress.log_line(e) for e in shown)]
    if release.changed:
        took = measures.receipt(receipt(release, now or datetime.now(UTC)))
        parts.append(Text(took, "dim"))
    can = ", ".join(f"`graylight {intent.value} {release.id}`" for intent in release.intents())
    if can:
        parts.append(styled(f"Possible now: {can}"))
    return Group(*parts)


def history(releases: "Sequence[Release]") -> "RenderableType":
    """The newest first."""
    table = _table("release", "strategy", "versions", "state", "started", "by")
    for one_ in releases:
        table.add_row(
            one_.id,
            one_.plan.strategy.title,
            _versions(one_),
            progress.state(one_),
            one_.started_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            clean(who(one_.started_by)).replace("`", ""),
        )
    took = [one_ for one_ in releases if one_.ended and one_.changed]
    lines = [Text.assemble((f"{one_.id}  ", "bold"), measures.receipt(receipt(one_))) for one_ in took]
    return Group(table, "", *lines) if lines else table


def samples(looked: "Looked") -> "RenderableType":
    """By version: how many, which codes, how fast, and one answer of each."""
    count = looked.tally
    table = _table("version", "answers", "failed", "codes", "p50", "p95")
    sides = [(looked.old_version, count.old), (looked.new_version, count.new)]
    for version, side in sides:
        if side.n or version:
            table.add_row(
                clean(version) or "answered", str(side.n), str(side.failed), _codes(side), *_times(side)
            )
    if count.unknown or count.lost:
        codes = [f"{n} × {code}" for code, n in count.odd.items()]
        codes += [f"{count.lost} × none"] if count.lost else []
        nobody = str(count.unknown + count.lost)
        table.add_row("names none", nobody, str(count.nameless), ", ".join(codes), "", "")
    parts: list[RenderableType] = [styled(_headline(looked)), table]
    marks = zip(sides, contrast(count.old.example, count.new.example), ("red", "bold green"), strict=True)
    for (version, side), pieces, style in marks:
        if side.n:
            shown = [(_spaced(p.text), style if p.differs else "") for p in pieces]
            answer = Text.assemble(*(shown or [("(empty)", "dim")]), overflow="fold")
            parts.append(Text.assemble((f"{clean(version) or 'answer'}  ", "bold"), answer))
    if count.unknown and count.example:
        answer = Text(line(count.example), overflow="ellipsis", no_wrap=True)
        parts.append(Text.assemble(("names none  ", "bold"), answer))
    return Group(*parts)


def _spaced(text: str) -> str:
    """On one line, with a space where the piece begins or ends with one: its neighbours stand right beside it."""
    if not text.strip():
        return " "
    return f"{' ' * text[0].isspace()}{line(text)}{' ' * text[-1].isspace()}"


def _headline(looked: "Looked") -> str:
    count = looked.tally
    text = f"{count.sent} requests to {looked.service}"
    if count.lost:
        text += f", {count.lost} without an answer ({count.error})"
    if count.unknown:
        text += f", {count.unknown} that name no version"
    if looked.release is not None and count.attributed:
        share = 100 * count.new.n / count.attributed
        interval = wilson(count.new.n, count.attributed)
        text += f": {looked.new_version} answered {share:.0f} % ({interval}), asked {looked.share} %"
    return text + (". Through the API server's proxy: the share is not proven." if looked.proxied else ".")


def _codes(side: "Side") -> str:
    return ", ".join(f"{n} × {code if code != '0' else 'none'}" for code, n in side.statuses.items())


def _times(side: "Side") -> tuple[str, str]:
    return (f"{side.p50:.0f} ms", f"{side.p95:.0f} ms") if side.n else ("", "")


def _versions(release: "Release") -> str:
    return clean(f"{release.plan.from_version} → {release.plan.to_version}")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table

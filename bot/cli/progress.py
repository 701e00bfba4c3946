"""A release in motion, for a terminal: the panel that stays at the bottom, and the log that scrolls above it.

The panel is drawn anew twice a second so that its clock runs; everything else comes from the record alone.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.cli.plain import clean, line
from bot.cli.screen import styled
from strategies.interval import wilson

if TYPE_CHECKING:
    from rich.console import RenderableType

    from strategies.release import Event, Release

_STYLES = {
    "running": "cyan",
    "soaking": "cyan",
    "asking": "bold yellow",
    "holding": "bold yellow",
    "keeping": "green",
    "rolling-back": "magenta",
    "promoted": "bold green",
    "rolled-back": "bold magenta",
    "cancelled": "bold",
    "failed": "bold red",
}
_BAR = 16  # cells: with the longest words beside it 80 columns are enough
_HOUR = 3600  # seconds


def panel(release: "Release", now: datetime | None = None) -> "RenderableType":
    """The release as it stands; `now` for the clocks."""
    plan = release.plan
    top = Table.grid(expand=True)
    top.add_column()
    top.add_column(justify="right", style="dim")
    top.add_row(Text.assemble(state(release), _where(release)), due(release, now or datetime.now(UTC)))
    parts: list[RenderableType] = [top, _steps(release), _split(release), _pods(release)]
    if release.reason:
        parts.append(styled(line(release.reason)))
    title = f"{release.id} · {plan.strategy.title} {plan.from_version} → {plan.to_version}"
    style = _STYLES[release.state.value].removeprefix("bold ")
    return Panel(Group(*parts), title=Text(clean(title)), title_align="left", border_style=style)


def state(release: "Release") -> Text:
    """The state in its colour."""
    return Text(release.outcome, _STYLES[release.state.value])


def due(release: "Release", now: datetime) -> str:
    """What happens by itself, and when.

    Empty where nothing does.
    """
    if release.due is None or release.ended:
        return ""
    left = max(0, round((release.due - now).total_seconds()))
    clock = (
        f"{left // 3600}:{left % 3600 // 60:02}:{left % 60:02}"
        if left >= _HOUR
        else f"{left // 60}:{left % 60:02}"
    )
    what = {
        "soaking": "goes on in" if release.plan.auto else "asks in",
        "asking": "expires in" if release.unapproved else "holds in",
        "keeping": "ends in",
    }.get(release.state.value, "at most")
    return f"{what} {clock}"


def shares(release: "Release") -> str:
    """Asked and measured, as people read it; empty before anything was measured."""
    found = release.measured
    if found is None:
        return ""
    if not found.n:
        return f"asked {found.asked} %, not measured"
    got = f"measured {100 * found.hits / found.n:.0f} % ({wilson(found.hits, found.n)}) of {found.n}"
    return f"asked {found.asked} %, {got}, {'not proven' if found.verdict != 'proven' else 'proven'}"


def log_line(event: "Event") -> "RenderableType":
    """One event, with the reader's own time of day."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row(Text(time_of(event), "dim"), styled(clean(event.text).strip()))
    return grid


def time_of(event: "Event") -> str:
    """The time of day here."""
    return event.at.astimezone().strftime("%H:%M:%S")


def _where(release: "Release") -> str:
    stages = release.plan.stages
    if release.ended or release.going_back or not stages or not 0 < release.stage <= len(stages):
        return ""
    return f"  step {release.stage} of {len(stages)}"


def _steps(release: "Release") -> Text:
    """✓ 25 %  ● 50 %  ○ 100 %."""
    here = len(release.plan.stages) + 1 if release.state.value == "promoted" else release.stage
    if release.going_back or release.state.value in {"rolled-back", "cancelled"}:
        return Text("← back to " + clean(release.plan.from_version), "magenta")
    text = Text()
    for stage in release.plan.stages:
        sign, style = (
            ("✓", "green") if stage.number < here else ("●", "bold") if stage.number == here else ("○", "dim")
        )
        text.append(f"{sign} {clean(stage.title)}   ", style)
    return text


def _split(release: "Release") -> Text:
    found = release.measured
    if found is None:
        return Text("nothing measured yet", "dim")
    if not found.n:
        return Text(shares(release))
    new = round(_BAR * found.hits / found.n)
    return Text.assemble(("─" * (_BAR - new), "blue"), ("━" * new, "green"), "  ", shares(release))


def _pods(release: "Release") -> Text:
    plan, old, new = release.plan, release.stable_pods, release.canary_pods
    return Text.assemble(
        ("pods  ", "dim"),
        (clean(plan.from_version), "blue"),
        f" {old.ready}/{old.total}   ",
        (clean(plan.to_version), "green"),
        f" {new.ready}/{new.total}",
    )

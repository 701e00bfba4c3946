"""A plan for people: what was found, each step with its pods and shares, the timers, what to know, and the way back."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.plain import clean
from bot.cli.screen import styled
from strategies.duration import words as duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from bot.ports import Preview
    from strategies.changes import Changed
    from strategies.plan import Plan


_STYLE = {"+": "green", "-": "red", "~": "yellow"}


def picture(preview: "Preview") -> "RenderableType":
    """All of it, for any width from 60 columns up."""
    plan = preview.plan
    notes = [_marked("!", note.what, "yellow") for note in plan.advice]
    notes += [_marked("·", note, "dim") for note in preview.notes]
    parts: list[RenderableType] = [
        _title(plan),
        Padding(_found(plan), (0, 0, 1, 2)),
        _stages(plan),
        Padding(_timers(plan), (1, 0, 0, 2)),
    ]
    if preview.changes:
        parts.append(Padding(_changes(preview.changes), (1, 0, 0, 2)))
    if notes:
        parts.append(Padding(Group(*notes), (1, 0, 0, 2)))
    return Group(*parts, Text(""))


def _title(plan: "Plan") -> Text:
    head = f"{plan.strategy.title} {plan.service} "
    where = f"  in {plan.environment}" + (f" (namespace {plan.namespace})" if plan.namespace else "")
    return Text.assemble(
        (clean(head), "bold"),
        (f"{plan.from_version} → {plan.to_version}", "bold cyan"),
        (clean(where), "dim"),
    )


def _found(plan: "Plan") -> Table:
    grid = _grid()
    grid.add_row("found", clean(f"Deployment {plan.stable}, {_pods(plan.stable_pods)}, {plan.from_image}"))
    if plan.ways:
        leads = "".join(f", {route}" for route in plan.routes)
        grid.add_row("", clean(", ".join(f"Service {way.service}" for way in plan.ways) + leads))
    if plan.lanes:
        split = ", ".join(dict.fromkeys(f"{lane.kind} {lane.name}" for lane in plan.lanes))
        grid.add_row("split", clean(f"by {split} ({plan.router})"))
    grid.add_row("image", clean(f"{plan.to_image} in container {plan.container}"))
    ending = {
        "replace": f"Deployment {plan.canary} takes the place of {plan.stable}",
        "in-place": f"{plan.stable} gets the new version at the end; {plan.canary} is temporary",
        "update": f"{plan.stable} itself is updated",
    }[plan.ending]
    grid.add_row("how", clean(ending))
    return grid


def _stages(plan: "Plan") -> "RenderableType":
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("step")
    table.add_column("users get", justify="right", no_wrap=True)
    table.add_column(clean(plan.from_version), justify="right", overflow="ellipsis", max_width=14)
    table.add_column(clean(plan.to_version), justify="right", overflow="ellipsis", max_width=14)
    table.add_column("", overflow="fold")
    for stage in plan.stages:
        table.add_row(
            f"{stage.number} {clean(stage.title)}",
            f"{stage.share} %",
            _pods(stage.stable_pods),
            _pods(stage.canary_pods),
            Text(clean(stage.note), "dim"),
        )
    return Padding(table, (0, 0, 0, 2))


def _timers(plan: "Plan") -> Table:
    grid = _grid()
    grid.add_row("timers", ", ".join(_times(plan)))
    grid.add_row("on fail", "rolls back by itself" if plan.on_fail == "rollback" else "holds")
    grid.add_row("back", styled(plan.going_back))
    grid.add_row("plan", Text(plan.hash, "dim"))
    return grid


def _changes(changes: "tuple[Changed, ...]") -> Group:
    """Every object that is written, line by line, as the API server's dry run has it."""
    parts: list[RenderableType] = []
    for one in changes:
        like = f", like {one.like} but for" if one.like else ""
        verb = "new" if one.verb == "create" else "changed"
        parts.append(
            Text.assemble((clean(f"{one.kind} {one.name}"), "bold"), (clean(f"  {verb}{like}"), "dim"))
        )
        parts += [Text(f"  {clean(line)}", _STYLE.get(line[:1], ""), overflow="fold") for line in one.lines]
    return Group(*parts)


def _times(plan: "Plan") -> "Iterator[str]":
    timers = plan.timers
    if not plan.pauses:
        yield "no pause on the way"
        return
    then = "goes on by itself" if plan.auto else "asks"
    yield f"soak {duration(timers.soak)}, then it {then}" if timers.soak else f"no soak, it {then} at once"
    if not plan.auto:
        yield f"holds after {duration(timers.ask_for)} without an answer"
    if plan.ending != "update":
        yield f"keeps {plan.from_version} warm for {duration(timers.keep)}"


def _pods(count: int) -> str:
    return f"{count} pod" if count == 1 else f"{count} pods"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _marked(sign: str, text: str, style: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(sign, style), styled(text))
    return grid

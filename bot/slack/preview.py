"""The preview: what would happen, before anything does; for one person's eyes, with Start and Cancel.

Pure. It tells what was found, why the release ends as it does, each step with pods and split, the timers, what a person
should know, and what going back means.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.grammar.canonical import line
from bot.ports import Preview
from bot.slack import blocks, buttons, progress, words
from bot.slack.blocks import Block, Message
from bot.slack.markup import code, cut, isolate, name, private, quote, said
from bot.slack.signing import Signer, StartValue
from strategies.changes import Changed
from strategies.plan import Plan, Stage

SHOWN = 4  # names in a list
LINES, WIDEST = 5, 120  # lines of one object's change, and characters of one


@dataclass(frozen=True, slots=True)
class Showing:
    """To whom it is shown, which time (its Start acts once), and what the command is called there."""

    user: str
    id: str
    command: str


def preview(
    shown: Preview,
    signer: Signer | None,
    showing: Showing,
    above: Sequence[str] = (),
    controls: Sequence[Block] = (),
) -> Message:
    """The whole of it; `above` is said first. Without a signer (`plan …`) it is only to be looked at.

    `controls` stand in place of Start and Cancel.
    """
    plan = shown.plan
    made: list[Block] = [blocks.header(isolate(words.plan_title(plan)))]
    made += blocks.paragraphs(above)
    made.append(blocks.section(f"*{words.way(plan)}*  ·  {said(words.ending(plan))}"))
    made.append(blocks.fields(*_found(plan)))
    made += blocks.paragraphs(["*Steps*", *(_stage(plan, stage) for stage in plan.stages)])
    made += blocks.paragraphs(["*Timers*", *(f"•  {said(text)}" for text in words.timers(plan))])
    if shown.changes:
        made += blocks.paragraphs([words.written(), *_changes(shown.changes)])
    if plan.advice:
        made += blocks.paragraphs(["*Good to know*", *(f"•  {said(one.what)}" for one in plan.advice)])
    if plan.going_back:
        made.append(blocks.section(f"*Going back*\n{said(plan.going_back)}"))
    notes = [private(note) for note in shown.notes]
    made += blocks.actions(controls) if controls else _ending(plan, signer, showing)
    made.append(blocks.context(words.nothing_changed(plan.hash), *notes))
    return Message(quote(words.plan_title(plan)), tuple(made))


def _ending(plan: Plan, signer: Signer | None, showing: Showing) -> list[Block]:
    typed = code(f"{showing.command} {line(plan.spec)}")
    if signer is None:
        return [blocks.section(words.to_start(typed))]
    value = signer.value(StartValue(spec=plan.spec, plan=plan.hash, user=showing.user, showing=showing.id))
    if value is None:
        return [blocks.section(words.too_long())]
    start = blocks.button("Start", buttons.START, value, style="primary")
    return blocks.actions([start, blocks.button("Cancel", buttons.DISMISS, "dismiss")])


def _found(plan: Plan) -> list[str]:
    where = (
        f"*Deployment*\n{code(plan.stable)}, {words.count(plan.stable_pods, 'pod')} in {code(plan.namespace)}"
    )
    made = [where, f"*Image* ({code(plan.container)})\n{code(plan.from_image)}\n→ {code(plan.to_image)}"]
    if plan.ways:
        made.append(f"*Services*\n{_names([w.service for w in plan.ways])}")
    if plan.routes:
        made.append(f"*Routes*\n{_names(plan.routes)}")
    if plan.autoscalers or plan.budgets:
        made.append(f"*Autoscalers, budgets*\n{_names([*plan.autoscalers, *plan.budgets])}")
    if plan.probe is not None:
        made.append(f"*Probe*\n{code(f'{plan.probe.method} {plan.probe.url}')}")
    return made


def _changes(changes: Sequence[Changed]) -> list[str]:
    """Every object that is written, with its first lines; the command line shows all of them."""
    told = []
    for one in changes:
        new = words.new_object(code(one.like) if one.like else "") if one.verb == "create" else ""
        told.append(f"•  {code(f'{one.kind} {one.name}')}{new}")
        told += [f"      {code(cut(text, WIDEST))}" for text in one.lines[:LINES]]
        if len(one.lines) > LINES:
            told.append(f"      {words.more_lines(len(one.lines) - LINES)}")
    return told


def _names(found: Sequence[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(map(code, found[:SHOWN])) + more


def _stage(plan: Plan, stage: Stage) -> str:
    """One step: its bar, its name, the pods, and what there is to say."""
    pods = " + ".join(
        f"{count} × {name(version)}"
        for count, version in ((stage.canary_pods, plan.to_version), (stage.stable_pods, plan.from_version))
        if count
    )
    note = f"  ·  {said(stage.note)}" if stage.note else ""
    share = "" if stage.title == f"{stage.share} %" else f"  ·  {stage.share} %"
    return f"{stage.number}  {progress.bar(stage.share)}  *{said(stage.title)}*{share}  ·  {pods}{note}"

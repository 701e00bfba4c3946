"""What one person is told privately: refusals, mistakes, help, what runs, what was. Pure views."""

from collections.abc import Sequence
from datetime import datetime

from bot.grammar.mistake import Mistake
from bot.grammar.usage import help_text
from bot.slack import blocks, progress, words
from bot.slack.blocks import Message
from bot.slack.card import card
from bot.slack.markup import at, escape, name, private, quote, said, who
from strategies import measures
from strategies.receipt import receipt
from strategies.refusal import Refusal
from strategies.release import Release

LISTED = 20


def sentence(text: str) -> Message:
    """One sentence of `words`."""
    return Message(text, (blocks.section(text),))


def lines(said: Sequence[str]) -> Message:
    """Several sentences with people in them, for one person."""
    shown = [private(line) for line in said]
    return Message(shown[0] if shown else "", tuple(blocks.paragraphs(shown)))


def said_or_refused(told: Sequence[str] | Refusal) -> Message:
    """What was asked for, or why not."""
    return refusal(told) if isinstance(told, Refusal) else lines(told)


def refusal(refused: Refusal, *controls: blocks.Block) -> Message:
    """Why not, and what to do about it."""
    lines = [f"✋  {private(refused.what)}", *([private(refused.remedy)] if refused.remedy else [])]
    return Message(private(refused.what), (*blocks.paragraphs(lines), *blocks.actions(controls)))


def mistake(wrong: Mistake, command: str) -> Message:
    """The line with a caret under the wrong word, in a fixed-width font."""
    return Message(escape(str(wrong)), (blocks.preformatted(wrong.render(command)),))


def help_on(topic: str | None, command: str, may: Sequence[str] = ()) -> Message:
    """The list of commands, or one of them; `may` says what of it the one who asks may do."""
    parts = [part.split("\n") for part in escape(help_text(topic, command)).split("\n\n")]
    made = [block for lines in parts for block in blocks.paragraphs([_heading(lines[0]), *lines[1:]])]
    made += blocks.paragraphs(["*What you may do*", *map(private, may)]) if may else []
    return Message("Help", tuple(made))


def _heading(line: str) -> str:
    """The first line of a group in bold, where it is a heading and no sentence."""
    return line if "`" in line or line.endswith(".") else f"*{line}*"


def status(release: Release, link: str, now: datetime | None = None) -> Message:
    """One release in full; its buttons are on its card only, where they go away when it moves on."""
    shown = card(release, None)
    took = blocks.context(escape(measures.receipt(receipt(release, now)))) if release.changed else None
    pointer = (blocks.context(f"<{link}|To its card>"),) if link else ()
    return Message(shown.text, (*shown.blocks, *((took,) if took else ()), *pointer))


def running(found: Sequence[tuple[Release, str]]) -> Message:
    """Everything that runs, with a link to each card."""
    if not found:
        return sentence(words.nothing_runs())
    made = blocks.paragraphs(_line(release, link) for release, link in found[:LISTED])
    return Message(words.count(len(found), "release"), tuple(made))


def _line(release: Release, link: str) -> str:
    sign, state = words.state(release)
    title = f"<{link}|{name(release.id)}>" if link else f"*{name(release.id)}*"
    share = progress.asked(release)
    lines = [f"{sign}  {title}  ·  {quote(words.title(release.plan))}  ·  {state}"]
    lines.append(f"{progress.bar(share)}  {said(progress.trail(release)) or words.asked(share, None)}")
    lines.append(words.started_by(who(release.started_by), at(release.started_at)))
    return "\n".join(lines) + "\n"


def history(service: str, found: Sequence[Release]) -> Message:
    """What was released, newest first."""
    if not found:
        return sentence(words.no_history(name(service)))
    lines = [f"*Releases of {name(service)}*", *map(past, found)]
    return Message(f"Releases of {name(service)}", tuple(blocks.paragraphs(lines)))


def past(release: Release) -> str:
    """One that was, in a line."""
    sign, state = words.state(release)
    plan = release.plan
    when = at(release.ended_at or release.started_at)
    line = (
        f"{sign}  *{name(release.id)}*  ·  {name(plan.from_version)} → {name(plan.to_version)}  ·  "
        f"{plan.strategy.title}  ·  {state.partition(',')[0].lower()} {when}  ·  {who(release.started_by)}"
    )
    took = (
        f"\n      {escape(measures.receipt(receipt(release)))}" if release.ended and release.changed else ""
    )
    return line + took

"""What each command does with the desk; all of them end in an exit code, and every refusal is printed as it is."""

from contextlib import suppress
from difflib import get_close_matches
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from bot.cli import documents
from bot.cli.exits import Exit
from bot.cli.following import follow, origin
from bot.cli.screen import Screen
from bot.grammar.command import Act, Affair, Draw, Help, History, Samples, Start, Status
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse_words
from bot.grammar.usage import help_text
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.office import Office

PREFIX = "graylight"
FLAGS = ("--yes", "--detach", "--output", "--follow", "--out")  # of the terminal alone, not of the grammar
Told = History | Draw | Affair
_WIDTH = 78  # cells of help
_FOLLOWED = (IntentKind.PROMOTE, IntentKind.RESUME, IntentKind.ROLLBACK)


class Wish:
    """What was said beside the grammar: `--yes`, `--detach`, `--follow`, and the file to draw into."""

    def __init__(
        self, *, yes: bool = False, detach: bool = False, follow: bool = False, out: str = ""
    ) -> None:
        self.yes, self.detach, self.follow, self.out = yes, detach, follow, out


def obey(words: "Sequence[str]", wish: Wish, screen: Screen) -> int:
    """Read the words and do what they say."""
    from bot.cli.errand import perform

    command = parse_words(words)
    match command:
        case Mistake():
            return _mistaken(command, screen)
        case Help():
            return _help(command, screen)
        case Start() if not (command.preview_only or wish.yes or screen.person):
            what = "Without a terminal nobody can be asked, so nothing was started."
            remedy = "Add `--yes` to start without asking, or look first with `graylight plan …`."
            screen.refuse(Refusal(code="no-terminal", what=what, remedy=remedy))
            return Exit.REFUSED
        case Start():
            return perform(lambda office, s: start(office, s, command, wish), screen)
        case Act():
            return perform(lambda office, s: act(office, s, command, wish), screen)
        case Status():
            return perform(lambda office, s: status(office, s, command, wish), screen)
        case Samples():
            return perform(lambda office, s: samples(office, s, command, wish), screen)
        case _:
            return perform(lambda office, s: _told(office, s, command, wish), screen)


async def _told(office: "Office", screen: Screen, command: Told, wish: Wish) -> int:
    """What is looked up, and changes nothing that runs."""
    match command:
        case History():
            return await history(office, screen, command)
        case Draw():
            from bot.cli.drawing import draw

            return await draw(office, screen, command.target, wish.out)
        case _:
            from bot.cli.affairs import answer

            return await answer(office, screen, command)


async def start(office: "Office", screen: Screen, command: Start, wish: Wish) -> int:
    """Plan; with a yes start exactly that plan, and follow it."""
    if command.queue and (waits := await _waits(office, screen, command)) is not None:
        return waits
    refused = None if command.preview_only else await office.desk.may_start(command.spec, _actor(office))
    shown = refused or await office.desk.preview(command.spec)
    if isinstance(shown, Refusal):
        screen.refuse(shown)
        return Exit.REFUSED
    if not screen.as_json:
        from bot.cli.preview import picture

        screen.show(picture(shown))
    if command.preview_only:
        screen.document(documents.preview(shown))
        return Exit.DONE
    if not wish.yes:
        answer = await screen.ask("Start? [y/N]")
        if (answer or "").lower() not in {"y", "yes"}:
            screen.say("Nothing was started.")
            return Exit.REFUSED
    release = await office.desk.start(command.spec, shown.plan.hash, _actor(office), origin())
    if isinstance(release, Refusal):
        screen.refuse(release)
        return Exit.REFUSED
    return await _accepted(office, screen, release, 0, wish)


async def _waits(office: "Office", screen: Screen, command: Start) -> int | None:
    """A place in line, where somebody has what is wanted; None where nobody does."""
    from strategies import queue_words

    joined = await office.desk.line.join(command.spec, _actor(office), origin())
    if isinstance(joined, Refusal) and joined.code == "free":
        return None
    if isinstance(joined, Refusal):
        screen.refuse(joined)
        return Exit.REFUSED
    screen.document({"waiting": documents.waiting(joined)})
    screen.say(queue_words.in_line(joined.ticket, joined.number, joined.of, joined.holder))
    return Exit.PERSON


async def act(office: "Office", screen: Screen, command: Act, wish: Wish) -> int:
    """An intent; then follow where something moves because of it."""
    found = await office.desk.find(command.target)
    if isinstance(found, Refusal):
        screen.refuse(found)
        return Exit.REFUSED
    intent = Intent(kind=IntentKind(command.intent), full=command.full, seconds=command.seconds)
    moved = await office.desk.act(found.id, intent, _actor(office), origin())
    if isinstance(moved, Refusal):
        screen.refuse(moved)
        return Exit.REFUSED
    before = found.events[-1].n if found.events else 0
    if intent.kind in _FOLLOWED:
        return await _accepted(office, screen, moved, before, wish)
    screen.document({"release": documents.release(moved)})
    for event in moved.events:
        if event.n > before:
            screen.say(event.text)
    return Exit.DONE


async def status(office: "Office", screen: Screen, command: Status, wish: Wish) -> int:
    """What runs, or one release; with --follow until it ends."""
    if command.target is None and not wish.follow:
        running = await office.desk.running()
        screen.document(documents.releases(running))
        if not running:
            screen.say("No release runs.")
        elif not screen.as_json:
            from bot.cli.tables import running as table

            screen.show(table(running))
        await _no_engine(office, screen, running)
        return Exit.DONE
    found = await office.desk.find(command.target)
    if isinstance(found, Refusal):
        screen.refuse(found)
        return Exit.REFUSED
    if wish.follow:
        shown = found.events[-6].n if len(found.events) > 5 else 0  # noqa: PLR2004 — the last five are enough to begin
        return await follow(office, screen, found, shown)
    screen.document({"release": documents.release(found, events=True)})
    if not screen.as_json:
        from bot.cli.tables import one

        screen.show(one(found))
    await _no_engine(office, screen, [] if found.ended else [found])
    return Exit.DONE


async def samples(office: "Office", screen: Screen, command: Samples, wish: Wish) -> int:
    """Ask the users' way now."""
    looked = await office.desk.samples(command.target, command.count)
    if isinstance(looked, Refusal):
        screen.refuse(looked)
        return Exit.REFUSED
    screen.document({"samples": documents.samples(looked)})
    if not screen.as_json:
        from bot.cli.tables import samples as table

        screen.show(table(looked))
    if not command.picture:
        return Exit.DONE
    from bot.cli.drawing import draw

    return await draw(office, screen, command.target, wish.out)


async def history(office: "Office", screen: Screen, command: History) -> int:
    """The last releases of a service."""
    found = await office.desk.history(command.service, command.limit)
    screen.document({"service": command.service, **documents.releases(found)})
    if not found:
        screen.say(f"There is no release of `{command.service}`.")
    elif not screen.as_json:
        from bot.cli.tables import history as table

        screen.show(table(found))
    return Exit.DONE


async def _accepted(office: "Office", screen: Screen, release: Release, shown: int, wish: Wish) -> int:
    if not wish.detach:
        return await follow(office, screen, release, shown)
    screen.document({"release": documents.release(release)})
    screen.say(f"{release.id} is accepted; `graylight status {release.id} --follow` shows it.")
    await _no_engine(office, screen, [release])
    return Exit.DONE


async def _no_engine(office: "Office", screen: Screen, releases: "Sequence[Release]") -> None:
    """Something waits to be done and nobody is there to do it: that is worth a line."""
    if releases and not await office.engine_elsewhere():
        screen.trouble("No engine runs now, so nothing moves: start `graylight run`, or follow the release.")


def _actor(office: "Office") -> Actor:
    return Actor(id=office.whoami, via="cli")


def _help(command: Help, screen: Screen) -> int:
    from bot.cli.overview import overview

    text = help_text(command.topic, PREFIX) + _terminal_flags(command.topic) if command.topic else overview()
    screen.document({"help": text.rstrip()})
    screen.say(_columns(text) if command.topic else text.rstrip())
    return Exit.DONE


def _columns(text: str) -> str:
    """Help as a terminal shows it: a flag on a line of its own, what it does below it, nothing wider than 80 cells."""
    lines: list[str] = []
    for row in text.split("\n"):
        head, dash, body = row.partition("` – ")
        if dash and head.startswith("`"):
            lines += [
                f"  `{head[1:]}`",
                *wrap(body, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6),
            ]
        elif row.startswith("`") and row.endswith("`"):
            lines.append(f"  {row}")
        else:
            lines += wrap(row, _WIDTH) or [""]
    return "\n".join(lines)


def _terminal_flags(topic: str | None) -> str:
    """What a command takes at a terminal only."""
    kind: Literal["start", "act", "see", ""] = ""
    if topic in {"canary", "bluegreen", "rolling"}:
        kind = "start"
    elif topic in {k.value for k in IntentKind}:
        kind = "act"
    elif topic != "help":
        kind = "see"
    if not kind:
        return ""
    lines = ["`-o json` – one JSON document, or while following a line of JSON for each event."]
    if kind == "start":
        lines.append("`--yes` – start without asking; needed where there is no terminal.")
    if kind in {"start", "act"}:
        lines.append("`--detach` – do not follow the release.")
    if topic in {"picture", "samples"}:
        lines.append("`--out FILE` – where the picture goes; without it `ID.png` here.")
    if topic == "status":
        lines.append("`--follow` – until it ends or needs a person.")
    return "\n\nAt a terminal\n" + "\n".join(lines)


def _mistaken(mistake: Mistake, screen: Screen) -> int:
    """The line, a caret under the wrong word, and how the command is written."""
    from dataclasses import replace

    word = mistake.line[mistake.start : mistake.end]
    near = get_close_matches(word, FLAGS, n=1, cutoff=0.8) if word.startswith("--") else []
    shown = replace(mistake, suggestion=f"Did you mean `{near[0]}`?") if near else mistake
    screen.document(
        documents.refused(
            Refusal(code="usage", what=shown.what, remedy=shown.suggestion or f"Usage: {shown.usage}")
        )
    )
    with suppress(BrokenPipeError):
        screen.trouble(shown.render(PREFIX), as_is=True)
    return Exit.REFUSED

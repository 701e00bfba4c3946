"""What was sampled, as a table: one column per version, so that their answers stand beside each other.

Pure. The share stands with its 95 % interval against the share asked; what named no version is told apart.
"""

from bot.ports import Looked
from bot.slack import blocks, picture_words, words
from bot.slack.blocks import Block, Message
from bot.slack.card_words import ms
from bot.slack.markup import name, said, who
from strategies.contrast import Piece, contrast, windows
from strategies.interval import wilson
from strategies.release import Actor, Release
from strategies.samples import Side, Tally

EXAMPLE = 240  # characters of an answer


def tally(seen: Tally, new: str, old: str, asked: int | None) -> list[Block]:
    """The table and what does not fit into it; nothing where nothing was sent."""
    if not seen.sent:
        return []
    made: list[Block] = []
    if seen.attributed:
        made.append(_table(seen, new, old, asked))
    if seen.new.example and seen.old.example:
        alike = seen.new.example == seen.old.example
        made.append(
            blocks.context(picture_words.alike() if alike else picture_words.marked(name(new), name(old)))
        )
    codes = ", ".join(f"{code} × {n}" for code, n in seen.odd.items())
    rest = words.unanswered(seen.unknown, seen.lost, said(seen.error), codes or "any status")
    if rest:
        made.append(blocks.context(" · ".join(rest)))
    if seen.unknown and seen.example:
        made.append(blocks.preformatted(seen.example, EXAMPLE))
    return made


def looked(found: Looked, asker: Actor) -> Message:
    """The answer to a wish for samples."""
    seen, release = found.tally, found.release
    new, old = _versions(found)
    summary = _summary(seen, new, found.share if release else None)
    lines = [f"*{name(release.id if release else found.service)}* · {summary}"]
    if found.proxied:
        lines.append(words.proxied())
    made = [blocks.section("\n".join(lines))]
    made += tally(seen, new, old, found.share if release else None)
    made.append(blocks.context(words.looked(who(asker))))
    return Message(f"{name(found.service)}: {summary}", tuple(made))


def _versions(found: Looked) -> tuple[str, str]:
    return found.new_version or found.service, found.old_version


def _summary(seen: Tally, new: str, asked: int | None) -> str:
    answered = seen.sent - seen.lost
    if not seen.attributed:
        return f"{answered} of {words.count(seen.sent, 'request')} answered"
    hits = f"{name(new)} answered {seen.new.n} of {seen.attributed} ({wilson(seen.new.n, seen.attributed)})"
    return f"{hits}, asked {asked} %" if asked is not None else hits


def _table(seen: Tally, new: str, old: str, asked: int | None) -> Block:
    """Rows of what can be compared; a version that did not answer has dashes."""
    sides = [(new, seen.new, asked), (old, seen.old, None if asked is None else 100 - asked)]
    shown = [one for one in sides if one[0]]
    head = [blocks.cell(" "), *(blocks.cell(version, bold=True) for version, _, _ in shown)]
    texts = {
        "Answers": [str(side.n) for _, side, _ in shown],
        "Share": [_share(side, seen.attributed, part) for _, side, part in shown],
        "Status": [_statuses(side) for _, side, _ in shown],
        "Latency": [_latency(side) for _, side, _ in shown],
    }
    if any(side.failed for _, side, _ in shown):
        texts["Failed"] = [str(side.failed) for _, side, _ in shown]
    rows = [head, *([blocks.cell(label), *map(blocks.cell, row)] for label, row in texts.items())]
    before, after = contrast(*windows(seen.old.example, seen.new.example, EXAMPLE))
    examples = [
        blocks.cell(_nothing(side)) if not side.example else _marked(side, seen, before, after)
        for _, side, _ in shown
    ]
    rows.append([blocks.cell("One answer"), *examples])
    return blocks.table(rows)


def _nothing(side: Side) -> str:
    return "(empty)" if side.n else ""


def _marked(side: Side, seen: Tally, before: tuple[Piece, ...], after: tuple[Piece, ...]) -> Block:
    """One answer; what the other says otherwise is struck through in the old one and bold in the new one."""
    new = side is seen.new
    return blocks.marked(
        [(p.text, p.differs) for p in (after if new else before)], "bold" if new else "strike"
    )


def _share(side: Side, n: int, asked: int | None) -> str:
    if not n:
        return "–"
    share = f"{100 * side.n / n:.0f} % ({wilson(side.n, n)})"
    return share if asked is None else f"{share}, asked {asked} %"


def _statuses(side: Side) -> str:
    return ", ".join(f"{code} × {n}" if code != "0" else f"none × {n}" for code, n in side.statuses.items())


def _latency(side: Side) -> str:
    return f"p50 {ms(side.p50)}, p95 {ms(side.p95)}" if side.n else ""


def event(release: Release, detail: object, asked: int | None) -> list[Block]:
    """The table of an event that carries a tally."""
    seen = Tally.model_validate(detail)
    return tally(seen, release.plan.to_version, release.plan.from_version, asked)

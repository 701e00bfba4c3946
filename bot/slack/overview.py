"""What there is to release, and how the installation is: two pages for one person. Pure views."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.ports import Stock
from bot.slack import blocks, overview_words, words
from bot.slack.blocks import Block, Message
from bot.slack.markup import at, code, name, private, quote, who
from strategies.checkup import Check, well
from strategies.consent import Allowed

_SIGNS = {"fine": "✅", "wrong": "❌", "unknown": "➖"}


def services(found: Sequence[Stock]) -> Message:
    """Each environment, each service in a few lines; those that somebody may not release say why below, once."""
    if not found:
        return Message(overview_words.nothing(), (blocks.section(overview_words.nothing()),))
    made: list[Block] = []
    for environment, stock in groupby(found, lambda one: one.environment):
        made += _environment(environment, list(stock))
    return Message(overview_words.count(len(found)), tuple(made))


def _environment(environment: str, stock: list[Stock]) -> list[Block]:
    lines = [f"*{overview_words.environment(quote(environment))}*", *(_line(one) for one in stock)]
    made = blocks.paragraphs(lines)
    whys = dict.fromkeys(
        private(f"{one.may.what} {one.may.remedy}".strip())
        for one in stock
        if not isinstance(one.may, Allowed)
    )
    return [*made, *(blocks.context(f"🔒  {why}") for why in whys)]


def _line(one: Stock) -> str:
    item = one.item
    versions = ", ".join(map(code, item.versions)) or "–"
    parts = [f"*{name(item.service)}*  {versions}", overview_words.pods(item.ready, item.wanted)]
    if one.release is not None:
        sign, state = words.state(one.release)
        plan = one.release.plan
        parts.append(f"{sign} {name(one.release.id)} → {name(plan.to_version)}: {state.lower()}")
    if one.lock is not None:
        parts.append(
            overview_words.locked(who(one.lock.by), at(one.lock.until, "{time}"), quote(one.lock.reason))
        )
    if one.waiting:
        parts.append(overview_words.in_line(one.waiting))
    mark = "" if isinstance(one.may, Allowed) else "🔒 "
    return f"{mark}{'  ·  '.join(parts)}"


def doctor(checks: Sequence[Check]) -> Message:
    """What is wrong first, each with its remedy; then what is well."""
    order = {"wrong": 0, "unknown": 1, "fine": 2}
    lines = [line for one in sorted(checks, key=lambda c: order[c.mark]) for line in _check(one)]
    bad = sum(one.mark == "wrong" for one in checks)
    title = overview_words.well() if well(checks) else overview_words.unwell(bad, len(checks))
    return Message(title, (blocks.section(f"*{title}*"), *blocks.paragraphs(lines)))


def _check(one: Check) -> Iterable[str]:
    yield f"{_SIGNS[one.mark]}  *{one.name}*  {private(one.what)}"
    if one.remedy:
        yield f"        →  {private(one.remedy)}"

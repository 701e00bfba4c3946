"""The Home tab: what runs, what waits for this person, freezes, locks, and what they released lately. Pure.

Its buttons only lead somewhere: to a card, or into the form. What is decided is decided on the card.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.board import FrozenTime, Home
from bot.slack import blocks, form, home_words, progress, words
from bot.slack.answers import past
from bot.slack.blocks import Block
from bot.slack.markup import at, name, quote, said, who
from strategies.locks import Lock
from strategies.refusal import Refusal
from strategies.release import Release

REFRESH, CARD = "home.refresh", "home.card"
MOST = 15  # releases of one section: with headings and lines under Slack's hundred blocks
LISTED = 20  # locks, freezes
Links = dict[str, str]  # the address of each release's card


def home(found: Home, links: Links, now: datetime) -> dict[str, Any]:
    """The whole tab."""
    frozen = [_frozen(one) for one in found.freezes]
    made: list[Block] = [
        *blocks.actions(
            [
                blocks.button(home_words.RELEASE, form.OPEN, "open", style="primary"),
                blocks.button(home_words.REFRESH, REFRESH, "refresh"),
            ]
        ),
        *_releases("waiting", found.waiting, links),
        *_releases("running", found.running, links),
        *_lines("frozen", frozen),
        *_lines("locks", [_lock(one) for one in found.locks]),
        *_lines("recent", [past(one) for one in found.recent]),
        blocks.context(home_words.as_of(at(now))),
    ]
    return {"type": "home", "blocks": made}


def _frozen(one: FrozenTime) -> str:
    environment, why, end = quote(one.environment), quote(one.why), at(one.until)
    if one.begins is None:
        return home_words.frozen(environment, why, end)
    return home_words.freezes(environment, why, at(one.begins), end)


def shut(refused: Refusal) -> dict[str, Any]:
    """For somebody who may not look."""
    text = f"{quote(refused.what)} {quote(refused.remedy)}".strip()
    return {"type": "home", "blocks": [blocks.section(text)]}


def _heading(section: str) -> Block:
    return blocks.header(home_words.HEADINGS[section])


def _releases(section: str, found: Sequence[Release], links: Links) -> list[Block]:
    if not found:
        return [_heading(section), blocks.context(home_words.nothing(section))]
    made = [_heading(section), *(_release(one, links.get(one.id, "")) for one in found[:MOST])]
    return [*made, *([blocks.context(home_words.more(len(found) - MOST))] if len(found) > MOST else [])]


def _release(release: Release, link: str) -> Block:
    """One release in three lines, with the way to its card."""
    sign, state = words.state(release)
    share = progress.asked(release)
    lines = [f"{sign}  *{name(release.id)}*  ·  {quote(words.title(release.plan))}  ·  {state}"]
    if release.reason:
        lines.append(said(release.reason, [release.started_by]))
    lines.append(f"{progress.bar(share)}  {said(progress.trail(release)) or words.asked(share, None)}")
    lines.append(words.started_by(who(release.started_by), at(release.started_at)))
    block = blocks.section("\n".join(lines))
    if link:
        block["accessory"] = blocks.button(home_words.CARD, CARD, release.id[:2000]) | {"url": link}
    return block


def _lines(section: str, lines: Sequence[str]) -> list[Block]:
    if not lines:
        return [_heading(section), blocks.context(home_words.nothing(section))]
    more = [home_words.more(len(lines) - LISTED)] if len(lines) > LISTED else []
    return [_heading(section), *blocks.paragraphs([*lines[:LISTED], *more])]


def _lock(held: Lock) -> str:
    return home_words.locked(quote(held.where), who(held.by), at(held.until), quote(held.reason))

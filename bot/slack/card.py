"""The card: one message per release, edited in place. A pure function of the record.

It says a thing only as the record says it: the split asked is that of the last proof reached, the split measured stands
with its interval, and times are the reader's own.
"""

import hashlib
import json

from bot.slack import blocks, button_words, buttons, card_words, consent_words, progress, words
from bot.slack.blocks import Block, Message
from bot.slack.markup import NAME, at, code, cut, isolate, name, quote, said, who
from bot.slack.signing import Signer
from strategies import consent
from strategies.release import Actor, Counted, IntentKind, Release, State


def card(release: Release, signer: Signer | None, may: str = "") -> Message:
    """The card as it should look now; without a signer a copy to look at, without buttons. `may`: who may press."""
    plan = release.plan
    _, state = words.state(release)
    made: list[Block] = [
        blocks.header(isolate(words.title(plan))),
        blocks.section("\n".join(_state(release))),
        blocks.section(_traffic(release)),
        _tracks(release),
    ]
    if signer is not None:
        made += blocks.actions(buttons.of(release, signer, samples=True))
    pressers = [may] if may and not release.ended else []
    made += [blocks.context(line) for line in (*pressers, *_small_print(release))]
    return Message(f"{quote(words.title(plan))} · {state} ({name(release.id)})", tuple(made))


def fingerprint(message: Message) -> str:
    """What tells two cards apart: sixteen hex digits over all that is sent."""
    sent = json.dumps(message.content(), sort_keys=True).encode()
    return hashlib.sha256(sent).hexdigest()[:16]


def _state(release: Release) -> list[str]:
    """What it does, where on its way it is, and what is due."""
    sign, state = words.state(release)
    lines = [f"{sign}  *{state}*  ·  {words.way(release.plan)}"]
    if release.going_back:
        lines.append(words.on_the_way_back(release.cursor, len(release.back)))
    elif trail := progress.trail(release):
        lines.append(said(trail))
    if release.reason:
        lines.append(said(release.reason, _people(release)))
    if given := consent.open_consents(release):
        _, needed = consent.tally(release, IntentKind.PROMOTE)
        people = ", ".join(who(c.by) for c in given)
        lines.append(consent_words.agreed(people, len(given), max(needed, release.needed)))
    if look := progress.next_look(release):
        lines.append(card_words.next_look(at(look, "{time_secs}")))
    if due := _due(release):
        lines.append(due)
    return lines


def _people(release: Release) -> list[Actor]:
    """Everybody who did something to it."""
    return [release.started_by, *{e.by for e in release.events if e.by.via == "slack"}]


def _due(release: Release) -> str:
    if release.falling is not None:
        return words.falling_at(at(release.falling, "{time_secs}"))
    if release.due is None:
        return ""
    due = at(release.due)
    match release.state:
        case State.SOAKING:
            return words.soaking_until(due, auto=release.plan.auto)
        case State.ASKING:
            reminder = at(release.remind_at) if release.remind_at else ""
            until = consent_words.approval_until if release.unapproved else words.asking_until
            return until(reminder, due)
        case State.KEEPING:
            return words.keeping_until(
                name(release.plan.from_version), due, said(button_words.ends(release.plan))
            )
        case _:
            return ""


def _traffic(release: Release) -> str:
    share = progress.asked(release)
    return "\n".join(
        (
            f"*Traffic to {name(release.plan.to_version)}*",
            f"{progress.bar(share)}  {words.asked(share, progress.under_way(release))}",
            words.seen(release.measured, name(release.plan.to_version), share),
        )
    )


def _tracks(release: Release) -> Block:
    """Both versions beside each other: what serves on the left, what comes on the right."""
    plan, (old, new) = release.plan, progress.sides(release)
    rows = [
        [" ", card_words.stable(plan.from_version), card_words.coming(plan.to_version, plan.strategy)],
        [card_words.PODS, *(card_words.ready(t.ready, t.total) for t in _pods(release))],
        [card_words.SAMPLED, card_words.counted(old), card_words.counted(new)],
        [card_words.ERRORS, card_words.failed(old), card_words.failed(new)],
        [card_words.LATENCY, card_words.latency(old), card_words.latency(new)],
    ]
    return blocks.table(
        [[blocks.cell(cut(text, NAME), bold=not n) for text in row] for n, row in enumerate(rows)]
    )


def _pods(release: Release) -> tuple[Counted, Counted]:
    return release.stable_pods, release.canary_pods


def _small_print(release: Release) -> list[str]:
    reason = release.plan.spec.reason
    first = words.started_by(who(release.started_by), at(release.started_at))
    lines = [f"{first}: “{quote(reason)}”" if reason else first]
    if release.one_way:
        lines.append(consent_words.marked_one_way(quote(release.one_way)))
    second = f"{code(release.id)} · plan {code(release.plan.hash)}"
    if release.ended_at is not None:
        seconds = (release.ended_at - release.started_at).total_seconds()
        second = f"{words.ended(at(release.ended_at), seconds)} · {second}"
    return [*lines, second]

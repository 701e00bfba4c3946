"""The buttons of a release: what `release.intents()` says is legal, and nothing else; the dangerous ones ask first.

Pure. Dialogs tell the effect in numbers of the plan and of the last proof.
"""

from typing import assert_never

from bot.slack import blocks, button_words, consent_words, progress, words
from bot.slack.blocks import Block
from bot.slack.signing import ActValue, SamplesValue, Signer
from strategies import consent
from strategies.duration import words as duration
from strategies.release import SNOOZE, IntentKind, Release, State

PREFIX = "release."
START, DISMISS, SAMPLES = f"{PREFIX}start", f"{PREFIX}dismiss", f"{PREFIX}samples"


def of(release: Release, signer: Signer, *, samples: bool = False) -> list[Block]:
    """A row of buttons for what may be asked of it now; none once it has ended."""
    if release.ended:
        return []
    made = [_intent(release, kind, signer) for kind in release.intents()]
    if samples and release.changed:
        value = signer.value(SamplesValue(release=release.id))
        made.append(blocks.button("Samples", SAMPLES, value or ""))
    return made


def _intent(release: Release, kind: IntentKind, signer: Signer) -> Block:
    value = signer.value(ActValue(release=release.id, action=kind, revision=release.revision)) or ""
    name = PREFIX + kind.value
    match kind:
        case IntentKind.PROMOTE:
            label, effect = _promote(release)
            asks = blocks.confirm(f"{label}?", effect, label)
            return blocks.button(label, name, value, style="primary", confirm=asks)
        case IntentKind.HOLD:
            return blocks.button(button_words.hold_label(release), name, value)
        case IntentKind.RESUME:
            return blocks.button("Resume", name, value)
        case IntentKind.ROLLBACK:
            title, label = f"Roll {release.id} back?", consent_words.back_label(*consent.tally(release, kind))
            asks = blocks.confirm(title, _rollback_effect(release), "Roll back", danger=True)
            return blocks.button(label, name, value, style="danger", confirm=asks)
        case IntentKind.SNOOZE:
            return blocks.button(f"Snooze {duration(SNOOZE)}", name, value)
        case IntentKind.CANCEL:
            title = f"Cancel {release.id}?"
            asks = blocks.confirm(title, button_words.cancel_effect(release), "Cancel it", danger=True)
            return blocks.button("Cancel", name, value, style="danger", confirm=asks)
        case _:
            assert_never(kind)


def _promote(release: Release) -> tuple[str, str]:
    """The label and the effect of a yes."""
    given, needed = consent.tally(release, IntentKind.PROMOTE)
    several = consent_words.approve_label(given, needed)
    if release.unapproved:
        return several, consent_words.start_effect(release.plan)
    label = button_words.promote_label(release, _next_title(release))
    if needed > 1:
        label = f"{label} ({given} of {needed})" if release.state is State.KEEPING else several
    return label, _promote_effect(release)


def _next_title(release: Release) -> str:
    nxt = progress.next_stage(release)
    return nxt.title if nxt else "the end"


def _promote_effect(release: Release) -> str:
    plan, nxt = release.plan, progress.next_stage(release)
    if release.state is State.KEEPING:
        return button_words.keeping_effect(plan)
    now = words.share(release.measured, progress.asked(release))
    if nxt is None or nxt.share == 100:  # noqa: PLR2004 - percent
        return button_words.promote_all_effect(plan, now, nxt.canary_pods if nxt else plan.stable_pods)
    return button_words.promote_effect(plan, now, nxt.share, nxt.canary_pods)


def _rollback_effect(release: Release) -> str:
    now = words.share(release.measured, progress.asked(release))
    first = consent_words.one_way(release.one_way) if release.one_way and release.switched else ""
    return first + button_words.rollback_effect(release.plan, now, release.canary_pods.total)

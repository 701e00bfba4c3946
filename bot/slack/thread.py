"""The thread under a card: the record's events in order, as few messages as keep them readable.

Pure. Lines that wait together become one message, so that an outage catches up condensed; what needs a person, what was
measured and how it ended stand by themselves (after an outage, as far as they still matter). Only what needs a person *now* has buttons and reaches the channel.
"""

from dataclasses import dataclass

from bot.slack import blocks, buttons, consent_words, manifest, samples, words
from bot.slack.blocks import Block, Message
from bot.slack.markup import at, escape, name, said
from bot.slack.signing import Signer
from strategies import measures
from strategies.receipt import receipt
from strategies.release import Actor, Event, Measured, Release, State

QUESTIONS = frozenset(
    {"asking", "reminder", "deadline", "foreign", "held", "stuck", "falling", "consent", "replanned"}
)
ENDINGS = frozenset({"promoted", "rolled-back", "failed", "denied", "expired"})
RECEIPTS = frozenset({"promoted", "rolled-back", "failed"})  # endings of what has changed something
LINES = 20  # in one message
MANY = 12  # lines that wait; beyond, what is over needs no message of its own any more
APART = 60  # seconds between the first and the last line, beyond which each line has its time
LOG = 2000  # characters of a pod's log
_SIGN = {
    "asking": "🟠",
    "reminder": "🔔",
    "deadline": "⏸️",
    "foreign": "⏸️",
    "held": "⏸️",
    "stuck": "⚠️",
    "falling": "⚠️",
    "failed": "🔴",
    "promoted": "✅",
    "rolled-back": "↩️",
    "consent": "🟠",
    "replanned": "🟠",
    "denied": "⛔",
    "expired": "⌛",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Events `first.n` to `last.n` that make one message; `alone`: one that is a message by itself."""

    events: tuple[Event, ...]
    alone: bool = False

    @property
    def first(self) -> Event:
        """The oldest."""
        return self.events[0]

    @property
    def last(self) -> Event:
        """The newest."""
        return self.events[-1]


@dataclass(frozen=True, slots=True)
class Post:
    """One message of the thread: `entry` is its last event's number, `asks` says that its buttons are live."""

    entry: int
    message: Message
    broadcast: bool = False
    asks: bool = False
    also: Message | None = None


def parts(release: Release, told: int) -> list[Part]:
    """What is not told yet, in order; where much has waited (Slack was away), what is over is told in a line each."""
    untold = [e for e in release.events if e.n > told]
    standing = _still_standing(release, untold) if len(untold) > MANY else untold
    made: list[Part] = []
    for event in untold:
        by_itself = alone(event) and event in standing
        joins = made and not by_itself and not made[-1].alone and len(made[-1].events) < LINES
        if joins:
            made[-1] = Part((*made[-1].events, event))
        else:
            made.append(Part((event,), by_itself))
    return made


def _still_standing(release: Release, untold: list[Event]) -> list[Event]:
    """What people need now: the questions that are open, how it ended, and what was measured last."""
    measured = [e for e in untold if e.detail.get("tally")]
    return [e for e in untold if asks(release, e) or e.kind in ENDINGS or e in measured[-1:]]


def alone(event: Event) -> bool:
    """Whether an event is a message by itself."""
    return event.kind in QUESTIONS | ENDINGS or bool(event.detail.get("tally") or event.detail.get("log"))


def asks(release: Release, event: Event) -> bool:
    """Whether this event is why a person must decide now."""
    waits = (
        release.state in (State.ASKING, State.HOLDING)
        or release.falling is not None
        or (event.kind == "consent" and release.pending > 0)
    )
    return waits and event.kind in QUESTIONS and event.at >= release.since


def post(release: Release, part: Part, signer: Signer, *, gap: int = 0) -> Post:
    """The message for a part; `gap` lines before it are not in the record any more."""
    event = part.last
    if not part.alone:
        return Post(event.n, _lines(release, part, gap))
    live = asks(release, event)
    ends = event.kind in ENDINGS
    return Post(
        event.n,
        _one(release, event, signer if live else None),
        broadcast=(live and event.kind != "reminder") or ends,
        asks=live,
        also=manifest.to_commit(release) if event.kind == "promoted" else None,
    )


def decided(release: Release, n: int) -> Message:
    """A question after its answer: the same words, no buttons."""
    event = next((e for e in release.events if e.n == n), None)
    again = event is not None and event.at >= release.since and release.pending > 0
    note = blocks.context(consent_words.asked_again() if again else words.moved_on())
    if event is None:
        return Message(words.moved_on(), (note,))
    before = _one(release, event, None)
    return Message(before.text, (*before.blocks, note))


def text(release: Release, event: Event) -> str:
    """An event's own words, safe to show: only people who acted are mentioned."""
    actors: list[Actor] = [event.by]
    groups: list[str] = []
    if event.kind == "reminder":
        asked = [str(i) for i in event.detail.get("asks") or ()]
        groups = [i for i in asked if i.startswith("S")]
        actors += [release.started_by, *(Actor(id=i, via="slack") for i in asked if i not in groups)]
    quoted = release.plan.spec.reason if event.kind == "started" else ""
    return said(event.text, actors, quoted, groups)


def _lines(release: Release, part: Part, gap: int) -> Message:
    spread = (part.last.at - part.first.at).total_seconds() > APART
    lines = [words.trimmed(gap)] if gap else []
    lines += [(f"{at(e.at, '{time}')}  " if spread else "") + text(release, e) for e in part.events]
    return Message(text(release, part.last), tuple(blocks.paragraphs(lines)))


def _one(release: Release, event: Event, signer: Signer | None) -> Message:
    sign = f"{_SIGN[event.kind]}  " if event.kind in _SIGN else ""
    loud = event.kind in QUESTIONS | ENDINGS
    own = text(release, event)
    title = f"*{name(release.id)}*  ·  " if loud and release.id not in event.text else ""
    made: list[Block] = [blocks.section(f"{sign}{title}{own}")]
    if seen := event.detail.get("measured"):  # what it was decided on, whatever was measured since
        evidence = words.evidence(Measured.model_validate(seen), name(release.plan.to_version))
        made.append(blocks.context(evidence))
    if log := event.detail.get("log"):
        made.append(blocks.preformatted(str(log)[-LOG:], LOG))
    if seen := event.detail.get("tally"):
        made += samples.event(release, seen, _asked(release, event))
    if event.kind in RECEIPTS and release.ended:
        made.append(blocks.context(escape(measures.receipt(receipt(release)))))
    if signer is not None:
        made += blocks.actions(buttons.of(release, signer))
    return Message(f"{name(release.id)}: {own}" if loud else own, tuple(made))


def _asked(release: Release, event: Event) -> int | None:
    """The share that a tally was to prove: as the event says, else the last measurement's where it is this event's."""
    if isinstance(asked := event.detail.get("asked"), int):
        return asked
    seen = release.measured
    return seen.asked if seen is not None and seen.at == event.at else None

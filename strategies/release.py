"""A release as a value: what is known of one attempt, and which intents it obeys in which state.

`Release` is the content of a record. It changes only by `on` (a person), and by what `decide` returns (the engine).
`revision` counts what people can see change: a button is bound to it, so that a click made on yesterday's card loses.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pydantic import Field

from strategies import judgement_words, words
from strategies.comparison import Comparison
from strategies.course import Course, Measured, Phase
from strategies.event import ENGINE, Actor, Consent, Event
from strategies.excerpt import TRIMMED, cut, fitting
from strategies.lens import Split
from strategies.plan import Frozen, Plan
from strategies.refusal import Refusal
from strategies.state import ENDED, Intent, IntentKind, State
from strategies.steps import Drain, Keep, Lag, Prove, Remove, Shift, Soak, Stand, Step, Turn, Twin, Update

__all__ = [
    "ENGINE",
    "GONE",
    "KEPT_CONSENTS",
    "KEPT_DETAILS",
    "KEPT_EVENTS",
    "SNOOZE",
    "TRIMMED",
    "Actor",
    "Card",
    "Consent",
    "Counted",
    "Doing",
    "Event",
    "Intent",
    "IntentKind",
    "Measured",
    "Release",
    "State",
]  # what it offers, and what others know by this name

# A record stays under 256 KiB, whatever happens: 120 events of 1.1 KiB, 40 details of 1.5 KiB, a plan of 48 KiB,
# and a course of 15 KiB.
KEPT_EVENTS = 120  # the newest; older ones are trimmed, the chain's head stays
KEPT_DETAILS = (
    40  # the newest events that keep their detail; of the others only its hash stays, for the chain
)
LONGEST_TEXT = 900  # bytes of an event's sentence; what the cluster says may be longer
KEPT_MARKS = 40  # accepted changes by others
KEPT_CONSENTS = 40
SNOOZE = 1800  # seconds, where nobody says how long
GONE = "canary gone"  # how the mark of a new track that somebody deleted begins
EMPTY = (
    "canary replicas 0"  # the mark of one that somebody scaled to nothing, which is no wish for another share
)


class Counted(Frozen):
    """One track's pods as last seen."""

    ready: int = 0
    total: int = 0


class Card(Frozen):
    """Where people see it: the card's address, the hash of what was last sent, how many events the thread has."""

    channel: str
    ts: str = ""
    shown: str = ""
    told: int = 0
    asked: tuple[tuple[str, int, int], ...] = Field(
        (), description="messages with live buttons: ts, number of the event, revision"
    )
    drawn: bool = Field(False, description="its picture, or charts in its place, is in the thread")


class Doing(Frozen):
    """The journal: what the engine is about to do, written before it does it."""

    step: int
    what: str
    at: datetime


class Release(Frozen):
    """See the module. `cursor` points into `plan.steps`, or on the way back into `back`."""

    id: str
    number: int
    plan: Plan
    state: State = State.RUNNING
    revision: int = 1
    cursor: int = 0
    back: tuple[Step, ...] = ()
    changed: bool = False
    doing: Doing | None = None
    started_by: Actor
    started_at: datetime
    since: datetime
    due: datetime | None = Field(None, description="when the state ends by itself")
    remind_at: datetime | None = None
    reminded: int = 0
    shifted_at: datetime | None = Field(None, description="the last time traffic was moved")
    taken_at: datetime | None = Field(
        None, description="when routes were last seen taken by their controllers"
    )
    reason: str = ""
    stuck: str = Field("", description="the trouble that was told last, so that it is told once")
    measured: Measured | None = None
    course: Course = Course()
    judged: Comparison = Field(Comparison(), description="what both versions did while they were compared")
    falling: datetime | None = Field(
        None, description="when it rolls back by itself, unless a person keeps it"
    )
    fit: tuple[str, ...] = Field((), description="lives of pods that have settled")
    accepted: tuple[str, ...] = Field((), description="changes by others that a person went on with")
    foreign: str = Field("", description="the change by somebody else for which it holds")
    unapproved: bool = Field(False, description="its start waits for consents; nothing has been changed")
    approvals: int = Field(1, description="how many people decide, by the policy as it was last asked")
    consents: tuple[Consent, ...] = ()
    pending: int = Field(0, description="how many of the newest consents answer the question that is open")
    needed: int = Field(0, description="how many people that question needs, once somebody has answered it")
    stable_pods: Counted = Counted()
    canary_pods: Counted = Counted()
    events: tuple[Event, ...] = ()
    deliveries: tuple[str, ...] = ()
    card: Card | None = None
    ended_at: datetime | None = None
    told_end: bool = False

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self.state in ENDED

    @property
    def outcome(self) -> str:
        """Its state in a word; cancelled is told apart: denied by somebody who was asked, or expired."""
        last = self.events[-1].kind if self.events else ""
        return last if self.state is State.CANCELLED and last in ("denied", "expired") else self.state.value

    @property
    def going_back(self) -> bool:
        """On the way back."""
        return self.state is State.ROLLING_BACK

    @property
    def steps(self) -> tuple[Step, ...]:
        """The way it is on."""
        return self.back if self.going_back else self.plan.steps

    @property
    def step(self) -> Step | None:
        """The step it is at, None past the last one."""
        return self.steps[self.cursor] if self.cursor < len(self.steps) else None

    @property
    def stage(self) -> int:
        """The number people count by."""
        step = self.plan.steps[min(self.cursor, len(self.plan.steps) - 1)]
        return step.stage

    @property
    def proven(self) -> bool:
        """Whether the present stage may be left: it is proven, or marked unproven because it cannot be proven."""
        here = self.plan.steps[self.cursor] if self.cursor < len(self.plan.steps) else None
        return isinstance(here, Soak | Keep)

    def intents(self) -> tuple[IntentKind, ...]:
        """What is legal now: buttons, help and the command line derive from it."""
        if self.falling is not None:
            return (IntentKind.HOLD, IntentKind.ROLLBACK)
        match self.state:
            case State.RUNNING:
                if not self.changed:
                    return (IntentKind.CANCEL,)
                return (IntentKind.HOLD, IntentKind.ROLLBACK) if self.can_go_back else (IntentKind.HOLD,)
            case State.SOAKING:
                return (IntentKind.PROMOTE, IntentKind.HOLD, IntentKind.ROLLBACK)
            case State.ASKING if self.unapproved:
                return (IntentKind.PROMOTE, IntentKind.SNOOZE, IntentKind.CANCEL)
            case State.ASKING:
                return (IntentKind.PROMOTE, IntentKind.HOLD, IntentKind.SNOOZE, IntentKind.ROLLBACK)
            case State.HOLDING:
                on = (IntentKind.PROMOTE,) if self.proven else ()
                back = (IntentKind.ROLLBACK,) if self.can_go_back else ()
                return (*on, IntentKind.RESUME, *back)
            case State.KEEPING:
                return (IntentKind.PROMOTE, IntentKind.ROLLBACK)
            case _:
                return ()

    @property
    def can_go_back(self) -> bool:
        """Whether the old version can still be had by this release."""
        gone = (i for i, s in enumerate(self.plan.steps) if _ends_the_old(self.plan, s))
        return self.cursor < next(gone, len(self.plan.steps) + 1)

    @property
    def one_way(self) -> str:
        """Why going back after the switch is not simply possible; empty where it is."""
        return self.plan.spec.one_way

    @property
    def switched(self) -> bool:
        """Whether the new version has, or has had, all the traffic."""
        begun = self.plan.steps[: self.cursor + 1]
        return any(
            (isinstance(s, Shift) and s.to in ("canary", "after"))
            or (isinstance(s, Prove) and s.share == 100)
            for s in begun
        )

    def on(self, intent: Intent, actor: Actor, now: datetime, **detail: Any) -> "Release | Refusal":
        """What a person's intent makes of it, or why not; `detail` goes with what the log says of it."""
        if intent.kind not in self.intents():
            return words.not_now(self, intent.kind)
        match intent.kind:
            case IntentKind.HOLD if self.falling is not None:
                kept = self._become(State.HOLDING, now, reason=self.reason)
                return kept.tell("held", judgement_words.kept_by(words.who(actor)), now, by=actor)
            case IntentKind.HOLD:
                held = self._become(State.HOLDING, now, reason=words.held_by(actor))
                return held.tell("held", words.held(actor), now, by=actor)
            case IntentKind.CANCEL:
                ended = self._become(State.CANCELLED, now).model_copy(update={"ended_at": now})
                denied = self.unapproved and actor != self.started_by
                kind, said = ("denied", words.denied) if denied else ("cancelled", words.cancelled)
                return ended.tell(kind, said(actor), now, by=actor)
            case IntentKind.SNOOZE:
                seconds = intent.seconds or SNOOZE
                quiet = self.model_copy(update={"remind_at": now + timedelta(seconds=seconds)})
                return quiet.tell("snoozed", words.snoozed(actor, seconds), now, by=actor)
            case IntentKind.ROLLBACK:
                return self.roll_back(words.rollback_asked(actor), now, actor, **detail)
            case IntentKind.RESUME:
                return self._resume(actor, now, **detail)
            case IntentKind.PROMOTE if self.unapproved:
                begun = self._become(State.RUNNING, now).model_copy(update={"unapproved": False})
                return begun.tell("approved", words.approved(actor), now, by=actor, **detail)
            case IntentKind.PROMOTE:
                return self._promote(actor, now, full=intent.full, **detail)

    def roll_back(self, why: str, now: datetime, actor: Actor = ENGINE, **detail: Any) -> "Release":
        """On the way back from here, for this reason."""
        way = self.plan.back
        after = next(
            (i for i, s in enumerate(self.plan.steps) if isinstance(s, Shift) and s.to == "after"), None
        )
        if self.plan.ending == "in-place" and after is not None and self.cursor >= after:
            # both tracks run the new version: the old one must come back unseen, when nobody is sent there any more
            unseen = tuple(s for s in self.plan.back if isinstance(s, Lag))[:1]
            routed = (Twin(stands=True), Turn(split=Split(share=100))) if self.plan.lanes else ()
            way = (*routed, Shift(to="canary"), *unseen, *way)
        back = self._become(State.ROLLING_BACK, now).model_copy(
            update={"back": way, "cursor": 0, "stuck": "", "changed": True}
        )
        return back.tell("rolling-back", why, now, by=actor, **detail)

    def _resume(self, actor: Actor, now: datetime, **detail: Any) -> "Release":
        """The present stage anew, from its last shift of traffic on; what somebody else changed is accepted."""
        start = max(self.plan.stage_start(self.stage), self._first_open(), self._shifted())
        if self.foreign.startswith(GONE) or self.foreign == EMPTY:
            start = self._stood()
        again = self._become(State.RUNNING, now).model_copy(
            update={"cursor": min(start, self.cursor), "stuck": "", "judged": self.judged.anew()}
            | self._acceptance()
        )
        return again.tell("resumed", words.resumed(actor), now, by=actor, **detail)

    def _acceptance(self) -> dict[str, Any]:
        """The change by somebody else for which it holds, accepted."""
        accepted = (*self.accepted, self.foreign) if self.foreign else self.accepted
        return {"accepted": tuple(dict.fromkeys(accepted))[-KEPT_MARKS:], "foreign": ""}

    def _first_open(self) -> int:
        """Never back before a keeping that is over, nor a step that cannot be taken twice."""
        over = [
            i
            for i, s in enumerate(self.plan.steps[: self.cursor])
            if isinstance(s, Keep) or _ends_the_old(self.plan, s)
        ]
        if self.step is not None and _ends_the_old(self.plan, self.step):
            return self.cursor
        return over[-1] + 1 if over else 0

    def _shifted(self) -> int:
        """The last shift that was made, 0 before the first: to go back behind it would look like somebody's write.

        The present one may have been made, too, and wait for its controller.
        """
        begun = self.plan.steps[: self.cursor + 1]
        return max((i for i, s in enumerate(begun) if isinstance(s, Shift | Turn)), default=0)

    def _stood(self) -> int:
        """The step that makes the new track stand, the last one before here: from there a deleted one is made again."""
        stood = [i for i, s in enumerate(self.plan.steps[: self.cursor]) if isinstance(s, Stand)]
        return stood[-1] if stood else self.cursor

    def _promote(self, actor: Actor, now: datetime, *, full: bool, **detail: Any) -> "Release":
        on = self.cursor + 1
        if full:
            last = max(s.stage for s in self.plan.steps) - 1
            on = max(on, self.plan.stage_start(last))
        moved = self._become(State.RUNNING, now).model_copy(
            update={"cursor": on, "stuck": ""} | self._acceptance()
        )
        what = (
            words.keeping_ended(actor) if isinstance(self.step, Keep) else words.promoted_on(actor, full=full)
        )
        return moved.tell("promoted-on", what, now, by=actor, **detail)

    def _become(self, state: State, now: datetime, *, reason: str = "") -> "Release":
        return self.model_copy(
            update={
                "state": state,
                **self.passing(now),
                "due": None,
                "remind_at": None,
                "reminded": 0,
                "reason": reason,
                "doing": None,
                "falling": None,
                "pending": 0,
                "needed": 0,
                "revision": self.revision + 1,
            }
        )

    @property
    def phase(self) -> Phase:
        """What its seconds go into now."""
        match self.state, self.step:
            case ((State.ASKING | State.HOLDING), _):
                return "people"
            case _, Prove():
                return "proof"
            case _, Soak():
                return "soak"
            case _, Keep():
                return "keeping"
            case _, Shift() | Twin() | Turn() | Drain() | Lag():
                return "route"
            case _:
                return "pods"

    def passing(self, now: datetime) -> dict[str, Any]:
        """What changes whenever its state or its step does: since when, and where the seconds until now went."""
        spent = self.course.passed(self.phase, (now - self.since).total_seconds())
        return {"since": now, "course": spent}

    def cut_short(self) -> "Release":
        """After an engine that may have been sampling when it ended: what it had sent then, nobody knows."""
        course = self.course.model_copy(update={"cut": True})
        sampling = self.phase == "proof" or (self.phase == "soak" and self.plan.probe is not None)
        return self.model_copy(update={"course": course}) if sampling else self

    def become(self, state: State, now: datetime, **more: Any) -> "Release":
        """The same release in another state, with its clocks set anew; `more` overrides."""
        return self._become(state, now).model_copy(update=more)

    def tell(self, kind: str, text: str, now: datetime, *, by: Actor = ENGINE, **detail: Any) -> "Release":
        """With one more event, chained to the one before; the oldest are trimmed."""
        before = self.events[-1] if self.events else None
        event = Event(
            n=before.n + 1 if before else 1,
            at=now,
            kind=kind,
            text=cut(text, LONGEST_TEXT),
            by=by,
            detail=fitting(detail),
        )
        told = event.model_copy(update={"chain": event.linked(before.chain if before else "")})
        events = [*self.events, told][-KEPT_EVENTS:]
        old = len(events) - KEPT_DETAILS - 1  # one a call is enough: each call adds one
        if old >= 0:
            events[old] = events[old].trimmed()
        return self.model_copy(update={"events": tuple(events)})

    @property
    def chained(self) -> bool:
        """Whether every kept event follows the one before it, unchanged."""
        return all(
            event.n == before.n + 1 and event.chain == event.linked(before.chain)
            for before, event in pairwise(self.events)
        )


def _ends_the_old(plan: Plan, step: Step) -> bool:
    """Whether the old version cannot come back by this release once this step has begun."""
    if plan.ending == "in-place":
        return isinstance(step, Drain) or (isinstance(step, Remove) and step.track == "canary")
    return (isinstance(step, Remove) and step.track == "stable") or (
        isinstance(step, Update) and plan.ending == "replace"
    )

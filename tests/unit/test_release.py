"""A release as a value: every state and every intent, by table and by a machine that tries them in any order."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strategies.comparison import Comparison
from strategies.plan import Plan
from strategies.readings import Own, Readings
from strategies.refusal import Refusal
from strategies.release import (
    KEPT_CONSENTS,
    KEPT_DETAILS,
    KEPT_EVENTS,
    TRIMMED,
    Actor,
    Consent,
    Doing,
    Intent,
    IntentKind,
    Release,
    State,
)
from strategies.samples import Sample, Version
from strategies.spec import Strategy
from strategies.steps import Keep, Prove, Remove, Shift, Soak, Stand, Step, Update
from tests.unit.drive import ANA
from tests.unit.manifests import PINNED, START
from tests.unit.stations import STATIONS, at, release

NOW = START + timedelta(minutes=5)
EVERY = list(IntentKind)


def on(found: Release, kind: IntentKind, *, full: bool = False) -> Release | Refusal:
    return found.on(Intent(kind=kind, full=full), ANA, NOW)


def accepted(found: Release, kind: IntentKind, *, full: bool = False) -> Release:
    after = on(found, kind, full=full)
    assert isinstance(after, Release), after
    return after


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("station", list(STATIONS))
def test_what_is_offered_is_accepted_and_nothing_else_is(station: str, kind: IntentKind) -> None:
    before = STATIONS[station]()
    after = on(before, kind)
    if kind not in before.intents():
        assert isinstance(after, Refusal)
        assert after.what
        assert after.remedy
        return
    assert isinstance(after, Release)
    assert after.events[-1].by == ANA
    if kind is IntentKind.SNOOZE:  # the question stays: its buttons live on, and so does its deadline
        assert (after.revision, after.since, after.due) == (before.revision, before.since, before.due)
        return
    assert after.revision == before.revision + 1
    assert after.since == NOW
    assert (after.due, after.remind_at, after.doing) == (None, None, None)


BECOMES = {
    IntentKind.HOLD: State.HOLDING,
    IntentKind.RESUME: State.RUNNING,
    IntentKind.PROMOTE: State.RUNNING,
    IntentKind.ROLLBACK: State.ROLLING_BACK,
    IntentKind.CANCEL: State.CANCELLED,
    IntentKind.SNOOZE: State.ASKING,
}


@pytest.mark.parametrize("kind", EVERY)
def test_an_intent_leads_to_its_state_from_wherever_it_is_legal(kind: IntentKind) -> None:
    stations = [make() for make in STATIONS.values()]
    legal = [found for found in stations if kind in found.intents()]
    assert legal
    assert {accepted(found, kind).state for found in legal} == {BECOMES[kind]}


@pytest.mark.parametrize(
    ("station", "kind", "code"),
    [
        ("promoted", IntentKind.ROLLBACK, "ended"),
        ("cancelled", IntentKind.CANCEL, "ended"),
        ("running", IntentKind.CANCEL, "changed"),
        ("running", IntentKind.PROMOTE, "not-proven"),
        ("holding, the step is not proven", IntentKind.PROMOTE, "not-proven"),
        ("holding, the old version is gone", IntentKind.ROLLBACK, "too-late"),
        ("running, the old version is gone", IntentKind.ROLLBACK, "too-late"),
        ("rolling-back", IntentKind.PROMOTE, "not-now"),
        ("keeping", IntentKind.HOLD, "not-now"),
    ],
)
def test_a_refused_intent_says_why(station: str, kind: IntentKind, code: str) -> None:
    refused = on(STATIONS[station](), kind)
    assert isinstance(refused, Refusal)
    assert refused.code == code


# where it goes


def test_promoting_goes_to_the_step_behind_the_soak() -> None:
    before = at(Soak, State.ASKING)
    assert accepted(before, IntentKind.PROMOTE).cursor == before.cursor + 1


def test_promoting_to_the_last_step_skips_the_shares_between_and_no_proof_of_the_last() -> None:
    found = accepted(at(Soak, State.ASKING), IntentKind.PROMOTE, full=True)
    assert found.step == Stand(stage=3, track="canary", replicas=None, aside=True)


def test_promoting_at_the_last_soak_to_the_last_step_does_not_go_back() -> None:
    before = at(Soak, State.ASKING, last=True)
    assert accepted(before, IntentKind.PROMOTE, full=True).cursor == before.cursor + 1


def test_promoting_while_keeping_ends_the_keeping() -> None:
    found = accepted(at(Keep, State.KEEPING), IntentKind.PROMOTE)
    assert not isinstance(found.step, Keep)
    assert "ended the keeping" in found.events[-1].text


@pytest.mark.parametrize("pinned", PINNED)
@pytest.mark.parametrize("strategy", list(Strategy))
def test_resuming_never_goes_forward_nor_behind_a_shift_or_a_keeping(strategy: Strategy, pinned: Any) -> None:
    begun = release(strategy, pinned)
    for cursor, step in enumerate(begun.plan.steps):
        held = begun.model_copy(update={"state": State.HOLDING, "cursor": cursor, "changed": True})
        again = accepted(held, IntentKind.RESUME)
        passed = begun.plan.steps[again.cursor : cursor]
        assert again.cursor <= cursor
        assert again.step is not None
        assert again.step.stage == step.stage
        assert not any(isinstance(s, Keep) for s in passed)
        assert not any(isinstance(s, Shift) for s in passed[1:])


def test_resuming_a_failed_proof_shifts_and_proves_again() -> None:
    found = accepted(at(Prove, State.HOLDING), IntentKind.RESUME)
    assert found.step == Shift(stage=1, to="both")


def test_resuming_accepts_what_somebody_else_changed() -> None:
    for station in (Soak, Keep):
        held = at(station, State.HOLDING, foreign="replicas 5", accepted=("other",))
        found = accepted(held, IntentKind.RESUME)
        assert (found.accepted, found.foreign) == (("other", "replicas 5"), "")


def test_promoting_from_a_hold_accepts_it_too() -> None:
    held = at(Soak, State.HOLDING, foreign="replicas 5")
    assert accepted(held, IntentKind.PROMOTE).accepted == ("replicas 5",)


def test_resuming_after_the_new_deployment_was_deleted_makes_it_again() -> None:
    held = at(Keep, State.HOLDING, foreign="canary gone")
    assert isinstance(accepted(held, IntentKind.RESUME).step, Stand)


def test_going_back_after_the_old_ones_were_updated_leads_users_to_the_new_ones_first() -> None:
    begun = at(Prove, State.RUNNING, pinned="nowhere", last=True)
    back = accepted(begun, IntentKind.ROLLBACK)
    assert [s.kind for s in back.steps[:3]] == ["shift", "lag", "update"]
    assert back.steps[0] == Shift(to="canary")


@pytest.mark.parametrize("pinned", PINNED)
@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_way_back_is_open_until_the_old_version_goes_and_never_opens_again(
    strategy: Strategy, pinned: Any
) -> None:
    begun = release(strategy, pinned)
    steps = begun.plan.steps
    can = [begun.model_copy(update={"cursor": c}).can_go_back for c in range(len(steps) + 1)]
    assert can == sorted(can, reverse=True)
    keeps = [i for i, s in enumerate(steps) if isinstance(s, Keep)]
    assert all(can[: max(keeps, default=0) + 1])
    assert can[-1] is (strategy is Strategy.ROLLING)


@pytest.mark.parametrize(("after", "kind"), [("upgrade", Update), ("delete", Remove)])
def test_the_way_back_ends_where_the_old_one_is_upgraded_or_removed(after: str, kind: type[Step]) -> None:
    begun = release(after=after)
    cursor = next(i for i, s in enumerate(begun.plan.steps) if isinstance(s, kind))
    assert begun.model_copy(update={"cursor": cursor - 1}).can_go_back
    assert not begun.model_copy(update={"cursor": cursor}).can_go_back


def test_a_hold_while_the_old_one_is_removed_does_not_open_the_way_back_again() -> None:
    doing = Doing(step=12, what="delete k8sdemo-deploy", at=NOW)
    removing = at(Remove, State.RUNNING, doing=doing)
    held = accepted(removing, IntentKind.HOLD)
    assert held.intents() == (IntentKind.RESUME,)
    assert accepted(held, IntentKind.RESUME).intents() == (IntentKind.HOLD,)


# events


def told(count: int, text: str = "Something happened.", **detail: Any) -> Release:
    found = release()
    for n in range(count):
        found = found.tell("step", text, NOW + timedelta(seconds=n), **detail)
    return found


def test_events_are_numbered_and_chained_however_many_there_are() -> None:
    for count in (0, 1, KEPT_DETAILS + 3, KEPT_EVENTS + 7):
        found = told(count, tally={"sent": 40})
        assert found.chained
        assert [e.n for e in found.events] == list(range(max(1, count - KEPT_EVENTS + 1), count + 1))


def test_the_newest_events_keep_their_detail_and_the_others_its_hash() -> None:
    events = told(KEPT_DETAILS + 10, tally={"sent": 40}).events
    assert [e.detail for e in events[-KEPT_DETAILS:]] == [{"tally": {"sent": 40}}] * KEPT_DETAILS
    assert all(e.detail.keys() == {TRIMMED} for e in events[:-KEPT_DETAILS])


@pytest.mark.parametrize("field", ["text", "kind", "detail", "at", "by"])
@pytest.mark.parametrize("n", [3, KEPT_DETAILS + 8])
def test_a_changed_event_breaks_the_chain(field: str, n: int) -> None:
    found = told(KEPT_DETAILS + 10, tally={"sent": 40})
    other = {
        "text": "Nothing happened.",
        "kind": "other",
        "detail": {"tally": {"sent": 41}},
        "at": START,
        "by": Actor(id="U2", via="slack"),
    }
    events = list(found.events)
    events[n] = events[n].model_copy(update={field: other[field]})
    assert not found.model_copy(update={"events": tuple(events)}).chained


def test_a_lost_event_breaks_the_chain() -> None:
    found = told(5)
    assert not found.model_copy(update={"events": (*found.events[:2], *found.events[3:])}).chained


def test_the_chain_survives_the_record() -> None:
    found = told(KEPT_DETAILS + 10, "Größe 25 % → 50 %", tally={"sent": 40, "example": "日本"})
    assert Release.model_validate_json(found.model_dump_json()).chained


@given(
    st.text(min_size=0, max_size=3000),
    st.dictionaries(st.text(max_size=8), st.text(max_size=2000), max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_an_event_has_its_bounds_whatever_the_cluster_says(text: str, detail: dict[str, str]) -> None:
    found = release().tell("stuck", text, NOW, log=detail).events[-1]
    assert len(found.text.encode()) <= 900
    assert len(json.dumps(found.detail, ensure_ascii=False).encode()) <= 1500


def widest() -> Comparison:
    """Two versions compared for a long time, whose answers differ in all that is kept."""
    body = json.dumps({f"field {n} {'日本' * 5}": n for n in range(60)})
    versions: tuple[Version, ...] = ("new", "old")
    made = Comparison()
    for look in range(200):
        samples = [
            Sample(v, 200 + n % 90, 0.0001 * 1.07 ** (n + look), body, kind=f"{n}/x")
            for v in versions
            for n in range(20)
        ]
        made = made.added(samples, NOW)
    pods = [{"metadata": {"name": "p" * 60 + str(n), "uid": f"{n:036}"}} for n in range(60)]
    own = {f"query {n}": Own(new=1 / 3, old=2 / 3, trouble="x" * 160) for n in range(10)}
    made = made.seen(pods, pods, NOW).knows(["`$." + "x" * 50 + "` is text, not number"] * 20)
    return made.model_copy(update={"readings": Readings(trouble="x" * 200, own=own)})


def test_a_record_stays_under_256_kib_whatever_happens() -> None:
    found = told(500, "日本語" * 2000, log="…" * 5000, tally={"example": "日本語" * 300})
    lives = tuple(f"{n:016x}" for n in range(200))
    marks = tuple(f"template {n:04x}" for n in range(40))
    consent = Consent(
        by=Actor(id="U" * 20, via="slack"),
        at=NOW,
        to="promote --full",
        revision=1000,
        plan="0" * 12,
        counts=("decide", "override"),
        groups=("a" * 40,) * 5,
    )
    more = {"consents": (consent,) * KEPT_CONSENTS, "judged": widest()}
    full = found.model_copy(update={"fit": lives, "accepted": marks, "reason": "x" * 2000} | more)
    from strategies.planner import LARGEST

    assert len(full.model_dump_json(exclude={"plan"}).encode()) + LARGEST <= 256 * 1024


class Clicks(RuleBasedStateMachine):
    """Any intents in any order, and an engine that moves on between them."""

    def __init__(self) -> None:
        super().__init__()
        self.release = release()
        self.seen = {self.release.revision: self.release.state}
        self.now: datetime = NOW

    def become(self, after: Release) -> None:
        """The next revision."""
        assert after.revision > self.release.revision, "two transitions from one revision"
        assert after.revision not in self.seen
        self.release = after
        self.seen[after.revision] = after.state

    @rule(kind=st.sampled_from(EVERY), full=st.booleans(), slack=st.booleans())
    def somebody_asks(self, kind: IntentKind, full: bool, slack: bool) -> None:
        """What is offered is accepted, and nothing else."""
        self.now += timedelta(seconds=1)
        actor = Actor(id="U1", via="slack") if slack else Actor(id="kim", via="cli")
        offered = self.release.intents()
        after = self.release.on(Intent(kind=kind, full=full), actor, self.now)
        assert isinstance(after, Release) is (kind in offered)
        if isinstance(after, Release) and kind is IntentKind.SNOOZE:
            assert after.revision == self.release.revision  # the question stays
            self.release = after
        elif isinstance(after, Release):
            self.become(after)

    @precondition(lambda self: not self.release.ended and self.release.state is not State.HOLDING)
    @rule()
    def the_engine_passes_a_step(self) -> None:
        """As far as the engine goes by itself."""
        found = self.release
        if found.step is None:
            end = State.ROLLED_BACK if found.going_back else State.PROMOTED
            self.become(found.become(end, self.now, ended_at=self.now))
        elif isinstance(found.step, Soak) and found.state is State.RUNNING:
            self.become(found.become(State.ASKING, self.now))
        elif isinstance(found.step, Keep) and found.state is State.RUNNING:
            self.become(found.become(State.KEEPING, self.now))
        elif found.state in (State.RUNNING, State.ROLLING_BACK):
            self.release = found.model_copy(update={"cursor": found.cursor + 1, "changed": True})

    @invariant()
    def ended_stays_ended(self) -> None:
        """Nothing can be asked of it."""
        if self.release.ended:
            assert self.release.intents() == ()

    @invariant()
    def the_chain_holds_and_the_cursor_is_in_the_way(self) -> None:
        """Whatever happened."""
        assert self.release.chained
        assert 0 <= self.release.cursor <= len(self.release.steps)

    @invariant()
    def going_back_never_ends_promoted(self) -> None:
        """There is one way out of it."""
        states = [self.seen[r] for r in sorted(self.seen)]
        if State.ROLLING_BACK in states:
            assert set(states[states.index(State.ROLLING_BACK) + 1 :]) <= {State.ROLLED_BACK}


TestClicks = Clicks.TestCase
TestClicks.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_a_plan_survives_the_record() -> None:
    for strategy in Strategy:
        plan = release(strategy).plan
        assert Plan.model_validate_json(plan.model_dump_json()) == plan

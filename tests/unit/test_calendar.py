"""Freezes, quiet hours and deadlines, as the engine's decisions keep them."""

from datetime import datetime, timedelta
from typing import Any

from strategies.consent import Action, Allowed, begun, may
from strategies.decide import Decision, decide, give_up
from strategies.evidence import Evidence
from strategies.people import Calendar, Freeze
from strategies.release import IntentKind, Release, State
from strategies.spec import Strategy
from strategies.steps import Keep
from strategies.view import View
from strategies.windows import Once
from tests.unit.drive import Run, promotes
from tests.unit.manifests import shop
from tests.unit.stations import release
from tests.unit.test_consent import ANA, NOW, PROD
from tests.unit.world import World


def until(state: State, strategy: Strategy = Strategy.CANARY, **asked: Any) -> Run:
    """A release of the seed's shape, run by people who promote, until it is there."""
    run = Run.begin(World.of(shop("both")), strategy, **asked)
    return run.run(promotes, until=lambda r: r.release.state is state)


def decided(run: Run, now: datetime, *, freeze: bool = False, quiet: bool = False) -> Decision:
    """What is decided then, with an hour's window around it."""
    window = Once(now - timedelta(hours=1), now + timedelta(hours=1))
    calendar = Calendar((Freeze(window, "weekend", "rule"),) if freeze else (), (window,) if quiet else ())
    return decide(View(run.release, run.world.snapshot(), run.evidence, now, calendar))


def kinds(decision: Decision, before: Release) -> list[str]:
    return [e.kind for e in decision.release.events if e.n > before.events[-1].n]


def test_nobody_is_reminded_in_quiet_hours_but_as_soon_as_they_are_over() -> None:
    run = until(State.ASKING)
    due = run.release.remind_at
    assert due is not None
    put_off = decided(run, due, quiet=True)
    assert kinds(put_off, run.release) == []
    assert put_off.release.remind_at == due + timedelta(hours=1)
    run.release = put_off.release
    assert kinds(decided(run, due + timedelta(hours=1)), run.release) == ["reminder"]


def test_a_deadline_holds_in_quiet_hours_too() -> None:
    run = until(State.ASKING)
    assert run.release.due is not None
    late = decided(run, run.release.due, quiet=True)
    assert late.release.state is State.HOLDING


def test_a_snooze_puts_the_reminder_off_and_leaves_the_deadline() -> None:
    run = until(State.ASKING)
    before = run.release
    assert before.remind_at is not None
    run.intend(IntentKind.SNOOZE)
    assert run.release.remind_at == run.world.now + timedelta(minutes=30)
    assert run.release.due == before.due
    assert kinds(decided(run, before.remind_at), run.release) == []


def test_in_a_freeze_auto_waits_with_the_reason_on_its_card_and_goes_on_after_it() -> None:
    run = until(State.SOAKING, auto=True)
    due = run.release.due
    assert due is not None
    frozen = decided(run, due, freeze=True)
    assert frozen.release.state is State.SOAKING
    assert "weekend" in frozen.release.reason
    assert frozen.release.reason.endswith("so --auto waits until then.")
    assert frozen.release.events[-1].kind == "frozen"
    run.release = frozen.release
    same = Calendar((Freeze(Once(due - timedelta(hours=1), due + timedelta(hours=1)), "weekend", "rule"),))
    later = due + timedelta(minutes=10)
    again = decide(View(run.release, run.world.snapshot(), run.evidence, later, same))
    assert again.release == frozen.release, "told once"
    assert again.wait is not None
    assert again.wait.until == due + timedelta(hours=1), "it looks again when the freeze is over"
    on = decided(run, due + timedelta(hours=2))
    while on.wait and on.wait.gather:
        run.gather(on.wait.gather)
        on = decided(run, due + timedelta(hours=2))
    assert on.release.state is State.RUNNING
    assert on.release.cursor == frozen.release.cursor + 1


def test_a_question_says_on_its_card_that_nobody_may_promote_now() -> None:
    run = until(State.ASKING)
    due = run.release.due
    assert due is not None
    now = due - timedelta(minutes=115)
    frozen = decided(run, now, freeze=True)
    assert frozen.release.reason.startswith("Frozen until ")
    run.release = frozen.release
    waits = decided(run, now, freeze=True)
    assert (waits.release, waits.writes) == (frozen.release, ())
    assert decided(run, now).release.reason == ""


def test_a_reminder_names_those_who_can_decide() -> None:
    run = until(State.ASKING)
    remind = run.release.remind_at
    assert remind is not None
    view = View(
        run.release, run.world.snapshot(), run.evidence, remind, Calendar(), ("S0SRE", "U7", "user:kim")
    )
    told = decide(view).release.events[-1]
    assert told.kind == "reminder"
    assert told.text.startswith("<!subteam^S0SRE> <@U7> `user:kim` ")
    assert told.detail == {"asks": ["S0SRE", "U7", "user:kim"]}


def test_in_a_freeze_the_old_version_stays_warm() -> None:
    run = until(State.KEEPING)
    assert isinstance(run.release.step, Keep)
    due = run.release.due
    assert due is not None
    kept = decided(run, due, freeze=True)
    assert (kept.release.state, kept.release.due) == (State.KEEPING, due + timedelta(hours=1))
    assert "weekend" in kept.release.events[-1].text
    assert decided(run, due).release.state is not State.KEEPING


def test_a_start_that_nobody_approves_expires_and_has_changed_nothing() -> None:
    waiting = unapproved()
    assert waiting.due is not None
    run = Run(World.of(shop("both")), waiting)
    asked = decide(View(waiting, run.world.snapshot(), Evidence(), NOW))
    assert asked.writes == ()
    assert asked.wait is not None
    ended = decide(View(waiting, run.world.snapshot(), Evidence(), waiting.due)).release
    assert (ended.state, ended.outcome, ended.changed) == (State.CANCELLED, "expired", False)
    assert "Expired" in ended.events[-1].text


def unapproved() -> Release:
    """A start that waits for somebody."""
    allowed = may(Action.START, ANA, PROD, NOW)
    assert isinstance(allowed, Allowed)
    made = release().model_copy(update={"started_by": ANA.actor})
    return begun(made, ANA, allowed, PROD, NOW)


def test_what_goes_one_way_never_rolls_back_by_itself_after_the_switch() -> None:
    run = until(State.KEEPING, on_fail="rollback", auto=True)
    spec = run.release.plan.spec.model_copy(update={"one_way": "the schema is migrated"})
    plan = run.release.plan.model_copy(update={"spec": spec})
    for one_way, state in ((False, State.ROLLING_BACK), (True, State.HOLDING)):
        found = run.release.model_copy(update={"plan": plan}) if one_way else run.release
        view = View(found, run.world.snapshot(), run.evidence, run.world.now)
        assert give_up(view, "refused", "because").release.state is state

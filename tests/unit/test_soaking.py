"""While a step soaks, and while the old version stands warm: looks, what is judged of them, and the way down."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from strategies.release import Intent, IntentKind, Release, State
from strategies.samples import Sample
from strategies.soaking import EVERY, FALL, TOLD_NEW
from strategies.spec import Strategy
from strategies.steps import Keep, Soak
from tests.unit.drive import ANA, Run, promotes
from tests.unit.manifests import shop
from tests.unit.world import World


def begun(strategy: Strategy = Strategy.CANARY, **asked: Any) -> Run:
    """The seed with readiness probes, just started."""
    asked.setdefault("soak", 120)
    return Run.begin(World.of(shop("both", probed=True)), strategy, **asked)


def soaking(**asked: Any) -> Run:
    """At its first soak."""
    return begun(**asked).run(until=lambda r: r.release.state is State.SOAKING)


def failing(run: Run, *, new: float = 0.0, old: float = 0.0, ms: float = 10, old_ms: float = 10) -> None:
    """From now on these parts of each version's answers fail, and they take so long."""

    def sample(batch: int) -> list[Sample]:
        made = []
        for n in range(batch):
            mine = n % 3 == 0
            rate, took = (new, ms) if mine else (old, old_ms)
            bad = rate and n // 3 % round(1 / rate) == 0
            made.append(Sample("new" if mine else "old", 500 if bad else 200, took / 1000, "hi"))
        return made

    run.sample = sample


def falling(run: Run) -> Run:
    return run.run(until=lambda r: r.release.falling is not None or r.release.state is State.ASKING)


def last(release: Release) -> str:
    return release.events[-1].text


def test_both_versions_are_looked_at_every_half_minute_and_what_is_seen_adds_up() -> None:
    run = soaking()
    assert run.release.judged.looks == 1  # the proof's own samples
    before = run.release.judged.new.requests
    times = []
    for looks in (2, 3, 4):
        run.run(until=lambda r, n=looks: r.release.judged.looks == n)  # type: ignore[misc]  # a lambda of its own each time
        times.append(run.release.judged.at)
    gaps = [b - a for a, b in pairwise(times) if a and b]
    assert all(EVERY <= gap <= EVERY + timedelta(seconds=5) for gap in gaps), gaps
    judged = run.release.judged
    assert judged.new.requests > before
    assert judged.old.requests > judged.new.requests
    assert judged.new.p50 == pytest.approx(10, rel=0.03)


def test_what_was_seen_survives_a_restart_of_the_bot() -> None:
    run = soaking()
    run.run(until=lambda r: r.release.judged.looks == 2)
    before = run.release.judged
    run.release = Release.model_validate_json(run.release.model_dump_json())
    run.restart()
    assert run.release.judged == before
    run.run(until=lambda r: r.release.judged.looks == 3)
    assert run.release.judged.new.requests > before.new.requests


def test_a_version_that_is_worse_is_found_in_the_middle_of_the_soak() -> None:
    run = soaking(auto=True)
    due = run.release.due
    failing(run, new=0.2)
    falling(run)
    assert run.release.falling is not None
    assert due is not None
    assert run.world.now < due
    assert "fails" in run.release.reason
    assert "worse, p" in run.release.reason


def test_it_rolls_back_by_itself_when_the_countdown_is_over() -> None:
    run = soaking(auto=True)
    failing(run, new=0.2)
    falling(run)
    (said,) = [e for e in run.release.events if e.kind == "falling"]  # once, however long it lasts
    condemned = said.at
    assert run.release.falling == condemned + timedelta(seconds=FALL)
    assert run.release.events[-1] == said
    assert "It rolls back by itself in 30 s, unless somebody keeps it" in last(run.release)
    run.sample = None
    run.run()
    assert run.release.state is State.ROLLED_BACK
    went = next(e for e in run.release.events if e.kind == "rolling-back")
    assert went.at - condemned >= timedelta(seconds=FALL)


def test_the_countdown_survives_a_restart_of_the_bot() -> None:
    run = soaking(auto=True)
    failing(run, new=0.2)
    falling(run)
    ends = run.release.falling
    run.release = Release.model_validate_json(run.release.model_dump_json())
    run.restart()
    run.sample = None
    run.run()
    went = next(e for e in run.release.events if e.kind == "rolling-back")
    assert ends is not None
    assert timedelta(0) <= went.at - ends <= timedelta(seconds=1)


def test_a_person_keeps_it_to_have_a_look_and_nothing_moves_any_more() -> None:
    run = soaking(auto=True)
    failing(run, new=0.2)
    falling(run)
    assert run.release.intents() == (IntentKind.HOLD, IntentKind.ROLLBACK)
    why = run.release.reason
    run.intend(IntentKind.HOLD)
    assert (run.release.state, run.release.falling, run.release.reason) == (State.HOLDING, None, why)
    assert "keeps it to have a look" in last(run.release)
    run.world.step(600)
    assert run.decide().writes == ()
    assert run.decide().release.state is State.HOLDING


def test_a_click_on_the_card_before_it_was_condemned_is_stale() -> None:
    run = soaking(auto=True)
    before = run.release.revision
    failing(run, new=0.2)
    falling(run)
    assert run.release.revision > before
    refused = run.release.on(Intent(kind=IntentKind.PROMOTE), ANA, run.world.now)
    assert not isinstance(refused, Release)


def test_who_kept_it_and_resumes_is_judged_by_what_comes_after() -> None:
    run = soaking(auto=True)
    failing(run, new=0.2)
    falling(run)
    run.intend(IntentKind.HOLD)
    run.sample = None
    run.intend(IntentKind.RESUME)
    assert run.release.judged.new.requests == 0
    run.run(until=lambda r: r.release.stage > 1 or r.release.state is State.ASKING)
    assert run.release.stage > 1, last(run.release)


def test_without_auto_it_holds_and_says_why() -> None:
    run = soaking()
    failing(run, new=0.2)
    run.run()
    assert run.release.state is State.HOLDING
    assert "worse, p" in run.release.reason
    assert run.release.events[-1].detail["code"] == "worse"


@pytest.mark.parametrize(
    ("auto", "asked", "state"), [(True, "hold", "holding"), (False, "rollback", "falling")]
)
def test_on_fail_says_what_becomes_of_it(auto: bool, asked: str, state: str) -> None:
    run = soaking(auto=auto, on_fail=asked)
    failing(run, new=0.2)
    run.run(until=lambda r: r.release.falling is not None)
    found = "falling" if run.release.falling else run.release.state.value
    assert found == state


def test_a_few_failures_at_the_end_of_a_short_soak_are_looked_at_again_until_they_tell() -> None:
    run = soaking(soak=5, auto=True)
    failing(run, new=0.2)
    release = falling(run).release
    assert "fails" in release.reason, last(release)
    assert release.falling is not None
    assert release.judged.looks > 2  # the proof's, the soak's last, and one more at least


def test_one_failure_is_let_pass_once_enough_was_looked_at() -> None:
    run = soaking(soak=5, auto=True)
    bad = iter([500])  # the first answer, and no other
    run.sample = lambda batch: [
        Sample("old", 200, 0.01, "hi") if n % 3 else Sample("new", next(bad, 200), 0.01, "hi")
        for n in range(batch)
    ]
    run.run(until=lambda r: r.release.stage > 1 or r.release.state is State.ASKING)
    assert run.release.state is not State.ASKING, last(run.release)
    said = next(e.text for e in reversed(run.release.events) if e.kind == "promoted-on")
    failed, of = re.findall(r"v6 fails (\d+) of (\d+)", said)[0]
    assert (int(failed), int(of) >= TOLD_NEW) == (1, True), said


def test_a_slow_version_is_told_apart() -> None:
    run = soaking(auto=True)
    failing(run, ms=160)
    falling(run)
    assert run.release.falling is not None
    assert "v6 is slower: half of v6's answers take" in run.release.reason


def test_an_old_version_that_fails_too_makes_auto_ask_and_blames_nobody() -> None:
    run = soaking(auto=True, soak=60)
    failing(run, new=0.2, old=0.2)
    run.run(until=lambda r: r.release.state is State.ASKING)
    assert "Inconclusive: v2 itself fails" in last(run.release)
    assert "that is not v6's fault" in last(run.release)


def test_a_new_version_that_gets_no_traffic_makes_auto_ask() -> None:
    run = soaking(auto=True, soak=40)
    run.sample = lambda batch: [Sample("old", 200, 0.01, "hi")] * batch
    run.release = run.release.model_copy(update={"judged": run.release.judged.anew()})
    run.run(until=lambda r: r.release.state is State.ASKING)
    assert "sampled requests was answered by v6" in last(run.release)


def test_a_person_is_asked_with_what_was_compared() -> None:
    run = soaking(soak=40).run(until=lambda r: r.release.state is State.ASKING)
    assert "Nothing was found wrong with v6: v6 fails 0 of" in last(run.release)


def test_auto_goes_on_with_what_was_compared() -> None:
    run = soaking(auto=True, soak=40).run(until=lambda r: r.release.stage > 1)
    went = next(e for e in run.release.events if e.kind == "promoted-on")
    assert "v6 fails 0 of" in went.text
    assert went.text.endswith("Going on by itself (--auto).")


def test_a_changed_answer_is_asked_about_once() -> None:
    run = soaking(auto=True, soak=40)

    def sample(batch: int) -> list[Sample]:
        return [
            Sample("new", 200, 0.01, '{"b": 1}')
            if n % 3 == 0
            else Sample("old", 200, 0.01, '{"a": 1, "b": 1}')
            for n in range(batch)
        ]

    run.sample = sample
    run.release = run.release.model_copy(update={"judged": run.release.judged.anew()})
    run.run(until=lambda r: r.release.state is State.ASKING)
    assert "answers of v6 look different from v2's: `$.a` is gone" in last(run.release)
    run.sample = None
    run.intend(IntentKind.PROMOTE)
    run.run(until=lambda r: isinstance(r.release.step, Soak) and r.release.stage > 1)
    run.sample = sample
    run.run(until=lambda r: r.release.state is State.ASKING or not isinstance(r.release.step, Soak))
    assert run.release.state is not State.ASKING


def test_a_restart_of_a_new_pod_during_the_soak_is_worse() -> None:
    run = soaking(auto=True)
    run.lawful = False
    pod = next(p for p in run.world.pods_of("k8sdemo-deploy-v6"))
    run.world.lives[pod["metadata"]["uid"]].restarts += 1
    falling(run)
    assert run.release.falling is not None
    assert "pods of v6 fall over: 1 restart" in run.release.reason.lower()


def test_while_the_old_version_stands_warm_the_new_one_is_looked_at_alone() -> None:
    run = begun(auto=True, soak=40, keep=600).run(promotes, until=lambda r: r.release.state is State.KEEPING)
    run.run(until=lambda r: r.release.judged.kept_n > 0)
    run.sample = lambda batch: [Sample("new", 500 if n % 5 == 0 else 200, 0.01, "hi") for n in range(batch)]
    falling(run)
    condemned = run.release
    assert (condemned.state, condemned.falling is not None) == (State.KEEPING, True)
    assert "now that it has all traffic" in condemned.reason
    run.sample = None
    run.run()
    assert run.release.state is State.ROLLED_BACK


def test_who_keeps_it_while_the_old_version_stands_warm_can_still_go_back() -> None:
    run = begun(auto=True, soak=40, keep=600).run(promotes, until=lambda r: r.release.state is State.KEEPING)
    run.sample = lambda batch: [Sample("new", 500 if n % 5 == 0 else 200, 0.01, "hi") for n in range(batch)]
    falling(run)
    run.intend(IntentKind.HOLD)
    assert isinstance(run.release.step, Keep)
    assert IntentKind.ROLLBACK in run.release.intents()

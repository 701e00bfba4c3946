"""What a release took and measured: derived from its record, exact, and bounded."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import measures
from strategies.course import KEPT_POINTS, Course, Pace, Point, Probes
from strategies.receipt import receipt
from strategies.release import Release, State
from strategies.spec import Strategy
from tests.unit.drive import Run, promotes, rolls_back_at
from tests.unit.manifests import START, shop
from tests.unit.stations import release
from tests.unit.world import World

STRATEGIES = list(Strategy)


def begun(strategy: Strategy, **asked: Any) -> Run:
    return Run.begin(World.of(shop("both", probed=True)), strategy, **asked)


def at(seconds: float, *, verdict: Any = "seen") -> Point:
    return Point(at=START + timedelta(seconds=seconds), asked=25, hits=5, n=20, verdict=verdict)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_phases_are_exactly_the_time_from_start_to_end(strategy: Strategy) -> None:
    for person in (promotes, rolls_back_at(3)):
        run = begun(strategy).run(person)
        assert run.release.ended
        took = receipt(run.release)
        assert run.release.ended_at is not None
        whole = (run.release.ended_at - run.release.started_at).total_seconds()
        assert took.seconds == pytest.approx(whole)
        assert sum(run.release.course.spent.values()) == pytest.approx(whole)


def test_time_goes_where_the_release_stood() -> None:
    run = begun(Strategy.CANARY, steps=(25, 100), soak=40, keep=60).run(promotes)
    spent = dict(receipt(run.release).spent)
    assert spent["soak"] == pytest.approx(40, abs=1)
    assert spent["keeping"] == pytest.approx(60, abs=1)
    assert spent["proof"] > 0
    assert spent["pods"] > 0


def test_a_person_who_takes_an_hour_is_told_as_an_hour_of_people() -> None:
    run = begun(Strategy.CANARY, steps=(25, 100), soak=0).run(until=lambda r: r.release.state is State.ASKING)
    begun_asking = run.release.since
    run.run(lambda r: promotes(r) if (r.world.now - begun_asking).total_seconds() >= 3600 else None)
    assert dict(receipt(run.release).spent)["people"] == pytest.approx(3600, abs=25)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_another_engine_in_the_middle_loses_no_second(strategy: Strategy) -> None:
    run = begun(strategy)
    while not run.release.ended:
        told = len(run.release.events)
        run.run(promotes, until=lambda r, n=told: len(r.release.events) > n)  # type: ignore[misc]  # bound now
        run.restart()
    took = receipt(run.release)
    assert sum(run.release.course.spent.values()) == pytest.approx(took.seconds)


def test_each_proof_is_a_point_with_how_both_versions_answered() -> None:
    run = begun(Strategy.CANARY, steps=(25, 50, 100)).run(promotes)
    points = run.release.course.points
    assert [p.asked for p in points] == [25, 50, 100]
    assert [p.verdict for p in points] == ["proven"] * 3
    assert min(points[0].new.n, points[0].old.n) > 0
    assert points[0].new.p95 == points[0].old.p95 == 10


def test_what_is_said_of_a_step_is_what_was_asked_what_is_true_and_what_it_took() -> None:
    run = begun(Strategy.CANARY, steps=(25, 100)).run(promotes)
    proof = next(e for e in run.release.events if e.kind == "proven")
    point = run.release.course.points[0]
    moved = next(e for e in run.journal if e.shifted_at and e.shifted_at < proof.at).shifted_at
    assert moved is not None
    took = (proof.at - moved).total_seconds()
    assert proof.text.startswith(f"asked 25 %, users get {point.hits} of {point.n} (")
    assert f"✓ proven in {took:.1f} s, " in proof.text


def test_a_failed_proof_is_a_point_too() -> None:
    run = begun(Strategy.CANARY, steps=(25, 100))
    run.sample = lambda count: [s for s in Run.sampled(begun(Strategy.CANARY), count) if s.version == "old"]
    run.run()
    assert run.release.state is State.HOLDING
    assert [(p.verdict, p.hits) for p in run.release.course.points] == [("failed", 0)]


# bounded


@given(st.lists(st.integers(0, 10**6), max_size=3 * KEPT_POINTS, unique=True))
def test_the_points_are_bounded_and_in_order_and_proofs_go_last(seconds: list[int]) -> None:
    course = Course()
    for n, second in enumerate(seconds):
        course = course.measured(at(second, verdict="proven" if n < 5 else "seen"))
    kept = [p.at for p in course.points]
    assert len(kept) <= KEPT_POINTS
    assert kept == sorted(kept)
    assert sum(p.verdict == "proven" for p in course.points) == min(5, len(seconds))


def test_a_full_course_takes_little_of_a_record() -> None:
    pace = Pace(n=400, failed=400, p50=12345.6, p95=12345.6)
    course = Course(engine="0" * 12, spent=dict.fromkeys(("pods", "route", "proof"), 123456.789012))
    for n in range(KEPT_POINTS):
        point = at(n + 0.123456).model_copy(
            update={"new": pace, "old": pace, "hits": 400, "n": 400, "since": START}
        )
        course = course.measured(point)
    assert len(course.model_dump_json()) < 15 * 1024


def test_the_same_look_is_kept_once() -> None:
    assert len(Course().measured(at(1), at(1)).measured(at(1)).points) == 1


# requests


def test_an_engine_records_all_it_has_counted_so_that_nothing_counts_twice() -> None:
    course = Course().counted("a", Probes(sent=60)).counted("a", Probes(sent=60))
    course = course.asked_for(Probes(sent=40, failed=1)).counted("a", Probes(sent=70))
    course = course.counted("b", Probes(sent=5, alone=2))
    assert course.probes == Probes(sent=115, failed=1, alone=2)


def took(**more: Any) -> Release:
    return release().model_copy(update={"course": Course(**more)})


def test_a_receipt_says_what_was_sent_and_what_failed() -> None:
    said = measures.requests(receipt(took(during=Probes(sent=220, failed=0, alone=3))))
    assert said == "220 probe requests, 0 failed (and 3 to pods by themselves)"
    assert measures.requests(receipt(took(during=Probes(sent=1, failed=1)))) == "1 probe request, 1 failed"
    assert measures.requests(receipt(took())) == "no probe requests"


def test_an_engine_that_ended_while_it_sampled_makes_the_count_a_least() -> None:
    run = begun(Strategy.CANARY).run(until=lambda r: r.release.phase == "proof")
    cut = run.release.cut_short().course
    assert cut.cut
    asking = run.run(until=lambda r: r.release.state is State.ASKING).release
    assert not asking.cut_short().course.cut
    said = measures.requests(receipt(took(cut=True, during=Probes(sent=12))))
    assert said == "at least 12 probe requests, at least 0 failed"


def test_a_release_that_runs_is_counted_until_now() -> None:
    found = release()
    later = receipt(found, found.since + timedelta(seconds=90))
    assert dict(later.spent)[found.phase] == pytest.approx(90)

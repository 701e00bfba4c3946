from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice, pairwise
from math import exp
from random import Random

import pytest
import scipy  # its parts load at their first use, a second of import for whoever needs them
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.interval import wilson
from strategies.proof import (
    BACK,
    FALSE,
    FIRST,
    MET,
    Asked,
    Disproven,
    Late,
    Open,
    Proof,
    Proven,
    Undecided,
    bars,
    judge,
    met,
)
from tests.bench.simulate_proof import Answers, Row, dealt, drawn, late, run, simulate, smooth

RUNS = 200  # modest: the bench does 1,000, and holds the rates themselves to their limits


def fed(asked: Asked, answers: Iterator[bool], n: int, piece: int = 1) -> Proof:
    proof = Proof(asked)
    for _ in range(n // piece):
        proof = proof.add(sum(islice(answers, piece)), piece)
    return proof


def rare(runs: Row) -> bool:
    """Whether so few were proven that nothing speaks against a rate of at most 5 % (8 % and less pass, mostly)."""
    return bool(scipy.stats.binomtest(runs.ends["Proven"], runs.runs, 0.05, "greater").pvalue > 0.01)


splits = st.builds(
    Asked, share=st.integers(1, 99), before=st.none() | st.integers(0, 100), tolerance=st.integers(5, 30)
)
batches = st.lists(
    st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=30
)


# One window


def test_one_gray_answer_in_one_request_proves_nothing() -> None:
    assert isinstance(judge(Asked(25, before=0), 1, 1), Open)


@given(splits, st.data())
def test_nothing_is_proven_that_the_posted_interval_contradicts(asked: Asked, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 400))
    hits = data.draw(st.integers(0, n))
    if not isinstance(judge(asked, hits, n), Proven):
        return
    posted = wilson(hits, n)
    assert asked.share / 100 in posted
    assert 0 not in posted
    assert asked.before in (None, asked.share) or asked.before / 100 not in posted


@given(splits, st.data())
def test_a_dropped_window_only_makes_the_next_one_stricter(asked: Asked, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 400))
    hits = data.draw(st.integers(0, n))
    strict, first = judge(asked, hits, n, restarts=3), judge(asked, hits, n)
    assert isinstance(first, Proven) or not isinstance(strict, Proven)
    assert isinstance(first, Disproven) == isinstance(strict, Disproven)


@settings(max_examples=40)
@given(splits, st.integers(1, 400), st.integers(0, 20))
def test_the_counts_that_prove_and_that_disprove_are_in_order(asked: Asked, n: int, restarts: int) -> None:
    """From no hits to all, the verdict goes: not asked, open, proven, open, not asked; each at most once."""
    kinds = [type(judge(asked, hits, n, restarts)) for hits in range(n + 1)]
    refuted = {Late: 0, Disproven: 0, Open: 1, Undecided: 1, Proven: 2}
    runs = [refuted[kind] for kind in kinds]
    changes = [b - a for a, b in pairwise(runs) if a != b]
    rises = [change > 0 for change in changes]
    assert rises == sorted(rises, reverse=True)


@given(splits, st.data())
def test_the_other_track_s_view_gives_the_same_verdict(asked: Asked, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 400))
    hits = data.draw(st.integers(0, n))
    other = Asked(100 - asked.share, None if asked.before is None else 100 - asked.before, asked.tolerance)
    if asked.before is not None:  # without a former split 0 is excluded, but 100 is not
        assert type(judge(asked, hits, n)) is type(judge(other, n - hits, n))


@given(splits, st.data())
def test_a_batch_is_something_and_never_exceeds_the_bound(asked: Asked, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, asked.max_requests))
    verdict = judge(asked, data.draw(st.integers(0, n)), n)
    if isinstance(verdict, Open):
        assert 1 <= verdict.batch <= asked.max_requests - n


def test_far_off_is_disproven_and_former_s_side_is_late() -> None:
    assert isinstance(judge(Asked(25, before=5), 45, 100), Disproven)
    assert isinstance(judge(Asked(25, before=5), 5, 100), Late)
    assert isinstance(judge(Asked(25, before=50), 45, 100), Late)
    assert isinstance(judge(Asked(25, before=50), 5, 100), Disproven)
    assert isinstance(judge(Asked(25, before=None), 5, 100), Disproven)


def test_a_window_at_its_bound_is_undecided() -> None:
    assert isinstance(judge(Asked(25, before=0), 66, 200), Open)
    assert isinstance(judge(Asked(25, before=0, max_requests=200), 66, 200), Undecided)


def test_the_errors_of_all_windows_together_never_exceed_the_one_configured() -> None:
    asked = Asked(25, before=10)
    assert sum(exp(-bars(asked, restarts)[0]) for restarts in range(5_000)) <= asked.error
    again = exp(-BACK) + asked.error * FALSE  # the chance that a share beyond the far edge drops a window
    far = exp(-bars(asked, 0)[1]) + exp(-bars(asked, 0, doubted=True)[1])
    assert far / (1 - again) <= asked.error


@pytest.mark.parametrize(
    "wrong",
    [{"share": 101}, {"share": -1}, {"before": 120}, {"tolerance": 0}, {"error": 0.0}, {"max_requests": 0}],
)
def test_what_can_not_be_asked_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="between"):
        Asked(**{"share": 25, "before": 0} | wrong)


# 0 and 100 %


def test_60_in_a_row_are_met_and_59_are_not() -> None:
    assert not met(MET - 1)
    assert met(MET)


@pytest.mark.parametrize(("share", "before", "hits"), [(100, 50, 1), (0, 25, 0)])
def test_a_whole_share_is_proven_by_the_60th_answer_in_a_row(share: int, before: int, hits: int) -> None:
    proof = Proof(Asked(share, before))
    assert proof.verdict() == Open(FIRST, f"asked {share} %, 0 of 0: it counts from now")
    for _ in range(MET - 1):
        proof = proof.add(hits, 1)
    assert isinstance(proof.verdict(), Open)
    assert isinstance(proof.add(hits, 1).verdict(), Proven)


@pytest.mark.parametrize(("share", "before"), [(100, 50), (0, 25)])
def test_one_answer_of_the_other_version_begins_the_row_anew(share: int, before: int) -> None:
    right, wrong = (1, 0) if share else (0, 1)
    proof = Proof(Asked(share, before))
    for _ in range(MET - 1):
        proof = proof.add(right, 1)
    proof = proof.add(wrong, 1)
    for _ in range(MET - 1):
        proof = proof.add(right, 1)
    assert isinstance(proof.verdict(), Open)
    assert isinstance(proof.add(right, 1).verdict(), Proven)
    assert proof.total == 2 * MET - 1


# From the shift to the proof


def test_answers_from_before_the_router_moved_do_not_count() -> None:
    proof = Proof(Asked(25, before=0)).add(0, 20).add(0, 20).add(5, 20)
    assert (proof.n, proof.total, proof.answered, proof.restarts) == (0, 60, 5, 0)
    assert isinstance(proof.verdict(), Open)


def test_20_requests_at_a_time_until_the_first_sign_of_change() -> None:
    proof = Proof(Asked(25, before=0))
    for n in (0, 20, 40):
        assert proof.verdict() == Open(FIRST, f"asked 25 %, 0 of {n}: as before")
        proof = proof.add(0, FIRST)


def test_a_share_that_stays_as_before_is_never_proven_nor_disproven() -> None:
    proof = fed(Asked(25, before=0), cycle([False]), 6_000, piece=20)
    assert isinstance(proof.verdict(), Open)
    assert proof.restarts == 0


def test_a_window_that_falls_back_to_the_former_split_is_dropped_and_the_error_divided() -> None:
    """As when the first of several proxies is replaced by one that has not heard of the shift."""
    proof = Proof(Asked(50, before=25)).add(14, 20)
    assert proof.moved
    proof = proof.add(20, 80)
    assert (proof.hits, proof.n, proof.restarts, proof.moved) == (0, 0, 1, False)
    assert isinstance(proof.verdict(), Open)
    once = proof.add(14, 20).add(36, 72)
    assert isinstance(judge(once.asked, 36, 72), Proven)
    assert isinstance(once.verdict(), Open)
    assert isinstance(once.add(44, 88).verdict(), Proven)


def test_a_share_on_its_way_from_the_former_one_is_not_disproven() -> None:
    proof = Proof(Asked(50, before=0)).add(4, 20).add(25, 100)
    assert (proof.restarts, proof.n) == (1, 0)
    assert isinstance(proof.verdict(), Open)


def test_a_share_beyond_the_asked_ends_it_once_two_windows_say_so() -> None:
    once = Proof(Asked(25, before=0)).add(10, 20).add(50, 100)
    assert (once.doubted, once.n, once.restarts) == (True, 0, 1)
    assert isinstance(once.verdict(), Open)
    assert once.add(50, 100).verdict() == Disproven("asked 25 %, but users get 50 of 100 (40–60 %)")


def test_a_true_share_that_looked_wrong_once_is_proven_by_more_answers_than_usual() -> None:
    once = Proof(Asked(25, before=0)).add(10, 20).add(50, 100)
    assert isinstance(once.add(25, 100).verdict(), Open)
    assert isinstance(once.add(50, 200).verdict(), Proven)


def test_what_decides_nothing_is_tried_once_more() -> None:
    once = Proof(Asked(25, before=0, max_requests=200)).add(8, 20).add(66, 200)
    assert (once.doubted, once.n) == (True, 0)
    assert isinstance(once.add(66, 200).verdict(), Undecided)


@settings(max_examples=40)
@given(splits, batches)
def test_a_decided_proof_stays_decided_and_nothing_sent_is_forgotten(
    asked: Asked, added: list[tuple[int, int]]
) -> None:
    proof, total = Proof(asked), 0
    for hits, n in added:
        before, decided = proof, not isinstance(proof.verdict(), Open)
        proof = proof.add(hits, n)
        total += 0 if decided else n
        assert not decided or proof is before
        assert proof.total == total
        assert proof.restarts >= before.restarts
        assert 0 <= proof.hits <= proof.n <= proof.total


@settings(max_examples=40)
@given(splits, batches)
def test_a_proof_is_the_same_for_the_same_counts(asked: Asked, added: list[tuple[int, int]]) -> None:
    one, other = Proof(asked), Proof(asked)
    for hits, n in added:
        one, other = one.add(hits, n), other.add(hits, n)
    assert one == other
    assert one.verdict() == other.verdict()


@pytest.mark.parametrize(("hits", "n"), [(-1, 3), (4, 3)])
def test_what_is_no_count_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        Proof(Asked(25, before=0)).add(hits, n)


# Deterministic balancers


@pytest.mark.parametrize("piece", [1, 6_000])
@pytest.mark.parametrize("before", [0, 5, None])
@pytest.mark.parametrize(
    ("share", "pattern"),
    [(25, "AAAB"), (25, "AAAAAABB"), (33, "AAB"), (40, "AAABB"), (50, "AB"), (75, "ABBB"), (25, smooth(3, 1)),
     (33, smooth(67, 33)), (40, smooth(3, 2))],
)  # fmt: skip
def test_round_robin_is_proven_in_whatever_phase_and_as_fast(
    share: int, pattern: str, before: int | None, piece: int
) -> None:
    tracks = [track == "B" for track in pattern]
    for phase in range(len(tracks)):
        proof = run(Asked(share, before), islice(cycle(tracks), phase, None), piece)
        assert isinstance(proof.verdict(), Proven)
        assert proof.restarts == 0
        assert proof.total <= 120


# How often it errs, with a fixed seed.


@pytest.mark.parametrize(
    ("before", "share"), [(0, 5), (0, 25), (0, 50), (0, 75), (5, 25), (25, 50), (60, 25)]
)
def test_a_true_share_is_proven_in_95_of_100_runs(before: int, share: int) -> None:
    row = simulate("true", Asked(share, before), drawn(share / 100), RUNS)
    assert row.proven >= 0.95
    assert row.at(0.5) <= 150


@pytest.mark.parametrize(
    ("before", "share", "wrong"),
    [(0, 5, 20), (0, 25, 40), (0, 50, 65), (0, 75, 90), (5, 25, 40), (25, 50, 65)],
)
@pytest.mark.parametrize("piece", [1, 6_000])
def test_a_share_15_points_beyond_is_proven_in_at_most_5_of_100_runs(
    before: int, share: int, wrong: int, piece: int
) -> None:
    assert rare(simulate("off", Asked(share, before), drawn(wrong / 100), RUNS, piece))


@pytest.mark.parametrize(
    ("before", "share", "wrong"), [(0, 25, 10), (25, 50, 35), (10, 25, 10), (33, 50, 33)]
)
def test_a_share_on_the_former_side_is_not_proven_by_trying_until_the_deadline(
    before: int, share: int, wrong: int
) -> None:
    assert rare(simulate("off", Asked(share, before), drawn(wrong / 100), RUNS // 3))


@pytest.mark.parametrize("lag", [30, 500])
@pytest.mark.parametrize(("before", "share"), [(0, 25), (5, 25), (25, 50)])
def test_a_late_router_is_proven_soon_after_it_moved(before: int, share: int, lag: int) -> None:
    def moved(to: float) -> Answers:
        return late(drawn(before / 100), drawn(to), lag)

    row = simulate("late", Asked(share, before), moved(share / 100), RUNS)
    assert row.proven >= 0.95
    assert row.at(0.5) <= lag + 200
    assert rare(simulate("late", Asked(share, before), moved(share / 100 + 0.15), RUNS))


def test_a_dealt_pattern_begins_in_a_phase_of_its_own() -> None:
    firsts = {tuple(islice(dealt("AAAB")(Random(seed)), 4)) for seed in range(40)}  # noqa: S311 -- no secret
    assert len(firsts) == 4


def test_a_version_that_fails_is_noticed_before_a_row_is_waited_for_and_a_lost_request_is_no_sign() -> None:
    proof = Proof(Asked(100, before=0))
    for _ in range(5):
        proof = proof.add(4, 4).interrupted()
    assert not proof.failing
    assert proof.add(4, 4).interrupted().failing
    silent = Proof(Asked(100, before=0))
    for _ in range(20):
        silent = silent.interrupted(answered=False)
    assert not silent.failing
    long = replace(Proof(Asked(100, before=0)), total=400)
    for _ in range(6):
        long = long.interrupted()
    assert not long.failing

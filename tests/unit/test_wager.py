"""A bet on two-by-two tables: what it wins, and how often it is wrong when it is looked at again and again."""

from math import comb, log

import pytest
import scipy  # its parts load at their first use, a second of import for whoever needs them
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.judgement import FAILURES
from strategies.wager import ODDS, STAKES, Wager, _won
from tests.bench.simulate_judgement import Case, caught, condemned

COUNTS = st.integers(0, 60)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Any two-by-two table."""
    n, old_n = draw(COUNTS), draw(COUNTS)
    return draw(st.integers(0, n)), n, draw(st.integers(0, old_n)), old_n


@given(tables())
@settings(max_examples=60, deadline=None)
def test_a_look_wins_what_the_tilted_urn_is_likelier_by_as_scipy_counts_it(
    table: tuple[int, int, int, int],
) -> None:
    bad, n, old_bad, old_n = table
    assume(n + old_n > 0)  # scipy knows no empty urn
    every, total = bad + old_bad, n + old_n
    for odds, won in zip(ODDS, _won(*table), strict=True):
        plain = scipy.stats.hypergeom(total, every, n).logpmf(bad)
        tilted = log(scipy.stats.nchypergeom_fisher(total, every, n, odds).pmf(bad))
        assert won == pytest.approx(tilted - plain, abs=1e-6)


@given(n=st.integers(0, 25), old_n=st.integers(0, 25), every=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_the_game_is_fair_whatever_the_rate_is(n: int, old_n: int, every: int) -> None:
    """Over all splits of what was bad, weighted by their chances, one stake becomes one stake."""
    every = min(every, n + old_n)
    worth = 0.0
    for bad in range(max(0, every - old_n), min(n, every) + 1):
        chance = comb(n, bad) * comb(old_n, every - bad) / comb(n + old_n, every)
        after = Wager().added(bad, n, every - bad, old_n)
        worth += chance * 2.718281828459045**after.now
    assert worth == pytest.approx(1, abs=1e-3)


def test_all_the_money_is_on_some_odds() -> None:
    assert sum(STAKES) == pytest.approx(1)


def test_a_look_without_failures_changes_nothing() -> None:
    before = Wager().added(2, 20, 1, 60)
    assert before.added(0, 50, 0, 150) == before


def test_a_version_that_is_better_wins_nothing() -> None:
    assert Wager().added(0, 60, 30, 180).peak == 0


def test_the_best_moment_counts_however_it_goes_on() -> None:
    best = Wager().added(9, 60, 0, 180)
    after = best.added(0, 60, 60, 180)
    assert after.now < best.now
    assert after.peak == best.peak
    assert after.beyond(FAILURES)


@pytest.mark.parametrize("counts", [(3, 2, 0, 0), (-1, 2, 0, 0), (0, 0, 5, 4)])
def test_what_is_no_count_is_an_error(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="are no counts"):
        Wager().added(*counts)


def test_millions_of_requests_of_a_metric_are_counted_in_a_moment() -> None:
    assert Wager().added(60_000, 1_000_000, 60_000, 3_000_000).beyond(0.001)
    assert not Wager().added(10_000, 1_000_000, 30_000, 3_000_000).beyond(0.001)


# how often it is wrong: a smaller version of what `make bench` simulates, with the same seeds each time


@pytest.mark.parametrize("case", [Case(0.25, 0.01), Case(0.5, 0.05)], ids=str)
def test_a_release_that_is_looked_at_each_minute_for_an_hour_is_seldom_condemned_in_vain(case: Case) -> None:
    assert condemned(case, runs=40) <= 0.05


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_canary_that_fails_a_fifth_is_caught_within_sixty_of_its_answers(share: float) -> None:
    found = caught(Case(share, 0.0, failing=0.2), runs=100)
    assert found.within(60) >= 0.95

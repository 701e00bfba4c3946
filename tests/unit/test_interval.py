import pytest
import scipy  # its parts load at their first use, a second of import for whoever needs them
from hypothesis import given
from hypothesis import strategies as st

from strategies.interval import Interval, quantile, wilson


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 5_000))
    return draw(st.integers(0, n)), n


@given(counts(), st.sampled_from((0.8, 0.9, 0.95, 0.99)))
def test_wilson_is_what_scipy_says(count: tuple[int, int], confidence: float) -> None:
    judge = scipy.stats.binomtest(*count).proportion_ci(confidence, method="wilson")
    found = wilson(*count, confidence)
    assert found.low == pytest.approx(judge.low, abs=1e-9)
    assert found.high == pytest.approx(judge.high, abs=1e-9)


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999_9])
def test_the_quantile_is_what_scipy_says(confidence: float) -> None:
    assert quantile(confidence) == pytest.approx(scipy.stats.norm.ppf((1 + confidence) / 2), abs=1e-7)


@given(counts())
def test_the_interval_holds_the_share_it_was_made_of(count: tuple[int, int]) -> None:
    assert count[0] / count[1] in wilson(*count)


@given(counts())
def test_counting_the_other_track_mirrors_the_interval(count: tuple[int, int]) -> None:
    hits, n = count
    here, there = wilson(hits, n), wilson(n - hits, n)
    assert here.low == pytest.approx(1 - there.high)
    assert here.high == pytest.approx(1 - there.low)


def test_nothing_of_n_holds_exactly_0_and_all_of_n_exactly_1() -> None:
    assert 0 in wilson(0, 7)
    assert 1 in wilson(7, 7)
    assert 0 not in wilson(1, 400)


def test_without_answers_every_share_is_possible() -> None:
    assert wilson(0, 0) == Interval(0, 1)


def test_the_numbers_of_the_issue_are_printed_as_in_the_issue() -> None:
    assert str(wilson(27, 100)) == "19–36 %"


@pytest.mark.parametrize(("hits", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_what_is_no_count_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        wilson(hits, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, confidence)

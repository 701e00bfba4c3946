from itertools import pairwise

import pytest

from strategies.forecast import FOLLOWED, decidable, needed
from strategies.proof import MET, Asked
from tests.bench.simulate_proof import drawn, simulate


@pytest.mark.parametrize("steps", [(0, 5, 25, 50, 100), (0, 10, 50, 100), (0, 25, 50, 100), (0, 33, 50, 100)])
def test_each_usual_step_can_be_decided(steps: tuple[int, ...]) -> None:
    for before, share in pairwise(steps):
        assert decidable(Asked(share, before))


@pytest.mark.parametrize("share", [20, 25, 33, 40, 50])
def test_each_share_that_pods_make_can_be_decided_as_the_first_step_and_on_the_way_back(share: int) -> None:
    assert decidable(Asked(share, before=0))
    assert decidable(Asked(0, before=share))
    assert decidable(Asked(share, before=None))


@pytest.mark.parametrize(("before", "share"), [(5, 10), (25, 33), (0, 1)])
def test_a_step_too_small_for_the_bound_is_not_decidable_but_with_more_requests_it_is(
    before: int, share: int
) -> None:
    asked = Asked(share, before)
    assert not decidable(asked)
    assert decidable(Asked(share, before, max_requests=needed(asked)))


def test_a_whole_share_needs_its_row() -> None:
    assert needed(Asked(100, before=50)) == MET
    assert not decidable(Asked(100, before=50, max_requests=MET - 1))


def test_beyond_what_is_followed_it_is_estimated_and_grows_with_the_square() -> None:
    assert FOLLOWED < needed(Asked(52, before=50)) < needed(Asked(51, before=50))
    assert needed(Asked(51, before=50)) == pytest.approx(4 * needed(Asked(52, before=50)), rel=0.05)


@pytest.mark.parametrize(("before", "share"), [(0, 25), (25, 50)])
def test_the_forecast_is_what_happens(before: int, share: int) -> None:
    """Its 95 % are those of the simulation, less the requests up to the sign and half a batch."""
    row = simulate("true", Asked(share, before), drawn(share / 100), 400)
    assert needed(Asked(share, before)) == pytest.approx(row.at(0.95), abs=45)


@pytest.mark.parametrize(("former", "wider"), [(47, 45), (45, 41), (41, 36)])
def test_a_wider_step_never_needs_more(former: int, wider: int) -> None:
    """Within the tolerance: beyond it the edge no longer moves with the former share."""
    assert needed(Asked(50, before=wider)) <= needed(Asked(50, before=former))

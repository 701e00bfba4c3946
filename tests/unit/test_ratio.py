"""What share pods can make, and names that never collide: laws by hypothesis, cases by hand."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.names import LONGEST, dns_label, free, label_value, slug
from strategies.routers.ratio import Made, ladder, nearest, share

PODS = st.integers(1, 60)
ASKED = st.integers(1, 99)


@given(ASKED, PODS)
def test_the_nearest_share_is_the_nearest_that_no_more_pods_than_the_old_ones_can_make(
    asked: int, stable: int
) -> None:
    made = nearest(asked, stable)
    assert 1 <= made.pods <= stable
    assert made.share == share(made.pods, stable)
    error = abs(asked - 100 * made.pods / (made.pods + stable))
    for other in range(1, stable + 1):
        off = abs(asked - 100 * other / (other + stable))
        assert error <= off
        assert error < off or made.pods <= other


@given(ASKED, PODS)
def test_never_more_than_half_is_made_while_the_old_track_stands(asked: int, stable: int) -> None:
    assert nearest(asked, stable).share <= 50


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True).map(sorted), PODS)
def test_a_ladder_climbs_and_has_no_step_twice(steps: list[int], stable: int) -> None:
    rungs = ladder(tuple(steps), stable)
    pods = [r.pods for r in rungs]
    assert pods == sorted(set(pods))
    assert all(r.asked in steps and r.asked < 100 for r in rungs)
    assert bool(rungs) == any(s < 100 for s in steps)


@given(st.lists(st.integers(1, 99), min_size=1, max_size=6, unique=True).map(sorted), PODS)
def test_every_step_asked_for_is_as_near_to_its_rung_as_pods_allow(steps: list[int], stable: int) -> None:
    made = {r.pods for r in ladder(tuple(steps), stable)}
    assert {nearest(s, stable).pods for s in steps} == made


def test_three_old_pods_make_25_40_and_50_percent() -> None:
    assert [nearest(s, 3) for s in (25, 40, 50)] == [Made(25, 1, 25), Made(40, 2, 40), Made(50, 3, 50)]
    assert nearest(10, 3) == Made(10, 1, 25)
    assert not nearest(10, 3).exact


def test_one_pod_makes_one_half() -> None:
    assert nearest(5, 1) == Made(5, 1, 50)


@given(st.text(max_size=120))
def test_every_text_becomes_a_dns_label(text: str) -> None:
    for made in (dns_label(text), slug(text)):
        assert 0 < len(made) <= LONGEST
        assert made.strip("-") == made
        assert all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in made)


@given(st.text(max_size=120))
def test_every_text_becomes_a_label_value(text: str) -> None:
    made = label_value(text)
    assert len(made) <= LONGEST
    assert not made or (made[0].isalnum() and made[-1].isalnum())


@given(st.text("ab", min_size=70, max_size=72), st.text("ab", min_size=70, max_size=72))
def test_two_long_names_stay_two(one: str, other: str) -> None:
    assert (dns_label(one) == dns_label(other)) == (one == other)


@given(st.sets(st.sampled_from(["web", "web-2", "web-3", "web-4"])))
def test_a_free_name_is_free(taken: set[str]) -> None:
    assert free("web", taken) not in taken
    assert free("web", set()) == "web"

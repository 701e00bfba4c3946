"""Freezes and quiet hours hold exactly while their zone's clocks say so, without a hole when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.windows import DAY, WEEK, Once, Recurring, ends, until

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    BERLIN,
    *map(ZoneInfo, ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")),
]
WEEKEND = Recurring(4 * DAY + 16 * 60, 2 * DAY + 16 * 60, WEEK, BERLIN)  # Fri 16:00 – Mon 08:00


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-07-03T13:59:59", None),  # Friday 15:59:59 in Berlin
        ("2026-07-03T14:00", "2026-07-06T06:00"),
        ("2026-07-05T12:00", "2026-07-06T06:00"),
        ("2026-07-06T05:59:59", "2026-07-06T06:00"),
        ("2026-07-06T06:00", None),
        ("2026-03-27T15:00", "2026-03-30T06:00"),  # clocks go forward on Sunday: an hour shorter
        ("2026-10-23T14:00", "2026-10-26T07:00"),  # and back: an hour longer
    ],
)
def test_a_weekend_is_as_long_as_the_clocks_say(now: str, end: str | None) -> None:
    assert ends(WEEKEND, at(now)) == (at(end) if end else None)


@pytest.mark.parametrize(
    ("begin", "length", "now", "end"),
    [
        # 02:30 – 03:30 on the night when 02:00 is followed by 03:00: it begins with the jump
        (150, 60, "2026-03-29T00:59:59", None),
        (150, 60, "2026-03-29T01:00", "2026-03-29T01:30"),
        # 01:30 – 02:30 that night ends with the jump
        (90, 60, "2026-03-29T00:59:59", "2026-03-29T01:00"),
        (90, 60, "2026-03-29T01:00", None),
        # 02:30 – 03:30 on the night when it is 02:30 twice: from the first
        (150, 60, "2026-10-25T00:29:59", None),
        (150, 60, "2026-10-25T00:30", "2026-10-25T02:30"),
        # 01:30 – 02:30 that night: to the second
        (90, 60, "2026-10-25T01:15", "2026-10-25T01:30"),
        (90, 60, "2026-10-25T01:30", None),
    ],
)
def test_an_hour_that_clocks_skip_or_show_twice_makes_no_hole(
    begin: int, length: int, now: str, end: str | None
) -> None:
    assert ends(Recurring(begin, length, DAY, BERLIN), at(now)) == (at(end) if end else None)


def test_a_night_is_over_midnight() -> None:
    night = Recurring(22 * 60, 9 * 60, DAY, ZoneInfo("Asia/Shanghai"))
    assert ends(night, at("2026-07-01T14:00")) == at("2026-07-01T23:00")
    assert ends(night, at("2026-07-01T22:59")) == at("2026-07-01T23:00")
    assert ends(night, at("2026-07-01T23:00")) is None


def test_windows_that_follow_each_other_are_one() -> None:
    holidays = Once(at("2026-07-06T06:00"), at("2026-07-10T06:00"))
    assert until([holidays, WEEKEND], at("2026-07-04T00:00")) == at("2026-07-10T06:00")
    assert until([WEEKEND], at("2026-07-07T00:00")) is None
    assert until([], at("2026-07-07T00:00")) is None


def test_one_that_never_ends_is_told_to_end_some_day() -> None:
    always = Recurring(0, DAY, DAY, BERLIN)
    end = until([always], at("2026-07-07T00:00"))
    assert end is not None
    assert end > at("2026-08-01T00:00")


RECURRING = st.builds(
    lambda period, begin, length, zone: Recurring(begin % period, 1 + length % (period - 1), period, zone),
    st.sampled_from([DAY, WEEK]),
    st.integers(0, WEEK),
    st.integers(0, WEEK),
    st.sampled_from(ZONES),
)
MOMENTS = st.integers(0, 2 * 365 * 86400).map(lambda s: at("2026-01-01") + timedelta(seconds=s))


@given(RECURRING, MOMENTS)
def test_until_its_end_it_holds_and_then_it_does_not(window: Recurring, now: datetime) -> None:
    end = ends(window, now)
    if end is None:
        return
    assert end > now
    between = now + (end - now) / 2
    assert ends(window, between) == end
    assert ends(window, end - timedelta(microseconds=1)) == end
    assert ends(window, end) is None or ends(window, end) > end  # type: ignore[operator]  # the next one may follow


@given(RECURRING, MOMENTS)
def test_away_from_clock_changes_it_is_what_the_wall_clock_shows(window: Recurring, now: datetime) -> None:
    """A second opinion: the minutes that the clocks show now, in a period that begins on Monday or at midnight."""
    day = timedelta(days=1)
    offsets = {(now + n * day).astimezone(window.zone).utcoffset() for n in range(-9, 9)}
    if len(offsets) > 1:
        return
    local = now.astimezone(window.zone)
    minutes = local.hour * 60 + local.minute + (local.weekday() * DAY if window.every == WEEK else 0)
    inside = (minutes - window.begin) % window.every < window.length
    assert (ends(window, now) is not None) is inside

"""Windows of time as people set them: freezes and quiet hours, weekly, daily or once, on the clocks of their zone.

Pure: a zone is a `tzinfo` that was loaded elsewhere, `now` an argument (aware). A window begins at the first moment at
which its zone's clocks show its beginning, and ends at the last one at which they show its end; where clocks jump over
such a time, the jump is that moment. So no window has a hole, and none is skipped, when clocks change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias

DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes
_FINEST = timedelta(seconds=1)
_CHAINED = 100  # windows that follow each other without a gap, before they count as for ever


@dataclass(frozen=True, slots=True)
class Recurring:
    """From `begin` for `length`, again every `every`: minutes of the zone's clocks, a week beginning on Monday.

    `Fri 16:00 – Mon 08:00` is begin 4·1440+960, length 3840, every week; `22:00 – 07:00` is 1320, 540, every day.
    """

    begin: int
    length: int
    every: int
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Once:
    """From one moment (included) to another (not included); aware."""

    begin: datetime
    end: datetime


Window: TypeAlias = Recurring | Once


def ends(window: Window, now: datetime) -> datetime | None:
    """When the window that `now` is in ends (UTC), None where it is in none."""
    if isinstance(window, Once):
        return window.end.astimezone(UTC) if window.begin <= now < window.end else None
    for begin, end in _around(window, now):
        if begin <= now < end:
            return end
    return None


def until(windows: Iterable[Window], now: datetime) -> datetime | None:
    """When no window holds any more: those that follow each other without a gap are one. None where none holds now."""
    known, moment = tuple(windows), now
    for _ in range(_CHAINED):
        later = max((end for w in known if (end := ends(w, moment)) is not None), default=None)
        if later is None:
            break
        moment = later
    return moment if moment > now else None


def following(window: Window, now: datetime) -> tuple[datetime, datetime] | None:
    """The next time it begins after `now`, and when it ends then (UTC); None where it never does again."""
    if isinstance(window, Once):
        begun = window.begin <= now
        return None if begun else (window.begin.astimezone(UTC), window.end.astimezone(UTC))
    return min((found for found in _around(window, now, ahead=2) if found[0] > now), default=None)


def _around(window: Recurring, now: datetime, *, ahead: int = 1) -> Iterable[tuple[datetime, datetime]]:
    """The occurrences that could hold `now`: a length is at most a period, and clocks change by less than a day."""
    today = now.astimezone(window.zone).date()
    days = window.every // DAY
    first = today - timedelta(days=today.weekday() if days > 1 else 0)
    for back in range(2, -ahead - 1, -1):
        day = first - timedelta(days=back * days)
        yield (
            _at(day, window.begin, window.zone, last=False),
            _at(day, window.begin + window.length, window.zone, last=True),
        )


def _at(day: date, minutes: int, zone: tzinfo, *, last: bool) -> datetime:
    """The moment (UTC) at which the clocks show so many minutes after a day's midnight; `last` of two, where two do."""
    days, left = divmod(minutes, DAY)
    shown = datetime.combine(day + timedelta(days=days), time(left // 60, left % 60), tzinfo=zone)
    first, second = shown.replace(fold=0).astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
    if (
        second < first
    ):  # clocks jump over it: fold 1 reads it with the offset behind the jump, which is too early
        return _jump(second, first, zone)
    return second if last else first


def _jump(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The moment between two at which the zone's offset changes, to the second."""
    before = low.astimezone(zone).utcoffset()
    while high - low > _FINEST:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)

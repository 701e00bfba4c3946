"""Durations as people write them: `30s`, `10m`, `2h`; inside they are whole seconds."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 14 * 86400
_SHAPE = re.compile(r"(?:[0-9]{1,7}[smhd]){1,4}")


def seconds(text: str) -> int | None:
    """The seconds in `1h30m`, `10m` or `0s`; None where the text is no duration, or is longer than two weeks.

    >>> seconds("1h30m"), seconds("0s"), seconds("10"), seconds("90d")
    (5400, 0, None, None)
    """
    lowered = text.strip().lower()
    if not _SHAPE.fullmatch(lowered):
        return None
    total = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", lowered))
    return total if total <= LONGEST else None


def words(total: float) -> str:
    """Seconds as a person would write them, at most two units.

    >>> words(5400), words(0), words(45), words(86400 + 60)
    ('1 h 30 min', '0 s', '45 s', '1 d 1 min')
    """
    left = round(total)
    parts = []
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"

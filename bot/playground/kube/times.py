"""Times as Kubernetes writes them."""

from datetime import UTC, datetime


def now() -> str:
    """UTC to the second: `2026-11-23T19:01:26Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_now() -> str:
    """UTC to the microsecond, for Leases and Events."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_since(stamp: str | None) -> float:
    """Seconds since a time, 0 where there is none."""
    if not stamp:
        return 0.0
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def later(seconds: float) -> str:
    """The time so many seconds from now."""
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

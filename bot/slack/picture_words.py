"""What Slack says around a release's picture and charts, and below two answers. Names come escaped where the result is mrkdwn; labels are plain."""

from strategies.duration import words as duration
from strategies.release import Release


def share_chart() -> str:
    """A chart's title; plain."""
    return "Users who get the new version, asked and measured"


def latency_chart() -> str:
    """A chart's title; plain."""
    return "95 % of answers come within, by version"


def since_start() -> str:
    """Below both charts; plain."""
    return "since the start"


def asked_series() -> str:
    """A line's name; plain."""
    return "asked"


def series(version: str, what: str) -> str:
    """A version's line, in 20 characters; plain.

    >>> series("v6", "measured"), series("2026-07-01-release-build-4711", "p95")
    ('v6 measured', '2026-07-01-rele… p95')
    """
    room = 19 - len(what)
    return f"{version if len(version) <= room else f'{version[: room - 1]}…'} {what}"


def elapsed(seconds: float) -> str:
    """A moment on an axis; plain."""
    return duration(seconds)


def charts(release_id: str) -> str:
    """Above the charts."""
    return f"*{release_id}* from start to end. `picture` has it in one, with intervals and decisions."


def title(release: Release) -> str:
    """Of a file; plain."""
    return f"{release.id}: {release.plan.from_version} → {release.plan.to_version}"


def comment(release_id: str, by: str = "") -> str:
    """With the file."""
    return f"*{release_id}* as a picture" + (f", for {by}" if by else "")


def alternative(release: Release) -> str:
    """For who cannot see it; plain."""
    seen = [p for p in release.course.points if p.verdict != "seen"]
    shares = ", ".join(f"asked {p.asked} %, {p.hits} of {p.n}" for p in seen if p.n)
    return f"The share of users who got {release.plan.to_version} over the release: {shares}."[:1000]


def nothing_measured(release_id: str) -> str:
    """No picture of nothing."""
    return f"Nothing has been measured of {release_id} yet, so there is nothing to draw."


def not_drawn(why: str) -> str:
    """Drawing or uploading failed."""
    return f"The picture is not there: {why}. Nothing else was affected; `graylight picture` draws it on the command line."


def uploaded(link: str) -> str:
    """To the one who asked."""
    return f"The picture is in <{link}|the release's thread>." if link else "The picture is in this channel."


def alike() -> str:
    """Below two answers beside each other."""
    return "Both versions answer the same."


def marked(new: str, old: str) -> str:
    """The same, where they differ."""
    return f"Marked is what differs: ~struck through~ what only {old} says, *bold* what only {new} says."

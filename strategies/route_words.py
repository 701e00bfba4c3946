"""The sentences about routes: what a controller did not take, and what users' requests do not follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.duration import words as duration
from strategies.samples import SERVER_ERROR

if TYPE_CHECKING:
    from strategies.release import Measured, Release
    from strategies.samples import Tally


def unfollowed(release: Release) -> str:
    """What speaks for routes that users' requests do not follow; empty where no route carries the split."""
    plan, written, taken = release.plan, release.shifted_at, release.taken_at
    if not plan.lanes or written is None:
        return ""
    names = list(dict.fromkeys(f"{lane.kind} {lane.name}" for lane in plan.lanes))
    says = all(lane.router == "httproute" for lane in plan.lanes)
    done, at = ("accepted", taken) if says and taken and taken >= written else ("written", written)
    was = "was" if len(names) == 1 else "were"
    return f"{' and '.join(names)} {was} {done} at {at:%H:%M:%S} UTC, but users' requests do not follow {'it' if len(names) == 1 else 'them'}"


def too_few(rate: float) -> str:
    """Answers that fit what was asked, and what is 15 points off as well."""
    return f"that fits, but so few answers fit other shares too. Resume to go on sampling, or raise the probe's `rate` ({rate:g} per second)"


def strange_twin(name: str, release: str, *, gone: bool) -> str:
    """A Service in our twin's place that does not bear this release's label."""
    if gone:
        return f"Service {name} does not bear the label graylight/release={release} any more, so it is left alone. Delete it, or label it so again, and this goes on"
    return f"Service {name} is there already, and not of this release"


def not_taken(why: str, seconds: float) -> str:
    """A controller does not take a route."""
    return f"The route was written, but not taken within {duration(seconds)}: {why.rstrip('.')}."


def not_taken_now(why: str) -> str:
    """A controller has not taken a route as it stands, before anything was changed."""
    return f"{why.rstrip('.')}. That is so before anything was changed: users may not come by it, and a release by it would hold."


def not_proven(who: str, measured: Measured, version: str, interval: str, how: str, but: str) -> str:
    """Users do not get what was asked; `who` is an audience by name, empty for users at large."""
    seen = f"{measured.hits} of {measured.n} ({interval}){how}"
    said = (
        f"Who sends {who} is to get {version}, which answered {seen}"
        if who
        else f"Asked {measured.asked} %, but {version} answered {seen}"
    )
    return f"{said}{f': {but}' if but else ''}."


def unattributed(tally: Tally) -> str:
    """Answers came, and none of them says which version gave it."""
    said = f"None of {tally.unnamed} answers says which version gave it"
    codes = [int(c) for c in tally.odd if int(c)]
    if codes and all(400 <= c < 500 for c in codes):
        shown = ", ".join(f"{c} × {n}" for c, n in tally.odd.items())
        return f"{said}; all of them were refusals ({shown}). Look whether the probe's URL, host and door lead to the service: something else answers there."
    return f"{said}. Add `attribute` to the probe (a header, a JSON field or a regular expression)."


def failing(who: str, asked: int, lost: tuple[int, int] | None, tally: Tally) -> str:
    """Requests that fail while a share is being proven, `lost` of so many in all where that was counted."""
    part, sent = lost or (tally.nameless, tally.sent)
    codes = [c for c in tally.odd if int(c) >= SERVER_ERROR]
    how = ", ".join([*codes, *(["no answer"] if tally.lost else [])])
    begin = f"Not proven: {part} of {sent} requests of those who send {who}" if who else ""
    return f"{begin or f'Asked {asked} %, not proven: {part} of {sent} requests'} failed{f' ({how})' if how else ''}."

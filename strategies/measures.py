"""The sentences about what was measured: a step's proof, and the receipt of what a release took. Plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.duration import words as duration

if TYPE_CHECKING:
    from strategies.course import Measured
    from strategies.receipt import Receipt
    from strategies.spec import Audience
    from strategies.steps import Prove

_TENTHS = 10  # seconds below which they matter


@dataclass(frozen=True, slots=True)
class Cost:
    """What a proof took: seconds from the shift of traffic, and requests that were really sent."""

    seconds: float
    sent: int

    def __str__(self) -> str:
        return f"proven in {self.seconds:.1f} s, {self.sent} request{'' if self.sent == 1 else 's'}"


def proven(measured: Measured, interval: str, cost: Cost) -> str:
    """What was asked, and that it is true."""
    counted = f"{measured.hits} of {measured.n} ({interval})"
    return f"asked {measured.asked} %, users get {counted} ✓ {cost}"


def proven_for(audience: Audience, measured: Measured, version: str, cost: Cost) -> str:
    """An audience gets what was asked."""
    return f"who sends {sent_by(audience)} gets {version}: {measured.hits} of {measured.n} ✓ {cost}"


def sent_by(audience: Audience) -> str:
    """What its members send, and others do not."""
    if audience.by == "cookie":
        return f"the cookie {audience.name}={audience.value}"
    return f"{audience.name}: {audience.value}"


def at_host(step: Prove, said: str) -> str:
    """The same, of one host among several."""
    return f"{step.path.host}: {said}" if step.path is not None else said


def receipt(found: Receipt) -> str:
    """Where the seconds went, and what was sent for it."""
    went = ", ".join(f"{phase} {lasted(seconds)}" for phase, seconds in found.spent)
    return f"Took {lasted(found.seconds)}{f': {went}' if went else ''} · {requests(found)}"


def requests(found: Receipt) -> str:
    """How many probe requests, and how many failed."""
    probes, least = found.probes, "at least " if found.at_least else ""
    if not probes.sent and not probes.alone:
        return "no probe requests"
    said = (
        f"{least}{probes.sent} probe request{'' if probes.sent == 1 else 's'}, {least}{probes.failed} failed"
    )
    return said + (f" (and {probes.alone} to pods by themselves)" if probes.alone else "")


def lasted(seconds: float) -> str:
    """Seconds as measured: tenths matter below ten.

    >>> lasted(0.04), lasted(9.96), lasted(75), lasted(600)
    ('0.0 s', '10 s', '1 min 15 s', '10 min')
    """
    return f"{seconds:.1f} s" if round(seconds, 1) < _TENTHS else duration(seconds)

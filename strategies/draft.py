"""What the strategies lay their steps out from: everything that is decided before the first step is."""

from dataclasses import dataclass

from strategies.hints import Hints
from strategies.plan import Plan
from strategies.spec import ReleaseSpec
from strategies.target import Target
from strategies.tracks import Track, Version


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan without steps, and where it comes from."""

    spec: ReleaseSpec
    hints: Hints
    target: Target
    track: Track | None
    label: Version | None
    base: Plan

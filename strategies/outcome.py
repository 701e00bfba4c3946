"""What a step may need: nothing, writes, time or a fact, or a person.

Each is made by looking at the whole, and may be asked for any number of times.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from strategies.evidence import Gather
from strategies.release import Measured
from strategies.writes import Write


@dataclass(frozen=True, slots=True)
class Done:
    """True now. `said` is worth a line in the log; `fit` are lives of pods that have settled; `seen` a measurement."""

    said: str = ""
    kind: str = "step"
    fit: tuple[str, ...] = ()
    seen: Measured | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Do:
    """These writes, in this order; `moves` when they move traffic."""

    writes: tuple[Write, ...]
    said: str = ""
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Not yet: why, when time alone would end it, and what to find out meanwhile."""

    reason: str
    until: datetime | None = None
    gather: Gather | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """It will not come by itself. Not fatal: the cluster may still make room before the deadline.

    `seen` is the measurement that says so.
    """

    code: str
    reason: str
    fatal: bool = True
    detail: dict[str, Any] = field(default_factory=dict)
    seen: Measured | None = None


Outcome: TypeAlias = Done | Do | Later | Trouble

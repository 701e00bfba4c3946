"""What was learnt beside the objects: answers of pods, samples of traffic, logs, and the undo.

The engine collects what a decision's `gather` asks for and hands it back here; nothing in it is ever awaited inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from strategies.lens import Path
from strategies.meters import Tracks
from strategies.objects import Obj
from strategies.pods import Answers
from strategies.proof import Asked, Proof
from strategies.readings import Metered
from strategies.samples import Sample, Tally
from strategies.spec import Audience


@dataclass(frozen=True, slots=True)
class Checked:
    """What a pod answered when it was asked by itself: how many of how many were fine, and what the others said."""

    asked: int
    fine: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at both versions: when it was over, what was answered, and what metrics said of which tracks."""

    at: datetime
    samples: tuple[Sample, ...] = ()
    metered: Metered = field(default_factory=Metered)
    tracks: Tracks | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`proof`, since `begun`, `tally` and the `samples` it counts, and `look` are of the present step only.

    `checks` by pod life, `logs` by pod name.

    `sent` requests went the users' way during this step, whether or not they count for the proof.
    """

    answers: Answers = field(default_factory=dict)
    checks: Mapping[str, Checked] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    undo: Mapping[str, Obj] = field(default_factory=dict)
    proof: Proof | None = None
    begun: datetime | None = None
    tally: Tally | None = None
    samples: tuple[Sample, ...] = ()
    look: Looked | None = None
    sent: int = 0


@dataclass(frozen=True, slots=True)
class AskPods:
    """Ask these pods by themselves, through the API server: once (`times=1`, have you settled?) or as a check."""

    pods: tuple[str, ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class SampleUsers:
    """Send `batch` requests the users' way and add them to the proof: as an audience, or by a host, where given."""

    asked: Asked
    batch: int
    audience: Audience | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class SampleProxy:
    """Send `batch` requests through the API server's Service proxy: all that can be done without a probe."""

    service: str
    port: str
    batch: int


@dataclass(frozen=True, slots=True)
class Look:
    """Send `batch` requests the users' way, to compare the versions, half of them as an audience; and ask metrics."""

    batch: int
    audience: Audience | None = None
    queries: tuple[str, ...] = ()
    tracks: Tracks | None = None


@dataclass(frozen=True, slots=True)
class Forget:
    """Begin the step's proof anew: what was sampled was of pods that do not stand as planned."""


@dataclass(frozen=True, slots=True)
class ReadLog:
    """The last lines of a pod that crashed."""

    pod: str


Gather: TypeAlias = AskPods | SampleUsers | SampleProxy | Look | Forget | ReadLog

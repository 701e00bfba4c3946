"""What a line means: one frozen class per kind of command, told apart by class with `match`.

A command is what was typed and nothing more: no service was looked up, no release id checked for being one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from strategies.spec import ReleaseSpec

Intent = Literal["promote", "hold", "resume", "rollback", "cancel", "snooze"]


@dataclass(frozen=True, slots=True)
class Start:
    """`canary|bluegreen|rolling …`; after `plan` it is shown and never started (`preview_only`).

    `queue`: where it is locked, it waits for its turn.
    """

    spec: ReleaseSpec
    preview_only: bool
    queue: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """`status [SERVICE|ID]`; without a target: all that runs."""

    target: str | None


@dataclass(frozen=True, slots=True)
class Samples:
    """`samples [SERVICE|ID] [N]`: N requests now; None means "not said". `picture`: and the release's picture."""

    target: str | None
    count: int | None
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Draw:
    """`picture [SERVICE|ID]`: its life as a picture, into the file `out` where that is said."""

    target: str | None
    out: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """`promote|hold|resume|rollback|cancel|snooze [ID|SERVICE]`; `full` only with promote: to the last step.

    `seconds` only with snooze.

    The target is a release id (`k8sdemo-17`) or a service name, meaning its running release; which of the
    two is for who has the records to say. None: the only release that runs, or the one of the thread.
    """

    intent: Intent
    target: str | None
    full: bool = False
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """`history SERVICE [N]`: its last `limit` releases."""

    service: str
    limit: int


@dataclass(frozen=True, slots=True)
class Lock:
    """`lock SERVICE [in ENV]`: nobody else releases it for `seconds`; others must agree where it is another's."""

    service: str
    environment: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unlock:
    """`unlock SERVICE [in ENV]`."""

    service: str
    environment: str


@dataclass(frozen=True, slots=True)
class Locks:
    """`locks`: all that people hold."""


@dataclass(frozen=True, slots=True)
class Queue:
    """`queue [SERVICE] [in ENV]`: who waits for a lock, in which order; None: everywhere."""

    service: str | None
    environment: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """`queue leave SERVICE [in ENV]`: one's own place in it is given up."""

    service: str
    environment: str


@dataclass(frozen=True, slots=True)
class Freezes:
    """`freeze [ENV]`: the windows that hold now and come next; None: of every environment."""

    environment: str | None


@dataclass(frozen=True, slots=True)
class Freeze:
    """`freeze ENV --for TIME --reason …`: nothing is started or promoted there for `seconds`."""

    environment: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unfreeze:
    """`unfreeze ENV`: a freeze that somebody began so ends."""

    environment: str


@dataclass(frozen=True, slots=True)
class Services:
    """`services [in ENV]`: what there is to release, and what the one who asks may do with it; None: everywhere."""

    environment: str | None


@dataclass(frozen=True, slots=True)
class Doctor:
    """`doctor`: what is wrong with this installation, each with a remedy."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """`nudge [ID|SERVICE]`: those who can decide are reminded now; `anyway`: in quiet hours too."""

    target: str | None
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Audit:
    """`audit ID`: is the record what was agreed, and by whom."""

    target: str


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """`whoami`: what the one who asks may do."""


@dataclass(frozen=True, slots=True)
class Help:
    """`help [TOPIC]`: the name of a command, or a flag with its dashes; None: the list."""

    topic: str | None


OfLock = Lock | Unlock | Locks
OfLine = Queue | Leave
OfSeason = Freezes | Freeze | Unfreeze
OfAll = Services | Doctor | WhoAmI
Affair = Audit | Nudge | OfLock | OfLine | OfSeason | OfAll
Command = Start | Status | Samples | Draw | Act | History | Help | Affair

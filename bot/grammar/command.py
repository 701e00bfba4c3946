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
    """`canary|bluegreen|rolling …`; after `plan` it is shown and never started (`preview_only`)."""

    spec: ReleaseSpec
    preview_only: bool


@dataclass(frozen=True, slots=True)
class Status:
    """`status [SERVICE|ID]`; without a target: all that runs."""

    target: str | None


@dataclass(frozen=True, slots=True)
class Samples:
    """`samples [SERVICE|ID] [N]`: N requests now; None means "not said"."""

    target: str | None
    count: int | None


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


Command = Start | Status | Samples | Act | History | Lock | Unlock | Locks | Audit | WhoAmI | Help

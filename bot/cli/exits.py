"""What the process says when it ends; scripts rely on these numbers (docs/reference.md)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategies.release import State


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0  # promoted, or accepted, or shown
    FAILED = 1  # a release that failed, an outage, or a bug
    REFUSED = 2  # wrong usage, or a refusal
    ROLLED_BACK = 3
    PERSON = 4  # it holds, or a person must decide
    INTERRUPTED = 130


def of_state(state: State) -> Exit:
    """What a followed release's state means; a cancelled one is as if rolled back: the old version runs."""
    return {
        "promoted": Exit.DONE,
        "rolled-back": Exit.ROLLED_BACK,
        "cancelled": Exit.ROLLED_BACK,
        "failed": Exit.FAILED,
        "asking": Exit.PERSON,
        "holding": Exit.PERSON,
    }[state.value]

"""What happened to a release, who did it, and who agreed: the entries of its log, chained by hashes.

The fields of `Event` and `Actor` are part of each hash: one more of them would break the chain of every record there is.
"""

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from strategies.excerpt import TRIMMED, digest, mark
from strategies.plan import Frozen


class Actor(Frozen):
    """Who: a Slack id, or the user the API server takes the command line for; the engine itself has no via."""

    id: str
    via: Literal["slack", "cli", "engine"]


ENGINE = Actor(id="graylight", via="engine")


class Event(Frozen):
    """Something that happened, in the order it did; `chain` is a hash over it and the one before."""

    n: int
    at: datetime
    kind: str
    text: str
    by: Actor = ENGINE
    detail: dict[str, Any] = Field(default_factory=dict)
    chain: str = ""

    def linked(self, before: str) -> str:
        """What `chain` must be behind an event whose chain is `before`."""
        body = self.model_dump(mode="json", exclude={"chain", "detail"}) | {"detail": mark(self.detail)}
        return digest(before + json.dumps(body, sort_keys=True))

    def trimmed(self) -> "Event":
        """The same without its detail; the hash that stays in its place keeps the chain whole."""
        return self.model_copy(update={"detail": {TRIMMED: mark(self.detail)}}) if self.detail else self


class Consent(Frozen):
    """A person's yes to one question: who, when, to which plan and revision, and the teams that allowed it.

    `to` is the question: `start`, `promote`, `promote --full`, `resume` or `rollback`; `counts` as what.
    """

    by: Actor
    at: datetime
    to: str
    revision: int
    plan: str
    counts: tuple[Literal["decide", "override", "back"], ...]
    groups: tuple[str, ...] = ()

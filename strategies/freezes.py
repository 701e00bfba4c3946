"""Freezes that people begin by command, beside those of the policy: whose, until when and why. Values only.

One per environment: who begins another one there puts it in the place of the first.
"""

from datetime import datetime

from strategies.event import Actor
from strategies.people import Freeze
from strategies.plan import Frozen
from strategies.refusal import Refusal
from strategies.windows import Once


class Decreed(Frozen):
    """Nothing is started or promoted in an environment from `at` until `until` (UTC)."""

    environment: str
    by: Actor
    at: datetime
    until: datetime
    reason: str

    @property
    def freeze(self) -> Freeze:
        """As the calendar has it."""
        return Freeze(Once(self.at, self.until), self.reason, "", self.by)


class Freezes(Frozen):
    """All that people have begun."""

    decreed: tuple[Decreed, ...] = ()

    def of(self, environment: str) -> tuple[Freeze, ...]:
        """Those of one environment."""
        return tuple(d.freeze for d in self.decreed if d.environment == environment)

    def find(self, environment: str, now: datetime) -> Decreed | None:
        """The one that holds there now."""
        return next((d for d in self.decreed if d.environment == environment and now < d.until), None)

    def begun(self, one: Decreed) -> "Freezes":
        """With this one, and without what has ended or stood in its place."""
        kept = (d for d in self.current(one.at).decreed if d.environment != one.environment)
        return Freezes(decreed=(*kept, one))

    def without(self, environment: str) -> "Freezes":
        """Where somebody ended it."""
        return Freezes(decreed=tuple(d for d in self.decreed if d.environment != environment))

    def current(self, now: datetime) -> "Freezes":
        """Without those that have ended by themselves."""
        return Freezes(decreed=tuple(d for d in self.decreed if now < d.until))


def none_begun(environment: str) -> Refusal:
    """Nothing that a command could end."""
    return Refusal(
        code="not-frozen",
        what=f"Nobody has begun a freeze in {environment} by command.",
        remedy="`/release freeze` lists what holds; what the policy file freezes ends as it says there.",
    )

"""What annotations and the policy say about a service; flags win over the annotation, that over the policy."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from strategies.metrics import Metrics
from strategies.probe import Probe
from strategies.spec import RouterName, Rung, Strategy

T = TypeVar("T")


class Hints(BaseModel):
    """Everything that may be said about a service without a command. Durations in seconds, shares in percent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probe: Probe | None = None
    metrics: Metrics | None = None
    container: str | None = None
    steps: tuple[Rung, ...] | None = None
    router: RouterName | None = None
    strategy: Strategy | None = None
    auto: bool | None = None
    soak: int | None = None
    keep: int | None = None
    ask_for: int | None = None
    remind: int | None = None
    version_label: str | None = Field(
        None, description="the label that tells versions, where it is none of the usual"
    )

    def over(self, other: "Hints") -> "Hints":
        """These hints, and where they are silent the other's."""
        said = {name: getattr(self, name) for name in Hints.model_fields if getattr(self, name) is not None}
        return other.model_copy(update=said)


def first(*values: T | None, default: T) -> T:
    """The first that was said.

    >>> first(None, 0, 3, default=5)
    0
    """
    return next((v for v in values if v is not None), default)

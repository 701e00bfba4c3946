"""How often a card may be edited: at most once in `every` seconds per channel; what comes between is merged."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Gate:
    """`monotonic` gives seconds; it does not wait, it only says whether now is the time."""

    every: float
    monotonic: Callable[[], float]
    _passed: dict[str, float] = field(default_factory=dict)

    def open(self, channel: str) -> bool:
        """Whether the channel may be written to now."""
        last = self._passed.get(channel)
        return last is None or self.monotonic() - last >= self.every

    def passed(self, channel: str) -> None:
        """It was written to."""
        self._passed[channel] = self.monotonic()

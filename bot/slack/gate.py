"""How often Slack may be written to: cards once in `every` seconds per channel, and nothing that it said to wait with.

What comes between two edits is merged by whoever asks. A method that was answered by 429 rests for all releases alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Gate:
    """`monotonic` gives seconds; it does not wait, it only says whether now is the time."""

    every: float
    monotonic: Callable[[], float]
    _passed: dict[str, float] = field(default_factory=dict)
    _resting: dict[str, float] = field(default_factory=dict)

    def open(self, channel: str) -> bool:
        """Whether the channel may be written to now."""
        last = self._passed.get(channel)
        return last is None or self.monotonic() - last >= self.every

    def passed(self, channel: str) -> None:
        """It was written to."""
        self._passed[channel] = self.monotonic()

    def rest(self, method: str, seconds: float) -> None:
        """Slack has said when this method may be called again."""
        self._resting[method] = self.monotonic() + seconds

    def wait(self, method: str) -> float:
        """Seconds until this method may be called, 0 where it may be now."""
        return max(self._resting.get(method, 0.0) - self.monotonic(), 0.0)

"""One thing a person did, on its way to the app: when it was acknowledged, and what the person saw.

Invariant: a delivery ends once, by the first acknowledgement within the patience of 3 s or by an error shown;
an acknowledgement after that is recorded and changes nothing, as in Slack.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bot.playground.slack.schema import Json

Kind = Literal["slash_commands", "interactive", "events_api"]
PATIENCE: Final = 3.0  # seconds


@dataclass(slots=True, kw_only=True, eq=False)
class Delivery:
    """A command, click, submission or event; times in seconds.

    `error` is what the person was shown instead of an answer, `confirm` the dialog they went through,
    `answer` what came with the acknowledgement, `sent` how often it went over a socket. `settle` does what
    the answer says, `shown` puts the error before the person's eyes.
    """

    envelope_id: str
    kind: Kind
    payload: Json
    began: float = field(default_factory=time.monotonic)
    trigger_id: str | None = None
    response_url: str | None = None
    acked_after: float | None = None
    answer: Any = None
    error: str | None = None
    confirm: Json | None = None
    sent: int = 0
    denied: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""
    settle: Callable[[Any], None] | None = None
    shown: Callable[[str], None] | None = None
    timer: asyncio.TimerHandle | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acked(self) -> bool:
        """Whether the app acknowledged it within the patience."""
        return self.acked_after is not None and self.error is None

    async def done(self) -> "Delivery":
        """Waits until it was acknowledged, or until the person saw an error."""
        await self.over.wait()
        return self

    def envelope(self) -> Json:
        """The frame that goes over the socket."""
        frame: dict[str, Any] = {
            "envelope_id": self.envelope_id,
            "type": self.kind,
            "payload": self.payload,
            "accepts_response_payload": self.kind != "events_api",
        }
        if self.kind == "events_api":
            frame |= {"retry_attempt": self.retry_attempt, "retry_reason": self.retry_reason}
        return frame

    def end(self, error: str | None = None) -> None:
        """Ends it, with an error or without; later ends change nothing."""
        if self.over.is_set():
            return
        self.error = error
        if self.timer is not None:
            self.timer.cancel()
        self.over.set()
        if error is not None and self.shown is not None:
            self.shown(error)

"""The states of a release and what people may ask of one, by name; see docs/reference.md."""

from enum import StrEnum

from strategies.plan import Frozen


class State(StrEnum):
    """Where a release stands; see docs/reference.md."""

    RUNNING = "running"
    SOAKING = "soaking"
    ASKING = "asking"
    HOLDING = "holding"
    KEEPING = "keeping"
    ROLLING_BACK = "rolling-back"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED = frozenset({State.PROMOTED, State.ROLLED_BACK, State.CANCELLED, State.FAILED})


class IntentKind(StrEnum):
    """What a person may ask of a running release."""

    PROMOTE = "promote"
    HOLD = "hold"
    RESUME = "resume"
    ROLLBACK = "rollback"
    CANCEL = "cancel"
    SNOOZE = "snooze"


class Intent(Frozen):
    """One request; `full` promotes to the last step, `seconds` are how long to snooze, 0: as usual."""

    kind: IntentKind
    full: bool = False
    seconds: int = 0

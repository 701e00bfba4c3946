"""A release at every kind of place it can be asked something: the rows of the table of states and intents."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from strategies.plan import Plan
from strategies.release import Release, State
from strategies.spec import Strategy
from strategies.steps import Drain, Keep, Prove, Remove, Soak, Step
from tests.unit.drive import ANA, planned
from tests.unit.manifests import START, Pinned, shop


def release(strategy: Strategy = Strategy.CANARY, pinned: Pinned = "both", **asked: Any) -> Release:
    """Just begun."""
    plan = planned(shop(pinned), strategy, **asked)
    assert isinstance(plan, Plan), plan
    return Release(
        id="k8sdemo-17",
        number=17,
        plan=plan.bind("k8sdemo-17"),
        started_by=ANA,
        started_at=START,
        since=START,
    )


def at(
    kind: type[Step], state: State, *, pinned: Pinned = "both", last: bool = False, **more: Any
) -> Release:
    """In this state, at the first (or last) step of a kind."""
    begun = release(pinned=pinned)
    found = [i for i, step in enumerate(begun.plan.steps) if isinstance(step, kind)]
    update = {"state": state, "cursor": found[-1 if last else 0], "changed": True, "revision": 5}
    return begun.model_copy(update=update | more)


def going_back() -> Release:
    """On the way back."""
    return at(Prove, State.RUNNING).roll_back("because", START + timedelta(minutes=1))


STATIONS: dict[str, Callable[[], Release]] = {
    "running, before its first change": release,
    "running": lambda: at(Prove, State.RUNNING),
    "running, the old version is gone": lambda: at(Remove, State.RUNNING).model_copy(
        update={"cursor": len(release().plan.steps) - 1}
    ),
    "soaking": lambda: at(Soak, State.SOAKING),
    "soaking, judged worse": lambda: at(Soak, State.SOAKING, falling=START + timedelta(minutes=6)),
    "asking": lambda: at(Soak, State.ASKING),
    "asking, its start is not approved": lambda: release().model_copy(
        update={"state": State.ASKING, "unapproved": True, "revision": 2}
    ),
    "holding, the step is not proven": lambda: at(Prove, State.HOLDING),
    "holding, the step is proven": lambda: at(Soak, State.HOLDING),
    "holding, the old version is gone": lambda: at(Drain, State.HOLDING, pinned="nowhere").model_copy(
        update={"cursor": len(release(pinned="nowhere").plan.steps) - 1}
    ),
    "keeping": lambda: at(Keep, State.KEEPING),
    "keeping, judged worse": lambda: at(Keep, State.KEEPING, falling=START + timedelta(minutes=6)),
    "rolling-back": going_back,
    "promoted": lambda: at(Keep, State.PROMOTED),
    "rolled-back": lambda: at(Keep, State.ROLLED_BACK),
    "cancelled": lambda: at(Soak, State.CANCELLED),
    "failed": lambda: at(Soak, State.FAILED),
}

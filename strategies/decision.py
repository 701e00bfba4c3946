"""What a tick decides: the release as it is to be recorded, writes, a wait; and what becomes of one that cannot go on."""

from dataclasses import dataclass
from datetime import datetime

from strategies import words
from strategies.course import Point
from strategies.evidence import Gather
from strategies.outcome import Trouble
from strategies.plan import Plan
from strategies.prove import shifted
from strategies.release import Release, State
from strategies.view import View
from strategies.writes import Write

UNFOLLOWED = ("not-proven", "route-pending")  # a person looks: going back would ask the same route again


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before a fact changes, `until` comes, or `gather` has brought something."""

    reason: str
    until: datetime | None = None
    gather: Gather | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`release` is to be recorded first where it differs, then `writes` made in order, then `wait`.

    `lazily`: what differs is only worth recording when something else is (the pods counted, the reason of a wait).
    """

    release: Release
    writes: tuple[Write, ...] = ()
    wait: Wait | None = None
    lazily: bool = False


def goes_back(plan: Plan, code: str) -> bool:
    """Whether this trouble is answered by going back; a route that is not followed only where that was asked for."""
    return plan.on_fail == "rollback" and (code not in UNFOLLOWED or plan.spec.on_fail == "rollback")


def give_up(trouble: Trouble, view: View) -> Decision:
    """Hold or roll back, as the plan says; on the way back there is only a person left."""
    release, now = view.release, view.now
    told = tell_trouble(trouble, view).model_copy(update=counted(view))
    if release.going_back:
        failed = told.become(State.FAILED, now, ended_at=now, reason=trouble.reason)
        return Decision(failed.tell("failed", words.failed(release.plan, trouble.reason), now))
    if goes_back(release.plan, trouble.code) and release.can_go_back:
        if not (release.one_way and release.switched):
            return Decision(told.roll_back(words.rolls_back_itself(trouble.reason), now))
        told = told.tell("stuck", words.one_way_holds(release.one_way), now)
    return Decision(told.become(State.HOLDING, now, reason=trouble.reason))


def tell_trouble(trouble: Trouble, view: View) -> Release:
    """The release with a line about it."""
    release = view.release
    if trouble.seen:
        course = release.course.measured(Point.of(trouble.seen, view.evidence.tally, shifted(view)))
        release = release.model_copy(update={"course": course})
    return release.tell("stuck", trouble.reason, view.now, **{"code": trouble.code, **trouble.detail})


def counted(view: View) -> dict[str, object]:
    """The pods of both versions as they stand, for the record."""
    stable, canary = view.counted()
    return {"stable_pods": stable, "canary_pods": canary}

"""The brain's third question: given all that is known, what is the one next move?

Level-triggered: it looks at the whole every time and needs no memory but the release itself. A decision is the release
as it should be recorded *before* anything is done, the writes to make after that, and what to wait for.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from strategies import edits, lanes, words
from strategies.course import Point
from strategies.decision import Decision, Wait, counted, tell_trouble
from strategies.decision import give_up as _surrender
from strategies.denials import clock
from strategies.ensure import ensure
from strategies.foreign import foreign
from strategies.lens import Split
from strategies.objects import Obj, at
from strategies.outcome import Do, Done, Later, Trouble
from strategies.pods import NotYet, Stuck, gate_open
from strategies.prove import prove, shifted
from strategies.release import Doing, Release, State
from strategies.reminding import reminded
from strategies.soaking import fall, keep, soak
from strategies.standing import pods_trouble
from strategies.steps import Check, Keep, Lag, Prove, Remove, Shift, Soak, Stand, Step, Turn, Twin, Update
from strategies.view import View

__all__ = ["TELL_AFTER", "Decision", "Wait", "decide", "give_up"]

TELL_AFTER = timedelta(seconds=2)  # a wait shorter than this is not worth a line on the card


def decide(view: View) -> Decision:
    """One move."""
    release = view.release
    if release.ended:
        return Decision(release, wait=Wait("ended"))
    if release.state is State.HOLDING:
        return Decision(release, wait=Wait(release.reason))
    if not release.going_back:
        changed = foreign(view) if release.changed else None
        if changed:
            held = release.become(State.HOLDING, view.now, reason=changed.said, foreign=changed.mark)
            return Decision(held.tell("foreign", changed.said, view.now))
        aside = _unfit_again(view) or fall(view) or _late(view)
        if aside:
            return aside
    if release.state is State.ASKING:
        return _asking(view)
    return _walk(view)


def _walk(view: View) -> Decision:
    """Pass every step that is true already, and stop at the first that needs something."""
    first = view.release
    for _ in range(len(view.release.steps) + 1):
        release, step = view.release, view.release.step
        if step is None:
            return _finish(view)
        if isinstance(step, Soak):
            moved = soak(step, view)
        elif isinstance(step, Keep):
            moved = keep(step, view)
        elif isinstance(step, Prove):
            moved = _settle(step, prove(step, view), view)
        else:
            moved = _settle(step, ensure(step, view), view)
        told = moved.release.events != first.events
        if moved.writes or moved.wait or moved.release.state is not release.state:
            return replace(moved, lazily=moved.lazily and not told)
        view = replace(view, release=moved.release)
        if isinstance(view.release.step, Prove):
            # the samples of one proof must not count for the next: look again, without them
            return Decision(view.release, lazily=not told)
    return Decision(view.release)


def _settle(step: Step, outcome: Done | Do | Later | Trouble, view: View) -> Decision:
    """What an outcome makes of the release."""
    release, now = view.release, view.now
    match outcome:
        case Done():
            update: dict[str, Any] = {"cursor": release.cursor + 1, "doing": None, "stuck": "", "reason": ""}
            update |= release.passing(now)
            if outcome.fit:
                update["fit"] = tuple(dict.fromkeys((*outcome.fit, *release.fit)))[:200]
            if isinstance(step, Turn):
                update["taken_at"] = now
            if outcome.seen:
                update["measured"] = outcome.seen
                point = Point.of(outcome.seen, view.evidence.tally, shifted(view))
                update["course"] = update["course"].measured(point)
            on = release.model_copy(update=update)
            on = on.model_copy(update=counted(view))
            return Decision(
                on.tell(outcome.kind, outcome.said, now, **outcome.detail) if outcome.said else on
            )
        case Do():
            doing = Doing(step=release.cursor, what="; ".join(w.why for w in outcome.writes)[:500], at=now)
            if (
                release.doing is not None
                and release.doing.step == doing.step
                and release.doing.what == doing.what
            ):
                return Decision(release, outcome.writes)  # journalled already: an answer was lost, or we were
            on = release.model_copy(
                update={"doing": doing, "changed": True} | ({"shifted_at": now} if outcome.moves else {})
            )
            if not release.changed:
                on = on.model_copy(update={"revision": release.revision + 1})
            return Decision(on.tell("doing", outcome.said, now) if outcome.said else on, outcome.writes)
        case Later():
            return _later(step, outcome, view)
        case Trouble():
            return _trouble(outcome, view)


def _later(step: Step, outcome: Later, view: View) -> Decision:
    release, now = view.release, view.now
    deadline = None if isinstance(step, Lag | Prove) else view.since(release.plan.timers.progress)
    if deadline and now >= deadline:
        return _surrender(Trouble("deadline", words.late(release.plan.timers.progress, outcome.reason)), view)
    until = min((t for t in (outcome.until, deadline) if t), default=None)
    noted = release.model_copy(update={"reason": outcome.reason} | counted(view))
    return Decision(noted, wait=Wait(outcome.reason, until, outcome.gather), lazily=True)


def _trouble(trouble: Trouble, view: View) -> Decision:
    """Told at once; what may still come by itself is waited for until the deadline."""
    release, now = view.release, view.now
    deadline = view.since(release.plan.timers.progress)
    if now >= deadline or (trouble.fatal and not release.going_back):
        return _surrender(trouble, view)
    told = release
    mark = f"{trouble.code} {trouble.detail.get('pod', '')}"
    if release.stuck != mark:
        told = tell_trouble(trouble, view).model_copy(
            update={"stuck": mark, "reason": trouble.reason} | counted(view)
        )
    return Decision(told, wait=Wait(trouble.reason, deadline))


def give_up(view: View, code: str, reason: str) -> Decision:
    """What becomes of a release when the cluster refuses a write."""
    if view.release.going_back and view.now < view.since(view.release.plan.timers.progress):
        told = tell_trouble(Trouble(code, reason), view) if view.release.stuck != code else view.release
        return Decision(told.model_copy(update={"stuck": code, "reason": reason}))
    return _surrender(Trouble(code, reason), view)


def _unfit_again(view: View) -> Decision | None:
    """A canary pod that fell back after its step: off the traffic where only we can do it, told in any case."""
    release = view.release
    if release.plan.strategy == "rolling":
        return _fallen(view)
    stood = [
        i
        for i, s in enumerate(release.plan.steps[: release.cursor])
        if isinstance(s, Stand) and s.track == "canary"
    ]
    begun = release.plan.steps[: release.cursor + 1]
    if not stood or any(isinstance(s, Remove | Update) for s in begun):
        return None
    unfit = view.unfit(view.pods("canary"))
    # where the pods have a readiness probe, Kubernetes takes an unready one out itself
    shared = turned_to(release) if release.plan.lanes else view.at_position("both")
    by_us = not release.plan.probed and bool(shared) and release.state is not State.KEEPING
    if not by_us:
        return _crashed(view, view.pods("canary"))
    if unfit is None or isinstance(release.step, Stand):
        return None
    again = release.become(State.RUNNING, view.now, cursor=stood[-1])
    return Decision(again.tell("aside", words.unsettled(unfit.reason), view.now))


def _fallen(view: View) -> Decision | None:
    """New pods of a rolling update that were fit once and fall over after it: told now, not when a proof's time is up."""
    updated = any(isinstance(s, Update) for s in view.release.plan.steps[: view.release.cursor])
    return _crashed(view, tuple(p for p in view.pods("stable") if view.new_image(p))) if updated else None


def _crashed(view: View, pods: tuple[Obj, ...]) -> Decision | None:
    """Pods that users may meet and that will not come up again by themselves."""
    release, unfit = view.release, view.unfit(pods)
    told_there = isinstance(release.step, Stand | Check | Update)  # they look at their pods themselves
    if told_there or not isinstance(unfit, Stuck) or not unfit.fatal:
        return None
    outcome = pods_trouble(pods, view)
    if isinstance(outcome, Later):
        return Decision(release, wait=Wait(outcome.reason, outcome.until, outcome.gather))
    return _surrender(outcome, view) if isinstance(outcome, Trouble) else None


def _late(view: View) -> Decision | None:
    """A pod of the canary that was made later (by an eviction, say) waits behind its gate until it is fit."""
    release, step = view.release, view.release.step
    shifted = [s for s in release.plan.steps[: release.cursor] if isinstance(s, Shift)]
    led = bool(shifted) and shifted[-1].to in ("both", "canary")
    if not release.plan.gated or not (led or turned_to(release)):
        return None
    closed = [p for p in view.pods("canary") if not gate_open(p)]
    if not closed or step is None or isinstance(step, Stand | Shift | Twin | Turn):
        return None  # these see to gates by themselves
    fit = [p for p in closed if view.unfit([p]) is None]
    if fit:
        return _settle(step, Do(tuple(edits.gate(p, view.now, opened=True) for p in fit), moves=True), view)
    unfit, asking = view.unfit(closed), view.asking(closed)
    due = min((t for t in (release.due, release.remind_at) if t), default=None)
    if release.state is State.RUNNING or not isinstance(unfit, NotYet) or (due and view.now >= due):
        return None  # what is due comes first
    until = min((t for t in (unfit.until, due) if t), default=None)
    return Decision(release, wait=Wait("a new pod settles", until, asking))


def turned_to(release: Release) -> Split | None:
    """The split that sends somebody to the canary by route now, None where none does."""
    last = [s for s in release.plan.steps[: release.cursor] if isinstance(s, Turn)][-1:]
    split = last[0].split if last else None
    return split if split and (split.share or split.audiences) else None


def _asking(view: View) -> Decision:
    """Silence never promotes: reminders at growing intervals, and at the deadline it holds."""
    release, now, timers = view.release, view.now, view.plan.timers
    if release.due and now >= release.due and release.unapproved:
        gone = release.become(State.CANCELLED, now, ended_at=now)
        return Decision(gone.tell("expired", words.expired(timers.ask_for), now))
    if release.due and now >= release.due:
        reason = words.deadline(timers.ask_for)
        return Decision(release.become(State.HOLDING, now, reason=reason).tell("deadline", reason, now))
    quiet = view.calendar.quiet_until(now)
    if release.remind_at and now >= release.remind_at and quiet:
        return Decision(release.model_copy(update={"remind_at": quiet}))
    if release.remind_at and now >= release.remind_at:
        return Decision(reminded(release, view.asked, now))
    frozen = view.calendar.frozen(now)
    said = words.frozen_now(frozen.freeze.why, clock(frozen.until, frozen.freeze)) if frozen else ""
    if not release.unapproved and release.reason != said and words.is_frozen(release.reason or said):
        return Decision(release.model_copy(update={"reason": said}))  # on the card, and off it again
    times = [t for t in (release.due, release.remind_at, frozen and frozen.until) if t]
    return Decision(release, wait=Wait("a person must decide", min(times, default=None)))


def _finish(view: View) -> Decision:
    release, now = view.release, view.now
    back = release.going_back
    unfit = None if back else _serving_unfit(view)
    if unfit:
        return unfit
    state = State.ROLLED_BACK if back else State.PROMOTED
    text = _back(view) if back else words.promoted(view.plan)
    done = release.become(state, now, ended_at=now, **counted(view))
    return Decision(done.tell(state.value, text, now))


def _back(view: View) -> str:
    """What the end of the way back is: as before, but for what somebody else changed meanwhile."""
    plan, stable = view.plan, view.deployment("stable")
    pods = at(stable, "spec", "template", "spec", "containers", default=[]) if stable else []
    image = next((str(c.get("image")) for c in pods if c.get("name") == plan.container), plan.from_image)
    gone = [f"{x.kind} {x.name}" for x in plan.lanes if lanes.object_of(x, view.snapshot) is None]
    if image == plan.from_image and not gone:
        return words.rolled_back(plan)
    return words.rolled_back_to(plan, image if image != plan.from_image else "", list(dict.fromkeys(gone)))


def _serving_unfit(view: View) -> Decision | None:
    """A new version that was proven and then falls over is not called finished."""
    serving = [p for p in (*view.pods("stable"), *view.pods("canary")) if view.new_image(p)]
    unfit = view.unfit(serving)
    outcome = pods_trouble(tuple(serving), view) if isinstance(unfit, Stuck) else None
    if isinstance(outcome, Trouble):
        return _surrender(outcome, view)
    late = view.since(view.plan.timers.progress)
    if isinstance(outcome, Later):
        return Decision(view.release, wait=Wait(outcome.reason, outcome.until, outcome.gather))
    if not isinstance(unfit, NotYet) or view.now >= late:
        return None
    until = min((t for t in (unfit.until, late) if t), default=None)
    waiting = view.release.model_copy(update={"reason": unfit.reason})
    return Decision(waiting, wait=Wait(unfit.reason, until, view.asking(serving)), lazily=True)

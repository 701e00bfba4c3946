"""The brain's third question: given all that is known, what is the one next move?

Level-triggered: it looks at the whole every time and needs no memory but the release itself. A decision is the release
as it should be recorded *before* anything is done, the writes to make after that, and what to wait for.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from strategies import edits, judgement, words
from strategies.course import Point
from strategies.denials import clock
from strategies.ensure import ensure
from strategies.evidence import AskPods, Checked, Gather, Look
from strategies.foreign import foreign
from strategies.lens import Split
from strategies.objects import Obj, name_of
from strategies.outcome import Do, Done, Later, Trouble
from strategies.plan import Plan
from strategies.pods import NotYet, Stuck, gate_open, life
from strategies.prove import prove, shifted
from strategies.release import Doing, Release, State
from strategies.reminding import reminded
from strategies.standing import pods_trouble
from strategies.steps import Keep, Lag, Prove, Remove, Shift, Soak, Stand, Step, Turn, Twin, Update
from strategies.view import View
from strategies.writes import Write

ASKED_PODS, ASKED_TIMES = 4, 40  # pods of each version, and how often each is asked, where failures name none
LOOK = 60  # requests of a look at the end of a soak, or as many as bring LOOK_NEW answers of the new version
MOST_LOOKED = 400
LOOK_NEW = 20  # on average; then there are fewer than judgement needs (10) in half a percent of looks
UNFOLLOWED = ("not-proven", "route-pending")  # a person looks: going back would ask the same route again
TELL_AFTER = timedelta(seconds=2)  # a wait shorter than this is not worth a line on the card


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
        aside = _unfit_again(view) or _late(view)
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
            moved = _soak(step, view)
        elif isinstance(step, Keep):
            moved = _keep(step, view)
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
            on = on.model_copy(update=_pods(view))
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
        return _give_up(Trouble("deadline", words.late(release.plan.timers.progress, outcome.reason)), view)
    until = min((t for t in (outcome.until, deadline) if t), default=None)
    noted = release.model_copy(update={"reason": outcome.reason} | _pods(view))
    return Decision(noted, wait=Wait(outcome.reason, until, outcome.gather), lazily=True)


def _trouble(trouble: Trouble, view: View) -> Decision:
    """Told at once; what may still come by itself is waited for until the deadline."""
    release, now = view.release, view.now
    deadline = view.since(release.plan.timers.progress)
    if now >= deadline or (trouble.fatal and not release.going_back):
        return _give_up(trouble, view)
    told = release
    mark = f"{trouble.code} {trouble.detail.get('pod', '')}"
    if release.stuck != mark:
        told = _told(trouble, view).model_copy(update={"stuck": mark, "reason": trouble.reason} | _pods(view))
    return Decision(told, wait=Wait(trouble.reason, deadline))


def goes_back(plan: Plan, code: str) -> bool:
    """Whether this trouble is answered by going back; a route that is not followed only where that was asked for."""
    return plan.on_fail == "rollback" and (code not in UNFOLLOWED or plan.spec.on_fail == "rollback")


def _give_up(trouble: Trouble, view: View) -> Decision:
    """Hold or roll back, as the plan says; on the way back there is only a person left."""
    release, now = view.release, view.now
    told = _told(trouble, view).model_copy(update=_pods(view))
    if release.going_back:
        failed = told.become(State.FAILED, now, ended_at=now, reason=trouble.reason)
        return Decision(failed.tell("failed", words.failed(release.plan, trouble.reason), now))
    if goes_back(release.plan, trouble.code) and release.can_go_back:
        if not (release.one_way and release.switched):
            return Decision(told.roll_back(words.rolls_back_itself(trouble.reason), now))
        told = told.tell("stuck", words.one_way_holds(release.one_way), now)
    return Decision(told.become(State.HOLDING, now, reason=trouble.reason))


def _told(trouble: Trouble, view: View) -> Release:
    release = view.release
    if trouble.seen:
        course = release.course.measured(Point.of(trouble.seen, view.evidence.tally, shifted(view)))
        release = release.model_copy(update={"course": course})
    return release.tell("stuck", trouble.reason, view.now, **{"code": trouble.code, **trouble.detail})


def give_up(view: View, code: str, reason: str) -> Decision:
    """What becomes of a release when the cluster refuses a write."""
    if view.release.going_back and view.now < view.since(view.release.plan.timers.progress):
        told = _told(Trouble(code, reason), view) if view.release.stuck != code else view.release
        return Decision(told.model_copy(update={"stuck": code, "reason": reason}))
    return _give_up(Trouble(code, reason), view)


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
    resting = release.state in (State.SOAKING, State.ASKING, State.KEEPING)
    serving = resting or isinstance(release.step, Prove)  # a proof must not wait for pods that crash
    if not serving or not isinstance(unfit, Stuck) or not unfit.fatal:
        return None
    outcome = pods_trouble(pods, view)
    if isinstance(outcome, Later):
        return Decision(release, wait=Wait(outcome.reason, outcome.until, outcome.gather))
    return _give_up(outcome, view) if isinstance(outcome, Trouble) else None


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


def _soak(step: Soak, view: View) -> Decision:
    release, now = view.release, view.now
    if release.state is not State.SOAKING and step.seconds > 0:
        due = now + timedelta(seconds=step.seconds)
        soaking = release.become(State.SOAKING, now, due=due, **_pods(view))
        return Decision(soaking.tell("soaking", words.soaking(step.seconds), now))
    if release.due and now < release.due:
        return Decision(release, wait=Wait("soaking", release.due))
    if release.plan.auto:
        return _frozen(view) or _auto(step, view)
    return _ask(view)


def _auto(step: Soak, view: View) -> Decision:
    """--auto goes on only where the step is proven and nothing is worse; anything else asks or gives up."""
    release = view.release
    tally = view.evidence.tally
    few = tally is None or tally.new.n < judgement.ENOUGH
    if (step.seconds or step.audience or few) and release.plan.probe and release.measured:
        if view.evidence.look is None:
            look = Look(_looks(release.measured.asked), step.audience)
            return Decision(release, wait=Wait("looking at both versions", gather=look))
        tally = view.evidence.look
    measured = release.measured
    if release.plan.strategy == "bluegreen" and measured is None:
        return _on(view)  # green was checked pod by pod and has no traffic to compare
    if measured is None or measured.verdict != "proven":
        return _ask(view, "It is not proven, so --auto does not go on by itself.")
    found = judgement.of(tally, release.plan.to_version) if tally else judgement.Pass()
    if isinstance(found, judgement.Inconclusive) and tally and tally.nameless and release.plan.port:
        told = _whose(view)
        if isinstance(told, Decision):
            return told
        found = told if isinstance(told, judgement.Fail) else found
    match found:
        case judgement.Fail(reason):
            return _give_up(Trouble("worse", reason), view)
        case judgement.Inconclusive(reason):
            return _ask(view, f"Inconclusive: {reason}.")
        case judgement.Pass():
            return _on(view)


def _looks(share: int) -> int:
    """How many requests a look sends: 60 at 50 %, 200 at 10 %, 400 at 5 %."""
    return max(LOOK, min(MOST_LOOKED, math.ceil(LOOK_NEW * 100 / share))) if share else LOOK


def _whose(view: View) -> Decision | judgement.Judgement:
    """Requests fail and name no version: some pods of each version are asked by themselves, until that tells."""
    new: list[Checked] = []
    old: list[Checked] = []
    missing: list[str] = []
    seen = {True: 0, False: 0}
    for pod in (*view.pods("canary"), *view.pods("stable")):
        is_new = view.new_image(pod)
        seen[is_new] += 1
        if seen[is_new] > ASKED_PODS:
            continue
        said = view.evidence.checks.get(life(pod))
        if said is None or said.asked < ASKED_TIMES:
            missing.append(name_of(pod))
        else:
            (new if is_new else old).append(said)
    if missing:
        wanted = AskPods(tuple(missing), times=ASKED_TIMES)
        return Decision(
            view.release, wait=Wait("asking pods by themselves, since requests fail", gather=wanted)
        )
    sides = [(sum(c.asked for c in side), sum(c.fine for c in side)) for side in (new, old)]
    return judgement.asked_apart(sides[0], sides[1], view.plan.to_version)


def _on(view: View) -> Decision:
    """The next step, unless a freeze holds it."""
    release, now = view.release, view.now
    if waits := _frozen(view):
        return waits
    on = release.become(State.RUNNING, now, cursor=release.cursor + 1)
    return Decision(on.tell("promoted-on", words.auto_on(), now))


def _frozen(view: View) -> Decision | None:
    """A freeze holds --auto where it is; it looks again, and goes on by itself, when that is over."""
    release, found = view.release, view.calendar.frozen(view.now)
    if found is None:
        return None
    text = words.auto_frozen(found.freeze.why, clock(found.until, found.freeze))
    if release.state is State.SOAKING and release.reason == text:
        return Decision(release, wait=Wait(text, found.until))
    held = release.become(State.SOAKING, view.now, reason=text, **_pods(view))
    return Decision(held.tell("frozen", text, view.now))


def _ask(view: View, why: str = "") -> Decision:
    release, now, timers = view.release, view.now, view.plan.timers
    nxt = next((s.title for s in view.plan.stages if s.number == release.stage + 1), "the end")
    asking = release.become(
        State.ASKING,
        now,
        due=now + timedelta(seconds=timers.ask_for),
        remind_at=now + timedelta(seconds=timers.remind),
        **_pods(view),
    )
    seen: dict[str, Any] = {"measured": release.measured.model_dump(mode="json")} if release.measured else {}
    text = " ".join(p for p in (why, words.asks(view.plan, nxt)) if p)
    return Decision(asking.tell("asking", text, now, **seen))


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


def _keep(step: Keep, view: View) -> Decision:
    release, now = view.release, view.now
    if step.seconds == 0:
        return Decision(release.model_copy(update={"cursor": release.cursor + 1} | release.passing(now)))
    if release.state is not State.KEEPING:
        kept = release.become(State.KEEPING, now, due=now + timedelta(seconds=step.seconds), **_pods(view))
        return Decision(kept.tell("keeping", words.keeping(view.plan), now))
    if release.due and now < release.due:
        return Decision(release, wait=Wait("the old version stands warm", release.due))
    if frozen := view.calendar.frozen(now):
        text = words.kept_on(frozen.freeze.why, clock(frozen.until, frozen.freeze))
        return Decision(release.model_copy(update={"due": frozen.until}).tell("frozen", text, now))
    return Decision(release.become(State.RUNNING, now, cursor=release.cursor + 1))


def _finish(view: View) -> Decision:
    release, now = view.release, view.now
    back = release.going_back
    unfit = None if back else _serving_unfit(view)
    if unfit:
        return unfit
    state = State.ROLLED_BACK if back else State.PROMOTED
    text = words.rolled_back(view.plan) if back else words.promoted(view.plan)
    done = release.become(state, now, ended_at=now, **_pods(view))
    return Decision(done.tell(state.value, text, now))


def _serving_unfit(view: View) -> Decision | None:
    """A new version that was proven and then falls over is not called finished."""
    serving = [p for p in (*view.pods("stable"), *view.pods("canary")) if view.new_image(p)]
    unfit = view.unfit(serving)
    outcome = pods_trouble(tuple(serving), view) if isinstance(unfit, Stuck) else None
    if isinstance(outcome, Trouble):
        return _give_up(outcome, view)
    late = view.since(view.plan.timers.progress)
    if isinstance(outcome, Later):
        return Decision(view.release, wait=Wait(outcome.reason, outcome.until, outcome.gather))
    if not isinstance(unfit, NotYet) or view.now >= late:
        return None
    until = min((t for t in (unfit.until, late) if t), default=None)
    waiting = view.release.model_copy(update={"reason": unfit.reason})
    return Decision(waiting, wait=Wait(unfit.reason, until, view.asking(serving)), lazily=True)


def _pods(view: View) -> dict[str, object]:
    stable, canary = view.counted()
    return {"stable_pods": stable, "canary_pods": canary}

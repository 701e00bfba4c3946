"""While a step soaks, and while the old version stands warm: look, judge, and ask, go on or fall.

A look is taken every `EVERY` seconds and at the end, and added to the release's comparison. What is judged worse does
not wait for the end. A release that rolls back by itself says so `FALL` seconds before, so that a person may keep it.
"""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

from strategies import judgement, shape, words
from strategies import judgement_words as said
from strategies import meters as metric
from strategies.comparison import Comparison
from strategies.decision import Decision, Wait, counted, give_up
from strategies.denials import clock
from strategies.evidence import AskPods, Checked, Look
from strategies.judgement import Fail, Inconclusive, Judgement, Pass
from strategies.objects import at, name_of
from strategies.outcome import Trouble
from strategies.pods import life
from strategies.release import Release, State
from strategies.samples import Sample
from strategies.steps import Keep, Soak
from strategies.view import View

EVERY = timedelta(seconds=30)  # between two looks
FALL = 30  # seconds between the sentence that condemns and the way back
ASKED_PODS, ASKED_TIMES = 4, 40  # pods of each version, and how often each is asked, where failures name none
LEAST_LOOKED = 40  # requests of a look
LOOK_NEW = 10  # answers of the new version that a look is to bring, on average
LAST_NEW = 20  # that are to be known at the end; then there are fewer than judgement needs in half a percent of cases
TOLD_NEW = 60  # asked in doubt: of so many, one that fails one of five is told in 95 % of cases
MOST_LOOKED, MOST_LAST = 200, 400  # requests of a look, and of the last one
LOOK_KEPT = 20  # requests of a look while the old version stands warm


def soak(step: Soak, view: View) -> Decision:
    """Time passes while both versions are looked at."""
    release, now = view.release, view.now
    if release.state is not State.SOAKING and step.seconds > 0:
        due = now + timedelta(seconds=step.seconds)
        first = _first(view, timed=False)
        soaking = release.become(State.SOAKING, now, due=due, judged=first, **counted(view))
        return Decision(soaking.tell("soaking", words.soaking(step.seconds), now))
    judged = _judged(view)
    view = replace(view, release=release.model_copy(update={"judged": judged}))
    verdict = judgement.judge(judged, view.plan)
    if isinstance(verdict, Fail):
        return condemn(verdict.reason, view)
    if release.due and now < release.due:
        return _next_look(step, view)
    if view.plan.auto and (waits := _frozen(view)):
        return waits
    look = view.evidence.look
    if _looks(step, view) and (look is None or look.at < (release.due or release.since)):
        return _look(step, view, last=True)
    if _doubted(view):
        return _look(step, view, last=True)
    return _end(view, verdict)


def keep(step: Keep, view: View) -> Decision:
    """The old version stands warm, one click away; the new one is looked at alone."""
    release, now = view.release, view.now
    if step.seconds == 0:
        return Decision(release.model_copy(update={"cursor": release.cursor + 1} | release.passing(now)))
    if release.state is not State.KEEPING:
        due, judged = now + timedelta(seconds=step.seconds), _pods(view, release.judged)
        kept = release.become(State.KEEPING, now, due=due, judged=judged, **counted(view))
        return Decision(kept.tell("keeping", words.keeping(view.plan), now))
    judged = _kept(view)
    view = replace(view, release=release.model_copy(update={"judged": judged}))
    verdict = judgement.keeping(judged, view.plan)
    if isinstance(verdict, Fail):
        return condemn(verdict.reason, view)
    if release.due and now < release.due:
        following = (judged.at or release.since) + EVERY
        if now >= following and view.plan.probe is not None:
            return Decision(
                view.release, wait=Wait("looking at the new version", gather=Look(LOOK_KEPT, None))
            )
        if now >= following:
            view = replace(view, release=release.model_copy(update={"judged": _pods(view, judged)}))
        return Decision(
            view.release,
            wait=Wait("the old version stands warm", min(release.due, max(following, now) + _NONE)),
        )
    if frozen := view.calendar.frozen(now):
        text = words.kept_on(frozen.freeze.why, clock(frozen.until, frozen.freeze))
        return Decision(view.release.model_copy(update={"due": frozen.until}).tell("frozen", text, now))
    return Decision(view.release.become(State.RUNNING, now, cursor=release.cursor + 1))


_NONE = timedelta()


def condemn(why: str, view: View) -> Decision:
    """Worse: hold, or say that it rolls back by itself and when."""
    release, now = view.release, view.now
    by_itself = release.plan.on_fail == "rollback" and release.can_go_back
    if not by_itself or (release.one_way and release.switched):
        return give_up(Trouble("worse", f"{said.opened(why, view.plan)}."), view)
    state = State.KEEPING if isinstance(release.step, Keep) else State.SOAKING
    falling = release.become(
        state,
        now,
        falling=now + timedelta(seconds=FALL),
        reason=f"{said.opened(why, view.plan)}.",
        **counted(view),
    )
    told = falling.tell("falling", said.falling(why, FALL, view.plan), now, code="worse")
    return Decision(told, wait=Wait(told.reason, told.falling))


def fall(view: View) -> Decision | None:
    """The countdown of a release that rolls back by itself."""
    release = view.release
    if release.falling is None:
        return None
    if view.now < release.falling:
        return Decision(release, wait=Wait(release.reason, release.falling))
    return Decision(release.roll_back(words.rolls_back_itself(release.reason), view.now))


# looking


def _looks(step: Soak, view: View) -> bool:
    """Whether a last look is worth its requests: not where nobody waits for what it says."""
    plan, judged = view.plan, view.release.judged
    few = judged.new.requests < judgement.ENOUGH
    wanted = step.seconds > 0 or (plan.auto and (step.audience is not None or few))
    return wanted and _can_look(view)


def _doubted(view: View) -> bool:
    """Whether something failed of so few answers that one cannot tell what it means: then it is looked at again, at once.

    Wagers may be added to as often as one likes, so that costs no false alarm.
    """
    release, new = view.release, view.release.judged.new
    few = new.errors > 0 and new.requests < TOLD_NEW
    ends = (release.due or release.since) + timedelta(seconds=view.plan.timers.proof)
    return few and view.now < ends and view.plan.probe is not None and _can_look(view)


def _can_look(view: View) -> bool:
    """Whether there is anybody to ask: users' requests reach the new version, or something counts them."""
    return view.release.measured is not None and (
        view.plan.probe is not None or view.plan.metrics is not None
    )


def _next_look(step: Soak, view: View) -> Decision:
    """In the middle of a soak."""
    release, now, judged = view.release, view.now, view.release.judged
    following = (judged.at or release.since) + EVERY
    if now >= following and _can_look(view):
        return _look(step, view, last=False)
    if now >= following:
        release = release.model_copy(update={"judged": _pods(view, judged)})
        following = now + EVERY
    due = min(t for t in (release.due, following) if t)
    return Decision(release, wait=Wait("soaking", due))


def _look(step: Soak, view: View, *, last: bool) -> Decision:
    """Ask for samples and metrics."""
    plan, release = view.plan, view.release
    asked = release.measured.asked if release.measured else 0
    batch = _batch(asked, release.judged.new.requests, last=last) if plan.probe is not None else 0
    tracks = names(view)
    wanted = metric.queries(plan.metrics, tracks) if plan.metrics else ()
    look = Look(batch, step.audience, wanted, tracks)
    return Decision(release, wait=Wait("looking at both versions", gather=look))


def _batch(share: int, known: int, *, last: bool) -> int:
    """How many requests a look sends.

    >>> _batch(50, 0, last=False), _batch(5, 0, last=False), _batch(5, 0, last=True), _batch(5, 40, last=True)
    (40, 200, 400, 200)
    """
    new = max(LOOK_NEW, LAST_NEW - known) if last else LOOK_NEW
    most = MOST_LAST if last and known < LAST_NEW else MOST_LOOKED
    return max(LEAST_LOOKED, min(most, math.ceil(new * 100 / share))) if share else LEAST_LOOKED


def names(view: View) -> metric.Tracks:
    """What metrics call both tracks."""
    plan, release = view.plan, view.release
    judged = release.judged
    window = max(30, round((view.now - (judged.since or release.since)).total_seconds()))
    service = plan.ways[0].service if plan.ways else ""
    twins = [name_of(t) for t in plan.twins]
    ingress = next((lane.name for lane in plan.lanes if lane.kind == "Ingress"), "")
    every = [*view.pods("stable"), *view.pods("canary")]
    made = []
    for new in (True, False):
        pods = [p for p in every if view.new_image(p) is new][: judgement.ENOUGH * 5]
        made.append(
            metric.Names(
                track="canary" if new else "stable",
                namespace=plan.namespace,
                deployment=plan.canary or plan.stable if new else plan.stable,
                service=twins[0] if new and twins else service,
                pods=tuple(name_of(p) for p in pods),
                addresses=tuple(str(at(p, "status", "podIP", default="")) for p in pods),
                version=plan.to_version if new else plan.from_version,
                live=service,
                twin=twins[0] if twins else "",
                ingress=ingress,
            )
        )
    return metric.Tracks(made[0], made[1], window)


# adding up


def _pods(view: View, judged: Comparison) -> Comparison:
    every = [*view.pods("stable"), *view.pods("canary")]
    new = [p for p in every if view.new_image(p)]
    return judged.seen(new, [p for p in every if not view.new_image(p)], view.now)


def _first(view: View, *, timed: bool) -> Comparison:
    """What the proof's own samples say; the first answers of cold pods say nothing about time."""
    judged = view.release.judged
    if view.evidence.samples and view.plan.probe is not None:
        judged = judged.added(view.evidence.samples, view.now, timed=timed)
    return _pods(view, judged)


def _judged(view: View) -> Comparison:
    """The comparison with what was looked at since it was recorded."""
    release, judged, look = view.release, view.release.judged, view.evidence.look
    if release.state is State.RUNNING and (judged.at is None or judged.at < release.since):
        judged = _first(view, timed=True)  # no soak: the proof's samples are the one look
    if look is not None and look.at > (judged.at or release.since):
        judged = judged.added(look.samples, look.at) if look.samples else judged
        if view.plan.metrics is not None and look.tracks is not None:
            readings = metric.read(view.plan.metrics, look.tracks, look.metered, judged.readings)
            judged = judged.model_copy(update={"readings": readings})
        judged = _pods(view, judged)
    return judged


def _kept(view: View) -> Comparison:
    judged, look = view.release.judged, view.evidence.look
    if look is None or look.at <= (judged.at or view.release.since):
        return judged
    mine: list[Sample] = [s for s in look.samples if s.version != "old"]
    return _pods(view, judged.alone(mine, look.at, judgement.usual(judged)))


# the end of a soak


def _end(view: View, verdict: Judgement) -> Decision:
    release, plan = view.release, view.plan
    if not plan.auto:
        return _told(view, verdict)
    if isinstance(verdict, Inconclusive) and release.judged.nameless and plan.port and plan.probe:
        found = _whose(view)
        if isinstance(found, Decision):
            return found
        view = replace(view, release=release.model_copy(update={"judged": found}))
        verdict = judgement.judge(found, plan)
        if isinstance(verdict, Fail):
            return condemn(verdict.reason, view)
    measured = release.measured
    if plan.strategy == "bluegreen" and measured is None:
        return _on(view, Pass())  # green was checked pod by pod and has no traffic to compare
    if measured is None or measured.verdict != "proven":
        return ask(view, "It is not proven, so --auto does not go on by itself.")
    return _on(view, verdict) if isinstance(verdict, Pass) else _told(view, verdict)


def _told(view: View, verdict: Judgement) -> Decision:
    """A person decides, by what judgement says."""
    if view.plan.probe is None and view.plan.metrics is None:
        return ask(view)  # the plan said so; only pods were looked at
    if view.release.measured is None:
        return ask(view)
    view, other = _differences(view)
    if isinstance(verdict, Inconclusive):
        view = replace(view, release=_knows(view.release, verdict.unknown))
        return ask(view, " ".join(p for p in (f"Inconclusive: {verdict.reason}.", other) if p))
    return ask(view, " ".join(p for p in (f"{said.opened(verdict.reason, view.plan)}.", other) if p))


def _differences(view: View) -> tuple[View, str]:
    """What is new in the answers and breaks nobody: told once."""
    judged = view.release.judged
    other = shape.compare(judged.new.shapes, judged.old.shapes).other
    unknown = tuple(d for d in other if d not in judged.told)
    if not unknown:
        return view, ""
    return replace(view, release=_knows(view.release, unknown)), said.told(unknown, view.plan)


def _knows(release: Release, differences: tuple[str, ...]) -> Release:
    return release.model_copy(update={"judged": release.judged.knows(differences)})


def _whose(view: View) -> Decision | Comparison:
    """Requests fail and name no version: some pods of each version are asked by themselves, until that tells. Once."""
    judged = view.release.judged
    if judged.apart_new[0] or judged.apart_old[0]:
        return judged
    new: list[Checked] = []
    old: list[Checked] = []
    missing: list[str] = []
    seen = {True: 0, False: 0}
    for pod in (*view.pods("canary"), *view.pods("stable")):
        is_new = view.new_image(pod)
        seen[is_new] += 1
        if seen[is_new] > ASKED_PODS:
            continue
        found = view.evidence.checks.get(life(pod))
        if found is None or found.asked < ASKED_TIMES:
            missing.append(name_of(pod))
        else:
            (new if is_new else old).append(found)
    if missing:
        wanted = AskPods(tuple(missing), times=ASKED_TIMES)
        return Decision(
            view.release, wait=Wait("asking pods by themselves, since requests fail", gather=wanted)
        )
    sides = [(sum(c.asked for c in side), sum(c.fine for c in side)) for side in (new, old)]
    return judged.asked_apart(sides[0], sides[1])


def _on(view: View, verdict: Pass) -> Decision:
    """The next step, unless a freeze holds it."""
    now = view.now
    if waits := _frozen(view):
        return waits
    view, other = _differences(view)
    on = view.release.become(State.RUNNING, now, cursor=view.release.cursor + 1)
    return Decision(
        on.tell(
            "promoted-on",
            " ".join(p for p in (words.auto_on(said.opened(verdict.reason, view.plan)), other) if p),
            now,
        )
    )


def _frozen(view: View) -> Decision | None:
    """A freeze holds --auto where it is; it looks again, and goes on by itself, when that is over."""
    release, found = view.release, view.calendar.frozen(view.now)
    if found is None:
        return None
    text = words.auto_frozen(found.freeze.why, clock(found.until, found.freeze))
    if release.state is State.SOAKING and release.reason == text:
        return Decision(release, wait=Wait(text, found.until))
    held = release.become(State.SOAKING, view.now, reason=text, **counted(view))
    return Decision(held.tell("frozen", text, view.now))


def ask(view: View, why: str = "") -> Decision:
    """A person must decide."""
    release, now, timers = view.release, view.now, view.plan.timers
    nxt = next((s.title for s in view.plan.stages if s.number == release.stage + 1), "the end")
    asking = release.become(
        State.ASKING,
        now,
        due=now + timedelta(seconds=timers.ask_for),
        remind_at=now + timedelta(seconds=timers.remind),
        **counted(view),
    )
    seen: dict[str, Any] = {"measured": release.measured.model_dump(mode="json")} if release.measured else {}
    text = " ".join(p for p in (why, words.asks(view.plan, nxt)) if p)
    return Decision(asking.tell("asking", text, now, **seen))

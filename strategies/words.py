"""The sentences of a release's log: what people read of decisions, on every surface. Plain text with `code` marks.

One function per sentence, so that a sentence is found by its name and changed in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies.duration import words as duration
from strategies.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from strategies.lens import Lane
    from strategies.plan import Plan
    from strategies.release import Actor, IntentKind, Measured, Release


def who(actor: Actor) -> str:
    """A person, as a mention where that is a Slack id."""
    return (
        f"<@{actor.id}>" if actor.via == "slack" else f"`{actor.id}`" if actor.via == "cli" else "Graylight"
    )


def started(plan: Plan, actor: Actor) -> str:
    """The first line of a thread."""
    return (
        f"{who(actor)} started a {plan.strategy.title} release of {plan.service}: {plan.from_version} → {plan.to_version}."
        + (f" Reason: {plan.spec.reason}" if plan.spec.reason else "")
    )


def standing(plan: Plan, pods: int) -> str:
    """About to bring up the new pods."""
    return f"Bringing up {pods} pod{'s' if pods != 1 else ''} of {plan.to_version} ({plan.canary})."


def stands(version: str, pods: int, seconds: float) -> str:
    """The pods are fit."""
    return f"{pods} pod{'s' if pods != 1 else ''} of {version} ready after {seconds:.1f} s."


def checked(plan: Plan, pods: int) -> str:
    """Every pod answered by itself."""
    return (
        f"Each of the {pods} pods of {plan.to_version} answers by itself."
        if pods != 1
        else f"The pod of {plan.to_version} answers by itself."
    )


def check_failed(pod: str, what: str) -> str:
    """A pod of green did not answer as it should."""
    return f"Pod {pod} does not answer the probe as it should: {what}."


def turned(lane: Lane, now: int | None) -> str:
    """What somebody else made of a route."""
    share = "something that is no split of ours" if now is None else f"{now} %"
    return f"The split of {lane.kind} {lane.name} (now {share})"


def unproven(measured: Measured, version: str) -> str:
    """Sampled through the API server's proxy only."""
    return f"Asked {measured.asked} %: {version} answered {measured.hits} of {measured.n} through the API server's proxy. That is not the users' way, so the share is not proven."


def unsampled(asked: int, why: str) -> str:
    """Nothing could be sampled at all."""
    return f"Asked {asked} %: not proven, no sample could be attributed ({why})."


def soaking(seconds: int) -> str:
    """The soak begins."""
    return f"Soaking for {duration(seconds)}."


def asks(plan: Plan, next_title: str) -> str:
    """A person must decide."""
    return f"{plan.to_version} waits for a decision: promote to {next_title}, or roll back."


def reminder(release: Release, waited: float, mention: str) -> str:
    """Still waiting."""
    what = "approve or deny" if release.unapproved else "promote or roll back"
    return f"{mention} {release.id} has been waiting for {duration(waited)}: {what}?"


def deadline(seconds: float) -> str:
    """Nobody answered."""
    return f"Nobody decided within {duration(seconds)}: holding where it is. Nothing moves until somebody resumes, promotes or rolls back."


def held_by(actor: Actor) -> str:
    """The reason on the card."""
    return f"held by {who(actor)}"


def held(actor: Actor) -> str:
    """Somebody held it."""
    return f"{who(actor)} put it on hold; nothing moves."


def resumed(actor: Actor) -> str:
    """Somebody resumed it."""
    return f"{who(actor)} resumed it; the present step is proven again."


def cancelled(actor: Actor) -> str:
    """Cancelled before anything changed."""
    return f"{who(actor)} cancelled it; nothing had been changed."


def denied(actor: Actor) -> str:
    """Somebody else said no to its start."""
    return f"{who(actor)} denied it; nothing had been changed."


def expired(seconds: float) -> str:
    """Nobody approved its start in time."""
    return f"Expired: it was not approved within {duration(seconds)}, and nothing had been changed."


def approved(actor: Actor) -> str:
    """The last consent that its start needed."""
    return f"{who(actor)} approved it; it begins."


def waits_for_approval(count: int, crowd: str) -> str:
    """Its start needs others."""
    return f"It begins when {crowd} approve{'s' if count == 1 else ''} it. Nothing has been changed."


def consented(actor: Actor, given: int, needed: int, what: str) -> str:
    """One yes of several."""
    return f"{who(actor)} agrees to {what}: {given} of {needed}."


def wants_back(actor: Actor, why: str) -> str:
    """The first of two who go back where that cannot simply be undone."""
    return (
        f"{who(actor)} wants to roll back, and a second person must agree: this release goes one way ({why})."
    )


def replanned(plan: Plan, what: str) -> str:
    """The cluster changed before it was approved."""
    return f"The cluster has changed since it was asked for ({what}), so it is planned anew as `{plan.hash}`, and nobody has agreed to that yet."


def snoozed(actor: Actor, seconds: float) -> str:
    """No reminders for a while."""
    return f"{who(actor)} wants no reminder for {duration(seconds)}."


def kept_on(why: str, until: str) -> str:
    """A freeze holds the end of the keeping too: what would be removed is the way back."""
    return f"The old version stays warm until {until}: frozen ({why})."


def auto_frozen(why: str, until: str) -> str:
    """--auto promotes nothing in a freeze."""
    return f"{frozen_now(why, until)[:-1]}, so --auto waits until then."


def frozen_now(why: str, until: str) -> str:
    """On a card, while nobody may promote."""
    return f"Frozen until {until} ({why})."


def policy_broken(trouble: str, file: str) -> str:
    """To the administrators."""
    return f"The new policy is broken, so the former one stays in force: {trouble}\nMend it; `graylight policy check {file}` says every fault."


def is_frozen(reason: str) -> bool:
    """Whether a card's reason is that."""
    return reason.startswith("Frozen until ")


def goes_one_way(why: str) -> str:
    """On a preview."""
    return (
        f"It goes one way ({why}): once the new version has had all the traffic, going back takes two people."
    )


def one_way_holds(why: str) -> str:
    """What would have rolled back by itself, and must not."""
    return f"It does not roll back by itself, because it goes one way ({why})."


def rollback_asked(actor: Actor) -> str:
    """A person rolls back."""
    return f"{who(actor)} rolls back."


def promoted_on(actor: Actor, *, full: bool) -> str:
    """A person promotes."""
    return f"{who(actor)} promoted it{' to the last step' if full else ''}."


def keeping_ended(actor: Actor) -> str:
    """A person ends the keeping."""
    return f"{who(actor)} ended the keeping."


def auto_on(why: str = "") -> str:
    """--auto goes on."""
    return f"{why or 'Nothing was found wrong'}. Going on by itself (--auto)."


def keeping(plan: Plan) -> str:
    """All traffic is on the new version."""
    return f"All traffic is on {plan.to_version}. {plan.stable} stays warm with {plan.from_version} for {duration(plan.timers.keep)}."


def removed(name: str) -> str:
    """A Deployment was deleted."""
    return f"Deployment {name} is deleted."


def updated(name: str, version: str, seconds: float) -> str:
    """The stable Deployment was rolled out."""
    return f"Deployment {name} runs {version} on every pod ({seconds:.1f} s)."


def paused(new: int, total: int) -> str:
    """A rolling update paused."""
    return f"Paused with {new} of {total} pods new."


def promoted(plan: Plan) -> str:
    """The end, good."""
    stays = {"replace": plan.canary, "in-place": plan.stable, "update": plan.stable}[plan.ending]
    return f"Finished: {plan.service} is promoted to {plan.to_version} ({stays})."


def rolled_back(plan: Plan) -> str:
    """The end, back."""
    return f"Rolled back: {plan.service} runs {plan.from_version} as before."


def rolled_back_to(plan: Plan, image: str, gone: Sequence[str]) -> str:
    """The end, back, where somebody else changed what was before: named, and left to them."""
    parts = [f"{plan.stable} runs {image}, not {plan.from_version}"] if image else []
    parts += [f"{name} is gone" for name in gone]
    return f"Rolled back: nothing of {plan.to_version} is left, but {' and '.join(parts)}, as somebody else left it during the release."


def failed(plan: Plan, why: str) -> str:
    """Neither way was possible."""
    return f"Failed, and a person must look: {why.rstrip('.')}. Look at `kubectl get deploy,svc,pods -n {plan.namespace}`; what was before stands in the undo Secret of this release."


def aside(plan: Plan, why: str) -> str:
    """Traffic is taken off the canary until its pods have settled."""
    return f"Users go to {plan.from_version} alone until the pods of {plan.to_version} have settled ({why})."


def unsettled(why: str) -> str:
    """A pod of the canary fell back."""
    return f"No traffic to it until it has settled again: {why}."


def late(seconds: float, reason: str) -> str:
    """The progress deadline passed."""
    return f"Not done within {duration(seconds)}: {reason}. Holding."


def away(since: datetime, why: str) -> str:
    """The API server cannot be reached; nothing moves meanwhile."""
    return f"waiting: {why}, since {since:%H:%M:%S} UTC"


def back_again(since: datetime, until: datetime) -> str:
    """It can be reached again."""
    return f"The API server did not answer from {since:%H:%M:%S} to {until:%H:%M:%S} UTC; nothing was moved meanwhile."


def resumed_engine() -> str:
    """After a restart of the bot."""
    return "Graylight resumed this release after an interruption."


def foreign(what: str, writer: str) -> str:
    """Somebody else wrote what matters."""
    return f"{what} was changed by {writer} during the release. Holding; resume to go on with the plan, or roll back."


def unserved() -> str:
    """What it means while a route leads to nobody."""
    return "Users whom the route sends there get errors until then."


def deleted(what: str, *, again: bool) -> str:
    """Somebody deleted what the release needs."""
    return f"{what} was deleted by somebody during the release. Holding; resume {'to make it again' if again else 'when it is back'}, or roll back."


def strangers(names: str, *, several: bool) -> str:
    """Pods of neither track came into the Service's selector."""
    them, they = ("them", "they belong") if several else ("it", "it belongs")
    return f"The Service would send users to {names} too, and {they} to neither version. Holding; give {them} another label or scale {them} down, then resume, or roll back."


_PAST = {
    "promote": "promoted",
    "hold": "put on hold",
    "resume": "resumed",
    "rollback": "rolled back",
    "cancel": "cancelled",
    "snooze": "snoozed",
}


def state(release: Release) -> str:
    """A state in a sentence."""
    return release.state.value.replace("-", " ")


def _after_the_end(release: Release) -> str:
    plan = release.plan
    if release.state is not release.state.PROMOTED:
        return f"{plan.service} runs {plan.from_version}."
    return f"For another version start a new release, such as `/release {plan.strategy} {plan.service} {plan.from_version}`."


def not_now(release: Release, kind: IntentKind) -> Refusal:
    """An intent that the present state does not allow."""
    legal = release.intents()
    what = f"{release.id} is {state(release)} and cannot be {_PAST[kind.value]} now."
    if release.ended:
        return Refusal(
            code="ended",
            what=f"{release.id} has ended: {release.outcome}.",
            remedy=_after_the_end(release),
        )
    if kind.value == "rollback" and not release.can_go_back:
        return Refusal(
            code="too-late",
            what=f"{release.plan.from_version} is gone already; {release.id} is finishing.",
            remedy=f"When it has ended, release {release.plan.from_version} again.",
        )
    if kind.value == "cancel":
        return Refusal(
            code="changed",
            what=f"{release.id} has changed the cluster already.",
            remedy=f"Roll it back: `/release rollback {release.id}`.",
        )
    if kind.value == "promote" and release.state.value in ("running", "holding"):
        return Refusal(
            code="not-proven",
            what=f"{release.id} is not proven at its present step.",
            remedy="Wait for the proof, or resume it to try again."
            if release.state.value == "holding"
            else "Wait for the proof.",
        )
    return Refusal(
        code="not-now",
        what=what,
        remedy=f"Possible now: {', '.join(k.value for k in legal)}."
        if legal
        else "Nothing can be asked of it now.",
    )


def rolls_back_itself(why: str) -> str:
    """On its own, because the plan says so."""
    return f"Rolling back by itself: {why}"

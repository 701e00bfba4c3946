"""What the buttons of a release say, and their dialogs: plain text, the effect in numbers."""

from bot.slack.words import count
from strategies.duration import words as duration
from strategies.plan import Plan
from strategies.release import Release, State


def promote_label(release: Release, to: str) -> str:
    """What Promote does next."""
    if release.state is State.KEEPING:
        return "End the keeping"
    return f"Promote to {to}" if to.endswith("%") else f"Promote: {to}"


def hold_label(release: Release) -> str:
    """What holding means now."""
    return "Keep it, I'm looking" if release.falling is not None else "Hold"


def promote_effect(plan: Plan, now: str, to: int, pods: int) -> str:
    """A further step."""
    return (
        f"{plan.to_version} gets {to} % of the traffic (now {now}): "
        f"{count(pods, 'pod')} of {plan.to_version} beside {plan.stable_pods} of {plan.from_version}."
    )


def promote_all_effect(plan: Plan, now: str, pods: int) -> str:
    """The step to everybody."""
    if plan.strategy == "rolling":
        return f"All {count(pods, 'pod')} become {plan.to_version} (users get {now} of it now)."
    kept = (
        f" {plan.from_version} stays warm for {duration(plan.timers.keep)}; until then one click goes back."
        if plan.timers.keep
        else f" Nothing is kept warm: {ends(plan)}"
    )
    return f"All traffic goes to {count(pods, 'pod')} of {plan.to_version} (now {now}).{kept}"


def keeping_effect(plan: Plan) -> str:
    """Ending the keeping."""
    return f"The keeping ends now: {ends(plan)} Going back is then a release of its own."


def ends(plan: Plan) -> str:
    """What becomes of the old version; plain."""
    old = f"{plan.stable} ({count(plan.stable_pods, 'pod')} of {plan.from_version})"
    if plan.ending == "in-place":
        return f"{old} is updated to {plan.to_version}, traffic returns to it, {plan.canary} goes."
    return {
        "delete": f"{old} is deleted.",
        "upgrade": f"{old} is updated to {plan.to_version} too.",
        "keep": f"{old} stays as it is.",
    }[plan.after]


def rollback_effect(plan: Plan, now: str, new_pods: int) -> str:
    """Going back."""
    if plan.strategy == "rolling":
        return f"{plan.stable} goes back to {plan.from_version} on all {count(plan.stable_pods, 'pod')}; {new_pods} run {plan.to_version} now."
    return (
        f"All traffic goes back to {count(plan.stable_pods, 'pod')} of {plan.from_version} "
        f"({plan.to_version} gets {now} now), then {plan.canary} goes ({count(new_pods, 'pod')})."
    )


def cancel_effect(release: Release) -> str:
    """Nothing happened yet."""
    return f"{release.id} ends before its first change: 0 pods and 0 % of the traffic were moved."

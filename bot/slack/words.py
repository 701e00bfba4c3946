"""Every sentence that only Slack says: card, preview, private answers. A release's log is in `strategies.words`.

One function per sentence. Results with `plain` in their use (dialogs, labels, headers) carry no markup; all others are
mrkdwn, and take what they are given as escaped already.
"""

from strategies.duration import words as duration
from strategies.interval import wilson
from strategies.plan import Plan
from strategies.release import Measured, Release, State

STATE = {
    State.RUNNING: ("🔵", "Running"),
    State.SOAKING: ("⏳", "Soaking"),
    State.ASKING: ("🟠", "Waiting for a decision"),
    State.HOLDING: ("⏸️", "On hold"),
    State.KEEPING: ("🟢", "Serving everybody, the old version stands warm"),
    State.ROLLING_BACK: ("↩️", "Rolling back"),
    State.PROMOTED: ("✅", "Promoted"),
    State.ROLLED_BACK: ("↩️", "Rolled back"),
    State.CANCELLED: ("⚪", "Cancelled, nothing was changed"),
    State.FAILED: ("🔴", "Failed, a person must look"),
}


def state(release: Release) -> tuple[str, str]:
    """A sign and the state in words; plain."""
    if release.unapproved and release.state is State.ASKING:
        return "🟠", "Waiting for approval, nothing has been changed"
    told_apart = {
        "denied": ("⛔", "Denied, nothing was changed"),
        "expired": ("⌛", "Expired, nothing was changed"),
    }
    return told_apart.get(release.outcome, STATE[release.state])


def count(number: int, thing: str) -> str:
    """A count with its noun.

    >>> count(1, "pod"), count(3, "pod")
    ('1 pod', '3 pods')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def title(plan: Plan) -> str:
    """What is released; plain."""
    where = "" if plan.environment == "default" else f" in {plan.environment}"
    return f"{plan.service}{where}: {plan.from_version} → {plan.to_version}"


def plan_title(plan: Plan) -> str:
    """The same before it is started; plain."""
    return f"Plan for {title(plan)}"


def way(plan: Plan) -> str:
    """The strategy and how it splits; plain."""
    how = " by pod ratio" if plan.strategy == "canary" else ""
    return f"{plan.strategy.title.capitalize()}{f' by route ({plan.router})' if plan.lanes else how}"


def measured(seen: Measured) -> str:
    """What was counted, with its interval.

    >>> from datetime import datetime
    >>> measured(Measured(asked=25, hits=27, n=100, verdict="proven", at=datetime(2026, 7, 1)))
    '27 of 100 (19–36 %)'
    """
    return f"{seen.hits} of {seen.n} ({wilson(seen.hits, seen.n)})" if seen.n else "nothing yet"


def share(seen: Measured | None, asked: int) -> str:
    """The share before a step, for a dialog; plain."""
    if seen is None or not seen.n or seen.asked != asked:
        return f"{asked} %"
    return f"{asked} %, measured {measured(seen)}"


# Lines of a card.


def asked(share_asked: int, nxt: int | None) -> str:
    """The split asked of users now, and the one under way."""
    return f"asked *{share_asked} %*" + (f", going to {nxt} %" if nxt is not None else "")


def seen(measure: Measured | None, version: str, share_asked: int) -> str:
    """What users got."""
    if measure is None:
        return "not measured yet"
    what = f"{version} answered {measured(measure)}"
    if measure.verdict == "unproven":
        return f"{what}, *not proven*: sampled through the API server's proxy"
    if measure.asked != share_asked:
        what += f" when {measure.asked} % was asked"
    return f"{what}, *not what was asked*" if measure.verdict == "failed" else what


def evidence(measure: Measured, version: str) -> str:
    """Under a question: what it is decided on."""
    return f"Asked {measure.asked} %, {seen(measure, version, measure.asked)}"


def pods(version: str, ready: int, total: int) -> str:
    """One track."""
    return f"{version}: {ready} of {total} ready" if total else f"{version}: none"


def soaking_until(when: str, *, auto: bool) -> str:
    """The soak's end."""
    return f"Soaking until {when}, then it {'goes on by itself if nothing is wrong' if auto else 'asks'}"


def falling_at(when: str) -> str:
    """The countdown of a release that was judged worse."""
    return f"*Rolls back by itself at {when}*, unless somebody keeps it"


def asking_until(reminder: str, deadline: str) -> str:
    """What is due while a person is asked."""
    remind = f"Reminder {reminder} · " if reminder else ""
    return f"{remind}holds {deadline} if nobody decides"


def keeping_until(plan_from: str, when: str, then: str) -> str:
    """The keeping's end."""
    return f"{plan_from} stands warm until {when}. Then {then}"


def on_the_way_back(step: int, of: int) -> str:
    """Progress on the way back."""
    return f"On the way back, {min(step, of)} of {of} done"


def started_by(person: str, when: str) -> str:
    """Who, when."""
    return f"Started by {person} {when}"


def ended(when: str, seconds: float) -> str:
    """When it ended."""
    return f"Ended {when}, after {duration(seconds)}"


def moved_on() -> str:
    """Under a question that has been answered."""
    return "Decided: the release has moved on."


def trimmed(lost: int) -> str:
    """Lines that the record does not have any more."""
    return f"({count(lost, 'earlier line')} not kept)"


# A preview.


def ending(plan: Plan) -> str:
    """How the release ends, and why so."""
    canary, stable = f"`{plan.canary}`", f"`{plan.stable}`"
    match plan.ending:
        case "replace":
            return (
                f"A new Deployment {canary} takes the place of {stable}, because the version is in the "
                "Deployment's selector, which cannot be changed."
            )
        case "in-place":
            return (
                f"{canary} stands in for a while; at the end {stable} itself runs {plan.to_version}, "
                "and only what you started with remains."
            )
        case "update":
            return f"{stable} is updated itself, pod by pod."


def timers(plan: Plan) -> list[str]:
    """How long what takes."""
    times = plan.timers
    every = f"Soak {duration(times.soak)} per step, " if times.soak else "No soak; after each step "
    made = [
        every
        + ("it goes on by itself if nothing is wrong (`--auto`)" if plan.auto else "then a person decides")
    ]
    if not plan.pauses:
        made = ["No pause on the way; it ends when every pod is new and users get it"]
    elif not plan.auto:
        made.append(
            f"Reminder after {duration(times.remind)}, holds after {duration(times.ask_for)} without a decision"
        )
    if plan.ending != "update":
        made.append(
            f"{plan.from_version} stays warm for {duration(times.keep)} at the end"
            if times.keep
            else f"{plan.from_version} is not kept warm at the end"
        )
    made.append(
        f"If something goes wrong it {'rolls back by itself' if plan.on_fail == 'rollback' else 'holds'}"
    )
    return made


def nothing_changed(plan_hash: str) -> str:
    """The small print under a preview."""
    return f"Nothing has been changed or stored · plan `{plan_hash}`"


def to_start(command: str) -> str:
    """Under a plan that was only to be looked at."""
    return f"To start it: {command}"


def written() -> str:
    """The heading of what a plan writes."""
    return "*What is written*, as the API server's dry run has it"


def new_object(like: str) -> str:
    """An object that is not there yet."""
    return f", new, like {like} but for" if like else ", new"


def more_lines(count: int) -> str:
    """What does not fit here."""
    return f"… {count} more line{'s' if count != 1 else ''}: `graylight plan` shows them"


def too_long() -> str:
    """A request that does not fit into a button."""
    return (
        "This request is too long for a Start button. Shorten the reason, or start it with the command line."
    )


def not_here(mention: str) -> str:
    """The bot is not in the channel."""
    return f"I am not a member of this channel, so the release's card could not be shown here. `/invite {mention}`"


def plan_changed() -> str:
    """Above a second preview."""
    return "The cluster has changed since; nothing was started. This is the plan as of now."


def starting(release_id: str, link: str) -> str:
    """In place of the preview."""
    return f"*{release_id}* is started. {'<' + link + '|Its card>' if link else 'Its card'} is in this channel, its log in the card's thread."


def started_before(release_id: str, state: str) -> str:
    """The same preview's Start once more."""
    return f"This preview started *{release_id}* already; it is {state}."


# Private answers.


def taken(release_id: str, what: str) -> str:
    """A typed intent was recorded."""
    return f"*{release_id}*: {what}."


SAMPLED = "Asked: the answers are in the release's thread."
TAKEN = {
    "promote": "going on to the next step",
    "hold": "on hold",
    "resume": "resumed",
    "rollback": "rolling back",
    "cancel": "cancelled",
    "snooze": "no reminder for a while",
}


def forged() -> str:
    """A value that is not ours."""
    return "This button does not carry a valid signature, so nothing was done. Use the buttons on the release's card, or `/release status`."


def not_yours() -> str:
    """A Start that was shown to somebody else."""
    return "This preview was made for somebody else. Ask for your own: `/release plan …`."


def cluster_away() -> str:
    """The API server did not answer in time."""
    return "The cluster does not answer, so this may not have been recorded and I cannot look. Ask again in a moment; a button that is still there can be pressed again."


def unknown_control() -> str:
    """An action_id nobody listens to."""
    return "This control belongs to another version of Graylight and does nothing any more. `/release status` shows what runs, with a link to each card."


def broke(reference: str) -> str:
    """A bug or an outage, with what to look for in the log."""
    return f"Something went wrong on my side, and I cannot say whether this was done: look at `/release status` before you try again. (The log says more under `{reference}`.)"


def nothing_runs() -> str:
    """An empty status."""
    return "No release is running. Start one: `/release canary SERVICE VERSION`, or look at one first: `/release plan canary SERVICE VERSION`."


def no_history(service: str) -> str:
    """An empty history."""
    return f"No release of {service} is known."


# Samples.


def looked(person: str) -> str:
    """Who asked for samples."""
    return f"{person} asked for samples"


def proxied() -> str:
    """Not the users' way."""
    return "Sampled through the API server's proxy: that is not the users' way, so the share is not proven."


def unanswered(unknown: int, lost: int, error: str, codes: str) -> list[str]:
    """What cannot be counted for a version."""
    made = []
    if unknown:
        made.append(
            f"{count(unknown, 'answer')} ({codes}) did not say which version gave {'it' if unknown == 1 else 'them'}"
        )
    if lost:
        made.append(f"{count(lost, 'request')} got no answer" + (f" ({error})" if error else ""))
    return made


# The end.


def to_commit(name: str) -> str:
    """Above the manifest."""
    return f"This is {name} as it stands now. Commit it where you keep the old one, or the next apply brings the old version back."


def kept_back() -> str:
    """Values of environment variables that look like secrets."""
    return "Values that look like secrets are left out (`…`)."


def too_long_to_post(command: str) -> str:
    """A manifest that no message holds."""
    return f"It is too long to be posted here; this prints it: {command}"

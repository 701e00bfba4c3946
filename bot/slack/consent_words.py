"""The sentences that Slack says about several people who must agree; the others are in `words.py`, as is how they are used."""

from bot.slack import words
from strategies.plan import Plan


def approve_label(given: int, needed: int) -> str:
    """One yes of several."""
    return f"Approve ({given} of {needed})"


def start_effect(plan: Plan) -> str:
    """Approving a start."""
    first = plan.stages[0] if plan.stages else None
    what = (
        f" with {first.title}: {words.count(first.canary_pods, 'pod')} of {plan.to_version}" if first else ""
    )
    return f"{words.title(plan)} begins{what}. Plan {plan.hash}."


def back_label(given: int, needed: int) -> str:
    """Going back, where several must agree."""
    return f"Roll back ({given} of {needed})" if needed > 1 else "Roll back"


def one_way(why: str) -> str:
    """Before the effect of going back where that is not simply possible; plain."""
    return f"One way: “{why}”. A second person must agree. "


def marked_one_way(why: str) -> str:
    """On the card of a release that cannot simply be undone."""
    return f"One way after the switch: “{why}”"


def approval_until(reminder: str, deadline: str) -> str:
    """What is due while a start waits for approval."""
    remind = f"Reminder {reminder} · " if reminder else ""
    return f"{remind}expires {deadline} if nobody approves"


def agreed(people: str, given: int, needed: int) -> str:
    """Who has answered the question that is open."""
    return f"{given} of {needed} agreed: {people}"


def asked_again() -> str:
    """Under a question that was put again with one answer more."""
    return "Somebody answered; the question stands below."


def wants_lock(asker: str, owner: str, where: str, why: str, former: str, *, frees: bool) -> str:
    """A request for another's lock, in the channel."""
    what = f"asks that the lock on {where} goes" if frees else f"asks for the lock on {where} (“{why}”)"
    return f"{asker} {what}. It is {owner}'s (“{former}”): {owner} or a second person must agree."


def agree_label() -> str:
    """The button under it; plain."""
    return "Agree"


def agreed_by(person: str) -> str:
    """Who made it so."""
    return f"{person} agreed."


def did(person: str, what: str) -> str:
    """What somebody did that concerns everybody."""
    return f"{person}: {what}"


def lock_ends(where: str, when: str, why: str, again: str, done: str) -> str:
    """To the owner of a lock, before it ends."""
    return f"Your lock on {where} ends {when} (“{why}”). Longer: {again}. Done already: {done}."

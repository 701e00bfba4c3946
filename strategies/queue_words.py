"""The sentences about those who wait for a lock; how `words.py` says the others."""

from strategies.duration import words as duration
from strategies.event import Actor
from strategies.locks import clock
from strategies.queue import Ticket
from strategies.words import who


def turn_over(seconds: float) -> str:
    """Somebody was asked and did not answer."""
    return f"It was your turn for {duration(seconds)} and you did not start it, so it is the next one's."


def waited_too_long() -> str:
    """It was never anybody's turn."""
    return "It waited for a day, and its turn did not come; ask for it again if it is still wanted."


def taken_meanwhile() -> str:
    """Somebody locked it before the one who was asked had answered."""
    return "Somebody has locked it meanwhile. You stay first in line and are asked again."


def holder(name: str) -> str:
    """What is waited for: a release, or a person's lock."""
    if not name:
        return "nobody has it now"
    if not name.startswith("person:"):
        return f"{name} has it"
    person = name.removeprefix("person:")
    actor = (
        Actor(id=person.removeprefix("user:"), via="cli")
        if person.startswith("user:")
        else Actor(id=person, via="slack")
    )
    return f"{who(actor)} has locked it"


def in_line(ticket: Ticket, number: int, of: int, now_with: str) -> str:
    """To the one who has just joined."""
    where = "first in line" if number == 1 else f"in place {number} of {of}"
    return f"{ticket.what} waits, {where} ({holder(now_with)}). You are asked when it is your turn, with the plan made anew; nothing starts by itself."


def waiting(ticket: Ticket, number: int, now_with: str) -> str:
    """One line of the list."""
    if ticket.asked:
        state = f"it is their turn until {clock(ticket.until)}"
    elif number == 1:
        state = f"next; {holder(now_with)}"
    else:
        state = "waits"
    return f"{number}. {ticket.what}, {ticket.spec.strategy.title}, for {who(ticket.by)} since {clock(ticket.at)}: {state}."


def left(tickets: tuple[Ticket, ...]) -> str:
    """Places were given up."""
    names = ", ".join(t.what for t in tickets)
    return f"{names} {'waits' if len(tickets) == 1 else 'wait'} no more."


def nobody_waits() -> str:
    """An empty queue."""
    return "No release waits."


def behind(count: int, first: Actor) -> str:
    """On a preview."""
    others = f"{count} releases wait" if count > 1 else "A release waits"
    return f"{others} for this service, and {who(first)} comes first: only they can start it now."

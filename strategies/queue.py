"""Who waits for a lock: tickets in the order they were taken, one line per family of Deployments. Values only.

Nothing starts by itself: the first of a line is asked once the lock is free, and has some time to answer; then it is
the next one's turn. A ticket that nobody could serve ends by itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from strategies.event import Actor
from strategies.locks import clock
from strategies.plan import Frozen
from strategies.refusal import Refusal
from strategies.spec import ReleaseSpec
from strategies.words import who

OFFER: Final = timedelta(minutes=15)  # to answer, once it is somebody's turn
LONGEST: Final = timedelta(hours=24)  # in line, before that
MOST: Final = 20  # in one line
DELIVERY: Final = "queue:"  # how the delivery of a start from a ticket begins; its id follows
Place: TypeAlias = tuple[str, str, str]  # environment, namespace, base
Same: TypeAlias = Callable[[Actor, Actor], bool]  # whether two actors are one person


class Ticket(Frozen):
    """One release that waits. `asked`: since when it is its turn; `told`: since when its owner knows; `ts`: where."""

    id: str
    spec: ReleaseSpec
    by: Actor
    at: datetime
    namespace: str
    base: str
    channel: str = ""
    asked: datetime | None = None
    told: datetime | None = None
    ts: str = ""

    @property
    def place(self) -> Place:
        """The line it is in."""
        return (self.spec.environment, self.namespace, self.base)

    @property
    def until(self) -> datetime:
        """When it ends by itself: unanswered, or never served."""
        turn = self.told or self.asked
        return turn + OFFER if turn else self.at + LONGEST

    @property
    def what(self) -> str:
        """In words: `k8sdemo v6 in prod`."""
        where = "" if self.spec.environment == "default" else f" in {self.spec.environment}"
        return f"{self.spec.service} {self.spec.version}{where}"


class Queue(Frozen):
    """Every ticket there is, the oldest first."""

    tickets: tuple[Ticket, ...] = ()

    def line(self, place: Place) -> tuple[Ticket, ...]:
        """Those who wait for one lock, in order."""
        return tuple(t for t in self.tickets if t.place == place)

    def first(self, place: Place, now: datetime) -> Ticket | None:
        """Whose turn it is, or will be next."""
        return next((t for t in self.line(place) if now < t.until), None)

    @property
    def places(self) -> tuple[Place, ...]:
        """Each line there is."""
        return tuple(dict.fromkeys(t.place for t in self.tickets))

    def without(self, *ids: str) -> "Queue":
        """Some tickets are gone."""
        return Queue(tickets=tuple(t for t in self.tickets if t.id not in ids))

    def having(self, ticket: Ticket) -> "Queue":
        """A ticket as it stands now, where it still is one."""
        return Queue(tickets=tuple(ticket if t.id == ticket.id else t for t in self.tickets))

    def find(self, ticket_id: str) -> Ticket | None:
        """A ticket by its id."""
        return next((t for t in self.tickets if t.id == ticket_id), None)


def joined(queue: Queue, ticket: Ticket, same: Same) -> Queue | Refusal:
    """With one more at the end of its line; the same wish of the same person has one place only."""
    line = queue.line(ticket.place)
    if queue.find(ticket.id) is not None:
        return queue
    for number, one in enumerate(line, 1):
        if same(one.by, ticket.by) and one.spec == ticket.spec:
            return Refusal(
                code="queued-already",
                what=f"{ticket.what} waits already, in place {number} of {len(line)}.",
                remedy="`/release queue` shows the line.",
            )
    if len(line) >= MOST:
        return Refusal(
            code="queue-full",
            what=f"{len(line)} releases wait for {ticket.spec.service} already.",
            remedy="Wait until some of them have had their turn.",
        )
    return Queue(tickets=(*queue.tickets, ticket))


def answered(queue: Queue, place: Place, spec: ReleaseSpec, by: Actor, same: Same) -> Ticket | None:
    """The ticket that a start makes good: the same person's first one for this version."""
    mine = [t for t in queue.line(place) if same(t.by, by)]
    return next((t for t in mine if t.spec.version == spec.version), None)


def occupied(line: tuple[Ticket, ...], first: Ticket) -> Refusal:
    """A start of somebody who would overtake others."""
    others = f"{len(line)} releases wait" if len(line) > 1 else "A release waits"
    turn = f" until {clock(first.until)}" if first.asked else ""
    return Refusal(
        code="queued",
        what=f"{others} for {first.spec.service}, and it is {who(first.by)}'s turn{turn} ({first.what}).",
        remedy=f"Wait for your turn with `--queue`, or ask {who(first.by)} to give theirs up: `/release queue leave {first.spec.service}`.",
    )


def free() -> Refusal:
    """Nothing to wait for."""
    return Refusal(code="free", what="Nobody has it, so there is nothing to wait for.", remedy="Start it.")

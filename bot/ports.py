"""Where the parts meet: what surfaces may ask of the desk, and what the engine asks of adapters.

Adapters do not know each other; each sees only the few methods it needs, here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from strategies.changes import Changed
from strategies.checkup import Check
from strategies.consent import Action, Allowed
from strategies.freezes import Decreed
from strategies.locks import Lock
from strategies.people import Approval, Freeze, Frozen, Standing
from strategies.picture import Picture
from strategies.plan import Plan
from strategies.queue import Ticket
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Intent, Release
from strategies.samples import Tally
from strategies.spec import ReleaseSpec
from strategies.stock import Item


class Clock(Protocol):
    """The only source of time; UTC, aware."""

    def now(self) -> datetime:
        """The present moment."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan as shown before anything is stored. `notes` are about this installation (no policy, no leader …).

    `changes` are the objects that it writes, as the API server's dry run says they will stand.
    """

    plan: Plan
    notes: tuple[str, ...] = ()
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """Samples taken on request: `share` is what pods or routes should make now, `proxied` when not the users' way."""

    release: Release | None
    service: str
    old_version: str
    new_version: str
    share: int
    tally: Tally
    proxied: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may do a thing now, or why not."""

    action: Action
    said: Allowed | Refusal


@dataclass(frozen=True, slots=True)
class Place:
    """Where verdicts hold: an environment, or one service in it that has rules of its own."""

    environment: str
    service: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Whoami:
    """Who somebody is to Graylight, and what they may do now."""

    actor: Actor
    standing: Standing
    teams: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class LockWish:
    """What somebody wants locked, for how many seconds, and why; `channel` is where they said so."""

    service: str
    environment: str
    seconds: int
    reason: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class LockAnswer:
    """What became of a lock: now the asker's, asked for, given to the one who had asked, or gone (as it was)."""

    what: Literal["locked", "asked", "handed", "freed"]
    lock: Lock


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the delivery's id (acts once), and the channel for the card."""

    delivery: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A release that waits: its place in a line of so many, and who has what it waits for (empty: nobody now)."""

    ticket: Ticket
    number: int
    of: int
    holder: str


class Line(Protocol):
    """Releases that wait for a lock."""

    async def join(self, spec: ReleaseSpec, actor: Actor, origin: Origin) -> Waiting | Refusal:
        """A place in line; Refusal `free` where there is nothing to wait for."""
        ...

    async def leave(self, service: str, environment: str, actor: Actor) -> Sequence[Ticket] | Refusal:
        """Give one's own places up."""
        ...

    async def give_up(self, ticket_id: str, actor: Actor) -> Ticket | Refusal:
        """One of them."""
        ...

    async def waiting(self, service: str | None, environment: str | None) -> Sequence[Waiting] | Refusal:
        """Who waits, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Season:
    """An environment's freezes: the one that holds now, the next one (from, until), and who may override it."""

    environment: str
    now: Frozen | None
    coming: tuple[Freeze, datetime, datetime] | None
    override: Approval | None


class Seasons(Protocol):
    """Freezes of the policy, and those that people begin."""

    async def freeze(self, environment: str, seconds: int, reason: str, actor: Actor) -> Decreed | Refusal:
        """Begin one now."""
        ...

    async def unfreeze(self, environment: str, actor: Actor) -> Decreed | Refusal:
        """End one that somebody began."""
        ...

    async def seasons(self, environment: str | None) -> Sequence[Season] | Refusal:
        """What holds now and comes next."""
        ...


@dataclass(frozen=True, slots=True)
class Stock:
    """A service of an environment: what runs, which release is under way, who has locked it, and how many wait."""

    environment: str
    item: Item
    release: Release | None
    lock: Lock | None
    waiting: int
    may: Allowed | Refusal


class Desk(Protocol):
    """The use-cases, the same for Slack and the command line. Every refusal is a value with a remedy."""

    @property
    def line(self) -> Line:
        """Releases that wait for a lock."""
        ...

    @property
    def freezing(self) -> Seasons:
        """Freezes."""
        ...

    async def services(self, environment: str | None, actor: Actor) -> Sequence[Stock] | Refusal:
        """What there is to release, and whether this person may."""
        ...

    async def doctor(self) -> Sequence[Check]:
        """What is wrong with this installation."""
        ...

    async def nudge(self, target: str | None, actor: Actor, *, anyway: bool) -> Release | Refusal:
        """Remind those who can decide, now; `anyway`: in quiet hours too."""
        ...

    async def preview(self, spec: ReleaseSpec) -> Preview | Refusal:
        """Plan against the live cluster; nothing is stored."""
        ...

    async def may_start(self, spec: ReleaseSpec, actor: Actor) -> Refusal | None:
        """Why this person may not ask for this release now; asked before it is planned for them."""
        ...

    async def rights(self, actor: Actor) -> Whoami:
        """What this person may do, by the function that refuses."""
        ...

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """Plan again, compare with what was shown, take the lock, make the record.

        Refusal `plan-changed` when the cluster is no longer what the preview showed; a delivery that started a
        release already gets that release.
        """
        ...

    async def act(
        self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
    ) -> Release | Refusal:
        """An intent on a running release; with a revision (a button), Refusal `stale` when the release moved on."""
        ...

    async def find(self, target: str | None) -> Release | Refusal:
        """A release by id, by service (its running or else its last one), or the only one that runs."""
        ...

    async def running(self) -> Sequence[Release]:
        """Every release that has not ended."""
        ...

    async def history(self, service: str, limit: int) -> Sequence[Release]:
        """The last releases of a service, newest first."""
        ...

    async def samples(self, target: str | None, count: int | None) -> Looked | Refusal:
        """Ask the users' way now; `target` is a service or a release id."""
        ...

    async def lock(self, wish: LockWish, actor: Actor) -> LockAnswer | Refusal:
        """Lock a service for a person, or ask for it where somebody else has."""
        ...

    async def unlock(self, service: str, environment: str, actor: Actor) -> LockAnswer | Refusal:
        """Give a lock back; of another's, ask for that or agree to it."""
        ...

    async def agree(self, lock: Lock, actor: Actor) -> LockAnswer | Refusal:
        """A yes to the request in this lock, as it was shown."""
        ...

    async def locked(self) -> Sequence[Lock]:
        """Every lock of a person, the first to end first."""
        ...


class Surface(Protocol):
    """Where people see a release. `announce` brings it to what the record says and may be called any number of times."""

    @property
    def pause(self) -> float:
        """Seconds after which an announcement that was put off (merged with later ones) is worth another call."""
        ...

    def current(self, release: Release) -> bool:
        """Whether everything in this release (its `card` included) has been posted and the card shows it."""
        ...

    async def announce(self, release: Release) -> Card | None:
        """Post what was not posted yet and bring the card up to date; the card as it stands now, to be remembered.

        None where there is no card to keep. Raises Silent when the surface cannot be reached: the engine tries again.
        """
        ...

    async def resume(self, release: Release) -> Card | None:
        """After a restart: find out what was posted before the end and not remembered."""
        ...


class Painter(Protocol):
    """Draws a release's life."""

    async def paint(self, picture: Picture) -> bytes:
        """A PNG; raises Unpainted."""
        ...


class Unpainted(Exception):
    """It could not be drawn, and why."""


class Away(Exception):
    """The cluster does not answer: nothing can be known or recorded now."""


class Silent(Exception):
    """A surface does not answer; `after` seconds is when it may be worth trying again."""

    def __init__(self, message: str, after: float = 5.0) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True)
class NoSurface:
    """No Slack: the record and the command line are all there is."""

    pause: float = 1.0

    def current(self, release: Release) -> bool:
        """Nobody looks, so nothing is missing."""
        _ = release
        return True

    async def announce(self, release: Release) -> Card | None:
        """Nothing to show."""
        return release.card

    async def resume(self, release: Release) -> Card | None:
        """Nothing to find."""
        return release.card

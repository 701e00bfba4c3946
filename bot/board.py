"""What forms, shortcuts and the Home tab look at: beside the desk in `ports.py`, where the parts meet, and as they do.

Nothing on a board changes anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from strategies.catalog import Known
from strategies.locks import Lock
from strategies.release import Actor, Release


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that somebody may release, and the versions that run there now, one for each container."""

    service: str
    environment: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrozenTime:
    """An environment in which nothing is started, why, and until when: now, or from a moment to come."""

    environment: str
    why: str
    until: datetime
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """What one person's Home tab tells; `waiting` are those of the running that need this person."""

    running: tuple[Release, ...] = ()
    waiting: tuple[Release, ...] = ()
    locks: tuple[Lock, ...] = ()
    freezes: tuple[FrozenTime, ...] = ()
    recent: tuple[Release, ...] = ()


class Board(Protocol):
    """What forms, shortcuts and the Home tab look at; nothing here changes anything."""

    @property
    def environments(self) -> tuple[str, ...]:
        """Their names, the usual one first; no call is needed."""
        ...

    def needs_reason(self, environment: str, service: str) -> bool:
        """Whether the policy asks why; no call is needed."""
        ...

    async def services(self, actor: Actor, environment: str) -> Sequence[Offer]:
        """What this person may release there; within three seconds, empty where the cluster does not answer."""
        ...

    async def versions(self, service: str, environment: str) -> Sequence[Known]:
        """Versions known of a service, those worth a try first; as above."""
        ...

    async def at(self, channel: str, ts: str) -> Release | None:
        """The release whose card this message is."""
        ...

    async def home(self, actor: Actor) -> Home:
        """What somebody's Home tab tells."""
        ...


@dataclass(frozen=True, slots=True)
class Blank:
    """A board with nothing on it: for a desk that has none."""

    environments: tuple[str, ...] = ("default",)

    def needs_reason(self, environment: str, service: str) -> bool:
        """Nobody asks."""
        _ = environment, service
        return False

    async def services(self, actor: Actor, environment: str) -> Sequence[Offer]:
        """None is known."""
        _ = actor, environment
        return ()

    async def versions(self, service: str, environment: str) -> Sequence[Known]:
        """None is known."""
        _ = service, environment
        return ()

    async def at(self, channel: str, ts: str) -> Release | None:
        """There is none."""
        _ = channel, ts
        return None

    async def home(self, actor: Actor) -> Home:
        """Empty."""
        _ = actor
        return Home()


NOTHING: Final[Board] = Blank()

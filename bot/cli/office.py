"""What the command line works with: the desk, who we are, and an engine for as long as nobody else runs one.

The composition root makes it; it is imported only when a command needs a cluster.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from bot.ports import Desk
from strategies.release import Release

if TYPE_CHECKING:
    from bot.settings import Settings


class Office(Protocol):
    """One connection to the records, as one user."""

    @property
    def desk(self) -> Desk:
        """The use-cases."""
        ...

    @property
    def whoami(self) -> str:
        """The user that the API server takes us for."""
        ...

    async def engine_elsewhere(self) -> bool:
        """Whether another process runs the engine now."""
        ...

    def follow(self, release_id: str) -> AsyncIterator[Release]:
        """The record as it is, then at each change; ends when the release has ended."""
        ...

    def engine(self) -> AbstractAsyncContextManager[bool]:
        """Run the engine in this process, where nobody else does; yields whether it does."""
        ...


def open_office(settings: "Settings") -> AbstractAsyncContextManager[Office]:
    """The office over a real cluster."""
    main = import_module("bot.main")  # late: the client of the cluster takes longest of all to import
    return cast("AbstractAsyncContextManager[Office]", main.desk_for(settings))

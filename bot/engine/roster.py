"""Who an actor is now, and to which groups of a rule they belong: Slack's word, or the API server's.

Nothing is decided here. What could not be found out is said so, and `strategies.consent` fails closed on it.
"""

import time
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from strategies.people import Person, Rules, Standing, identity
from strategies.release import Actor

REMEMBERED = 60.0  # seconds


class Directory(Protocol):
    """Somebody who knows the people of Slack."""

    async def person(self, user: str, groups: Collection[str]) -> Person:
        """Their standing, and in which of these groups they are."""
        ...


class Roster:
    """`slack` is there where Slack is; `accounts` are the groups of the users of the cluster that we speak for.

    `installed` finds out whether the cluster itself compares the actors in records with who writes them. Without that,
    a name from the command line is nobody's second person. It is asked again after a minute.
    """

    def __init__(
        self,
        installed: Callable[[], Awaitable[bool]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slack: Directory | None = None
        self.accounts: dict[str, frozenset[str]] = {}
        self._installed, self._monotonic = installed, monotonic
        self._found: tuple[float, bool] | None = None

    async def vouching(self) -> bool:
        """Whether a name from the command line can be nobody else's."""
        if self._installed is None:
            return False
        now = self._monotonic()
        if self._found is None or now - self._found[0] > REMEMBERED:
            self._found = (now, await self._installed())
        return self._found[1]

    async def person(self, actor: Actor, rules: Rules) -> Person:
        """Somebody, as far as these rules need to know them."""
        groups = frozenset(i for i in rules.ids if i.startswith("S"))
        if actor.via == "slack":
            found = await self._of_slack(actor, groups)
            also = frozenset(user for user, slack in rules.aliases.items() if slack == actor.id)
            return Person(actor, found.standing, found.ids | also, found.unread)
        own = identity(actor)
        ids = frozenset({own}) | frozenset(f"group:{g}" for g in self.accounts.get(actor.id, ()))
        unread: frozenset[str] = frozenset()
        if alias := rules.aliases.get(own):
            same = await self._of_slack(Actor(id=alias, via="slack"), groups)
            ids, unread = ids | {alias} | same.ids, same.unread
        return Person(actor, Standing.ACCOUNT, ids, unread, vouched=await self.vouching())

    async def _of_slack(self, actor: Actor, groups: frozenset[str]) -> Person:
        """Without a directory the surface that let them in has vouched for their standing, and no group is known."""
        if self.slack is None:
            return Person(actor, Standing.MEMBER, frozenset({actor.id}), groups)
        return await self.slack.person(actor.id, groups)

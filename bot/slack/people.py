"""Who somebody in Slack is, and in which user groups: asked of Slack, remembered for a minute. Fails closed.

Talks to Slack (users.info, usergroups.users.list). What they may do is policy, and not decided here. A group is
forgotten at once when Slack says that its members changed.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Clock
from bot.slack.client import Failed, call
from bot.slack.identity import Identity
from strategies.consent import Action, may
from strategies.people import Person, Rules, Standing
from strategies.refusal import Refusal
from strategies.release import Actor

log = getLogger(__name__)
REMEMBERED = timedelta(seconds=60)
MOST = 1000  # people remembered
_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})


@dataclass(slots=True)
class People:
    """Implements `roster.Directory`."""

    client: AsyncWebClient
    identity: Identity
    clock: Clock
    _seen: dict[str, tuple[datetime, Standing]] = field(default_factory=dict)
    _groups: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)
    _changes: int = 0

    async def person(self, user: str, groups: Collection[str] = ()) -> Person:
        """Somebody's standing, and in which of these groups they are; what Slack does not say is unread."""
        standing, members = await asyncio.gather(
            self._standing(user), asyncio.gather(*map(self.members, groups))
        )
        known = dict(zip(groups, members, strict=True))
        return Person(
            Actor(id=user, via="slack"),
            standing,
            frozenset({user, *(g for g, m in known.items() if m is not None and user in m)}),
            frozenset(g for g, m in known.items() if m is None),
        )

    async def refusal(self, user: str) -> Refusal | None:
        """Why this person may not speak to us at all, None where they may."""
        said = may(Action.SEE, await self.person(user), Rules(), self.clock.now())
        return said if isinstance(said, Refusal) else None

    def forget(self, group: str) -> None:
        """Its members changed: what is being read of it now may be what they were."""
        self._changes += 1
        self._groups.pop(group, None)

    async def _standing(self, user: str) -> Standing:
        known = self._seen.get(user)
        if known is not None and self.clock.now() - known[0] <= REMEMBERED:
            return known[1]
        try:
            await self.identity.learn()
            found = await call(self.client.users_info(user=user))
        except Failed as e:
            return Standing.ELSEWHERE if e.code in _NOBODY else Standing.UNKNOWN
        if len(self._seen) >= MOST:
            self._seen.clear()
        standing = _of(found.data.get("user") or {}, self.identity.team)
        self._seen[user] = (self.clock.now(), standing)
        return standing

    async def members(self, group: str) -> frozenset[str] | None:
        """A group's members; none where there is no such group, and None where Slack does not say."""
        known = self._groups.get(group)
        asked, changes = self.clock.now(), self._changes
        if known is not None and asked - known[0] <= REMEMBERED:
            return known[1]
        try:
            found = await call(self.client.usergroups_users_list(usergroup=group))
        except Failed as e:
            log.warning("the members of user group %s are not known: %s", group, e.code)
            return frozenset() if e.code in _NO_GROUP else None
        members = frozenset(map(str, found.data.get("users") or ()))
        if changes == self._changes:
            self._groups[group] = (asked, members)
        return members


def _of(user: dict[str, Any], team: str) -> Standing:
    """Not a guest, not gone, not an app, not from elsewhere; in an organisation, of this workspace too."""
    ours = {user.get("team_id"), *((user.get("enterprise_user") or {}).get("teams") or [])}
    if user.get("deleted"):
        return Standing.GONE
    if user.get("is_bot") or user.get("is_workflow_bot"):
        return Standing.BOT
    if not team or team not in ours or user.get("is_stranger"):
        return Standing.ELSEWHERE if team else Standing.UNKNOWN
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.MEMBER

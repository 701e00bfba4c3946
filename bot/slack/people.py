"""Who may speak to the bot at all: full members of its own workspace. Fails closed.

Talks to Slack (users.info). What a member may do beyond that is policy, and not decided here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Clock
from bot.slack import words
from bot.slack.client import Failed, call
from bot.slack.identity import Identity
from strategies.refusal import Refusal

REMEMBERED = timedelta(seconds=60)
MOST = 1000  # people remembered


@dataclass(slots=True)
class People:
    """Answers per person are remembered for a minute."""

    client: AsyncWebClient
    identity: Identity
    clock: Clock
    _seen: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    async def refusal(self, user: str) -> Refusal | None:
        """Why this person may not, None where they may."""
        known = self._seen.get(user)
        if known is None or self.clock.now() - known[0] > REMEMBERED:
            try:
                await self.identity.learn()
                found = await call(self.client.users_info(user=user))
            except Failed as e:
                if e.code in ("user_not_found", "user_not_visible"):
                    return _stranger()
                return Refusal(code="who", what=words.who_are_you(), remedy=words.again())
            known = (self.clock.now(), _full_member(found.data.get("user") or {}, self.identity.team))
            if len(self._seen) >= MOST:
                self._seen.clear()
            self._seen[user] = known
        return None if known[1] else _stranger()


def _stranger() -> Refusal:
    return Refusal(code="not-a-member", what=words.not_a_member(), remedy=words.ask_a_member())


def _full_member(user: dict[str, Any], team: str) -> bool:
    """Not a guest, not gone, not an app, not from elsewhere; in an organisation, of this workspace too."""
    ours = {user.get("team_id"), *((user.get("enterprise_user") or {}).get("teams") or [])}
    unfit = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_workflow_bot")
    return bool(team) and team in ours and not any(user.get(mark) for mark in unfit)

"""A message to one person, or to each of a user group, in a conversation of their own. Talks to Slack."""

from dataclasses import dataclass

from bot.ports import Silent
from bot.slack import answers
from bot.slack.client import Failed, call
from bot.slack.people import People
from strategies.people import WELCOME


@dataclass(frozen=True, slots=True)
class Messenger:
    """What is said may name people: those who read it alone see them as such."""

    people: People

    async def tell(self, whom: str, text: str) -> None:
        """By id of Slack (`U…`, `S…`; users of the cluster have no Slack). Raises Silent where Slack does not take it now."""
        for user in await self._each(whom):
            message = answers.lines([text])
            try:
                await call(self.people.client.chat_postMessage(channel=user, **message.content()))
            except Failed as e:
                raise Silent(f"Slack: {e.code}", e.after) from e

    async def _each(self, whom: str) -> list[str]:
        if ":" in whom:
            return []
        if not whom.startswith("S"):
            return [whom]
        members = await self.people.members(whom)
        if members is None:
            raise Silent(f"the members of user group {whom} are not known")
        return [m for m in sorted(members) if (await self.people.person(m)).standing in WELCOME]

"""Who we are in Slack: asked once, remembered. Talks to Slack (auth.test)."""

from dataclasses import dataclass, field
from logging import getLogger

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import Failed, Unwelcome, call

log = getLogger(__name__)


class NotWelcome(Exception):
    """Slack refuses a token: which, and with which code."""


@dataclass(slots=True)
class Identity:
    """Ids of the workspace and the bot, and the workspace's address; all empty before `learn`."""

    client: AsyncWebClient
    team: str = ""
    user: str = ""
    bot: str = ""
    url: str = field(default="")

    async def learn(self) -> None:
        """Asks once. Raises Failed; Unwelcome where the token is not good."""
        if self.team:
            return
        answer = await call(self.client.auth_test())
        self.user, self.bot = answer.text("user_id"), answer.text("bot_id")
        self.url, self.team = answer.text("url"), answer.text("team_id")

    async def welcome(self) -> None:
        """The same at the start: a refused token is told at once, an absent Slack is not waited for."""
        try:
            await self.learn()
        except Unwelcome as e:
            raise NotWelcome(f"Slack refuses the bot token (SLACK_BOT_TOKEN): {e.code}") from e
        except Failed as e:
            log.warning("Slack did not say who we are: %s", e)

    def link(self, channel: str, ts: str) -> str:
        """A message's permalink, which needs no call; empty where it cannot be known."""
        if not (self.url and channel and ts):
            return ""
        return f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"

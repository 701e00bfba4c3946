"""Who we are in Slack: asked once, remembered. Talks to Slack (auth.test)."""

from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import call


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

    def link(self, channel: str, ts: str) -> str:
        """A message's permalink, which needs no call; empty where it cannot be known."""
        if not (self.url and channel and ts):
            return ""
        return f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"

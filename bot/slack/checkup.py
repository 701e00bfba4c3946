"""How Slack is, for a doctor: what the bot token may do, and when the socket was last heard. Talks to Slack (auth.test)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import Failed, call
from strategies import checkup
from strategies.checkup import Check


@dataclass(frozen=True, slots=True)
class Checkup:
    """Implements `doctoring.Examiner`. `age`: seconds since the last frame and whether a socket is open; None: none."""

    client: AsyncWebClient
    age: Callable[[], tuple[float, bool]] | None = None

    async def look(self) -> Sequence[Check]:
        """Scopes from the header of `auth.test`, and the socket's age."""
        try:
            answer = await call(self.client.auth_test())
        except Failed as e:
            what = f"Slack does not take the bot token now: {e.code}."
            found = [checkup.wrong("Slack scopes", what, "Look at SLACK_BOT_TOKEN, and at status.slack.com.")]
        else:
            granted = answer.header("x-oauth-scopes")
            found = (
                checkup.scopes(frozenset(s.strip() for s in granted.split(",")))
                if granted
                else [checkup.unknown("Slack scopes", "Slack does not say what the bot token may do.")]
            )
        if self.age is not None:
            seconds, open_ = self.age()
            found.append(checkup.socket(seconds, open_=open_))
        return found

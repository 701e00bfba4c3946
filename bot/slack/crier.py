"""Telling people of Slack that it is their turn, in the channel where they asked. Talks to Slack.

Implements `usher.Crier`. A message carries its ticket unseen, so that one whose answer was lost is found, not repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Preview, Silent
from bot.slack import answers, blocks, buttons, queue_words
from bot.slack.blocks import Message
from bot.slack.client import Failed, call
from bot.slack.found import EVENT_TYPE
from bot.slack.markup import at, quote, who
from bot.slack.preview import Showing, preview
from bot.slack.signing import LeaveValue, Signer, TurnValue
from strategies.queue import Ticket

TURN, LEAVE = f"{buttons.PREFIX}turn", f"{buttons.PREFIX}leave"
PAGE = 100
_CANNOT_LOOK = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type"})


@dataclass(frozen=True, slots=True)
class Crier:
    """See the module."""

    client: AsyncWebClient
    signer: Signer

    async def ask(self, ticket: Ticket, shown: Preview, until: datetime, *, again: bool) -> str:
        """The message's ts; one that stands already is not posted a second time."""
        try:
            if again and (ts := await self._standing(ticket)):
                return ts
            value = TurnValue(ticket=ticket.id, spec=ticket.spec, plan=shown.plan.hash, user=ticket.by.id)
            above = [queue_words.your_turn(who(ticket.by), quote(ticket.what), at(until, "{time}"))]
            return await self._post(ticket, turn(shown, self.signer, value, above))
        except Failed as e:
            raise Silent(f"Slack: {e.code}", e.after) from e

    async def withdraw(self, ticket: Ticket, why: str) -> None:
        """In place of the question, or by itself where none was asked."""
        text = queue_words.not_now(who(ticket.by), quote(ticket.what), quote(why))
        message = answers.sentence(text)
        try:
            if ticket.ts:
                await call(self.client.chat_update(channel=ticket.channel, ts=ticket.ts, **message.content()))
            else:
                await self._post(ticket, message)
        except Failed as e:
            raise Silent(f"Slack: {e.code}", e.after) from e

    async def _post(self, ticket: Ticket, message: Message) -> str:
        carried = {"event_type": EVENT_TYPE, "event_payload": {"ticket": ticket.id}}
        more: dict[str, Any] = message.content() | {"metadata": carried, "unfurl_links": False}
        answer = await call(self.client.chat_postMessage(channel=ticket.channel or ticket.by.id, **more))
        return answer.text("ts")

    async def _standing(self, ticket: Ticket) -> str:
        """Where the question stands already; empty where it does not, or where that may not be looked up."""
        oldest = f"{ticket.asked.timestamp() - 60:.6f}" if ticket.asked else "0"
        try:
            found = await call(
                self.client.conversations_history(
                    channel=ticket.channel, oldest=oldest, limit=PAGE, include_all_metadata=True
                )
            )
        except Failed as e:
            if e.code in _CANNOT_LOOK:
                return ""
            raise
        for message in found.data.get("messages") or []:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("ticket") == ticket.id:
                return str(message["ts"])
        return ""


def turn(shown: Preview, signer: Signer, value: TurnValue, above: Sequence[str]) -> Message:
    """The plan as of now with Start, and a way out of the line."""
    start, leave = signer.value(value), signer.value(LeaveValue(ticket=value.ticket))
    controls = [blocks.button("Start", TURN, start, style="primary")] if start else []
    controls += [blocks.button(queue_words.give_up_label(), LEAVE, leave)] if leave else []
    showing = Showing(value.user, value.ticket, "/release")
    made = preview(shown, signer, showing, above, controls)
    return Message(above[0] if above else made.text, made.blocks)

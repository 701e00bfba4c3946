"""Waiting in line, as people of Slack do it: the list, the button under a refusal, and Start when it is their turn."""

from dataclasses import dataclass
from logging import getLogger

from bot import telling
from bot.grammar.command import Leave, Queue
from bot.ports import Desk, Origin
from bot.slack import answers, blocks, queue_words, words
from bot.slack.asked import Asked
from bot.slack.blocks import Block, Message
from bot.slack.client import Failed, call
from bot.slack.crier import turn
from bot.slack.identity import Identity
from bot.slack.markup import quote, who
from bot.slack.signing import LeaveValue, QueueValue, Signer, TurnValue
from strategies.queue import DELIVERY
from strategies.refusal import Refusal
from strategies.spec import ReleaseSpec

log = getLogger(__name__)
JOIN = "release.queue"
MAY_WAIT = frozenset({"locked", "queued"})  # refusals behind which somebody's lock or turn stands


@dataclass(frozen=True, slots=True)
class Queueing:
    """What such a line or click does."""

    desk: Desk
    identity: Identity
    signer: Signer

    async def answer(self, asked: Asked, command: Queue | Leave) -> Message:
        """The list, or a place given up."""
        match command:
            case Queue(service, environment):
                return answers.said_or_refused(
                    telling.queue(await self.desk.line.waiting(service, environment))
                )
            case Leave(service, environment):
                return answers.said_or_refused(
                    telling.left(await self.desk.line.leave(service, environment, asked.actor))
                )

    async def join(self, asked: Asked, spec: ReleaseSpec) -> Message | None:
        """A place in line; None where there is nothing to wait for."""
        joined = await self.desk.line.join(spec, asked.actor, asked.origin)
        if isinstance(joined, Refusal) and joined.code == "free":
            return None
        return answers.said_or_refused(telling.joined(joined))

    def refusal(self, refused: Refusal, spec: ReleaseSpec, user: str) -> Message:
        """Why not; where somebody has it, with a button to wait for them."""
        value = self.place(refused, spec, user)
        controls: list[Block] = [blocks.button(queue_words.join_label(), JOIN, value)] if value else []
        return answers.refusal(refused, *controls)

    def place(self, refused: Refusal, spec: ReleaseSpec, user: str) -> str:
        """The signed value by which somebody waits for what is refused; empty where nobody has it."""
        value = self.signer.value(QueueValue(spec=spec, user=user)) if refused.code in MAY_WAIT else None
        return value or ""

    async def clicked(self, asked: Asked, value: QueueValue | TurnValue | LeaveValue) -> Message | None:
        """One of its buttons."""
        match value:
            case QueueValue(spec=spec, user=user):
                if user != asked.user:
                    return answers.sentence(words.not_yours())
                return await self.join(asked, spec) or answers.refusal(
                    Refusal(code="free", what="Nobody has it any more.", remedy="Ask for the release again.")
                )
            case TurnValue():
                return await self._start(asked, value)
            case LeaveValue(ticket=ticket):
                gone = await self.desk.line.give_up(ticket, asked.actor)
                if isinstance(gone, Refusal):
                    return answers.refusal(gone)
                text = queue_words.gave_up(who(asked.actor), quote(gone.what))
                await self._instead(asked, answers.sentence(text))
                return None

    async def _start(self, asked: Asked, value: TurnValue) -> Message | None:
        """Once per ticket, however often it is clicked; a plan that does not hold any more is made anew."""
        if value.user != asked.user:
            return answers.sentence(queue_words.not_your_turn())
        origin = Origin(delivery=f"{DELIVERY}{value.ticket}", channel=asked.channel)
        done = await self.desk.start(value.spec, value.plan, asked.actor, origin)
        if not isinstance(done, Refusal):
            card = self.identity.link(done.card.channel, done.card.ts) if done.card else ""
            await self._instead(asked, answers.sentence(words.starting(done.id, card)))
            return None
        if done.code != "plan-changed":
            return answers.refusal(done)
        shown = await self.desk.preview(value.spec)
        if isinstance(shown, Refusal):
            return answers.refusal(shown)
        await self._instead(asked, turn(shown, self.signer, value, [words.plan_changed()]))
        return None

    async def _instead(self, asked: Asked, message: Message) -> None:
        """In place of the question, for everybody."""
        try:
            await call(
                self.identity.client.chat_update(
                    channel=asked.channel, ts=asked.message_ts, **message.content()
                )
            )
        except Failed as e:
            log.warning("the turn in %s could not be marked as answered: %s", asked.channel, e)

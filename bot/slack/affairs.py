"""Typed requests about people: whoami, audits, locks; and the button by which a lock passes to somebody else."""

from dataclasses import dataclass
from logging import getLogger

from bot import telling
from bot.grammar.command import Audit, Lock, Locks, Unlock, WhoAmI
from bot.ports import Desk, LockAnswer, LockWish
from bot.slack import answers, blocks, consent_words
from bot.slack.asked import Asked
from bot.slack.blocks import Message
from bot.slack.client import Failed, call
from bot.slack.identity import Identity
from bot.slack.markup import quote, said, who
from bot.slack.signing import LockValue, Signer
from strategies.audit import audit
from strategies.locks import Lock as Held
from strategies.refusal import Refusal

log = getLogger(__name__)
AGREE = "release.agree"
Affair = Audit | Lock | Unlock | Locks | WhoAmI


@dataclass(frozen=True, slots=True)
class Affairs:
    """What such a line does."""

    desk: Desk
    identity: Identity
    signer: Signer

    async def answer(self, asked: Asked, command: Affair) -> Message:
        """From the command to what the one who asked is told."""
        match command:
            case WhoAmI():
                return answers.lines(telling.whoami(await self.desk.rights(asked.actor)))
            case Locks():
                return answers.lines(telling.locks(await self.desk.locked()))
            case Audit(target):
                return await self._audit(target)
            case Lock(service, environment, seconds, reason):
                wish = LockWish(service, environment, seconds, reason, asked.channel)
                return await self._changed(asked, await self.desk.lock(wish, asked.actor))
            case Unlock(service, environment):
                return await self._changed(asked, await self.desk.unlock(service, environment, asked.actor))

    async def agree(self, asked: Asked, held: Held) -> Message | None:
        """The button under a request for a lock."""
        done = await self.desk.agree(held, asked.actor)
        if isinstance(done, Refusal):
            return answers.refusal(done)
        await self._say(asked, answers.sentence(_public(done, asked)))
        return None

    async def _audit(self, target: str) -> Message:
        release = await self.desk.find(target)
        if isinstance(release, Refusal):
            return answers.refusal(release)
        told = telling.audit(release, audit(release))
        return answers.refusal(told) if isinstance(told, Refusal) else answers.lines(told)

    async def _changed(self, asked: Asked, done: LockAnswer | Refusal) -> Message:
        """Whoever else it concerns reads it in the channel."""
        if isinstance(done, Refusal):
            return answers.refusal(done)
        if done.what == "asked":
            await self._say(asked, request(done.lock, self.signer))
        elif done.what == "handed":
            await self._say(asked, answers.sentence(_public(done, asked)))
        return answers.lines([telling.lock(done)])

    async def _say(self, asked: Asked, message: Message) -> None:
        try:
            await call(
                self.identity.client.chat_postMessage(
                    channel=asked.channel, **message.content(), unfurl_links=False
                )
            )
        except Failed as e:
            log.warning("what became of a lock could not be said in %s: %s", asked.channel, e)


def request(held: Held, signer: Signer) -> Message:
    """Somebody asks for another's lock; its owner or a second person may agree."""
    asked = held.request
    assert asked is not None  # noqa: S101 - only then is there something to ask
    text = consent_words.wants_lock(
        who(asked.by),
        who(held.by),
        quote(held.where),
        quote(asked.reason),
        quote(held.reason),
        frees=not asked.seconds,
    )
    value = signer.value(LockValue(lock=held))
    button = [blocks.button(consent_words.agree_label(), AGREE, value, style="primary")] if value else []
    return Message(text, (blocks.section(text), *blocks.actions(button)))


def _public(done: LockAnswer, asked: Asked) -> str:
    text = said(telling.lock(done), [done.lock.by, asked.actor])  # what a reason says mentions nobody
    return f"{text} {consent_words.agreed_by(who(asked.actor))}"

"""Typed requests about people, times and the whole installation; and the button by which a lock passes to somebody else."""

from dataclasses import dataclass
from logging import getLogger

from bot import telling
from bot.grammar.command import (
    Affair,
    Audit,
    Doctor,
    Freeze,
    Freezes,
    Leave,
    Lock,
    Locks,
    Nudge,
    OfAll,
    OfLock,
    OfSeason,
    Queue,
    Services,
    Unfreeze,
    Unlock,
    WhoAmI,
)
from bot.ports import Desk, LockAnswer, LockWish
from bot.slack import answers, blocks, consent_words, once, overview
from bot.slack.asked import Asked
from bot.slack.blocks import Message
from bot.slack.client import Failed
from bot.slack.identity import Identity
from bot.slack.markup import quote, said, who
from bot.slack.queueing import Queueing
from bot.slack.signing import LockValue, Signer
from strategies.audit import audit
from strategies.locks import Lock as Held
from strategies.refusal import Refusal

log = getLogger(__name__)
AGREE = "release.agree"


@dataclass(frozen=True, slots=True)
class Affairs:
    """What such a line does."""

    desk: Desk
    identity: Identity
    signer: Signer

    async def answer(self, asked: Asked, command: Affair) -> Message:
        """From the command to what the one who asked is told."""
        match command:
            case Audit(target):
                return await self._audit(target)
            case Nudge(target, anyway):
                there = target or await self.of_thread(asked)
                done = await self.desk.nudge(there, asked.actor, anyway=anyway)
                return answers.said_or_refused(telling.nudged(done))
            case Lock() | Unlock() | Locks():
                return await self._of_lock(asked, command)
            case Queue() | Leave():
                return await self.queueing.answer(asked, command)
            case Freezes() | Freeze() | Unfreeze():
                return await self._of_season(asked, command)
            case Services() | Doctor() | WhoAmI():
                return await self._of_all(asked, command)

    async def _of_lock(self, asked: Asked, command: OfLock) -> Message:
        match command:
            case Locks():
                return answers.lines(telling.locks(await self.desk.locked()))
            case Lock(service, environment, seconds, reason):
                wish = LockWish(service, environment, seconds, reason, asked.channel)
                return await self._changed(asked, await self.desk.lock(wish, asked.actor))
            case Unlock(service, environment):
                return await self._changed(asked, await self.desk.unlock(service, environment, asked.actor))

    async def _of_season(self, asked: Asked, command: OfSeason) -> Message:
        freezing = self.desk.freezing
        match command:
            case Freezes(place):
                return answers.said_or_refused(telling.seasons(await freezing.seasons(place)))
            case Freeze(place, seconds, reason):
                begun = await freezing.freeze(place, seconds, reason, asked.actor)
                return await self._announced(asked, telling.frozen(begun))
            case Unfreeze(place):
                ended = await freezing.unfreeze(place, asked.actor)
                return await self._announced(asked, telling.thawed(ended))

    async def _of_all(self, asked: Asked, command: OfAll) -> Message:
        match command:
            case WhoAmI():
                return answers.lines(telling.whoami(await self.desk.rights(asked.actor)))
            case Services(environment):
                found = await self.desk.services(environment, asked.actor)
                return answers.refusal(found) if isinstance(found, Refusal) else overview.services(found)
            case Doctor():
                return overview.doctor(await self.desk.doctor())

    @property
    def queueing(self) -> Queueing:
        """Waiting in line."""
        return Queueing(self.desk, self.identity, self.signer)

    async def agree(self, asked: Asked, held: Held) -> Message | None:
        """The button under a request for a lock."""
        done = await self.desk.agree(held, asked.actor)
        if isinstance(done, Refusal):
            return answers.refusal(done)
        await self._say(asked, answers.sentence(_public(done, asked)))
        return None

    async def of_thread(self, asked: Asked) -> str | None:
        """The release whose thread this is."""
        if not asked.thread_ts:
            return None
        here = (asked.channel, asked.thread_ts)
        running = await self.desk.running()
        return next((r.id for r in running if r.card and (r.card.channel, r.card.ts) == here), None)

    async def _announced(self, asked: Asked, told: list[str] | Refusal) -> Message:
        """What concerns everybody is said in the channel too, with who did it."""
        if isinstance(told, Refusal):
            return answers.refusal(told)
        text = consent_words.did(who(asked.actor), said(told[0], [asked.actor]))
        await self._say(asked, answers.sentence(text))
        return answers.lines(told)

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
            await once.say(self.identity.client, asked.channel, message, asked.delivery)
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

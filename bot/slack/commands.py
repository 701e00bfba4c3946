"""Typed requests, by command or mention: the same grammar, each a use-case of the desk and a view of what it says."""

import asyncio
import hashlib
from dataclasses import dataclass
from logging import getLogger

from bot import telling
from bot.grammar.command import (
    Act,
    Command,
    Draw,
    Freeze,
    Help,
    History,
    Leave,
    Lock,
    Nudge,
    Samples,
    Start,
    Status,
    Unfreeze,
    Unlock,
    WhoAmI,
)
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse
from bot.ports import Desk, Looked, Preview
from bot.slack import answers, form_words, once, picture_words, samples, words
from bot.slack.affairs import Affairs
from bot.slack.asked import Asked
from bot.slack.blocks import Message
from bot.slack.client import Failed, call
from bot.slack.identity import Identity
from bot.slack.markup import escape, name, who
from bot.slack.people import People
from bot.slack.pictures import Pictures
from bot.slack.preview import Showing, preview
from bot.slack.signing import Signer
from strategies.picture import picture
from strategies.refusal import Refusal
from strategies.release import Intent, IntentKind, Release
from strategies.spec import ReleaseSpec

log = getLogger(__name__)

_NOT_HERE = frozenset({"channel_not_found", "not_in_channel"})


@dataclass(frozen=True, slots=True)
class Commands:
    """What a line of text does."""

    desk: Desk
    people: People
    identity: Identity
    signer: Signer
    pictures: Pictures

    async def run(self, asked: Asked) -> None:
        """From the text to its answer."""
        if message := await self._answer(asked):
            await asked.reply.private(message)

    async def _answer(self, asked: Asked) -> Message | None:
        command = parse(asked.text)
        if asked.direct and _acts(command):
            return answers.sentence(form_words.only_here())
        match command:
            case Mistake():
                return answers.mistake(command, asked.command)
            case Help(topic):
                return await self._help(asked, topic)
            case Start(spec, preview_only, queue):
                waits = await self._waits(asked, spec) if queue else None
                return waits or await self._preview(asked, spec, look_only=preview_only)
            case Status() | Samples() | Act() | History() | Draw():
                if refused := await self.people.refusal(asked.user):
                    return answers.refusal(refused)
                return await self._of_releases(asked, command)
            case WhoAmI():
                return await self.affairs.answer(asked, command)
            case _:
                refused = await self.people.refusal(asked.user)
                return answers.refusal(refused) if refused else await self.affairs.answer(asked, command)

    async def _of_releases(
        self, asked: Asked, command: Status | Samples | Act | History | Draw
    ) -> Message | None:
        match command:
            case Status(target):
                return await self._status(target or await self.of_thread(asked))
            case Samples(target, count, picture):
                target = target or await self.of_thread(asked)
                answer = await self.samples(asked, target, count)
                if answer:
                    await asked.reply.private(answer)
                if picture:
                    return await self._draw(asked, target)
                return None if answer or asked.thread_ts else answers.sentence(words.SAMPLED)
            case Draw(target):
                return await self._draw(asked, target or await self.of_thread(asked))
            case Act():
                return await self._act(asked, command)
            case History(service, limit):
                return answers.history(service, await self.desk.history(service, limit))

    async def _preview(self, asked: Asked, spec: ReleaseSpec, *, look_only: bool) -> Message:
        ready, missing = await asyncio.gather(
            self.ready(asked, spec, look_only=look_only), self.missing(asked.channel)
        )
        if isinstance(ready, Refusal):
            return self.affairs.queueing.refusal(ready, spec, asked.user)
        shown, showing = ready
        above = [missing] if missing and not look_only else []
        return preview(shown, None if look_only else self.signer, showing, above)

    async def ready(
        self, asked: Asked, spec: ReleaseSpec, *, look_only: bool
    ) -> tuple[Preview, Showing] | Refusal:
        """What a preview shows, wherever it is shown."""
        stranger, refused, shown = await asyncio.gather(
            self.people.refusal(asked.user), self.desk.may_start(spec, asked.actor), self.desk.preview(spec)
        )
        refused = stranger or (None if look_only else refused)
        if refused or isinstance(shown, Refusal):
            return refused or shown  # type: ignore[return-value]  # one of them is there
        return shown, showing(asked)

    async def _waits(self, asked: Asked, spec: ReleaseSpec) -> Message | None:
        """A place in line, where somebody has what they want."""
        refused = await self.people.refusal(asked.user)
        return answers.refusal(refused) if refused else await self.affairs.queueing.join(asked, spec)

    async def _status(self, target: str | None) -> Message:
        if target is None:
            return answers.running([(r, self.link(r)) for r in await self.desk.running()])
        release = await self.desk.find(target)
        if isinstance(release, Refusal):
            return answers.refusal(release)
        return answers.status(release, self.link(release), self.people.clock.now())

    async def _act(self, asked: Asked, command: Act) -> Message:
        release = await self.desk.find(command.target or await self.of_thread(asked))
        if isinstance(release, Refusal):
            return answers.refusal(release)
        intent = Intent(kind=IntentKind(command.intent), full=command.full, seconds=command.seconds)
        done = await self.desk.act(release.id, intent, asked.actor, asked.origin)
        if isinstance(done, Refusal):
            return answers.refusal(done)
        last = done.events[-1] if done.events else None
        if last is not None and last.kind in ("consent", "approved"):
            return answers.lines([last.text])
        return answers.sentence(words.taken(name(done.id), words.TAKEN[command.intent]))

    async def samples(self, asked: Asked, target: str | None, count: int | None) -> Message | None:
        """Into the thread of the release they are of; to the one who asked where there is none."""
        found = await self.desk.samples(target, count)
        if isinstance(found, Refusal):
            return answers.refusal(found)
        message = samples.looked(found, asked.actor)
        return None if await self._posted(asked, found, message) else message

    async def _draw(self, asked: Asked, target: str | None) -> Message:
        """A picture into the release's thread, or where it was asked for when it has none."""
        release = await self.desk.find(target)
        if isinstance(release, Refusal):
            return answers.refusal(release)
        if picture(release) is None:
            return answers.sentence(picture_words.nothing_measured(name(release.id)))
        card = release.card
        here = (card.channel, card.ts) if card and card.ts else (asked.channel, asked.thread_ts or "")
        try:
            why = await self.pictures.upload(release, *here, by=who(asked.actor), now=self.people.clock.now())
        except Failed as e:
            why = str(e)
        if why:
            return answers.sentence(picture_words.not_drawn(escape(why)))
        return answers.sentence(picture_words.uploaded(self.link(release) if card and card.ts else ""))

    async def _posted(self, asked: Asked, found: Looked, message: Message) -> bool:
        card = found.release.card if found.release else None
        if card is None or not card.ts:
            return False
        try:
            await once.say(self.identity.client, card.channel, message, asked.delivery, thread_ts=card.ts)
        except Failed as e:
            log.warning("samples could not be posted in the thread of %s: %s", found.service, e)
            return False
        return True

    async def of_thread(self, asked: Asked) -> str | None:
        """The release whose thread this is."""
        return await self.affairs.of_thread(asked)

    async def missing(self, channel: str) -> str:
        """What to do where the bot is not in the channel; empty where it is, or where that cannot be known."""
        if channel.startswith("D"):
            return ""  # we are one of the two, and reading about it would need a scope more
        try:
            answer = await call(self.identity.client.conversations_info(channel=channel))
        except Failed as e:
            return words.not_here(self.mention) if e.code in _NOT_HERE else ""
        found = answer.data.get("channel") or {}
        here = found.get("is_member") or found.get("is_im")
        return "" if here else words.not_here(self.mention)

    @property
    def affairs(self) -> Affairs:
        """Those of people."""
        return Affairs(self.desk, self.identity, self.signer)

    async def _help(self, asked: Asked, topic: str | None) -> Message:
        may = [] if topic else telling.whoami(await self.desk.rights(asked.actor))
        return answers.help_on(topic, asked.command, may)

    @property
    def mention(self) -> str:
        """The bot, to be invited."""
        return f"<@{self.identity.user}>" if self.identity.user else "@graylight"

    def link(self, release: Release) -> str:
        """To the card."""
        card = release.card
        return self.identity.link(card.channel, card.ts) if card else ""


def _acts(command: Command | Mistake) -> bool:
    """Whether it changes something that others should see."""
    match command:
        case Act() | Lock() | Unlock() | Leave() | Freeze() | Unfreeze() | Nudge():
            return True
        case Start():
            return not command.preview_only
        case _:
            return False


def showing(asked: Asked) -> Showing:
    """One showing of a preview: its Start acts once, however often it is clicked."""
    return Showing(asked.user, hashlib.sha256(asked.delivery.encode()).hexdigest()[:16], asked.command)

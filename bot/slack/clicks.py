"""Buttons: a value that we signed, to a use-case of the desk. Stale, doubled and forged clicks change nothing."""

from dataclasses import dataclass
from logging import getLogger

from bot.ports import Origin
from bot.slack import answers, buttons, words
from bot.slack.affairs import AGREE
from bot.slack.asked import Asked
from bot.slack.blocks import Message
from bot.slack.commands import Commands, showing
from bot.slack.crier import LEAVE, TURN
from bot.slack.preview import preview
from bot.slack.queueing import JOIN
from bot.slack.signing import (
    ActValue,
    Forged,
    LeaveValue,
    LockValue,
    QueueValue,
    SamplesValue,
    StartValue,
    TurnValue,
    Value,
)
from strategies.refusal import Refusal
from strategies.release import Intent, Release

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clicks:
    """What a button does."""

    commands: Commands

    async def run(self, asked: Asked) -> None:
        """From the value to its answer; a value under another button's name is as good as forged."""
        if message := await self._answer(asked):
            await asked.reply.private(message)

    async def _answer(self, asked: Asked) -> Message | None:
        value = self.commands.signer.read(asked.clicked)
        if isinstance(value, Forged) or _name(value) != asked.control:
            log.warning("a forged click by %s on %s: %s", asked.user, asked.control, value)
            return answers.sentence(words.forged())
        if refused := await self.commands.people.refusal(asked.user):
            return answers.refusal(refused)
        match value:
            case StartValue():
                return await self._start(asked, value)
            case ActValue():
                return await self._act(asked, value)
            case SamplesValue(release=release):
                return await self.commands.samples(asked, release, None)
            case LockValue(lock=lock):
                return await self.commands.affairs.agree(asked, lock)
            case QueueValue() | TurnValue() | LeaveValue():
                return await self.commands.affairs.queueing.clicked(asked, value)

    async def _start(self, asked: Asked, value: StartValue) -> Message | None:
        if value.user != asked.user:
            return answers.sentence(words.not_yours())
        if missing := await self.commands.missing(asked.channel):
            return answers.sentence(missing)
        # One showing starts one release: a second click, even on another replica, finds what the first one made.
        origin = Origin(delivery=f"preview:{value.showing}", channel=asked.channel)
        done = await self.commands.desk.start(value.spec, value.plan, asked.actor, origin)
        if isinstance(done, Refusal):
            if done.code != "plan-changed":
                return self.commands.affairs.queueing.refusal(done, value.spec, asked.user)
            await asked.reply.replace(await self._anew(asked, value))
            return None
        await asked.reply.replace(answers.sentence(self._started(done)))
        return None

    def _started(self, release: Release) -> str:
        if release.ended:
            return words.started_before(release.id, release.state.value)
        return words.starting(release.id, self.commands.link(release))

    async def _anew(self, asked: Asked, value: StartValue) -> Message:
        """The plan as of now in place of the one that does not hold any more."""
        shown = await self.commands.desk.preview(value.spec)
        if isinstance(shown, Refusal):
            return answers.refusal(shown)
        return preview(shown, self.commands.signer, showing(asked), [words.plan_changed()])

    async def _act(self, asked: Asked, value: ActValue) -> Message | None:
        """The card and its thread show what it did; only a no needs an answer."""
        intent, origin = Intent(kind=value.action), asked.origin
        desk = self.commands.desk
        done = await desk.act(value.release, intent, asked.actor, origin, revision=value.revision)
        return answers.refusal(done) if isinstance(done, Refusal) else None


def _name(value: Value) -> str:
    match value:
        case StartValue():
            return buttons.START
        case ActValue(action=action):
            return buttons.PREFIX + action.value
        case SamplesValue():
            return buttons.SAMPLES
        case LockValue():
            return AGREE
        case QueueValue():
            return JOIN
        case TurnValue():
            return TURN
        case LeaveValue():
            return LEAVE

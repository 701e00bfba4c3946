"""Following a release to its end, to a person's decision, or to Ctrl-C; and running the engine where nobody else does.

The record is all that is looked at, so any number of terminals and channels may follow and decide; a question that was
decided elsewhere is withdrawn. An answer is bound to the revision it was asked about: a stale one changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.cli.exits import Exit, of_state
from bot.cli.plain import clean
from bot.cli.views import view
from bot.ports import Origin
from strategies import measures
from strategies.receipt import receipt
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State

if TYPE_CHECKING:
    from bot.cli.office import Office
    from bot.cli.screen import Screen

_QUESTIONS = {
    IntentKind.PROMOTE: "[p]romote",
    IntentKind.RESUME: "[r]esume",
    IntentKind.ROLLBACK: "roll [b]ack",
    IntentKind.HOLD: "[h]old",
}
_WAIT, _LEAVE = "wait", "quit"
_NEEDS_A_PERSON = (State.ASKING, State.HOLDING)


async def follow(office: "Office", screen: "Screen", release: Release, after: int = 0) -> Exit:
    """Show what happens from event `after` on; the exit code when it is over.

    `release` is the record as last seen: an older one, which a watch may still deliver, is passed over.
    """
    following = _Following(office, screen, release, after)
    here = False
    try:
        async with office.engine() as here:
            code = await following.run()
    except asyncio.CancelledError:
        # Ctrl-C ends following, never the release; by now the engine's Lease is given back, if it was ours.
        following.view.still()
        _interrupted(screen, following.release, engine_was_here=here)
        return Exit.INTERRUPTED
    last = following.release
    goes_on = next_command(last) if code is Exit.PERSON else ""
    following.view.ended(last, code, goes_on)
    if last.ended and last.changed:
        screen.say(measures.receipt(receipt(last)))
    if code is Exit.PERSON:
        _needs_a_person(screen, last, engine_was_here=here)
    return code


def next_command(release: Release) -> str:
    """The command that goes on with a release that waits for a person."""
    legal = release.intents()
    best = next((k for k in (IntentKind.PROMOTE, IntentKind.RESUME, IntentKind.ROLLBACK) if k in legal), None)
    return f"graylight {best.value} {release.id}" if best else f"graylight status {release.id} --follow"


def _needs_a_person(screen: "Screen", release: Release, *, engine_was_here: bool) -> None:
    back = (
        f", or back with `graylight rollback {release.id}`"
        if IntentKind.ROLLBACK in release.intents() and "rollback" not in next_command(release)
        else ""
    )
    screen.say(f"{release.id} is {release.state.value}: go on with `{next_command(release)}`{back}.")
    if engine_was_here:
        screen.say("No engine runs meanwhile, so its timers wait; `graylight run` would keep them going.")


def _interrupted(screen: "Screen", release: Release, *, engine_was_here: bool) -> None:
    follow_it = f"`graylight status {release.id} --follow`"
    if release.ended:
        screen.trouble(f"Interrupted; {release.id} has ended: {release.state.value}.")
    elif engine_was_here:
        screen.trouble(
            f"Interrupted; {release.id} stays as it is ({release.state.value}): the engine ran in this process and"
            f" none runs now. Go on with {follow_it}, or start `graylight run`."
        )
    else:
        screen.trouble(
            f"Interrupted; {release.id} goes on under the engine that runs elsewhere. {follow_it} shows it again."
        )


class _Following:
    """One release being followed; `release` is its newest record."""

    def __init__(self, office: "Office", screen: "Screen", release: Release, after: int) -> None:
        self._office, self._screen, self.release = office, screen, release
        self._shown = after
        self._settled = 0  # the revision about which a person said "wait"
        self._answer: asyncio.Task[str | None] | None = None
        self.view = view(screen)

    async def run(self) -> Exit:
        """Until nothing more can be seen from here."""
        records = self._office.follow(self.release.id)
        upcoming = asyncio.create_task(_next(records))
        try:
            while True:
                waited: set[asyncio.Task[Release | None] | asyncio.Task[str | None]] = {upcoming}
                if self._answer is not None:
                    waited.add(self._answer)
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if upcoming.done():
                    if (found := upcoming.result()) is None:
                        return self._over()
                    upcoming = asyncio.create_task(_next(records))
                    code = await self._seen(found)
                else:
                    code = await self._answered()
                if code is not None:
                    return code
        finally:
            if self._answer is not None:
                await _stopped(self._answer)
                self._screen.say("")  # the line of the question is left
            await _stopped(upcoming)
            self.view.still()

    def _over(self) -> Exit:
        """The records ended; where that is not the release's end, somebody deleted it."""
        if self.release.ended:
            return of_state(self.release.state)
        self._screen.trouble(f"The record of {self.release.id} is gone: somebody deleted it.")
        return Exit.FAILED

    async def _seen(self, found: Release) -> Exit | None:
        """A newer record: what is new in it is shown, and a question may be due."""
        if found.revision < self.release.revision:
            return None
        if found.revision != self.release.revision and self._answer is not None:
            await self._withdraw()
        self.release = found
        self._tell(found)
        if found.ended:
            self.view.changed(found)
            return of_state(found.state)
        if found.state not in _NEEDS_A_PERSON or self._settled == found.revision:
            self.view.changed(found)
            return None
        if not self._screen.person:
            self.view.changed(found)
            return of_state(found.state)
        self._question(found)
        return None

    def _question(self, release: Release, *, again: bool = False) -> None:
        """Put the question, once for each time the release needs somebody; `again` after no answer that fits."""
        if self._answer is None:
            if not again:
                self.view.changed(release)
                self.view.still()
            self._answer = asyncio.create_task(self._screen.ask(_asked(release), fresh=True))

    def _tell(self, release: Release) -> None:
        """Every event that was not shown yet; a question that stands open is put again below them."""
        new = [event for event in release.events if event.n > self._shown]
        if new and self._answer is not None:
            self._screen.say("")
        for event in new:
            self._shown = event.n
            self.view.told(event, release)
        if new and self._answer is not None:
            self._screen.prompt(_asked(release))

    async def _withdraw(self) -> None:
        await _stopped(self._answer)
        self._answer = None
        self._screen.say("\nThat was decided elsewhere.")

    async def _answered(self) -> Exit | None:
        """What the person typed: an intent on the very revision they saw."""
        answer = self._answer.result() if self._answer is not None else None
        self._answer = None
        kind = _understood(answer, self.release)
        if kind is None:
            self._screen.say("Type one of the words, or its letter.")
            self._question(self.release, again=True)
            return None
        if kind == _LEAVE:
            return Exit.PERSON
        if kind == _WAIT:
            self._settled = self.release.revision
            self.view.changed(self.release)
            return None
        return await self._act(IntentKind(kind))

    async def _act(self, kind: IntentKind) -> Exit | None:
        actor = Actor(id=self._office.whoami, via="cli")
        asked = self.release
        moved = await self._office.desk.act(asked.id, Intent(kind=kind), actor, origin(), asked.revision)
        if isinstance(moved, Refusal):
            self._screen.trouble(f"{moved.what} {moved.remedy}".strip())
            if self.release.revision == asked.revision and moved.code != "stale":
                self._question(self.release, again=True)
            return None
        self.release = moved  # what we did is shown at once; the watch will deliver it again
        self._tell(moved)
        self.view.changed(moved)
        return Exit.PERSON if kind is IntentKind.HOLD else None


def origin() -> Origin:
    """A delivery of its own for each request of a terminal."""
    return Origin(f"cli-{uuid4().hex}")


def _asked(release: Release) -> str:
    words = [word for kind, word in _QUESTIONS.items() if kind in release.intents()]
    return f"{release.id} is {release.state.value}: {', '.join(words)}, [w]ait, [q]uit?"


def _understood(answer: str | None, release: Release) -> str | None:
    """The intent's name, `wait`, `quit`; None where it is none of those."""
    if answer is None:
        return _LEAVE
    typed = clean(answer).lower()
    if typed in {"w", _WAIT}:
        return _WAIT
    if typed in {"q", _LEAVE}:
        return _LEAVE
    for kind, word in _QUESTIONS.items():
        letter, whole = word[word.index("[") + 1], word.replace("[", "").replace("]", "")
        if kind in release.intents() and typed in {letter, whole, kind.value}:
            return kind.value
    return None


async def _next(records: AsyncIterator[Release]) -> Release | None:
    return await anext(records, None)


async def _stopped(task: "asyncio.Task[Release | None] | asyncio.Task[str | None] | None") -> None:
    if task is not None and not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

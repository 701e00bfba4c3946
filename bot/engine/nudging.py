"""Reminding those who can decide, because somebody asks for it: once, in the release's thread, by compare-and-swap."""

from dataclasses import dataclass

from bot.book import Book
from bot.cluster.errors import Conflict, NotFound
from bot.cluster.records import Records
from bot.engine.consenting import Consenting
from bot.ports import Clock
from strategies import reminding
from strategies.consent import Action, deciders
from strategies.refusal import Refusal
from strategies.release import Actor, Release

TRIES = 5


@dataclass(frozen=True, slots=True)
class Nudging:
    """Changes nothing but the log and the next reminder."""

    records: Records
    people: Consenting
    book: Book
    clock: Clock

    async def nudge(self, release: Release, actor: Actor, *, anyway: bool) -> Release | Refusal:
        """Its record with the reminder in it, or why nobody is reminded."""
        plan = release.plan
        said = await self.people.may(Action.SNOOZE, actor, plan.environment, plan.service)
        if isinstance(said, Refusal):
            return said
        rules = self.book.rules(plan.environment, plan.service)
        for _ in range(TRIES):
            stored = await self.records.load(release.id)
            if stored is None:
                return reminding.gone(release.id)
            now = self.clock.now()
            asked = deciders(stored.release, rules, now)
            moved = reminding.nudged(stored.release, actor, asked, now, rules.calendar, anyway=anyway)
            if isinstance(moved, Refusal):
                return moved
            try:
                return (await self.records.swap(stored, moved)).release
            except (Conflict, NotFound):
                continue
        return Refusal(
            code="busy", what=f"{release.id} is being changed by others just now.", remedy="Try again."
        )

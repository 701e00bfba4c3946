"""Freezes: what holds now and comes next, and those that people begin and end by command.

Keeps nothing: those of the policy stand in its file, the others in a value beside the records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.book import Book
from bot.cluster.clusters import Clusters
from bot.cluster.papers import Paper
from bot.engine.consenting import Consenting
from bot.ports import Clock, Season
from strategies import denials, freezes
from strategies.consent import Action
from strategies.freezes import Decreed, Freezes
from strategies.people import WELCOME
from strategies.refusal import Refusal
from strategies.release import Actor

NAME = "freezes"  # of the Secret


@dataclass(frozen=True, slots=True)
class Freezing:
    """Implements `ports.Seasons`."""

    clusters: Clusters
    people: Consenting
    book: Book
    paper: Paper[Freezes]
    clock: Clock

    async def freeze(self, environment: str, seconds: int, reason: str, actor: Actor) -> Decreed | Refusal:
        """One begins now, in place of one that somebody had begun there before."""
        refused = self._unknown(environment) or await self._may(environment, actor)
        if refused:
            return refused
        now = self.clock.now()
        one = Decreed(
            environment=environment,
            by=actor,
            at=now,
            until=now + timedelta(seconds=seconds),
            reason=reason,
        )
        done = await self.paper.change(lambda before: before.begun(one))
        return done if isinstance(done, Refusal) else one

    async def unfreeze(self, environment: str, actor: Actor) -> Decreed | Refusal:
        """The one that was begun there ends; its beginner ends it, and whoever may begin one."""
        if refused := self._unknown(environment):
            return refused
        found = (await self.paper.now()).find(environment, self.clock.now())
        if found is None:
            return freezes.none_begun(environment)
        rules = self.book.rules(environment, "")
        person = await self.people.roster.person(actor, rules)
        if person.standing not in WELCOME or not rules.same(found.by, actor):
            refused = await self._may(environment, actor)
            if refused is None and rules.override is not None and not person.vouched:
                refused = denials.unvouched(rules)
            if refused:
                return refused
        done = await self.paper.change(lambda before: before.without(environment))
        return done if isinstance(done, Refusal) else found

    async def seasons(self, environment: str | None) -> Sequence[Season] | Refusal:
        """For each environment what holds now, and what comes next."""
        if environment is not None and (refused := self._unknown(environment)):
            return refused
        await self.paper.now()
        now, told = self.clock.now(), list[Season]()
        for name in [environment] if environment else self.clusters.places:
            rules = self.book.rules(name, "")
            calendar = rules.calendar
            told.append(Season(name, calendar.frozen(now), calendar.next_freeze(now), rules.override))
        return told

    async def tidy(self) -> None:
        """What has ended by itself is taken away; asks nobody where nothing has."""
        now = self.clock.now()
        if self.paper.known.current(now) != self.paper.known:
            await self.paper.change(lambda before: before.current(now))

    async def _may(self, environment: str, actor: Actor) -> Refusal | None:
        said = await self.people.may(Action.FREEZE, actor, environment, "")
        return said if isinstance(said, Refusal) else None

    def _unknown(self, environment: str) -> Refusal | None:
        if environment in self.clusters.places:
            return None
        known = ", ".join(f"`{name}`" for name in self.clusters.places)
        return Refusal(
            code="no-such-environment",
            what=f"There is no environment `{environment}`.",
            remedy=f"Known: {known}.",
        )

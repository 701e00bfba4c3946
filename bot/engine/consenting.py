"""People at the desk: who they are is found out, policy is asked, and what they agree to is bound to what they saw."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.book import Book
from bot.cluster.clusters import Clusters
from bot.cluster.errors import Forbidden
from bot.cluster.papers import Paper
from bot.cluster.records import Stored
from bot.cluster.reviews import forbidden_to
from bot.engine.planning import Planning
from bot.engine.roster import Roster
from bot.ports import Clock, Place, Verdict, Whoami
from strategies import consent, denials, vouching, words
from strategies.audit import agreed
from strategies.consent import Action, Allowed
from strategies.difference import difference
from strategies.freezes import Freezes
from strategies.people import Account, Person, Rules, identity
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.release import Actor, Consent, Intent, IntentKind, Release
from strategies.spec import ReleaseSpec


@dataclass(frozen=True, slots=True)
class Anew:
    """The question as it must be put again, to be recorded, and what the person who answered the old one is told."""

    release: Release
    told: Refusal


@dataclass(frozen=True, slots=True)
class Consenting:
    """Asks policy and directory; changes nothing by itself."""

    planning: Planning
    clusters: Clusters
    book: Book
    roster: Roster
    clock: Clock
    freezes: Paper[Freezes]

    async def may_start(self, spec: ReleaseSpec, actor: Actor) -> Refusal | None:
        """Why this person may not ask for this release now."""
        rules, person = await self._asked(actor, spec.environment, spec.service)
        allowed = consent.may(Action.START, person, rules, self.clock.now())
        if isinstance(allowed, Refusal):
            return allowed
        return denials.no_reason(rules) if rules.reason and not spec.reason else None

    async def begun(self, release: Release, actor: Actor) -> Release | Refusal:
        """A release as it begins: it runs, or waits for those who must agree."""
        plan, now = release.plan, self.clock.now()
        rules, person = await self._asked(actor, plan.environment, plan.service)
        allowed = consent.may(Action.START, person, rules, now)
        if isinstance(allowed, Refusal):
            return allowed
        refused = await self._by_the_cluster(plan, actor, rules)
        return refused or consent.begun(release, person, allowed, rules, now)

    async def weigh(self, stored: Stored, intent: Intent, actor: Actor) -> Release | Refusal | Anew:
        """What an intent makes of a release; its start is planned anew before anybody's yes to it counts."""
        release = stored.release
        plan, now = release.plan, self.clock.now()
        rules, person = await self._asked(actor, plan.environment, plan.service)
        known = {
            identity(c.by): await self.roster.person(c.by, rules) for c in consent.open_consents(release)
        }
        vouched = await self._vouched(stored) if known else _any
        moved = consent.weigh(release, intent, person, rules, now, known, vouched)
        if isinstance(moved, Release) and intent.kind in (IntentKind.PROMOTE, IntentKind.RESUME):
            moved = await self._by_the_cluster(plan, actor, rules) or moved
        if isinstance(moved, Refusal) or not (release.unapproved and intent.kind is IntentKind.PROMOTE):
            return moved
        planned = await self.planning.plan(plan.spec)
        if isinstance(planned, Refusal):
            return planned
        return self._anew(release, planned.bind(release.id)) or moved

    async def _vouched(self, stored: Stored) -> Callable[[Consent], bool]:
        """Which consents nobody else can have written: those with a mark, where the cluster compares marks with writers.

        Where it does not, whoever may write records is trusted with the names of people of Slack, and no others count.
        """
        if not await self.roster.vouching():
            return lambda given: given.by.via == "slack" or not self._second(stored.release)
        return lambda given: vouching.vouched(given, stored.release.events, stored.marks)

    def _second(self, release: Release) -> bool:
        """Whether a rule asks for somebody else than the one who acts."""
        rules = self.book.rules(release.plan.environment, release.plan.service)
        wanted = consent.needs(Action.PROMOTE, rules, self.clock.now(), release)
        return any(need.second for need in wanted) or bool(release.one_way)

    async def _by_the_cluster(self, plan: Plan, actor: Actor, rules: Rules) -> Refusal | None:
        """Where policy says so: whether this person may do by themselves what the plan would write."""
        if not rules.impersonate:
            return None
        account = rules.accounts.get(actor.id)
        if actor.via == "cli":
            account = Account(actor.id, self.roster.accounts.get(actor.id, frozenset()))
        if account is None:
            return denials.no_identity(rules)
        api, _ = await self.clusters.at(plan.environment)
        try:
            missing = await forbidden_to(api, plan, account.user, account.groups)
        except Forbidden as e:
            return Refusal(
                code="rights",
                what=f"Graylight may not ask the cluster what others may do: {e}.",
                remedy="Grant `create localsubjectaccessreviews`, as in deploy/target/role.yaml.",
            )
        return denials.not_in_cluster(account.user, missing, plan.namespace, rules) if missing else None

    def _anew(self, release: Release, plan: Plan) -> Anew | Refusal | None:
        """The same question about the plan as of now, where that is another one."""
        if plan.hash == release.plan.hash:
            return None
        what = difference(release.plan, plan)
        if (plan.base, plan.namespace) != (release.plan.base, release.plan.namespace):
            return Refusal(
                code="plan-changed",
                what=f"The cluster has changed since {release.id} was asked for: {what}.",
                remedy=f"Cancel it, and start anew: `/release cancel {release.id}`.",
            )
        update = {"plan": plan, "pending": 0, "needed": 0, "revision": release.revision + 1}
        again = release.model_copy(update=update).tell(
            "replanned", words.replanned(plan, what), self.clock.now(), agreed=agreed(plan)
        )
        return Anew(
            again,
            Refusal(
                code="plan-changed",
                what=f"The cluster has changed since {release.id} was asked for: {what}. Nothing was started.",
                remedy="Its card shows the plan as of now; approve that.",
            ),
        )

    async def rights(self, actor: Actor) -> Whoami:
        """What somebody may do, in each environment, by the function that refuses."""
        found: list[Place] = []
        now, teams = self.clock.now(), dict[str, None]()
        person = await self.roster.person(actor, self.book.rules(*self.book.places[0]))
        for environment, service in self.book.places:
            rules, person = await self._asked(actor, environment, service)
            said = tuple(Verdict(a, consent.may(a, person, rules, now)) for a in Action)
            teams |= dict.fromkeys(n for crowd in rules.back for n in crowd.by(person))
            if not service or said != next((p.verdicts for p in found if p.environment == environment), ()):
                found.append(Place(environment, service, said))
        return Whoami(actor, person.standing, tuple(teams), tuple(found))

    async def may(self, action: Action, actor: Actor, environment: str, service: str) -> Allowed | Refusal:
        """One answer."""
        rules, person = await self._asked(actor, environment, service)
        return consent.may(action, person, rules, self.clock.now())

    async def about(self, action: Action, actor: Actor, release: Release) -> Allowed | Refusal:
        """One answer about a release that there is."""
        rules, person = await self._asked(actor, release.plan.environment, release.plan.service)
        return consent.may(action, person, rules, self.clock.now(), release)

    async def _asked(self, actor: Actor, environment: str, service: str) -> tuple[Rules, Person]:
        await self.freezes.now()  # under watch already where a bot runs; `book` looks at what is known
        rules = self.book.rules(environment, service)
        return rules, await self.roster.person(actor, rules)


def _any(_: Consent) -> bool:
    """Where there is none to be looked at."""
    return True

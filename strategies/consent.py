"""Who may do what and when, and whether enough people have agreed: one answer for buttons, refusals, whoami and help.

Fails closed: who is not known to be a full member may nothing, and a group that cannot be read allows nothing. Going
back, holding and cancelling are open to everybody who may start, during freezes too. A consent counts for one question
of one release, at the revision and plan it was given for, and only as long as its giver still belongs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from strategies import denials, words
from strategies.audit import agreed
from strategies.people import WELCOME, Approval, Crowd, Person, Rules, Standing, identity
from strategies.refusal import Refusal
from strategies.release import KEPT_CONSENTS, Consent, Intent, IntentKind, Release, State

Counts = Literal["decide", "override", "back"]
ONE_WAY = 2  # people who agree to go back where that cannot simply be undone


class Action(StrEnum):
    """What may be allowed to somebody."""

    SEE = "see"
    START = "start"
    PROMOTE = "promote"
    RESUME = "resume"
    HOLD = "hold"
    SNOOZE = "snooze"
    CANCEL = "cancel"
    ROLLBACK = "rollback"
    LOCK = "lock"
    FREEZE = "freeze"


_ACTIONS = {kind: Action(kind.value) for kind in IntentKind}
_DOES = {
    Action.START: "start releases",
    Action.PROMOTE: "approve and promote releases",
    Action.RESUME: "resume releases",
    Action.HOLD: "hold releases",
    Action.SNOOZE: "snooze reminders",
    Action.CANCEL: "cancel releases",
    Action.ROLLBACK: "roll back",
    Action.LOCK: "lock services",
    Action.FREEZE: "begin and end freezes",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A yes: the teams it is by (none where no rule names any), and what this person's consent counts as."""

    by: tuple[str, ...] = ()
    counts: tuple[Counts, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """So many different people of these crowds; `others`: not the one who started it, and whose name is vouched for."""

    counts: Counts
    count: int
    crowds: tuple[Crowd, ...]
    own: bool = True

    @property
    def second(self) -> bool:
        """Whether one person alone, under whatever name, cannot do."""
        return self.count > 1 or not self.own


def may(
    action: Action, person: Person, rules: Rules, now: datetime, release: Release | None = None
) -> Allowed | Refusal:
    """Whether this person may ask for this now; the one answer that all others are made from."""
    if person.standing not in WELCOME:
        return denials.unwelcome(person)
    match action:
        case Action.SEE:
            return Allowed()
        case Action.START:
            return _start(person, rules, now)
        case Action.PROMOTE:
            return _promote(person, rules, now, release)
        case Action.RESUME:
            return _resume(person, rules, now, release)
        case Action.FREEZE if rules.override:
            return _any(action, (rules.override.crowd,), person, rules)
        case _:
            return _any(action, rules.back, person, rules)


def _any(action: Action, crowds: tuple[Crowd, ...], person: Person, rules: Rules) -> Allowed | Refusal:
    """One crowd of several is enough."""
    if not any(c.has(person) for c in crowds):
        return denials.not_allowed(_DOES[action], crowds, person, rules)
    return Allowed(_by(crowds, person), ("back",) if action is Action.ROLLBACK else ())


def _start(person: Person, rules: Rules, now: datetime) -> Allowed | Refusal:
    allowed = _any(Action.START, (rules.start,), person, rules)
    if isinstance(allowed, Refusal):
        return allowed
    counts: list[Counts] = []
    approve = rules.approve
    if approve is None or (approve.own and approve.crowd.has(person)):
        counts.append("decide")
    if found := rules.calendar.frozen(now):
        if not _overrides(person, rules):
            return denials.frozen(found, rules)
        counts.append("override")
    return Allowed(allowed.by, tuple(counts))


def _promote(person: Person, rules: Rules, now: datetime, release: Release | None) -> Allowed | Refusal:
    deciding = rules.deciding
    mine = release is not None and rules.same(person.actor, release.started_by)
    decides = deciding.crowd.has(person) and (deciding.own or not mine)
    found = rules.calendar.frozen(now)
    overrides = found is not None and _overrides(person, rules)
    if found and not overrides:
        return denials.frozen(found, rules)
    if not (decides or overrides):
        if release is not None and deciding.crowd.has(person):
            return denials.own(release, deciding, rules)
        return denials.not_allowed(_DOES[Action.PROMOTE], (deciding.crowd,), person, rules)
    if not person.vouched and any(need.second for need in needs(Action.PROMOTE, rules, now, release)):
        return denials.unvouched(rules)
    crowds = [deciding.crowd] if decides else []
    counts: list[Counts] = ["decide"] if decides else []
    if overrides and rules.override:
        crowds.append(rules.override.crowd)
        counts.append("override")
    return Allowed(_by(crowds, person), tuple(counts))


def _resume(person: Person, rules: Rules, now: datetime, release: Release | None) -> Allowed | Refusal:
    """Before a step is proven it may move traffic on, and a freeze holds that too."""
    found = rules.calendar.frozen(now)
    if found is None or (release is not None and release.proven):
        return _any(Action.RESUME, rules.back, person, rules)
    if not _overrides(person, rules):
        return denials.frozen(found, rules)
    if not person.vouched:
        return denials.unvouched(rules)
    return Allowed(_by((rules.override.crowd,), person) if rules.override else (), ("override",))


def _overrides(person: Person, rules: Rules) -> bool:
    return rules.override is not None and rules.override.crowd.has(person)


def _by(crowds: Iterable[Crowd], person: Person) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for c in crowds for name in c.by(person)))


def needs(action: Action, rules: Rules, now: datetime, release: Release | None = None) -> tuple[Need, ...]:
    """Whose consent this takes now."""
    made: list[Need] = []
    starts = action is Action.START or (
        action is Action.PROMOTE and release is not None and release.unapproved
    )
    if starts and rules.approve:
        made.append(_need("decide", rules.approve))
    elif action is Action.PROMOTE and not starts:
        made.append(_need("decide", rules.deciding))
    going_on = action in (Action.START, Action.PROMOTE) or (
        action is Action.RESUME and not (release is not None and release.proven)
    )
    if going_on and rules.override and rules.calendar.frozen(now):
        made.append(_need("override", rules.override))
    if action is Action.ROLLBACK and release is not None and release.one_way and release.switched:
        made.append(Need("back", ONE_WAY, rules.back))
    return tuple(made)


def _need(counts: Counts, approval: Approval) -> Need:
    return Need(counts, approval.count, (approval.crowd,), approval.own)


Vouched = Callable[[Consent], bool]
Known = Mapping[str, Person]  # by `identity`: those whose consents are looked at again


def weigh(
    release: Release,
    intent: Intent,
    person: Person,
    rules: Rules,
    now: datetime,
    known: Known,
    vouched: Vouched = lambda _: True,
) -> Release | Refusal:
    """What a person's intent makes of a release: refused, one consent more, or done, with each consent in the record.

    `vouched`: whether nobody else can have written an earlier consent.
    """
    moved = release.on(intent, person.actor, now)
    if isinstance(moved, Refusal):
        return moved
    action = _ACTIONS[intent.kind]
    allowed = may(action, person, rules, now, release)
    if isinstance(allowed, Refusal):
        return allowed
    wanted = needs(action, rules, now, release)
    if action in (Action.PROMOTE, Action.RESUME) and not release.chained:
        return denials.altered(release, "its events do not follow each other")
    if not wanted:
        return moved
    if not person.vouched and any(n.second for n in wanted):
        return denials.unvouched(rules)
    given = Consent(
        by=person.actor,
        at=now,
        to=question(release, intent),
        revision=release.revision,
        plan=release.plan.hash,
        counts=allowed.counts,
        groups=allowed.by,
    )
    return _answered(release, intent, given, wanted, rules, known, vouched)


def _answered(
    release: Release,
    intent: Intent,
    given: Consent,
    wanted: tuple[Need, ...],
    rules: Rules,
    known: Known,
    vouched: Vouched,
) -> Release | Refusal:
    before = [c for c in open_consents(release) if c.to == given.to and vouched(c)]
    if any(rules.same(c.by, given.by) for c in before):
        return denials.already(release)
    counting = [*before, given]
    lack = max(n.count - _count(n, counting, release, rules, known) for n in wanted)
    kept = {
        "consents": (*release.consents, given)[-KEPT_CONSENTS:],
        "approvals": rules.deciding.count,
    }
    said = given.model_dump(mode="json")
    if lack <= 0:
        done = release.on(intent, given.by, given.at, consent=said)
        return done if isinstance(done, Refusal) else done.model_copy(update=kept)
    have = len(counting)
    waiting = release.model_copy(
        update=kept
        | {"pending": release.pending + 1, "needed": have + lack, "revision": release.revision + 1}
    )
    return waiting.tell(
        "consent", _said(release, given, have, have + lack), given.at, by=given.by, consent=said
    )


def _said(release: Release, given: Consent, have: int, needed: int) -> str:
    if given.to == "rollback":
        return words.wants_back(given.by, release.one_way)
    what = {
        "start": "its start",
        "resume": "going on",
        "promote": "the next step",
        "promote --full": "the last step",
    }.get(given.to, given.to)
    return words.consented(given.by, have, needed, what)


def begun(release: Release, person: Person, allowed: Allowed, rules: Rules, now: datetime) -> Release:
    """A release that has just been made: it runs where policy asks nobody else, else it waits for them.

    Its first event carries the plan's hash and the starter's consent, so that the chain vouches for both.
    """
    wanted = needs(Action.START, rules, now, release)
    given = Consent(
        by=person.actor,
        at=now,
        to="start",
        revision=release.revision,
        plan=release.plan.hash,
        counts=allowed.counts if person.vouched or not any(n.second for n in wanted) else (),
        groups=allowed.by,
    )
    started = release.model_copy(update={"consents": (given,), "approvals": rules.deciding.count}).tell(
        "started",
        words.started(release.plan, person.actor),
        now,
        by=person.actor,
        agreed=agreed(release.plan),
        consent=given.model_dump(mode="json"),
    )
    lack = max((n.count - _count(n, [given], release, rules, {}) for n in wanted), default=0)
    if lack <= 0:
        return started
    have = 1 if given.counts else 0
    crowds = tuple(c for n in wanted for c in n.crowds)
    text = words.waits_for_approval(lack, f"{lack} of {denials.listed(_names(crowds))}")
    timers = release.plan.timers
    waiting = started.become(
        State.ASKING,
        now,
        unapproved=True,
        pending=have,
        needed=have + lack,
        reason=text,
        due=now + timedelta(seconds=timers.ask_for),
        remind_at=now + timedelta(seconds=timers.remind),
    )
    return waiting.tell("asking", text, now)


def deciders(release: Release, rules: Rules, now: datetime) -> tuple[str, ...]:
    """The ids of the people and groups who can decide now what it waits for; none where everybody may."""
    crowds = [rules.deciding.crowd]
    if rules.calendar.frozen(now) and rules.override:
        crowds = [rules.override.crowd]
    elif release.state is State.HOLDING:
        crowds = [rules.start, rules.deciding.crowd]
    ids = {i for c in crowds for t in c.teams or () for i in t.ids}
    if release.unapproved and not rules.deciding.own:
        ids -= {identity(release.started_by)}
    return tuple(sorted(ids))


def told(rules: Rules, now: datetime, one_way: str = "") -> tuple[str, ...]:
    """What a preview says about who must agree; nothing where whoever starts it decides alone."""
    made = [words.goes_one_way(one_way)] if one_way else []
    if approve := rules.approve:
        others = "" if approve.own else ", not the one who starts it"
        made.append(
            f"{approve.count} of {denials.members((approve.crowd,))} must approve its start and each step{others}."
        )
    if found := rules.calendar.frozen(now):
        over = rules.override
        how = (
            f"starting it takes {over.count} of {denials.members((over.crowd,))}."
            if over
            else "nobody may start it."
        )
        made.append(
            f"{rules.environment} is frozen until {denials.moment(found)} ({found.freeze.why}): {how}"
        )
    return tuple(made)


def _names(crowds: tuple[Crowd, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.name for c in crowds for t in c.teams or ())) or ("the full members",)


def open_consents(release: Release) -> tuple[Consent, ...]:
    """Those that answer the question that is open, as it was put."""
    newest = release.consents[len(release.consents) - release.pending :]
    return tuple(c for c in newest if c.plan == release.plan.hash)


def tally(release: Release, kind: IntentKind) -> tuple[int, int]:
    """How many have agreed to this, of how many that it takes: what a button shows."""
    to, given = question(release, Intent(kind=kind)), open_consents(release)
    usual = release.approvals if kind is IntentKind.PROMOTE else 1
    if kind is IntentKind.ROLLBACK and release.one_way and release.switched:
        usual = ONE_WAY
    asked = release.needed if not given or given[-1].to == to else 0
    return sum(c.to == to for c in given), max(
        asked if kind is not IntentKind.ROLLBACK or given else 0, usual
    )


def question(release: Release, intent: Intent) -> str:
    """What a yes is a yes to."""
    if intent.kind is IntentKind.PROMOTE:
        return "start" if release.unapproved else "promote --full" if intent.full else "promote"
    return intent.kind.value


def fresh(release: Release, revision: int) -> bool:
    """Whether what was shown at a revision is still what is asked: since then, people have only agreed to it."""
    return release.revision - release.pending <= revision <= release.revision


def _count(need: Need, given: list[Consent], release: Release, rules: Rules, known: Known) -> int:
    """How many different people count; who has left meanwhile does not."""
    valid = [
        c.by
        for c in given
        if need.counts in c.counts
        and (need.own or not rules.same(c.by, release.started_by))
        and _belongs(need, known.get(identity(c.by)))
    ]
    return rules.different(valid)


def _belongs(need: Need, person: Person | None) -> bool:
    """Whether nothing is known that speaks against a consent any more; it was looked at when it was given."""
    if person is None or person.standing is Standing.UNKNOWN:
        return True
    return any(c.has(person) or (person.standing in WELCOME and c.hidden(person)) for c in need.crowds)

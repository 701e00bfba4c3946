"""Who may do what and when: the table of rules, and how several people agree."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import consent
from strategies.audit import Altered, Sound, audit
from strategies.consent import Action, Allowed, begun, fresh, may, needs, tally, weigh
from strategies.people import (
    Approval,
    Calendar,
    Crowd,
    Freeze,
    Person,
    Rules,
    Standing,
    Team,
    identity,
)
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State
from strategies.steps import Keep, Prove, Soak
from strategies.windows import Once
from tests.unit.manifests import START
from tests.unit.stations import STATIONS, at, release

NOW = START + timedelta(minutes=5)
BERLIN = ZoneInfo("Europe/Berlin")
SHOP, SRE = Team("shop", frozenset({"S0SHOP", "U0ANA"})), Team("sre", frozenset({"S0SRE", "user:root"}))
FREEZE = Freeze(
    Once(NOW - timedelta(hours=1), (NOW + timedelta(hours=1)).astimezone(BERLIN)), "weekend", "prod.freeze[0]"
)
OPEN = Rules()
PROD = Rules(
    "prod",
    Crowd("prod.start", (SHOP, SRE)),
    Approval(Crowd("prod.approve.who", (SRE,)), 1, own=False),
    Approval(Crowd("prod.override.who", (SRE,)), 2),
)
TWO = replace(PROD, approve=Approval(Crowd("prod.approve.who", (SRE,)), 2, own=True))
FROZEN = replace(PROD, calendar=Calendar((FREEZE,)))
STUCK = replace(FROZEN, override=None)


def slack(
    name: str, *groups: str, standing: Standing = Standing.MEMBER, unread: tuple[str, ...] = ()
) -> Person:
    return Person(Actor(id=name, via="slack"), standing, frozenset({name, *groups}), frozenset(unread))


def terminal(name: str, *, vouched: bool = False) -> Person:
    actor = Actor(id=name, via="cli")
    return Person(actor, Standing.ACCOUNT, frozenset({f"user:{name}"}), vouched=vouched)


ANA, BEN, CAT, DAN = (
    slack("U0ANA"),
    slack("U0BEN", "S0SHOP"),
    slack("U0CAT", "S0SRE"),
    slack("U0DAN", "S0SRE"),
)
STRANGER = slack("U0EVE")
ROOT = terminal("root")


def mine(person: Person, station: str = "asking") -> Release:
    """A release that this person started."""
    return STATIONS[station]().model_copy(update={"started_by": person.actor})


def code(said: Allowed | Refusal) -> str:
    return said.code if isinstance(said, Refusal) else "yes"


# One row a rule: what, who, under which rules, who started it, and the answer.
TABLE: list[tuple[Action, Person, Rules, Person, str]] = [
    (Action.START, STRANGER, OPEN, ANA, "yes"),
    (Action.PROMOTE, STRANGER, OPEN, ANA, "yes"),
    (Action.PROMOTE, ANA, OPEN, ANA, "yes"),
    (Action.START, ANA, PROD, ANA, "yes"),
    (Action.START, BEN, PROD, ANA, "yes"),
    (Action.START, CAT, PROD, ANA, "yes"),
    (Action.START, STRANGER, PROD, ANA, "not-allowed"),
    (Action.PROMOTE, CAT, PROD, ANA, "yes"),
    (Action.PROMOTE, BEN, PROD, ANA, "not-allowed"),
    (Action.PROMOTE, CAT, PROD, CAT, "own"),
    (Action.PROMOTE, CAT, TWO, CAT, "yes"),
    (Action.PROMOTE, slack("U0FAY", unread=("S0SRE",)), PROD, ANA, "who"),
    (Action.START, slack("U0FAY", unread=("S0SRE", "S0SHOP")), PROD, ANA, "who"),
    (Action.START, slack("U0FAY", "S0SHOP", unread=("S0SRE",)), PROD, ANA, "yes"),
    (Action.START, BEN, FROZEN, ANA, "frozen"),
    (Action.START, CAT, FROZEN, ANA, "yes"),
    (Action.PROMOTE, BEN, FROZEN, ANA, "frozen"),
    (Action.PROMOTE, CAT, FROZEN, ANA, "yes"),
    (Action.PROMOTE, CAT, STUCK, ANA, "frozen"),
    (Action.START, CAT, STUCK, ANA, "frozen"),
    (Action.RESUME, BEN, FROZEN, ANA, "yes"),  # its step is proven: nothing moves on by resuming
    (Action.ROLLBACK, BEN, STUCK, CAT, "yes"),
    (Action.ROLLBACK, CAT, STUCK, BEN, "yes"),
    (Action.ROLLBACK, STRANGER, STUCK, BEN, "not-allowed"),
    (Action.HOLD, ANA, STUCK, CAT, "yes"),
    (Action.CANCEL, ANA, STUCK, CAT, "yes"),
    (Action.SNOOZE, BEN, PROD, CAT, "yes"),
    (Action.SNOOZE, STRANGER, PROD, CAT, "not-allowed"),
    (Action.LOCK, BEN, PROD, ANA, "yes"),
    (Action.LOCK, STRANGER, PROD, ANA, "not-allowed"),
    (Action.SEE, STRANGER, STUCK, ANA, "yes"),
    (Action.START, ROOT, PROD, ANA, "yes"),
    (Action.START, terminal("kim"), PROD, ANA, "not-allowed"),
    (Action.PROMOTE, ROOT, PROD, ANA, "unvouched"),
    (Action.PROMOTE, terminal("root", vouched=True), PROD, ANA, "yes"),
    (Action.ROLLBACK, ROOT, STUCK, ANA, "yes"),
    (Action.PROMOTE, terminal("kim"), OPEN, ANA, "yes"),
]


@pytest.mark.parametrize(("action", "person", "rules", "starter", "answer"), TABLE)
def test_the_table_of_rules(
    action: Action, person: Person, rules: Rules, starter: Person, answer: str
) -> None:
    assert code(may(action, person, rules, NOW, mine(starter))) == answer


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("standing", [s for s in Standing if s not in (Standing.MEMBER, Standing.ACCOUNT)])
def test_who_is_no_full_member_may_nothing_whatever_group_they_are_in(
    action: Action, standing: Standing
) -> None:
    person = slack("U0ANA", "S0SRE", standing=standing)
    for rules in (OPEN, PROD, FROZEN):
        refused = may(action, person, rules, NOW)
        assert isinstance(refused, Refusal)
        assert refused.code == ("who" if standing is Standing.UNKNOWN else "not-a-member")
        assert refused.remedy


def test_a_refusal_names_the_rule_and_who_can() -> None:
    refused = may(Action.PROMOTE, BEN, PROD, NOW, mine(ANA))
    assert isinstance(refused, Refusal)
    assert refused.what == "Only sre may approve and promote releases in prod (rule `prod.approve.who`)."
    assert refused.remedy == "Ask one of them: sre (<!subteam^S0SRE>, `user:root`)."
    held = may(Action.START, BEN, FROZEN, NOW)
    assert isinstance(held, Refusal)
    assert "weekend; rule `prod.freeze[0]`" in held.what
    assert "CE" in held.what, "in the zone of the freeze"
    assert held.remedy.startswith("Wait, or ask 2 of those who may override it: sre (")


IDS = st.sampled_from(["S0SHOP", "S0SRE", "U0ANA", "user:root"])
CROWDS = st.builds(
    lambda ids: Crowd("rule", (Team("team", frozenset(ids)),)) if ids is not None else Crowd("rule"),
    st.none() | st.sets(IDS),
)
APPROVALS = st.none() | st.builds(Approval, CROWDS, st.integers(1, 3), st.booleans())
RULES = st.builds(
    Rules,
    st.just("prod"),
    CROWDS,
    APPROVALS,
    APPROVALS,
    st.booleans(),
    st.sampled_from([Calendar(), Calendar((FREEZE,))]),
)
PEOPLE = st.builds(
    lambda ids, unread, standing: Person(
        Actor(id="U0ANA", via="slack"), standing, frozenset(ids), frozenset(unread)
    ),
    st.sets(IDS),
    st.sets(IDS),
    st.sampled_from(Standing),
)


@given(RULES, PEOPLE)
def test_who_may_start_may_always_hold_and_go_back_in_freezes_too(rules: Rules, person: Person) -> None:
    if isinstance(may(Action.START, person, replace(rules, calendar=Calendar()), NOW), Allowed):
        for action in (Action.ROLLBACK, Action.HOLD, Action.CANCEL, Action.SNOOZE):
            assert isinstance(may(action, person, rules, NOW, mine(CAT)), Allowed)


@given(RULES, PEOPLE, st.sampled_from(Action))
def test_what_could_not_be_read_never_allows_anything(rules: Rules, person: Person, action: Action) -> None:
    known = replace(person, unread=frozenset())
    assert isinstance(may(action, person, rules, NOW), Allowed) is isinstance(
        may(action, known, rules, NOW), Allowed
    )


# several people


def promote(found: Release, person: Person, rules: Rules, *known: Person) -> Release | Refusal:
    people = {identity(p.actor): p for p in known}
    return weigh(found, Intent(kind=IntentKind.PROMOTE), person, rules, NOW, people)


def accepted(found: Release | Refusal) -> Release:
    assert isinstance(found, Release), found
    return found


def test_one_of_one_moves_on_and_its_consent_is_in_the_record() -> None:
    moved = accepted(promote(mine(ANA), CAT, PROD))
    assert moved.state is State.RUNNING
    (given_,) = moved.consents
    before = mine(ANA)
    assert (given_.by, given_.at, given_.to) == (CAT.actor, NOW, "promote")
    assert (given_.revision, given_.plan, given_.groups) == (before.revision, before.plan.hash, ("sre",))
    assert moved.events[-1].detail["consent"] == given_.model_dump(mode="json")
    assert isinstance(audit(moved), Sound)


def test_of_two_the_first_is_noted_and_the_second_moves_it_on() -> None:
    asked = mine(BEN)
    once = accepted(promote(asked, CAT, TWO))
    assert (once.state, once.pending, once.needed) == (State.ASKING, 1, 2)
    assert once.revision == asked.revision + 1
    assert tally(once, IntentKind.PROMOTE) == (1, 2)
    assert "1 of 2" in once.events[-1].text
    twice = accepted(promote(once, DAN, TWO, CAT))
    assert (twice.state, twice.pending, twice.needed) == (State.RUNNING, 0, 0)
    assert [c.by.id for c in twice.consents] == ["U0CAT", "U0DAN"]
    assert isinstance(audit(twice), Sound)


def test_a_person_is_one_however_often_they_click_and_from_wherever() -> None:
    once = accepted(promote(mine(BEN), CAT, TWO))
    again = promote(once, CAT, TWO)
    assert isinstance(again, Refusal)
    assert again.code == "already"
    aliased = replace(TWO, aliases={"user:root": "U0CAT"})
    also = promote(once, replace(ROOT, vouched=True), aliased)
    assert isinstance(also, Refusal)
    assert also.code == "already"


def test_a_click_on_what_was_shown_before_another_consent_still_counts() -> None:
    asked = mine(BEN)
    once = accepted(promote(asked, CAT, TWO))
    assert fresh(once, asked.revision)
    assert fresh(once, once.revision)
    assert not fresh(once, asked.revision - 1)
    moved = accepted(promote(once, DAN, TWO))
    assert not fresh(moved, once.revision)


def test_who_left_the_team_before_the_last_consent_does_not_count_any_more() -> None:
    once = accepted(promote(mine(BEN), CAT, TWO))
    gone = slack("U0CAT")
    still = accepted(promote(once, DAN, TWO, gone))
    assert still.state is State.ASKING
    assert tally(still, IntentKind.PROMOTE)[1] == 3, "one more is needed"
    deactivated = slack("U0CAT", "S0SRE", standing=Standing.GONE)
    assert accepted(promote(once, DAN, TWO, deactivated)).state is State.ASKING
    unreadable = slack("U0CAT", unread=("S0SRE",))
    assert accepted(promote(once, DAN, TWO, unreadable)).state is State.RUNNING, "it was looked at when given"


def test_a_consent_to_one_thing_is_none_to_another() -> None:
    once = accepted(promote(mine(BEN), CAT, TWO))
    full = Intent(kind=IntentKind.PROMOTE, full=True)
    other = accepted(weigh(once, full, DAN, TWO, NOW, {}))
    assert other.state is State.ASKING


def test_a_consent_ends_with_its_question() -> None:
    once = accepted(promote(mine(BEN), CAT, TWO))
    held = accepted(weigh(once, Intent(kind=IntentKind.HOLD), BEN, TWO, NOW, {}))
    assert (held.pending, consent.open_consents(held)) == (0, ())
    assert accepted(promote(held, DAN, TWO)).state is State.HOLDING


def test_in_a_freeze_two_who_may_override_it_promote() -> None:
    rules = replace(FROZEN, approve=None)
    once = accepted(promote(mine(CAT), CAT, rules))
    assert once.state is State.ASKING
    twice = accepted(promote(once, DAN, rules))
    assert twice.state is State.RUNNING
    assert "override" in twice.consents[-1].counts


def test_a_freeze_that_begins_between_two_consents_asks_for_its_own_people() -> None:
    rules = replace(FROZEN, approve=Approval(PROD.start, 2, own=True))
    once = accepted(promote(mine(CAT), BEN, replace(rules, calendar=Calendar())))
    refused = promote(once, ANA, rules)
    assert isinstance(refused, Refusal)
    assert refused.code == "frozen"
    twice = accepted(promote(once, CAT, rules))
    assert twice.state is State.ASKING, "of those who may override, one has spoken"
    assert accepted(promote(twice, DAN, rules)).state is State.RUNNING


# the start


def start(person: Person, rules: Rules) -> Release:
    allowed = may(Action.START, person, rules, NOW)
    assert isinstance(allowed, Allowed), allowed
    fresh_ = release().model_copy(update={"started_by": person.actor})
    return begun(fresh_, person, allowed, rules, NOW)


def test_where_nobody_else_is_asked_it_begins_at_once() -> None:
    made = start(ANA, OPEN)
    assert (made.state, made.unapproved) == (State.RUNNING, False)
    assert made.consents[0].to == "start"
    assert isinstance(audit(made), Sound)


def test_where_somebody_else_must_agree_it_waits_and_has_changed_nothing() -> None:
    made = start(ANA, PROD)
    assert (made.state, made.unapproved, made.changed) == (State.ASKING, True, False)
    assert made.intents() == (IntentKind.PROMOTE, IntentKind.SNOOZE, IntentKind.CANCEL)
    assert tally(made, IntentKind.PROMOTE) == (0, 1)
    assert made.due is not None
    approved = accepted(promote(made, CAT, PROD))
    assert (approved.state, approved.unapproved) == (State.RUNNING, False)
    assert approved.events[-1].kind == "approved"


def test_ones_own_start_counts_only_where_the_policy_says_so() -> None:
    own = replace(PROD, approve=Approval(PROD.deciding.crowd, 2, own=True))
    assert tally(start(CAT, own), IntentKind.PROMOTE) == (1, 2)
    assert tally(start(CAT, PROD), IntentKind.PROMOTE) == (0, 1)
    refused = promote(start(CAT, PROD), CAT, PROD)
    assert isinstance(refused, Refusal)
    assert refused.code == "own"


def test_a_start_in_a_freeze_takes_a_second_one_who_may_override_it() -> None:
    made = start(CAT, replace(FROZEN, approve=None))
    assert made.unapproved
    assert tally(made, IntentKind.PROMOTE) == (1, 2)
    assert accepted(promote(made, DAN, replace(FROZEN, approve=None))).state is State.RUNNING


@pytest.mark.parametrize(("person", "kind"), [(ANA, "cancelled"), (CAT, "denied")])
def test_a_no_of_another_is_told_apart_from_ones_own(person: Person, kind: str) -> None:
    ended = accepted(weigh(start(ANA, PROD), Intent(kind=IntentKind.CANCEL), person, PROD, NOW, {}))
    assert (ended.state, ended.events[-1].kind, ended.outcome) == (State.CANCELLED, kind, kind)


# one way


def one_way(found: Release) -> Release:
    spec = found.plan.spec.model_copy(update={"one_way": "the schema is migrated"})
    plan = found.plan.model_copy(update={"spec": spec})
    return found.model_copy(update={"plan": plan})


def test_going_back_after_a_one_way_switch_takes_two() -> None:
    kept = one_way(at(Keep, State.KEEPING))
    back = Intent(kind=IntentKind.ROLLBACK)
    assert kept.switched
    assert tally(kept, IntentKind.ROLLBACK) == (0, 2)
    once = accepted(weigh(kept, back, ANA, PROD, NOW, {}))
    assert (once.state, once.pending) == (State.KEEPING, 1)
    assert "one way (the schema is migrated)" in once.events[-1].text
    assert tally(once, IntentKind.ROLLBACK) == (1, 2)
    again = weigh(once, back, ANA, PROD, NOW, {})
    assert isinstance(again, Refusal)
    twice = accepted(weigh(once, back, BEN, PROD, NOW, {}))
    assert twice.state is State.ROLLING_BACK
    assert isinstance(audit(twice), Sound)


@pytest.mark.parametrize("step", [Soak, Prove])
def test_before_the_switch_going_back_takes_one(step: type[Soak | Prove]) -> None:
    asked = one_way(at(step, State.ASKING if step is Soak else State.RUNNING))
    assert not asked.switched
    assert needs(Action.ROLLBACK, PROD, NOW, asked) == ()
    back = weigh(asked, Intent(kind=IntentKind.ROLLBACK), ANA, PROD, NOW, {})
    assert accepted(back).state is State.ROLLING_BACK


# records that were changed by hand


def tampered(found: Release) -> dict[str, Release]:
    first, *rest = found.events
    other = found.consents[0].model_copy(update={"by": DAN.actor})
    spec = found.plan.spec.model_copy(update={"version": "v7"})
    return {
        "a sentence": found.model_copy(update={"events": (first.model_copy(update={"text": "x"}), *rest)}),
        "an event gone": found.model_copy(update={"events": (first, *rest[1:])}),
        "another person": found.model_copy(update={"consents": (other, *found.consents[1:])}),
        "a consent gone": found.model_copy(update={"consents": found.consents[1:]}),
        "another plan": found.model_copy(update={"plan": found.plan.model_copy(update={"spec": spec})}),
    }


@pytest.mark.parametrize(
    "how", ["a sentence", "an event gone", "another person", "a consent gone", "another plan"]
)
def test_an_audit_finds_what_was_changed_by_hand(how: str) -> None:
    whole = accepted(promote(start(ANA, PROD), CAT, PROD))
    assert isinstance(audit(whole), Sound)
    assert isinstance(audit(Release.model_validate_json(whole.model_dump_json())), Sound)
    assert isinstance(audit(tampered(whole)[how]), Altered)


def test_a_record_that_was_changed_does_not_go_on_but_back() -> None:
    asked = mine(ANA).tell("asking", "It asks.", NOW).tell("reminder", "Still.", NOW)
    first, *rest = asked.events
    broken = asked.model_copy(
        update={"events": (first.model_copy(update={"text": "x", "chain": "y"}), *rest)}
    )
    refused = promote(broken, CAT, PROD)
    assert isinstance(refused, Refusal)
    assert refused.code == "altered"
    assert accepted(weigh(broken, Intent(kind=IntentKind.ROLLBACK), ANA, PROD, NOW, {}))


def test_a_record_without_consents_is_read_and_goes_on() -> None:
    """As the version before wrote it."""
    old = mine(ANA).model_dump_json(exclude={"consents", "pending", "needed", "approvals", "unapproved"})
    found = Release.model_validate_json(old)
    assert isinstance(audit(found), Sound)
    assert accepted(promote(found, CAT, PROD)).state is State.RUNNING

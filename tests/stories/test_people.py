"""Who may, and when: several people at one release, as the policy wants it, in a real Slack's shape."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from bot.cluster.api import Api
from bot.cluster.errors import Conflict
from bot.cluster.records import Records
from bot.playground.slack import Message
from bot.playground.slack.workspace import Person as Member
from strategies.objects import DEPLOYMENT, LEASE
from strategies.release import IntentKind, Release, State
from tests.stories.colleague import Colleague
from tests.stories.conftest import Opening
from tests.stories.manifests import plain, seed
from tests.stories.person import Person, Wish
from tests.stories.test_clicks import said
from tests.stories.world import World, rolled_out

COMMAND = "canary k8sdemo v6 --steps 33 --soak 0s --keep 0s"
PROMOTE = Wish(State.ASKING, IntentKind.PROMOTE)
TEAMS = "people: {sre: [S0SRE], shop: [S0SHOP, U1]}\n"
RULES = "start: [shop, sre], approve: {who: [sre], count: %d, own: %s}, override: {who: [sre]}"
FOUR_EYES = TEAMS + "environments: {default: {" + RULES % (1, "false") + "}}\n"
TWO = TEAMS + "environments: {default: {" + RULES % (2, "true") + "}}\n"
ANA, BEN, CAT, DAN = "U1", "U2", "U6", "U7"


async def peopled(opening: Opening, policy: str) -> World:
    """Ana may start; Cat and Dan are on call; Ben is a full member and nothing else."""
    world = await opening(seed(replicas=2), policy=policy)
    workspace = world.slack.workspace
    for user, name in ((CAT, "Cat Oncall"), (DAN, "Dan Oncall")):
        workspace.people[user] = Member(user, name)
    workspace.groups |= {"S0SRE": [CAT, DAN], "S0SHOP": []}
    return world


async def button(world: World, kind: IntentKind) -> Message:
    return (await world.until(lambda: world.button(kind), f"a live {kind} button")).snapshot()


async def waiting(world: World) -> Release:
    """A start that waits for somebody's approval."""
    await Person(world, ANA).begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    assert world.release is not None
    assert world.release.unapproved
    return world.release


async def asking(world: World, by: str = CAT) -> Release:
    """Approved by this person, at its first step, asking again."""
    await waiting(world)
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=by)
    await world.until(lambda: _asks(world), "it asks after its first step")
    assert world.release is not None
    return world.release


def _asks(world: World) -> bool:
    release = world.release
    return bool(
        release and release.changed and release.state is State.ASKING and world.button(IntentKind.PROMOTE)
    )


async def test_a_start_waits_for_another_one_and_the_requester_cannot_approve_it(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    assert "[Approve (0 of 1)]" in world.slack.transcript()
    assert world.get(DEPLOYMENT, world.service.new) is None
    await world.slack.click(card, "release.promote", user=ANA)
    answer = await Person(world, ANA).told("Only sre may approve and promote releases in default")
    assert "environments.default.approve.who" in answer.words
    assert "<!subteam^S0SRE>" in answer.words
    await world.slack.click(card, "release.promote", user=CAT)
    await world.until(lambda: _asks(world), "it asks after its first step")
    assert said(world, "approved") == ["<@U6> approved it; it begins."]
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert [(c.by.id, c.to, c.groups) for c in world.release.consents] == [
        (ANA, "start", ("shop",)),
        (CAT, "start", ("sre",)),
        (CAT, "promote", ("sre",)),
    ]


async def test_who_started_it_may_not_approve_it_even_as_one_of_those_who_may(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await Person(world, CAT).begin(COMMAND)
    card = await button(world, IntentKind.PROMOTE)
    await world.slack.click(card, "release.promote", user=CAT)
    answer = await Person(world, CAT).told("somebody else must approve it")
    assert "environments.default.approve.own" in answer.words
    assert world.release is not None
    assert world.release.unapproved


async def test_two_who_approve_in_the_same_instant_both_count(opening: Opening) -> None:
    world = await peopled(opening, TWO)
    await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    await asyncio.gather(
        world.slack.click(card, "release.promote", user=CAT),
        world.slack.click(card, "release.promote", user=DAN),
    )
    await world.until(lambda: _asks(world), "it asks after its first step")
    assert world.release is not None
    assert {c.by.id for c in world.release.consents if c.to == "start"} == {ANA, CAT, DAN}
    assert len(said(world, "approved")) == 1


async def test_of_two_the_first_shows_on_the_card_and_counts_once(opening: Opening) -> None:
    world = await peopled(opening, TWO)
    await waiting(world)
    first = await button(world, IntentKind.PROMOTE)
    await world.slack.click(first, "release.promote", user=CAT)
    await world.until(lambda: "[Approve (1 of 2)]" in world.slack.transcript(), "the card counts")
    await world.slack.click(first, "release.promote", user=CAT)
    await Person(world, CAT).told("You have agreed already")
    await world.slack.click(first, "release.promote", user=DAN)
    await world.until(lambda: said(world, "approved"), "it begins")


async def test_of_an_approval_and_a_rollback_in_the_same_instant_one_wins(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await asking(world)
    card = await button(world, IntentKind.PROMOTE)
    await asyncio.gather(
        world.slack.click(card, "release.promote", user=CAT),
        world.slack.click(card, "release.rollback", user=ANA),
    )
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    promoted = world.release.state is State.PROMOTED
    assert len(said(world, "promoted-on")) + len(said(world, "rolling-back")) == 1
    await Person(world, ANA if promoted else CAT).told("has moved on since that was shown")


async def test_a_first_of_two_consents_takes_nobodys_rollback_away(opening: Opening) -> None:
    world = await peopled(opening, TWO)
    await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    await world.slack.click(card, "release.promote", user=CAT)
    await world.slack.click(card, "release.promote", user=DAN)
    await world.until(lambda: _asks(world), "it asks after its first step")
    before = await button(world, IntentKind.PROMOTE)
    await world.slack.click(before, "release.promote", user=CAT)
    await world.until(lambda: said(world, "consent"), "one has agreed")
    await world.slack.click(before, "release.rollback", user=ANA)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.ROLLED_BACK


async def test_an_approver_who_leaves_the_group_is_refused_at_once(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await asking(world, CAT)
    card = await button(world, IntentKind.PROMOTE)
    await (await world.slack.change_group("S0SRE", [DAN])).done()
    await world.slack.click(card, "release.promote", user=CAT)
    await Person(world, CAT).told("Only sre may approve")
    await world.slack.click(card, "release.promote", user=DAN)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.consents[-1].by.id == DAN


async def test_a_consent_of_one_who_has_left_meanwhile_does_not_count_any_more(opening: Opening) -> None:
    world = await peopled(opening, TWO)
    await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    await world.slack.click(card, "release.promote", user=CAT)
    await world.until(lambda: len(said(world, "consent")) == 1, "one has agreed")
    await (await world.slack.change_group("S0SRE", [DAN])).done()
    await world.slack.click(card, "release.promote", user=DAN)
    await world.until(lambda: len(said(world, "consent")) == 2, "it is noted, and one more is needed")
    assert world.release is not None
    assert world.release.unapproved


async def test_a_group_that_cannot_be_read_allows_nothing(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await waiting(world)
    world.slack.faults.refuse("usergroups.users.list", "missing_scope", times=50)
    for group in ("S0SRE", "S0SHOP"):
        await (await world.slack.change_group(group, world.slack.workspace.groups[group])).done()
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    answer = await Person(world, CAT).told("Slack did not say who is in")
    assert "Nothing was done" in answer.words
    assert world.release is not None
    assert world.release.unapproved


async def test_guests_strangers_and_who_has_left_may_nothing(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    world.slack.workspace.groups["S0SRE"] += ["U3", "U4", "U5"]
    before = await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    for user, what in (("U3", "guest"), ("U4", "deactivated"), ("U5", "another workspace")):
        await world.slack.click(card, "release.promote", user=user)
        answer = await Person(world, user).told("Only full members")
        assert what in answer.words
    await world.slack.click(card, "release.cancel", user=BEN)
    await Person(world, BEN).told("Only shop and sre may cancel releases")
    assert world.release is not None
    assert world.release.events == before.events


async def test_a_no_is_told_apart_from_a_cancel(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await waiting(world)
    await world.slack.click(await button(world, IntentKind.CANCEL), "release.cancel", user=CAT)
    await world.until(lambda: world.over, "it is over")
    assert said(world, "denied") == ["<@U6> denied it; nothing had been changed."]
    await world.until(lambda: "Denied, nothing was changed" in world.slack.transcript(), "the card says so")


async def test_a_start_that_nobody_approves_in_time_expires(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES + "defaults: {ask_for: 1s}\n")
    await Person(world, ANA).begin(COMMAND)
    await world.until(lambda: world.over, "it is over")
    assert said(world, "expired")
    await world.until(lambda: "Expired, nothing was changed" in world.slack.transcript(), "the card says so")


async def test_what_changed_between_the_request_and_its_approval_is_shown_and_asked_again(
    opening: Opening,
) -> None:
    world = await peopled(opening, FOUR_EYES)
    before = await waiting(world)
    card = await button(world, IntentKind.PROMOTE)
    await Colleague(world).scale(world.service.deployment, 3)
    await world.until(lambda: rolled_out(world.get(DEPLOYMENT, world.service.deployment)), "three pods stand")
    await world.slack.click(card, "release.promote", user=CAT)
    answer = await Person(world, CAT).told("The cluster has changed since")
    assert "2 pods then, 3 now" in answer.words
    assert world.release is not None
    assert world.release.unapproved
    assert world.release.plan.hash != before.plan.hash
    await world.slack.click(card, "release.promote", user=DAN)
    await Person(world, DAN).told("has moved on since that was shown")
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    await world.until(lambda: _asks(world), "it asks after its first step")


async def test_a_freeze_that_begins_in_the_middle_holds_promotions_and_never_the_way_back(
    opening: Opening,
) -> None:
    world = await peopled(opening, FOUR_EYES)
    await asking(world)
    _freeze(world)
    card = await button(world, IntentKind.PROMOTE)
    await _frozen(world)
    await world.slack.click(card, "release.promote", user=CAT)
    await world.until(lambda: said(world, "consent"), "one who may override it")
    await world.slack.click(card, "release.rollback", user=ANA)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.ROLLED_BACK


def _freeze(world: World) -> None:
    """From now on, as the file says."""
    now = datetime.now(UTC)
    freeze = f'{{from: "{now - timedelta(hours=1):%Y-%m-%d %H:%M}", until: "{now + timedelta(days=1):%Y-%m-%d %H:%M}", zone: UTC, why: weekend}}'
    assert world.policy is not None
    world.policy.write_text(FOUR_EYES.replace("{default: {", "{default: {freeze: [" + freeze + "], "))


async def _frozen(world: World) -> None:
    """The new policy is in force: a start is refused by it. The file is watched by a thread, so it is asked until then."""
    for _ in range(100):
        before = len(world.slack.messages)
        await (await world.slack.slash("canary k8sdemo v7", user=ANA)).done()
        await _answered(world, before)
        if "is frozen until" in world.slack.messages[-1].words:
            assert "weekend; rule `environments.default.freeze[0]`" in world.slack.messages[-1].words
            assert "Going back is always possible" in world.slack.messages[-1].words
            return
    raise AssertionError("the new policy is not in force")


async def _answered(world: World, before: int) -> None:
    await world.until(lambda: len(world.slack.messages) > before, "an answer")


async def test_a_forged_and_a_replayed_approval_do_nothing(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await waiting(world)
    old = await button(world, IntentKind.PROMOTE)
    forged = old.snapshot()
    for control in forged.controls:
        head, _, tail = str(control.value).rpartition(".")
        control.element["value"] = f"{head}.{'A' * len(tail)}"
    await world.slack.click(forged, "release.promote", user=CAT)
    await Person(world, CAT).told("does not carry a valid signature")
    await world.slack.click(old, "release.promote", user=CAT)
    await world.until(lambda: _asks(world), "it asks after its first step")
    assert world.release is not None
    consents = world.release.consents
    await world.slack.click(old, "release.promote", user=DAN)
    await Person(world, DAN).told("has moved on since that was shown")
    assert world.release.consents == consents


async def test_a_release_that_goes_one_way_is_taken_back_by_two(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    ana = Person(world, ANA)
    await ana.begin('bluegreen k8sdemo v6 --soak 0s --keep 10m --one-way "the schema is migrated"')
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    await world.until(lambda: _asks(world), "green stands")
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    await world.until(lambda: world.release and world.release.state is State.KEEPING, "it keeps")
    card = await button(world, IntentKind.ROLLBACK)
    delivery = await world.slack.click(card, "release.rollback", user=ANA)
    assert delivery.confirm is not None
    assert "the schema is migrated" in delivery.confirm["text"]["text"]
    await world.until(lambda: said(world, "consent"), "one wants back")
    assert world.release is not None
    assert world.release.state is State.KEEPING
    await world.slack.click(card, "release.rollback", user=ANA)
    await ana.told("You have agreed already")
    await world.slack.click(await button(world, IntentKind.ROLLBACK), "release.rollback", user=DAN)
    await world.until(lambda: world.over, "it is over")
    assert said(world, "rolled-back")


async def test_an_audit_lists_who_agreed_and_refuses_a_record_that_was_changed(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    release = await asking(world)
    await world.slack.slash(f"audit {release.id}", user=BEN)
    answer = await Person(world, BEN).told("the record is whole")
    assert (
        f"<@U6> agreed to its start, at revision 2 of plan `{release.plan.hash}`, allowed by sre."
        in answer.words
    )


async def test_a_record_that_somebody_changed_does_not_go_on(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    release = await asking(world)
    await _by_hand(world, release.id)
    await world.slack.slash(f"audit {release.id}", user=BEN)
    await Person(world, BEN).told("was changed by hand: event 2")
    await world.slack.click(await button(world, IntentKind.PROMOTE), "release.promote", user=CAT)
    answer = await Person(world, CAT).told("What was agreed cannot be trusted")
    assert "roll it back" in answer.words
    await world.slack.click(await button(world, IntentKind.ROLLBACK), "release.rollback", user=ANA)
    await world.until(lambda: said(world, "rolled-back"), "it goes back all the same")


async def _by_hand(world: World, release_id: str) -> None:
    """Somebody who may write Secrets puts another sentence into the log."""
    api = await Api.connect(str(world.kubeconfig))
    try:
        records = Records(api, "graylight")
        while True:
            stored = await records.load(release_id)
            assert stored is not None
            first, second, *rest = stored.release.events
            events = (first, second.model_copy(update={"text": "Nobody need approve it."}), *rest)
            with suppress(Conflict):  # the engine remembers its card at the same moment
                await records.swap(stored, stored.release.model_copy(update={"events": events}))
                return
    finally:
        await api.close()


async def test_whoami_says_the_same_as_the_refusals(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    for user, words in (
        (ANA, "default: you may start, resume, hold, snooze, cancel, roll back and lock."),
        (
            CAT,
            "default: you may start, approve and promote, resume, hold, snooze, cancel, roll back, lock and freeze.",
        ),
        (BEN, "default: you may look."),
        ("U3", "a guest of the workspace"),
    ):
        await world.slack.slash("whoami", user=user)
        await Person(world, user).told(words)
    await world.slack.slash("help", user=BEN)
    answer = await Person(world, BEN).told("What you may do")
    assert (
        "Only shop and sre may start releases in default (rule `environments.default.start`)." in answer.words
    )


async def test_a_reason_is_asked_for_where_the_policy_wants_one(opening: Opening) -> None:
    world = await peopled(opening, "environments: {default: {reason: required}}\n")
    await world.slack.slash(COMMAND, user=ANA)
    await Person(world, ANA).told("a release needs a reason")
    await world.slack.slash(f'{COMMAND} --reason "faster"', user=ANA)
    await Person(world, ANA).told("Plan for")


# locks and reminders


async def test_a_lock_keeps_others_out_and_its_owner_in_and_outlives_their_release(opening: Opening) -> None:
    world = await peopled(opening, "environments: {default: {}}\n")
    ana, ben = Person(world, ANA), Person(world, BEN)
    await world.slack.slash('lock k8sdemo --for 2h --reason "load test"', user=ANA)
    await ana.told("k8sdemo is yours until")
    lease = world.get(LEASE, "graylight.k8sdemo-deploy")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "person:U1"
    preview = await ben.preview(COMMAND.replace("v6", "v7"))
    assert "Locked by <@U1> until" in preview.words
    await world.slack.click(preview, "release.start", user=BEN)
    await ben.told("k8sdemo is locked by <@U1>")
    assert world.release is None
    await _own_release(world, ana)
    lease = world.get(LEASE, "graylight.k8sdemo-deploy")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "person:U1"
    await world.slack.slash("unlock k8sdemo", user=ANA)
    await ana.told("is not locked any more")
    assert world.get(LEASE, "graylight.k8sdemo-deploy") is None


async def _own_release(world: World, ana: Person) -> None:
    await world.slack.slash(COMMAND, user=ANA)
    mine = (await ana.told("→ v6")).snapshot()
    await world.slack.click(mine, "release.start", user=ANA)
    await ana.answer(PROMOTE)
    await world.until(lambda: world.release and world.release.told_end, "it is over")


async def test_a_lock_passes_on_when_its_owner_or_a_second_person_agrees(opening: Opening) -> None:
    world = await peopled(opening, "environments: {default: {}}\n")
    ana, ben = Person(world, ANA), Person(world, BEN)
    await world.slack.slash('lock k8sdemo --reason "load test"', user=ANA)
    await ana.told("k8sdemo is yours until")
    await world.slack.slash('lock k8sdemo --for 1h --reason "hotfix"', user=BEN)
    await ben.told("It is asked for")
    request = await world.until(lambda: world.slack.offering("release.agree"), "a request in the channel")
    await world.slack.click(request, "release.agree", user=BEN)
    await ben.told("yourself")
    await world.slack.click(request, "release.agree", user=CAT)
    await world.until(lambda: _holder(world) == "person:U2", "it is Ben's")
    await world.slack.click(request, "release.agree", user=ANA)
    await ana.told("is not open any more")
    await world.slack.slash("locks", user=ANA)
    await ana.told("k8sdemo: <@U2> until")
    await world.slack.slash("unlock k8sdemo", user=ANA)
    await ana.told("It is asked for")
    await world.slack.slash("unlock k8sdemo", user=BEN)
    await ben.told("is not locked any more")


def _holder(world: World) -> str:
    lease = world.get(LEASE, "graylight.k8sdemo-deploy")
    return str(lease["spec"]["holderIdentity"]) if lease else ""


async def test_a_snooze_puts_off_the_reminder_and_leaves_the_buttons(opening: Opening) -> None:
    world = await opening(plain(replicas=2))
    ana = Person(world, ANA)
    await ana.begin(COMMAND)
    card = await button(world, IntentKind.SNOOZE)
    assert world.release is not None
    before = world.release.remind_at
    assert before is not None
    await world.slack.click(card, "release.snooze", user=BEN)
    await world.until(lambda: said(world, "snoozed"), "it is snoozed")
    assert world.release.remind_at is not None
    assert world.release.remind_at > before
    await world.slack.slash("snooze 1h", user=ANA)
    await world.until(lambda: len(said(world, "snoozed")) == 2, "and again")
    await world.slack.click(card, "release.promote", user=ANA)
    await world.until(lambda: said(world, "promoted-on"), "the button lives on")


@pytest.mark.parametrize("word", ["approve", "promote"])
async def test_a_typed_yes_is_one_of_several_too(opening: Opening, word: str) -> None:
    world = await peopled(opening, TWO)
    release = await waiting(world)
    await world.slack.slash(f"{word} {release.id}", user=CAT)
    await Person(world, CAT).told("agrees to its start: 1 of 2")


async def test_what_somebody_may_not_do_by_kubectl_they_may_not_do_by_chat(opening: Opening) -> None:
    identities = "identities: {U1: {user: ana, groups: [shop]}, U2: {user: ben}}\n"
    world = await peopled(opening, identities + "environments: {default: {impersonate: true}}\n")
    world.cluster.denied_to.add(("ben", "create", "deployments"))
    for user, words in (
        (BEN, "You are `ben` to the cluster, which may not create deployments in namespace `default`"),
        (CAT, "the policy does not say who you are to it"),
    ):
        person = Person(world, user)
        await world.slack.slash(COMMAND, user=user)
        preview = (await person.told("Plan for")).snapshot()
        await world.slack.click(preview, "release.start", user=user)
        answer = await person.told(words)
        assert "impersonate" in answer.words
    assert world.release is None
    await world.slack.slash(COMMAND, user=ANA)
    preview = (await Person(world, ANA).told("Plan for")).snapshot()
    await world.slack.click(preview, "release.start", user=ANA)
    await world.until(lambda: _asks(world), "Ana may, so it begins")
    card = await button(world, IntentKind.PROMOTE)
    await world.slack.click(card, "release.promote", user=BEN)
    await Person(world, BEN).told("may not create deployments", times=2)
    await world.slack.click(card, "release.rollback", user=BEN)
    await world.until(lambda: said(world, "rolled-back"), "going back is open to who may start")

"""Law 4: no click acts twice, late, forged or against another; who loses is told what happened instead."""

import asyncio

from strategies.release import IntentKind, Release, State
from tests.stories.conftest import Opening
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish
from tests.stories.world import World

COMMAND = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s --keep 0s"
PROMOTE = Wish(State.ASKING, IntentKind.PROMOTE)
ROLLBACK = Wish(State.ASKING, IntentKind.ROLLBACK)


def said(world: World, kind: str) -> list[str]:
    """The log's lines of a kind."""
    assert world.release is not None
    return [e.text for e in world.release.events if e.kind == kind]


async def asking(world: World, person: Person) -> Release:
    """A canary that waits for a decision, with live buttons."""
    await person.begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    assert world.release is not None
    assert world.release.state is State.ASKING
    return world.release


async def test_of_two_clicks_at_the_same_moment_one_wins_and_the_other_person_is_told(
    opening: Opening,
) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = Person(world, "U1"), Person(world, "U2")
    await asking(world, ana)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    seen = card.snapshot()
    await asyncio.gather(
        world.slack.click(seen, "release.promote", user="U1"),
        world.slack.click(seen, "release.rollback", user="U2"),
    )
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    promoted = world.release.state is State.PROMOTED
    assert len(said(world, "promoted-on")) + len(said(world, "rolling-back")) == 1
    loser, winner = (ben, "<@U1> promoted it") if promoted else (ana, "<@U2> rolls back")
    answer = await loser.told("has moved on since that was shown")
    assert winner in answer.words


async def test_a_click_that_slack_delivers_twice_acts_once(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await asking(world, ana)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    delivery = await world.slack.click(card.snapshot(), "release.promote")
    await world.slack.redeliver(delivery)
    await world.until(lambda: world.over, "it is over")
    assert said(world, "promoted-on") == ["<@U1> promoted it."]
    assert not [m for m in world.slack.messages if m.ephemeral_for and "moved on" in m.words]


async def test_a_person_who_clicks_twice_is_told_of_their_first_click(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await asking(world, ana)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    seen = card.snapshot()
    await world.slack.click(seen, "release.promote")
    await world.slack.click(seen, "release.promote")
    await ana.told("has moved on since that was shown")
    await world.until(lambda: world.over, "it is over")
    assert said(world, "promoted-on") == ["<@U1> promoted it."]


async def test_a_click_on_yesterdays_card_changes_nothing(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = Person(world, "U1"), Person(world, "U2")
    await asking(world, ana)
    card = world.button(IntentKind.ROLLBACK)
    assert card is not None
    old = card.snapshot()
    await ana.answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    await world.slack.click(old, "release.rollback", user="U2")
    answer = await ben.told("k8sdemo-1")
    assert "promoted" in answer.words
    assert world.release is not None
    assert world.release.state is State.PROMOTED


async def test_a_forged_value_does_nothing_and_says_so(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    before = await asking(world, ana)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    forged = card.snapshot()
    for control in forged.controls:
        head, _, tail = str(control.value).rpartition(".")
        control.element["value"] = f"{head}.{'A' * len(tail)}"
    await world.slack.click(forged, "release.promote")
    await ana.told("does not carry a valid signature")
    assert world.release is not None
    assert (world.release.revision, world.release.events) == (before.revision, before.events)
    await ana.answer(ROLLBACK)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.ROLLED_BACK


async def test_a_start_that_is_clicked_twice_starts_one_release(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    preview = await ana.preview(COMMAND)
    await asyncio.gather(
        world.slack.click(preview, "release.start"), world.slack.click(preview, "release.start")
    )
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    assert said(world, "started") == ["<@U1> started a canary release of k8sdemo: v2 → v6."]
    assert world.release is not None
    assert world.release.id == "k8sdemo-1"


async def test_of_two_people_who_start_at_the_same_moment_one_wins_and_the_other_is_told_whose_it_is(
    opening: Opening,
) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = Person(world, "U1"), Person(world, "U2")
    first = await ana.preview(COMMAND)
    await world.slack.slash("canary k8sdemo v7 --router ratio --soak 0s", user="U2")
    second = (await ben.told("→ v7")).snapshot()
    await asyncio.gather(
        world.slack.click(first, "release.start", user="U1"),
        world.slack.click(second, "release.start", user="U2"),
    )
    await world.until(lambda: world.button(IntentKind.PROMOTE), "one of them asks")
    assert world.release is not None
    assert world.release.id == "k8sdemo-1"
    loser = ben if world.release.started_by.id == "U1" else ana
    await loser.told("k8sdemo-1")

"""Exactly once, as people see it: what arrives at two replicas, what was posted and not remembered, and the ack before all."""

import asyncio
from itertools import pairwise

import pytest

from bot.playground.slack import Delivery, Message, Rate
from strategies.release import IntentKind, State
from tests.stories.conftest import Opening
from tests.stories.ending import cards, posted_twice, thread_of
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish, supervised
from tests.stories.process import Point
from tests.stories.test_clicks import said
from tests.stories.test_leaders import two
from tests.stories.world import World

COMMAND = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s --keep 0s"
PROMOTE = Wish(State.ASKING, IntentKind.PROMOTE)


def previews(world: World) -> list[Message]:
    """What offers a start."""
    return [m for m in world.slack.messages if any(c.action_id == "release.start" for c in m.controls)]


async def at_both(world: World, delivery: Delivery) -> None:
    """The same envelope once more, to the other replica; both have had it then."""
    await world.slack.redeliver(delivery)
    assert delivery.sent == 2
    assert [connection.received > 0 for connection in world.slack.sockets.open] == [True, True]


async def test_what_two_replicas_get_acts_once(opening: Opening) -> None:
    world = await opening(seed(replicas=2), bots=2)
    await two(world)
    await at_both(world, await world.slack.slash(COMMAND))
    await world.until(lambda: len(previews(world)) == 2, "each replica answers the one who asked")
    starts = [(m, m.snapshot()) for m in previews(world)]
    for _, shown in starts:
        await at_both(world, await world.slack.click(shown, "release.start"))
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    await world.until(lambda: not previews(world), "both previews say that it is started")
    assert said(world, "started") == ["<@U1> started a canary release of k8sdemo: v2 → v6."]
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    await at_both(world, await world.slack.click(card.snapshot(), "release.promote"))
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.id == "k8sdemo-1"
    assert said(world, "promoted-on") == ["<@U1> promoted it."]
    assert not [m for m in world.slack.messages if m.ephemeral_for and "moved on" in m.words]
    assert not posted_twice(world)
    assert len(cards(world)) == 1


@pytest.mark.parametrize("nth", [1, 2, 4])
async def test_a_bot_that_is_killed_between_posting_and_remembering_says_it_once(
    nth: int, opening: Opening
) -> None:
    world = await opening(seed(replicas=2), bots=0)
    kubelet = asyncio.create_task(supervised(world, [Point("chat.postMessage", nth, "after")]))
    try:
        await world.until(lambda: world.bots, "a bot")
        ana = Person(world)
        await ana.begin(COMMAND)
        await world.until(lambda: len(world.bots) == 2, "it was killed, and another is there")
        await ana.answer(PROMOTE)
        await world.until(lambda: world.over, "it is over")
    finally:
        kubelet.cancel()
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)
    assert len(cards(world)) == 1
    assert sum("Finished" in m.words for m in thread_of(world)) == 1


async def test_acknowledgements_come_before_the_cluster_has_answered_anything(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await ana.begin(COMMAND)
    card = await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    async with world.cluster.away("hang"):  # whatever is asked of it now waits until it is back
        before = len(world.slack.messages)
        acts = [
            await world.slack.slash("plan rolling k8sdemo v7", user="U2"),
            await world.slack.click(card.snapshot(), "release.promote"),
            await world.slack.mention("status k8sdemo", user="U2"),
        ]
        for act in acts:
            assert (await act.done()).acked
        answers = [m for m in world.slack.messages[before:] if m.ephemeral_for == "U1"]
        assert answers == []
        assert said(world, "promoted-on") == []
    await world.until(lambda: world.over, "it is over")
    assert said(world, "promoted-on") == ["<@U1> promoted it."]


async def test_a_slack_that_takes_one_message_in_two_seconds_gets_no_more_and_all_is_told(
    opening: Opening,
) -> None:
    world = await opening(seed(replicas=2))
    world.slack.faults.limits = {"chat.postMessage": Rate(1, 2, per_channel=True), "chat.update": Rate(1, 1)}
    await Person(world).release(COMMAND, PROMOTE)
    await world.until(lambda: world.over, "it is over")
    posts = [call for call in world.slack.calls if call.method == "chat.postMessage"]
    taken = [call.at for call in posts if call.answer is not None]
    assert all(later - earlier >= 1.9 for earlier, later in pairwise(taken))
    assert len(posts) <= 2 * len(taken)  # each refusal was followed by the wait that it asked for
    assert not posted_twice(world)
    (card,) = cards(world)
    assert "Promoted" in card.words

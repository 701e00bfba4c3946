"""Releases that wait for a lock: asked one after the other, each once, whoever dies meanwhile; nothing starts by itself."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.engine import usher
from bot.playground.slack import Message, View
from bot.playground.slack.workspace import Person as Member
from bot.slack.client import Unsure
from bot.slack.crier import Crier
from strategies import queue
from strategies.objects import SECRET
from strategies.release import IntentKind, State
from tests.stories.conftest import Opening
from tests.stories.manifests import plain
from tests.stories.person import Person, Wish
from tests.stories.world import World

FIRST = "canary k8sdemo v6 --steps 50 --soak 0s --keep 0s"
ANA, BEN, CAT, DAN = "U1", "U2", "U6", "U7"
BACK = Wish(State.ASKING, IntentKind.ROLLBACK)
THREE = ((BEN, "v7"), (CAT, "v6"), (DAN, "v7"))


async def busy(opening: Opening) -> World:
    """Ana releases; others come and go."""
    world = await opening(plain(replicas=2))
    for user, name in ((CAT, "Cat"), (DAN, "Dan")):
        world.slack.workspace.people[user] = Member(user, name)
    await Person(world, ANA).begin(FIRST)
    await world.until(lambda: world.button(IntentKind.ROLLBACK), "it asks")
    return world


async def waits(world: World, user: str, version: str) -> None:
    await world.slack.slash(f"canary k8sdemo {version} --steps 50 --soak 0s --keep 0s --queue", user=user)
    await Person(world, user).told(f"k8sdemo {version} waits")


def offers(message: Message) -> bool:
    return any(c.action_id == "release.turn" for c in message.controls)


async def turn(world: World, user: str, words: str = "it is your turn") -> Message:
    def mine() -> Message | None:
        found = [m for m in world.slack.messages if offers(m) and f"<@{user}>, {words}" in m.words]
        return found[-1] if found else None

    return (await world.until(mine, f"{user} is asked")).snapshot()


def asked(world: World, user: str) -> int:
    """How many messages asked somebody, whatever became of them."""
    mark = f"<@{user}>, it is your turn"
    return sum(any(mark in one.words for one in (m, *m.past)) for m in world.slack.messages)


async def ends(world: World) -> None:
    """The release that runs is taken back."""
    await Person(world, ANA).answer(BACK)


async def on_top(world: World, user: str, title: str) -> View:
    def found() -> View | None:
        view = world.slack.views.top(user)
        return view if view and view.content["title"]["text"] == title else None

    return await world.until(found, f"the modal {title}")


async def test_the_form_offers_to_wait_where_somebody_has_the_service(opening: Opening) -> None:
    world = await busy(opening)
    await world.slack.slash("", user=BEN)
    fields = {"service": "k8sdemo", "environment": "default", "version": "v7"}
    filled: dict[str, Any] = {
        f"form.{n}": {"selected_option": {"text": {"type": "plain_text", "text": v}, "value": v}}
        for n, v in fields.items()
    }
    await world.slack.submit(await on_top(world, BEN, "Release a service"), filled)
    refused = await on_top(world, BEN, "Not possible now")
    assert refused.content["submit"]["text"] == "Queue"
    await world.slack.submit(refused, {})
    await Person(world, BEN).told("k8sdemo v7 waits")
    await world.until(lambda: world.slack.views.top(BEN) is None, "the modal is closed")
    await ends(world)
    await turn(world, BEN)


async def test_three_that_wait_are_asked_in_order_once_each_and_start_only_when_they_say_so(
    opening: Opening,
) -> None:
    world = await busy(opening)
    for user, version in THREE:
        await waits(world, user, version)
    await world.slack.slash("queue", user=ANA)
    listed = await Person(world, ANA).told("1. k8sdemo v7, canary, for <@U2>")
    assert "2. k8sdemo v6" in listed.words
    assert "3. k8sdemo v7" in listed.words
    await ends(world)
    for user, version in THREE:
        message = await turn(world, user)
        assert world.release is not None
        assert world.release.ended, "nothing starts by itself"
        before = world.release.number
        await world.slack.click(message, "release.turn", user=user)
        await world.until(partial(_is, world, before + 1), "it starts")
        assert world.release.plan.to_version == version
        assert world.release.started_by.id == user
        await ends(world)
    await world.until(lambda: world.over, "the last one is over")
    assert [asked(world, user) for user, _ in THREE] == [1, 1, 1]
    assert world.get(SECRET, "queue", "graylight") is None
    assert not [m for m in world.slack.messages if offers(m)], "no button is left"


def _is(world: World, number: int) -> bool:
    return world.release is not None and world.release.number == number


async def test_a_lost_answer_and_a_killed_bot_ask_nobody_twice(opening: Opening) -> None:
    world = await busy(opening)
    await waits(world, BEN, "v7")
    await ends(world)
    await world.until(lambda: asked(world, BEN), "Ben is asked")
    world.bot.kill()
    await world.until(lambda: world.bot.leading, "another bot leads")
    message = await turn(world, BEN)
    await world.slack.click(message, "release.turn", user=BEN)
    await world.until(lambda: world.release and world.release.number == 2, "it starts")
    await world.slack.click(message, "release.turn", user=BEN)
    await ends(world)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.number == 2, "a second click starts nothing"
    assert asked(world, BEN) == 1


async def test_an_answer_of_slack_that_is_lost_is_looked_for_before_anybody_is_asked_again(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usher, "AGAIN", 0.05)
    world = await busy(opening)
    await waits(world, BEN, "v7")
    original, lost = Crier._post, list[bool]()

    async def post(self: Crier, ticket: queue.Ticket, message: Any) -> str:
        ts = await original(self, ticket, message)
        if not lost:
            lost.append(True)
            raise Unsure("no answer")
        return ts

    monkeypatch.setattr(Crier, "_post", post)
    await ends(world)
    message = await turn(world, BEN)
    await world.slack.click(message, "release.turn", user=BEN)
    await world.until(lambda: world.release and world.release.number == 2, "it starts")
    assert lost
    assert asked(world, BEN) == 1


async def test_who_does_not_answer_in_time_makes_room_for_the_next(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "OFFER", timedelta(seconds=1))
    world = await busy(opening)
    for user, version in THREE[:2]:
        await waits(world, user, version)
    await ends(world)
    late = await turn(world, BEN)
    message = await turn(world, CAT)
    assert "is not started. It was your turn for" in world.slack.transcript()
    await world.slack.click(late, "release.turn", user=BEN)
    await Person(world, BEN).told("it is <@U6>'s turn")
    await world.slack.click(message, "release.turn", user=BEN)
    await Person(world, BEN).told("It is somebody else's turn")


async def test_a_place_is_given_up_by_command_or_by_button(opening: Opening) -> None:
    world = await busy(opening)
    for user, version in THREE:
        await waits(world, user, version)
    await world.slack.slash("queue leave k8sdemo", user=BEN)
    await Person(world, BEN).told("k8sdemo v7 waits no more")
    await world.slack.slash("queue leave k8sdemo", user=ANA)
    await Person(world, ANA).told("No release of yours waits")
    await ends(world)
    message = await turn(world, CAT)
    await world.slack.click(message, "release.leave", user=DAN)
    await Person(world, DAN).told("It is somebody else's turn")
    await world.slack.click(message, "release.leave", user=CAT)
    await turn(world, DAN)
    assert "gave up the turn" in world.slack.transcript()
    assert asked(world, BEN) == 0


async def test_nobody_overtakes_and_a_refusal_has_a_button_to_wait(opening: Opening) -> None:
    world = await busy(opening)
    await world.slack.slash("canary k8sdemo v7 --steps 50 --soak 0s --keep 0s", user=BEN)
    refusal = (await Person(world, BEN).told("k8sdemo-1 is")).snapshot()
    await world.slack.click(refusal, "release.queue", user=BEN)
    await Person(world, BEN).told("k8sdemo v7 waits, first in line")
    await world.slack.slash("canary k8sdemo v7 --steps 50 --soak 0s --keep 0s --queue", user=BEN)
    await Person(world, BEN).told("waits already, in place 1 of 1")
    await ends(world)
    await turn(world, BEN)
    preview = await Person(world, CAT).preview("canary k8sdemo v8 --steps 50 --soak 0s --keep 0s")
    await world.slack.click(preview, "release.start", user=CAT)
    refused = await Person(world, CAT).told("it is <@U2>'s turn")
    assert any(c.action_id == "release.queue" for c in refused.controls)
    assert world.release is not None
    assert world.release.number == 1


async def test_a_lock_that_somebody_takes_meanwhile_puts_the_turn_off(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usher, "EVERY", 0.1)
    world = await busy(opening)
    await waits(world, BEN, "v7")
    await ends(world)
    early = await turn(world, BEN)
    await world.slack.slash('lock k8sdemo --reason "load test"', user=CAT)
    await world.until(lambda: "You stay first in line" in world.slack.transcript(), "it is put off")
    await world.slack.click(early, "release.turn", user=BEN)
    await Person(world, BEN).told("is locked by <@U6>")
    await world.slack.slash("unlock k8sdemo", user=CAT)
    await turn(world, BEN)
    await world.until(lambda: asked(world, BEN) == 2, "and asked again")


async def test_with_nothing_in_the_way_queue_is_a_release_like_any_other(opening: Opening) -> None:
    world = await opening(plain(replicas=2))
    await Person(world, ANA).begin(f"{FIRST} --queue")
    assert world.release is not None
    await world.slack.slash("queue", user=ANA)
    await Person(world, ANA).told("No release waits.")

"""What is away is waited for and told; it never moves traffic and never ends a release."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import pytest

from bot import main
from bot.cluster import leases
from bot.engine import loop
from bot.ports import Origin
from bot.settings import Settings
from strategies.objects import DEPLOYMENT, POD, SERVICE, Obj
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, State
from strategies.spec import ReleaseSpec, RouterName, Strategy
from tests.stories.conftest import Opening
from tests.stories.ending import cards, lines, posted_twice, thread_of
from tests.stories.manifests import plain, seed
from tests.stories.person import Person, Wish
from tests.stories.process import LEASE
from tests.stories.world import World, selector

COMMAND = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s --keep 0s"
PROMOTE = Wish(State.ASKING, IntentKind.PROMOTE)


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finds any outage worth telling."""
    monkeypatch.setattr(loop, "WORTH_TELLING", timedelta(0))


@contextmanager
def watched(world: World) -> Iterator[list[object]]:
    """Every change of what traffic hangs on, while it lasts."""
    seen: list[object] = []
    stop = world.cluster.store.subscribe(
        lambda change: seen.append(change) if change.kind in (SERVICE, DEPLOYMENT, POD) else None
    )
    try:
        yield seen
    finally:
        stop()


@pytest.mark.parametrize("how", ["refuse", "error"])
async def test_while_the_api_server_is_away_nothing_moves_the_card_says_so_and_then_it_goes_on(
    how: Literal["refuse", "error"], opening: Opening
) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await ana.begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    open_to_both = selector(world)
    with watched(world) as moved:
        async with world.cluster.away(how):
            (card,) = cards(world)
            world.bot.engine._sweep()  # type: ignore[union-attr]  # the look every 30 s, now
            await world.until(lambda: "waiting:" in card.words, "the card says why nothing moves")
            assert "UTC" in card.words
        await world.until(lambda: "waiting:" not in card.words, "and then that it is over")
        assert not moved
    assert selector(world) == open_to_both
    await ana.answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)


@pytest.mark.parametrize("how", ["refuse", "error", "hang"])
async def test_an_api_server_that_goes_away_while_pods_come_up_is_waited_for(
    how: Literal["refuse", "error", "hang"], opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await opening(seed(replicas=2), start_seconds=0.1)
    await Person(world).begin(COMMAND)
    await world.until(lambda: world.get(DEPLOYMENT, "k8sdemo-deploy-v6"), "the new Deployment is made")
    if how == "hang":
        monkeypatch.setattr("bot.cluster.api.TIMEOUT", 0.3)
    async with world.cluster.away(how):
        (card,) = cards(world) or [await world.until(lambda: next(iter(cards(world)), None), "a card")]
        await world.until(lambda: "waiting:" in card.words, "the card says why nothing moves")
    monkeypatch.setattr("bot.cluster.api.TIMEOUT", 30.0)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it goes on and asks")
    assert world.release is not None
    assert [e.kind for e in world.release.events].count("outage") == 1


async def test_a_leader_that_an_outage_took_the_lease_from_takes_it_again_and_goes_on(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW", 0.05)
    world = await opening(seed(replicas=2), start_seconds=0.1)
    await Person(world).begin(COMMAND)
    await world.until(lambda: world.get(DEPLOYMENT, "k8sdemo-deploy-v6"), "the new Deployment is made")
    leadership = world.bot.leadership
    assert leadership is not None
    monkeypatch.setattr("bot.cluster.api.TIMEOUT", 0.3)
    monkeypatch.setattr(leadership, "_length", 2.8)  # half of the time-out of a request, and a little
    lost = asyncio.Event()
    find = leadership._find

    async def looks() -> Obj | None:
        lost.set()
        world.changed.tick()
        return await find()

    monkeypatch.setattr(leadership, "_find", looks)
    async with world.cluster.away("hang"):
        await world.until(lost.is_set, "it lost the lease, and looks for it again")
    monkeypatch.setattr("bot.cluster.api.TIMEOUT", 30.0)
    monkeypatch.setattr(leadership, "_length", LEASE)
    await Person(world).answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)


async def test_a_canary_goes_all_the_way_while_slack_is_away_and_the_thread_catches_up_in_order(
    opening: Opening,
) -> None:
    world = await opening(seed(replicas=2))
    await world.slack.away()
    settings = Settings(kubeconfig=str(world.kubeconfig))
    async with main.connected(settings) as parts:
        cli = Actor(id="ana@example", via="cli")
        spec = ReleaseSpec(
            strategy=Strategy.CANARY,
            service="k8sdemo",
            version="v6",
            steps=(33,),
            soak=0,
            keep=0,
            router=RouterName.RATIO,
        )
        made = await parts.desk.start(spec, "", cli, Origin("cli-1", "C1"))
        assert not isinstance(made, Refusal)
        await world.until(
            lambda: world.release is not None and world.release.state is State.ASKING, "it asks"
        )
        done = await parts.desk.act(made.id, Intent(kind=IntentKind.PROMOTE), cli, Origin("cli-2"))
        assert not isinstance(done, Refusal)
        await world.until(lambda: world.release is not None and world.release.ended, "it has ended")
    assert not cards(world)
    assert world.release is not None
    assert not world.release.told_end
    await world.slack.back()
    await world.until(lambda: world.over, "it is told")
    (card,) = cards(world)
    assert "Promoted" in card.words
    assert not card.controls
    said = [line for m in thread_of(world) for line in lines(m)]
    order = ("started a canary", "Bringing up 1 pod", "ready after", "asked 33 %", "waits for a decision", "promoted it", "Finished")  # fmt: skip
    places = [next(i for i, line in enumerate(said) if words in line) for words in order]
    assert places == sorted(places)
    assert not posted_twice(world)
    assert not any(m.controls for m in thread_of(world))


async def test_dropped_watches_and_forgotten_history_lose_nothing(opening: Opening) -> None:
    world = await opening(plain(replicas=2), start_seconds=0.05)
    stop = asyncio.Event()

    def disturb() -> None:
        if not stop.is_set():
            world.cluster.forget_history()
            world.cluster.drop_watches()

    ana = Person(world)
    await ana.begin(COMMAND)
    disturb()
    await world.until(lambda: world.get(DEPLOYMENT, "k8sdemo-deploy-canary"), "the canary is made")
    disturb()
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    disturb()
    await ana.answer(PROMOTE)
    disturb()
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)


async def test_a_slack_that_loses_answers_gets_each_line_once(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    world.slack.faults.drop("chat.postMessage", times=3)
    await ana.begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    world.slack.faults.drop("chat.postMessage", times=3)
    world.slack.faults.drop("chat.update", times=3)
    await ana.answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    assert not posted_twice(world)
    assert len(cards(world)) == 1


async def test_a_bot_that_may_not_watch_any_more_says_so_on_the_card(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engine.engine.AGAIN", 0.05)
    monkeypatch.setattr("bot.cluster.observe.SLOW", 0.2)
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await ana.begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    denied = world.cluster.denied
    denied.add(("list", "pods"))
    world.bot.kill()  # another follows
    (card,) = cards(world)
    await world.until(
        lambda: "pods" in card.words and "waiting:" in card.words, "the card says what is missing"
    )
    denied.clear()
    await ana.answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    assert "waiting:" not in card.words
    assert not posted_twice(world)

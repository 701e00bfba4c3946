"""Two bots, one leader: everything is done and said once; when the leader dies the other goes on."""

import asyncio
from functools import partial

import pytest

from bot.cluster import leases
from bot.cluster.api import Api
from bot.cluster.leases import Leadership
from strategies.objects import DEPLOYMENT, Obj
from strategies.release import IntentKind, State
from tests.stories.conftest import Opening
from tests.stories.ending import RESTARTED, cards, lines, posted_twice, thread_of
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish
from tests.stories.process import LEASE
from tests.stories.world import World

COMMAND = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s --keep 0s"
PROMOTE = Wish(State.ASKING, IntentKind.PROMOTE)


async def two(world: World) -> None:
    """The first leads, the second stands by and serves Slack too."""
    first = world.start()
    await world.until(lambda: first.leading, "the first leads")
    second = world.start(hurried=False)
    await world.until(
        lambda: second.leadership is not None and second.leadership.holder == first.name, "both stand"
    )
    await world.until(lambda: len(world.slack.sockets.open) == 2, "both listen")


async def begun(world: World) -> None:
    """Ana's canary, started through whichever bot Slack chose."""
    await world.slack.slash(COMMAND)
    shown = await world.until(lambda: world.slack.offering("release.start"), "a preview")
    await world.slack.click(shown.snapshot(), "release.start")
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")


async def test_two_bots_post_everything_once(opening: Opening) -> None:
    world = await opening(seed(replicas=2), bots=2)
    await two(world)
    await begun(world)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    await world.slack.click(card.snapshot(), "release.promote")
    await world.until(lambda: world.over, "it is over")
    assert [b.leading for b in world.bots] == [True, False]
    assert not posted_twice(world)
    assert len(cards(world)) == 1
    assert sum("Finished" in m.words for m in thread_of(world)) == 1
    written = {p.what for p in world.bots[1].points}
    assert written <= {"PUT secrets/release.k8sdemo.1", "POST secrets/release.k8sdemo.1", "POST leases/graylight.k8sdemo-deploy"}  # fmt: skip
    assert not world.slack.refusals


async def test_when_the_leader_dies_the_other_takes_over(opening: Opening) -> None:
    world = await opening(seed(replicas=2), bots=2)
    await two(world)
    await begun(world)
    first, second = world.bots
    first.kill()
    await first.gone()
    second.hurried = True
    await world.until(lambda: second.leading, "the second leads")
    await Person(world).answer(PROMOTE)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)
    assert [line for m in thread_of(world) for line in lines(m)].count(RESTARTED) == 1


async def test_a_leader_that_is_stopped_politely_needs_no_waiting_out(opening: Opening) -> None:
    world = await opening(seed(replicas=2), bots=2)
    await two(world)
    first, second = world.bots
    await first.stop()
    await world.until(lambda: second.leading, "the second leads at once", seconds=LEASE / 2)
    await begun(world)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    await world.slack.click(card.snapshot(), "release.promote")
    await world.until(lambda: world.over, "it is over")
    assert not posted_twice(world)


async def test_a_lease_that_is_renewed_late_stops_a_release_for_that_long_and_not_for_good(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW", 0.01)
    world = await opening(seed(replicas=2))
    await begun(world)
    leadership = world.bot.leadership
    assert leadership is not None
    trying, renewed, noticed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    write, regained = leadership._write, leadership.regained

    async def late(found: Obj, holder: str) -> None:
        trying.set()
        world.changed.tick()
        await renewed.wait()
        await write(found, holder)

    async def waits() -> None:
        noticed.set()
        world.changed.tick()
        await regained()

    monkeypatch.setattr(leadership, "_write", late)
    monkeypatch.setattr(leadership, "regained", waits)
    await world.until(trying.is_set, "a renewal is on its way")
    leadership._renewed -= LEASE
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    before = [o["metadata"]["generation"] for o in world.cluster.store.all(DEPLOYMENT, "default")]
    await world.slack.click(card.snapshot(), "release.promote")
    await world.until(noticed.is_set, "the release stands still")
    assert [o["metadata"]["generation"] for o in world.cluster.store.all(DEPLOYMENT, "default")] == before
    renewed.set()
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.PROMOTED
    assert not posted_twice(world)


async def test_who_could_not_renew_for_too_long_takes_its_own_lease_again_at_once(opening: Opening) -> None:
    world = await opening(seed(replicas=1), bots=0)
    now = [0.0]
    api = await Api.connect(str(world.kubeconfig))
    try:
        made = partial(Leadership, api, "graylight", look=0.0, quiet=LEASE, monotonic=lambda: now[0])
        ours, theirs = made("ours"), made("theirs")
        await ours.acquire()
        now[0] += leases.LENGTH
        assert not ours.held
        await ours.acquire()
        assert ours.held
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await theirs.acquire()
    finally:
        await api.close()

"""Two bots, one leader: everything is done and said once; when the leader dies the other goes on."""

from bot.cluster.leases import LENGTH
from strategies.release import IntentKind, State
from tests.stories.conftest import Opening
from tests.stories.ending import RESTARTED, cards, lines, posted_twice, thread_of
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish
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
    await world.until(lambda: second.leading, "the second leads at once", seconds=LENGTH - 1)
    await begun(world)
    card = world.button(IntentKind.PROMOTE)
    assert card is not None
    await world.slack.click(card.snapshot(), "release.promote")
    await world.until(lambda: world.over, "it is over")
    assert not posted_twice(world)

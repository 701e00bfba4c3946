"""New pods that will never serve: told in words at once, harming nobody, with a way back."""

import pytest

from strategies import pods
from strategies.objects import DEPLOYMENT
from strategies.release import IntentKind, Release, State
from tests.stories.conftest import Opening
from tests.stories.ending import cards, thread_of
from tests.stories.manifests import plain, seed
from tests.stories.person import Person, Wish
from tests.stories.world import World, selector

BACK = Wish(State.HOLDING, IntentKind.ROLLBACK)
SEED = {"app": "k8sdemo", "version": "1.0.0"}


async def held(world: World) -> Release:
    """It holds, with live buttons."""
    await world.until(
        lambda: (
            world.button(IntentKind.ROLLBACK)
            if world.release and world.release.state is State.HOLDING
            else None
        ),
        "it holds",
    )
    assert world.release is not None
    return world.release


async def back(world: World, ana: Person) -> None:
    """Home again."""
    await ana.answer(BACK)
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is State.ROLLED_BACK


async def test_an_image_that_is_not_there_is_told_in_words(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await ana.begin("canary k8sdemo v99 --router ratio --soak 0s")
    release = await held(world)
    assert "cannot get image `k8s-grpc-demo:v99`: ErrImageNeverPull" in release.reason
    await world.until(lambda: "cannot get image" in cards(world)[0].words, "the card says so")
    assert selector(world) == SEED
    await back(world, ana)
    assert world.get(DEPLOYMENT, "k8sdemo-deploy-v99") is None


@pytest.mark.parametrize("strategy", ["canary", "bluegreen"])
async def test_a_version_that_crashes_gets_no_traffic_and_its_last_words_are_posted(
    strategy: str, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pods.fitness.__kwdefaults__ is not None
    monkeypatch.setitem(pods.fitness.__kwdefaults__, "settle", 1.0)  # as always, longer than it lives
    world = await opening(seed(replicas=2))
    ana = Person(world)
    await ana.begin(f"{strategy} k8sdemo v8-crash --soak 0s")
    release = await held(world)
    assert "crashes" in release.reason
    assert any("schema version 41, expected 42" in m.words for m in thread_of(world))
    assert selector(world) == SEED
    await back(world, ana)


async def test_a_rolling_update_to_a_version_that_crashes_goes_back_with_one_click(opening: Opening) -> None:
    world = await opening(seed(replicas=4, readiness=True))
    ana = Person(world)
    await ana.begin("rolling k8sdemo v8-crash")
    release = await held(world)
    assert "crashes" in release.reason
    await back(world, ana)


async def test_a_pod_that_never_gets_ready_holds_at_the_deadline_and_says_which(opening: Opening) -> None:
    world = await opening(plain(replicas=2, readiness=True, progressDeadlineSeconds=1))
    ana = Person(world)
    await ana.begin("canary k8sdemo v8-unready --router ratio --soak 0s")
    release = await held(world)
    assert "is not ready" in release.reason
    assert selector(world) == {"app": "k8sdemo"}
    await back(world, ana)

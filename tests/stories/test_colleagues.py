"""Somebody runs kubectl meanwhile: the release holds, says what was changed and by whom, and can go on or go back."""

import pytest

from strategies.objects import DEPLOYMENT, SERVICE, Obj, at
from strategies.release import IntentKind, Release, State
from tests.stories.colleague import Colleague
from tests.stories.conftest import Opening
from tests.stories.ending import bare, cards, objects
from tests.stories.manifests import Service, plain, seed
from tests.stories.person import Person, Wish
from tests.stories.world import World, selector

COMMAND = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s --keep 0s"
PROMOTE, ROLLBACK = Wish(State.ASKING, IntentKind.PROMOTE), Wish(State.ASKING, IntentKind.ROLLBACK)
RESUME, BACK = Wish(State.HOLDING, IntentKind.RESUME), Wish(State.HOLDING, IntentKind.ROLLBACK)


async def asking(world: World) -> tuple[Person, Colleague]:
    """A canary at 33 %, and somebody with kubectl."""
    ana = Person(world)
    await ana.begin(COMMAND)
    await world.until(lambda: world.button(IntentKind.PROMOTE), "it asks")
    return ana, Colleague(world)


async def held(world: World, *words: str) -> Release:
    """It holds, and card and log say these words."""
    await world.until(lambda: world.release is not None and world.release.state is State.HOLDING, "it holds")
    await world.until(lambda: world.button(IntentKind.RESUME), "the card offers to resume")
    assert world.release is not None
    for said in words:
        assert said in world.release.events[-1].text
        await world.until(lambda said=said: said in cards(world)[0].words, "the card says so too")  # type: ignore[misc]  # a default binds it
    return world.release


async def ended(world: World, state: State) -> Release:
    """It is over, this way."""
    await world.until(lambda: world.over, "it is over")
    assert world.release is not None
    assert world.release.state is state
    return world.release


async def test_a_changed_image_holds_names_its_writer_and_survives_the_way_back(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = await asking(world)
    await ben.set_image("k8sdemo-deploy", "k8s-grpc-demo:v7")
    await held(world, "The image of k8sdemo-deploy (k8s-grpc-demo:v2 → k8s-grpc-demo:v7)", "kubectl-set")
    await ana.answer(BACK)
    await ended(world, State.ROLLED_BACK)
    assert (
        at(world.get(DEPLOYMENT, "k8sdemo-deploy"), "spec", "template", "spec", "containers", 0, "image")
        == "k8s-grpc-demo:v7"
    )
    assert world.get(DEPLOYMENT, "k8sdemo-deploy-v6") is None


async def test_after_a_changed_image_the_release_can_go_on(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = await asking(world)
    await ben.set_image("k8sdemo-deploy", "k8s-grpc-demo:v7")
    await held(world, "kubectl-set")
    await ana.answer(RESUME)
    await ana.answer(PROMOTE)
    await ended(world, State.PROMOTED)
    assert selector(world) == {"app": "k8sdemo", "version": "v6"}


@pytest.mark.parametrize("wish", [RESUME, BACK], ids=["resume", "rollback"])
async def test_a_selector_put_back_by_hand_holds(wish: Wish, opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    ana, ben = await asking(world)
    await ben.select("k8sdemo-svc", {"app": "k8sdemo", "version": "1.0.0"})
    await held(world, "The selector of Service k8sdemo-svc", "kubectl-edit")
    await ana.answer(wish)
    if wish is RESUME:
        await ana.answer(PROMOTE)
        await ended(world, State.PROMOTED)
        assert selector(world) == {"app": "k8sdemo", "version": "v6"}
    else:
        await ended(world, State.ROLLED_BACK)
        assert selector(world) == {"app": "k8sdemo", "version": "1.0.0"}


@pytest.mark.parametrize("wish", [RESUME, BACK], ids=["resume", "rollback"])
@pytest.mark.parametrize("service", [seed(replicas=2), plain(replicas=2)], ids=["seed", "plain"])
async def test_a_canary_deleted_by_hand_holds_and_is_made_again_or_given_up(
    service: Service, wish: Wish, opening: Opening
) -> None:
    world = await opening(service)
    canary = "k8sdemo-deploy-v6" if selector(world).get("version") else "k8sdemo-deploy-canary"
    ana, ben = await asking(world)
    await ben.delete(canary)
    await held(world, f"Deployment {canary} of this release was deleted by somebody")
    await ana.answer(wish)
    if wish is RESUME:
        await ana.answer(PROMOTE)
        await ended(world, State.PROMOTED)
    else:
        await ended(world, State.ROLLED_BACK)


@pytest.mark.parametrize("wish", [RESUME, BACK], ids=["resume", "rollback"])
@pytest.mark.parametrize(
    "service", [seed(replicas=2), seed(replicas=2, readiness=True)], ids=["settling", "readiness"]
)
@pytest.mark.parametrize("name", ["k8sdemo-deploy", "k8sdemo-deploy-v6"])
async def test_pods_scaled_by_hand_hold(service: Service, name: str, wish: Wish, opening: Opening) -> None:
    world = await opening(service)
    ana, ben = await asking(world)
    await ben.scale(name, 3)
    await held(world, f"The number of pods of {name}", "kubectl")
    await ana.answer(wish)
    if wish is RESUME:
        await ana.answer(PROMOTE)
        await ended(world, State.PROMOTED)
        assert at(world.get(DEPLOYMENT, "k8sdemo-deploy-v6"), "spec", "replicas") >= 2
    else:
        await ended(world, State.ROLLED_BACK)
        assert world.get(DEPLOYMENT, "k8sdemo-deploy-v6") is None


@pytest.mark.parametrize(
    "command",
    [COMMAND, "bluegreen k8sdemo v6 --router selector", "rolling k8sdemo v6 --pause-at 50 --soak 0s"],
)
@pytest.mark.parametrize(
    "service",
    [seed(replicas=2, readiness=True), plain(replicas=2), plain(replicas=2, readiness=True)],
    ids=["seed", "plain", "plain-readiness"],
)
async def test_after_the_way_back_everything_of_the_user_is_as_it_was_and_nothing_of_ours_is_left(
    service: Service, command: str, opening: Opening
) -> None:
    world = await opening(service, start_seconds=0.1)
    was = _untouched(world)
    before = {k: v for k, v in objects(world).items() if "graylight/" not in k}
    ana = Person(world)
    await ana.begin(command)
    await ana.answer(ROLLBACK)
    await ended(world, State.ROLLED_BACK)
    after = objects(world)
    ours = {k for k in after if k.startswith("Secret graylight/")}
    assert ours == {
        "Secret graylight/signing-key",
        "Secret graylight/release.k8sdemo.1",
        "Secret graylight/undo.k8sdemo.1",
    }
    assert {k: v for k, v in after.items() if k not in ours} == before
    assert _untouched(world) == was


def _untouched(world: World) -> list[Obj]:
    """The user's own objects, whole: spec, labels, annotations, who owns their fields."""
    found = [world.get(DEPLOYMENT, "k8sdemo-deploy"), world.get(SERVICE, "k8sdemo-svc")]
    return [{k: v for k, v in bare(o).items() if k != "status"} for o in found if o]

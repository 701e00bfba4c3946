"""A version may call itself otherwise than its tag and label: what it says is asked of its pods, not guessed."""

import json

from bot.main import connected
from bot.ports import Looked
from bot.settings import Settings
from strategies.objects import SERVICE, at
from strategies.release import IntentKind, State
from tests.stories.colleague import Colleague
from tests.stories.conftest import Opening
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish
from tests.stories.world import World

COMMAND = "canary k8sdemo v6 --router ratio --steps 50 --soak 0s --keep 0s"


async def told_by(world: World, attribute: dict[str, str]) -> None:
    """The probe asks at the node port, and goes by this rule; `v2` answers `X-Version: 1.0.0`, `v6` `1.0.1`."""
    port = at(world.get(SERVICE, "k8sdemo-svc") or {}, "spec", "ports", 0, "nodePort")
    probe = {
        "url": f"http://127.0.0.1:{port}/hello",
        "method": "POST",
        "body": {"name": "x"},
        "attribute": attribute,
        "rate": 1000,
        "timeout": "30s",  # a busy machine is no trouble of the service
    }
    await Colleague(world).annotate("k8sdemo-deploy", {"graylight/probe": json.dumps(probe)})


async def test_a_share_is_proven_by_a_header_that_is_neither_tag_nor_label(opening: Opening) -> None:
    world = await opening(seed(readiness=True, replicas=2), real_samples=True)
    await told_by(world, {"header": "X-Version"})
    await Person(world).release(COMMAND, Wish(State.ASKING, IntentKind.PROMOTE))
    await world.until(lambda: world.over, "it is over")
    release = world.release
    assert release is not None
    assert release.state is State.PROMOTED
    proofs = [e for e in release.events if e.kind == "proven"]
    assert [e.text.partition(",")[0] for e in proofs] == ["asked 50 %", "asked 100 %"]
    assert all(side["n"] for side in (proofs[0].detail["tally"]["new"], proofs[0].detail["tally"]["old"]))


async def test_a_rule_by_which_both_versions_say_the_same_proves_nothing(opening: Opening) -> None:
    world = await opening(seed(readiness=True, replicas=2), real_samples=True)
    await told_by(world, {"regex": "Hello"})
    await Person(world).begin(COMMAND)
    await world.until(lambda: world.release is not None and world.release.state is State.HOLDING, "it holds")
    assert world.release is not None
    assert "answers says which version gave it" in world.release.reason


async def test_samples_without_a_release_know_the_one_version_by_what_it_says(opening: Opening) -> None:
    world = await opening(seed(readiness=True, replicas=2), bots=0, real_samples=True)
    await told_by(world, {"header": "X-Version"})
    async with connected(Settings(kubeconfig=str(world.kubeconfig))) as parts:
        looked = await parts.desk.samples("k8sdemo", None)
    assert isinstance(looked, Looked), looked
    assert looked.tally.attributed == looked.tally.sent

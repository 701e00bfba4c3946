"""What a rolling update does while no bot is there."""

import pytest

from strategies.objects import POD, at
from tests.stories.conftest import Opening
from tests.stories.manifests import seed
from tests.stories.person import Person
from tests.stories.process import Point


@pytest.mark.xfail(
    strict=True,
    reason="the pause is a write of the bot's own after new pods were seen: a bot that is away lets the rollout go on",
)
async def test_a_rolling_update_stops_at_its_pause_although_the_bot_died_before_it(opening: Opening) -> None:
    world = await opening(seed(replicas=4, readiness=True), bots=0)
    bot = world.start(Point("PATCH deployments/k8sdemo-deploy", 1, "after"))
    await world.until(lambda: bot.leading, "it leads")
    await Person(world).begin("rolling k8sdemo v6 --pause-at 25 --soak 0s")
    await world.until(bot.died.is_set, "it died")

    def new() -> int:
        return sum(
            at(p, "spec", "containers", 0, "image") == "k8s-grpc-demo:v6"
            for p in world.cluster.store.all(POD)
        )

    with pytest.raises(AssertionError, match="more new pods than asked"):
        await world.until(lambda: new() > 1, "more new pods than asked", seconds=2)

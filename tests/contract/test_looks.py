"""Looking at a namespace that is under watch already: less is read, and nothing older is seen."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.cluster.observe import PLANNED, WATCHED, Watched, look
from strategies.objects import DEPLOYMENT, POD, SERVICE, at
from tests.contract.world import World, deployment, service, set_image


@pytest.fixture
async def watched(cluster: World) -> AsyncIterator[Watched]:
    """This test's namespace, with every kind listed."""
    made = Watched(cluster.api, cluster.namespace, lambda: None)
    await made.start()
    await made.also((), WATCHED)
    yield made
    await made.stop()


async def test_what_is_under_watch_is_not_read_again(cluster: World, watched: Watched) -> None:
    await cluster.create(DEPLOYMENT, deployment())
    await cluster.create(SERVICE, service())
    await cluster.rolled_out()
    before = cluster.api.requests["plan"]
    known = await look(cluster.api, cluster.namespace, watched)
    assert cluster.api.requests["plan"] - before == len(set(PLANNED) - set(WATCHED))
    read = await look(cluster.api, cluster.namespace)
    assert cluster.api.requests["plan"] - before == len(set(PLANNED) - set(WATCHED)) + len(PLANNED)
    for kind in PLANNED:
        assert set(known.objects[kind]) == set(read.objects[kind]), kind


async def test_a_change_made_right_before_is_seen_through_the_watch(cluster: World, watched: Watched) -> None:
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    await cluster.api.patch(cluster.ref(DEPLOYMENT, "web"), set_image("k8s-grpc-demo:v6"))
    seen = (await look(cluster.api, cluster.namespace, watched)).find(DEPLOYMENT, "web")
    assert at(seen, "spec", "template", "spec", "containers", 0, "image") == "k8s-grpc-demo:v6"


async def test_a_kind_whose_watch_is_broken_is_read(cluster: World, watched: Watched) -> None:
    mirror = watched._mirrors[POD]
    await mirror.stop()
    mirror.stale_since = datetime.now(UTC)
    before = cluster.api.requests["plan"]
    await look(cluster.api, cluster.namespace, watched)
    assert cluster.api.requests["plan"] - before == len(set(PLANNED) - set(WATCHED)) + 1

"""The releases that are killed at every point: each strategy and ending, to the good end and back."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from strategies.release import IntentKind, State
from tests.stories.ending import Ending, ending, posted_twice
from tests.stories.manifests import Service, plain, routed, seed
from tests.stories.person import Person, Wish, supervised
from tests.stories.process import Point
from tests.stories.world import opened

CANARY = "canary k8sdemo v6 --router ratio --steps 33 --soak 0s"
BLUEGREEN = "bluegreen k8sdemo v6 --router selector"
BY_ROUTE = "canary k8sdemo v6 --steps header:X-Canary=beta,25 --soak 0s"
PROMOTE, ROLLBACK = IntentKind.PROMOTE, IntentKind.ROLLBACK
ASKED_PROMOTE, ASKED_ROLLBACK = Wish(State.ASKING, PROMOTE), Wish(State.ASKING, ROLLBACK)
KEPT_PROMOTE, KEPT_ROLLBACK = Wish(State.KEEPING, PROMOTE), Wish(State.KEEPING, ROLLBACK)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One release from the command to its end."""

    name: str
    service: Service
    command: str
    wishes: tuple[Wish, ...]
    state: State
    start_seconds: float = 0.01


SCENARIOS = (
    Scenario("canary-replaces", seed(replicas=2), f"{CANARY} --keep 0s", (ASKED_PROMOTE,), State.PROMOTED),
    Scenario("canary-goes-back", seed(replicas=2), CANARY, (ASKED_ROLLBACK,), State.ROLLED_BACK),
    Scenario("canary-in-place", plain(replicas=2), f"{CANARY} --keep 0s", (ASKED_PROMOTE,), State.PROMOTED),
    Scenario("canary-in-place-goes-back", plain(replicas=2), CANARY, (ASKED_PROMOTE, KEPT_ROLLBACK), State.ROLLED_BACK),
    Scenario("bluegreen-replaces", seed(replicas=1), BLUEGREEN, (ASKED_PROMOTE, KEPT_PROMOTE), State.PROMOTED),
    Scenario("bluegreen-goes-back", seed(replicas=1), BLUEGREEN, (ASKED_PROMOTE, KEPT_ROLLBACK), State.ROLLED_BACK),
    Scenario("bluegreen-in-place", plain(replicas=1), f"{BLUEGREEN} --keep 0s", (ASKED_PROMOTE,), State.PROMOTED),
    Scenario("route-replaces", routed(seed(replicas=2)), f"{BY_ROUTE} --keep 0s", (ASKED_PROMOTE, ASKED_PROMOTE), State.PROMOTED),
    Scenario("route-in-place", routed(plain(replicas=2)), f"{BY_ROUTE} --keep 0s", (ASKED_PROMOTE, ASKED_PROMOTE), State.PROMOTED),
    Scenario("route-goes-back", routed(plain(replicas=2)), BY_ROUTE, (ASKED_PROMOTE, ASKED_ROLLBACK), State.ROLLED_BACK),
    Scenario("route-bluegreen-goes-back", routed(seed(replicas=1)), "bluegreen k8sdemo v6", (ASKED_PROMOTE, KEPT_ROLLBACK), State.ROLLED_BACK),
    Scenario("rolling", seed(replicas=2, readiness=True), "rolling k8sdemo v6 --pause-at 50 --soak 0s", (ASKED_PROMOTE,), State.PROMOTED, 0.2),
    Scenario("rolling-goes-back", seed(replicas=2, readiness=True), "rolling k8sdemo v6 --pause-at 50 --soak 0s", (ASKED_ROLLBACK,), State.ROLLED_BACK, 0.2),
)  # fmt: skip  # a table


@dataclass(frozen=True, slots=True)
class Told:
    """What a run came to. `under_way`: how many restarts found a release that had begun; `lives` processes ran."""

    ending: Ending
    twice: tuple[str, ...]
    points: tuple[Point, ...]
    lives: int
    under_way: int
    refusals: tuple[object, ...]


async def run(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *faults: Point) -> Told:
    """From nothing to the end; the first process dies at the first fault, the second at the second, and so on."""
    async with opened(tmp_path, monkeypatch, scenario.service, start_seconds=scenario.start_seconds) as world:
        found: list[bool] = []
        kubelet = asyncio.create_task(supervised(world, faults, found))
        try:
            await world.until(lambda: bool(world.bots))
            await Person(world).release(scenario.command, *scenario.wishes)
            await world.until(lambda: world.over, "the release is over")
            return Told(
                ending(world),
                tuple(posted_twice(world)),
                tuple(world.bots[0].points),
                len(world.bots),
                sum(found),
                tuple(world.slack.refusals),
            )
        finally:
            kubelet.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await kubelet

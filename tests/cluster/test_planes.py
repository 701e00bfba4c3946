"""Releases by route on real data planes, by either surface, under load: proven at each step, audiences hit exactly.

Traefik deals round robin (Ingress and HTTPRoute), Envoy draws at random (VirtualService). No request is lost, there and
back from every step, and the routes are as they were, the owners of their fields included.
"""

from typing import Any

import pytest

from strategies.objects import DEPLOYMENT, LEASE, Ref, annotations_of, at, name_of
from strategies.release import IntentKind, Release, State
from strategies.steps import Soak, Turn
from tests.cluster.conftest import Installation, begin, say
from tests.cluster.planes import (
    BY,
    NEW,
    OLD,
    STEPS,
    crowds,
    fits,
    moments,
    needs,
    proofs,
    recorded,
    routes,
    versions,
    without_services,
)
from tests.cluster.test_releases import expected, tell, world
from tests.cluster.test_surfaces import SURFACES
from tests.cluster.users import Ways, load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

SOAK = 3  # seconds, where there is one
WHOLE = [
    pytest.param(plane, kind, surface, soak, id=f"{kind} by {plane}, {surface}, soak {soak} s")
    for plane in ("nginx", "httproute", "istio")
    for kind, surface, soak in (("seed", "slack", 0), ("plain", "terminal", SOAK))
]
# each of them from each step; which service, so that both kinds are taken back from everywhere
KINDS = {
    "nginx": ("plain", "seed", "plain", "seed", "plain"),
    "httproute": ("seed", "plain", "seed", "plain", "seed"),
    "istio": ("plain", "seed", "plain", "seed", "plain"),
}
WHERE = ("at the header", "at the cookie", "at 10", "at 50", "while keeping")
BACK = [
    pytest.param(plane, kind, promotes, id=f"{kind} by {plane}, back {WHERE[promotes]}")
    for plane, kinds in KINDS.items()
    for promotes, kind in enumerate(kinds)
]


@pytest.mark.parametrize(("plane", "kind", "surface", "soak"), WHOLE)
async def test_a_canary_is_proven_at_each_step_and_hits_its_audiences_exactly(
    installed: Installation, plane: str, kind: str, surface: str, soak: int
) -> None:
    needs(plane)
    ways = await serve(installed, kind + BY[plane])
    before, routed = await world(installed), await routes(installed)
    line = f"canary k8sdemo v6 --steps {STEPS} --auto --soak {soak}s --keep 0s"
    async with load(ways, crowds(ways)) as seen:
        await SURFACES[surface](installed, line, [])
    release = await recorded(installed)
    lost_nothing(seen, release)
    hit_exactly(seen, ways, release)
    shared(seen, ways, release, soak)
    assert await world(installed) == expected(before, release.plan)
    assert without_services(await routes(installed)) == without_services(routed)
    await nothing_left(installed)


@pytest.mark.parametrize(("plane", "kind", "promotes"), BACK)
async def test_going_back_from_any_step_loses_no_request_and_restores_the_routes(
    installed: Installation, plane: str, kind: str, promotes: int
) -> None:
    needs(plane)
    ways = await serve(installed, kind + BY[plane])
    before, routed = await world(installed), await routes(installed)
    answers = ["promote"] * promotes + ["rollback"]
    async with installed.bot() as bot, load(ways) as seen:
        ended = await tell(bot, f"canary k8sdemo v6 --steps {STEPS} --soak 0s --keep 1h", answers)
    lost_nothing(seen, ended)
    assert ended.state is State.ROLLED_BACK, story(ended)
    gone = ended.ended_at
    assert gone is not None
    last = max(moments(ended, "proven"))  # "0 of 60 answers from v6"
    for name in (n for n in seen if n != "node port"):
        assert set(versions(seen[name]["met"], last, gone.timestamp())) <= {OLD}, name
    assert await world(installed) == before
    assert await routes(installed) == routed
    await nothing_left(installed)


@pytest.mark.parametrize("plane", ["nginx", "httproute", "istio"])
async def test_a_restart_of_the_old_version_in_the_middle_is_told_and_moves_no_share(
    installed: Installation, plane: str
) -> None:
    needs(plane)
    ways = await serve(installed, "plain" + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways) as seen:
        release = await begin(bot, "canary k8sdemo v6 --steps 25,100 --soak 0s --keep 0s")
        await bot.until(release.id, lambda s: s.release.state is State.ASKING)
        stamp = {"kubectl.kubernetes.io/restartedAt": "2026-01-02T03:04:05Z"}
        ref = Ref(DEPLOYMENT, installed.target, "k8sdemo-deploy")
        restart = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        await installed.admin.patch(ref, restart, "merge", manager="kubectl-rollout")
        held = await bot.until(release.id, lambda s: s.release.state is State.HOLDING)
        assert "was restarted" in held.release.reason
        assert "kubectl-rollout" in held.release.reason
        await installed._available("k8sdemo-deploy")
        again = held.release.revision
        await say(bot, release.id, IntentKind.RESUME)
        asking = await bot.until(release.id, lambda s: s.release.state is State.ASKING, again)
        measured = asking.release.measured
        assert measured is not None
        assert (measured.asked, measured.verdict) == (25, "proven")
        await say(bot, release.id, IntentKind.PROMOTE)
        ended = (await bot.until(release.id, lambda s: s.sealed)).release
    lost_nothing(seen, ended)
    assert ended.state is State.PROMOTED, story(ended)
    first = moments(ended, "proven")[0]
    promoted = next(e.at.timestamp() for e in ended.events if e.kind == "promoted-on")
    found = versions(seen[main_way(ways)]["met"], first, promoted)
    assert fits(25, found), f"{found.count(NEW)} of {len(found)} through a restart"
    after = expected(before, ended.plan)
    template = after["Deployment/k8sdemo-deploy"]["spec"]["template"]
    template["metadata"] = {**template["metadata"], "annotations": stamp}
    assert await world(installed) == after
    assert await routes(installed) == routed
    await nothing_left(installed)


async def test_where_an_ingress_and_an_httproute_lead_there_both_are_shifted_and_both_are_proven(
    installed: Installation,
) -> None:
    needs("both")
    ways = await serve(installed, "seed by both")
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways, crowds(ways)) as seen:
        line = f"canary k8sdemo v6 --steps {STEPS} --soak {SOAK}s --keep 0s --auto"
        ended = await tell(bot, line, [])
    lost_nothing(seen, ended)
    hit_exactly(seen, ways, ended)
    shared(seen, ways, ended, SOAK)
    hosts = {step.path.host if step.path else ways.host for step, _ in proofs(ended)}
    assert hosts == {ways.host, *ways.more}
    assert await world(installed) == expected(before, ended.plan)
    assert {n for n, o in (await routes(installed)).items() if o != routed[n]} == {"Service/k8sdemo-svc"}
    await nothing_left(installed)


@pytest.mark.parametrize("plane", ["nginx", "httproute", "istio"])
async def test_blue_green_goes_by_the_routes_while_both_services_stay_as_they_are(
    installed: Installation, plane: str
) -> None:
    needs(plane)
    ways = await serve(installed, "seed" + BY[plane])
    before, routed = await world(installed), await routes(installed)
    async with installed.bot() as bot, load(ways) as seen:
        release = await begin(bot, "bluegreen k8sdemo v6 --keep 1h")
        await bot.until(release.id, lambda s: s.release.state is State.ASKING)
        await say(bot, release.id, IntentKind.PROMOTE)
        await bot.until(release.id, lambda s: s.release.state is State.KEEPING)
        switched = await routes(installed)
        assert switched["Service/k8sdemo-svc"]["spec"] == routed["Service/k8sdemo-svc"]["spec"]
        await say(bot, release.id, IntentKind.ROLLBACK)
        ended = (await bot.until(release.id, lambda s: s.sealed)).release
    lost_nothing(seen, ended)
    assert [s.split.share for s in ended.plan.steps if isinstance(s, Turn) and s.split] == [100]
    assert ended.state is State.ROLLED_BACK, story(ended)
    assert await world(installed) == before
    assert await routes(installed) == routed


def main_way(ways: Ways) -> str:
    """The usual users' way through the route."""
    return f"ingress, {ways.host}"


def story(release: Release) -> str:
    """What happened, for a message."""
    return "\n".join(f"{e.at:%M:%S} [{e.kind}] {e.text}" for e in release.events)


def lost_nothing(seen: dict[str, Any], release: Release) -> None:
    """Every request of every way was answered, and well."""
    for way, said in seen.items():
        assert said["sent"] > 20, way
        assert said["failed"] == [], f"{way}: {said['failed'][:5]} of {said['sent']}\n{story(release)}"


def hit_exactly(seen: dict[str, Any], ways: Ways, release: Release) -> None:
    """An audience meets the new version from its proof to the end; nobody else before the first share is asked."""
    done, ended = proofs(release), release.ended_at
    assert ended is not None
    start, end = release.started_at.timestamp(), ended.timestamp()
    nobody = max(at for step, at in done if step.share == 0 and not step.audience)
    everybody = min(
        max(at for step, at in done if step.share == 100 and step.stage == stage)
        for stage in {step.stage for step, _ in done if step.share == 100}
    )
    for host in (ways.host, *ways.more):
        for crowd in (f"ingress, {host}", f"strangers, {host}"):
            met = versions(seen[crowd]["met"], start, nobody)
            assert set(met) == {OLD}, f"{crowd}: {met.count(NEW)} of {len(met)}\n{story(release)}"
        for by in ("header", "cookie"):
            own = max(at for step, at in done if step.audience and step.audience.by == by)
            met = versions(seen[f"{by}, {host}"]["met"], own, end)
            assert set(met) == {NEW}, f"{by}, {host}: {met.count(OLD)} of {len(met)}\n{story(release)}"
        for crowd in ("ingress", "header", "cookie", "strangers"):
            met = versions(seen[f"{crowd}, {host}"]["met"], everybody, end)
            assert set(met) <= {NEW}, f"{crowd}, {host}: {met.count(OLD)} of {len(met)}\n{story(release)}"


def shared(seen: dict[str, Any], ways: Ways, release: Release, soak: int) -> None:
    """While a share soaks, those of no audience get that share."""
    if not soak:
        return
    turned: list[Turn] = [s for s in release.plan.steps if isinstance(s, Turn) and s.split]
    begun = moments(release, "soaking")
    soaks = [s for s in release.plan.steps if isinstance(s, Soak)]
    assert len(begun) == len(soaks), story(release)
    for step, since in zip(soaks, begun, strict=True):
        split = next(t.split for t in turned if t.stage == step.stage)
        assert split is not None
        for host in (ways.host, *ways.more):
            names = (f"ingress, {host}", f"strangers, {host}")
            met = [v for n in names for v in versions(seen[n]["met"], since, since + soak)]
            assert met, host
            if 0 < split.share < 100:
                told = f"{host}: {met.count(NEW)} of {len(met)} at {split.share} %"
                assert fits(split.share, met), f"{told}\n{story(release)}"


async def nothing_left(installed: Installation) -> None:
    """No lock, no mark, no field of ours, anywhere."""
    assert [e for e in await installed.all(LEASE) if name_of(e).startswith("graylight.")] == []
    for name, obj in (await routes(installed)).items():
        assert "graylight" not in {e["manager"] for e in at(obj, "metadata", "managedFields")}, name
        assert not [k for k in at(obj, "metadata", "labels", default={}) if k.startswith("graylight/")], name
    for obj in await installed.all(DEPLOYMENT):
        assert "graylight" not in {e["manager"] for e in obj["metadata"]["managedFields"]}, name_of(obj)
        left = {k for k in annotations_of(obj) if k.startswith("graylight/")}
        assert left <= {"graylight/probe", "graylight/base"}, name_of(obj)

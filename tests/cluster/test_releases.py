"""The first user's releases on a real cluster, there and back from every point, under a steady load: nothing is lost."""

from typing import Any

import pytest

from bot.grammar.command import Start
from bot.grammar.parse import parse
from bot.ports import Preview
from strategies.objects import (
    DEPLOYMENT,
    HTTPROUTE,
    INGRESS,
    LEASE,
    SERVICE,
    VIRTUALSERVICE,
    Obj,
    annotations_of,
    labels_of,
    name_of,
)
from strategies.plan import Plan
from strategies.release import Intent, IntentKind, Release, State
from tests.cluster.conftest import PERSON, Bot, Installation, _origin
from tests.cluster.users import load, serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

KINDS = (DEPLOYMENT, SERVICE, INGRESS, HTTPROUTE, VIRTUALSERVICE)
BY_ROUTE = "canary k8sdemo v6 --steps header:X-Canary=always,25,100 --soak 0s"
# service, command, what a person answers: state → intent, in order
STORIES = [
    pytest.param(
        "seed",
        "canary k8sdemo v6 --router ratio --steps 25,50,100 --soak 0s --keep 0s",
        ["promote", "promote"],
        id="seed canary",
    ),
    pytest.param(
        "seed",
        "canary k8sdemo v6 --router ratio --steps 25,50 --soak 0s --keep 1h",
        ["rollback"],
        id="seed canary, back at 25",
    ),
    pytest.param(
        "seed",
        "canary k8sdemo v6 --router ratio --steps 25,50 --soak 0s --keep 1h",
        ["promote", "rollback"],
        id="seed canary, back at 50",
    ),
    pytest.param(
        "seed",
        "canary k8sdemo v6 --router ratio --steps 25 --soak 0s --keep 1h",
        ["promote", "rollback"],
        id="seed canary, back while keeping",
    ),
    pytest.param(
        "seed",
        "canary k8sdemo v6 --router ratio --steps 25 --soak 0s --keep 2s --auto",
        [],
        id="seed canary by itself",
    ),
    pytest.param(
        "seed", "bluegreen k8sdemo v6 --router selector --keep 0s", ["promote"], id="seed blue-green"
    ),
    pytest.param(
        "seed",
        "bluegreen k8sdemo v6 --router selector --keep 0s --after upgrade",
        ["promote"],
        id="seed blue-green, both upgraded",
    ),
    pytest.param(
        "seed",
        "bluegreen k8sdemo v6 --router selector --keep 1h",
        ["rollback"],
        id="seed blue-green, back before the switch",
    ),
    pytest.param(
        "seed",
        "bluegreen k8sdemo v6 --router selector --keep 1h",
        ["promote", "rollback"],
        id="seed blue-green, back after the switch",
    ),
    pytest.param("probed", "rolling k8sdemo v6 --soak 0s", [], id="probed rolling"),
    pytest.param(
        "probed",
        "rolling k8sdemo v6 --pause-at 50% --soak 0s",
        ["rollback"],
        id="probed rolling, back at half",
    ),
    pytest.param(
        "plain",
        "canary k8sdemo v6 --router ratio --steps 25 --soak 0s --keep 0s",
        ["promote"],
        id="plain canary",
    ),
    pytest.param(
        "plain",
        "canary k8sdemo v6 --router ratio --steps 25 --soak 0s --keep 1h",
        ["rollback"],
        id="plain canary, back at 25",
    ),
    pytest.param(
        "probed",
        "canary k8sdemo v6 --router ratio --steps 25 --soak 0s --keep 1h",
        ["promote", "rollback"],
        id="probed canary, back while keeping",
    ),
    pytest.param(
        "probed", "bluegreen k8sdemo v6 --router selector --keep 0s", ["promote"], id="probed blue-green"
    ),
    pytest.param(
        "plain",
        "bluegreen k8sdemo v6 --router selector --keep 1h",
        ["promote", "rollback"],
        id="plain blue-green, back after the switch",
    ),
    pytest.param(
        "plain by both",
        f"{BY_ROUTE} --keep 1h",
        ["promote", "rollback"],
        id="plain canary by both, back at 25",
    ),
    pytest.param("probed", "bluegreen k8sdemo v6 --keep 0s", ["promote"], id="probed blue-green by nginx"),
    pytest.param("probed by route", f"{BY_ROUTE} --keep 0s", ["promote"] * 2, id="probed canary by route"),
    pytest.param(
        "seed by route", "bluegreen k8sdemo v6 --keep 0s", ["promote"], id="seed blue-green by route"
    ),
]


@pytest.mark.parametrize(("service", "command", "answers"), STORIES)
async def test_a_release_loses_no_request_and_leaves_what_it_should(
    installed: Installation, service: str, command: str, answers: list[str]
) -> None:
    ways = await serve(installed, service)
    before = await world(installed)
    async with installed.bot() as bot, load(ways) as seen:
        ended = await tell(bot, command, answers)
    story = "\n".join(f"[{e.kind}] {e.text}" for e in ended.events)
    for way, said in seen.items():
        assert said["sent"] > 20, way
        assert said["failed"] == [], f"{way}: {said['failed'][:5]} of {said['sent']}\n{story}"
    after = await world(installed)
    assert [e for e in await installed.all(LEASE) if name_of(e).startswith("graylight.")] == []
    if "rollback" in answers:
        assert ended.state is State.ROLLED_BACK, story
        assert after == before
    else:
        assert ended.state is State.PROMOTED, story
        assert after == expected(before, ended.plan)
    for obj in [o for kind in KINDS for o in await installed.all(kind)]:
        managers = {e["manager"] for e in obj["metadata"]["managedFields"]}
        assert "graylight" not in managers, name_of(obj)
        assert not [k for k in labels_of(obj) if k.startswith("graylight/")], name_of(obj)
        assert {k for k in annotations_of(obj) if k.startswith("graylight/")} <= {
            "graylight/probe",
            "graylight/base",
        }


async def tell(bot: Bot, line: str, answers: list[str]) -> Release:
    """One release: each answer is given the next time a person may decide."""
    command = parse(line)
    assert isinstance(command, Start), command
    preview = await bot.parts.desk.preview(command.spec)
    assert isinstance(preview, Preview), preview
    started = await bot.parts.desk.start(command.spec, preview.plan.hash, PERSON, _origin())
    assert isinstance(started, Release), started
    left, asked = list(answers), -1
    while True:
        found = await bot.until(
            started.id,
            lambda s: s.sealed or s.release.state in (State.ASKING, State.KEEPING, State.HOLDING),
            asked,
        )
        story = "\n".join(f"[{e.kind}] {e.text}" for e in found.release.events)
        assert found.release.state is not State.HOLDING, story
        if found.sealed:
            assert left == [], story
            return found.release
        asked = found.release.revision
        if left:
            done = await bot.parts.desk.act(
                started.id, Intent(kind=IntentKind(left.pop(0))), PERSON, _origin(), asked
            )
            assert isinstance(done, Release), done


async def world(installed: Installation) -> dict[str, Any]:
    """Every object of the user's kinds, as "as before" means it."""
    return {f"{kind.name}/{name_of(o)}": _bare(o) for kind in KINDS for o in await installed.all(kind)}


def _bare(obj: Obj) -> Obj:
    notes = {k: v for k, v in annotations_of(obj).items() if k != "deployment.kubernetes.io/revision"}
    return {"spec": obj["spec"], "labels": labels_of(obj), "annotations": notes}


def expected(before: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """What a promoted release leaves: the plan says what stays."""
    import copy

    made = copy.deepcopy(before)
    old = made[f"Deployment/{plan.stable}"]
    if plan.ending == "replace":
        new = copy.deepcopy(old)
        for labels in (
            new["labels"],
            new["spec"]["selector"]["matchLabels"],
            new["spec"]["template"]["metadata"]["labels"],
        ):
            labels["version"] = "v6"
        new["spec"]["template"]["spec"]["containers"][0]["image"] = "k8s-grpc-demo:v6"
        new["annotations"]["graylight/base"] = plan.base
        made[f"Deployment/{plan.canary}"] = new
        made["Service/k8sdemo-svc"]["spec"]["selector"]["version"] = "v6"
        if plan.after == "delete":
            del made[f"Deployment/{plan.stable}"]
            return made
    old["spec"]["template"]["spec"]["containers"][0]["image"] = "k8s-grpc-demo:v6"
    return made

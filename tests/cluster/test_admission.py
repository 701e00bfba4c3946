"""deploy/admission on a real API server: nobody writes another's name, and then people of the command line may agree."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.api import Api
from bot.cluster.checkup import admission
from bot.cluster.errors import Invalid
from bot.cluster.records import Records
from bot.main import TheOffice, desk_for
from bot.ports import Origin
from bot.settings import Settings
from strategies import vouching
from strategies.event import Consent
from strategies.objects import SECRET, Kind, Obj, Ref
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State
from strategies.steps import Soak
from tests.cluster.conftest import Installation, apply, kubeconfig, rendered
from tests.unit.stations import at

POLICY = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    namespaced=False,
)
BINDING = Kind(POLICY.api, f"{POLICY.name}Binding", "validatingadmissionpolicybindings", namespaced=False)
PROMOTE = Intent(kind=IntentKind.PROMOTE)


@pytest.fixture
async def vouched(installed: Installation, tmp_path: Path) -> AsyncIterator[Installation]:
    """The policy is in force too."""
    for manifest in rendered("deploy/admission", installed.home, tmp_path):
        await apply(installed.admin, manifest)
    try:
        await _until(installed, in_force=True)
        yield installed
    finally:
        await installed.admin.delete(Ref(BINDING, "", "graylight-actor"))
        await installed.admin.delete(Ref(POLICY, "", "graylight-actor"))
        await _until(installed, in_force=False)


async def _until(installed: Installation, *, in_force: bool) -> None:
    """The API server tells nobody when it has read a policy, or that one is gone."""
    async with asyncio.timeout(60):
        while await admission(installed.admin, installed.home) is not in_force:  # noqa: ASYNC110  # as said
            await asyncio.sleep(0.1)


def account(installed: Installation, name: str) -> str:
    """Who the API server takes somebody for."""
    return f"system:serviceaccount:{installed.home}:{name}"


async def people(installed: Installation, *names: str) -> None:
    """May write records, as operators of a command line do."""
    for name in names:
        meta = {"name": name, "namespace": installed.home}
        await apply(installed.admin, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        await apply(
            installed.admin,
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": meta,
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": "graylight",
                },
                "subjects": [{"kind": "ServiceAccount", **meta}],
            },
        )


@asynccontextmanager
async def terminal(installed: Installation, name: str, scratch: Path) -> AsyncIterator[TheOffice]:
    """Somebody's command line, under a policy that asks two of three."""
    who = [f"user:{account(installed, one)}" for one in ("ana", "ben", "cat")]
    rules = {
        "namespace": installed.target,
        "start": who,
        "approve": {"who": who, "count": 2, "own": True},
    }
    policy = scratch / "two.yaml"
    policy.write_text(yaml.safe_dump({"environments": {"default": rules}}))
    settings = Settings(
        kubeconfig=str(await kubeconfig(installed.admin, installed.home, scratch, name)),
        namespace=installed.home,
        policy=str(policy),
    )
    async with desk_for(settings) as office:
        assert office.whoami == account(installed, name)
        yield office


async def asks(installed: Installation, scratch: Path) -> Release:
    """A release of the bot's that waits for two people."""
    api = await Api.connect(str(await kubeconfig(installed.admin, installed.home, scratch, "graylight")))
    try:
        found = at(Soak, State.ASKING)
        plan = found.plan.model_copy(update={"namespace": installed.target})
        slack = Actor(id="U1", via="slack")
        told = found.model_copy(update={"plan": plan}).tell("started", "It began.", found.since, by=slack)
        return (await Records(api, installed.home).create(told)).release
    finally:
        await api.close()


async def promote(office: TheOffice, release: str) -> Release | Refusal:
    me = Actor(id=office.whoami, via="cli")
    return await office.desk.act(release, PROMOTE, me, Origin(f"{office.whoami} {release}"))


@pytest.mark.cluster
async def test_without_the_policy_nobody_of_the_command_line_is_a_second_person(
    installed: Installation, tmp_path: Path
) -> None:
    assert not await admission(installed.admin, installed.home)
    await people(installed, "ana")
    release = await asks(installed, tmp_path)
    async with terminal(installed, "ana", tmp_path) as office:
        said = await promote(office, release.id)
        assert isinstance(said, Refusal)
        assert (said.code, "deploy/admission" in said.remedy) == ("unvouched", True)
        checks = {c.name: c.mark for c in await office.desk.doctor()}
        assert checks["admission"] == "unknown"


@pytest.mark.cluster
async def test_with_it_two_people_of_the_command_line_agree_each_under_their_own_name(
    vouched: Installation, tmp_path: Path
) -> None:
    await people(vouched, "ana", "ben")
    release = await asks(vouched, tmp_path)
    async with terminal(vouched, "ana", tmp_path) as office:
        first = await promote(office, release.id)
        assert isinstance(first, Release), first
        assert (first.events[-1].kind, first.pending, first.needed) == ("consent", 1, 2)
        checks = {c.name: c.mark for c in await office.desk.doctor()}
        assert checks["admission"] == "fine"
    async with terminal(vouched, "ben", tmp_path) as office:
        second = await promote(office, release.id)
        assert isinstance(second, Release), second
        assert second.events[-1].kind == "promoted-on"
        assert [c.by.id for c in second.consents] == [account(vouched, n) for n in ("ana", "ben")]
    stood = await vouched.admin.get(Ref(SECRET, vouched.home, f"release.{release.plan.service}.17"))
    marks = vouching.kept(stood["metadata"]["annotations"])
    assert [text.rpartition("/")[0] for text in marks.values()] == [
        "slack:U1",
        *(f"cli:{account(vouched, n)}" for n in ("ana", "ben")),
    ]


@pytest.mark.cluster
async def test_a_consent_written_under_anothers_name_is_refused_or_does_not_count(
    vouched: Installation, tmp_path: Path
) -> None:
    await people(vouched, "ana", "ben", "cat")
    release = await asks(vouched, tmp_path)
    forged = _forged(release, Actor(id=account(vouched, "ben"), via="cli"))
    async with terminal(vouched, "ana", tmp_path) as office:
        records = office._parts.records
        stored = await records.load(release.id)
        assert stored is not None
        with pytest.raises(Invalid, match="may write no other name"):
            await records.swap(stored, forged)
        await _without_marks(records, stored.release, forged)
    async with terminal(vouched, "cat", tmp_path) as office:
        only = await promote(office, release.id)
        assert isinstance(only, Release), only
        assert only.events[-1].kind == "consent", "the forged one does not count"


def _forged(release: Release, ben: Actor) -> Release:
    """As if Ben had agreed."""
    when = release.since + timedelta(minutes=1)
    given = Consent(
        by=ben,
        at=when,
        to="promote",
        revision=release.revision,
        plan=release.plan.hash,
        counts=("decide",),
    )
    update = {"consents": (given,), "pending": 1, "needed": 2, "revision": release.revision + 1}
    return release.model_copy(update=update).tell(
        "consent", "Ben agrees.", when, by=ben, consent=given.model_dump(mode="json")
    )


async def _without_marks(records: Records, before: Release, forged: Release) -> None:
    """By hand: the record's text alone, its annotations as they stand."""
    ref = Ref(SECRET, records.namespace, f"release.{before.plan.service}.{before.number}")
    stood: Obj = await records.api.get(ref)
    data: dict[str, Any] = {"record": base64.b64encode(forged.model_dump_json().encode()).decode()}
    await records.api.replace(ref, {**stood, "data": data})

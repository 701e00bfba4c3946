"""A bot as deploy/ installs it: a namespace of its own, one of services, and its account's token instead of an admin's.

Everything is made for one test and gone after it. What the bot sends is remembered, so that the rights it has can be
compared with those it used.
"""

import asyncio
import re
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.cluster.api import Api
from bot.cluster.records import Stored
from bot.engine.timers import Timers
from bot.grammar.command import Start
from bot.grammar.parse import parse
from bot.main import Parts, connected
from bot.ports import NoSurface, Origin, Preview
from bot.settings import Settings
from strategies.objects import DEPLOYMENT, NAMESPACE, Kind, Obj, Ref, name_of
from strategies.release import Actor, Intent, IntentKind, Release, State
from strategies.target import rolling

DEPLOY = Path(__file__).parents[2] / "deploy"
ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
_RBAC = "rbac.authorization.k8s.io/v1"
CLUSTER_ROLE = Kind(_RBAC, "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_BINDING = Kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)
TOKEN_LIFE = 3600  # seconds
PATIENCE = 180.0  # seconds until a release that does not end has failed
PERSON = Actor(id="kim", via="cli")
OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {namespace}
resources: [{base}]
"""
_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/?]+))?)?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
Right = tuple[str, str, str]  # group, resource, verb; as in a Role


@dataclass
class Sent:
    """The requests of a bot: which rights they used, in which namespace, and which were refused."""

    used: set[tuple[str, Right]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def note(self, method: str, url: str, status: int) -> None:
        """One request that was answered."""
        found = _PATH.search(url.partition("?")[0])
        if status in (401, 403):
            self.refused.append(f"{method} {url.partition('//')[2].partition('/')[2]}: {status}")
        if found is None:
            return
        resource = found["resource"] + (f"/{found['sub']}" if found["sub"] else "")
        seen = "get" if found["name"] else "watch" if "watch=true" in url else "list"
        self.used.add((found["namespace"], (found["group"] or "", resource, _VERBS.get(method, seen))))

    def rights(self, namespace: str) -> set[Right]:
        """What was used there."""
        return {right for where, right in self.used if where == namespace}


@dataclass
class Bot:
    """The desk and an engine, with a person who says yes."""

    parts: Parts
    changed: asyncio.Event

    async def release(self, line: str, *answers: str) -> Release:
        """A whole release; `answers` to its questions in their order, `promote` to all after them."""
        command = parse(line)
        assert isinstance(command, Start), command
        preview = await self.parts.desk.preview(command.spec)
        assert isinstance(preview, Preview), preview
        started = await self.parts.desk.start(command.spec, preview.plan.hash, PERSON, _origin())
        assert isinstance(started, Release), started
        left, asked = list(answers), -1
        async with asyncio.timeout(PATIENCE):
            while True:
                self.changed.clear()
                stored = self.parts.records.latest(started.id)
                found = stored.release if stored else started
                story = "\n".join(f"[{e.kind}] {e.text}" for e in found.events)
                assert found.state is not State.HOLDING, f"{found.reason}\n{story}"
                if stored is not None and stored.sealed:
                    return found
                if found.state is State.ASKING and found.revision != asked:
                    asked = found.revision
                    intent = Intent(kind=IntentKind(left.pop(0) if left else "promote"))
                    done = await self.parts.desk.act(found.id, intent, PERSON, _origin(), asked)
                    assert isinstance(done, Release), done
                    continue
                await self.changed.wait()

    async def until(self, release: str, wanted: Callable[[Stored], bool], but: int = -1) -> Stored:
        """The record once it is so, and of another revision than one seen already."""
        stored: Stored | None = None
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self.changed.clear()
                    stored = self.parts.records.latest(release)
                    if stored and wanted(stored) and (stored.sealed or stored.release.revision != but):
                        return stored
                    await self.changed.wait()
        except TimeoutError:
            found = stored.release if stored else None
            story = [f"{e.at:%M:%S} [{e.kind}] {e.text}" for e in found.events] if found else []
            where = f"{found.state} {found.step} {found.reason}" if found else "no record"
            raise AssertionError("\n".join([f"not within {PATIENCE:g} s: {where}", *story])) from None


@dataclass
class Installation:
    """What was applied, and how to be the bot in it."""

    admin: Api
    home: str
    target: str
    settings: Settings
    sent: Sent

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[Bot]:
        """The bot, put together as in production, without Slack."""
        async with connected(self.settings) as parts:
            await parts.records.watch()
            timers, changed = Timers(), asyncio.Event()
            timers.start()
            engine = parts.engine(NoSurface(), timers)
            told = parts.records.changed

            def noticed(release: str) -> None:
                told(release)
                changed.set()

            parts.records.on_change(noticed)
            running = asyncio.create_task(engine.run())
            try:
                yield Bot(parts, changed)
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                timers.stop()
                await parts.records.stop()

    async def apply(self, text: str) -> None:
        """A user's manifests, into the namespace of services, until their pods are ready."""
        for manifest in yaml.safe_load_all(text):
            await apply(self.admin, manifest, self.target)
            if manifest["kind"] == "Deployment":
                await self._available(manifest["metadata"]["name"])

    async def annotate(self, deployment: str, notes: dict[str, str]) -> None:
        """As `kubectl annotate` does; once the Deployment's controller has seen it."""
        ref = Ref(DEPLOYMENT, self.target, deployment)
        await self.admin.patch(ref, {"metadata": {"annotations": notes}}, "merge", manager="kubectl-annotate")
        await self._available(deployment)

    async def all(self, kind: Kind) -> list[Obj]:
        """Every object of a kind where the services are."""
        return list((await self.admin.list(kind, self.target))["items"])

    async def _available(self, name: str) -> None:
        listed = await self.admin.list(DEPLOYMENT, self.target)
        if any(name_of(d) == name and not rolling(d) for d in listed["items"]):
            return
        async with asyncio.timeout(PATIENCE):
            async for event in self.admin.watch(
                DEPLOYMENT, self.target, seen=listed["metadata"]["resourceVersion"]
            ):
                found = event["object"]
                if found["metadata"]["name"] == name and not rolling(found):
                    return


def rendered(folder: str, namespace: str, scratch: Path) -> list[Obj]:
    """What `kubectl apply -k` would send for a folder of deploy/, in another namespace."""
    if shutil.which("kubectl") is None:
        pytest.fail("these tests render deploy/ with kubectl, which is not here")
    if not (scratch / "deploy").exists():
        shutil.copytree(DEPLOY, scratch / "deploy")
    overlay = scratch / f"overlay-{len(list(scratch.iterdir()))}"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(OVERLAY.format(namespace=namespace, base=f"../{folder}"))
    made = subprocess.run(["kubectl", "kustomize", str(overlay)], check=True, capture_output=True, text=True)  # noqa: S603, S607  # no word of it is anybody's input; whichever kubectl the person uses
    return list(yaml.safe_load_all(made.stdout))


async def apply(api: Api, manifest: Obj, namespace: str = "", *, dry_run: bool = False) -> Obj:
    """Server-side apply of one manifest."""
    name = manifest["kind"].lower()
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}es" if name.endswith("s") else f"{name}s"
    everywhere = manifest["kind"].startswith(("Namespace", "Cluster", "Validating"))
    kind = Kind(manifest["apiVersion"], manifest["kind"], plural, namespaced=not everywhere)
    ref = Ref(kind, manifest["metadata"].get("namespace") or namespace, manifest["metadata"]["name"])
    return await api.patch(ref, manifest, "apply", force=True, manager="test", dry_run=dry_run)


def granted(manifest: Obj) -> Iterator[Right]:
    """Each right of a Role by itself."""
    for rule in manifest["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((group, resource, verb) for verb in rule["verbs"])


@pytest.fixture
async def admin() -> AsyncIterator[Api]:
    """The cluster in KUBECONFIG, as whoever that says."""
    api = await Api.connect()
    yield api
    await api.close()


@pytest.fixture
async def installed(
    admin: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    """deploy/ and deploy/target applied, all but the pods; what is sent after that is the bot's."""
    name = f"deploy-{uuid.uuid4().hex[:8]}"
    home, target = name, f"{name}-target"
    await apply(admin, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": target}})
    for manifest in rendered("deploy", home, tmp_path):
        if manifest["kind"].startswith("ClusterRole"):  # others may be testing on the same cluster
            manifest["metadata"]["name"] += f"-{home}"
            if "roleRef" in manifest:
                manifest["roleRef"]["name"] += f"-{home}"
        await apply(admin, manifest, dry_run=manifest["kind"] == "Deployment")
    for manifest in rendered("deploy/target", target, tmp_path):
        if manifest["kind"] == "RoleBinding":
            manifest["subjects"][0]["namespace"] = home
        await apply(admin, manifest)
    settings = Settings(
        kubeconfig=str(await kubeconfig(admin, home, tmp_path)),
        namespace=home,
        policy=str(_policy(target, tmp_path)),
    )
    try:
        yield Installation(admin, home, target, settings, _listening(monkeypatch, admin))
    finally:
        for kind in (CLUSTER_ROLE, CLUSTER_BINDING):
            await admin.delete(Ref(kind, "", f"graylight-classes-{home}"))
        for namespace in (home, target):
            await admin.delete(Ref(NAMESPACE, "", namespace))


async def kubeconfig(admin: Api, home: str, scratch: Path, account: str = "graylight") -> Path:
    """An account's token in place of the admin's credentials."""
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_LIFE},
    }
    token = (await admin.create(ACCOUNT, home, request, name=account, subresource="token"))["status"]["token"]
    settings = admin._client.configuration
    cluster = {"server": settings.host, "certificate-authority": settings.ssl_ca_cert}
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "bot", "user": {"token": token}}],
        "contexts": [{"name": "bot", "context": {"cluster": "it", "user": "bot"}}],
        "current-context": "bot",
    }
    path = scratch / f"kubeconfig-{account}"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(written))
    return path


def _policy(target: str, scratch: Path) -> Path:
    path = scratch / "policy.yaml"
    path.write_text(yaml.safe_dump({"environments": {"default": {"namespace": target}}}))
    return path


def _listening(monkeypatch: pytest.MonkeyPatch, admin: Api) -> Sent:
    """Remember every request but the admin's."""
    sent, really = Sent(), Api._raw

    async def raw(self: Api, method: str, url: str, *rest: Any) -> aiohttp.ClientResponse:
        response = await really(self, method, url, *rest)
        if self is not admin:
            sent.note(method, url, response.status)
        return response

    monkeypatch.setattr(Api, "_raw", raw)
    return sent


async def begin(bot: Bot, line: str) -> Release:
    """Previewed and started."""
    command = parse(line)
    assert isinstance(command, Start), command
    preview = await bot.parts.desk.preview(command.spec)
    assert isinstance(preview, Preview), preview
    started = await bot.parts.desk.start(command.spec, preview.plan.hash, PERSON, _origin())
    assert isinstance(started, Release), started
    return started


async def say(bot: Bot, release: str, kind: IntentKind) -> None:
    """A person's intent, whatever is shown."""
    done = await bot.parts.desk.act(release, Intent(kind=kind), PERSON, _origin())
    assert isinstance(done, Release), done


def _origin() -> Origin:
    return Origin(f"test-{uuid.uuid4().hex}")

"""A hand-written office: real plans and real releases, an engine that does what a test's script says, no cluster.

A script is a coroutine function: it gets the office and moves the release (`move`), or waits for a person (`until`). It
runs while somebody leads, as the engine does: from the start where `elsewhere`, else while `engine()` is entered.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.ports import LockAnswer, LockWish, Looked, Origin, Place, Preview, Verdict, Whoami
from strategies.consent import Action, Allowed
from strategies.hints import Hints
from strategies.locks import Lock
from strategies.objects import DEPLOYMENT, INGRESS, POD, SERVICE, Obj
from strategies.people import Standing
from strategies.plan import Plan
from strategies.planner import plan as planned
from strategies.probe import Probe
from strategies.refusal import Refusal
from strategies.release import Actor, Counted, Intent, Measured, Release, State
from strategies.samples import Side, Tally
from strategies.snapshot import Snapshot
from strategies.spec import ReleaseSpec, Strategy
from tests.affairs import FakeAffairs

SEED = Path(__file__).with_name("service.yaml")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROBE = Probe(url="http://hi.k8sdemo.com/hello", connect="127.0.0.1:31721")
ANA = Actor(id="U0ANA", via="slack")
ME = Actor(id="kim", via="cli")

Script = Callable[["FakeOffice"], Awaitable[None]]


def snapshot() -> Snapshot:
    """The service of `service.yaml`: three pods of v2."""
    kinds = {"Deployment": DEPLOYMENT, "Service": SERVICE, "Ingress": INGRESS}
    objects: dict[Any, dict[str, Obj]] = {}
    for found in yaml.safe_load_all(SEED.read_text()):
        found["metadata"] |= {"namespace": "shop", "generation": 1}
        if found["kind"] == "Deployment":
            found["status"] = {
                "observedGeneration": 1,
                "replicas": 3,
                "updatedReplicas": 3,
                "availableReplicas": 3,
            }
        objects.setdefault(kinds[found["kind"]], {})[found["metadata"]["name"]] = found
    objects[POD] = {f"k8sdemo-{n}": _pod(n) for n in range(3)}
    return Snapshot("shop", objects)


def _pod(number: int) -> Obj:
    owner = {"kind": "ReplicaSet", "name": "k8sdemo-deploy-5d9c", "controller": True}
    labels = {"app": "k8sdemo", "version": "v2", "pod-template-hash": "5d9c"}
    return {
        "metadata": {"name": f"k8sdemo-{number}", "labels": labels, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "k8sdemo", "image": "shop/k8sdemo:v2"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def plan(spec: ReleaseSpec) -> Plan | Refusal:
    """As the desk would."""
    return planned(spec, snapshot(), Hints(probe=PROBE))


def release(number: int = 17, *, actor: Actor = ME, **wishes: Any) -> Release:
    """A release that has just been started."""
    spec = ReleaseSpec(strategy=Strategy.CANARY, service="k8sdemo", version="v6", **wishes)
    made = plan(spec)
    assert isinstance(made, Plan), made
    found = Release(
        id=f"k8sdemo-{number}",
        number=number,
        plan=made.bind(f"k8sdemo-{number}"),
        started_by=actor,
        started_at=NOW,
        since=NOW,
        stable_pods=Counted(ready=3, total=3),
    )
    return found.tell("started", f"{actor.id} started it.", NOW, by=actor)


def at(found: Release, state: State, text: str = "", **more: Any) -> Release:
    """The same release in another state, at its first soak, with one more event."""
    soak = next(n for n, step in enumerate(found.plan.steps) if step.kind == "soak")
    base = {"cursor": soak, "canary_pods": Counted(ready=1, total=1), "changed": True}
    if state in {State.PROMOTED, State.ROLLED_BACK, State.CANCELLED, State.FAILED}:
        base = {"ended_at": NOW + timedelta(minutes=5)}
    moved = found.become(state, NOW, **(base | more))
    return moved.tell(state.value, text or f"It is {state.value}.", NOW) if text is not None else moved


MEASURED = Measured(asked=25, hits=24, n=100, verdict="proven", at=NOW)


class FakeOffice(FakeAffairs):
    """`Office` and `Desk` over one list of records; `acted` is what people asked for."""

    def __init__(
        self, script: Script | None = None, *, found: Release | None = None, elsewhere: bool = False
    ) -> None:
        self.whoami = "kim"
        self.elsewhere = elsewhere
        self.led_here = False
        self.script = script
        self.records = [found] if found else []
        self.acted: list[Intent] = []
        self.deliveries: list[str] = []
        self.started: list[tuple[ReleaseSpec, str]] = []
        self.past: list[Release] = []
        self.refusal: Refusal | None = None
        self.forbidden: Refusal | None = None
        self.held: Lock | None = None
        self.set_up()
        self.failure: Exception | None = None
        self.notes: tuple[str, ...] = ()
        self.followed = asyncio.Event()
        self._changed = asyncio.Condition()

    @property
    def desk(self) -> "FakeOffice":
        """The use-cases: all in one here."""
        return self

    @property
    def release(self) -> Release:
        """The newest record."""
        return self.records[-1]

    async def push(self, found: Release) -> None:
        """One more record, for everybody who follows."""
        async with self._changed:
            self.records.append(found)
            self._changed.notify_all()

    async def move(self, state: State, text: str = "", **more: Any) -> None:
        """The engine's move."""
        await self.push(at(self.release, state, text, **more))

    async def until(self, kind: str) -> None:
        """Until a person asks for this."""
        async with self._changed:
            await self._changed.wait_for(lambda: any(i.kind == kind for i in self.acted))

    # Office

    async def engine_elsewhere(self) -> bool:
        """As the test says."""
        return self.elsewhere

    async def follow(self, release_id: str) -> AsyncIterator[Release]:
        """The newest record, then each one."""
        assert self.release.id == release_id
        self.followed.set()
        seen = len(self.records) - 1
        while True:
            async with self._changed:
                while len(self.records) <= seen:
                    await self._changed.wait()
            yield self.records[seen]
            if self.records[seen].ended:
                return
            seen += 1

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[bool]:
        """The script, as long as somebody follows."""
        self.led_here = not self.elsewhere
        task = asyncio.create_task(self._play())
        try:
            yield self.led_here
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _play(self) -> None:
        if self.script is not None:
            await self.followed.wait()
            await self.script(self)

    # Desk

    async def preview(self, spec: ReleaseSpec) -> Preview | Refusal:
        """A real plan."""
        self._fail()
        made = plan(spec)
        return self.refusal or (made if isinstance(made, Refusal) else Preview(made, self.notes))

    async def start(
        self, spec: ReleaseSpec, plan_hash: str, actor: Actor, origin: Origin
    ) -> Release | Refusal:
        """The record, as if the plan had not changed."""
        self.deliveries.append(origin.delivery)
        self.started.append((spec, plan_hash))
        await self.push(release(actor=actor, **spec.model_dump(exclude={"strategy", "service", "version"})))
        return self.release

    async def act(
        self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
    ) -> Release | Refusal:
        """What `Release.on` makes of it; a stale revision loses."""
        self.deliveries.append(origin.delivery)
        if revision is not None and revision != self.release.revision:
            return Refusal(code="stale", what=f"{release_id} has moved on.")
        moved = self.release.on(intent, actor, NOW)
        if isinstance(moved, Release):
            self.acted.append(intent)
            await self.push(moved)
        return moved

    async def find(self, target: str | None) -> Release | Refusal:
        """The one release there is."""
        self._fail()
        if not self.records or target not in {None, self.release.id, "k8sdemo"}:
            return Refusal(
                code="no-such-release", what=f"There is no release `{target}`.", remedy="`/release status`"
            )
        return self.release

    async def running(self) -> Sequence[Release]:
        """It, unless it has ended."""
        self._fail()
        return [r for r in self.records[-1:] if not r.ended]

    async def history(self, service: str, limit: int) -> Sequence[Release]:
        """`past`."""
        return [r for r in self.past if r.plan.service == service][:limit]

    async def samples(self, target: str | None, count: int | None) -> Looked | Refusal:
        """A hundred answers, one with an escape in it."""
        assert target in {None, "k8sdemo", self.release.id}
        new = Side(
            n=24, statuses={"200": 24}, p50=2.1, p95=4.0, example="Hello v6 \x1b[2J", example_status=200
        )
        old = Side(n=76, failed=1, statuses={"200": 75, "503": 1}, p50=2.4, p95=9.1, example="Hello v2")
        return Looked(
            self.release, "k8sdemo", "v2", "v6", 25, Tally(sent=count or 100, new=new, old=old), proxied=False
        )

    async def may_start(self, spec: ReleaseSpec, actor: Actor) -> Refusal | None:
        """What was put down."""
        _ = spec, actor
        return self.forbidden

    async def rights(self, actor: Actor) -> Whoami:
        """Somebody who may do everything."""
        every = tuple(Verdict(action, Allowed()) for action in Action)
        return Whoami(actor, Standing.MEMBER, ("shop",), (Place("default", "", every),))

    async def lock(self, wish: LockWish, actor: Actor) -> LockAnswer | Refusal:
        """Theirs."""
        self.held = Lock(
            by=actor,
            reason=wish.reason,
            since=NOW,
            until=NOW + timedelta(seconds=wish.seconds),
            service=wish.service,
            environment=wish.environment,
            base=wish.service,
        )
        return LockAnswer("locked", self.held)

    async def unlock(self, service: str, environment: str, actor: Actor) -> LockAnswer | Refusal:
        """Gone."""
        _ = environment, actor
        if self.held is None:
            return Refusal(code="not-locked", what=f"Nobody has locked {service}.")
        held, self.held = self.held, None
        return LockAnswer("freed", held)

    async def agree(self, lock: Lock, actor: Actor) -> LockAnswer | Refusal:
        """The next one's."""
        _ = actor
        return LockAnswer("handed", lock)

    async def locked(self) -> Sequence[Lock]:
        """The one there is."""
        return [self.held] if self.held else []

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

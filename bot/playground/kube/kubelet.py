"""The node: schedules pods, gives them addresses, runs their containers, tells their status, lets them drain.

One task per pod. A pod is ready when its containers are and every readiness gate's condition is True, whoever sets it.
A deleted pod is out of its Services' endpoints at once and serves on for its grace.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from bot.playground.kube import pods as p
from bot.playground.kube.addresses import Addresses
from bot.playground.kube.answers import Refusal, bad_request
from bot.playground.kube.containers import Around, Container, Pace
from bot.playground.kube.deletes import finish
from bot.playground.kube.events import Recorder
from bot.playground.kube.images import Behaviour, behaviour_of
from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import Writer
from bot.playground.kube.scheduler import ADDRESS, NODE_NAME, unschedulable
from bot.playground.kube.store import Change
from bot.playground.kube.times import now
from strategies.objects import POD, Obj, at, meta, name_of, namespace_of, uid_of

_NAME = "kubelet"
_STATUS = Writer(manager=_NAME, subresource="status")
_BINDING = Writer(manager="kube-scheduler", subresource="binding")
_SCHEDULED = Writer(manager="kube-scheduler", subresource="status")


class Kubelet:
    """Runs every pod of the store."""

    def __init__(
        self, registry: Registry, addresses: Addresses, pace: Pace, images: dict[str, Behaviour | None]
    ) -> None:
        self.registry = registry
        self.addresses = addresses
        self.pace = pace
        self.images = images
        self.record = Recorder(registry, _NAME)
        self._pods: dict[str, Pod] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[str] = set()
        registry.store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        if change.kind != POD:
            return
        uid = uid_of(change.obj)
        if change.type == "ADDED":
            self._pods[uid] = Pod(self, change.obj)
            task = asyncio.ensure_future(self._pods[uid].live())
            self._tasks[uid] = task
            task.add_done_callback(lambda _: self._tasks.pop(uid, None))
        elif pod := self._pods.get(uid):
            pod.heard(change)
        if change.type == "DELETED":
            self._pods.pop(uid, None)
            for other in self._pods.values():
                other.room.set()

    def log(self, pod: Obj, container: str, *, lines: int | None, previous: bool) -> str:
        """The last lines of a container's log."""
        names = [c["name"] for c in at(pod, "spec", "containers", default=[])]
        if container and container not in names:
            raise bad_request(f"container {container} is not valid for pod {name_of(pod)}")
        running = self._pods.get(uid_of(pod))
        found = (
            next((c for c in running.containers if c.name == (container or names[0])), None)
            if running
            else None
        )
        if found is None or (not found.log and not previous):
            raise bad_request(
                f'container "{container or names[0]}" in pod "{name_of(pod)}" is waiting to start'
            )
        if previous and not found.restarts:
            words = f'previous terminated container "{found.name}" in pod "{name_of(pod)}" not found'
            raise Refusal(400, "BadRequest", words)
        text = (found.previous if previous and found.running else found.log)[-(lines or 10**6) :]
        return "".join(f"{line}\n" for line in text)

    def log_of(self, pod: Obj, query: Mapping[str, str]) -> str:
        """As `log`, from a query string."""
        lines = int(query["tailLines"]) if "tailLines" in query else None
        return self.log(
            pod, query.get("container", ""), lines=lines, previous=query.get("previous") == "true"
        )

    async def close(self) -> None:
        """End every pod at once."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for pod in list(self._pods.values()):
            await pod.end()


class Pod:
    """One pod on the node."""

    def __init__(self, node: Kubelet, obj: Obj) -> None:
        self._node = node
        self._namespace, self._name, self._uid = namespace_of(obj), name_of(obj), uid_of(obj)
        self._spec: Obj = obj["spec"]
        self._address = ""
        self._began = ""
        self._work: list[asyncio.Task[None]] = []
        self._leaving = asyncio.Event()
        self._hurry = asyncio.Event()
        self.room = asyncio.Event()
        self.containers: list[Container] = []

    def heard(self, change: Change) -> None:
        """The pod's object changed: it is to go, or a gate's condition was set."""
        if change.type == "DELETED":
            self._leaving.set()
            self._hurry.set()
        elif p.terminating(change.obj):
            self._leaving.set()
            if meta(change.obj).get("deletionGracePeriodSeconds") == 0:
                self._hurry.set()
        elif self.containers and change.before is not None:
            self.tell()

    def _obj(self) -> Obj | None:
        found = self._node.registry.store.get(POD, self._namespace, self._name)
        return found if found and uid_of(found) == self._uid else None

    def _say(self, reason: str, message: str, kind: str = "Normal") -> None:
        if found := self._obj():
            self._node.record.say(found, reason, message, kind)

    async def live(self) -> None:
        """From Pending to gone."""
        leaving = asyncio.ensure_future(self._leaving.wait())
        life = asyncio.ensure_future(self._run())
        try:
            await asyncio.wait({leaving, life}, return_when=asyncio.FIRST_COMPLETED)
            if life.done() and life.exception():
                await life
            await self._leaving.wait()
            if not life.done():
                life.cancel()
            await self._drain()
        finally:
            leaving.cancel()
            life.cancel()
            await self.end()
        if found := self._obj():
            finish(self._node.registry, BY_KIND[POD], found)

    async def _run(self) -> None:
        await self._schedule()
        address = self._node.addresses.take()
        if address is None:
            self._say("FailedCreatePodSandBox", "no free pod address", "Warning")
            return
        self._address, self._began = address, now()
        around = Around(address, self._node.pace, self.tell, self._say)
        self.containers = [
            Container(spec, behaviour_of(str(spec.get("image", "")), self._node.images), around)
            for spec in self._spec.get("containers") or []
        ]
        self.tell()
        self._work = [asyncio.ensure_future(c.live()) for c in self.containers]
        await asyncio.gather(*self._work)

    async def _schedule(self) -> None:
        """Take the node, or tell why not and wait until some pod goes."""
        while True:
            found = self._obj()
            if found is None:
                await asyncio.Event().wait()
                return
            if at(found, "spec", "nodeName"):
                return
            why = unschedulable(self._node.registry.store, found)
            if not why:
                break
            self._condition(found, status="False", reason="Unschedulable", message=why)
            self._say("FailedScheduling", why, "Warning")
            self.room.clear()
            await self.room.wait()

        def bind(pod: Obj) -> None:
            pod["spec"]["nodeName"] = NODE_NAME

        bound = self._node.registry.mend(BY_KIND[POD], found, bind, _BINDING)
        self._condition(bound, status="True")
        self._say("Scheduled", f"Successfully assigned {self._namespace}/{self._name} to {NODE_NAME}")

    def _condition(self, found: Obj, **fields: str) -> None:
        def tell(pod: Obj) -> None:
            old = pod.setdefault("status", {}).get("conditions") or []
            pod["status"]["conditions"] = p.set_condition(old, "PodScheduled", now(), **fields)

        self._node.registry.mend(BY_KIND[POD], found, tell, _SCHEDULED)

    def tell(self) -> None:
        """Write the pod's status as it is now."""
        found = self._obj()
        if found is None:
            return
        unready = [c.name for c in self.containers if not c.ready]
        started = any(c.running or c.restarts for c in self.containers)

        def write(pod: Obj) -> None:
            status = pod.setdefault("status", {})
            conditions = status.get("conditions") or []
            for kind in ("PodReadyToStartContainers", "Initialized"):
                conditions = p.set_condition(conditions, kind, now(), status="True")
            waits = f"containers with unready status: [{' '.join(unready)}]"
            why = {"reason": "ContainersNotReady", "message": waits} if unready else {}
            verdict = "False" if unready else "True"
            conditions = p.set_condition(conditions, "ContainersReady", now(), status=verdict, **why)
            closed = [] if unready else _closed_gates(self._spec, conditions)
            if closed:
                why, verdict = {"reason": "ReadinessGatesNotReady", "message": "; ".join(closed)}, "False"
            conditions = p.set_condition(conditions, "Ready", now(), status=verdict, **why)
            status |= {
                "phase": "Running" if started else "Pending",
                "conditions": conditions,
                "containerStatuses": [c.status() for c in self.containers],
                "hostIP": ADDRESS,
                "hostIPs": [{"ip": ADDRESS}],
                "podIP": self._address,
                "podIPs": [{"ip": self._address}],
                "startTime": self._began,
                "qosClass": "BestEffort",
                "observedGeneration": meta(pod).get("generation", 1),
            }

        self._node.registry.mend(BY_KIND[POD], found, write, _STATUS)

    async def _drain(self) -> None:
        """Serve on for the grace; a second delete with grace 0 cuts it short."""
        found = self._obj()
        seconds = float(meta(found).get("deletionGracePeriodSeconds", 0)) if found else 0.0
        if not found or self._hurry.is_set() or not self.containers:
            return
        self._say("Killing", "Stopping container")
        draining = asyncio.ensure_future(self._drain_all(seconds))
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurry):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _drain_all(self, seconds: float) -> None:
        await asyncio.gather(*(c.drain(seconds) for c in self.containers))

    async def end(self) -> None:
        """Stop everything and give the address back."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._work = []
        await asyncio.gather(*(c.end() for c in self.containers))
        self.containers = []
        if self._address:
            self._node.addresses.give(self._address)
            self._address = ""


def _closed_gates(spec: Obj, conditions: list[Obj]) -> list[str]:
    told = []
    for gate in spec.get("readinessGates") or []:
        kind = gate["conditionType"]
        found = next((c for c in conditions if c["type"] == kind), None)
        if found is None:
            told.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found.get("status") != "True":
            told.append(f'the status of pod readiness gate "{kind}" is not "True", but {found.get("status")}')
    return told

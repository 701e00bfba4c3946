"""One container: waits for its image, runs, is probed, crashes and comes back, ends.

What it is doing is always told by `state`; every change calls `changed`. Back-off after crashes doubles from its first
value as the kubelet's does.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.kube.demo import Program
from bot.playground.kube.images import Behaviour
from bot.playground.kube.times import now
from strategies.objects import Obj, at

DEFAULT_PORT = 60001


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast pods live, in seconds: start of a container, draining after SIGTERM, first back-off after a crash."""

    start: float = 0.3
    grace: float = 3.0
    backoff: float = 10.0


@dataclass(frozen=True, slots=True)
class Around:
    """What a container has around it: its pod's address, the pace, and who wants to hear of it."""

    address: str
    pace: Pace
    changed: Callable[[], None]
    say: Callable[[str, str, str], None]


class Container:
    """A container of a pod, with its process."""

    def __init__(self, spec: Obj, behaviour: Behaviour | None, around: Around) -> None:
        self.spec = spec
        self.name = str(spec["name"])
        self._behaviour = behaviour
        self._address = around.address
        self._pace = around.pace
        self._changed = around.changed
        self._say = around.say
        self._program: Program | None = None
        self.state: Obj = {"waiting": {"reason": "ContainerCreating"}}
        self.last: Obj = {}
        self.ready = False
        self.restarts = 0
        self.log: list[str] = []
        self.previous: list[str] = []

    @property
    def running(self) -> bool:
        """Its process runs."""
        return "running" in self.state

    def status(self) -> Obj:
        """The ContainerStatus."""
        image = self.spec.get("image", "")
        return {
            "name": self.name,
            "image": image,
            "imageID": f"playground://{image}" if self._behaviour else "",
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.running,
            "state": self.state,
            "lastState": self.last,
        }

    async def live(self) -> None:
        """Run until cancelled."""
        while self._behaviour is None:
            await self._no_image()
        behaviour, wait = self._behaviour, self._pace.start
        while True:
            await asyncio.sleep(wait)
            await self._begin(behaviour)
            crash = behaviour.crash_after
            probing = asyncio.ensure_future(self._probe())
            try:
                await asyncio.sleep(crash if crash is not None else 10**9)
            finally:
                probing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await probing
            await self._crash(behaviour)
            wait = await self._back_off()

    async def _no_image(self) -> None:
        """Tell that the image is not there, forever: nobody can bring it."""
        image, pull = self.spec.get("image", ""), self.spec.get("imagePullPolicy")
        if pull == "Never":
            words = f'Container image "{image}" is not present with pull policy of Never'
            self._wait("ErrImageNeverPull", words)
            self._say("ErrImageNeverPull", words, "Warning")
            self._say("Failed", "Error: ErrImageNeverPull", "Warning")
        else:
            words = f'failed to pull and unpack image "{image}": not found'
            self._say("Pulling", f'Pulling image "{image}"', "Normal")
            self._wait("ErrImagePull", words)
            self._say("Failed", f'Failed to pull image "{image}": {words}', "Warning")
            await asyncio.sleep(self._pace.start)
            self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {words}')
            self._say("BackOff", f'Back-off pulling image "{image}"', "Normal")
        await asyncio.Event().wait()

    def _wait(self, reason: str, message: str) -> None:
        self.state = {"waiting": {"reason": reason, "message": message}}
        self._changed()

    async def _begin(self, behaviour: Behaviour) -> None:
        declared = tuple(
            q["containerPort"] for q in self.spec.get("ports") or [] if q.get("protocol", "TCP") == "TCP"
        )
        self._program = Program(behaviour, self._address, declared or (DEFAULT_PORT,))
        await self._program.start()
        image = self.spec.get("image", "")
        self._say("Pulled", f'Container image "{image}" already present on machine', "Normal")
        self._say("Started", "Container started", "Normal")
        self.previous, self.log = self.log, [f"listening on {self._address}"]
        self.state = {"running": {"startedAt": now()}}
        self.ready = "readinessProbe" not in self.spec
        self._changed()

    async def _probe(self) -> None:
        """Ask the readiness probe, each period; as many answers as its thresholds say change the verdict."""
        probe = self.spec.get("readinessProbe")
        if not probe:
            return
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        good = bad = 0
        while True:
            ok = self._passes(probe)
            good, bad = (good + 1, 0) if ok else (0, bad + 1)
            verdict = self.ready
            if good >= probe.get("successThreshold", 1):
                verdict = True
            elif bad >= probe.get("failureThreshold", 3) or not self.ready:
                verdict = False
            if not ok:
                self._say(
                    "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "Warning"
                )
            if verdict != self.ready:
                self.ready = verdict
                self._changed()
            await asyncio.sleep(probe.get("periodSeconds", 10))

    def _passes(self, probe: Obj) -> bool:
        if self._program is None:
            return False
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if kind in probe and self._number(probe[kind].get("port")) not in self._program.ports:
                return False
        if "httpGet" not in probe:
            return True
        return 200 <= self._program.health(str(at(probe, "httpGet", "path", default="/"))) < 400  # noqa: PLR2004  # success of a probe

    def _number(self, port: int | str | None) -> int:
        if isinstance(port, int):
            return port
        named = [q["containerPort"] for q in self.spec.get("ports") or [] if q.get("name") == port]
        return int(named[0]) if named else 0

    async def _crash(self, behaviour: Behaviour) -> None:
        began = at(self.state, "running", "startedAt", default=now())
        self.log.append(behaviour.crash_line)
        ended = {"exitCode": 1, "reason": "Error", "startedAt": began, "finishedAt": now()}
        if self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            ended["message"] = behaviour.crash_line + "\n"
        self.state, self.ready = {"terminated": ended}, False
        self._changed()
        if self._program:
            await self._program.stop()

    async def _back_off(self) -> float:
        """The first restart comes at once, later ones after a wait that is told; answers the rest of the wait."""
        self.last = self.state
        wait = self._pace.backoff * 2 ** (self.restarts - 1) if self.restarts else 0.0
        if wait:
            words = f"back-off {int(wait)}s restarting failed container={self.name}"
            self.state = {"waiting": {"reason": "CrashLoopBackOff", "message": words}}
            self._say("BackOff", f"Back-off restarting failed container {self.name}", "Warning")
            self._changed()
        self.restarts += 1
        await asyncio.sleep(min(wait, 300.0))
        return self._pace.start

    async def drain(self, seconds: float) -> None:
        """What SIGTERM does: the preStop sleep, then serving on for the grace, all within the pod's own limit."""
        sleep = float(at(self.spec, "lifecycle", "preStop", "sleep", "seconds", default=0))
        if self.running:
            await asyncio.sleep(min(seconds, sleep + self._pace.grace))

    async def end(self) -> None:
        """The process is gone."""
        if self._program:
            await self._program.stop()
            self._program = None

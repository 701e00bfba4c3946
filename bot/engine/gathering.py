"""Finding out what a decision asks for: answers of pods, samples of traffic, logs. One gatherer per release."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.cluster.api import Api
from bot.cluster.errors import ApiError
from bot.engine.calling import Calling
from bot.engine.proxied import Proxied
from bot.metrics.prometheus import Prometheus
from bot.ports import Clock
from bot.probe.sampler import Sampler
from strategies.course import Point, Probes
from strategies.evidence import (
    AskPods,
    Checked,
    Evidence,
    Forget,
    Gather,
    Look,
    Looked,
    ReadLog,
    SampleProxy,
    SampleUsers,
)
from strategies.objects import POD, Obj
from strategies.pods import Answered, life
from strategies.proof import FIRST, Open, Proof
from strategies.readings import Metered
from strategies.samples import Sample, tally
from strategies.view import View

LOG_PATIENCE = 2.0  # seconds
STREAM = 0.3  # seconds of samples between two looks at the cluster


@dataclass(slots=True)
class Gatherer:
    """Keeps what was learnt; proof and samples belong to one step and begin anew with the next (`of`)."""

    api: Api
    namespace: str
    release: str
    clock: Clock
    sampler: Sampler
    answers: dict[str, Answered] = field(default_factory=dict)
    checks: dict[str, Checked] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    undo: dict[str, Obj] = field(default_factory=dict)
    proof: Proof | None = None
    begun: datetime | None = None
    samples: list[Sample] = field(default_factory=list)
    looked: Looked | None = None
    prometheus: Prometheus = field(default_factory=Prometheus)
    step: tuple[object, ...] = ()
    calling: Calling = field(default_factory=Calling)
    looks: list[Point] = field(default_factory=list)
    _sent: int = 0  # before the present step
    _proxied: Proxied = field(init=False)

    def __post_init__(self) -> None:
        self._proxied = Proxied(self.api, self.namespace)

    @property
    def probes(self) -> Probes:
        """All that was sent since the beginning, the users' way and to pods by themselves."""
        return self._proxied.probes + Probes(sent=self.sampler.sent, failed=self.sampler.failed)

    def of(self, step: tuple[object, ...]) -> None:
        """Begin a new proof where this is another step; the samples of the proof just done serve the soak behind it."""
        if step != self.step:
            self.step, self.proof, self.begun, self.looked = step, None, None, None
            self._sent = self.probes.sent

    def begin_proof(self) -> None:
        """Forget the samples of the proof before."""
        self.proof, self.begun, self.samples, self.looked = None, None, [], None

    def evidence(self) -> Evidence:
        """All of it, as a value."""
        return Evidence(
            answers=dict(self.answers),
            checks=dict(self.checks),
            logs=dict(self.logs),
            undo=self.undo,
            proof=self.proof,
            begun=self.begun,
            tally=tally(self.samples) if self.samples else None,
            samples=tuple(self.samples),
            look=self.looked,
            sent=self.probes.sent - self._sent,
        )

    async def gather(self, wanted: Gather, view: View, overtaken: Callable[[], bool]) -> None:
        """Find it out, unless the release is `overtaken` meanwhile: a person's click waits for no sample.

        Raises Unreachable when the API server does not answer.
        """
        match wanted:
            case AskPods(pods, times):
                await asyncio.gather(*(self._ask(name, times, view) for name in pods))
            case SampleUsers():
                await self._sample(wanted, view, overtaken)
            case SampleProxy(service, port, batch):
                self.samples += await self._proxied.service(service, port, batch, view.naming())
            case Look():
                await self._look(wanted, view, overtaken)
            case Forget():
                self.begin_proof()
            case ReadLog(pod):
                self.logs[pod] = await self._log(pod, view)

    def _saw(self, taken: list[Sample], view: View) -> None:
        """A look of users as they come, for the course of the release."""
        if taken and (found := view.release.measured):
            self.looks.append(Point.look(self.clock.now(), found.asked, tally(taken)))

    async def _look(self, wanted: Look, view: View, overtaken: Callable[[], bool]) -> None:
        """Samples and metrics of the same moment; a person's click ends it, and nothing of it counts then."""
        plan = view.plan
        metered = (
            asyncio.create_task(self.prometheus.ask(plan.metrics, wanted.queries)) if plan.metrics else None
        )
        try:
            samples = await self._samples(wanted, view, overtaken)
            numbers = await metered if metered else Metered()
        finally:
            if metered:
                metered.cancel()
        if not overtaken():
            self.looked = Looked(self.clock.now(), tuple(samples), numbers, wanted.tracks)

    async def _samples(self, wanted: Look, view: View, overtaken: Callable[[], bool]) -> list[Sample]:
        probe = view.plan.probe
        if probe is None or not wanted.batch:
            return []
        naming = await self.calling.naming(self._proxied, view)
        them = probe.asking(wanted.audience) if wanted.audience else None
        taken = await self.sampler.take(
            probe, wanted.batch, naming, self.release, lambda _: overtaken(), beside=them
        )
        self._saw(taken[::2] if them else taken, view)
        return taken

    async def _sample(self, wanted: SampleUsers, view: View, overtaken: Callable[[], bool]) -> None:
        """A stream of requests that ends with the one that decides; at the least a batch is allowed for."""
        if view.plan.probe is None:
            return
        probe = view.plan.probe.asking(wanted.audience, wanted.path.host if wanted.path else "")
        proof = self.proof or Proof(wanted.asked)
        self.begun = self.begun or self.clock.now()
        naming = await self.calling.naming(self._proxied, view)

        def enough(sample: Sample) -> bool:
            nonlocal proof
            if sample.version:
                proof = proof.add(int(sample.version == "new"), 1)
            elif sample.failed:
                proof = proof.interrupted(answered=sample.status > 0)
            return not isinstance(proof.verdict(), Open) or overtaken()

        most = max(wanted.batch, round(probe.rate * STREAM))
        self.samples += await self.sampler.take(probe, most, naming, self.release, enough)
        self.proof, self.samples = proof, window(self.samples, proof.n)

    async def _ask(self, name: str, times: int, view: View) -> None:
        """One pod by itself, through the API server's pod proxy, with the service's probe or `GET /`."""
        pod = view.snapshot.find(POD, name)
        if pod is None:
            return
        before, fine, said = life(pod), 0, ""
        for _ in range(times):
            answer = await self._proxied.pod(name, view.plan.port, view.plan.probe)
            good = (
                0 < answer.status < 500 if view.plan.probe is None or times == 1 else 0 < answer.status < 400
            )
            fine += good
            said = said if good else answer.error or f"answered {answer.status}"
        if times > 1:
            self.checks[before] = Checked(times, fine, said)
        elif fine:
            self.answers[str(pod["metadata"]["uid"])] = Answered(before, self.clock.now())

    async def _log(self, pod: str, view: View) -> str:
        """The last lines, where they can be had in a moment: a crash is told at once, with or without them."""
        try:
            async with asyncio.timeout(LOG_PATIENCE):
                found = await self.api.logs(self.namespace, pod, view.plan.container)
        except TimeoutError:
            return f"(its log was not to be had within {LOG_PATIENCE:.0f} s)"
        except ApiError as e:
            return f"(its log could not be read: {e})"
        return found.strip()[-1000:] or "(its log is empty)"


def window(samples: list[Sample], n: int) -> list[Sample]:
    """The samples that a proof counts: its last `n` attributed ones, with what could not be attributed among them.

    What was answered before the router moved is no part of the share that is posted. While nothing has moved the
    window is empty again and again: then the newest stand for it, so that a proof which ends so has something to show.
    """
    begin, left = len(samples), n or FIRST
    while begin and left:
        begin -= 1
        left -= bool(samples[begin].version)
    return samples[begin:]

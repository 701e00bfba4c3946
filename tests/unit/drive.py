"""A release driven through a small world: what the engine does with decisions, without anything asynchronous.

It journals, writes, finds out and waits in the same order, and after everything that changed it checks the laws: users
always reach somebody, nobody they reach is unfit, capacity never falls, and no pod stops while somebody may still be
sent to it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from bot.playground.kube.matching import Request
from strategies import planner
from strategies.decide import Decision, decide
from strategies.evidence import (
    AskPods,
    Checked,
    Evidence,
    Gather,
    Look,
    Looked,
    ReadLog,
    SampleProxy,
    SampleUsers,
)
from strategies.finish import lag
from strategies.hints import Hints
from strategies.objects import DEPLOYMENT, HPA, HTTPROUTE, INGRESS, PDB, POD, SERVICE, Obj, name_of, uid_of
from strategies.plan import Plan
from strategies.pods import Answered, life
from strategies.probe import Probe
from strategies.proof import Proof
from strategies.readings import Metered
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State
from strategies.samples import Sample, tally
from strategies.snapshot import Snapshot
from strategies.spec import PODS, ReleaseSpec, Strategy
from strategies.steps import Prove
from strategies.undo import bare, take
from strategies.view import View
from tests.unit.world import Conflict, World

ANA = Actor(id="U0ANA", via="slack")
PROBE = Probe(url="http://hi.k8sdemo.com:31721/hello", method="POST", body='{"name":"fromGW"}')
MOST_TICKS = 3000
STILL = 20  # steps without any movement, after which time may pass faster

Person = Callable[["Run"], IntentKind | None]


def planned(
    seen: Snapshot, strategy: Strategy, *, probe: bool = True, rate: float = PROBE.rate, **asked: Any
) -> Plan | Refusal:
    """A plan of k8sdemo to v6, with short timers; by pods or selectors where no other router is asked for."""
    asked.setdefault("router", PODS.get(strategy))
    spec = ReleaseSpec(
        strategy=strategy,
        service=asked.pop("service", "k8sdemo"),
        version=asked.pop("version", "v6"),
        soak=asked.pop("soak", 4),
        keep=asked.pop("keep", 6),
        **asked,
    )
    return planner.plan(spec, seen, Hints(probe=PROBE.model_copy(update={"rate": rate}) if probe else None))


@dataclass(slots=True)
class Run:
    """One release and its world. `choose` draws which of the serving pods answers: in turn, or by chance."""

    world: World
    release: Release
    evidence: Evidence = field(default_factory=Evidence)
    undo: dict[str, Obj] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    step: tuple[object, ...] = ()
    chance: Random | None = None
    turn: int = 0
    quiet: int = 0
    lawful: bool = True
    floor: int = 0
    seen: list[tuple[Any, frozenset[str]]] = field(default_factory=list)
    before: dict[str, Obj] = field(default_factory=dict)
    journal: list[Release] = field(default_factory=list)
    dies: Callable[[str], bool] = lambda _: False
    sample: Callable[[int], list[Sample]] | None = None
    ask: Callable[[Obj], bool] | None = None
    metered: Metered = field(default_factory=Metered)

    @classmethod
    def begin(cls, world: World, strategy: Strategy, *, probe: bool = True, **asked: Any) -> "Run":
        """Planned and started."""
        plan = planned(world.snapshot(), strategy, probe=probe, **asked)
        assert not isinstance(plan, Refusal), plan
        release = Release(
            id="k8sdemo-17",
            number=17,
            plan=plan.bind("k8sdemo-17"),
            started_by=ANA,
            started_at=world.now,
            since=world.now,
        )
        run = cls(world, release, before=standing(world))
        run.floor = plan.stable_pods
        run.check()
        return run

    def fork(self) -> "Run":
        """To go another way from here."""
        other = copy.copy(self)
        other.world, other.samples = self.world.fork(), list(self.samples)
        other.seen, other.journal = list(self.seen), list(self.journal)
        return other

    def restart(self) -> None:
        """Another engine: everything that was only known in memory is gone."""
        self.evidence, self.samples, self.step = Evidence(undo=self.undo), [], ()

    # one tick, as the engine's loop does it

    def decide(self) -> Decision:
        """What is to be done now."""
        at = (self.release.going_back, self.release.cursor, self.release.since)
        if at != self.step:
            if isinstance(self.release.step, Prove):
                self.samples = []
            self.step = at
            seen = tally(self.samples) if self.samples else None
            self.learn(proof=None, tally=seen, samples=tuple(self.samples), look=None, sent=0)
        return decide(View(self.release, self.world.snapshot(), self.evidence, self.world.now))

    def tick(self) -> None:
        """Journal, write, find out, or let time pass."""
        decision = self.decide()
        if decision.release.changed and not self.release.changed:
            self.undo = take(self.release.plan, self.world.snapshot())
            self.learn(undo=self.undo)
        if decision.release != self.release:
            if self.dies("before the journal"):
                return self.restart()
            self.release = decision.release
            self.journal.append(self.release)
        for write in decision.writes:
            if self.dies("before a write"):
                return self.restart()
            try:
                self.world.apply(write)
            except Conflict:
                return None
            self.world.settle()
            self.check()
            if self.dies("after a write"):
                return self.restart()
        wait = decision.wait
        if wait is None:
            return None
        if wait.gather is not None:
            self.gather(wait.gather)
        else:
            self.pass_time((wait.until - self.world.now).total_seconds() if wait.until else 0.5)
        return None

    def pass_time(self, far: float) -> None:
        """Half a second, or until what is waited for; more where nothing has moved for a while."""
        before = self.world.version
        self.world.step(min(max(far, 0.01), 0.5 if self.quiet < STILL else 20))
        self.quiet = 0 if self.world.version != before else self.quiet + 1
        self.check()

    def run(self, person: Person | None = None, until: Callable[["Run"], bool] | None = None) -> "Run":
        """Until it ends, or something holds, or a person must decide and says nothing."""
        for _ in range(MOST_TICKS):
            if self.release.ended or (until and until(self)):
                return self
            wanted = person(self) if person else None
            if wanted is not None:
                self.intend(wanted)
            elif self.release.state is State.HOLDING:
                return self
            self.tick()
        said = " / ".join(e.text for e in self.release.events[-5:])
        raise AssertionError(
            f"it never ends: {self.release.state} {self.release.step} {self.release.reason} {said}"
        )

    def intend(self, kind: IntentKind, *, full: bool = False) -> None:
        """A person's intent, which must be legal."""
        on = self.release.on(Intent(kind=kind, full=full), ANA, self.world.now)
        assert isinstance(on, Release), on
        self.release = on
        self.journal.append(on)

    # finding out

    def learn(self, **more: Any) -> None:
        """Evidence with these parts new."""
        parts = {name: getattr(self.evidence, name) for name in Evidence.__slots__}
        self.evidence = Evidence(**parts | more)

    def gather(self, wanted: Gather) -> None:
        """As the engine would; every request takes a moment."""
        seconds = 0.05
        match wanted:
            case AskPods(names, times):
                self._ask(names, times)
                seconds = 0.25
            case SampleUsers(asked, batch, audience, path):
                taken = self.sampled(batch, PROBE.asking(audience, path.host if path else ""))
                proof = self.evidence.proof or Proof(asked)
                told = [s for s in taken if s.version]
                if told:
                    proof = proof.add(sum(s.version == "new" for s in told), len(told))
                self.samples += taken
                self.learn(proof=proof, tally=tally(self.samples[-400:]), samples=tuple(self.samples[-400:]))
                seconds = batch / 100  # the probe's rate
            case SampleProxy(_, _, batch):
                self.samples += self.sampled(batch)
                self.learn(tally=tally(self.samples))
            case Look(batch, audience, _, tracks):
                them = self.sampled(batch // 2, PROBE.asking(audience)) if audience else []
                looked = (*them, *self.sampled(batch - len(them)))
                seconds = len(looked) / 100
                self.learn(
                    look=Looked(self.world.now + timedelta(seconds=seconds), looked, self.metered, tracks)
                )
            case ReadLog(pod):
                self.learn(logs={**self.evidence.logs, pod: "boom"})
        self.world.step(seconds)
        self.check()

    def _ask(self, names: tuple[str, ...], times: int) -> None:
        answers, checks = dict(self.evidence.answers), dict(self.evidence.checks)
        for name in names:
            pod = self.world.find(POD, name)
            if pod is None:
                continue
            fine = (self.ask or self.world.listens)(pod)
            if times > 1:
                checks[life(pod)] = Checked(times, times if fine else 0, "" if fine else "no answer")
            elif fine:
                answers[uid_of(pod)] = Answered(life(pod), self.world.now)
        self.learn(answers=answers, checks=checks)

    def sampled(self, batch: int, probe: Probe = PROBE) -> list[Sample]:
        """Requests the users' way."""
        if self.sample:
            return self.sample(batch)
        view = View(self.release, self.world.snapshot(), self.evidence, self.world.now)
        taken = []
        for _ in range(batch):
            self.turn += 1
            pods = self._met(probe)
            if not pods:
                taken.append(Sample("", 0, 2.0, "", "refused"))
                continue
            pod = pods[self.turn % len(pods)] if self.chance is None else self.chance.choice(pods)
            fine = self.world.listens(pod)
            taken.append(Sample("new" if view.new_image(pod) else "old", 200 if fine else 503, 0.01, "hi"))
        return taken

    def _met(self, probe: Probe) -> list[Obj]:
        """The pods that a request may meet now: by route where the plan has lanes, else by the Service."""
        if not self.release.plan.lanes:
            return self.world.serving(self.services[0])
        cookies = dict(c.strip().split("=", 1) for c in probe.headers.get("Cookie", "").split(";") if c)
        request = Request(probe.method, probe.host, probe.path, probe.headers, cookies, {})
        names = self.world.ingress.choose(self.world.now, request) or ()
        found = (self.world.find(POD, name) for name in names)
        return [p for p in found if p is not None]

    # the laws

    @property
    def services(self) -> list[str]:
        """The Services that are watched: those of the plan, or all."""
        return [w.service for w in self.release.plan.ways] or sorted(self.world.objects[SERVICE])

    def check(self) -> None:
        """The laws, at this moment."""
        if not self.lawful:
            return
        for service in self.services:
            pods = self.world.serving(service)
            where = f"{service} at step {self.release.step} ({self.release.state})"
            deaf = [name_of(p) for p in pods if not self.world.listens(p)]
            assert pods, f"nobody serves {where}"
            if self.release.plan.strategy != "rolling":
                assert not deaf, f"unfit pods get traffic of {where}: {deaf}"
                assert len(pods) >= self.floor, f"only {len(pods)} pods serve {where}"
        if self.release.plan.lanes:
            self._routes_lead_to_fit_pods()
        if self.release.plan.strategy != "rolling":
            self._never_stopped_while_reachable()

    def _routes_lead_to_fit_pods(self) -> None:
        """Every Service that a route sends somebody to has pods, and all of them answer."""
        for service, names in self.world.ingress.reaches(self.world.now).items():
            where = f"{service} by route at step {self.release.step} ({self.release.state})"
            assert names, f"nobody serves {where}"
            found = [self.world.find(POD, n) for n in names]
            deaf = [n for n, p in zip(names, found, strict=True) if p is None or not self.world.listens(p)]
            assert not deaf, f"unfit pods get traffic of {where}: {deaf}"

    def _never_stopped_while_reachable(self) -> None:
        world, seconds = self.world, timedelta(seconds=lag(self.release.plan))
        reached = frozenset(name_of(p) for s in self.services for p in world.serving(s))
        stopped = [name for when, name in world.deleted if not self.seen or when > self.seen[-1][0]]
        for name in stopped:
            # what was seen holds until the next was seen
            ends = [*(when for when, _ in self.seen[1:]), world.now]
            late = [e for e, (_, names) in zip(ends, self.seen, strict=True) if name in names]
            last = max(late, default=None)
            assert last is None or world.now - last >= seconds - timedelta(seconds=1.01), (
                f"{name} stops {world.now - last} after it got traffic, at step {self.release.step}"
            )
        if not self.seen or self.seen[-1][1] != reached:
            self.seen.append((world.now, reached))


def standing(world: World) -> dict[str, Obj]:
    """Everything a person owns in a world, without what only the server writes."""
    kinds = (DEPLOYMENT, SERVICE, HPA, PDB, HTTPROUTE, INGRESS)
    return {f"{k.name}/{n}": bare(o, k) for k in kinds for n, o in world.objects.get(k, {}).items()}


def promotes(run: Run) -> IntentKind | None:
    """A person who always says yes."""
    return IntentKind.PROMOTE if run.release.state is State.ASKING else None


def rolls_back_at(cursor: int) -> Person:
    """A person who promotes until the release is at this step, and then rolls it back."""

    def person(run: Run) -> IntentKind | None:
        release = run.release
        if release.cursor >= cursor and not release.going_back and IntentKind.ROLLBACK in release.intents():
            return IntentKind.ROLLBACK
        return None if release.going_back else promotes(run)

    return person

"""Releases at the moments that people see: real plans of the seed's shape, and what the engine would have recorded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies import judgement_words, measures, words
from strategies.consent import Allowed, begun, weigh
from strategies.hints import Hints
from strategies.measures import Cost
from strategies.objects import DEPLOYMENT, INGRESS, POD, SERVICE
from strategies.people import Approval, Crowd, Person, Rules, Standing, Team
from strategies.plan import Plan
from strategies.planner import plan
from strategies.probe import Probe
from strategies.refusal import Refusal
from strategies.release import Actor, Card, Counted, Intent, IntentKind, Measured, Release, State
from strategies.samples import Side, Tally
from strategies.snapshot import Snapshot
from strategies.spec import ReleaseSpec, Strategy
from strategies.steps import Keep, Soak

NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
ANA, BEN = Actor(id="U1", via="slack"), Actor(id="U2", via="slack")
KEY = b"0123456789abcdef0123456789abcdef"
CARD = Card(channel="C1", ts="1800000000.000001", told=0)
PROBE = Probe(url="http://hi.k8sdemo.com:31721/hello", method="POST", body='{"name":"fromGW"}')


def seed(*, pinned: bool = True, name: str = "k8sdemo") -> Snapshot:
    """The first user's namespace; not `pinned`: without the version in selectors."""
    labels = {"app": name, **({"version": "1.0.0"} if pinned else {})}
    container = {"name": name, "image": "k8s-grpc-demo:v2", "imagePullPolicy": "Never"}
    container["env"] = [{"name": "GREETING", "value": "Hello"}, {"name": "DB_PASSWORD", "value": "hunter2"}]  # type: ignore[assignment]  # JSON
    deployment: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-deploy", "namespace": "default", "labels": labels, "uid": "d1"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
        "status": {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3},
    }
    service = {
        "metadata": {"name": f"{name}-svc", "namespace": "default"},
        "spec": {"selector": labels, "ports": [{"port": 8000, "targetPort": 60001}], "type": "NodePort"},
    }
    path = {"path": "/hello", "backend": {"service": {"name": f"{name}-svc", "port": {"number": 8000}}}}
    ingress = {
        "kind": "Ingress",
        "metadata": {"name": f"{name}-ingress-prefix", "namespace": "default"},
        "spec": {"rules": [{"host": "hi.k8sdemo.com", "http": {"paths": [path]}}]},
    }
    one = {DEPLOYMENT: [deployment], SERVICE: [service], INGRESS: [ingress], POD: list(_pods(name, labels))}
    return Snapshot("default", {k: {o["metadata"]["name"]: o for o in found} for k, found in one.items()})


def _pods(name: str, labels: dict[str, str]) -> Iterator[dict[str, Any]]:
    owner = {"kind": "ReplicaSet", "name": f"{name}-deploy-abc", "uid": "r1", "controller": True}
    for n in range(3):
        meta = {"name": f"{name}-deploy-abc-{n}", "namespace": "default", "uid": f"p{n}"}
        meta |= {"labels": {**labels, "pod-template-hash": "abc"}, "ownerReferences": [owner]}  # type: ignore[dict-item]  # JSON
        yield {"kind": "Pod", "metadata": meta, "spec": {}, "status": {"phase": "Running"}}


def planned(
    strategy: Strategy = Strategy.CANARY, *, pinned: bool = True, probe: bool = True, **asked: Any
) -> Plan:
    """A plan for v2 → v6."""
    service = asked.pop("service", "k8sdemo")
    spec = ReleaseSpec(strategy=strategy, service=service, version=asked.pop("version", "v6"), **asked)
    made = plan(spec, seed(pinned=pinned, name=service), Hints(probe=PROBE if probe else None))
    assert not isinstance(made, Refusal), made
    return made


def started(made: Plan, by: Actor = ANA, **more: Any) -> Release:
    """Just begun."""
    release_id = f"{made.service}-17"
    release = Release(
        id=release_id,
        number=17,
        plan=made.bind(release_id) if made.service == "k8sdemo" else made,
        started_by=by,
        started_at=NOW,
        since=NOW,
        card=Card(channel="C1"),
        stable_pods=Counted(ready=3, total=3),
        **more,
    )
    return release.tell("started", words.started(made, by), NOW, by=by)


def tally(new: int = 27, old: int = 73, **more: Any) -> Tally:
    """Samples as the seed answers them."""
    return Tally(
        sent=new + old + more.get("unknown", 0) + more.get("lost", 0),
        new=Side(
            n=new, statuses={"200": new}, p50=3.1, p95=5.4, example="Hello fromGW [gray] from 10.88.0.9:60001"
        )
        if new
        else Side(),
        old=Side(n=old, statuses={"200": old}, p50=2.9, p95=14.8, example="Hello fromGW from 10.88.0.3:60001")
        if old
        else Side(),
        **more,
    )


def later(seconds: float) -> datetime:
    """So long after the start."""
    return NOW + timedelta(seconds=seconds)


def proven(release: Release, seen: Tally | None = None) -> Release:
    """Its first step stands and is proven; the cursor is at the soak."""
    made, seen = release.plan, seen or tally()
    cursor = next(i for i, s in enumerate(made.steps) if isinstance(s, Soak))
    share = made.stages[0].share
    measured = Measured(asked=share, hits=seen.new.n, n=seen.attributed, verdict="proven", at=later(9))
    told = release.tell("doing", words.standing(made, 1), later(1))
    told = told.tell("stands", words.stands("v6", 1, 4.2), later(5))
    told = told.model_copy(
        update={"cursor": cursor, "changed": True, "revision": 2, "measured": measured}
        | {"canary_pods": Counted(ready=1, total=1)}
    )
    text = measures.proven(measured, "19–36 %", Cost(1.4, 100))
    return told.tell("proven", text, later(9), tally=seen.model_dump(mode="json"))


def asking(release: Release) -> Release:
    """A person must decide."""
    at = later(310)
    asks = release.become(State.ASKING, at, due=later(7510), remind_at=later(910))
    seen: dict[str, Any] = {"measured": asks.measured.model_dump(mode="json")} if asks.measured else {}
    return asks.tell("asking", words.asks(asks.plan, "50 %"), at, **seen)


def reminded(release: Release) -> Release:
    """Nobody did."""
    text = words.reminder(release, 600, words.who(release.started_by))
    return release.model_copy(update={"reminded": 1, "remind_at": later(2110)}).tell(
        "reminder", text, later(910)
    )


def soaking(release: Release) -> Release:
    """Time passes."""
    return release.become(State.SOAKING, later(10), due=later(310)).tell(
        "soaking", words.soaking(300), later(10)
    )


def falling(release: Release) -> Release:
    """Judged worse in the middle of the soak: it rolls back by itself soon."""
    why = "v6 fails 9 of 60, v2 0 of 180: worse, p < 0.001"
    fell = release.become(State.SOAKING, later(40), falling=later(70), reason=f"{why}.")
    return fell.tell("falling", judgement_words.falling(why, 30, release.plan), later(40), code="worse")


def keeping(release: Release) -> Release:
    """All traffic on the new version."""
    made = release.plan
    cursor = next(i for i, s in enumerate(made.steps) if isinstance(s, Keep))
    measured = Measured(asked=100, hits=60, n=60, verdict="proven", at=later(900))
    told = release.model_copy(
        update={"cursor": cursor, "measured": measured, "canary_pods": Counted(ready=3, total=3)}
    )
    kept = told.become(State.KEEPING, later(901), due=later(2701))
    return kept.tell("keeping", words.keeping(made), later(901))


def promoted(release: Release) -> Release:
    """The good end."""
    done = release.become(State.PROMOTED, later(2800), ended_at=later(2800)).model_copy(
        update={"cursor": len(release.plan.steps), "stable_pods": Counted()}
    )
    return done.tell("promoted", words.promoted(release.plan), later(2800))


def rolling_back(release: Release, by: Actor = BEN) -> Release:
    """On the way back."""
    return release.roll_back(words.rollback_asked(by), later(400), by)


def rolled_back(release: Release) -> Release:
    """The other good end."""
    seen = Measured(asked=0, hits=0, n=60, verdict="proven", at=later(420))
    back = rolling_back(release)
    back = back.model_copy(update={"measured": seen, "cursor": 3, "canary_pods": Counted()})
    back = back.tell(
        "proven", measures.proven(seen, "0–6 %", Cost(0.4, 60)), later(420), tally=tally(0, 60).model_dump()
    )
    done = back.become(State.ROLLED_BACK, later(430), ended_at=later(430))
    return done.tell("rolled-back", words.rolled_back(release.plan), later(430))


TWO = Rules(
    "prod",
    Crowd("environments.prod.start", (Team("shop", frozenset({"U1"})),)),
    Approval(
        Crowd("environments.prod.approve.who", (Team("sre", frozenset({"U2", "S0SRE"})),)), 2, own=False
    ),
)


def person(actor: Actor, *groups: str) -> Person:
    """A full member."""
    return Person(actor, Standing.MEMBER, frozenset({actor.id, *groups}))


def unapproved(made: Plan, rules: Rules = TWO) -> Release:
    """Asked for by Ana, and waiting for others."""
    bare = started(made).model_copy(update={"events": ()})
    return begun(bare, person(ANA), Allowed(("shop",)), rules, NOW)


def agreed(release: Release, kind: IntentKind = IntentKind.PROMOTE, by: Actor = BEN) -> Release:
    """One more person's yes, where more than one is needed."""
    answered = weigh(release, Intent(kind=kind), person(by, "S0SRE"), TWO, later(420), {})
    assert isinstance(answered, Release), answered
    return answered


def held(release: Release, by: Actor = BEN) -> Release:
    """Put on hold by a person."""
    stopped = release.become(State.HOLDING, later(320), reason=words.held_by(by))
    return stopped.tell("held", words.held(by), later(320), by=by)


def stuck(release: Release) -> Release:
    """A crash loop, and its log."""
    log = "panic: cannot open /data/db\n\tat main.go:17 <nil> & `x`\n```not the end```\nexit status 2"
    text = "Pod k8sdemo-deploy-v8-7d9f is in a crash loop: 3 restarts, last exit code 2."
    told = release.tell("stuck", text, later(30), log=log, pod="k8sdemo-deploy-v8-7d9f")
    return told.become(State.HOLDING, later(30), reason=text)


def failed(release: Release) -> Release:
    """Neither way."""
    why = "Deployment k8sdemo-deploy is gone, and nothing is known to make it again from."
    back = rolling_back(release)
    ended = back.become(State.FAILED, later(500), ended_at=later(500), reason=why)
    return ended.tell("failed", words.failed(release.plan, why), later(500))

"""Is a pod fit for traffic, not yet, or stuck, and why, in words.

A pod with a readiness probe is fit when Kubernetes calls it Ready; after a restart it must have stood, too. Without one, Kubernetes calls it Ready before it
listens, so it must have stood: `settle` seconds after it answered the service's probe, or, where none is declared,
after its container started; a restart starts that anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from strategies.names import digest
from strategies.objects import Obj, at, meta, name_of, uid_of

GATE = "graylight/traffic"
SETTLE = 3.0  # seconds
_IMAGE = {"ErrImageNeverPull", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ImageInspectError"}
_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"}


@dataclass(frozen=True, slots=True)
class Fit:
    """May get traffic."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Will be, as far as anyone can see; `until` is when time alone makes it fit, None when a fact must change."""

    reason: str
    until: datetime | None = None
    ask: bool = False  # whether its answer to the probe is what is missing


@dataclass(frozen=True, slots=True)
class Stuck:
    """Will not be by itself. `fatal` when waiting is pointless; else the cluster may still make room."""

    code: str
    reason: str
    pod: str = ""
    fatal: bool = True


Fitness: TypeAlias = Fit | NotYet | Stuck


@dataclass(frozen=True, slots=True)
class Answered:
    """When a pod first answered the service's probe, in this life of its container."""

    life: str
    at: datetime


Answers: TypeAlias = Mapping[str, Answered]


def has_readiness_probe(template_or_pod: Obj) -> bool:
    """Whether any of its containers declares one; `spec` is looked at."""
    return any("readinessProbe" in c for c in at(template_or_pod, "spec", "containers", default=[]))


def going(pod: Obj) -> bool:
    """Whether it is being deleted, or has ended."""
    return bool(meta(pod).get("deletionTimestamp")) or at(pod, "status", "phase") in {"Failed", "Succeeded"}


def condition(obj: Obj, kind: str) -> Obj:
    """A status condition by type, empty where it is not there."""
    for found in at(obj, "status", "conditions", default=[]):
        if found.get("type") == kind:
            return dict(found)
    return {}


def is_ready(pod: Obj) -> bool:
    """Kubernetes' own word, our gate included; a pod that is being deleted is not."""
    return not going(pod) and condition(pod, "Ready").get("status") == "True"


def containers_ready(pod: Obj) -> bool:
    """All containers ready, whatever the readiness gates say."""
    return not going(pod) and condition(pod, "ContainersReady").get("status") == "True"


def gate_open(pod: Obj) -> bool:
    """Whether our readiness gate lets traffic through."""
    return condition(pod, GATE).get("status") == "True"


def restarts(pod: Obj) -> int:
    """Restarts of all its containers."""
    return sum(int(s.get("restartCount", 0)) for s in at(pod, "status", "containerStatuses", default=[]))


def life(pod: Obj) -> str:
    """Which lives its containers are in, as a short hash: changes with every restart."""
    ids = (str(s.get("containerID", "")) for s in at(pod, "status", "containerStatuses", default=[]))
    return digest(f"{uid_of(pod)}/{restarts(pod)}/{','.join(ids)}", 16)


def fitness(pod: Obj, *, asked: bool, answers: Answers, now: datetime, settle: float = SETTLE) -> Fitness:
    """Whether this pod may get traffic. `asked` says that the service declares a probe that pods can be asked."""
    stuck = trouble(pod)
    if stuck:
        return stuck
    if not containers_ready(pod):
        return NotYet(f"pod {name_of(pod)} is not ready")
    begun = started(pod) or now
    if has_readiness_probe(pod):
        stood = begun + timedelta(seconds=settle)  # one that died once is not believed at its first word
        again = restarts(pod) > 0 and now < stood
        return NotYet(f"pod {name_of(pod)} has started again", stood) if again else Fit()
    if asked:
        answered = answers.get(uid_of(pod))
        if answered is None or answered.life != life(pod):
            return NotYet(f"pod {name_of(pod)} has not answered the probe yet", ask=True)
        since = answered.at
    else:
        since = begun
    until = since + timedelta(seconds=settle)
    return Fit() if now >= until else NotYet(f"pod {name_of(pod)} settles", until)


def started(pod: Obj) -> datetime | None:
    """When the last of its containers started, rounded up: the API drops the fraction of the second."""
    times = [
        at(s, "state", "running", "startedAt") for s in at(pod, "status", "containerStatuses", default=[])
    ]
    found = [moment(t) for t in times if t]
    return max(found) + timedelta(seconds=1) if found else None


def trouble(pod: Obj) -> Stuck | None:
    """Why it cannot start, as soon as the API shows it."""
    name = name_of(pod)
    statuses = [
        *at(pod, "status", "initContainerStatuses", default=[]),
        *at(pod, "status", "containerStatuses", default=[]),
    ]
    for status in statuses:
        waiting = at(status, "state", "waiting", default={})
        reason, message = waiting.get("reason", ""), str(waiting.get("message", "")).strip()
        image = status.get("image", "")
        if reason in _IMAGE:
            return Stuck("image", f"pod {name} cannot get image `{image}`: {reason}{_because(message)}", name)
        if reason in _CONFIG:
            return Stuck("config", f"pod {name} cannot start: {reason}{_because(message)}", name)
        again, ended = int(status.get("restartCount", 0)), at(status, "state", "terminated", default={})
        if reason == "CrashLoopBackOff" or (ended and again and not going(pod)):
            ended = ended or at(status, "lastState", "terminated", default={})
            why = f"ended with exit code {ended.get('exitCode', '?')}"
            if ended.get("reason") == "OOMKilled":
                why = "was killed for want of memory"
            times = f"{again} restart{'s' if again != 1 else ''}"
            return Stuck("crash", f"pod {name} crashes: container {status.get('name')} {why}, {times}", name)
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Stuck(
            "unschedulable",
            f"pod {name} finds no node: {str(scheduled.get('message', '')).strip()}",
            name,
            fatal=False,
        )
    return None


def workload_trouble(workload: Obj) -> Stuck | None:
    """What the Deployment itself reports: no room in a quota, or a pod that admission refused."""
    failure = condition(workload, "ReplicaFailure")
    if failure.get("status") == "True":
        message = str(failure.get("message", "")).strip()
        code = "quota" if "exceeded quota" in message else "refused"
        return Stuck(
            code, f"the cluster refuses pods of {name_of(workload)}: {message}", fatal=code == "refused"
        )
    return None


def moment(text: str) -> datetime:
    """A Kubernetes time (RFC 3339) as an aware datetime."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _because(message: str) -> str:
    return f" ({message[:200]})" if message else ""

"""How a story ended, as a value that two runs can be compared by: without times, ids, measured numbers, made-up names."""

import copy
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bot.playground.slack import Message
from strategies import words
from strategies.objects import (
    DEPLOYMENT,
    HPA,
    HTTPROUTE,
    INGRESS,
    LEASE,
    PDB,
    POD,
    REPLICASET,
    SECRET,
    SERVICE,
    Obj,
    at,
    labels_of,
    meta,
    name_of,
    namespace_of,
)
from strategies.pods import going
from tests.stories.world import World

RESTARTED = words.resumed_engine()
_COMPARED = frozenset({DEPLOYMENT, SERVICE, INGRESS, HTTPROUTE, HPA, PDB, LEASE})
# not those that are on their way out, nor what may still be counted: that differs from moment to moment
_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_SERVERS = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")
_MEASURED = (
    (re.compile(r"\d+(\.\d+)? (s|ms)\b"), r"N \2"),
    (re.compile(r"\b\d+ of \d+ \([^)]*%\)"), "N of N (N %)"),
    (re.compile(r"\b\d+ of \d+ ✓"), "N of N ✓"),
    (re.compile(r"\b\d+ requests"), "N requests"),
    (re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}\b"), "-POD"),
    (re.compile(r"<!date[^>]*>"), "DATE"),
    (re.compile(r"127\.88\.\d+\.\d+"), "ADDRESS"),
)
# what a table of samples, a receipt and the course in words say was measured: a restart leaves gaps in it, and says so
_TABLE = re.compile(
    r"^((Answers|Share|Status|Latency|One answer|Failed) \||Took N s: |asked: N s |v\d+ measured: N s )"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """`restarts` counts the lines that tell of one; they stand in none of the others."""

    state: str
    objects: dict[str, Any]
    pods: Counter[str]
    events: tuple[str, ...]
    thread: tuple[str, ...]
    channel: tuple[str, ...]
    restarts: int


def ending(world: World) -> Ending:
    """How it stands now."""
    release = world.release
    assert release is not None
    events = [f"{e.kind}: {plain(e.text)}" for e in release.events if e.kind != "engine"]
    thread = [line for m in thread_of(world) for line in lines(m)]
    return Ending(
        release.state.value,
        objects(world),
        Counter(_pod(p) for p in world.cluster.store.all(POD, "default") if not going(p)),
        tuple(events),
        tuple(line for line in thread if line != RESTARTED),
        tuple(line for m in cards(world) for line in lines(m)),
        thread.count(RESTARTED),
    )


def cards(world: World) -> list[Message]:
    """What stands in the channel by itself and everybody sees."""
    return [m for m in world.slack.messages if not m.in_thread and m.ephemeral_for is None]


def thread_of(world: World) -> list[Message]:
    """Every reply that everybody sees, in order."""
    return [m for m in world.slack.messages if m.in_thread and m.ephemeral_for is None]


def lines(message: Message) -> list[str]:
    """What a message says, line by line; of a table of samples only that it is there."""
    said = [plain(line) for line in message.words.splitlines() if line.strip()]
    return [line for line in said if not _TABLE.match(line)]


def plain(text: str) -> str:
    """Without what differs from run to run."""
    for pattern, instead in _MEASURED:
        text = pattern.sub(instead, text)
    return text


def objects(world: World) -> dict[str, Any]:
    """Everything in the cluster but what controllers make and what is compared as values."""
    found = {}
    for kind, obj in world.cluster.store.everything():
        if kind not in _COMPARED or (kind == LEASE and name_of(obj) == "engine"):
            continue
        found[f"{kind.name} {namespace_of(obj)}/{name_of(obj)}"] = bare(obj)
    for secret in world.cluster.store.all(SECRET):
        found[f"Secret {namespace_of(secret)}/{name_of(secret)}"] = {
            "labels": labels_of(secret),
            "immutable": secret.get("immutable"),
        }
    found["ReplicaSets"] = Counter(
        f"{at(r, 'metadata', 'ownerReferences', 0, 'name')} {at(r, 'spec', 'replicas')}"
        for r in world.cluster.store.all(REPLICASET)
        if at(r, "spec", "replicas")
    )
    return found


def bare(obj: Obj) -> Obj:
    """An object without what only the server says; of its managers only who they are."""
    made = copy.deepcopy(obj)
    managers = sorted({e["manager"] for e in meta(obj).get("managedFields") or []})
    made["metadata"] = {k: v for k, v in made["metadata"].items() if k not in _SERVERS} | {
        "managers": managers
    }
    for port in at(made, "spec", "ports", default=[]):
        port.pop("nodePort", None)
    for address in ("clusterIP", "clusterIPs"):
        made.get("spec", {}).pop(address, None)
    if made.get("kind") == HTTPROUTE.name:
        made.pop("status", None)  # its conditions say when
    if made.get("kind") == DEPLOYMENT.name:
        status = made.get("status", {})
        made["status"] = {k: v for k, v in status.items() if k in _COUNTS}
        made["metadata"].get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    return made


def _pod(pod: Obj) -> str:
    labels = {k: v for k, v in labels_of(pod).items() if k != "pod-template-hash"}
    ready = next(
        (c["status"] for c in at(pod, "status", "conditions", default=[]) if c["type"] == "Ready"), ""
    )
    return f"{at(pod, 'spec', 'containers', 0, 'image')} {sorted(labels.items())} ready={ready}"


def posted_twice(world: World) -> list[str]:
    """Entries of the thread, or cards, that stand more than once."""
    marks = Counter(
        str(at(m.metadata, "event_payload", "entry"))
        for m in world.slack.messages
        if m.ephemeral_for is None and m.metadata
    )
    return [entry for entry, times in marks.items() if times > 1]

"""What was before: the objects a release will change, as they were seen before its first write, owners of fields included.

Written once into an immutable Secret; the way back reads values from it, field by field, and a deleted Deployment is
made again from it.
"""

import json
from collections.abc import Mapping
from typing import TypeAlias

from strategies.lanes import touched
from strategies.objects import DEPLOYMENT, HPA, PDB, SERVICE, Kind, Obj, copied, meta, name_of
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot

Undo: TypeAlias = Mapping[str, Obj]
LARGEST = 900 * 1024  # bytes; a Secret holds at most 1 MiB
_SERVERS_OWN = (
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def key(kind: Kind, name: str) -> str:
    """An entry's name: `Deployment/web`."""
    return f"{kind.name}/{name}"


def take(plan: Plan, snapshot: Snapshot) -> dict[str, Obj]:
    """Everything the plan may change, without what only the server sets."""
    wanted = [
        (DEPLOYMENT, plan.stable),
        *((SERVICE, w.service) for w in plan.ways),
        *((HPA, name) for name in plan.autoscalers),
        *((PDB, name) for name in plan.budgets),
        *((ref.kind, ref.name) for ref in touched(plan, snapshot)),
    ]
    found = ((kind, name, snapshot.find(kind, name)) for kind, name in wanted)
    return {key(kind, name): _owned(obj, kind) for kind, name, obj in found if obj is not None}


def _owned(obj: Obj, kind: Kind) -> Obj:
    """An object as it stood, with who owned which of its fields."""
    made, owners = bare(obj, kind), meta(obj).get("managedFields") or []
    kept = [copied(e) for e in owners if e.get("subresource") != "status"]
    return {**made, "metadata": made["metadata"] | ({"managedFields": kept} if kept else {})}


def bare(obj: Obj, kind: Kind) -> Obj:
    """An object as it could be created again."""
    made = {k: copied(v) for k, v in obj.items() if k not in ("status", "metadata")}
    made["apiVersion"], made["kind"] = kind.api, kind.name
    made["metadata"] = {k: copied(v) for k, v in meta(obj).items() if k not in _SERVERS_OWN}
    return made


def anew(found: Obj) -> Obj:
    """What to create again: who owned its fields is then for the server to write."""
    return {**found, "metadata": {k: v for k, v in meta(found).items() if k != "managedFields"}}


def too_big(undo: Undo) -> Refusal | None:
    """A refusal where it would not fit into a Secret."""
    size = len(json.dumps(undo))
    if size <= LARGEST:
        return None
    largest = max(undo.items(), key=lambda item: len(json.dumps(item[1])))
    return Refusal(
        code="undo-too-big",
        what=f"What would be needed to go back is {size // 1024} KiB, more than a Secret holds; the largest part is {name_of(largest[1])}.",
        remedy="Make its annotations smaller.",
    )

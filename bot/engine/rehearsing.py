"""A plan's writes through the API server's own dry run: admission, defaulting and quota, and what would then stand."""

import asyncio

from bot.cluster.api import Api
from bot.cluster.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from strategies.changes import Changed, compare
from strategies.objects import Obj, name_of
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.rehearsal import Rehearsed, rehearse, release_of
from strategies.snapshot import Snapshot
from strategies.writes import Create


async def rehearsed(api: Api, plan: Plan, snapshot: Snapshot) -> tuple[Changed, ...] | Refusal:
    """Each object as it would stand after its first write; a refusal where the cluster would not admit one."""
    told = await asyncio.gather(*(_one(api, plan, r) for r in rehearse(plan, snapshot)))
    refused = next((t for t in told if isinstance(t, Refusal)), None)
    return refused or tuple(t for t in told if isinstance(t, Changed))


async def _one(api: Api, plan: Plan, one: Rehearsed) -> Changed | Refusal | None:
    ref = one.write.ref
    try:
        after = await _tried(api, one)
    except (Conflict, NotFound):
        return None  # it has changed since it was seen: the start plans again, and compares
    except (Invalid, Forbidden, Refused) as e:
        return not_admitted(str(ref), str(e))
    like = name_of(one.before) if one.before and name_of(one.before) != ref.name else ""
    lines = tuple(line.replace(release_of(plan), f"{plan.service}-N") for line in compare(one.before, after))
    verb = "create" if isinstance(one.write, Create) else "patch"
    return Changed(verb=verb, kind=ref.kind.name, name=ref.name, like=like, lines=lines)


async def _tried(api: Api, one: Rehearsed) -> Obj:
    write = one.write
    if isinstance(write, Create):
        return await api.create(
            write.ref.kind, write.ref.namespace, write.manifest, dry_run=True, purpose="plan"
        )
    guard = {"op": "replace", "path": "/metadata/resourceVersion", "value": write.seen}
    return await api.patch(write.ref, [guard, *write.ops], dry_run=True, purpose="plan")


def not_admitted(what: str, why: str) -> Refusal:
    """Admission says no."""
    return Refusal(
        code="not-admitted",
        what=f"The cluster would not admit {what}: {why}",
        remedy="Change what it complains about, then ask again.",
    )

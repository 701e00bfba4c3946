"""Asking the API server what a doctor wants to know: its clock, our rights at home and where the services are."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.cluster.api import Api
from bot.cluster.errors import Forbidden, Invalid
from bot.cluster.records import TYPE
from bot.cluster.reviews import Right, lacking
from strategies import checkup
from strategies.checkup import Check
from strategies.objects import DEPLOYMENT, ENDPOINTSLICE, LEASE, POD, SECRET, SERVICE, Obj

HOME: tuple[Right, ...] = (
    *((verb, SECRET, "") for verb in ("get", "list", "watch", "create", "update", "delete")),
    *((verb, LEASE, "") for verb in ("get", "create", "update")),
)
TARGET: tuple[Right, ...] = (
    *((verb, DEPLOYMENT, "") for verb in ("get", "list", "watch", "create", "patch", "delete")),
    *((verb, SERVICE, "") for verb in ("list", "watch", "patch")),
    *((verb, kind, "") for kind in (POD, ENDPOINTSLICE) for verb in ("list", "watch")),
    *((verb, LEASE, "") for verb in ("get", "list", "create", "update", "delete")),
    ("get", POD, "proxy"),
    ("get", SERVICE, "proxy"),
)
ADMISSION = (
    "admission-check"  # the name that the admission policy refuses to everybody, so that it can be seen
)


async def clock(api: Api) -> Check:
    """Ours against the server's `Date`, which is in whole seconds: half of one, and half the way, are not known."""
    begun, ours = time.monotonic(), datetime.now(UTC)
    date = await api.date()
    way = time.monotonic() - begun
    if date is None:
        return checkup.unknown("clock", "The API server does not say what time it is.")
    server = parsedate_to_datetime(date).timestamp() + 0.5
    return checkup.skew(ours.timestamp() + way / 2 - server, 0.5 + way / 2)


async def rights(api: Api, namespace: str, needed: Iterable[Right], role: str) -> Check:
    """What is lacking there."""
    return checkup.rights(f"namespace `{namespace}`", await lacking(api, namespace, needed, {}), role)


async def admission(api: Api, namespace: str) -> bool:
    """Whether the cluster vouches for actors in records: a record that its policy always refuses is refused.

    Tried, not looked up: a policy without its binding, or one that only warns, does not refuse.
    """
    manifest: Obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {"name": ADMISSION, "namespace": namespace},
    }
    try:
        await api.create(SECRET, namespace, manifest, dry_run=True, purpose="review")
    except (Forbidden, Invalid) as e:
        return "graylight-actor" in str(e)
    return False

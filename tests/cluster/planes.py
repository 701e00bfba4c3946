"""Users of a service behind a real data plane, told apart: those of an audience, those who look like it, all others.

And what a record says about when which split was true, to hold their answers against.
"""

import base64
import math
import os
from typing import Any

import pytest

from strategies.objects import HTTPROUTE, INGRESS, SECRET, SERVICE, VIRTUALSERVICE, Obj, meta, name_of
from strategies.release import Release
from strategies.steps import Prove
from tests.cluster.conftest import Installation
from tests.cluster.users import INGRESS as TRAEFIK
from tests.cluster.users import ISTIO, Ways

STEPS = "header:X-Canary=always,cookie:canary,10,50,100"
BY = {"nginx": "", "httproute": " by route", "istio": " by istio", "both": " by both"}
OLD, NEW = "1.0.0", "1.0.1"  # what they call themselves in `X-Version`
# a header and a cookie that only look like the audience's, and the real ones among others
STRANGERS = {"X-Canary": "always-not", "Cookie": "a=always; notcanary=always; canaryx=always"}
HEADER = {"X-Canary": "always"}
COOKIE = {"Cookie": "a=b; canary=always; c=d"}
FEW, PAUSE = 2, 0.02  # clients of a way that is not the usual users', and seconds between two requests of one


def needs(plane: str) -> None:
    """Skip, with the reason, where the cluster has no such data plane."""
    wanted = ISTIO if plane == "istio" else TRAEFIK
    if wanted not in os.environ:
        pytest.skip(f"no data plane for {plane} answers here: {wanted} is not set")


def crowds(ways: Ways) -> dict[str, dict[str, Any]]:
    """Users by audience, at each host: name → what the load sends."""
    found = {}
    for host in (ways.host, *ways.more):
        for who, headers in (("header", HEADER), ("cookie", COOKIE), ("strangers", STRANGERS)):
            found[f"{who}, {host}"] = {
                "url": f"http://{ways.ingress}/hello",
                "host": host,
                "headers": headers,
                "clients": FEW,
                "pause": PAUSE,
            }
    return found


def proofs(release: Release) -> list[tuple[Prove, float]]:
    """Each proof of a way that was gone once without a stop, and when it was done, in seconds since the epoch."""
    asked = [s for s in release.plan.steps if isinstance(s, Prove)]
    return list(zip(asked, moments(release, "proven"), strict=True))


async def recorded(installed: Installation) -> Release:
    """The newest record of this installation, as its Secret says it."""
    listed = (await installed.admin.list(SECRET, installed.home))["items"]
    found = [s for s in listed if s.get("type") == "graylight/release"]
    newest = max(found, key=lambda s: str(meta(s)["creationTimestamp"]))
    return Release.model_validate_json(base64.b64decode(newest["data"]["record"]))


def moments(release: Release, kind: str) -> list[float]:
    """When events of a kind happened."""
    return [e.at.timestamp() for e in release.events if e.kind == kind]


def versions(met: list[list[Any]], begin: float, end: float) -> list[str]:
    """The versions that answered what was sent in this time."""
    return [version for sent, version in met if begin <= sent < end]


def fits(share: int, found: list[str]) -> bool:
    """Whether so many answers of the new version are within four standard deviations of the share.

    Traefik deals round robin, but to all users together, so one crowd's part strays too.
    """
    p, n = share / 100, len(found)
    return abs(found.count(NEW) / n - p) <= 4 * math.sqrt(p * (1 - p) / n) + 0.02


async def routes(installed: Installation) -> dict[str, Obj]:
    """Routes and Services as they stand, with who owns their fields; generation, version and status apart."""
    found = {}
    for kind in (INGRESS, HTTPROUTE, VIRTUALSERVICE, SERVICE):
        for obj in await installed.all(kind):
            kept = {k: v for k, v in meta(obj).items() if k not in ("resourceVersion", "generation")}
            kept["managedFields"] = owners(obj)
            found[f"{kind.name}/{name_of(obj)}"] = {"metadata": kept, "spec": obj["spec"]}
    return found


def without_services(found: dict[str, Obj]) -> dict[str, Obj]:
    """The routes alone: where a new Deployment takes the old one's place, a Service's selector follows it."""
    return {name: obj for name, obj in found.items() if not name.startswith("Service/")}


def owners(obj: Obj) -> list[Obj]:
    """Its managedFields without the status, in one order."""
    listed = [e for e in meta(obj).get("managedFields") or [] if e.get("subresource") != "status"]
    return sorted(listed, key=lambda e: (e["manager"], e["operation"]))

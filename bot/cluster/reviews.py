"""Asking the API server what we may do, before a plan is shown: the way back included."""

import asyncio
import time
from collections.abc import Iterable

from bot.cluster.api import TIMEOUT, Api
from strategies.lanes import kind_of
from strategies.objects import DEPLOYMENT, HPA, INGRESSROUTE, LEASE, PDB, POD, SERVICE, TRAEFIKSERVICE, Kind
from strategies.plan import Plan
from strategies.refusal import Refusal

_REVIEW = Kind(
    "authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
)
_OF_OTHERS = Kind("authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews")
_WRITES = frozenset({"create", "patch", "update", "delete"})
TRUSTED = 60.0  # seconds for which a yes is remembered: from a preview to its Start, so that Start need not ask again
Right = tuple[str, Kind, str]  # verb, kind, subresource
Granted = dict[tuple[Api, str, Right], float]  # until when, in monotonic seconds


def rights(plan: Plan) -> tuple[Right, ...]:
    """Every verb that the way there or the way back may need in the service's namespace."""
    needed: list[Right] = [
        ("get", DEPLOYMENT, ""),
        ("patch", DEPLOYMENT, ""),
        ("create", LEASE, ""),
        ("delete", LEASE, ""),
    ]
    if plan.canary:
        needed += [("create", DEPLOYMENT, ""), ("delete", DEPLOYMENT, ""), ("patch", SERVICE, "")]
    if plan.gated:
        needed.append(("patch", POD, "status"))
    if plan.autoscalers:
        needed.append(("patch", HPA, ""))
    for lane in plan.lanes:
        kind = kind_of(lane)
        also = (INGRESSROUTE,) if kind == TRAEFIKSERVICE else ()  # which carries the audiences
        needed += [("patch", k, "") for k in also]
        needed += [(verb, kind, "") for verb in ("list", "watch", "patch")]
        needed += [("create", SERVICE, ""), ("delete", SERVICE, "")]
        if lane.own:
            needed += [("create", kind, ""), ("delete", kind, "")]
    if plan.budgets:
        needed.append(("patch", PDB, ""))
    if plan.port and (plan.probe is None or not plan.probed or plan.strategy == "bluegreen"):
        needed.append(("create" if plan.probe and plan.probe.method != "GET" else "get", POD, "proxy"))
    needed += [(verb, kind, "") for kind in (DEPLOYMENT, SERVICE, POD) for verb in ("list", "watch")]
    return tuple(dict.fromkeys(needed))


async def lacking(api: Api, namespace: str, needed: Iterable[Right], granted: Granted) -> list[str]:
    """Which of these we may not do, as `verb resource`; what was granted a moment ago is not asked again."""
    now = time.monotonic()
    asked = [r for r in needed if granted.get((api, namespace, r), 0.0) < now]
    answers = await asyncio.gather(*(_allowed(api, namespace, r) for r in asked))
    granted |= {(api, namespace, r): now + TRUSTED for r, ok in zip(asked, answers, strict=True) if ok}
    return [
        f"{verb} {kind.plural}{f'/{sub}' if sub else ''}"
        for (verb, kind, sub), ok in zip(asked, answers, strict=True)
        if not ok
    ]


async def review(api: Api, plan: Plan, granted: Granted | None = None) -> Refusal | None:
    """A refusal that names every right that is lacking; `granted` remembers what is not."""
    missing = await lacking(api, plan.namespace, rights(plan), {} if granted is None else granted)
    if not missing:
        return None
    return Refusal(
        code="rights",
        what=f"Graylight may not {', '.join(missing)} in namespace `{plan.namespace}`; without that it could not go there and back.",
        remedy="Apply the Role in deploy/ to this namespace.",
    )


async def _allowed(api: Api, namespace: str, right: Right) -> bool:
    verb, kind, sub = right
    attributes = {"namespace": namespace, "verb": verb, "group": kind.group, "resource": kind.plural} | (
        {"subresource": sub} if sub else {}
    )
    answer = await api.create(
        _REVIEW,
        "",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        },
        purpose="review",
    )
    return bool(answer.get("status", {}).get("allowed"))


async def whoami(api: Api) -> tuple[str, frozenset[str]]:
    """The user that the API server takes us for, and their groups (SelfSubjectReview)."""
    review_ = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    kind = Kind("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False)
    answer = await asyncio.wait_for(api.create(kind, "", review_, purpose="review"), TIMEOUT)
    info = answer["status"]["userInfo"]
    return str(info["username"]), frozenset(map(str, info.get("groups") or ()))


async def forbidden_to(api: Api, plan: Plan, user: str, groups: Iterable[str]) -> list[str]:
    """Which writes of a plan, there or back, somebody may not do by themselves, as `verb resource`.

    What is the bot's own is left out: its lock, the gates of its temporary pods, and its samples.
    """
    needed = [
        (verb, kind, sub) for verb, kind, sub in rights(plan) if verb in _WRITES and kind != LEASE and not sub
    ]
    told = sorted(groups)
    answers = await asyncio.gather(*(_allowed_to(api, plan.namespace, r, user, told) for r in needed))
    return [f"{verb} {kind.plural}" for (verb, kind, _), ok in zip(needed, answers, strict=True) if not ok]


async def _allowed_to(api: Api, namespace: str, right: Right, user: str, groups: list[str]) -> bool:
    verb, kind, _ = right
    asked = {"namespace": namespace, "verb": verb, "group": kind.group, "resource": kind.plural}
    answer = await api.create(
        _OF_OTHERS,
        namespace,
        {
            "apiVersion": _OF_OTHERS.api,
            "kind": _OF_OTHERS.name,
            "metadata": {"namespace": namespace},
            "spec": {"user": user, "groups": groups, "resourceAttributes": asked},
        },
        purpose="review",
    )
    return bool(answer.get("status", {}).get("allowed"))

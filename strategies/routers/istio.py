"""Istio's VirtualService: two destinations whose weights sum to 100, audiences as routes before, a mirror.

Which route is whose: see `virtualservice`. Where the lane carries the canary pods' labels, they stand inside the
Service and a subset of its DestinationRule leads to them: named before the routes lead to it, taken away after.
"""

from collections.abc import Iterator

from strategies import edits
from strategies.lens import Can, Lane, Path, Split
from strategies.objects import (
    DESTINATIONRULE,
    VIRTUALSERVICE,
    Kind,
    Labels,
    Obj,
    at,
    meta,
    name_of,
    namespace_of,
)
from strategies.operations import operations
from strategies.plan import RELEASE
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import RouterName
from strategies.virtualservice import (
    Routes,
    audience_route,
    audiences,
    destinations,
    is_host,
    key,
    mirrored,
    restored,
    standing,
    total,
    turned,
)
from strategies.weights import indivisible
from strategies.writes import Patch

_MIRRORS = ("mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "mirror_percent")


class Istio:
    """See the module."""

    name = RouterName.ISTIO
    can = Can(weight=True, header=True, cookie=True, mirror=True, patterns=True)
    kinds: tuple[Kind, ...] = (VIRTUALSERVICE, DESTINATIONRULE)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every VirtualService with an HTTP route that leads to the Service."""
        found = []
        for obj in snapshot.all(VIRTUALSERVICE):
            space = namespace_of(obj)
            lane = Lane(
                router=self.name,
                kind=VIRTUALSERVICE.name,
                name=name_of(obj),
                service=service,
                twin=twin,
                namespace="" if space == snapshot.namespace else space,
                release=RELEASE,
            )
            routes = Routes(lane, obj, snapshot.namespace)
            if not routes.mains:
                continue
            if any(sum(routes.serves(d["destination"]) for d in destinations(r)) > 1 for r in routes.mains):
                return Refusal(
                    code="named-twice",
                    what=f"A route of VirtualService {lane.name} names {service} in two destinations, so its share has no one place.",
                    remedy="Lead to one subset, and release from there.",
                )
            told = {"paths": tuple(dict.fromkeys(_paths(routes))), "pins": _pins(routes, snapshot)}
            found.append(lane.model_copy(update=told))
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What it lacks, weights that are no whole numbers, headers or mirrors taken, or no subset to divide."""
        if lack := self.can.lacks(split):
            return Refusal(code="router-cannot", what=f"VirtualService {lane.name} cannot {lack}.")
        routes = _routes(lane, snapshot)
        if routes is None:
            return None
        if lane.labels and (no := _unnamed(routes, snapshot)):
            return no
        return next((no for route in routes.mains if (no := _misfit(routes, route, split))), None)

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """Several routes shifted as one; a DestinationRule that does not hold for the twin."""
        routes, found = _routes(lane, snapshot), []
        number = len(routes.mains) if routes else 0
        if number > 1:
            what = f"{number} routes of VirtualService {lane.name} lead to {lane.service}; all of them are shifted."
            found.append(Advice(code="several-rules", what=what))
        rule = _destination_rule(routes, snapshot) if routes and not lane.labels else None
        if rule is not None and at(rule, "spec", "trafficPolicy"):
            what = f"The traffic policy of DestinationRule {name_of(rule)} is for {lane.service}; it does not hold for {lane.twin}."
            found.append(Advice(code="traffic-policy", what=what))
        return tuple(found)

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """The same in every route that leads to the Service, or none."""
        routes = _routes(lane, snapshot)
        if routes is None or not routes.mains:
            return None
        shares = {Split(share=twin, per=ours + twin) for ours, twin in map(routes.weights, routes.mains)}
        copied = {mirrored(routes, route) for route in routes.mains}
        who = audiences(routes)
        if who is None or len(shares) > 1 or len(copied) > 1:
            return None
        share = shares.pop()
        found = Split(share=share.share, per=share.per, audiences=tuple(who), mirror=copied.pop())
        named = found == Split(share=0) or not lane.labels or not _subset(routes, snapshot)
        return found if named else None

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Patch, ...]:
        """The subset where one is needed, then one patch of `spec.http`."""
        routes = _routes(lane, snapshot)
        if routes is None or self.unfit(lane, split, snapshot) is not None:
            return ()
        made = []
        for route in routes.all:
            if routes.leads(route):
                made += [audience_route(routes, route, split.audiences)] if split.audiences else []
                made.append(turned(routes, route, split))
            elif not routes.ours(route):
                made.append(route)
        first = _subset(routes, snapshot) if lane.labels and split != Split(share=0) else ()
        return (*first, *_patch(routes, made, f"VirtualService {lane.name} sends {split} to {lane.twin}"))

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Patch, ...]:
        """Canary, audience routes and mirror gone, weights as they were; then the subset."""
        routes = _routes(lane, snapshot)
        if routes is None:
            return ()
        was = Routes(lane, before or {}, snapshot.namespace)
        why = f"VirtualService {lane.name} leads to {lane.service} as before"
        return (*_patch(routes, restored(routes, was), why), *_unsubset(routes, snapshot))

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:
        """Istiod says `Reconciled` only where its status is switched on."""
        routes = _routes(lane, snapshot)
        said = at(routes.obj, "status", "conditions", default=[]) if routes else []
        reconciled = next((c for c in said if c.get("type") == "Reconciled"), None)
        if routes is None or reconciled is None:
            return ""
        seen = int(at(routes.obj, "status", "observedGeneration", default=0))
        if seen < int(meta(routes.obj).get("generation", 0)) or reconciled.get("status") != "True":
            why = reconciled.get("message") or "its present form has not reached every proxy"
            return f"VirtualService {lane.name}: {why}"
        return ""


ISTIO = Istio()


def _routes(lane: Lane, snapshot: Snapshot) -> Routes | None:
    space = lane.namespace or snapshot.namespace
    for obj in snapshot.all(VIRTUALSERVICE):
        if name_of(obj) == lane.name and (namespace_of(obj) or snapshot.namespace) == space:
            return Routes(lane, obj, snapshot.namespace)
    return None


def _paths(routes: Routes) -> Iterator[Path]:
    for host in at(routes.obj, "spec", "hosts", default=["*"]):
        for route in routes.mains:
            for match in route.get("match") or [{}]:
                uri = match.get("uri") or {}
                prefix = uri.get("prefix") or uri.get("exact") or "/"
                yield Path(host="" if host == "*" else host, prefix=prefix)


def _destination_rule(routes: Routes, snapshot: Snapshot) -> Obj | None:
    for rule in snapshot.all(DESTINATIONRULE):
        space = namespace_of(rule) or snapshot.namespace
        if is_host(at(rule, "spec", "host", default=""), routes.lane.service, space, routes.home):
            return rule
    return None


def _pins(routes: Routes, snapshot: Snapshot) -> Labels:
    """What the subsets that the routes lead to ask of the pods."""
    rule = _destination_rule(routes, snapshot)
    wanted = {at(routes.service(r), "destination", "subset") for r in routes.mains}
    found = [s for s in at(rule, "spec", "subsets", default=[]) if s["name"] in wanted]
    return {k: v for subset in found for k, v in (subset.get("labels") or {}).items()}


def _unnamed(routes: Routes, snapshot: Snapshot) -> Refusal | None:
    """A canary inside the Service is told from stable by subsets alone: each route must name one."""
    rule, lane = _destination_rule(routes, snapshot), routes.lane
    named = all(at(routes.service(r), "destination", "subset") for r in routes.mains)
    if rule is not None and named:
        return None
    return Refusal(
        code="no-subset",
        what=f"VirtualService {lane.name} leads to all pods of {lane.service}, the canary's among them: it names no subset of a DestinationRule.",
        remedy="Let its destination name a subset that only the present version's pods are in.",
    )


def _subset(routes: Routes, snapshot: Snapshot) -> tuple[Patch, ...]:
    """The canary's subset in the DestinationRule, where it is not there yet."""
    rule, lane = _destination_rule(routes, snapshot), routes.lane
    if rule is None:
        return ()
    had = list(at(rule, "spec", "subsets", default=[]))
    ours = {"name": lane.twin, "labels": lane.labels}
    ops = operations(had, [*(s for s in had if s["name"] != lane.twin), ours], "spec", "subsets")
    if ours in had or not ops:
        return ()
    return (edits.patch(DESTINATIONRULE, rule, ops, f"DestinationRule {name_of(rule)} names {lane.twin}"),)


def _unsubset(routes: Routes, snapshot: Snapshot) -> tuple[Patch, ...]:
    rule, lane = _destination_rule(routes, snapshot), routes.lane
    had = list(at(rule, "spec", "subsets", default=[]))
    ops = operations(had, [s for s in had if s["name"] != lane.twin], "spec", "subsets")
    if rule is None or not lane.labels or not ops:
        return ()
    return (edits.patch(DESTINATIONRULE, rule, ops, f"DestinationRule {name_of(rule)} as before"),)


def _misfit(routes: Routes, route: Obj, split: Split) -> Refusal | None:
    lane = routes.lane
    if standing(routes, route, split) is None:
        return indivisible(
            f"A route of VirtualService {lane.name}", lane.service, split, total(routes, route)
        )
    for who in split.audiences:
        if len(routes.asking(route, (who,))) < len(route.get("match") or [{}]):
            return Refusal(
                code="header-taken",
                what=f"A route of VirtualService {lane.name} asks for the header {key(who)} itself, and a match can name a header only once.",
                remedy="Choose another header, or a share.",
            )
    if split.mirror and not mirrored(routes, route) and any(key in route for key in _MIRRORS):
        return Refusal(
            code="mirror-taken",
            what=f"A route of VirtualService {lane.name} mirrors its requests already.",
            remedy="Release without a mirror.",
        )
    return None


def _patch(routes: Routes, made: list[Obj], why: str) -> tuple[Patch, ...]:
    ops = operations(routes.all, made, "spec", "http")
    return (edits.patch(VIRTUALSERVICE, routes.obj, ops, why),) if ops else ()

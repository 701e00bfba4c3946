"""Gateway API routes (v1): weights beside our backend, audiences as rules of more matches, a kept cookie, a mirror.

HTTPRoute and GRPCRoute alike. A route in another namespace is one of ours where a ReferenceGrant lets it lead to the
twin. Which rule is whose: see `gatewayroute`.
"""

from collections.abc import Iterator

from strategies import edits
from strategies.gatewayroute import Rules, read, restored, standing, turned
from strategies.gatewayrules import cookie, matches, setting
from strategies.lens import Can, Lane, Path, Split
from strategies.objects import (
    GRPCROUTE,
    HTTPROUTE,
    REFERENCE_GRANT,
    Kind,
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
from strategies.weights import indivisible
from strategies.writes import Patch

RULES, MATCHES, MATCHES_OF_ALL, HEAVIEST = 16, 64, 128, 1_000_000  # the schema's own limits
_MIRRORLESS = ("traefik.io/gateway-controller",)  # 3.7: users got 404
_GROUP = "gateway.networking.k8s.io"


class HttpRoute:
    """See the module."""

    name = RouterName.HTTPROUTE
    can = Can(
        weight=True,
        header=True,
        cookie=True,
        sticky=True,
        mirror=True,
        smallest=0.0001,
        patterns=True,
        forgets=True,
    )
    kinds: tuple[Kind, ...] = (HTTPROUTE, GRPCROUTE, REFERENCE_GRANT)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every route with a rule that leads to the Service; a route elsewhere needs a grant for the twin too."""
        found = []
        for kind in (HTTPROUTE, GRPCROUTE):
            for route in snapshot.all(kind):
                lane = Lane(
                    router=self.name,
                    kind=kind.name,
                    name=name_of(route),
                    service=service,
                    twin=twin,
                    namespace=_abroad(route, snapshot),
                    release=RELEASE,
                )
                rules = Rules(lane, route, snapshot.namespace)
                if not rules.mains:
                    continue
                no = _twice(rules) or _granted(rules, snapshot)
                if no:
                    return no
                found.append(lane.model_copy(update={"paths": tuple(dict.fromkeys(_paths(rules)))}))
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What it lacks, weights that are no whole numbers, headers asked for already, cookies set, or no room."""
        if lack := self.can.lacks(split):
            return Refusal(code="router-cannot", what=f"{lane.kind} {lane.name} cannot {lack}.")
        rules = _rules(lane, snapshot)
        return None if rules is None else _misfit(rules, split)

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """Several rules are shifted as one."""
        rules = _rules(lane, snapshot)
        number = len(rules.mains) if rules else 0
        return (
            (
                Advice(
                    code="several-rules",
                    what=f"{number} rules of {lane.kind} {lane.name} lead to {lane.service}; all of them are shifted.",
                ),
            )
            if number > 1
            else ()
        )

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """The same in every rule that leads to the Service, or none."""
        rules = _rules(lane, snapshot)
        return read(rules) if rules else None

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Patch, ...]:
        """One patch of `spec.rules`."""
        rules = _rules(lane, snapshot)
        if rules is None or self.unfit(lane, split, snapshot) is not None:
            return ()
        return _patch(rules, turned(rules, split), f"{lane.kind} {lane.name} sends {split} to {lane.twin}")

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Patch, ...]:
        """Twin, audience rules and mirror gone, weights as they were."""
        rules = _rules(lane, snapshot)
        if rules is None:
            return ()
        was = Rules(lane, before or {"spec": {}}, snapshot.namespace)
        return _patch(
            rules, restored(rules, was), f"{lane.kind} {lane.name} leads to {lane.service} as before"
        )

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:
        """Each parent must say Accepted and ResolvedRefs for the present generation."""
        rules = _rules(lane, snapshot)
        if rules is None:
            return ""
        where = f"{lane.kind} {lane.name}"
        parents = at(rules.route, "spec", "parentRefs", default=[])
        return next((f"{where}: {why}" for p in parents if (why := _verdict(rules.route, p))), "")


HTTP = HttpRoute()


def _rules(lane: Lane, snapshot: Snapshot) -> Rules | None:
    kind = HTTPROUTE if lane.kind == HTTPROUTE.name else GRPCROUTE
    space = lane.namespace or snapshot.namespace
    for route in snapshot.all(kind):
        if name_of(route) == lane.name and (namespace_of(route) or snapshot.namespace) == space:
            return Rules(lane, route, snapshot.namespace)
    return None


def _abroad(route: Obj, snapshot: Snapshot) -> str:
    space = namespace_of(route)
    return "" if space == snapshot.namespace else space


def _paths(rules: Rules) -> Iterator[Path]:
    hosts = at(rules.route, "spec", "hostnames", default=[""])
    for rule in rules.mains:
        for match in matches(rule, http=rules.http):
            asked = match.get("path" if rules.http else "method") or {}
            plain = asked.get("type") != "RegularExpression"
            if rules.http:
                prefix = str(asked["value"]) if plain else "/"
            else:
                prefix = "/".join(["", *(asked[k] for k in ("service", "method") if plain and asked.get(k))])
            yield from (Path(host=host, prefix=prefix or "/") for host in hosts)


def _twice(rules: Rules) -> Refusal | None:
    lane = rules.lane
    if all(len(rules.refs(rule, lane.service)) == 1 for rule in rules.mains):
        return None
    return Refusal(
        code="named-twice",
        what=f"A rule of {lane.kind} {lane.name} names Service {lane.service} twice, so its share has no one place.",
        remedy="Name it once, with the sum of the weights.",
    )


def _granted(rules: Rules, snapshot: Snapshot) -> Refusal | None:
    """A route in another namespace may lead to the twin only where a ReferenceGrant says so."""
    lane = rules.lane
    if not lane.namespace:
        return None
    for grant in snapshot.all(REFERENCE_GRANT):
        sources = at(grant, "spec", "from", default=[])
        targets = at(grant, "spec", "to", default=[])
        if any(
            (s.get("group"), s.get("kind"), s.get("namespace")) == (_GROUP, lane.kind, lane.namespace)
            for s in sources
        ) and any(t.get("kind") == "Service" and t.get("name", lane.twin) == lane.twin for t in targets):
            return None
    return Refusal(
        code="no-reference-grant",
        what=f"{lane.kind} {lane.name} of namespace `{lane.namespace}` leads to {lane.service} of `{snapshot.namespace}`, but no ReferenceGrant there lets it lead to {lane.twin}.",
        remedy=f"Add a ReferenceGrant in `{snapshot.namespace}` from {lane.kind} in `{lane.namespace}` to Services (with no name, or with the name {lane.twin}).",
    )


def _misfit(rules: Rules, split: Split) -> Refusal | None:
    lane, mains = rules.lane, rules.mains
    where = f"{lane.kind} {lane.name}"
    asked = (*split.audiences, *((rules.kept,) if split.sticky or split.expire else ()))
    for rule in mains:
        total, alone = sum(rules.weights(rule)), rules.alone(rule)
        if standing(rules, rule, split) is None:
            return indivisible(f"A rule of {where}", lane.service, split, total)
        if alone and split.per > HEAVIEST:
            return Refusal(code="too-fine", what=f"{where} has weights of at most {HEAVIEST:,}.")
        for who in asked:
            if len(rules.asking(rule, (who,))) < len(matches(rule, http=rules.http)):
                name = "Cookie" if who.by == "cookie" else who.name
                return Refusal(
                    code="header-taken",
                    what=f"A rule of {where} asks for the header {name} itself, and a match can name a header only once.",
                    remedy="Choose another header, or a share.",
                )
        if (split.sticky or split.expire) and _cookied(rules, rule, split) is None:
            return Refusal(
                code="cookie-taken",
                what=f"A rule of {where} sets a cookie itself, and a filter can name a header only once.",
                remedy="Release without keeping users on one version.",
            )
    if split.mirror and (whose := _mirrorless(rules.route)):
        return Refusal(
            code="mirror-unserved",
            what=f"{where} is served by {whose}, which answers nobody on a route that copies requests.",
            remedy="Release without `--mirror`.",
        )
    if split.sticky and split.expire:
        return Refusal(code="sticky-expire", what="Users cannot be kept and told to forget at once.")
    made = turned(rules, split)
    sizes = [len(rule.get("matches") or [{}]) for rule in made]
    if len(made) > RULES or max(sizes, default=0) > MATCHES or sum(sizes) > MATCHES_OF_ALL:
        return Refusal(
            code="route-full",
            what=f"{where} would have {len(made)} rules with {sum(sizes)} matches; a route holds {RULES} rules of {MATCHES} matches, {MATCHES_OF_ALL} in all.",
            remedy="Ask for fewer audiences, or divide the route in two.",
        )
    return None


def _mirrorless(route: Obj) -> str:
    """The controller of a parent that was seen not to serve a route with a mirror; empty where none is."""
    parents = at(route, "status", "parents", default=[])
    return next((c for p in parents if (c := str(p.get("controllerName"))) in _MIRRORLESS), "")


def _cookied(rules: Rules, rule: Obj, split: Split) -> list[Obj] | None:
    holder = rule if split.expire else rules.ref(rule, rules.lane.service)
    return setting(list((holder or {}).get("filters") or []), cookie(rules.kept))


def _patch(rules: Rules, made: list[Obj], why: str) -> tuple[Patch, ...]:
    ops = operations(rules.all, made, "spec", "rules")
    kind = HTTPROUTE if rules.http else GRPCROUTE
    return (edits.patch(kind, rules.route, ops, why),) if ops else ()


def _verdict(route: Obj, parent: Obj) -> str:
    """Why one parent has not taken the route as it is now; empty where it has."""
    name = f"{parent.get('kind', 'Gateway')} {parent['name']}"
    home = namespace_of(route)
    said = [
        s
        for s in at(route, "status", "parents", default=[])
        if _key(s["parentRef"], home) == _key(parent, home)
    ]
    if not said:
        return f"{name} has not answered yet"
    generation = int(meta(route).get("generation", 0))
    for status in said:
        for wanted in ("Accepted", "ResolvedRefs"):
            found = next((c for c in status.get("conditions") or [] if c["type"] == wanted), None)
            if found is None or int(found.get("observedGeneration", 0)) < generation:
                return f"{name} has not said {wanted} for its present form yet"
            if found["status"] != "True":
                reason = found.get("message") or found.get("reason") or "without a reason"
                return f"{name} says that it is not {wanted}: {reason}"
    return ""


def _key(ref: Obj, home: str) -> tuple[object, ...]:
    return (
        ref.get("group", _GROUP),
        ref.get("kind", "Gateway"),
        ref.get("namespace", home),
        ref["name"],
        ref.get("sectionName"),
        ref.get("port"),
    )

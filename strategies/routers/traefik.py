"""Traefik's own kinds: weighted services in an IngressRoute or a TraefikService, audiences as rules of higher priority.

A route that names the Service carries its weights itself; where it names a TraefikService that divides the Service,
that one does, and the routes that lead to it carry the audiences. Without a priority of its own a rule has the length
of its text for one; an audience's rule is one above the rule it is taken from, so that longer rules of others go on
winning. A rule all of whose services are the twin, made from the text of one that is there, is ours. Traefik 3's words.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strategies import cookies, edits
from strategies.lens import Audience, Can, Lane, Path, Split, audience
from strategies.objects import INGRESSROUTE, TRAEFIKSERVICE, Kind, Obj, at, name_of
from strategies.operations import operations
from strategies.plan import RELEASE
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import RouterName
from strategies.weights import divided, indivisible
from strategies.writes import Patch

_TERM = re.compile(r"(Header|HeaderRegexp|Headers|HeadersRegexp)\(`([^`]*)`, `([^`]*)`\)")
_HOST = re.compile(r"Host\(`([^`]+)`\)")
_PATH = re.compile(r"Path(?:Prefix)?\(`([^`]+)`\)")


@dataclass(frozen=True, slots=True)
class _View:
    """The objects of one lane: its own, and the IngressRoutes that carry its audiences."""

    lane: Lane
    snapshot: Snapshot

    @property
    def through(self) -> Obj | None:
        """The TraefikService, where the lane is one."""
        return self.snapshot.find(TRAEFIKSERVICE, self.lane.name) if self._indirect else None

    @property
    def _indirect(self) -> bool:
        return self.lane.kind == TRAEFIKSERVICE.name

    @property
    def carriers(self) -> list[Obj]:
        """The IngressRoutes by which users come through this lane."""
        if not self._indirect:
            found = self.snapshot.find(INGRESSROUTE, self.lane.name)
            return [found] if found else []
        return [
            o
            for o in self.snapshot.all(INGRESSROUTE)
            if any(self.main(r) or _made_for(r, self.lane) for r in _routes(o))
        ]

    @property
    def mains(self) -> list[Obj]:
        """The routes by which users come to the Service."""
        return [r for o in self.carriers for r in _routes(o) if self.main(r)]

    def main(self, route: Obj) -> bool:
        """Whether users come to the Service through this route of ours."""
        if self._indirect:
            here = (self.lane.name, self.lane.kind)
            return any((s["name"], s.get("kind")) == here for s in _services(route))
        return leads(_services(route), self.lane)

    def ours(self, route: Obj, every: list[Obj]) -> bool:
        """Whether we made it for this lane; what was made from a route that is gone is anybody's to clear away."""
        if not _made_for(route, self.lane):
            return False
        origins = [r for r in every if not _made_for(r, self.lane) and _made_from(route, r)]
        return not origins or any(map(self.main, origins))

    @property
    def divided(self) -> list[list[Obj]]:
        """Each list of services in which the Service has a part."""
        if self._indirect:
            return [_weighted(self.through)] if self.through else []
        return [_services(r) for r in self.mains]


class Traefik:
    """See the module."""

    name = RouterName.TRAEFIK
    can = Can(weight=True, header=True, cookie=True, smallest=0.0001, patterns=True)
    kinds: tuple[Kind, ...] = (INGRESSROUTE, TRAEFIKSERVICE)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every IngressRoute that names the Service, and every TraefikService that divides it and is led to."""
        found = []
        for kind in (INGRESSROUTE, TRAEFIKSERVICE):
            for obj in snapshot.all(kind):
                lane = Lane(
                    router=self.name,
                    kind=kind.name,
                    name=name_of(obj),
                    service=service,
                    twin=twin,
                    release=RELEASE,
                )
                if kind is TRAEFIKSERVICE and not _used(name_of(obj), snapshot):
                    continue
                if kind is TRAEFIKSERVICE and (no := _mirrors(obj, lane)):
                    return no
                view = _View(lane, snapshot)
                parts = view.divided if kind is INGRESSROUTE else [_weighted(obj)]
                if not any(leads(part, lane) for part in parts):
                    continue
                if any(sum(_is(s, service) for s in part) > 1 for part in parts):
                    return Refusal(
                        code="named-twice",
                        what=f"{kind} {name_of(obj)} names Service {service} twice in one list, so its share has no one place.",
                        remedy="Name it once, with the sum of the weights.",
                    )
                found.append(lane.model_copy(update={"paths": tuple(dict.fromkeys(_paths(view)))}))
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What it lacks, weights that are no whole numbers, or audiences that no rule can be made for."""
        where = f"{lane.kind} {lane.name}"
        if lack := self.can.lacks(split):
            return Refusal(code="router-cannot", what=f"{where} cannot {lack}.")
        view = _View(lane, snapshot)
        for part in view.divided:
            if leads(part, lane) and _standing(part, lane, split) is None:
                return indivisible(where, lane.service, split, sum(_weights(part, lane)))
        if any("`" in a.name + a.value for a in split.audiences):
            return Refusal(
                code="no-backtick",
                what="A rule of Traefik cannot hold a backtick in a header or cookie.",
                remedy="Choose another value.",
            )
        if split.audiences and not view.mains:
            return Refusal(
                code="not-led-to",
                what=f"No IngressRoute leads to {where} itself, so it has no rule from which an audience's could be made.",
                remedy="Release by shares alone.",
            )
        return None

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """Several routes are shifted as one."""
        number = len(_View(lane, snapshot).mains)
        what = f"{number} routes lead to {lane.service} through {lane.kind} {lane.name}; all of them are shifted."
        return (Advice(code="several-rules", what=what),) if number > 1 else ()

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """The same in every list of services and every route, or none."""
        view = _View(lane, snapshot)
        parts = [_weights(part, lane) for part in view.divided]
        if not parts or not all(sum(p) for p in parts):
            return None
        shares = {Split(share=twin, per=ours + twin) for ours, twin in parts}
        who = _audiences(view)
        if len(shares) > 1 or who is None:
            return None
        share = shares.pop()
        return Split(share=share.share, per=share.per, audiences=who)

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Patch, ...]:
        """One patch for each object that changes."""
        if self.unfit(lane, split, snapshot) is not None:
            return ()
        view, why = _View(lane, snapshot), f"{lane.kind} {lane.name} sends {split} to {lane.twin}"
        writes = []
        if view.through:
            writes += _rewrite(view.through, _turned(_weighted(view.through), lane, split), why)
        for obj in view.carriers:
            writes += _reroute(obj, list(_made(view, obj, split)), why)
        return tuple(writes)

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Patch, ...]:
        """Audiences' routes gone first, then the twin, weights as they were."""
        view, why = _View(lane, snapshot), f"{lane.kind} {lane.name} leads to {lane.service} as before"
        writes: list[Patch] = []
        for obj in view.carriers:
            every = _routes(obj)
            former = _routes(before or {}) if view.through is None else []
            kept = [
                _given_back(r, _former(r, every, former, lane), lane)
                for r in every
                if not view.ours(r, every)
            ]
            writes += _reroute(obj, kept, why)
        if view.through:
            was = _weighted(before) if before else None
            writes += _rewrite(view.through, _restored(_weighted(view.through), was, lane), why)
        return tuple(writes)

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:  # noqa: ARG002  # the contract's shape
        """Its kinds have no status."""
        return ""


TRAEFIK = Traefik()


def leads(services: list[Obj], lane: Lane) -> bool:
    """Whether the Service has a part in a list of services."""
    return any(_is(s, lane.service) for s in services) and sum(_weights(services, lane)) > 0


def _routes(obj: Obj) -> list[Obj]:
    return list(at(obj, "spec", "routes", default=[]))


def _services(route: Obj) -> list[Obj]:
    return list(route.get("services") or [])


def _weighted(obj: Obj | None) -> list[Obj]:
    return list(at(obj, "spec", "weighted", "services", default=[]))


def _is(entry: Obj, service: str) -> bool:
    return bool(entry["name"] == service and entry.get("kind", "Service") == "Service")


def _weight(services: list[Obj], name: str) -> int:
    return sum(int(s.get("weight", 1)) for s in services if _is(s, name))


def _weights(services: list[Obj], lane: Lane) -> tuple[int, int]:
    return _weight(services, lane.service), _weight(services, lane.twin)


def _others(services: list[Obj], lane: Lane) -> list[Obj]:
    return [s for s in services if not _is(s, lane.service) and not _is(s, lane.twin)]


def _made_for(route: Obj, lane: Lane) -> bool:
    """Whether it is an audience's route: to the twin alone, by a rule as we write it."""
    listed = _services(route)
    return bool(listed) and all(_is(s, lane.twin) for s in listed) and ") && (Header" in str(route["match"])


def _used(name: str, snapshot: Snapshot) -> bool:
    """Whether an IngressRoute or another TraefikService leads to this one."""
    listed = [s for o in snapshot.all(INGRESSROUTE) for r in _routes(o) for s in _services(r)]
    listed += [s for o in snapshot.all(TRAEFIKSERVICE) for s in _weighted(o)]
    return any((s["name"], s.get("kind")) == (name, TRAEFIKSERVICE.name) for s in listed)


def _mirrors(obj: Obj, lane: Lane) -> Refusal | None:
    mirroring = at(obj, "spec", "mirroring")
    if not mirroring or not _is(mirroring, lane.service):
        return None
    return Refusal(
        code="mirroring",
        what=f"TraefikService {name_of(obj)} leads to {lane.service} and mirrors its requests; such a one cannot be divided.",
        remedy=f"Let it lead to a weighted TraefikService with {lane.service} in it.",
    )


def _paths(view: _View) -> Iterator[Path]:
    for route in view.mains:
        text = str(route["match"])
        for host in _HOST.findall(text) or [""]:
            yield from (Path(host=host, prefix=prefix) for prefix in _PATH.findall(text) or ["/"])


def _standing(services: list[Obj], lane: Lane, split: Split) -> tuple[int, int] | None:
    """The weights of a list under a split: those it has, where they say it already."""
    ours, twin = _weights(services, lane)
    now = Split(share=twin, per=ours + twin)
    if (now.share, now.per) == (split.share, split.per):
        return ours, twin
    alone = not any(s.get("weight", 1) for s in _others(services, lane))
    return divided(split, ours + twin, alone=alone)


def _turned(services: list[Obj], lane: Lane, split: Split) -> list[Obj]:
    weights = _standing(services, lane, split)
    had = any(_is(s, lane.twin) for s in services)
    if weights is None or not (had or split.share):
        return services
    entry = next(s for s in services if _is(s, lane.service))
    beside = {**entry, "name": lane.twin, "weight": weights[1]}
    made = [
        {**s, "weight": weights[0]} if s is entry else beside if _is(s, lane.twin) else s for s in services
    ]
    return made if had else [*made, beside]


def _made(view: _View, obj: Obj, split: Split) -> Iterator[Obj]:
    """The routes under a split: each audience's right after the one it is taken from."""
    every = _routes(obj)
    for route in every:
        if view.ours(route, every):
            continue
        if not view.main(route):
            yield route
            continue
        part = _weighted(view.through) if view.through else _services(route)
        yield route if view.through else {**route, "services": _turned(part, view.lane, split)}
        if split.audiences:
            entry = next(s for s in part if _is(s, view.lane.service))
            beside = {k: v for k, v in entry.items() if k != "weight"} | {"name": view.lane.twin}
            yield {
                **route,
                "match": _asking(route, split.audiences),
                "priority": (route.get("priority") or len(str(route["match"]))) + 1,
                "services": [beside],
            }


def _asking(route: Obj, who: Iterable[Audience]) -> str:
    """The route's rule for these users alone."""
    plural = "s" if route.get("syntax") == "v2" else ""
    return f"({route['match']}) && ({' || '.join(_term(a, plural) for a in who)})"


def _term(who: Audience, plural: str) -> str:
    if who.by == "cookie":
        return f"Header{plural}Regexp(`Cookie`, `{cookies.pattern(who.name, who.value)}`)"
    if who.value.startswith("~"):
        return f"Header{plural}Regexp(`{who.name}`, `^(?:{who.value[1:]})$`)"
    return f"Header{plural}(`{who.name}`, `{who.value}`)"


def _made_from(route: Obj, origin: Obj) -> bool:
    return str(route["match"]).startswith(f"({origin['match']}) && (")


def _audiences(view: _View) -> tuple[Audience, ...] | None:
    """Who is sent to the twin, for every route alike and a priority above it; None where it is not alike."""
    found: set[tuple[Audience, ...] | None] = set()
    for obj in view.carriers:
        every = _routes(obj)
        mains = [r for r in every if view.main(r)]
        ours = [r for r in every if view.ours(r, every)]
        for main in mains:
            made = [r for r in ours if _made_from(r, main)]
            found.add(_read(made[0], main) if len(made) == 1 else None if made else ())
        if not all(any(_made_from(r, m) for m in mains) for r in ours):
            return None
    return found.pop() if len(found) == 1 else None if found else ()


def _read(route: Obj, main: Obj) -> tuple[Audience, ...] | None:
    text = str(route["match"]).removeprefix(f"({main['match']}) && (")
    who = tuple(a for term in _TERM.findall(text) if (a := _named(*term)))
    above = int(route.get("priority") or 0) > int(main.get("priority") or len(str(main["match"])))
    return Split(share=0, audiences=who).audiences if above and _asking(main, who) == route["match"] else None


def _named(word: str, name: str, value: str) -> Audience | None:
    if not word.endswith("Regexp"):
        return audience("header", name, value)
    if name == "Cookie":
        found = cookies.read(value)
        return audience("cookie", *found) if found else None
    return audience("header", name, f"~{value[4:-2]}")


def _former(route: Obj, every: list[Obj], was: list[Obj], lane: Lane) -> Obj | None:
    """The route of the undo's copy with the same rule, else in the same place among as many."""
    mains = [[r for r in listed if leads(_services(r), lane)] for listed in (every, was)]
    alike = [r for r in was if r["match"] == route["match"]]
    place = [i for i, r in enumerate(mains[0]) if r is route]
    nth = [mains[1][place[0]]] if place and len(mains[0]) == len(mains[1]) else []
    return next(iter([*alike, *nth]), None)


def _given_back(route: Obj, former: Obj | None, lane: Lane) -> Obj:
    if not any(_is(s, lane.twin) for s in _services(route)):
        return route
    was = _services(former) if former else None
    return {**route, "services": _restored(_services(route), was, lane)}


def _restored(services: list[Obj], was: list[Obj] | None, lane: Lane) -> list[Obj]:
    """Without the twin; the Service's weight as it was, or where others changed meanwhile, all of ours."""
    if not any(_is(s, lane.twin) for s in services):
        return services
    had = next((s for s in was or [] if _is(s, lane.service)), None)
    kept = [s for s in services if not _is(s, lane.twin)]
    entry = next((s for s in kept if _is(s, lane.service)), None)
    if entry is None:  # somebody took the Service out: where nobody is left, it leads there again
        return kept or ([had] if had else services)
    others = _others(services, lane)
    bare = {k: v for k, v in entry.items() if k != "weight"}
    if was is None or others != _others(was, lane):
        weight = {"weight": sum(_weights(services, lane))} if others else {}
    else:
        weight = {"weight": had["weight"]} if had and "weight" in had else {}
    return [bare | weight if s is entry else s for s in kept]


def _rewrite(obj: Obj, services: list[Obj], why: str) -> list[Patch]:
    ops = operations(_weighted(obj), services, "spec", "weighted", "services")
    return [edits.patch(TRAEFIKSERVICE, obj, ops, why)] if ops else []


def _reroute(obj: Obj, routes: list[Obj], why: str) -> list[Patch]:
    ops = operations(_routes(obj), routes, "spec", "routes")
    return [edits.patch(INGRESSROUTE, obj, ops, why)] if ops else []

"""A VirtualService's HTTP routes as one lane sees them: which lead to the Service, which are ours, and what a split is.

Routes are tried in their order, so an audience's route stands right before the one it is taken from, with that one's
own match and everything else of it. A route leads to a Service where a destination's host is that Service, by its
short or full name; one all of whose destinations are the canary is ours. The canary is reached by a host of its own
(the twin), or where the lane carries the pods' labels by a subset of the Service, named as the twin.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strategies import cookies
from strategies.lens import Audience, Lane, Split, audience
from strategies.objects import Obj, at, namespace_of
from strategies.weights import divided


@dataclass(frozen=True, slots=True)
class Routes:
    """One VirtualService's HTTP routes as one lane sees them."""

    lane: Lane
    obj: Obj
    home: str  # the Service's namespace

    @property
    def all(self) -> list[Obj]:
        """Every HTTP route, in its order."""
        return list(at(self.obj, "spec", "http", default=[]))

    @property
    def mains(self) -> list[Obj]:
        """The routes by which users come to the Service."""
        return [r for r in self.all if self.leads(r)]

    def serves(self, destination: Obj) -> bool:
        """Whether this destination is the Service, and not the canary inside it."""
        return self._is(destination, self.lane.service) and destination.get("subset") != self.lane.twin

    def turns(self, destination: Obj) -> bool:
        """Whether this destination is the canary."""
        inside = destination.get("subset") == self.lane.twin and self._is(destination, self.lane.service)
        return inside or self._is(destination, self.lane.twin)

    def _is(self, destination: Obj, service: str) -> bool:
        return is_host(
            str(destination.get("host", "")), service, namespace_of(self.obj) or self.home, self.home
        )

    def service(self, route: Obj) -> Obj | None:
        """The route's destination that is the Service."""
        return next((d for d in destinations(route) if self.serves(d["destination"])), None)

    def twin(self, route: Obj) -> Obj | None:
        """The route's destination that is the canary."""
        return next((d for d in destinations(route) if self.turns(d["destination"])), None)

    def others(self, route: Obj) -> list[Obj]:
        """Other people's destinations."""
        own = (self.service(route), self.twin(route))
        return [d for d in destinations(route) if not any(d is o for o in own)]

    def alone(self, route: Obj) -> bool:
        """Whether nobody else's destination has a part in it."""
        return not any(d.get("weight", 0) for d in self.others(route))

    def ours(self, route: Obj) -> bool:
        """Whether we made it: it leads to the canary alone."""
        listed = destinations(route)
        return bool(listed) and all(self.turns(d["destination"]) for d in listed)

    def weights(self, route: Obj) -> tuple[int, int]:
        """Of the Service and the canary; a destination alone has all, whatever stands there."""
        ours, twin, listed = self.service(route), self.twin(route), destinations(route)
        if len(listed) == 1:
            return (100, 0) if ours else (0, 100)
        return int((ours or {}).get("weight", 0)), int((twin or {}).get("weight", 0))

    def leads(self, route: Obj) -> bool:
        """Whether users come to the Service through it."""
        return self.service(route) is not None and sum(self.weights(route)) > 0

    def beside(self, entry: Obj) -> Obj:
        """The canary as a destination, everything else of the entry as it is."""
        there = dict(entry["destination"])
        if self.lane.labels:
            there["subset"] = self.lane.twin
        else:
            there.pop("subset", None)
            there["host"] = self.lane.twin + there["host"].removeprefix(self.lane.service)
        return {**entry, "destination": there}

    def asking(self, route: Obj, who: Iterable[Audience]) -> list[Obj]:
        """The route's matches for each audience; those that cannot be are left out."""
        return [made for a in who for m in route.get("match") or [{}] if (made := _asking(m, a)) is not None]


def is_host(host: str, service: str, space: str, home: str) -> bool:
    """Whether a host, as written in namespace `space`, is the Service of namespace `home`.

    >>> is_host("web", "web", "shop", "shop"), is_host("web", "web", "edge", "shop")
    (True, False)
    >>> is_host("web.shop.svc.cluster.local", "web", "edge", "shop"), is_host("web.test", "web", "shop", "shop")
    (True, False)
    """
    if host == service:
        return space == home
    full = f"{service}.{home}"
    return host in (full, f"{full}.svc") or host.startswith(f"{full}.svc.")


def destinations(route: Obj) -> list[Obj]:
    """Its destinations with their weights; none where it redirects or answers by itself."""
    return list(route.get("route") or [])


def total(routes: Routes, route: Obj) -> int:
    """What the weights of Service and canary sum to: 100 where they are alone."""
    return 100 if routes.alone(route) else sum(routes.weights(route))


def standing(routes: Routes, route: Obj, split: Split) -> tuple[int, int] | None:
    """The weights of a route under a split: those it has where they say it already; alone they sum to 100."""
    ours, twin = routes.weights(route)
    now = Split(share=twin, per=ours + twin)
    if (now.share, now.per) == (split.share, split.per):
        return ours, twin
    return divided(split, total(routes, route), alone=False)


def key(who: Audience) -> str:
    """The header an audience is told by, as Istio wants it: in lower case."""
    return "cookie" if who.by == "cookie" else who.name.lower()


def _asking(match: Obj, who: Audience) -> Obj | None:
    name, had = key(who), match.get("headers") or {}
    if name in {k.lower() for k in (*had, *(match.get("withoutHeaders") or {}))}:
        return None
    if who.by == "cookie":
        asked = {"regex": cookies.pattern(who.name, who.value)}
    else:
        asked = {"regex": who.value[1:]} if who.value.startswith("~") else {"exact": who.value}
    return {**match, "headers": {**had, name: asked}}


def _named(match: Obj) -> Iterator[Audience]:
    """Whom the headers of a match could have been written for."""
    for name, asked in (match.get("headers") or {}).items():
        regex = asked.get("regex", "")
        if name.lower() == "cookie":
            read = cookies.read(regex)
            found = audience("cookie", *read) if read else None
        else:
            found = audience("header", name, asked.get("exact") or (f"~{regex}" if regex else ""))
        if found is not None:
            yield found


def audiences(routes: Routes) -> list[Audience] | None:
    """Who is sent to the canary by every route alike, and before it; None where it is not alike."""
    every, mains = routes.all, routes.mains
    there = [m for r in every if routes.ours(r) for m in r.get("match") or [{}]]
    found = list(Split(share=0, audiences=tuple(a for m in there for a in _named(m))).audiences)
    everywhere = [
        a
        for a in found
        if all((asked := _shown(routes, r, (a,))) and asked <= _above(routes, every, r) for r in mains)
    ]
    said = {text for r in mains for text in _shown(routes, r, everywhere)}
    return everywhere if said == {json.dumps(m, sort_keys=True) for m in there} else None


def _shown(routes: Routes, route: Obj, who: Iterable[Audience]) -> set[str]:
    return {json.dumps(m, sort_keys=True) for m in routes.asking(route, who)}


def _above(routes: Routes, every: list[Obj], main: Obj) -> set[str]:
    """The matches of our routes that are tried before this one."""
    place = next(i for i, r in enumerate(every) if r is main)
    return {
        json.dumps(m, sort_keys=True) for r in every[:place] if routes.ours(r) for m in r.get("match") or [{}]
    }


def mirrored(routes: Routes, route: Obj) -> int:
    """How many percent of the requests are copied to the canary."""
    if not routes.turns(route.get("mirror") or {}):
        return 0
    return int(at(route, "mirrorPercentage", "value", default=100))


def turned(routes: Routes, route: Obj, split: Split) -> Obj:
    """A route that leads to the Service, under a split."""
    weights, entry, had = standing(routes, route, split), routes.service(route), routes.twin(route)
    if weights is None or entry is None:
        return route
    made = dict(route)
    if had is not None or split.share:
        twin = {**routes.beside(entry), "weight": weights[1]}
        listed = [
            {**d, "weight": weights[0]} if d is entry else twin if d is had else d
            for d in destinations(route)
        ]
        made["route"] = listed if had is not None else [*listed, twin]
    if mirrored(routes, route) != split.mirror:
        made = {k: v for k, v in made.items() if k not in ("mirror", "mirrorPercentage")}
        if split.mirror:
            made |= {
                "mirror": routes.beside(entry)["destination"],
                "mirrorPercentage": {"value": split.mirror},
            }
    return made


def audience_route(routes: Routes, route: Obj, who: tuple[Audience, ...]) -> Obj:
    """The same route for these users alone, leading to the canary."""
    copies = bool(mirrored(routes, route))
    left_out = {"name", "match", "route"} | ({"mirror", "mirrorPercentage"} if copies else set())
    entry = {k: v for k, v in (routes.service(route) or {}).items() if k != "weight"}
    kept = {k: v for k, v in route.items() if k not in left_out}
    return kept | {"match": routes.asking(route, who), "route": [routes.beside(entry)]}


def restored(routes: Routes, was: Routes) -> list[Obj]:
    """The routes without anything of ours."""
    made = []
    for route in routes.all:
        former = _former(routes, route, was)
        if not routes.ours(route):
            made.append(_given_back(routes, route, former, was))
        elif former is not None:  # somebody took the Service out of its own route: the route stays
            made.append({**route, "route": [was.service(former)]})
    return made


def _given_back(routes: Routes, route: Obj, former: Obj | None, was: Routes) -> Obj:
    made, twin, entry = dict(route), routes.twin(route), routes.service(route)
    if twin is not None:
        kept = [d for d in destinations(route) if d is not twin]
        made["route"] = [_weighed(routes, route, former, was) if d is entry else d for d in kept]
    if mirrored(routes, route):
        made = {k: v for k, v in made.items() if k not in ("mirror", "mirrorPercentage")}
    return made


def _weighed(routes: Routes, route: Obj, former: Obj | None, was: Routes) -> Obj:
    """The Service's destination with the weight it had, or where others changed meanwhile, with all of ours."""
    entry, parts = routes.service(route) or {}, sum(routes.weights(route))
    bare = {k: v for k, v in entry.items() if k != "weight"}
    others = routes.others(route)
    if former is None or others != was.others(former):
        return {**bare, "weight": parts} if others else bare
    had = was.service(former) or {}
    return bare | ({"weight": had["weight"]} if "weight" in had else {})


def _former(routes: Routes, route: Obj, was: Routes) -> Obj | None:
    """The route as it was: of the same name, else of the same match, else in the same place among as many."""
    mains, now = was.mains, routes.mains
    named = [r for r in mains if r.get("name") and r.get("name") == route.get("name")]
    alike = [r for r in mains if (r.get("match") or []) == (route.get("match") or [])]
    place = [i for i, r in enumerate(now) if r is route]
    nth = [mains[place[0]]] if place and len(now) == len(mains) else []
    return next(iter([*named, *alike, *nth]), None)

"""A Gateway API route's rules as one lane sees them: which lead to the Service, which are ours, and what a split is.

A rule leads to a Service where a backend names it with a weight above 0; it is found by that, never by its place. What
we add: a backend (the twin) beside ours, and at the end of the list one rule for the audiences of each such rule. More
header matches win over fewer wherever they stand; at the end, because equal ones are decided by order and somebody's
own rule shall go on winning. A rule all of whose backends are the twin is ours.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from strategies.gatewayrules import (
    asking,
    audiences,
    cookie,
    matches,
    mirrored,
    mirroring,
    mirrors,
    sets,
    setting,
)
from strategies.lens import Audience, Lane, Split
from strategies.names import dns_label
from strategies.objects import HTTPROUTE, Obj, at, namespace_of
from strategies.plan import RELEASE
from strategies.weights import divided


@dataclass(frozen=True, slots=True)
class Rules:
    """One route's rules as one lane sees them."""

    lane: Lane
    route: Obj
    home: str  # the Service's namespace

    @property
    def http(self) -> bool:
        """Whether its matches are HTTP's."""
        return self.lane.kind == HTTPROUTE.name

    @property
    def all(self) -> list[Obj]:
        """Every rule, in its order."""
        return list(at(self.route, "spec", "rules", default=[]))

    @property
    def kept(self) -> Audience:
        """The cookie of users who stay; its value is the release's, so that the next one does not inherit them."""
        value = dns_label(self.lane.release or RELEASE)
        return Audience(by="cookie", name=dns_label(f"graylight-{self.lane.service}"), value=value)

    def refs(self, rule: Obj, name: str) -> list[Obj]:
        """The rule's backends that are this Service of ours."""
        space = namespace_of(self.route) or self.home
        return [
            ref
            for ref in rule.get("backendRefs") or []
            if ref["name"] == name
            and ref.get("kind", "Service") == "Service"
            and not ref.get("group")
            and ref.get("namespace", space) == self.home
        ]

    def ref(self, rule: Obj, name: str) -> Obj | None:
        """The rule's backend that is this Service, None where there is none."""
        return next(iter(self.refs(rule, name)), None)

    def others(self, rule: Obj) -> list[Obj]:
        """Other people's backends."""
        own = (*self.refs(rule, self.lane.service), *self.refs(rule, self.lane.twin))
        return [ref for ref in rule.get("backendRefs") or [] if not any(ref is o for o in own)]

    def alone(self, rule: Obj) -> bool:
        """Whether nobody else's backend has a part in it."""
        return not any(_weight(ref) for ref in self.others(rule))

    def weights(self, rule: Obj) -> tuple[int, int]:
        """Of the Service and of its twin."""
        ours, twin = self.ref(rule, self.lane.service), self.ref(rule, self.lane.twin)
        return (_weight(ours) if ours else 0, _weight(twin) if twin else 0)

    def forgets(self, rule: Obj) -> bool:
        """Whether this is the rule in which kept users are told to forget."""
        return any(self.kept in audiences(m) for m in matches(rule, http=self.http)) and not self.twins(rule)

    def twins(self, rule: Obj) -> bool:
        """Whether it leads to the twin alone."""
        listed = rule.get("backendRefs") or []
        return bool(listed) and len(self.refs(rule, self.lane.twin)) == len(listed)

    def ours(self, rule: Obj) -> bool:
        """Whether we made it."""
        return self.twins(rule) or self.forgets(rule)

    def leads(self, rule: Obj) -> bool:
        """Whether users come to the Service through it."""
        found = self.ref(rule, self.lane.service)
        return found is not None and sum(self.weights(rule)) > 0 and not self.ours(rule)

    @property
    def mains(self) -> list[Obj]:
        """The rules by which users come to the Service."""
        return [rule for rule in self.all if self.leads(rule)]

    def asking(self, rule: Obj, who: Iterable[Audience]) -> list[Obj]:
        """The rule's matches for each audience; those that cannot be are left out."""
        every = matches(rule, http=self.http)
        return [made for a in who for m in every if (made := asking(m, a)) is not None]


def _weight(ref: Obj) -> int:
    return int(ref.get("weight", 1))


def read(rules: Rules) -> Split | None:
    """Shares, mirror and cookie of every rule alike, and audience rules that are exactly those of some audiences."""
    mains, lane = rules.mains, rules.lane
    if not mains:
        return None
    weights = [rules.weights(rule) for rule in mains]
    shares = {Split(share=twin, per=ours + twin) for ours, twin in weights}
    copied = {mirrored(rule.get("filters") or [], lane.twin) for rule in mains}
    who = _audiences(rules)
    keeping = {
        sets(ref.get("filters") or [], cookie(rules.kept)) if (ref := rules.ref(m, lane.twin)) else False
        for m in mains
    }
    if who is None or len(shares) > 1 or len(copied) > 1 or keeping != {rules.kept in who}:
        return None
    forgetting = [rule for rule in rules.all if rules.forgets(rule)]
    told = sum(sets(rule.get("filters") or [], cookie(rules.kept, -1)) for rule in forgetting)
    if told not in (0, len(mains)) or told != len(forgetting):
        return None
    share = shares.pop()
    return Split(
        share=share.share,
        per=share.per,
        audiences=tuple(a for a in who if a != rules.kept),
        sticky=rules.kept in who,
        mirror=copied.pop(),
        expire=told > 0,
    )


def _audiences(rules: Rules) -> list[Audience] | None:
    """Who is sent to the twin by every rule alike, kept users among them; None where it is not alike."""
    there = [m for rule in rules.all if rules.twins(rule) for m in matches(rule, http=rules.http)]
    shown = {json.dumps(m, sort_keys=True) for m in there}
    candidates = dict.fromkeys(a for m in there for a in audiences(m))
    found = [a for a in candidates if _shown(rules, (a,)) <= shown and _shown(rules, (a,))]
    return found if _shown(rules, found) == shown else None


def _shown(rules: Rules, who: Iterable[Audience]) -> set[str]:
    asked = tuple(who)
    return {json.dumps(m, sort_keys=True) for rule in rules.mains for m in rules.asking(rule, asked)}


def standing(rules: Rules, rule: Obj, split: Split) -> tuple[int, int] | None:
    """The weights of a rule under a split: those it has, where they say it already."""
    ours, twin = rules.weights(rule)
    now = Split(share=twin, per=ours + twin)
    if (now.share, now.per) == (split.share, split.per):
        return ours, twin
    return divided(split, ours + twin, alone=rules.alone(rule))


def turned(rules: Rules, split: Split) -> list[Obj]:
    """The rules under a split: ours in the places they have, further ones at the end."""
    mains = rules.mains
    who = (*split.audiences, *((rules.kept,) if split.sticky else ()))
    main = {id(rule): _main(rules, rule, split) for rule in mains}
    own = [_audience_rule(rules, rule, who) for rule in mains] if who else []
    own += [_forgetting(rules, main[id(rule)]) for rule in mains] if split.expire else []
    left = iter(own)
    made: list[Obj] = []
    for rule in rules.all:
        if not rules.ours(rule):
            made.append(main.get(id(rule), rule))
        elif (following := next(left, None)) is not None:
            made.append(following)
    return [*made, *left]


def _main(rules: Rules, rule: Obj, split: Split) -> Obj:
    """A rule that leads to the Service, under a split."""
    lane, weights = rules.lane, standing(rules, rule, split)
    ref, had = rules.ref(rule, lane.service), rules.ref(rule, lane.twin)
    if weights is None or ref is None:
        return rule
    made = dict(rule)
    if had is not None or split.share or split.sticky:
        beside = {**ref, "name": lane.twin, "weight": weights[1]}
        if split.sticky:
            beside["filters"] = setting(list(ref.get("filters") or []), cookie(rules.kept))
        listed = [
            {**r, "weight": weights[0]} if r is ref else beside if r is had else r
            for r in rule["backendRefs"]
        ]
        made["backendRefs"] = listed if had is not None else [*listed, beside]
    filters = mirroring(list(rule.get("filters") or []), {**ref, "name": lane.twin}, split.mirror)
    if filters:
        made["filters"] = filters
    elif rule.get("filters"):
        del made["filters"]
    return made


def _audience_rule(rules: Rules, rule: Obj, who: Iterable[Audience]) -> Obj:
    """The same rule for these users alone, leading to the twin; without its name, which is unique."""
    lane, ref = rules.lane, rules.ref(rule, rules.lane.service)
    made = {k: v for k, v in rule.items() if k not in ("name", "matches", "backendRefs", "filters")}
    filters = [f for f in rule.get("filters") or [] if not mirrors(f, lane.twin)]
    made |= {"filters": filters} if filters else {}
    return made | {
        "matches": rules.asking(rule, who),
        "backendRefs": [{**(ref or {}), "name": lane.twin, "weight": 1}],
    }


def _forgetting(rules: Rules, rule: Obj) -> Obj:
    """The same rule for users who were kept, with the cookie's end."""
    filters = [f for f in rule.get("filters") or [] if not mirrors(f, rules.lane.twin)]
    made = {k: v for k, v in rule.items() if k != "name"}
    return made | {
        "matches": rules.asking(rule, (rules.kept,)),
        "filters": setting(filters, cookie(rules.kept, -1)) or filters,
    }


def restored(rules: Rules, was: Rules) -> list[Obj]:
    """The rules without anything of ours."""
    made = []
    for rule in rules.all:
        if not rules.ours(rule):
            made.append(_given_back(rules, rule, was))
        elif rules.twins(rule) and (former := _same(rules, rule, was)):
            # somebody took the Service out of its own rule: the rule stays, and leads somewhere
            made.append({**rule, "backendRefs": [was.ref(former, rules.lane.service)]})
    return made


def _given_back(rules: Rules, rule: Obj, was: Rules) -> Obj:
    lane, former = rules.lane, _same(rules, rule, was) or _nth(rules, rule, was)
    made = dict(rule)
    ref, twin = rules.ref(rule, lane.service), rules.ref(rule, lane.twin)
    if twin is not None:
        listed = [r for r in rule["backendRefs"] if r is not twin]
        made["backendRefs"] = [_weighed(rules, rule, former, was) if r is ref else r for r in listed]
    if any(mirrors(f, lane.twin) for f in rule.get("filters") or []):
        made["filters"] = [f for f in rule["filters"] if not mirrors(f, lane.twin)]
        if not made["filters"] and "filters" not in (former or {}):
            del made["filters"]
    return made


def _weighed(rules: Rules, rule: Obj, former: Obj | None, was: Rules) -> Obj:
    """The Service's backend with the weight it had, or where somebody came beside it meanwhile, with all of ours."""
    ref = rules.ref(rule, rules.lane.service) or {}
    total, had = sum(rules.weights(rule)), was.ref(former, rules.lane.service) if former else None
    if not rules.alone(rule) and (former is None or rules.others(rule) != was.others(former)):
        return {**ref, "weight": total}
    bare = {k: v for k, v in ref.items() if k != "weight"}
    if had is None:
        return bare if rules.alone(rule) else {**ref, "weight": total}
    return bare | ({"weight": had["weight"]} if "weight" in had else {})


def _same(rules: Rules, rule: Obj, was: Rules) -> Obj | None:
    """The rule of the undo's copy with the same name or the same matches."""
    named = [r for r in was.mains if r.get("name") and r.get("name") == rule.get("name")]
    asked = matches(rule, http=rules.http)
    return next(iter([*named, *(r for r in was.mains if matches(r, http=rules.http) == asked)]), None)


def _nth(rules: Rules, rule: Obj, was: Rules) -> Obj | None:
    """Else the one in the same place among those that lead to the Service, where there are as many."""
    now, former = rules.mains, was.mains
    places = [i for i, r in enumerate(now) if r is rule]
    return former[places[0]] if places and len(now) == len(former) else None

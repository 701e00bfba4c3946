"""The paths and actions of an AWS ALB Ingress as one lane sees them, and what a split is in them.

A path leads to the Service by itself, by our action in its place, or by an action of the user's that forwards to it
with a weight above 0; it is found by that. A path before it that leads to an action of ours with conditions is an
audience's. What we add bears names made from the twin's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strategies import forwards
from strategies.forwards import ACTION, CONDITIONS, USE
from strategies.lens import Audience, Lane, Split, audience
from strategies.names import digest, dns_label
from strategies.objects import Labels, Obj, annotations_of, at
from strategies.weights import divided

KEPT_FOR = 3600  # seconds


@dataclass(frozen=True, slots=True)
class ActionView:
    """One Ingress as one lane sees it."""

    lane: Lane
    ingress: Obj

    @property
    def notes(self) -> Labels:
        """Its annotations."""
        return annotations_of(self.ingress)

    @property
    def rules(self) -> list[Obj]:
        """Its rules, in their order."""
        return list(at(self.ingress, "spec", "rules", default=[]))

    @property
    def _base(self) -> str:
        return dns_label(
            self.lane.twin, 30
        )  # an annotation's name has 63 characters, `conditions.` among them

    def action_for(self, port: str) -> str:
        """The name of our action for a port of the Service."""
        return f"{self._base}-main-{port}"

    def audience_for(self, path: Obj, who: Audience) -> str:
        """The name of our action and conditions for an audience of a path; paths of other conditions have others."""
        return f"{self._base}-user-{self.port(path)}-{digest(f'{self._asked(path)} {who}')}"

    def ours(self, path: Obj) -> bool:
        """Whether it leads to our action."""
        return action_of(path).startswith(f"{self._base}-main-")

    def audience(self, path: Obj) -> bool:
        """Whether it is a path that we put before another."""
        return action_of(path).startswith(f"{self._base}-user-")

    def made(self, key: str) -> bool:
        """Whether an annotation is of our making."""
        name = key.removeprefix(ACTION).removeprefix(CONDITIONS)
        return name != key and name.startswith((f"{self._base}-main-", f"{self._base}-user-"))

    def plain(self, path: Obj) -> bool:
        """Whether it leads to the Service by itself."""
        backend = at(path, "backend", "service", default={})
        return backend.get("name") == self.lane.service and not action_of(path)

    def own(self, path: Obj) -> bool:
        """Whether it leads to the Service by an action of the user's."""
        return bool(action_of(path)) and not self.ours(path) and bool(sum(self.weights(path)))

    def main(self, path: Obj) -> bool:
        """Whether users come to the Service through it."""
        return self.plain(path) or self.ours(path) or self.own(path)

    @property
    def mains(self) -> list[Obj]:
        """The paths by which users come to the Service."""
        return [p for p in _paths(self.rules) if not self.audience(p) and self.main(p)]

    def groups(self, path: Obj) -> list[Obj]:
        """The target groups of the action that a path leads to."""
        return forwards.groups(forwards.parsed(self.notes, ACTION + action_of(path)))

    def weights(self, path: Obj) -> tuple[int, int]:
        """Of the Service and of its twin."""
        if self.plain(path):
            return 1, 0
        listed = self.groups(path)
        ours, twin = (_weight(listed, name) for name in (self.lane.service, self.lane.twin))
        return (ours, twin) if ours + twin and _group(listed, self.lane.service) else (0, 0)

    def alone(self, path: Obj) -> bool:
        """Whether nobody else's target group has a part in it."""
        own = (self.lane.service, self.lane.twin)
        return not any(_weight([g], service_of(g)) for g in self.groups(path) if service_of(g) not in own)

    def conditions(self, path: Obj) -> list[Any]:
        """What its rule asks for besides host and path: conditions go by the name of the backend."""
        found = forwards.parsed(self.notes, CONDITIONS + self._asked(path))
        return found if isinstance(found, list) else []

    def _asked(self, path: Obj) -> str:
        """By which name a path's conditions go, or went before we changed it."""
        return action_of(path) if self.own(path) else self.lane.service

    def port(self, path: Obj) -> str:
        """The Service's port that a path leads to."""
        if self.plain(path):
            told = at(path, "backend", "service", "port", default={})
            return str(told.get("number") or told.get("name"))
        return str(forwards.field(_group(self.groups(path), self.lane.service), "servicePort"))


def action_of(path: Obj) -> str:
    """The action that a path leads to, empty where it leads to a Service by itself."""
    backend = at(path, "backend", "service", default={})
    return str(backend["name"]) if at(backend, "port", "name") == USE else ""


def _paths(rules: list[Obj]) -> Iterator[Obj]:
    for rule in rules:
        yield from at(rule, "http", "paths", default=[])


def service_of(group: Obj) -> str:
    """The Service of a target group, empty where it is something else's."""
    return str(forwards.field(group, "serviceName") or "")


def _group(listed: list[Obj], name: str) -> Obj | None:
    return next((g for g in listed if service_of(g) == name), None)


def _weight(listed: list[Obj], name: str) -> int:
    """A group's weight; alone it needs none."""
    weights = [forwards.field(g, "weight") for g in listed if service_of(g) == name]
    return sum(w if isinstance(w, int) else 1 for w in weights)


def standing(view: ActionView, path: Obj, split: Split) -> tuple[int, int] | None:
    """The weights of a path under a split: those it has, where they say it already."""
    ours, twin = view.weights(path)
    now = Split(share=twin, per=ours + twin)
    if (now.share, now.per) == (split.share, split.per) and not view.plain(path):
        return ours, twin
    return divided(split, ours + twin, alone=view.alone(path))


def sticky(view: ActionView, path: Obj) -> bool:
    """Whether users are kept on one of the action's groups."""
    action = forwards.parsed(view.notes, ACTION + action_of(path))
    config = forwards.field(forwards.field(action, "forwardConfig"), "targetGroupStickinessConfig")
    return forwards.field(config, "enabled") is True


def audiences(view: ActionView) -> tuple[Audience, ...] | None:
    """Who is sent to the twin before every path alike; None where it is not alike."""
    found: set[tuple[Audience, ...] | None] = set()
    for rule in view.rules:
        before: list[Obj] = []
        for path in at(rule, "http", "paths", default=[]):
            if view.audience(path):
                before.append(path)
            elif view.main(path):
                there = tuple(_who(view, p, path) for p in before)
                found.add(
                    Split(share=0, audiences=tuple(filter(None, there))).audiences if all(there) else None
                )
                before = []
            elif before:
                return None
        if before:
            return None
    return found.pop() if len(found) == 1 else None


def _who(view: ActionView, path: Obj, main: Obj) -> Audience | None:
    """The audience of a path before a main one, None where either was made something else."""
    name, port = action_of(path), view.port(main)
    text = view.notes.get(CONDITIONS + name, "")
    asked = forwards.asks(forwards.parsed({"": text}, ""))
    found = audience("header", *asked) if asked else None
    leads = view.notes.get(ACTION + name) == forwards.forward([(view.lane.twin, port, 1)])
    same = all(path.get(key) == main.get(key) for key in ("path", "pathType"))
    if found is None or not leads or not same or name != view.audience_for(main, found):
        return None
    return found if text == forwards.header(found.name, found.value, *view.conditions(main)) else None


def _turned(view: ActionView, path: Obj, split: Split) -> tuple[Obj, Labels]:
    """A path that leads to the Service, under a split, and the annotation of its action."""
    weights, lane, port = standing(view, path, split), view.lane, view.port(path)
    if weights is None or (view.plain(path) and not split.share and not split.sticky):
        return path, {}
    if view.own(path):
        key = ACTION + action_of(path)
        if _group(view.groups(path), lane.twin) is None and not split.share:
            return path, {}
        return path, {key: _regrouped(view, path, weights)}
    name = view.action_for(port)
    listed = [(lane.service, port, weights[0]), (lane.twin, port, weights[1])]
    told = forwards.forward(listed, KEPT_FOR if split.sticky else 0)
    asked = view.notes.get(CONDITIONS + lane.service)  # they hold by the backend's name, which is another now
    return {**path, "backend": _by_action(name)}, {ACTION + name: told} | (
        {CONDITIONS + name: asked} if asked else {}
    )


def _by_action(name: str) -> Obj:
    return {"service": {"name": name, "port": {"name": USE}}}


def _regrouped(view: ActionView, path: Obj, weights: tuple[int, int]) -> str:
    """The user's action with these weights, and the twin as one group more; as it is where it says so already."""
    text, listed, lane = view.notes[ACTION + action_of(path)], view.groups(path), view.lane
    if view.weights(path) == weights and _group(listed, lane.twin) is not None:
        return text
    entry = _group(listed, lane.service) or {}
    made = [_weighed(g, weights[0]) if g is entry else g for g in listed if service_of(g) != lane.twin]
    key = "serviceName" if "serviceName" in entry else "ServiceName"
    made.append(_weighed({**entry, key: lane.twin}, weights[1]))
    return _with_groups(text, made)


def _weighed(group: Obj, weight: int) -> Obj:
    kept = {k: v for k, v in group.items() if k not in ("weight", "Weight")}
    return kept | {"weight" if "serviceName" in group else "Weight": weight}


def _with_groups(text: str, listed: list[Obj]) -> str:
    action = forwards.parsed({"": text}, "")
    config = "forwardConfig" if "forwardConfig" in action else "ForwardConfig"
    key = "targetGroups" if "targetGroups" in action[config] else "TargetGroups"
    return forwards.compact({**action, config: {**action[config], key: listed}})


def made(view: ActionView, split: Split) -> tuple[list[Obj], Labels]:
    """Rules and annotations under a split."""
    notes = {k: v for k, v in view.notes.items() if not view.made(k)}
    rules = []
    for rule in view.rules:
        paths: list[Obj] = []
        for path in at(rule, "http", "paths", default=[]):
            if view.audience(path):
                continue
            if view.main(path):
                port = view.port(path)
                for who in split.audiences:
                    name = view.audience_for(path, who)
                    notes[CONDITIONS + name] = forwards.header(who.name, who.value, *view.conditions(path))
                    notes[ACTION + name] = forwards.forward([(view.lane.twin, port, 1)])
                    paths.append({**path, "backend": _by_action(name)})
                turned, told = _turned(view, path, split)
                notes |= told
                paths.append(turned)
            else:
                paths.append(path)
        rules.append({**rule, "http": {**rule["http"], "paths": paths}} if "http" in rule else rule)
    return rules, notes


def restored(view: ActionView, was: ActionView) -> tuple[list[Obj], Labels]:
    """Rules and annotations without anything of ours."""
    notes = {k: v for k, v in view.notes.items() if not view.made(k)}
    rules = []
    for rule in view.rules:
        paths = []
        for path in at(rule, "http", "paths", default=[]):
            if view.ours(path):
                port = view.port(path)
                told = {"number": int(port)} if port.isdigit() else {"name": port}
                former = _former(rule, path, was)
                by_itself = {"service": {"name": view.lane.service, "port": told}}
                paths.append({**path, "backend": former["backend"] if former else by_itself})
            elif not view.audience(path):
                paths.append(path)
                if view.own(path) and _group(view.groups(path), view.lane.twin) is not None:
                    notes[ACTION + action_of(path)] = _own_again(view, path, was)
        rules.append({**rule, "http": {**rule["http"], "paths": paths}} if "http" in rule else rule)
    return rules, notes


def _former(rule: Obj, path: Obj, was: ActionView) -> Obj | None:
    """The path as it was: of the same host and place."""
    for other in was.rules:
        for found in at(other, "http", "paths", default=[]):
            if other.get("host") == rule.get("host") and was.plain(found) and _place(found) == _place(path):
                return dict(found)
    return None


def _place(path: Obj) -> tuple[object, object]:
    return path.get("path"), path.get("pathType")


def _own_again(view: ActionView, path: Obj, was: ActionView) -> str:
    """The user's action with its weight as it was, letter by letter where nobody else changed it."""
    key, lane = ACTION + action_of(path), view.lane
    listed = [g for g in view.groups(path) if service_of(g) != lane.twin]
    others = [g for g in listed if service_of(g) != lane.service]
    before = forwards.groups(forwards.parsed(was.notes, key))
    entry, had = _group(listed, lane.service) or {}, _group(before, lane.service)
    if had is None or others != [g for g in before if service_of(g) != lane.service]:
        had = _weighed(entry, sum(view.weights(path)))
    made = _with_groups(view.notes[key], [had if g is entry else g for g in listed])
    unchanged = forwards.parsed({"": made}, "") == forwards.parsed(was.notes, key)
    return was.notes[key] if unchanged else made

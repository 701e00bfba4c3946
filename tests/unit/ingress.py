"""What an ingress controller knows: routes and the pods behind Services, as they were some seconds ago.

The rules are read as the playground's ingress reads them, so that whatever a router writes is judged by what it does.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.playground.kube.matching import Backend, Request, Rule, Shares, find, ingress_rules, route_rules
from strategies.objects import HTTPROUTE, INGRESS, Kind, Obj, annotations_of

KEPT = 50  # changes that are remembered
_CLASS = "kubernetes.io/ingress.class"


@dataclass(frozen=True, slots=True)
class Known:
    """What was true at a moment: rules, and the names of the pods that each Service lists."""

    since: datetime
    rules: tuple[Rule, ...]
    pods: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Ingress:
    """A controller that is `lag` seconds behind; deaf ones never learn anything again."""

    lag: float = 0.0
    deaf: bool = False
    known: list[Known] = field(default_factory=list)
    shares: Shares = field(default_factory=Shares)

    def learn(
        self, now: datetime, objects: Mapping[Kind, Mapping[str, Obj]], pods: Mapping[str, tuple[str, ...]]
    ) -> None:
        """What is true from now on."""
        if self.deaf and self.known:
            return
        ingresses = [i for i in objects.get(INGRESS, {}).values() if annotations_of(i).get(_CLASS) == "nginx"]
        routes = list(objects.get(HTTPROUTE, {}).values())
        rules = (*ingress_rules(ingresses), *route_rules(routes))
        if not self.known or (self.known[-1].rules, self.known[-1].pods) != (rules, pods):
            self.known = [*self.known[-KEPT:], Known(now, rules, dict(pods))]

    def fork(self) -> "Ingress":
        """The same, to go another way from here."""
        return replace(self, known=list(self.known), shares=copy.deepcopy(self.shares))

    def at(self, now: datetime) -> Known:
        """What it goes by now."""
        then = now - timedelta(seconds=self.lag)
        return next((k for k in reversed(self.known) if k.since <= then), self.known[0])

    def choose(self, now: datetime, request: Request) -> tuple[str, ...] | None:
        """The pods that one request may meet; None where no rule takes it."""
        rule = find(list(self.at(now).rules), request)
        if rule is None:
            return None
        backend = self._backend(rule, request)
        return self.at(now).pods.get(backend.service, ()) if backend else ()

    def _backend(self, rule: Rule, request: Request) -> Backend | None:
        if rule.canary:
            verdict = rule.canary.decides(request)
            if verdict is None:
                weight = min(rule.canary.weight, rule.canary.total)
                verdict = self.shares.draw(rule.key, [rule.canary.total - weight, weight]) == 1
            return rule.canary.backend if verdict else rule.backends[0]
        chosen = self.shares.draw(rule.key, [b.weight for b in rule.backends])
        return None if chosen is None else rule.backends[chosen]

    def reaches(self, now: datetime) -> dict[str, tuple[str, ...]]:
        """Every Service that somebody may be sent to, and its pods."""
        found: set[str] = set()
        for rule in self.at(now).rules:
            found |= {b.service for b in rule.backends if b.weight}
            if rule.canary and (rule.canary.weight or rule.canary.header or rule.canary.cookie):
                found.add(rule.canary.backend.service)
        return {s: self.at(now).pods.get(s, ()) for s in sorted(found)}

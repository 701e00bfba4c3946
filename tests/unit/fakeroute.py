"""A router small enough to see through, over HTTPRoutes with one rule: what planning and deciding need of one.

It splits by the weights of the rule's two backends, and by a rule of its own for each audience.
"""

from dataclasses import dataclass, field
from typing import Any

from strategies import edits
from strategies.lens import Audience, Can, Lane, Path, Split
from strategies.objects import HTTPROUTE, Kind, Obj, at, name_of
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import RouterName
from strategies.writes import Write
from tests.unit.manifests import SPACE, uid

HOST = "hi.k8sdemo.com"


def route(name: str = "k8sdemo", service: str = "k8sdemo-svc", *hosts: str) -> Obj:
    """An HTTPRoute of one rule."""
    return {
        "metadata": {"name": name, "namespace": SPACE, "uid": uid(), "resourceVersion": "1", "generation": 1},
        "spec": {
            "hostnames": list(hosts or (HOST,)),
            "rules": [{"backendRefs": [{"name": service, "port": 8000}]}],
        },
    }


@dataclass
class FakeRouter:
    """See the module; `waits` is what `pending` says, `refuses` what `lanes` does."""

    name: RouterName = RouterName.HTTPROUTE
    can: Can = field(default_factory=lambda: Can(weight=True, header=True, cookie=True))
    kinds: tuple[Kind, ...] = (HTTPROUTE,)
    waits: str = ""
    refuses: Refusal | None = None

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every route whose last rule has the Service."""
        if self.refuses:
            return self.refuses
        return tuple(
            Lane(
                router=self.name,
                kind="HTTPRoute",
                name=name_of(r),
                service=service,
                twin=twin,
                paths=tuple(Path(host=h) for h in at(r, "spec", "hostnames", default=[])),
            )
            for r in snapshot.all(HTTPROUTE)
            if any(b["name"] == service for b in r["spec"]["rules"][-1]["backendRefs"])
        )

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """Nothing."""

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:  # noqa: ARG002  # a fake keeps the contract
        """Nothing."""
        return ()

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """As the weights say."""
        rules = at(snapshot.find(HTTPROUTE, lane.name) or {}, "spec", "rules", default=[{}])
        weights = {b["name"]: b.get("weight", 1) for b in rules[-1].get("backendRefs", [])}
        total = sum(weights.values())
        if not total:
            return None
        return Split(share=weights.get(lane.twin, 0), per=total, audiences=tuple(map(_audience, rules[:-1])))

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Write, ...]:
        """All rules anew."""
        found = snapshot.find(HTTPROUTE, lane.name)
        if found is None or self.split(lane, snapshot) == split:
            return ()
        backends = [
            {"name": lane.service, "port": 8000, "weight": split.per - split.share},
            {"name": lane.twin, "port": 8000, "weight": split.share},
        ]
        rules = [*(_rule(a, lane) for a in split.audiences), {"backendRefs": backends}]
        return (_put(found, rules, f"HTTPRoute {lane.name} sends {split.share} % to {lane.twin}"),)

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Write, ...]:
        """The rules as they were."""
        found = snapshot.find(HTTPROUTE, lane.name)
        if found is None or before is None or found["spec"]["rules"] == before["spec"]["rules"]:
            return ()
        return (_put(found, before["spec"]["rules"], f"HTTPRoute {lane.name} is as it was"),)

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:  # noqa: ARG002  # a fake keeps the contract
        """As told."""
        return self.waits


def _put(found: Obj, rules: list[Any], why: str) -> Write:
    return edits.patch(HTTPROUTE, found, [edits.put("spec", "rules", value=rules)], why)


def _rule(audience: Audience, lane: Lane) -> Obj:
    cookie = audience.by == "cookie"
    wanted: Obj = {"name": "Cookie" if cookie else audience.name, "value": audience.value}
    if cookie:
        wanted |= {"type": "RegularExpression", "value": f".*{audience.name}={audience.value}.*"}
    return {
        "matches": [{"headers": [wanted]}],
        "backendRefs": [{"name": lane.twin, "port": 8000, "weight": 1}],
    }


def _audience(rule: Obj) -> Audience:
    wanted = rule["matches"][0]["headers"][0]
    if wanted["name"] != "Cookie":
        return Audience(by="header", name=wanted["name"], value=wanted["value"])
    name, _, value = wanted["value"].strip(".*").partition("=")
    return Audience(by="cookie", name=name, value=value)

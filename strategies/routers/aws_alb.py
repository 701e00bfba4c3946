"""AWS's ALB: weights in the JSON of an action, a header as a path with conditions before the path it is taken from.

An action is an annotation that a path's backend names with the port `use-annotation`. A path that leads to the Service
by itself is changed once, with its annotation in the same patch (a missing action is a silent 503), and changed back in
the end. An action of the user's own that forwards to the Service keeps its name and shape, and gets a target group more.
A second Ingress would be a second load balancer, so there is none. Cookies would take more values than a rule may have.
"""

import re
from collections.abc import Iterator

from strategies import edits
from strategies.actionview import (
    ActionView,
    action_of,
    audiences,
    made,
    restored,
    service_of,
    standing,
    sticky,
)
from strategies.forwards import USE
from strategies.ingresses import controller, defaults_to
from strategies.lens import Can, Lane, Path, Split
from strategies.objects import INGRESS, INGRESS_CLASS, Kind, Labels, Obj, at, name_of
from strategies.operations import operations
from strategies.plan import RELEASE
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import RouterName
from strategies.weights import indivisible
from strategies.writes import Patch

CONTROLLER = "ingress.k8s.aws/alb"
HEAVIEST = 999
_WILD = re.compile(r"[*?]")


class AwsAlb:
    """See the module."""

    name = RouterName.AWS_ALB
    can = Can(weight=True, header=True, sticky=True, smallest=0.1)
    kinds: tuple[Kind, ...] = (INGRESS, INGRESS_CLASS)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every Ingress of an ALB class with a path or an action that leads to the Service."""
        found = []
        for ingress in snapshot.all(INGRESS):
            if controller(ingress, snapshot) != CONTROLLER:
                continue
            name = name_of(ingress)
            lane = Lane(
                router=self.name, kind=INGRESS.name, name=name, service=service, twin=twin, release=RELEASE
            )
            view = ActionView(lane, ingress)
            if not view.mains and not defaults_to(ingress, service):
                continue
            no = _by_default(view) or _broken(view)
            if no:
                return no
            found.append(lane.model_copy(update={"paths": tuple(_ways(view))}))
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What it lacks, weights out of bounds or no whole numbers, wildcards in a header's value."""
        where = f"Ingress {lane.name}"
        if split.expire:
            return Refusal(
                code="router-cannot",
                what=f"{where} cannot tell users to forget: the ALB's cookie ends by itself.",
            )
        if lack := self.can.lacks(split):
            return Refusal(code="router-cannot", what=f"The ALB actions of {where} cannot {lack}.")
        ingress = snapshot.find(INGRESS, lane.name)
        if ingress is None:
            return None
        view = ActionView(lane, ingress)
        for path in view.mains:
            weights = standing(view, path, split)
            if weights is None:
                return indivisible(f"An action of {where}", lane.service, split, sum(view.weights(path)))
            if max(weights) > HEAVIEST:
                return Refusal(
                    code="too-fine",
                    what=f"An ALB's weights are 0 to {HEAVIEST}; {split} would need {max(weights)}.",
                )
            if split.sticky and view.own(path):
                return Refusal(
                    code="own-action",
                    what=f"{where} leads to {lane.service} by an action of its own ({action_of(path)}); whether users are kept there is not ours to say.",
                    remedy="Release without keeping users, or set its `targetGroupStickinessConfig` yourself.",
                )
        odd = next((a for a in split.audiences if _WILD.search(a.value) or len(a.name) > 40), None)
        if odd is not None:
            return Refusal(
                code="header-unfit",
                what=f"An ALB takes `*` and `?` in a header's value for wildcards, and names of at most 40 characters: {odd}.",
                remedy="Choose another header or value.",
            )
        return None

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """The one-time change of plain paths."""
        ingress = snapshot.find(INGRESS, lane.name)
        plain = (
            [p for p in ActionView(lane, ingress).mains if ActionView(lane, ingress).plain(p)]
            if ingress
            else []
        )
        what = f"{len(plain)} path{'s' * (len(plain) != 1)} of Ingress {lane.name} will lead to {lane.service} by an action (`{USE}`) meanwhile; at the end {'they lead' if len(plain) != 1 else 'it leads'} there directly again."
        return (Advice(code="use-annotation", what=what),) if plain else ()

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """The same for every path that leads to the Service, or none."""
        ingress = snapshot.find(INGRESS, lane.name)
        view = ActionView(lane, ingress) if ingress else None
        if view is None or not view.mains:
            return None
        shares = {Split(share=twin, per=ours + twin) for ours, twin in map(view.weights, view.mains)}
        kept = {sticky(view, path) for path in view.mains if not view.own(path)}
        who = audiences(view)
        if len(shares) > 1 or len(kept) > 1 or who is None:
            return None
        share = shares.pop()
        return Split(share=share.share, per=share.per, audiences=who, sticky=kept == {True})

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Patch, ...]:
        """One patch of rules and annotations together."""
        ingress = snapshot.find(INGRESS, lane.name)
        if ingress is None or self.unfit(lane, split, snapshot) is not None:
            return ()
        view = ActionView(lane, ingress)
        rules, notes = made(view, split)
        return _patch(view, rules, notes, f"Ingress {lane.name} sends {split} to {lane.twin}")

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Patch, ...]:
        """Paths lead to the Service by themselves again, or the user's action has its own groups again."""
        ingress = snapshot.find(INGRESS, lane.name)
        if ingress is None:
            return ()
        view = ActionView(lane, ingress)
        rules, notes = restored(view, ActionView(lane, before or {}))
        return _patch(view, rules, notes, f"Ingress {lane.name} leads to {lane.service} as before")

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:  # noqa: ARG002  # the contract's shape
        """An Ingress's status never says it."""
        return ""


AWS_ALB = AwsAlb()


def _ways(view: ActionView) -> Iterator[Path]:
    for rule in view.rules:
        for path in at(rule, "http", "paths", default=[]):
            if any(path is main for main in view.mains):
                yield Path(host=rule.get("host", ""), prefix=path.get("path") or "/")


def _by_default(view: ActionView) -> Refusal | None:
    if not defaults_to(view.ingress, view.lane.service):
        return None
    return Refusal(
        code="default-backend",
        what=f"Ingress {view.lane.name} leads to {view.lane.service} by its defaultBackend, which has no place for a header's rule.",
        remedy="Give it a rule with the path `/`.",
    )


def _broken(view: ActionView) -> Refusal | None:
    """A Service twice in one action has no one place for its share."""
    for path in view.mains:
        if sum(service_of(g) == view.lane.service for g in view.groups(path)) > 1:
            return Refusal(
                code="named-twice",
                what=f"Action {action_of(path)} of Ingress {view.lane.name} names {view.lane.service} twice, so its share has no one place.",
                remedy="Name it once, with the sum of the weights.",
            )
    return None


def _patch(view: ActionView, rules: list[Obj], notes: Labels, why: str) -> tuple[Patch, ...]:
    had = {k: v for k, v in at(view.ingress, "metadata", default={}).items() if k == "annotations"}
    ops = operations(
        had, {"annotations": notes} if notes or not had.get("annotations", True) else {}, "metadata"
    )
    ops += operations(view.rules, rules, "spec", "rules")
    return (edits.patch(INGRESS, view.ingress, ops, why),) if ops else ()

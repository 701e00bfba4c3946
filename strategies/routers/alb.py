"""Alibaba's ALB: up to three canary Ingresses beside the main one, which is never written to.

One for the weight, one for a header, one for a cookie: on one Ingress a weight makes the controller forget a header,
and header with cookie means both at once. Among their orders the weight's is the lowest, or its weight is lost, and all
are below the main one's and like no other's on the load balancer. Only the first path of a rule gets a weight, so each
path has a rule; named ports count as 0 there, so they are given in numbers.
"""

from collections.abc import Iterable

from strategies import edits
from strategies.ingresses import (
    class_field,
    class_name,
    class_notes,
    class_of,
    controller,
    defaults_to,
    leading,
    renamed,
    rules_to,
    ways,
)
from strategies.lens import Audience, Can, Lane, Split, audience
from strategies.names import free
from strategies.objects import (
    INGRESS,
    INGRESS_CLASS,
    SERVICE,
    Kind,
    Labels,
    Obj,
    annotations_of,
    at,
    labels_of,
    meta,
    name_of,
    uid_of,
)
from strategies.operations import operations
from strategies.plan import RELEASE
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import RouterName
from strategies.target import RELEASE_LABEL, TRACK_LABEL
from strategies.writes import Create, Delete, Write

CONTROLLER = "ingress.k8s.alibabacloud/alb"
NOTE = "alb.ingress.kubernetes.io/"
_CANARY, _WEIGHT, _ORDER, _PORTS = (
    NOTE + key for key in ("canary", "canary-weight", "order", "listen-ports")
)
_HEADER, _VALUE, _COOKIE = (NOTE + "canary-by-" + key for key in ("header", "header-value", "cookie"))
_PARTS = ("", "-header", "-cookie")  # in the order of their orders: the weight's first
_LAST = 10  # the order of an Ingress that says none


class Alb:
    """See the module."""

    name = RouterName.ALB
    can = Can(weight=True, header=True, cookie=True, each=1, values=False)
    kinds: tuple[Kind, ...] = (INGRESS, INGRESS_CLASS, SERVICE)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every Ingress of an ALB class; another app's canary on the same load balancer would take our weight."""
        found: list[Lane] = []
        for ingress in leading(service, snapshot):
            if controller(ingress, snapshot) != CONTROLLER or _is_canary(ingress):
                continue
            if defaults_to(ingress, service):
                return Refusal(
                    code="default-backend",
                    what=f"Ingress {name_of(ingress)} leads to {service} by its defaultBackend, which a canary Ingress cannot divide.",
                    remedy="Give it a rule with the path `/`.",
                )
            other = next((o for o in _siblings(ingress, snapshot) if _is_canary(o)), None)
            if other is not None:
                return Refusal(
                    code="canary-taken",
                    what=f"Ingress {name_of(other)} is a canary on the same load balancer ({class_name(ingress)}); only one weight counts there.",
                    remedy=f"Finish what it is for, then delete it: `kubectl delete ingress {name_of(other)}`.",
                )
            taken = {*(name_of(i) for i in snapshot.all(INGRESS)), *(lane.own for lane in found)}
            lane = Lane(
                router=self.name,
                kind=INGRESS.name,
                name=name_of(ingress),
                service=service,
                twin=twin,
                own=free(f"{name_of(ingress)}-canary", taken),
                paths=ways(rules_to(ingress, service)),
                release=RELEASE,
            )
            found.append(lane)
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What it lacks, shares of other than whole percents, no order left, ports without a number."""
        main = snapshot.find(INGRESS, lane.name)
        if lack := self.can.lacks(split):
            return Refusal(
                code="router-cannot", what=f"The ALB annotations of Ingress {lane.name} cannot {lack}."
            )
        if split.per != 100:
            return Refusal(
                code="whole-percents",
                what=f"The ALB takes whole percents, and {split.share} of {split.per} is none.",
            )
        if main is None:
            return None
        theirs = [o for part in _PARTS if (o := _part(lane, part, snapshot)) and not _ours(o, lane)]
        if theirs:
            return Refusal(
                code="not-ours",
                what=f"Ingress {name_of(theirs[0])} is there already, and not of this release.",
                remedy=f"Look whose it is: `kubectl get ingress {name_of(theirs[0])} --show-labels`.",
            )
        if len(_slots(main, lane, snapshot)) < len(_PARTS):
            return Refusal(
                code="no-order",
                what=f"Canary Ingresses need {len(_PARTS)} orders below that of Ingress {lane.name} ({_order(main)}) which no other on its load balancer has.",
                remedy=f"Give it a higher one: annotation `{_ORDER}`, 1 to 1000, unlike all others.",
            )
        if _rules(main, lane, snapshot) is None:
            return Refusal(
                code="named-port",
                what=f"Ingress {lane.name} names a port of {lane.service} that the Service does not have; the ALB counts such a one as 0.",
                remedy="Give the port's number in the Ingress.",
            )
        return None

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """What cannot be seen from one namespace."""
        what = f"Orders of Ingresses in other namespaces on the load balancer of Ingress {lane.name} are not seen from `{snapshot.namespace}`: one alike would be an error for all of it."
        return (Advice(code="orders-elsewhere", what=what),)

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """What the canary Ingresses say together; None where one is not as we would make it."""
        main = snapshot.find(INGRESS, lane.name)
        rules = _rules(main, lane, snapshot) if main else None
        if main is None or rules is None or not rules:
            return None
        there = [_part(lane, part, snapshot) for part in _PARTS]
        orders = [_order(o) for o in (*there, main) if o is not None]
        elsewhere = {_order(o) for o in _siblings(main, snapshot) if not _ours(o, lane)}
        if orders != sorted(set(orders)) or elsewhere & set(orders[:-1]):
            return None
        if any(o and (not _ours(o, lane) or at(o, "spec", "rules") != rules) for o in there):
            return None
        weight, header, cookie = (annotations_of(o) if o else {} for o in there)
        share = weight.get(_WEIGHT, "") if weight else "0"
        who: list[Audience | None] = []
        if header:
            who.append(audience("header", header.get(_HEADER, ""), header.get(_VALUE, "")))
        if cookie:
            who.append(audience("cookie", cookie.get(_COOKIE, ""), "always"))
        canaries = all(o is None or _is_canary(o) for o in there)
        known = tuple(a for a in who if a)
        if not canaries or not share.isdigit() or int(share) > 100 or len(known) < len(who):
            return None
        return Split(share=int(share), audiences=known)

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Write, ...]:
        """Canary Ingresses made, changed and deleted, the weight's first."""
        main = snapshot.find(INGRESS, lane.name)
        if main is None or self.unfit(lane, split, snapshot) is not None:
            return ()
        notes = _notes(split, stands=_part(lane, "", snapshot) is not None)
        orders = _orders(main, lane, notes, snapshot)
        writes: list[Write] = []
        for part in _PARTS:
            own, name = _part(lane, part, snapshot), lane.own + part
            if part in notes:
                wanted = _manifest(main, lane, part, notes[part] | {_ORDER: str(orders[part])}, snapshot)
                writes += _ensured(own, wanted, snapshot, f"Ingress {name} sends {split} to {lane.twin}")
            elif own is not None:
                writes.append(Delete(snapshot.ref(INGRESS, name), uid_of(own), f"delete Ingress {name}"))
        return tuple(writes)

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Write, ...]:  # noqa: ARG002  # the main Ingress was never changed
        """The canary Ingresses deleted, the weight's last: without it a header's would be the first of all."""
        found = [_part(lane, part, snapshot) for part in reversed(_PARTS)]
        return tuple(
            Delete(snapshot.ref(INGRESS, name_of(o)), uid_of(o), f"delete Ingress {name_of(o)}")
            for o in found
            if o is not None and _ours(o, lane)
        )

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:  # noqa: ARG002  # the contract's shape
        """An Ingress's status never says it."""
        return ""


ALB = Alb()


def _is_canary(ingress: Obj) -> bool:
    return annotations_of(ingress).get(_CANARY) == "true"


def _part(lane: Lane, part: str, snapshot: Snapshot) -> Obj | None:
    return snapshot.find(INGRESS, lane.own + part)


def _ours(own: Obj, lane: Lane) -> bool:
    """Whether the release made it; before it has a number, any that a release made."""
    mark = labels_of(own).get(RELEASE_LABEL)
    return bool(mark) and (lane.release in ("", RELEASE) or mark == lane.release)


def _siblings(main: Obj, snapshot: Snapshot) -> list[Obj]:
    """The other Ingresses of its class: one class is one AlbConfig, and one AlbConfig one load balancer."""
    named = class_of(main, snapshot)
    return [
        o for o in snapshot.all(INGRESS) if name_of(o) != name_of(main) and class_of(o, snapshot) == named
    ]


def _order(ingress: Obj) -> int:
    """Its order; 0 where nobody can read it, so that it is below nothing we would choose."""
    said = annotations_of(ingress).get(_ORDER, str(_LAST))
    return int(said) if said.isdigit() else 0


def _slots(main: Obj, lane: Lane, snapshot: Snapshot) -> list[int]:
    """The highest orders below the main one's that nobody has, rising."""
    taken = {_order(o) for o in _siblings(main, snapshot) if not _ours(o, lane)}
    return [n for n in range(1, min(_order(main), 1001)) if n not in taken][-len(_PARTS) :]


def _orders(main: Obj, lane: Lane, wanted: Iterable[str], snapshot: Snapshot) -> dict[str, int]:
    """An order for each canary Ingress: those they have, as long as these are right, else new ones."""
    slots = dict(zip(_PARTS, _slots(main, lane, snapshot), strict=True))
    there = {part: _order(o) for part in _PARTS if (o := _part(lane, part, snapshot))}
    kept = {part: there.get(part, slots[part]) for part in _PARTS if part in wanted}
    taken = {_order(o) for o in _siblings(main, snapshot) if not _ours(o, lane)} | {0}
    right = list(kept.values()) == sorted(set(kept.values())) and not taken & set(kept.values())
    return kept if right and max(kept.values(), default=0) < _order(main) else slots


def _rules(main: Obj, lane: Lane, snapshot: Snapshot) -> list[Obj] | None:
    """A rule for each path that leads to the Service, ports in numbers; None where one has no number."""
    listed = at(snapshot.find(SERVICE, lane.service), "spec", "ports", default=[])
    numbers = {p["name"]: p["port"] for p in listed if p.get("name")}
    made = []
    for rule in renamed(rules_to(main, lane.service), lane.twin):
        for path in rule["http"]["paths"]:
            port = at(path, "backend", "service", "port", default={})
            number = port.get("number") or numbers.get(port.get("name"))
            if number is None:
                return None
            path["backend"]["service"]["port"] = {"number": number}
            made.append({**rule, "http": {**rule["http"], "paths": [path]}})
    return made


def _notes(split: Split, *, stands: bool) -> dict[str, Labels]:
    """The annotations of each canary Ingress there shall be; one for the weight stays once it stands."""
    notes: dict[str, Labels] = {}
    if split.share or stands:
        notes[""] = {_CANARY: "true", _WEIGHT: str(split.share)}
    for who in split.audiences:
        if who.by == "header":
            notes["-header"] = {_CANARY: "true", _HEADER: who.name, _VALUE: who.value}
        else:
            notes["-cookie"] = {_CANARY: "true", _COOKIE: who.name}
    return notes


def _manifest(main: Obj, lane: Lane, part: str, notes: Labels, snapshot: Snapshot) -> Obj:
    """A canary Ingress: class, TLS and listeners in the main one's form."""
    copied = {k: v for k, v in annotations_of(main).items() if k == _PORTS}
    tls, space = at(main, "spec", "tls"), meta(main).get("namespace")
    return {
        "apiVersion": INGRESS.api,
        "kind": INGRESS.name,
        "metadata": {
            "name": lane.own + part,
            **({"namespace": space} if space else {}),
            "labels": {RELEASE_LABEL: lane.release or RELEASE, TRACK_LABEL: "canary"},
            "annotations": class_notes(main) | copied | notes,
        },
        "spec": {
            **class_field(main),
            **({"tls": tls} if tls else {}),
            "rules": _rules(main, lane, snapshot) or [],
        },
    }


def _ensured(own: Obj | None, wanted: Obj, snapshot: Snapshot, why: str) -> list[Write]:
    if own is None:
        return [Create(snapshot.ref(INGRESS, name_of(wanted)), wanted, why)]
    kept = {k: v for k, v in annotations_of(own).items() if not k.startswith(NOTE)}
    notes = kept | {k: v for k, v in annotations_of(wanted).items() if k.startswith(NOTE)}
    ops = operations(annotations_of(own), notes, "metadata", "annotations")
    for field in ("rules", "tls"):
        ops += operations({field: own["spec"].get(field, [])}, {field: wanted["spec"].get(field, [])}, "spec")
    return [edits.patch(INGRESS, own, ops, why)] if ops else []

"""The nginx dialect of Ingress: a second, canary Ingress beside the main one, which is never written to.

It has the same class, hosts, paths and TLS, and only the paths that lead to our Service. A controller takes header
before cookie before weight, and at most one canary Ingress for a host and path. ingress-nginx, Traefik (from 3.7) and
Higress speak it. At the end the canary Ingress is deleted: left at weight 0 it would still need both Services.
"""

from strategies import edits
from strategies.ingresses import (
    class_field,
    class_name,
    class_notes,
    controller,
    defaults_to,
    leading,
    renamed,
    rules_to,
    same_place,
    services,
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

NOTE = "nginx.ingress.kubernetes.io/"
CANARY = NOTE + "canary"
_WEIGHT, _TOTAL = CANARY + "-weight", CANARY + "-weight-total"
_HEADER, _VALUE, _PATTERN = (CANARY + "-by-header" + end for end in ("", "-value", "-pattern"))
_COOKIE = CANARY + "-by-cookie"
_OURS = (CANARY, _WEIGHT, _TOTAL, _HEADER, _VALUE, _PATTERN, _COOKIE)
_TRAEFIK, _F5 = "traefik.io/ingress-controller", "nginx.org/ingress-controller"


class Nginx:
    """See the module."""

    name = RouterName.NGINX
    can = Can(weight=True, header=True, cookie=True, smallest=0.001, each=1, values=False, patterns=True)
    kinds: tuple[Kind, ...] = (INGRESS, INGRESS_CLASS)

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """Every Ingress of a controller that speaks the dialect; those of others are another router's."""
        found: list[Lane] = []
        for ingress in leading(service, snapshot):
            said = controller(ingress, snapshot)
            if said == _F5:
                return _deaf(ingress)
            if not _speaks(said) or _is_canary(ingress):
                continue
            rules = rules_to(ingress, service)
            no = _retired(ingress) or _by_default(ingress, service) or _taken(ingress, rules, snapshot)
            if no:
                return no
            taken = {*(name_of(i) for i in snapshot.all(INGRESS)), *(lane.own for lane in found)}
            found.append(
                Lane(
                    router=self.name,
                    kind=INGRESS.name,
                    name=name_of(ingress),
                    service=service,
                    twin=twin,
                    own=free(_own(ingress, service, snapshot), taken),
                    paths=ways(rules),
                    release=RELEASE,
                )
            )
        return tuple(found)

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """What the dialect lacks, or a canary Ingress of that name that is not ours."""
        if lack := self.can.lacks(split):
            return Refusal(
                code="router-cannot", what=f"The canary annotations of Ingress {lane.name} cannot {lack}."
            )
        own = snapshot.find(INGRESS, lane.own)
        if own is not None and not _ours(own, lane):
            return Refusal(
                code="not-ours",
                what=f"Ingress {lane.own} is there already, and not of this release.",
                remedy=f"Look whose it is: `kubectl get ingress {lane.own} --show-labels`.",
            )
        return None

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """Affinity, and which Traefik it takes."""
        ingress = snapshot.find(INGRESS, lane.name) or {}
        found = []
        if annotations_of(ingress).get(NOTE + "affinity"):
            what = f"Ingress {lane.name} keeps users on their pod by a cookie (affinity): known users stay where they are, whatever the weight; shares are true of new ones."
            found.append(Advice(code="affinity", what=what))
        if controller(ingress, snapshot) == _TRAEFIK:
            what = f"Traefik understands the canary annotations of Ingress {lane.own} from 3.7 on, with its provider `kubernetesIngressNGINX`; an older one takes it for a second route to everything."
            found.append(Advice(code="traefik-version", what=what))
        return tuple(found)

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """What the canary Ingress's annotations say; without one all users are at the main one."""
        main, own = snapshot.find(INGRESS, lane.name), snapshot.find(INGRESS, lane.own)
        if main is None or not rules_to(main, lane.service):
            return None
        if own is None:
            return Split(share=0)
        wanted = renamed(rules_to(main, lane.service), lane.twin)
        if not _ours(own, lane) or at(own, "spec", "rules", default=[]) != wanted:
            return None
        return _read(annotations_of(own))

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Write, ...]:
        """The canary Ingress made, or its annotations changed."""
        main, own = snapshot.find(INGRESS, lane.name), snapshot.find(INGRESS, lane.own)
        if main is None or self.unfit(lane, split, snapshot) is not None:
            return ()
        if own is None:
            if split == Split(share=0):
                return ()
            manifest = _manifest(main, lane, split)
            why = f"create Ingress {lane.own}: {split} of {lane.name} to {lane.twin}"
            return (Create(snapshot.ref(INGRESS, lane.own), manifest, why),)
        wanted = _manifest(main, lane, split)
        notes = {k: v for k, v in annotations_of(own).items() if k not in _OURS}
        notes |= {k: v for k, v in annotations_of(wanted).items() if k in _OURS}
        ops = operations(annotations_of(own), notes, "metadata", "annotations")
        for field in ("rules", "tls"):
            ops += operations(
                {field: own["spec"].get(field, [])}, {field: wanted["spec"].get(field, [])}, "spec"
            )
        return (
            (edits.patch(INGRESS, own, ops, f"Ingress {lane.own} sends {split} to {lane.twin}"),)
            if ops
            else ()
        )

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Write, ...]:  # noqa: ARG002  # the main Ingress was never changed
        """The canary Ingress deleted."""
        own = snapshot.find(INGRESS, lane.own)
        if own is None or not _ours(own, lane):
            return ()
        return (Delete(snapshot.ref(INGRESS, lane.own), uid_of(own), f"delete Ingress {lane.own}"),)

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:  # noqa: ARG002  # the contract's shape
        """An Ingress's status never says it."""
        return ""


NGINX = Nginx()


def _own(ingress: Obj, service: str, snapshot: Snapshot) -> str:
    """The canary Ingress's name; with the Service's in it where the Ingress leads to another one of the same pods first."""
    listed = services(ingress)
    before = listed[: listed.index(service)]
    clash = any(_together(service, other, snapshot) for other in before)
    return f"{name_of(ingress)}-{service}-canary" if clash else f"{name_of(ingress)}-canary"


def _together(one: str, other: str, snapshot: Snapshot) -> bool:
    """Whether two Services may be released by one release: the pods of one are the other's."""
    a, b = (at(snapshot.find(SERVICE, s), "spec", "selector", default={}).items() for s in (one, other))
    return bool(a) and bool(b) and (a <= b or b <= a)


def _speaks(said: str) -> bool:
    """Whether a controller speaks the dialect; ingress-nginx may be given a name of its own below k8s.io."""
    return (
        said == _TRAEFIK or said.startswith("higress.io/") or (said.startswith("k8s.io/") and "nginx" in said)
    )


def _is_canary(ingress: Obj) -> bool:
    return annotations_of(ingress).get(CANARY) == "true"


def _ours(own: Obj, lane: Lane) -> bool:
    """Whether the release made it; before it has a number, any that a release made."""
    mark = labels_of(own).get(RELEASE_LABEL)
    return bool(mark) and (lane.release in ("", RELEASE) or mark == lane.release)


def _deaf(ingress: Obj) -> Refusal:
    return Refusal(
        code="no-canary-annotations",
        what=f"Ingress {name_of(ingress)} ({class_name(ingress)}) is served by F5's NGINX Ingress Controller ({_F5}), which does not know canary annotations: a second Ingress would take the host away from the first.",
        remedy="Lead to the Service by an HTTPRoute, or release by the pods alone: `--router ratio`.",
    )


def _retired(ingress: Obj) -> Refusal | None:
    """Two annotations that Alibaba's ACK once had on its own ingress-nginx."""
    used = [k for k in (NOTE + "service-match", NOTE + "service-weight") if k in annotations_of(ingress)]
    if not used:
        return None
    return Refusal(
        code="retired-annotations",
        what=f"Ingress {name_of(ingress)} divides its traffic by `{used[0]}`, which ACK's ingress-nginx deprecated and took out in 1.12; no other controller ever knew it.",
        remedy="Take `service-match` and `service-weight` away: their heirs are the annotations `canary-*` of a second Ingress, which Graylight makes and takes away by itself.",
    )


def _by_default(ingress: Obj, service: str) -> Refusal | None:
    if not defaults_to(ingress, service):
        return None
    return Refusal(
        code="default-backend",
        what=f"Ingress {name_of(ingress)} leads to {service} by its defaultBackend, which a canary Ingress cannot divide.",
        remedy="Give it a rule with the path `/`, or release by the pods alone: `--router ratio`.",
    )


def _taken(ingress: Obj, rules: list[Obj], snapshot: Snapshot) -> Refusal | None:
    """At most one canary Ingress counts for a host and path."""
    for other, host, path in same_place(rules, snapshot, but=name_of(ingress)):
        if _is_canary(other):
            release = labels_of(other).get(RELEASE_LABEL)
            whose = f"of release {release}" if release else "that is not Graylight's"
            return Refusal(
                code="canary-taken",
                what=f"Ingress {name_of(other)}, {whose}, is a canary for {host or 'any host'}{path} already; a controller heeds only one.",
                remedy=f"Finish what it is for, then delete it: `kubectl delete ingress {name_of(other)}`.",
            )
    return None


def _manifest(main: Obj, lane: Lane, split: Split) -> Obj:
    """The canary Ingress: class and TLS in the main one's form."""
    tls = at(main, "spec", "tls")
    space = meta(main).get("namespace")
    return {
        "apiVersion": INGRESS.api,
        "kind": INGRESS.name,
        "metadata": {
            "name": lane.own,
            **({"namespace": space} if space else {}),
            "labels": {RELEASE_LABEL: lane.release or RELEASE, TRACK_LABEL: "canary"},
            "annotations": class_notes(main) | _notes(split),
        },
        "spec": {
            **class_field(main),
            **({"tls": tls} if tls else {}),
            "rules": renamed(rules_to(main, lane.service), lane.twin),
        },
    }


def _notes(split: Split) -> Labels:
    notes = {CANARY: "true", _WEIGHT: str(split.share)}
    if split.per != 100:
        notes[_TOTAL] = str(split.per)
    for who in split.audiences:
        notes |= {_COOKIE: who.name} if who.by == "cookie" else _header(who)
    return notes


def _header(who: Audience) -> Labels:
    """`always` is the dialect's own word, and `never` then keeps users away; another value needs its annotation."""
    if who.value == "always":
        return {_HEADER: who.name}
    if who.value.startswith("~"):
        return {_HEADER: who.name, _PATTERN: f"^(?:{who.value[1:]})$"}
    return {_HEADER: who.name, _VALUE: who.value}


def _read(notes: Labels) -> Split | None:
    share, per = notes.get(_WEIGHT, "0"), notes.get(_TOTAL, "100")
    if (
        notes.get(CANARY) != "true"
        or not share.isdigit()
        or not per.isdigit()
        or not 0 < int(per) >= int(share)
    ):
        return None
    found: list[Audience | None] = []
    if _HEADER in notes:
        pattern = notes.get(_PATTERN, "")
        whole = pattern.startswith("^(?:") and pattern.endswith(")$")
        value = notes.get(_VALUE) or (f"~{pattern[4:-2]}" if whole else "" if pattern else "always")
        found.append(audience("header", notes[_HEADER], value))
    if _COOKIE in notes:
        found.append(audience("cookie", notes[_COOKIE], "always"))
    known = tuple(a for a in found if a is not None)
    return Split(share=int(share), per=int(per), audiences=known) if len(known) == len(found) else None

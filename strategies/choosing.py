"""Which router makes the split: the objects that actually lead to the service decide, `--router` overrides.

Where objects of two routers lead to it (an Ingress and an HTTPRoute), both are shifted. Where none does, or where the
declared probe goes past them (by a node port), pods or the Services' own selectors make the split. What a router cannot do is refused here, with the one that could.
"""

from collections.abc import Iterable
from itertools import product

from strategies import route_words
from strategies.hints import Hints
from strategies.lens import Lane, Split
from strategies.names import dns_label, free
from strategies.objects import SERVICE, at, name_of
from strategies.plan import Plan
from strategies.probe import Probe
from strategies.refusal import Advice, Refusal
from strategies.routes import ROUTERS
from strategies.snapshot import Snapshot
from strategies.spec import PODS, Audience, ReleaseSpec, RouterName
from strategies.steps import Turn
from strategies.target import Target


def choose(spec: ReleaseSpec, hints: Hints, target: Target, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
    """The lanes that carry the split, none where pods or selectors do; or why not."""
    fits = PODS.get(spec.strategy)
    refused = _unsuited(spec, fits)
    if refused:
        return refused
    wanted = spec.router or hints.router
    if fits is None or wanted in PODS.values() or spec.ratio is not None:
        return ()
    past = past_routes(hints.probe, target)
    if past and wanted is None:
        return ()
    found = _leading([r for r in ROUTERS if wanted in (None, r)], target, snapshot)
    if past and found and not isinstance(found, Refusal):
        return Refusal(
            code="probe-past-route",
            what=f"The probe goes to {past} itself, past {found[0].kind} {found[0].name}: what router `{wanted}` does could not be proven by it.",
            remedy=f"Declare a probe that goes as users of {found[0].name} do, or use `--router {fits}`.",
        )
    if isinstance(found, Refusal) and "--router" not in found.remedy:
        remedy = f"{found.remedy} Or leave the routes alone: `--router {fits}`."
        return found.model_copy(update={"remedy": remedy.strip()})
    if found == () and wanted:
        services = ", ".join(map(name_of, target.services))
        return Refusal(
            code="no-route",
            what=f"Nothing that router `{wanted}` knows leads to Service {services}.",
            remedy=f"Leave `--router` out: what leads there decides, else `--router {fits}` is used.",
        )
    return found


def past_routes(probe: Probe | None, target: Target) -> str:
    """The Service whose node port or cluster address the declared probe asks: these users meet no route.

    Empty where the probe goes another way. The probe is what the user calls the users' way, so it decides.
    """
    if probe is None:
        return ""
    host, port = probe.door
    for service in target.services:
        open_at = {at(p, "nodePort") for p in at(service, "spec", "ports", default=[])}
        inside = {at(service, "spec", "clusterIP"), *at(service, "spec", "clusterIPs", default=[])}
        if port in open_at - {None} or host in inside - {None, "None", ""}:
            return f"Service {name_of(service)}"
    return ""


def _unsuited(spec: ReleaseSpec, fits: RouterName | None) -> Refusal | None:
    """A router that the strategy has no use for."""
    if spec.router is None or spec.router is fits or (fits and spec.router not in PODS.values()):
        return None
    return Refusal(
        code="router-cannot",
        what=f"Router `{spec.router}` cannot do a {spec.strategy.title} release.",
        remedy=f"Leave `--router` out{f', or use `--router {fits}`' if fits else ''}.",
    )


def _leading(routers: Iterable[RouterName], target: Target, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
    """Every object of these routers that leads to one of the Services."""
    taken = {name_of(s) for s in snapshot.all(SERVICE)}
    made: list[Lane] = []
    for service in map(name_of, target.services):
        twin = free(dns_label(f"{service}-canary"), taken)
        for name in routers:
            found = ROUTERS[name].lanes(service, twin, snapshot)
            if isinstance(found, Refusal):
                return found
            made += found
        taken.add(twin)
    return tuple(made)


def by_pods(spec: ReleaseSpec) -> Refusal | None:
    """Where no route leads to the service, its users cannot be told apart, kept, or copied."""
    audience = next((r for r in spec.steps or () if isinstance(r, Audience)), None)
    if audience is not None:
        needs, split = (
            f"`{audience}` needs a route that tells users apart",
            Split(share=0, audiences=(audience,)),
        )
    elif spec.sticky:
        needs, split = "`--sticky` needs a route that knows a user again", Split(share=0, sticky=True)
    elif spec.mirror:
        needs, split = "`--mirror` needs a route that copies requests", Split(share=0, mirror=spec.mirror)
    else:
        return None
    return Refusal(
        code="router-cannot",
        what=f"{needs}; here pods make the split, and they cannot.",
        remedy=f"These routers can, where an object of theirs leads to the service: {_able(split)}.",
    )


def lasting(plan: Plan) -> Refusal | None:
    """A lane to a subset (Istio) must lead to the pods that stay; one that asks for the old version's label does not."""
    labels = dict(at(plan.manifest or {}, "spec", "template", "metadata", "labels", default={}))
    changed = labels if plan.ending == "replace" else {}
    if plan.ending == "in-place" and plan.version_key:
        changed = {plan.version_key: plan.version_value}
    for lane in plan.lanes:
        lost = [f"{k}={v}" for k, v in lane.pins.items() if k in changed and changed[k] != v]
        if lost:
            return Refusal(
                code="pinned-subset",
                what=f"{lane.kind} {lane.name} leads to a subset of {', '.join(lost)}, which the pods of {plan.to_version} will not bear: at the end it would lead nowhere.",
                remedy="Let the subset ask for what every version bears, or lead to the Service as a whole.",
            )
    return None


def fitting(plan: Plan, snapshot: Snapshot) -> Refusal | tuple[Advice, ...]:
    """Each split of the plan asked of each router and object: exactly, and beside what is there."""
    splits = dict.fromkeys(s.split for s in plan.steps if isinstance(s, Turn) and s.split)
    for lane, split in product(plan.lanes, splits):
        router = ROUTERS[lane.router]
        lacks = router.can.lacks(split)
        if lacks:
            return Refusal(
                code="router-cannot",
                what=f"Router `{lane.router}` ({lane.kind} {lane.name}) cannot {lacks}.",
                remedy=f"These can, where an object of theirs leads to the service: {_able(split) or 'none'}.",
            )
        unfit = router.unfit(lane, split, snapshot)
        if unfit:
            return unfit
    lost = lasting(plan)
    if lost:
        return lost
    said = (
        a
        for lane in plan.lanes
        for a in (*ROUTERS[lane.router].advice(lane, snapshot), *_waits(lane, snapshot))
    )
    return tuple(said)


def _waits(lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
    """A route that its controller has not taken as it stands, whatever a release would write."""
    why = ROUTERS[lane.router].pending(lane, snapshot)
    return (Advice(code="route-pending", what=route_words.not_taken_now(why)),) if why else ()


def _able(split: Split) -> str:
    return ", ".join(f"`{name}`" for name, router in ROUTERS.items() if not router.can.lacks(split))

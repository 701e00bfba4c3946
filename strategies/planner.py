"""From a request and what the cluster shows to a plan, or to a refusal with a remedy.

The order: find the service, decide what the new version is, stand the new track (on paper), look at every condition,
then let the strategy lay out its steps. Nothing here changes anything.
"""

from dataclasses import replace
from math import ceil

from strategies import bluegreen, canary, conditions, duration, owners, rolling, routed
from strategies.case import Case
from strategies.choosing import by_pods, choose, fitting, past_routes
from strategies.draft import Draft
from strategies.forecast import needed
from strategies.hints import Hints, first
from strategies.image import is_version, short, split_image, with_version
from strategies.lens import Lane
from strategies.objects import Obj, at, matches, name_of
from strategies.plan import Plan, Timers, Way
from strategies.pods import has_readiness_probe
from strategies.proof import MET, Asked
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot, replicas_of, template_labels
from strategies.spec import PODS, ReleaseSpec, RouterName, Strategy
from strategies.steps import Prove
from strategies.target import Target, find
from strategies.tracks import Track, Version, stand, version_label
from strategies.twins import twins

LARGEST = 48 * 1024  # bytes of a plan as JSON; a record stays under 256 KiB
ASKED_AT_GREEN = 0  # seconds: green has no traffic, so there is nothing to soak
ALONE_AT_GREEN = (
    30  # seconds under --auto, where nobody looks: a version that dies soon after it is ready is found
)


def plan(spec: ReleaseSpec, snapshot: Snapshot, hints: Hints) -> Plan | Refusal:
    """The whole way there and back, or why not."""
    target = find(snapshot, spec.service)
    if isinstance(target, Refusal):
        return target
    container = _container(target.deployment, spec.container or hints.container)
    if isinstance(container, Refusal):
        return container
    refused = _version(container, spec.version)
    if refused:
        return refused
    lanes = choose(spec, hints, target, snapshot)
    if isinstance(lanes, Refusal):
        return lanes
    refused = None if lanes else by_pods(spec)
    if refused:
        return refused
    label = version_label(target, snapshot, spec.version, hints.version_label)
    track: Track | None = None
    if spec.strategy is not Strategy.ROLLING:
        beside = bool(lanes) or spec.strategy is Strategy.BLUEGREEN
        stood = stand(
            spec.strategy, target, snapshot, spec.version, str(container["name"]), label, beside=beside
        )
        if isinstance(stood, Refusal):
            return stood
        track = replace(stood, ways=tuple(_never_both(w) for w in stood.ways)) if lanes else stood
    draft = Draft(
        spec,
        hints,
        target,
        track,
        label,
        _base(spec, hints, target, track, label, lanes, container, snapshot),
    )
    laid = _lay(draft)
    if isinstance(laid, Refusal):
        return laid
    suits = fitting(laid, snapshot)
    if isinstance(suits, Refusal):
        return suits
    extra = max((s.canary_pods for s in laid.stages), default=0) if track else _surge(target.deployment, spec)
    said = conditions.examine(Case(spec, target, snapshot, track, extra, laid.router))
    if isinstance(said, Refusal):
        return said
    advice = (*laid.advice, *_probe_advice(laid, target), *suits, *said)
    return _too_big(laid) or laid.model_copy(update={"advice": advice})


def _lay(draft: Draft) -> Plan | Refusal:
    """The strategy's steps, by route where there are lanes."""
    by_route = bool(draft.base.lanes)
    match draft.spec.strategy:
        case Strategy.CANARY:
            return routed.canary(draft) if by_route else canary.lay(draft)
        case Strategy.BLUEGREEN:
            return routed.bluegreen(draft) if by_route else bluegreen.lay(draft)
        case Strategy.ROLLING:
            return rolling.lay(draft)


def _never_both(way: Way) -> Way:
    """By route the live Service never leads to both tracks."""
    return way.model_copy(update={"both": way.stable})


def _too_big(laid: Plan) -> Refusal | None:
    size = len(laid.model_dump_json().encode())
    if size <= LARGEST:
        return None
    return Refusal(
        code="plan-too-big",
        what=f"Deployment {laid.stable} is too big to be released: the plan alone would fill {size // 1024} KiB of the record, and {LARGEST // 1024} are kept for it.",
        remedy="Move large annotations and environment variables of it into a ConfigMap.",
    )


def _container(deployment: Obj, named: str | None) -> Obj | Refusal:
    found: dict[str, Obj] = {
        str(c["name"]): c for c in at(deployment, "spec", "template", "spec", "containers", default=[])
    }
    names = ", ".join(f"`{n}`" for n in found)
    if named is not None:
        return found.get(named) or Refusal(
            code="no-such-container",
            what=f"There is no container `{named}`.",
            remedy=f"Deployment {name_of(deployment)} has {names}.",
        )
    if len(found) > 1:
        return Refusal(
            code="several-containers",
            what=f"Deployment {name_of(deployment)} has several containers: {names}.",
            remedy="Say which one carries the version: `--container NAME`, or the annotation `graylight/container`.",
        )
    return next(iter(found.values()))


def _version(container: Obj, version: str) -> Refusal | None:
    if not is_version(version):
        return Refusal(
            code="bad-version",
            what=f"`{version}` is neither a tag nor a digest.",
            remedy="Write a tag such as `v6`, or `sha256:` and 64 hex digits.",
        )
    runs = container["image"]
    if split_image(with_version(runs, version)) == split_image(runs):
        return Refusal(
            code="same-version",
            what=f"`{version}` is what runs already (`{runs}`).",
            remedy="To start its pods again: `kubectl rollout restart`.",
        )
    return None


def _base(
    spec: ReleaseSpec,
    hints: Hints,
    target: Target,
    track: Track | None,
    label: Version | None,
    lanes: tuple[Lane, ...],
    container: Obj,
    snapshot: Snapshot,
) -> Plan:
    old, deployment = str(container["image"]), target.deployment
    template = at(deployment, "spec", "template", default={})
    new_labels = template_labels(track.manifest) if track else {}
    budgets = owners.budgets(deployment, snapshot) if track and track.ending == "replace" else ()
    replaces = track is not None and track.ending == "replace"
    auto = spec.auto or (bool(hints.auto) and not spec.ask)
    return Plan(
        service=target.service,
        environment=spec.environment,
        namespace=snapshot.namespace,
        strategy=spec.strategy,
        ending=track.ending if track else "update",
        router=lanes[0].router if lanes else PODS.get(spec.strategy, RouterName.RATIO),
        from_version=short(split_image(old)[1]),
        to_version=short(spec.version),
        from_image=old,
        to_image=with_version(old, spec.version),
        container=str(container["name"]),
        base=target.base,
        stable=name_of(deployment),
        canary=track.name if track else "",
        stable_pods=replicas_of(deployment),
        version_key=label.key if label and (replaces or _may_relabel(target, label)) else "",
        version_value=label.new if label else "",
        old_version_value=label.old if label else "",
        manifest=track.manifest if track else None,
        ways=track.ways if track else (),
        lanes=lanes,
        twins=twins(spec.strategy, target, track, lanes) if track else (),
        routes=_routes(target, lanes),
        gated=track.gated if track else False,
        probed=has_readiness_probe(template),
        probe=hints.probe,
        metrics=hints.metrics,
        port=port_of(container, target),
        autoscalers=tuple(name_of(h) for h in owners.autoscalers(deployment, snapshot)),
        budgets=tuple(name_of(b) for b in budgets if not matches(at(b, "spec", "selector"), new_labels)),
        surge=spec.surge,
        unavailable=spec.unavailable,
        auto=auto,
        after=first(spec.after, default="delete"),
        on_fail=first(spec.on_fail, default="rollback" if auto else "hold"),
        timers=_timers(spec, hints, deployment, auto=auto),
        spec=spec,
    )


def _routes(target: Target, lanes: tuple[Lane, ...]) -> tuple[str, ...]:
    """What leads to the Services, as people name it."""
    seen = [f"Ingress {name_of(i)}" for i in target.ingresses]
    seen += [f"HTTPRoute {name_of(r)}" for r in target.routes]
    return tuple(dict.fromkeys((*seen, *(f"{lane.kind} {lane.name}" for lane in lanes))))


def _timers(spec: ReleaseSpec, hints: Hints, deployment: Obj, *, auto: bool) -> Timers:
    usual = Timers()
    no_traffic = spec.strategy is Strategy.BLUEGREEN
    return Timers(
        soak=first(
            spec.soak,
            None if no_traffic else hints.soak,
            default=(ALONE_AT_GREEN if auto else ASKED_AT_GREEN) if no_traffic else usual.soak,
        ),
        keep=first(spec.keep, hints.keep, default=usual.keep),
        remind=first(hints.remind, default=usual.remind),
        ask_for=first(hints.ask_for, default=usual.ask_for),
        progress=int(at(deployment, "spec", "progressDeadlineSeconds", default=usual.progress)),
    )


def _may_relabel(target: Target, label: Version) -> bool:
    """In place, the stable template's label may follow only where the Deployment's own selector lets it."""
    return (
        label.key not in at(target.deployment, "spec", "selector", "matchLabels", default={})
        and label.key in target.labels
    )


def port_of(container: Obj, target: Target) -> str:
    """The port on which a pod is asked by itself: what the first Service sends to, else the container's first."""
    for service in target.services:
        for port in at(service, "spec", "ports", default=[]):
            wanted = port.get("targetPort", port.get("port"))
            if isinstance(wanted, int):
                return str(wanted)
            named = next((p for p in container.get("ports") or [] if p.get("name") == wanted), None)
            if named:
                return str(named["containerPort"])
    return str(at(container, "ports", 0, "containerPort", default=""))


def _surge(deployment: Obj, spec: ReleaseSpec) -> int:
    wanted, surge = (
        replicas_of(deployment),
        spec.surge or at(deployment, "spec", "strategy", "rollingUpdate", "maxSurge", default="25%"),
    )
    text = str(surge)
    return -(-wanted * int(text[:-1]) // 100) if text.endswith("%") else int(text)


def _probe_advice(laid: Plan, target: Target) -> tuple[Advice, ...]:
    """What the declared probe, or its absence, means for the proof."""
    if laid.probe is None:
        what = "No probe is declared (annotation `graylight/probe`): shares are sampled with `GET /` through the API server and are not called proven."
        return (Advice(code="no-probe", what=what),)
    slow = _slow(laid, laid.probe.rate)
    past, ways = past_routes(laid.probe, target), (*target.ingresses, *target.routes)
    chosen = laid.spec.router is None and laid.spec.ratio is None and laid.strategy in PODS
    if not (past and ways and chosen):
        return slow
    made = "its selector switches" if laid.strategy == "bluegreen" else "pods make the split"
    what = f"The probe goes to {past} itself and meets no route, so {made} for everybody, users of {', '.join(map(name_of, ways))} too. For weights in the route, declare a probe that goes through it."
    return (*slow, Advice(code="probe-past-route", what=what))


def _slow(laid: Plan, rate: float) -> tuple[Advice, ...]:
    """A probe that is sent too seldom for the time a proof has: the release would hold with nothing wrong."""
    proofs = [s for s in laid.steps if isinstance(s, Prove)]
    most = max((MET if s.audience else needed(Asked(s.share, s.before)) for s in proofs), default=0)
    if most <= rate * laid.timers.proof:
        return ()
    what = f"A step takes about {most} requests to be proven, and the probe's rate allows for {rate * laid.timers.proof:g} in the {duration.words(laid.timers.proof)} that a proof has: it would hold with nothing wrong. Set `rate` in the probe to {ceil(most / laid.timers.proof)} or more."
    return (Advice(code="slow-probe", what=what),)

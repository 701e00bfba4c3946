"""Releases by route: the new track stands beside, with Services of its own, and routes carry the split.

The live Service keeps to the old pods until the very end, so users who go round the routes move last; going back
before that is one change of the routes, and no balancer loses a pod it sends to.
"""

import math

from strategies.canary import finish_note, undecidable
from strategies.draft import Draft
from strategies.finish import follow, guarded, lag
from strategies.hints import first
from strategies.lanes import NONE
from strategies.lens import Path, Split
from strategies.plan import Plan, Stage
from strategies.refusal import Advice, Refusal
from strategies.routes import ROUTERS
from strategies.spec import Audience
from strategies.steps import (
    Check,
    Drain,
    Guard,
    Keep,
    Lag,
    Prove,
    Remove,
    Shift,
    Soak,
    Stand,
    Step,
    Tidy,
    Turn,
    Twin,
    Update,
)

STEPS = (5, 25, 50, 100)


def canary(draft: Draft) -> Plan | Refusal:
    """At each step: pods, then weights or an audience, then proof, then soak; the last one carries everybody."""
    base = draft.base
    wanted = tuple(s for s in first(draft.spec.steps, draft.hints.steps, default=STEPS) if s != 100)
    refused = undecidable(base, tuple(s for s in wanted if isinstance(s, int)))
    if refused:
        return refused
    steps, stages = _begun(base), list[Stage]()
    now, pods = NONE.model_copy(update={"sticky": draft.spec.sticky, "mirror": draft.spec.mirror or 0}), 0
    for number, rung in enumerate(wanted, start=1):
        before, audience = now.share, rung if isinstance(rung, Audience) else None
        now = _after(now, rung)
        pods = max(pods, _pods(base, now.share))
        aside = not base.probed and not base.gated
        steps += [
            Stand(stage=number, track="canary", replicas=pods, aside=aside),
            Twin(stage=number, stands=True),
            Turn(stage=number, split=now),
            *_proofs(base, number, now.share, before, audience),
            Soak(stage=number, seconds=base.timers.soak, audience=audience if not now.share else None),
        ]
        stages.append(_stage(base, number, now.share, pods, audience))
    last = len(wanted) + 1
    steps += _everybody(base, last, now.share, expire=now.sticky and _forget(base))
    stages.append(_stage(base, last, 100, base.stable_pods, None))
    made = _finished(base, steps, stages, _back_words(base))
    return made.model_copy(update={"advice": (*made.advice, *_consequences(now))})


def _consequences(split: Split) -> tuple[Advice, ...]:
    """What keeping users and copying requests mean for the numbers and for what is behind the service."""
    said = []
    if split.sticky:
        what = "Users who get the new version keep it by a cookie, so the share is that of users who come anew; of all requests it grows."
        said.append(Advice(code="kept", what=what))
    if split.mirror:
        what = f"{split.mirror} % of the requests are made twice, the second time to the new version, whose answers nobody gets: what they write is written twice. No proof counts the copies."
        said.append(Advice(code="mirrored", what=what))
    return tuple(said)


def bluegreen(draft: Draft) -> Plan:
    """Green stands and is checked pod by pod; a person says yes; the routes lead to it at once; blue is kept warm."""
    base = draft.base
    pods = base.stable_pods
    steps: list[Step] = [
        *_begun(base),
        Stand(stage=1, track="canary", replicas=pods),
        Check(stage=1),
        Soak(stage=1, seconds=base.timers.soak),
        *_everybody(base, 2, 0),
    ]
    note = "each new pod is asked by itself, no user is"
    stages = [
        Stage(number=1, title="green stands", share=0, stable_pods=pods, canary_pods=pods, note=note),
        Stage(number=2, title="all traffic", share=100, stable_pods=pods, canary_pods=pods),
    ]
    return _finished(base, steps, stages, _back_words(base))


def _begun(base: Plan) -> list[Step]:
    """A live Service that would catch the new pods too is narrowed to the old ones first; then the twins, still empty.

    A router that learns of a Service and of a route to it at the same moment may follow the route before it knows the
    Service, and answers 503 until then (Envoy by Istio); while pods come up it has seconds to learn.
    """
    closed: list[Step] = [Shift(stage=1, to="stable")] if any(w.before != w.stable for w in base.ways) else []
    return [*closed, Twin(stage=1, stands=True, ahead=True)]


def _after(now: Split, rung: int | Audience) -> Split:
    """The split of the next step; an audience stays in force while shares grow, and so do what is kept and copied."""
    share, more = (now.share, (rung,)) if isinstance(rung, Audience) else (rung, ())
    return Split(share=share, audiences=(*now.audiences, *more), sticky=now.sticky, mirror=now.mirror)


def _pods(base: Plan, share: int) -> int:
    """How many new pods a share needs; all of them where nothing but time tells when a pod is fit.

    4 pods, 25 % → 1; 3 pods, 50 % → 2; an audience alone → 1.
    """
    return max(1, math.ceil(base.stable_pods * share / 100)) if base.probed else base.stable_pods


def _stage(base: Plan, number: int, share: int, pods: int, audience: Audience | None) -> Stage:
    title = f"{share} %" if audience is None else f"{audience.by} {audience.name}={audience.value}"
    return Stage(number=number, title=title, share=share, stable_pods=base.stable_pods, canary_pods=pods)


def _forget(base: Plan) -> bool:
    """Whether every lane can tell kept users to forget their cookie; where not, a cookie ends by its own time."""
    return all(ROUTERS[lane.router].can.forgets for lane in base.lanes)


def _everybody(base: Plan, stage: int, before: int, *, expire: bool = False) -> list[Step]:
    """The whole new track, then all traffic to it, then what scales and protects follows."""
    return [
        Stand(stage=stage, track="canary", replicas=None),
        Twin(stage=stage, stands=True),
        *guarded(base, stage),
        Turn(stage=stage, split=Split(share=100, expire=expire)),
        *follow(base, "canary", stage),
        *_proofs(base, stage, 100, before, None),
    ]


def _proofs(base: Plan, stage: int, share: int, before: int | None, audience: Audience | None) -> list[Step]:
    """Each path by itself: first those who are meant, then everybody else."""
    paths = hosts(base)
    them: list[Step] = [
        Prove(stage=stage, share=share, before=before, audience=audience, path=p) for p in paths
    ]
    others: list[Step] = [Prove(stage=stage, share=share, before=before, path=p) for p in paths]
    return [*(them if audience else []), *others]


def hosts(plan: Plan) -> tuple[Path | None, ...]:
    """The ways in that a proof goes: the probe's own, and each other host whose paths hold the probe's.

    None is the probe as it was declared. Hosts that do not take the probe's path cannot be proven by it.
    """
    if plan.probe is None:
        return (None,)
    mine, path = plan.probe.host, plan.probe.path.partition("?")[0]
    found: dict[str, Path | None] = {}
    for way in (p for lane in plan.lanes for p in lane.paths if holds(p, path)):
        wild = way.host.startswith("*.")
        if way.host in ("", mine) or (wild and mine.endswith(way.host[1:])):
            found[mine] = None
        else:
            host = way.host.replace("*", "graylight", 1)
            found[host] = Path(host=host, prefix=path)
    return tuple(found[h] for h in sorted(found, key=lambda h: (h != mine, h))) or (None,)


def unproven(plan: Plan) -> tuple[Advice, ...]:
    """Hosts of the lanes whose paths do not take the probe's, so that no request can be sent there."""
    if plan.probe is None:
        return ()
    path = plan.probe.path.partition("?")[0]
    ways = [p for lane in plan.lanes for p in lane.paths]
    taken = {p.host for p in ways if holds(p, path)}
    left = sorted({p.host or "any host" for p in ways if p.host not in taken})
    if not left:
        return ()
    what = f"Users of {', '.join(left)} are not proven by themselves: the probe asks for `{path}`, which is not led to the service there."
    return (Advice(code="unproven-host", what=what),)


def holds(way: Path, path: str) -> bool:
    """Whether a way's prefix takes a path.

    >>> holds(Path(prefix="/hello"), "/hello/you"), holds(Path(prefix="/hello"), "/bye")
    (True, False)
    """
    return path.startswith(way.prefix or "/")


def _finished(base: Plan, steps: list[Step], stages: list[Stage], back: str) -> Plan:
    number = len(stages) + 1
    stays = base.ending == "in-place"
    last = Stage(
        number=number,
        title="finish",
        share=100,
        stable_pods=base.stable_pods if stays else 0,
        canary_pods=0 if stays else base.stable_pods,
        note=f"Services and routes lead as before; {finish_note(base)}",
    )
    return base.model_copy(
        update={
            "steps": (*steps, *_ending(base, number)),
            "stages": (*stages, last),
            "back": _way_back(base),
            "going_back": back,
            "advice": unproven(base),
        }
    )


def _back_words(base: Plan) -> str:
    names = ", ".join(dict.fromkeys(f"{lane.kind} {lane.name}" for lane in base.lanes))
    return f"At any time until {base.from_version} is gone: {names} back to {base.stable} first, proven, then {base.canary} goes."


def _ending(base: Plan, stage: int) -> list[Step]:
    """From "the routes carry everybody to the new version" to the end: Service, then route, then what was added goes.

    The live Service is switched while nobody but direct users comes through it, and has arrived at every router before
    the routes lead to it again.
    """
    wait = Lag(stage=stage, seconds=lag(base))
    routed: list[Step] = [wait, Turn(stage=stage, split=None), *_proofs(base, stage, 100, 100, None), wait]
    keep = Keep(stage=stage, seconds=base.timers.keep)
    gone, tidy = Twin(stage=stage, stands=False), Tidy(stage=stage)
    switched = Shift(stage=stage, to="canary")
    if base.ending == "in-place":
        drain: list[Step] = [Drain(stage=stage), wait] if base.gated else []
        settle: list[Step] = [Guard(stage=stage, raised=False)] if base.autoscalers else []
        updated: list[Step] = [Update(stage=stage, to="new"), Shift(stage=stage, to="after")]
        removed = Remove(stage=stage, track="canary")
        return [keep, switched, wait, *updated, *routed, gone, *drain, removed, *settle, tidy]
    opened: list[Step] = (
        [Shift(stage=stage, to="after")] if any(w.after != w.canary for w in base.ways) else []
    )
    match base.after:
        case "delete":
            return [keep, switched, *routed, gone, Remove(stage=stage, track="stable"), *opened, tidy]
        case "upgrade":
            return [keep, switched, *routed, gone, Update(stage=stage, to="new"), *opened, tidy]
        case _:
            return [keep, switched, *routed, gone, tidy]


def _way_back(base: Plan) -> tuple[Step, ...]:
    """From wherever the release stands: capacity, the routes, the live Service, proof, and then what was added goes."""
    restore: list[Step] = [Update(to="old")] if base.ending == "in-place" or base.after == "upgrade" else []
    guard: list[Step] = [Guard(raised=False)] if base.autoscalers and base.ending == "in-place" else []
    opened: list[Step] = [Shift(to="before")] if any(w.before != w.stable for w in base.ways) else []
    return (
        *restore,
        Stand(track="stable", replicas=base.stable_pods),
        Turn(split=None),
        Shift(to="stable"),
        *follow(base, "stable"),
        *_proofs(base, 0, 0, None, None),
        Lag(seconds=lag(base)),
        Twin(stands=False),
        Remove(track="canary"),
        *opened,
        *guard,
        Tidy(),
    )

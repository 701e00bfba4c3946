"""The two endings, and the way back from any point: shared by canary and blue-green."""

from strategies.plan import Plan
from strategies.spec import RouterName
from strategies.steps import (
    Drain,
    Guard,
    Keep,
    Lag,
    Prove,
    Remove,
    Retarget,
    Shift,
    Stand,
    Step,
    Tidy,
    TrackName,
    Update,
)

ROUTE_LAG = 5  # seconds; ingress-nginx applies a change within 4.3 s, Traefik within 2 s by default
LAGS = {  # seconds, of routers that are slower: their balancers register and drain targets one by one
    RouterName.AWS_ALB: 15,
    RouterName.ALB: 10,
}
SERVICE_LAG = 2  # seconds; kube-proxy on every node, at its usual minimum sync period of 1 s


def lag(plan: Plan) -> int:
    """How long after a switch somebody may still be sent the old way."""
    declared = (LAGS.get(lane.router, ROUTE_LAG) for lane in plan.lanes)
    return max((*declared, ROUTE_LAG if plan.routes else SERVICE_LAG))


def guarded(plan: Plan, stage: int = 0) -> list[Step]:
    """Where the autoscaler stays with the idle track, it must not shrink it."""
    return [Guard(stage=stage, raised=True)] if plan.ending == "in-place" and plan.autoscalers else []


def follow(plan: Plan, to: TrackName, stage: int = 0) -> list[Step]:
    """Where a new Deployment takes the old one's place, what scales and protects goes with it."""
    if plan.ending != "replace" or not (plan.autoscalers or plan.budgets):
        return []
    return [Retarget(stage=stage, to=to)]


def handover(base: Plan, stage: int, before: int | None) -> list[Step]:
    """All traffic to the canary, then what scales and protects follows it."""
    return [
        *guarded(base, stage),
        Shift(stage=stage, to="canary"),
        *follow(base, "canary", stage),
        Prove(stage=stage, share=100, before=before),
    ]


def ending(plan: Plan, stage: int) -> list[Step]:
    """From "all traffic is on the new version" to the end."""
    keep = Keep(stage=stage, seconds=plan.timers.keep)
    wait = Lag(stage=stage, seconds=lag(plan))
    tidy = Tidy(stage=stage)
    if plan.ending == "in-place":
        drain: list[Step] = [Drain(stage=stage)] if plan.gated else []
        settle: list[Step] = [Guard(stage=stage, raised=False)] if plan.autoscalers else []
        return [
            keep,
            wait,
            Update(stage=stage, to="new"),
            Shift(stage=stage, to="after"),
            Prove(stage=stage, share=100, before=100),
            *drain,
            wait,
            Remove(stage=stage, track="canary"),
            *settle,
            tidy,
        ]
    opened: list[Step] = (
        [Shift(stage=stage, to="after")] if any(w.after != w.canary for w in plan.ways) else []
    )
    match plan.after:
        case "delete":
            return [keep, wait, Remove(stage=stage, track="stable"), *opened, tidy]
        case "upgrade":
            return [keep, wait, Update(stage=stage, to="new"), *opened, tidy]
        case _:
            return [keep, tidy]


def way_back(plan: Plan) -> tuple[Step, ...]:
    """From wherever the release stands: capacity, then traffic, then proof, then what is left over.

    Each step is true already where the release never came that far, and then costs nothing.
    """
    restore: list[Step] = [Update(to="old")] if plan.ending == "in-place" or plan.after == "upgrade" else []
    guard: list[Step] = [Guard(raised=False)] if plan.autoscalers and plan.ending == "in-place" else []
    opened: list[Step] = [Shift(to="before")] if any(w.before != w.stable for w in plan.ways) else []
    return (
        *restore,
        Stand(track="stable", replicas=plan.stable_pods),
        Shift(to="stable"),
        *follow(plan, "stable"),
        Prove(share=0),
        Lag(seconds=lag(plan)),
        Remove(track="canary"),
        *opened,
        *guard,
        Tidy(),
    )

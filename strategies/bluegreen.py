"""Blue-green: the new version stands beside the old one at full size, is looked at by itself, then one switch."""

from strategies.draft import Draft
from strategies.finish import ending, handover, way_back
from strategies.plan import Plan, Stage
from strategies.steps import Check, Shift, Soak, Stand, Step


def lay(draft: Draft) -> Plan:
    """Green stands and is checked pod by pod; a person says yes; one switch; blue is kept warm."""
    base = draft.base
    pods = base.stable_pods
    closed: list[Step] = [Shift(stage=1, to="stable")] if any(w.before != w.stable for w in base.ways) else []
    steps: list[Step] = [
        *closed,
        Stand(stage=1, track="canary", replicas=pods),
        Check(stage=1),
        Soak(stage=1, seconds=base.timers.soak),
        Stand(stage=2, track="canary", replicas=None),
        *handover(base, 2, 0),
        *ending(base, 3),
    ]
    end = {
        "delete": f"{base.stable} is deleted",
        "upgrade": f"{base.stable} is updated too",
        "keep": f"{base.stable} stays",
    }[base.after]
    if base.ending == "in-place":
        end = f"{base.stable} is updated under no traffic, traffic returns to it, {base.canary} goes"
    stays = base.ending == "in-place"
    stages = (
        Stage(
            number=1,
            title="green stands",
            share=0,
            stable_pods=pods,
            canary_pods=pods,
            note="each new pod is asked by itself, no user is",
        ),
        Stage(number=2, title="all traffic", share=100, stable_pods=pods, canary_pods=pods),
        Stage(
            number=3,
            title="finish",
            share=100,
            stable_pods=pods if stays else 0,
            canary_pods=0 if stays else pods,
            note=end,
        ),
    )
    back = f"At any time until {base.from_version} is gone: one switch back to {base.stable}, proven, then {base.canary} goes."
    return base.model_copy(
        update={"steps": tuple(steps), "stages": stages, "back": way_back(base), "going_back": back}
    )

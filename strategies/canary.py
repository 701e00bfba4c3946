"""Canary by pod ratio: pods of the new version join those of the old one, step by step, in one Service."""

from strategies.draft import Draft
from strategies.finish import ending, handover, way_back
from strategies.forecast import decidable, needed
from strategies.hints import first
from strategies.plan import Plan, Stage
from strategies.proof import Asked
from strategies.refusal import Advice, Refusal
from strategies.routers import ratio
from strategies.steps import Prove, Shift, Soak, Stand, Step

STEPS = (25, 50, 100)


def lay(draft: Draft) -> Plan | Refusal:
    """The steps of a canary: at each, pods, then traffic, then proof, then soak; the last one is the handover."""
    base, spec = draft.base, draft.spec
    pods = base.stable_pods
    if spec.ratio is not None:
        wanted: tuple[int, ...] = (spec.ratio.share,)
        if spec.ratio.new > spec.ratio.old:
            return Refusal(
                code="ratio",
                what=f"A ratio of {spec.ratio.new}:{spec.ratio.old} would need more new pods than old ones.",
                remedy="The old track is not shrunk before the handover: ask for at most 1:1.",
            )
    else:
        said = first(spec.steps, draft.hints.steps, default=STEPS)
        wanted = tuple(s for s in said if isinstance(s, int)) or STEPS
    rungs = ratio.ladder(wanted, pods)
    undecided = undecidable(base, tuple(r.share for r in rungs))
    if undecided:
        return undecided
    aside = not base.probed and not base.gated
    steps: list[Step] = []
    stages: list[Stage] = []
    before = 0
    for number, rung in enumerate(rungs, start=1):
        note = (
            ""
            if rung.exact
            else f"asked {rung.asked} %, {pods} pod{'s' if pods != 1 else ''} can make {rung.share} %"
        )
        stages.append(
            Stage(
                number=number,
                title=f"{rung.share} %",
                share=rung.share,
                stable_pods=pods,
                canary_pods=rung.pods,
                note=note,
            )
        )
        steps += [
            Stand(stage=number, track="canary", replicas=rung.pods, aside=aside),
            Shift(stage=number, to="both"),
            Prove(stage=number, share=rung.share, before=before),
            Soak(stage=number, seconds=base.timers.soak),
        ]
        before = rung.share
    last = len(rungs) + 1
    stages.append(
        Stage(
            number=last,
            title="100 %",
            share=100,
            stable_pods=pods,
            canary_pods=pods,
            note=_last_note(rungs, pods, aside=aside),
        )
    )
    steps += [
        Stand(stage=last, track="canary", replicas=None, aside=aside),
        *handover(base, last, before),
        *ending(base, last + 1),
    ]
    stages.append(
        Stage(
            number=last + 1,
            title="finish",
            share=100,
            stable_pods=pods if base.ending == "in-place" else 0,
            canary_pods=0 if base.ending == "in-place" else pods,
            note=finish_note(base),
        )
    )
    advice = tuple(
        Advice(
            code="ratio",
            what=f"Asked {s} %: {pods} pod{'s' if pods != 1 else ''} can make {ratio.nearest(s, pods).share} %.",
        )
        for s in wanted
        if s < 100 and not ratio.nearest(s, pods).exact
    )
    return base.model_copy(
        update={
            "steps": tuple(steps),
            "stages": tuple(stages),
            "back": way_back(base),
            "advice": advice,
            "going_back": _going_back(base),
        }
    )


def undecidable(base: Plan, shares: tuple[int, ...]) -> Refusal | None:
    """Two shares too near to each other to be told apart within the bound of a proof."""
    before = 0
    for share in shares if base.probe is not None else ():
        asked = Asked(share, before)
        if not decidable(asked):
            return Refusal(
                code="undecidable",
                what=f"From {before} % to {share} % is too small a step to be proven: it would take about {needed(asked)} requests, and at most {asked.max_requests} are sent.",
                remedy="Leave one of the two steps out." if before else "Ask for a larger share.",
            )
        before = share
    return None


def _last_note(rungs: tuple[ratio.Made, ...], pods: int, *, aside: bool) -> str:
    if rungs and rungs[-1].pods == pods:
        return ""
    if aside:
        return f"users go to the old version alone until all {pods} new pods have settled"
    return f"while the new version grows to {pods} pods its share rises to {ratio.share(pods, pods)} %"


def finish_note(base: Plan) -> str:
    """What becomes of the two Deployments."""
    if base.ending == "in-place":
        return f"{base.stable} is updated under no traffic, traffic returns to it, {base.canary} goes"
    return {
        "delete": f"{base.stable} is deleted",
        "upgrade": f"{base.stable} is updated too",
        "keep": f"{base.stable} stays",
    }[base.after]


def _going_back(base: Plan) -> str:
    return f"At any time until {base.from_version} is gone: traffic back to {base.stable} first, proven, then {base.canary} goes."

"""Rolling: the Deployment's own update, with surge and unavailable, an optional pause at a share, and undo."""

import math

from strategies.canary import undecidable
from strategies.draft import Draft
from strategies.plan import Plan, Stage
from strategies.pods import SETTLE
from strategies.refusal import Refusal
from strategies.steps import Prove, Soak, Step, Tidy, Update


def lay(draft: Draft) -> Plan | Refusal:
    """Update (to a pause, where one is asked for), prove, tidy; back is the old template, rolled out the same way."""
    base, spec = draft.base, draft.spec
    pods = base.stable_pods
    if spec.surge in ("0", "0%") and spec.unavailable in ("0", "0%"):
        return Refusal(
            code="surge",
            what="With no surge and none unavailable no pod could ever be replaced.",
            remedy="Let one of them be at least 1.",
        )
    steps: list[Step] = []
    stages: list[Stage] = []
    if spec.pause_at is not None:
        at_pause = math.ceil(pods * spec.pause_at / 100)
        if pods == 1:
            return Refusal(
                code="pause-at",
                what="One pod cannot pause half way.",
                remedy="Leave `--pause-at` out, or release by `canary`.",
            )
        at_pause = min(at_pause, pods - 1)
        share = round(100 * at_pause / pods)
        refused = undecidable(base, (share,))
        if refused:
            return refused
        stages.append(
            Stage(
                number=1,
                title=f"{spec.pause_at} %",
                share=share,
                stable_pods=pods - at_pause,
                canary_pods=at_pause,
                note=f"pauses when {at_pause} of {pods} pods are new",
            )
        )
        steps += [
            Update(stage=1, to="new", pause_at=at_pause),
            Prove(stage=1, share=share, before=None),
            Soak(stage=1, seconds=base.timers.soak),
        ]
    last = len(stages) + 1
    surge, unavailable = spec.surge or "the Deployment's own", spec.unavailable or "the Deployment's own"
    stages.append(
        Stage(
            number=last,
            title="100 %",
            share=100,
            stable_pods=0,
            canary_pods=pods,
            note=f"surge {surge}, unavailable {unavailable}",
        )
    )
    steps += [Update(stage=last, to="new"), Prove(stage=last, share=100), Tidy(stage=last)]
    relabel = "" if _pinned(draft) else base.version_key
    return base.model_copy(
        update={
            "steps": tuple(steps),
            "stages": tuple(stages),
            "back": (Update(to="old"), Prove(share=0), Tidy()),
            "version_key": relabel,
            "ready_seconds": None if base.probed else math.ceil(SETTLE),
            "going_back": f"At any time: {base.stable} rolls back to {base.from_image}; afterwards too, by a release to {base.from_version}.",
        }
    )


def _pinned(draft: Draft) -> bool:
    """Whether a Service asks for the version label: its value cannot follow then."""
    return draft.label is None or draft.label.pinned

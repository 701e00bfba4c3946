"""What each version calls itself, where a rule of the probe says that answers tell it: learnt by asking pods by themselves.

An image `:v6` may answer `X-Version: 1.0.1`. Neither tag nor label says so, and guessing would make a share of nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.cluster.errors import Forbidden
from bot.engine.proxied import Proxied
from strategies.objects import Obj, name_of
from strategies.pods import is_ready
from strategies.probe import Probe
from strategies.samples import Naming, Version, said
from strategies.view import View

TRIES = 5  # answers of one version that are waited for: a failing one may not say what it is


@dataclass(slots=True)
class Calling:
    """Remembers what was learnt, by image; one of these lives as long as a release's gatherer."""

    known: dict[str, str] = field(default_factory=dict)

    async def naming(self, proxied: Proxied, view: View) -> Naming:
        """How answers are told apart, with what the versions call themselves; raises Unreachable.

        A name that both give themselves tells nothing, so it names neither.
        """
        naming, plan = view.naming(), view.plan
        if plan.probe is None or plan.probe.attribute is None or not plan.port:
            return naming
        every = [p for track in ("stable", "canary") for p in view.pods(track) if is_ready(p)]
        sides: dict[Version, str] = {"old": plan.from_image, "new": plan.to_image}
        for side, image in sides.items():
            if image not in self.known:
                value = await called(
                    proxied, [p for p in every if view.new_image(p) == (side == "new")], plan.port, plan.probe
                )
                if value is not None:
                    self.known[image] = value
        learnt: dict[str, Version] = {}
        for side, image in sides.items():
            if value := self.known.get(image):
                learnt[value] = "" if value in learnt else side
        return replace(naming, names={**naming.names, **learnt})


async def called(proxied: Proxied, pods: Sequence[Obj], port: str, probe: Probe) -> str | None:
    """What pods of one version call themselves by the probe's rule; raises Unreachable.

    Empty where they answer and do not say, None where there is none to ask or we may not.
    """
    if probe.attribute is None or not pods:
        return None
    for number in range(TRIES):
        try:
            answer = await proxied.pod(name_of(pods[number % len(pods)]), port, probe)
        except Forbidden:
            return None
        if value := said(answer, probe.attribute):
            return value
    return ""

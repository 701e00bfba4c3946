"""What befell the pods of a track while it was judged: restarts, readiness that came and went, kills for want of memory.

Pods are seen at each look, and what happened since the last is read off them: a restart by its count, a flap by a new
time of the Ready condition. Several flaps between two looks count as one.
"""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from strategies.objects import Obj, at, name_of, uid_of
from strategies.plan import Frozen
from strategies.pods import condition, is_ready, restarts

MOST_PODS = 20  # of a track that are followed, the first by name


class Mark(Frozen):
    """How a pod was seen last."""

    restarts: int
    ready: str = Field(description="when it became ready, empty while it is not")


class Mishaps(Frozen):
    """Of one track since judging began; `last` says the newest in words."""

    seen: dict[str, Mark] = Field(default_factory=dict, description="by the first 13 characters of the uid")
    restarts: int = 0
    flaps: int = 0
    killed: int = Field(0, description="restarts because memory ran out; counted among the restarts too")
    last: str = ""

    @property
    def count(self) -> int:
        """All of them."""
        return self.restarts + self.flaps

    def added(self, pods: Sequence[Obj]) -> Self:
        """After one more look; a pod seen for the first time only begins to be followed."""
        after = self
        seen: dict[str, Mark] = {}
        for pod in sorted(pods, key=name_of)[:MOST_PODS]:
            key, mark = uid_of(pod)[:13], _mark(pod)
            before = self.seen.get(key)
            if before is not None:
                after = after._since(before, mark, pod)
            # one that is not ready now is known by when it was: it flapped once it is ready anew
            kept = mark if mark.ready or before is None else Mark(restarts=mark.restarts, ready=before.ready)
            seen[key] = kept
        return after.model_copy(update={"seen": seen})

    def _since(self, before: Mark, mark: Mark, pod: Obj) -> Self:
        again = mark.restarts - before.restarts
        if again > 0:
            why = _ended(pod)
            memory = why == "OOMKilled"
            said = f"{name_of(pod)} {'was killed for want of memory' if memory else f'restarted ({why})' if why else 'restarted'}"
            return self.model_copy(
                update={
                    "restarts": self.restarts + again,
                    "killed": self.killed + memory,
                    "last": said,
                }
            )
        if mark.ready and before.ready and mark.ready != before.ready:
            update = {"flaps": self.flaps + 1, "last": f"{name_of(pod)} was not ready for a while"}
            return self.model_copy(update=update)
        return self


def _mark(pod: Obj) -> Mark:
    ready = str(condition(pod, "Ready").get("lastTransitionTime", "yes")) if is_ready(pod) else ""
    return Mark(restarts=restarts(pod), ready=ready)


def _ended(pod: Obj) -> str:
    """Why a container of it ended last: `OOMKilled`, `exit code 1`, or nothing known."""
    for status in at(pod, "status", "containerStatuses", default=[]):
        for when in ("lastState", "state"):
            ended = at(status, when, "terminated", default=None)
            if ended:
                return (
                    "OOMKilled"
                    if ended.get("reason") == "OOMKilled"
                    else f"exit code {ended.get('exitCode', '?')}"
                )
    return ""

"""What the conditions of a cluster are looked at with: the request, what was found, and how the new track would stand."""

from dataclasses import dataclass
from typing import TypeAlias

from strategies.objects import Kind, Obj, at, name_of
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import ReleaseSpec, RouterName
from strategies.target import Target
from strategies.tracks import Track

Said: TypeAlias = Refusal | Advice | None


@dataclass(frozen=True, slots=True)
class Case:
    """What the rows look at. `track` is None for rolling; `extra` is how many pods will stand beside the old ones."""

    spec: ReleaseSpec
    target: Target
    snapshot: Snapshot
    track: Track | None
    extra: int
    router: RouterName

    @property
    def deployment(self) -> Obj:
        """The live Deployment."""
        return self.target.deployment

    @property
    def template(self) -> Obj:
        """Its pod template's spec."""
        found: Obj = at(self.deployment, "spec", "template", "spec", default={})
        return found

    @property
    def replaces(self) -> bool:
        """Whether another Deployment will take the live one's place for good."""
        return self.track is not None and self.track.ending == "replace"


def aimed(kind: Kind, field: str, deployment: Obj, snapshot: Snapshot) -> tuple[Obj, ...]:
    """The objects of a kind that name this Deployment in a field of theirs."""
    return tuple(
        o
        for o in snapshot.all(kind)
        if at(o, "spec", field, "name") == name_of(deployment)
        and at(o, "spec", field, "kind", default="Deployment") == "Deployment"
    )

"""The vocabulary of a plan. Each step is an "ensure": a state to bring about, not an action, so it may be done twice.

`stage` is the number people count by: all the steps between two moments at which a person could decide share it.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from strategies.lens import Path, Split
from strategies.spec import Audience

TrackName = Literal["stable", "canary"]
Position = Literal["before", "stable", "both", "canary", "after"]


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: int = Field(0, description="counted from 1; 0 is what comes before or after")


class Stand(_Step):
    """The track stands with this many pods, each fit for traffic; None: with as many as now serve.

    `aside`: nothing but this keeps unfit pods of the canary from traffic, so users go to stable until all are fit.
    """

    kind: Literal["stand"] = "stand"
    track: TrackName
    replicas: int | None
    aside: bool = False


class Check(_Step):
    """Each pod of the canary answers the service's probe by itself, before anybody is sent to it."""

    kind: Literal["check"] = "check"


class Shift(_Step):
    """Every Service of the plan is in this position; readiness gates are open or closed to match."""

    kind: Literal["shift"] = "shift"
    to: Position


class Twin(_Step):
    """Each twin Service stands and lists the canary's pods, whose gates are open; or is gone. `ahead`: before there are any."""

    kind: Literal["twin"] = "twin"
    stands: bool
    ahead: bool = False


class Turn(_Step):
    """Every lane of the plan has this split, and its controller has taken it; None: lanes are as they were found."""

    kind: Literal["turn"] = "turn"
    split: Split | None


class Prove(_Step):
    """Users get this share of the new version, by samples. `before` is the share that was true until now.

    With an audience all who send its header or cookie get the new version, whatever the share of the others. `path`:
    by this host instead of the probe's own.
    """

    kind: Literal["prove"] = "prove"
    share: int = Field(ge=0, le=100)
    before: int | None = None
    audience: Audience | None = None
    path: Path | None = None


class Soak(_Step):
    """Time passes while the tracks are compared; then the release asks, or goes on by itself under --auto.

    `audience`: who alone meets the new version, so that half of what is compared is asked as they ask.
    """

    kind: Literal["soak"] = "soak"
    seconds: int
    audience: Audience | None = None


class Keep(_Step):
    """The old version stands warm, one click away."""

    kind: Literal["keep"] = "keep"
    seconds: int


class Retarget(_Step):
    """Autoscaler and disruption budget follow the track that serves."""

    kind: Literal["retarget"] = "retarget"
    to: TrackName


class Guard(_Step):
    """The autoscaler's minimum is at least the serving count, or (raised=False) what it was."""

    kind: Literal["guard"] = "guard"
    raised: bool


class Update(_Step):
    """The stable Deployment runs this version, rolled out to the last pod (rolling, in-place, --after upgrade)."""

    kind: Literal["update"] = "update"
    to: Literal["new", "old"]
    pause_at: int | None = None


class Drain(_Step):
    """The canary's gates are closed: its pods stand and serve what still comes, but nobody new is sent to them."""

    kind: Literal["drain"] = "drain"


class Lag(_Step):
    """The routers' own delay passes after the last change of pods or selectors, before anything is taken away."""

    kind: Literal["lag"] = "lag"
    seconds: int


class Remove(_Step):
    """The track's Deployment is gone, and its pods with it."""

    kind: Literal["remove"] = "remove"
    track: TrackName


class Tidy(_Step):
    """Our marks and our field ownership are given back on everything that stays."""

    kind: Literal["tidy"] = "tidy"


Step: TypeAlias = Annotated[
    Stand
    | Check
    | Shift
    | Twin
    | Turn
    | Prove
    | Soak
    | Keep
    | Retarget
    | Guard
    | Update
    | Drain
    | Lag
    | Remove
    | Tidy,
    Field(discriminator="kind"),
]

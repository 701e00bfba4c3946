"""The whole way there and back, fixed before anything changes.

A plan is a value made from a request and a snapshot; its hash is what a person's yes is bound to. The release's id is
not known while it is made, so names that carry it hold the placeholder `RELEASE`, filled in by `bind`.
"""

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from strategies.lens import Lane
from strategies.metrics import Metrics
from strategies.probe import Probe
from strategies.refusal import Advice
from strategies.spec import After, OnFail, ReleaseSpec, RouterName, Strategy
from strategies.steps import Position, Soak, Step

RELEASE = (
    "0release0"  # stands for the release's id until there is one; no label or name of a user looks like it
)


class Frozen(BaseModel):
    """A value of the record: strict and immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(Frozen):
    """One Service and its selector in each position.

    `before` is as it was found, `after` as the release leaves it; `stable` and `canary` let only that track serve,
    `both` both. With the version in the selector (the seed) before = stable and after = canary; in the plain case
    before = stable = both = after, and the canary's readiness gate makes the difference.
    """

    service: str
    before: dict[str, str]
    stable: dict[str, str]
    both: dict[str, str]
    canary: dict[str, str]
    after: dict[str, str]

    def at(self, position: Position) -> dict[str, str]:
        """The selector of a position."""
        return {
            "before": self.before,
            "stable": self.stable,
            "both": self.both,
            "canary": self.canary,
            "after": self.after,
        }[position]


class Timers(Frozen):
    """Seconds, all of them."""

    soak: int = 300
    keep: int = 1800
    remind: int = 600
    ask_for: int = 7200
    progress: int = 600
    proof: int = 60


class Stage(Frozen):
    """What people see of a step: its share, how many pods stand, and what happens then."""

    number: int
    title: str
    share: int
    stable_pods: int
    canary_pods: int
    note: str = ""


class Change(Frozen):
    """One line of what is written to the cluster, for the preview and the reviews of rights."""

    verb: Literal["create", "patch", "delete", "get"]
    kind: str
    name: str
    what: str


class Plan(Frozen):
    """See the module. `from_*` is what serves now, `to_*` what shall; `manifest` is the new Deployment, if any."""

    service: str
    environment: str
    namespace: str
    strategy: Strategy
    ending: Literal["replace", "in-place", "update"]
    router: RouterName
    from_version: str
    to_version: str
    from_image: str
    to_image: str
    container: str
    base: str
    stable: str
    canary: str = ""
    stable_pods: int
    version_key: str = Field("", description="the label that tells versions, empty where there is none")
    version_value: str = ""
    old_version_value: str = ""
    manifest: dict[str, Any] | None = None
    ways: tuple[Way, ...] = ()
    lanes: tuple[Lane, ...] = Field(
        (), description="what carries weights; empty: pods or selectors make the split"
    )
    twins: tuple[dict[str, Any], ...] = Field(
        (), description="the canary's own Services, one for each that a lane leads to"
    )
    routes: tuple[str, ...] = ()
    gated: bool = Field(False, description="the canary's pods carry the readiness gate")
    probed: bool = Field(False, description="pods have a readiness probe")
    probe: Probe | None = None
    metrics: Metrics | None = None
    port: str = Field("", description="container port that the pods are asked at through the proxy")
    autoscalers: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    surge: str | None = None
    unavailable: str | None = None
    ready_seconds: int | None = Field(
        None, description="minReadySeconds meanwhile, rolling without a readiness probe"
    )
    auto: bool = False
    after: After = "delete"
    on_fail: OnFail = "hold"
    timers: Timers = Timers()
    stages: tuple[Stage, ...] = ()
    steps: tuple[Step, ...] = ()
    back: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    going_back: str = ""
    advice: tuple[Advice, ...] = ()
    spec: ReleaseSpec
    agreed: str = Field("", description="the hash it was shown under, before its release had an id")

    @property
    def hash(self) -> str:
        """Twelve hex digits over all of it: what a yes is bound to; it stays when the release's id is filled in."""
        return (
            self.agreed or hashlib.sha256(self.model_dump_json(exclude={"advice"}).encode()).hexdigest()[:12]
        )

    def bind(self, release: str) -> "Plan":
        """With the placeholder filled in."""
        bound = Plan.model_validate_json(self.model_dump_json().replace(RELEASE, release))
        return bound.model_copy(update={"agreed": self.hash})

    def way(self, service: str) -> Way | None:
        """How one Service is switched."""
        return next((w for w in self.ways if w.service == service), None)

    def stage_start(self, stage: int) -> int:
        """The index of a stage's first step, 0 where there is none."""
        return next((i for i, s in enumerate(self.steps) if s.stage == stage), 0)

    @property
    def serves(self) -> bool:
        """Whether there is an own Deployment for the new version."""
        return bool(self.canary)

    @property
    def pauses(self) -> bool:
        """Whether there is a moment on the way at which a person, or --auto, decides."""
        return any(isinstance(s, Soak) for s in self.steps)

    def soak_before(self, cursor: int) -> int | None:
        """The soak of the stage the cursor is in, None where it has none."""
        stage = self.steps[cursor].stage if cursor < len(self.steps) else -1
        return next((s.seconds for s in self.steps if isinstance(s, Soak) and s.stage == stage), None)

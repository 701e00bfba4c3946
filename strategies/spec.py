"""What a person asked for, before the cluster was looked at: the fields of a command, nothing resolved.

None means "not said": the annotation on the Deployment, then the policy, then the default of the strategy decides.
Shares are whole percent of the new version, durations whole seconds.
"""

from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class Strategy(StrEnum):
    """The three ways to release."""

    CANARY = "canary"
    BLUEGREEN = "bluegreen"
    ROLLING = "rolling"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is not used on these
        """As written in a sentence."""
        return "blue-green" if self is Strategy.BLUEGREEN else self.value


class RouterName(StrEnum):
    """How a split may be expressed; what `--router` takes."""

    SELECTOR = "selector"
    RATIO = "ratio"
    HTTPROUTE = "httproute"
    NGINX = "nginx"
    ALB = "alb"
    AWS_ALB = "aws-alb"
    ISTIO = "istio"
    TRAEFIK = "traefik"


PODS = {
    Strategy.CANARY: RouterName.RATIO,
    Strategy.BLUEGREEN: RouterName.SELECTOR,
}  # where no route carries the split


class Audience(BaseModel):
    """The users who send this header, or this cookie, with this value: all of them get the canary.

    >>> str(Audience(by="header", name="X-Canary", value="beta")), str(Audience(by="cookie", name="canary"))
    ('header:X-Canary=beta', 'cookie:canary')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["header", "cookie"]
    name: str = Field(min_length=1, max_length=64)
    value: str = Field("always", min_length=1, max_length=64)

    def __str__(self) -> str:
        bare = self.by == "cookie" and self.value == "always"
        return f"{self.by}:{self.name}" + ("" if bare else f"={self.value}")


Rung: TypeAlias = int | Audience  # one of `--steps`: a share in percent, or an audience
After = Literal["delete", "upgrade", "keep"]
OnFail = Literal["rollback", "hold"]
MAX_REASON = 300


class Ratio(BaseModel):
    """`--ratio NEW:OLD`, in pods."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    new: int = Field(ge=1, le=1000)
    old: int = Field(ge=1, le=1000)

    @property
    def share(self) -> int:
        """The new version's share in percent, rounded."""
        return round(100 * self.new / (self.new + self.old))


class ReleaseSpec(BaseModel):
    """One request for a release. It travels in the Start button's value, so defaults are left out of its JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Strategy
    service: str = Field(min_length=1, max_length=253)
    version: str = Field(min_length=1, max_length=200)
    environment: str = "default"
    steps: tuple[Rung, ...] | None = None
    ratio: Ratio | None = None
    soak: int | None = Field(None, ge=0, description="seconds after each step")
    keep: int | None = Field(None, ge=0, description="seconds the old version stands warm")
    auto: bool = False
    ask: bool = Field(False, description="a person decides after each step, where the policy says `auto`")
    after: After | None = None
    surge: str | None = Field(None, description="integer or percent, as in a Deployment")
    unavailable: str | None = Field(None, description="integer or percent, as in a Deployment")
    pause_at: int | None = Field(None, gt=0, lt=100, description="percent of the pods")
    router: RouterName | None = None
    sticky: bool = Field(False, description="users who got the new version keep it, by a cookie")
    mirror: int | None = Field(None, gt=0, le=100, description="percent of the requests copied to it")
    container: str | None = None
    accept_replace: bool = False
    on_fail: OnFail | None = None
    reason: str = Field("", max_length=MAX_REASON)
    one_way: str = Field("", max_length=MAX_REASON, description="why the switch cannot simply be undone")

"""What every router is: a pure lens over somebody else's objects, that reads a split, makes another, and gives back.

Laws (tests hold them for every router): `split` after `shift` is what was asked; `shift` again is empty; `reset`
restores what was, field by field; nothing foreign changes, and what others change meanwhile survives.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from strategies.objects import Kind, Obj
from strategies.refusal import Advice, Refusal
from strategies.snapshot import Snapshot
from strategies.spec import Audience, RouterName
from strategies.writes import Write

__all__ = ["Audience", "Can", "Lane", "Path", "Router", "Split", "audience"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Split(_Value):
    """`share` of `per` requests to the canary, and whole audiences; `sticky` users stay, `mirror` percent are copied.

    `expire` tells users who were kept to forget it, at the end. A header's value that begins with `~` is a regular
    expression (RE2) for the whole of it. One split has one form: per 100 where that can say it, else per 1000 and so
    on, else the smallest numbers; headers before cookies, by name; header names, which know no case, as `X-Canary`.

    >>> Split(share=10, per=1000) == Split(share=1), Split(share=1, per=1000).per, Split(share=2, per=6).per
    (True, 1000, 3)
    """

    share: int = Field(ge=0)
    per: int = Field(100, gt=0)
    audiences: tuple[Audience, ...] = ()
    sticky: bool = False
    mirror: int = Field(0, ge=0, le=100)
    expire: bool = False

    @model_validator(mode="before")
    @classmethod
    def _one_form(cls, given: Any) -> Any:
        share, per = (given.get("share"), given.get("per", 100)) if isinstance(given, dict) else (None, None)
        if not isinstance(share, int) or not isinstance(per, int) or share < 0 or per < 1:
            return given
        for whole in (100, 1000, 10_000, 100_000, 1_000_000):
            if share * whole % per == 0:
                return given | {"share": share * whole // per, "per": whole}
        least = gcd(share, per)
        return given | {"share": share // least, "per": per // least}

    @field_validator("audiences", mode="after")
    @classmethod
    def _one_order(cls, given: tuple[Audience, ...]) -> tuple[Audience, ...]:
        plain = {a.model_copy(update={"name": _titled(a.name)}) if a.by == "header" else a for a in given}
        return tuple(sorted(plain, key=lambda a: (a.by != "header", a.name, a.value)))

    def __str__(self) -> str:
        """As a sentence takes it.

        >>> str(Split(share=5, audiences=(Audience(by="cookie", name="canary"),), mirror=10))
        '5 %, cookie:canary, 10 % mirrored'
        """
        told = [f"{100 * self.share / self.per:g} %", *map(str, self.audiences)]
        told += ["kept by a cookie"] * self.sticky + ["the cookie expired"] * self.expire
        return ", ".join(told + [f"{self.mirror} % mirrored"] * (self.mirror > 0))

    @model_validator(mode="after")
    def _at_most_all(self) -> "Split":
        if self.share > self.per:
            raise ValueError(f"{self.share} of {self.per} is more than all")
        return self


def audience(by: Literal["header", "cookie"], name: str, value: str) -> Audience | None:
    """An audience read from somebody's object; None where it could not have been asked for."""
    try:
        return Audience(by=by, name=name, value=value)
    except ValidationError:
        return None


def _titled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


@dataclass(frozen=True, slots=True)
class Can:
    """What a router can express; `smallest` is the smallest share in percent above 0.

    `each` is how many audiences by header, and how many by cookie, it holds at once; `values`: whether a cookie may
    have another value than `always`; `patterns`: whether a header's value may be a regular expression; `forgets`:
    whether users who were kept are told to forget it.
    """

    weight: bool
    header: bool = False
    cookie: bool = False
    sticky: bool = False
    mirror: bool = False
    smallest: float = 1.0
    each: int = 8
    values: bool = True
    patterns: bool = False
    forgets: bool = False

    def lacks(self, split: Split) -> str:
        """What of a split it cannot express, as in “it cannot …”; empty where it can.

        >>> Can(weight=True).lacks(Split(share=1, per=1000))
        'make a share below 1 %'
        """
        headers = [a for a in split.audiences if a.by == "header"]
        cookies = [a for a in split.audiences if a.by == "cookie"]
        percent = 100 * split.share / split.per
        lacking = (
            (0 < split.share < split.per and not self.weight, "divide by weight"),
            (0 < percent < self.smallest, f"make a share below {self.smallest:g} %"),
            (bool(headers) and not self.header, "tell users by a header"),
            (bool(cookies) and not self.cookie, "tell users by a cookie"),
            (len(headers) > self.each, f"tell users by {len(headers)} headers at once"),
            (len(cookies) > self.each, f"tell users by {len(cookies)} cookies at once"),
            (
                not self.values and any(a.value != "always" for a in cookies),
                "tell users by a cookie with another value than `always`",
            ),
            (
                not self.patterns and any(a.value.startswith("~") for a in headers),
                "tell users by a pattern of a header",
            ),
            ((split.sticky or split.expire) and not self.sticky, "keep users on the version they met"),
            (split.mirror > 0 and not self.mirror, "copy requests"),
        )
        return next((what for missing, what in lacking if missing), "")


class Path(_Value):
    """A way users go: a host (empty: any) and a path prefix, each proven by itself."""

    host: str = ""
    prefix: str = "/"


class Lane(_Value):
    """One object that leads to a Service, fixed in the plan; `twin` is the canary's Service, `own` what we add beside.

    `own` names an object that the router makes and that is gone at the end (nginx: the canary Ingress), else empty.
    `namespace` is where the object is, empty for the Service's own. `release` marks what is made; in a plan it is the
    placeholder that binding fills. `pins` are labels that its subset asks of the stable pods (Istio): where a release
    changes one of them, this lane would lead nowhere. `labels`, where given, are the canary pods' own inside the
    Service, and a DestinationRule subset leads to them in place of the twin (Istio alone).
    """

    router: RouterName
    kind: str
    name: str
    service: str
    twin: str
    own: str = ""
    paths: tuple[Path, ...] = ()
    namespace: str = ""
    release: str = ""
    pins: dict[str, str] = {}
    labels: dict[str, str] = {}


class Router(Protocol):
    """A lens. All methods look at the snapshot alone; writes carry the resourceVersion that was seen."""

    name: RouterName
    can: Can
    kinds: tuple[Kind, ...]  # what must be seen for it

    def lanes(self, service: str, twin: str, snapshot: Snapshot) -> tuple[Lane, ...] | Refusal:
        """The objects of this router that lead to the Service, none where there are none; or why it must not touch them."""

    def unfit(self, lane: Lane, split: Split, snapshot: Snapshot) -> Refusal | None:
        """Why this split cannot be made in these objects, exactly and beside what is there; None where it can."""

    def advice(self, lane: Lane, snapshot: Snapshot) -> tuple[Advice, ...]:
        """What a person should know before these objects are changed."""

    def split(self, lane: Lane, snapshot: Snapshot) -> Split | None:
        """Which split is true in the objects now; None where somebody made of them what no split of ours is."""

    def shift(self, lane: Lane, split: Split, snapshot: Snapshot) -> tuple[Write, ...]:
        """What makes another split true, in this order; empty where it is, and where `unfit` says that it cannot be."""

    def reset(self, lane: Lane, before: Obj | None, snapshot: Snapshot) -> tuple[Write, ...]:
        """What gives the elements back as they were in `before` (the undo's copy), leaving what others changed since."""

    def pending(self, lane: Lane, snapshot: Snapshot) -> str:
        """Why its controller has not taken the present objects yet, by their own status; empty where it has or never says."""

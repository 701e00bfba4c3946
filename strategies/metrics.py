"""The metrics a user declares: where Prometheus is, whose counters tell how users fare, and own queries with limits.

Source of the fields: `services.NAME.metrics` of the policy file. `{{deployment}}` and the like in a query stand for
what the track that is asked for is called (`meters.py` fills them in).
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from strategies.duration import seconds

Source = Literal["nginx", "traefik", "envoy-gateway", "istio"]
TITLES: dict[str, str] = {
    "nginx": "the nginx ingress",
    "traefik": "Traefik",
    "envoy-gateway": "Envoy Gateway",
    "istio": "Istio",
}
PLACES = ("namespace", "deployment", "service", "pods", "addresses", "version", "track", "window")
TRACKED = frozenset(PLACES) - {"namespace", "window"}  # what differs between the tracks
PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def title(source: str) -> str:
    """As written in a sentence."""
    return TITLES[source]


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    whole = seconds(value)
    if whole is None:
        raise ValueError(f"{value!r} is no duration; write 5s")
    return whole


class Query(BaseModel):
    """One own query in PromQL that gives one number; `{{deployment}}` and the like stand for a track's names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: str = Field(min_length=1, max_length=1000)
    max: float | None = Field(None, description="the new version's value may be at most this")
    min: float | None = Field(None, description="the new version's value must be at least this")
    max_ratio: float | None = Field(
        None, gt=0, description="at most so many times the old version's value, over the same window"
    )

    @field_validator("query")
    @classmethod
    def _known(cls, value: str) -> str:
        for name in PLACE.findall(value):
            if name not in PLACES:
                raise ValueError(f"there is no `{{{{{name}}}}}`; there are {', '.join(PLACES)}")
        return value

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.max is None and self.min is None and self.max_ratio is None:
            raise ValueError("a query needs a limit: max, min or max_ratio")
        if self.max_ratio is not None and not TRACKED & set(PLACE.findall(self.query)):
            raise ValueError("max_ratio compares the versions, so the query must tell them: {{deployment}}")
        return self

    @property
    def limit(self) -> str:
        """Its limits in words.

        >>> Query(query="up", max=0.5).limit
        'at most 0.5 is allowed'
        """
        said = []
        if self.max is not None:
            said.append(f"at most {self.max:g}")
        if self.min is not None:
            said.append(f"at least {self.min:g}")
        if self.max_ratio is not None:
            said.append(f"at most {self.max_ratio:g} times as much")
        return f"{' and '.join(said)} is allowed"

    def beyond(self, new: float, old: float | None) -> bool:
        """Whether these values break a limit."""
        return (
            (self.max is not None and new > self.max)
            or (self.min is not None and new < self.min)
            or (self.max_ratio is not None and old is not None and new > old * self.max_ratio)
        )


class Metrics(BaseModel):
    """Where Prometheus is and what it is asked. `timeout` in seconds, of each query."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    errors: Source | None = None
    queries: dict[str, Query] = Field(default_factory=dict, max_length=10)
    headers: dict[str, str] = Field(default_factory=dict)
    timeout: Annotated[float, BeforeValidator(_duration)] = Field(5, gt=0, le=30)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
            raise ValueError(f"{value!r} is no http or https URL without a query")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.errors is None and not self.queries:
            raise ValueError("errors or queries must say what is asked")
        return self

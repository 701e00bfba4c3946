"""The probe a user declares: which request goes the way users go, and how an answer tells its version.

Source of the fields: annotation `graylight/probe` (JSON or YAML) or the policy file. GET and HEAD are safe to repeat by
themselves; any other method is safe because it was declared.
"""

import json
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from strategies.duration import seconds
from strategies.spec import Audience

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = ("GET", "HEAD")


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        milli = re.fullmatch(r"(\d+)ms", value.strip())
        if milli:
            return int(milli[1]) / 1000
        whole = seconds(value)
        if whole is None:
            message = f"{value!r} is no duration; write 2s or 500ms"
            raise ValueError(message)
        return float(whole)
    return value


class Attribute(BaseModel):
    """How an answer names its version: exactly one of a header, a JSON path or a regular expression."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)  # a record reads it again

    header: str | None = None
    json_path: str | None = Field(None, alias="json")
    regex: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Attribute":
        if sum(x is not None for x in (self.header, self.json_path, self.regex)) != 1:
            message = "attribute takes exactly one of header, json, regex"
            raise ValueError(message)
        if self.regex is not None:
            try:
                re.compile(self.regex)
            except re.error as e:
                message = f"attribute.regex is no regular expression: {e}"
                raise ValueError(message) from e
        return self


class Probe(BaseModel):
    """One request, repeatable. `timeout` in seconds, `rate` in requests per second, `connect` is `host:port`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    method: str = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    connect: str | None = None
    attribute: Attribute | None = None
    timeout: Annotated[float, BeforeValidator(_duration)] = Field(2.0, gt=0, le=60)
    rate: float = Field(100, gt=0, le=1000)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{value!r} is no http or https URL"
            raise ValueError(message)
        _ = parts.port
        return value

    @field_validator("method")
    @classmethod
    def _known(cls, value: str) -> str:
        if value.upper() not in METHODS:
            message = f"{value!r} is no method; one of {', '.join(METHODS)}"
            raise ValueError(message)
        return value.upper()

    @field_validator("headers", mode="before")
    @classmethod
    def _strings(cls, value: Any) -> Any:
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("body", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))

    @field_validator("connect")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", value):
            message = f"{value!r} is no host:port"
            raise ValueError(message)
        return value

    @property
    def path(self) -> str:
        """Path and query, as sent."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def host(self) -> str:
        """The `Host` users would send, without its port."""
        named = {k.lower(): v for k, v in self.headers.items()}.get("host")
        return (
            (named or urlsplit(self.url).hostname or "").rpartition(":")[0]
            if named and ":" in named
            else (named or urlsplit(self.url).hostname or "")
        )

    @property
    def door(self) -> tuple[str, int]:
        """Address and port that a request is sent to.

        >>> Probe(url="http://a.example/x").door, Probe(url="https://a.example", connect="[::1]:81").door
        (('a.example', 80), ('::1', 81))
        """
        parts = urlsplit(f"//{self.connect}" if self.connect else self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def asking(self, audience: Audience | None = None, host: str = "") -> "Probe":
        """The same request as a member of an audience would send it, or to another host by the same door.

        >>> p = Probe(url="http://a.example:81/x").asking(Audience(by="cookie", name="canary"), "b.example")
        >>> p.headers, p.url, p.connect
        ({'Cookie': 'canary=always'}, 'http://b.example:81/x', 'a.example:81')
        """
        made = self
        if audience is not None:
            key = "Cookie" if audience.by == "cookie" else audience.name
            rest = {k: v for k, v in self.headers.items() if k.lower() != key.lower()}
            sent = f"{audience.name}={audience.value}" if audience.by == "cookie" else audience.value
            before = next((v for k, v in self.headers.items() if k.lower() == "cookie"), "")
            together = f"{before}; {sent}" if audience.by == "cookie" and before else sent
            made = made.model_copy(update={"headers": rest | {key: together}})
        if not host or host == self.host:
            return made
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        door = (
            self.connect
            or f"{f'[{parts.hostname}]' if ':' in str(parts.hostname) else parts.hostname}:{port}"
        )
        named = f"{host}:{parts.port}" if parts.port else host
        headers = {k: v for k, v in made.headers.items() if k.lower() != "host"}
        url = parts._replace(netloc=named).geturl()
        return made.model_copy(update={"url": url, "connect": door, "headers": headers})

    @property
    def sends(self) -> dict[str, str]:
        """The headers that go with the request; a JSON body says that it is one."""
        named = {k.lower() for k in self.headers}
        looks_json = self.body is not None and self.body.lstrip()[:1] in {"{", "["}
        return self.headers | (
            {"Content-Type": "application/json"} if looks_json and "content-type" not in named else {}
        )

"""Answers to sampled requests: which version gave each, and what they look like side by side.

An answer is attributed by the declared rule, or by a pod's address found in it. What neither names is counted apart
and never guessed.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from strategies.contrast import readable, windows
from strategies.plan import Frozen
from strategies.probe import Attribute

Version = Literal["new", "old", ""]
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.])"
)
SERVER_ERROR = 500  # status from which on the server says that it failed
EXCERPT = 300  # characters of an answer that are kept


@dataclass(frozen=True, slots=True)
class Naming:
    """How to tell the versions apart: pods' addresses and names, and what each version calls itself."""

    addresses: Mapping[str, Version] = field(default_factory=dict)
    names: Mapping[str, Version] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came: status 0 and `error` where none did; `seconds` until the body was read."""

    status: int
    headers: Mapping[str, str]
    body: str
    seconds: float
    error: str = ""

    @property
    def kind(self) -> str:
        """The content type it names, empty where it names none."""
        return next((v for k, v in self.headers.items() if k.lower() == "content-type"), "")


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer, attributed."""

    version: Version
    status: int
    seconds: float
    body: str
    error: str = ""
    kind: str = ""  # content type

    @property
    def failed(self) -> bool:
        """No answer, or one that says that the server failed."""
        return self.status == 0 or self.status >= SERVER_ERROR


def attribute(answer: Answer, rule: Attribute | None, naming: Naming) -> Version:
    """Which version gave this answer, empty where it does not say.

    >>> naming = Naming({"10.88.0.3": "new"}, {"v6": "new", "v2": "old"})
    >>> attribute(Answer(200, {}, "Hello from 10.88.0.3:50009", 0.1), None, naming)
    'new'
    >>> attribute(Answer(200, {"X-Version": "v2"}, "", 0.1), Attribute(header="x-version"), naming)
    'old'
    """
    if rule is None:
        return _by_address(answer.body, naming)
    value = said(answer, rule)
    return naming.names.get(value, "") or _by_address(value, naming)


def said(answer: Answer, rule: Attribute) -> str:
    """What an answer calls its version by the rule, empty where it does not say.

    >>> said(Answer(200, {}, '{"meta": {"version": "1.0.1"}}', 0.1), Attribute(json="$.meta.version"))
    '1.0.1'
    """
    if rule.header is not None:
        wanted = rule.header.lower()
        return next((v for k, v in answer.headers.items() if k.lower() == wanted), "").strip()
    if rule.json_path is not None:
        return _by_path(answer.body, rule.json_path).strip()
    found = re.search(rule.regex or "", answer.body)
    return next((g for g in found.groups() if g), found.group(0)).strip() if found else ""


def _by_address(text: str, naming: Naming) -> Version:
    for found in _ADDRESS.findall(text[:20_000]):
        version = naming.addresses.get(found)
        if version:
            return version
        bare = found.rpartition(":")[0]
        if naming.addresses.get(bare):
            return naming.addresses[bare]
    return ""


def _by_path(body: str, path: str) -> str:
    """A value by a path of names and indexes: `$.meta.version`, `items[0].v`."""
    try:
        value: Any = json.loads(body)
    except ValueError:
        return ""
    for name, index in re.findall(r"([^.\[\]$]+)|\[(\d+)\]", path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return ""
    return "" if value is None or isinstance(value, dict | list) else str(value)


class Side(Frozen):
    """What one version answered: latencies in milliseconds, one answer as an example."""

    n: int = 0
    failed: int = 0
    statuses: dict[str, int] = Field(default_factory=dict)
    p50: float = 0
    p95: float = 0
    example: str = ""
    example_status: int = 0


class Tally(Frozen):
    """All samples of one look, by version. `lost` got no answer; `unknown` were answered by nobody we could name."""

    sent: int
    new: Side
    old: Side
    unknown: int = 0
    lost: int = 0
    nameless: int = Field(
        0, description="failures that nobody can be blamed for: no answer, or a 5xx that names no version"
    )
    error: str = ""
    example: str = ""
    odd: dict[str, int] = Field(
        default_factory=dict, description="status codes of answers that name no version; 0 where none came"
    )

    @property
    def unnamed(self) -> int:
        """Answers that are no failures, and do not say who gave them."""
        return self.unknown - (self.nameless - self.lost)

    @property
    def failures(self) -> str:
        """The failures nobody can be blamed for, in words: `503 × 4, 2 without an answer`."""
        said = [f"{k} × {n}" for k, n in self.odd.items() if int(k) >= SERVER_ERROR]
        return ", ".join(said + ([f"{self.lost} without an answer"] if self.lost else []))

    @property
    def attributed(self) -> int:
        """Answers that name their version."""
        return self.new.n + self.old.n


NOTHING = Tally(sent=0, new=Side(), old=Side())


def tally(samples: Sequence[Sample]) -> Tally:
    """Count what was answered."""
    unknown = [s for s in samples if not s.version and s.status]
    lost = [s for s in samples if not s.status]
    new, old = (_side([s for s in samples if s.version == version]) for version in ("new", "old"))
    before, after = windows(old.example, new.example, EXCERPT)
    return Tally(
        sent=len(samples),
        new=new.model_copy(update={"example": after}),
        old=old.model_copy(update={"example": before}),
        unknown=len(unknown),
        lost=len(lost),
        nameless=sum(s.failed for s in samples if not s.version),
        error=lost[-1].error if lost else "",
        example=readable(unknown[-1].body)[:EXCERPT] if unknown else "",
        odd={str(k): v for k, v in sorted(Counter(s.status for s in unknown).items())},
    )


def _side(samples: Sequence[Sample]) -> Side:
    if not samples:
        return Side()
    times = sorted(s.seconds * 1000 for s in samples)
    shown = next((s for s in samples if not s.failed), samples[0])
    return Side(
        n=len(samples),
        failed=sum(s.failed for s in samples),
        statuses={str(k): v for k, v in sorted(Counter(s.status for s in samples).items())},
        p50=round(quantile(times, 0.5), 1),
        p95=round(quantile(times, 0.95), 1),
        example=readable(shown.body),
        example_status=shown.status,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank).

    >>> quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.95)
    (2, 4)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

"""What a policy says about people and times: teams, who may start, approve and override, freezes and quiet hours.

Models of the file, each field with its default and why. What they mean is decided in `strategies`: here they are only
read, strictly, and turned into its values. Zones are loaded while reading, so that deciding needs no files.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.document import Document, Fault, Path, dotted
from strategies import people, windows

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01][0-9]|2[0-4]):([0-5][0-9])"
_DAY = r"(?:(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+)?"
_EVERY = re.compile(rf"{_DAY}{_TIME}\s*(?:[-–—−]|to)\s*{_DAY}{_TIME}", re.IGNORECASE)
_PERSON = re.compile(r"[UWS][A-Z0-9]+|(?:user|group):\S.*")
_EXAMPLE = "`Fri 16:00 – Mon 08:00` (every week) or `22:00 – 07:00` (every day)"


def _every(value: Any) -> Any:
    """`Fri 16:00 – Mon 08:00` as (begin, length, every) in minutes."""
    found = _EVERY.fullmatch(str(value).strip())
    if not isinstance(value, str) or found is None:
        raise ValueError(f"`{value}` is no recurring time; write {_EXAMPLE}.")
    day, hours, minutes, last_day, last_hours, last_minutes = found.groups()
    if last_day and not day:
        raise ValueError(f"`{value}` names a day at its end only; write {_EXAMPLE}.")
    period = windows.WEEK if day else windows.DAY
    begin = _minutes(day, hours, minutes)
    end = _minutes(last_day or day, last_hours, last_minutes)
    if end == begin:
        raise ValueError(f"`{value}` ends when it begins; write {_EXAMPLE}.")
    if day and not last_day and end < begin:
        end += windows.DAY  # `Fri 22:00 – 07:00` ends on Saturday
    return begin, (end - begin) % period or period, period


def _minutes(day: str | None, hours: str, minutes: str) -> int:
    return (_DAYS.index(day.lower()) if day else 0) * windows.DAY + int(hours) * 60 + int(minutes)


def _zone(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (OSError, ValueError, KeyError) as e:
        near = get_close_matches(str(value), available_timezones(), n=1)
        remedy = f"Did you mean `{near[0]}`?" if near else "Write one such as `Europe/Berlin`."
        raise ValueError(f"`{value}` is no IANA time zone. {remedy}") from e


def _moment(value: Any) -> Any:
    try:
        return datetime.fromisoformat(str(value).strip())
    except ValueError as e:
        raise ValueError(f"`{value}` is no moment; write `2026-12-24 12:00`.") from e


def _member(value: str) -> str:
    if not _PERSON.fullmatch(value):
        raise ValueError(
            f"`{value}` is nobody's id: write `U…` for a person and `S…` for a user group of Slack,"
            " `user:NAME` or `group:NAME` for the command line."
        )
    return value


def _some(value: Any) -> Any:
    if value == []:
        raise ValueError("It is empty; at least one is needed.")
    return value


def several(value: Any) -> Any:
    """One window may stand without a list around it."""
    return [value] if isinstance(value, dict) else value


def _reason(value: Any) -> Any:
    if value in (None, True, False):
        return value if value is not True else _no_reason(value)
    if str(value) in {"required", "optional"}:
        return str(value) == "required"
    return _no_reason(value)


def _no_reason(value: Any) -> Any:
    raise ValueError(f"`{value}` is neither `required` nor `optional`.")


Every = Annotated[tuple[int, int, int], BeforeValidator(_every, json_schema_input_type=str)]
Zone = Annotated[tzinfo, BeforeValidator(_zone, json_schema_input_type=str)]
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
Reason = Annotated[bool, BeforeValidator(_reason, json_schema_input_type=Literal["required", "optional"])]
Member = Annotated[str, AfterValidator(_member)]
Members = Annotated[tuple[Member, ...], BeforeValidator(_some)]
Who = Annotated[tuple[str, ...], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Approve(_Strict):
    """Who must say yes to a start and to each promotion."""

    who: Who = Field(description="Teams or ids whose yes counts. No default: a rule names somebody.")
    count: int = Field(
        1, ge=1, le=20, description="How many different people. Default 1, so that naming a team is enough."
    )
    own: bool = Field(
        False,
        description="Whether the yes of the one who started it counts. Default false: whoever writes this rule wants a"
        " second pair of eyes.",
    )


class Override(_Strict):
    """Who may start and promote in a freeze all the same."""

    who: Who = Field(description="Teams or ids. No default: without this rule nobody overrides a freeze.")
    count: int = Field(
        2,
        ge=2,
        le=20,
        description="How many different people must agree. Default 2, which is also the least: one alone never does.",
    )


class Quiet(_Strict):
    """Hours in which nobody is reminded."""

    every: Every = Field(
        description="When, on the zone's clocks: `22:00 – 07:00` every day, or `Fri 16:00 – Mon 08:00` every week. No"
        " default.",
    )
    zone: Zone = Field(
        description="IANA time zone such as `Europe/Berlin`. No default: hours without one are a guess."
    )

    @property
    def window(self) -> windows.Window:
        """As a window."""
        begin, length, period = self.every
        return windows.Recurring(begin, length, period, self.zone)


class Freeze(_Strict):
    """A time in which nothing is started or promoted: recurring (`every`), or once (`from`, `until`)."""

    every: Every | None = Field(
        None,
        description="When, as in `quiet`. Default: none; then `from` and `until` say it.",
    )
    begin: Moment | None = Field(
        None,
        alias="from",
        description="First moment, `2026-12-24 12:00` on the zone's clocks. Default: none; then `every` says it.",
    )
    end: Moment | None = Field(
        None,
        alias="until",
        description="The moment from which on it does not hold any more. Default: as `from`.",
    )
    zone: Zone = Field(
        description="IANA time zone such as `Europe/Berlin`. No default: hours without one are a guess."
    )
    why: str = Field(
        "freeze",
        min_length=1,
        max_length=100,
        description="What people are told it is for. Default `freeze`.",
    )

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        once = (self.begin is not None, self.end is not None)
        if (self.every is None) == (once == (False, False)) or any(once) != all(once):
            raise ValueError("A freeze is either `every`, or both `from` and `until`.")
        if self.begin and self.end and self._aware(self.begin) >= self._aware(self.end):
            raise ValueError("The freeze ends before it begins.")
        return self

    @property
    def window(self) -> windows.Window:
        """As a window."""
        if self.every is not None:
            begin, length, period = self.every
            return windows.Recurring(begin, length, period, self.zone)
        assert self.begin is not None and self.end is not None  # noqa: S101, PT018 - see `_one_of`
        return windows.Once(self._aware(self.begin), self._aware(self.end))

    def _aware(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


class Governed(_Strict):
    """The rules that an environment has, and a service may have instead."""

    start: Who | None = Field(
        None,
        description="Teams or ids that may start, hold and roll back. Default: every full member of the workspace, and"
        " who may write records by the command line.",
    )
    approve: Approve | None = Field(
        None,
        description="Who must agree to a start and to each promotion. Default: nobody else; who may start promotes.",
    )
    override: Override | None = Field(
        None, description="Who may start and promote in a freeze. Default: nobody may."
    )
    reason: Reason | None = Field(
        None, description="`required` or `optional`: whether a release needs `--reason`. Default `optional`."
    )


class Identity(_Strict):
    """Who a person of Slack is to the cluster."""

    user: str = Field(
        min_length=1,
        description="Name of the user as `kubectl auth whoami` says it. No default: it is what this entry is for.",
    )
    groups: tuple[str, ...] = Field((), description="Groups of that user, for `impersonate`. Default: none.")


def crowd(who: Iterable[str] | None, rule: str, teams: Mapping[str, tuple[str, ...]]) -> people.Crowd:
    """A rule's people; an id stands for itself."""
    if who is None:
        return people.Crowd(rule)
    return people.Crowd(rule, tuple(people.Team(n, frozenset(teams.get(n, (n,)))) for n in who))


def rules(
    environment: str,
    governed: Mapping[str, Governed],
    calendar: people.Calendar,
    teams: Mapping[str, tuple[str, ...]],
    aliases: Mapping[str, str],
) -> people.Rules:
    """The rules from the first place of several (`services.web`, `environments.prod`) that says each."""

    def said(field: str) -> tuple[str, Any]:
        for place, one in governed.items():
            if (value := getattr(one, field)) is not None:
                return f"{place}.{field}", value
        return f"{next(reversed(list(governed)))}.{field}", None

    start_rule, start = said("start")
    approve_rule, approve = said("approve")
    override_rule, override = said("override")
    return people.Rules(
        environment,
        crowd(start, start_rule, teams),
        people.Approval(crowd(approve.who, f"{approve_rule}.who", teams), approve.count, approve.own)
        if approve
        else None,
        people.Approval(crowd(override.who, f"{override_rule}.who", teams), override.count)
        if override
        else None,
        bool(said("reason")[1]),
        calendar,
        aliases,
    )


def strangers(places: Mapping[Path, Governed], teams: Iterable[str], document: Document) -> list[Fault]:
    """Each name in a rule that is neither a team nor an id."""
    named: dict[Path, Iterable[str]] = {}
    for place, one in places.items():
        named[(*place, "start")] = one.start or ()
        for rule in ("approve", "override"):
            if found := getattr(one, rule):
                named[(*place, rule, "who")] = found.who
    return unnamed(named, teams, document)


def unnamed(places: Mapping[Path, Iterable[str]], teams: Iterable[str], document: Document) -> list[Fault]:
    """Each name in some lists that is neither a team nor an id."""
    known = list(teams)
    return [
        Fault(
            dotted((*path, at)),
            f"There is no team `{name}`.",
            _meant(name, known),
            document.at((*path, at)),
        )
        for path, names in places.items()
        for at, name in enumerate(names)
        if name not in known and not _PERSON.fullmatch(name)
    ]


def _meant(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"The policy has: {', '.join(f'`{n}`' for n in known)}." if known else "Name it under `people`."

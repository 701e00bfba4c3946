"""The policy: one strict YAML file for this installation. Environments, probes, default steps and timers, the channel.

Each field says its unit, its default and why that is the default; `docs/reference.md` shows them. A file that does not
hold exactly what is known here is refused with line, column, field and remedy, since a misspelt rule that is
ignored would be a rule that does not hold.
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.document import LONGEST, Fault, Path, faults, read
from bot.grammar import values
from bot.grammar.values import Wrong
from bot.rules import (
    Freeze,
    Governed,
    Identity,
    Member,
    Members,
    Quiet,
    Who,
    rules,
    several,
    strangers,
    unnamed,
)
from strategies.hints import Hints
from strategies.metrics import Metrics
from strategies.people import Account, Calendar, Rules
from strategies.people import Freeze as frozen  # noqa: N813 - as a verb: it makes one of the policy's
from strategies.probe import Probe
from strategies.refusal import Refusal
from strategies.spec import RouterName, Rung, Strategy


def _read(value: Any) -> Any:
    if isinstance(value, Wrong):
        raise ValueError(f"{value.what} {value.suggestion}".strip())  # noqa: TRY004 — pydantic's protocol
    return value


def _duration(value: Any) -> Any:
    return value if value is None else _read(values.duration(str(value)))


def _steps(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = ",".join(str(v) for v in value)
    return value if value is None else _read(values.steps(str(value).replace(" ", "")))


def _container(value: Any) -> Any:
    return _read(values.container(value)) if isinstance(value, str) else value


def _name(value: Any) -> Any:
    return _read(values.environment(value)) if isinstance(value, str) else value


def _matching(pattern: str, wrong: str) -> AfterValidator:
    """A text of this shape; `wrong` ends the sentence about one that is not."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"`{value}` is no {wrong}")
        return value

    return AfterValidator(check)


def _service(value: Any) -> Any:
    return _read(values.service(value)) if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(_duration, json_schema_input_type=str)]
Steps = Annotated[tuple[Rung, ...], BeforeValidator(_steps, json_schema_input_type=str | list[int | str])]
Container = Annotated[str, BeforeValidator(_container)]
Namespace = Annotated[
    str,
    _matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "namespace: small letters, digits and `-`, at most 63"),
]
Label = Annotated[
    str,
    _matching(
        r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?",
        "label's name, such as `app.kubernetes.io/version`",
    ),
]
Channel = Annotated[
    str,
    _matching(
        r"[CDG][A-Z0-9]{2,}", "channel's id: it begins with C and stands in the channel's details in Slack"
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Strict):
    """What holds for every service where neither a flag nor an annotation nor the service's own entry speaks."""

    soak: Duration | None = Field(
        None,
        description="Duration such as `10m`: how long each step is watched before it asks or goes on. Default 5m:"
        " long enough for ten looks of 30 s at both versions.",
    )
    keep: Duration | None = Field(
        None,
        description="Duration: how long the old version stands warm after the last step. Default 30m: most bad"
        " releases are noticed within it, and going back is one click meanwhile.",
    )
    ask_for: Duration | None = Field(
        None,
        description="Duration: how long a release waits for a person before it holds. Default 2h: a meeting or a"
        " lunch, not a night.",
    )
    remind: Duration | None = Field(
        None,
        description="Duration until the first reminder; each further one comes after twice the time. Default 10m:"
        " soon enough to matter, and growing so that it does not nag.",
    )
    strategy: Strategy | None = Field(
        None, description="The strategy that is proposed. Default: none, the command names it."
    )
    auto: bool | None = Field(
        None,
        description="Whether releases go on by themselves after each soak in which nothing was wrong, as with `--auto`;"
        " `--ask` asks all the same. Default false: a person decides.",
    )
    steps: Steps | None = Field(
        None,
        description="Shares of the new version in percent, ascending, and audiences such as `header:X-Canary=beta`;"
        " 100 may be left out. Default 5,25,50,100 where a"
        " route carries weights, else what the pods can make of 25,50,100.",
    )


class Environment(Governed):
    """A cluster and a namespace, under the name that people type after `in`, and who may do what there."""

    context: str | None = Field(
        None,
        min_length=1,
        description="Context of KUBECONFIG. Default: its current context, or the cluster Graylight runs in.",
    )
    namespace: Namespace | None = Field(
        None,
        description="Namespace of the services. Default: the context's own, so that Graylight looks where kubectl does.",
    )
    freeze: Annotated[tuple[Freeze, ...], BeforeValidator(several)] = Field(
        (),
        description="Times in which nothing is started or promoted; going back is always possible. Default: none.",
    )
    quiet: Annotated[tuple[Quiet, ...], BeforeValidator(several)] = Field(
        (), description="Hours in which nobody is reminded. Default: none."
    )
    defaults: Defaults = Field(
        Defaults(), description="As the `defaults` of all, for this environment. Default: those."
    )
    impersonate: bool = Field(
        False,
        description="Whether the cluster is asked, for each write of a plan, if the person who starts or promotes may do"
        " it themselves (by `identities`; who has no entry may not). Default false: it needs the right to create"
        " `localsubjectaccessreviews`.",
    )


class Service(Governed):
    """What the annotations on a Deployment could say, said here; the annotation wins over it, a flag over both."""

    probe: Probe | None = Field(
        None,
        description="How a request goes the way users go; fields as in annotation `graylight/probe` (`timeout` a"
        " duration, default 2s; `rate` in requests per second, default 100). Default: `GET /` through the API server,"
        " which proves no share.",
    )
    metrics: Metrics | None = Field(
        None,
        description="What Prometheus says of both versions while a step is watched: `url`; `errors: nginx`, `traefik`,"
        " `envoy-gateway` or `istio` for users' failures by the router's own counters; `queries` of your own by name, each"
        " `query` (PromQL that gives one number, with `{{deployment}}`, `{{service}}`, `{{pods}}`, `{{addresses}}`,"
        " `{{version}}`, `{{track}}`, `{{namespace}}` and `{{window}}` for the names of a version) and a limit: `max`,"
        " `min`, or `max_ratio` times the old version's value; `headers`; `timeout` of a query, default 5s. Default:"
        " none; then samples and pods are all that is judged.",
    )
    container: Container | None = Field(
        None, description="Name of the container that gets the new image. Default: the only one there is."
    )
    steps: Steps | None = Field(None, description="As in `defaults`, for this service.")
    router: RouterName | None = Field(
        None,
        description="What splits the traffic. Default: what leads to the service decides, so that a new route is used"
        " without a change here.",
    )
    strategy: Strategy | None = Field(
        None,
        description="The strategy that is proposed for this service. Default: none, the command names it.",
    )
    soak: Duration | None = Field(None, description="As in `defaults`, for this service.")
    keep: Duration | None = Field(None, description="As in `defaults`, for this service.")
    auto: bool | None = Field(None, description="As in `defaults`, for this service.")
    ask_for: Duration | None = Field(None, description="As in `defaults`, for this service.")
    remind: Duration | None = Field(None, description="As in `defaults`, for this service.")
    version_label: Label | None = Field(
        None,
        description="Label that tells versions. Default: `version` or `app.kubernetes.io/version`, whichever is there.",
    )


class Policy(_Strict):
    """The whole file. Without one: a single environment `default`, and nothing else said."""

    channel: Channel | None = Field(
        None,
        description="Id of the Slack channel where cards of releases from the command line go. Default: none, so that"
        " nobody is surprised by messages; cards of chat commands go to the command's channel.",
    )
    defaults: Defaults = Field(
        Defaults(), description="For every service. Default: those of docs/reference.md."
    )
    admins: Who | None = Field(
        None,
        description="Teams or ids of those who are told, in a message of their own, that a new version of this file is"
        " broken. Default: the team `admins` where there is one, else nobody.",
    )
    people: dict[Annotated[str, BeforeValidator(_name)], Members] = Field(
        {},
        description="Teams by name: ids of people (`U…`) and user groups (`S…`) of Slack; `user:NAME` and `group:NAME`"
        " of the cluster for the command line. Default: none; rules may name ids too.",
    )
    identities: dict[Member, Identity] = Field(
        {},
        description="By id of Slack: the user of the cluster that is the same person. Default: none; then the two count"
        " as two people.",
    )
    environments: dict[Annotated[str, BeforeValidator(_name)], Environment] = Field(
        {"default": Environment()},
        min_length=1,
        description="By name; `default` is meant where a command has no `in ENV`. Default: one, `default`.",
    )
    services: dict[Annotated[str, BeforeValidator(_service)], Service] = Field(
        {}, description="By the name people type. Default: none; a service needs no entry."
    )

    def environment(self, name: str) -> Environment | Refusal:
        """One environment, or Refusal `no-environment` with those that there are."""
        found = self.environments.get(name)
        if found is not None:
            return found
        known = ", ".join(f"`in {n}`" for n in self.environments)
        what = f"There is no environment `{name}`."
        return Refusal(code="no-environment", what=what, remedy=f"The policy has: {known}.")

    @property
    def told(self) -> tuple[str, ...]:
        """The ids of the administrators."""
        named = self.admins if self.admins is not None else tuple(n for n in ("admins",) if n in self.people)
        return tuple(dict.fromkeys(i for n in named for i in self.people.get(n, (n,))))

    def rules(self, environment: str, service: str) -> Rules:
        """Who may do what to a service in an environment; what the service's entry says wins."""
        here = self.environments.get(environment, Environment())
        governed: dict[str, Governed] = {f"environments.{environment}": here}
        if service in self.services:
            governed = {f"services.{service}": self.services[service]} | governed
        aliases = {f"user:{i.user}": slack for slack, i in self.identities.items()}
        found = rules(environment, governed, self.calendar(environment), self.people, aliases)
        accounts = {n: Account(i.user, frozenset(i.groups)) for n, i in self.identities.items()}
        return replace(found, impersonate=here.impersonate, accounts=accounts)

    def calendar(self, environment: str) -> Calendar:
        """An environment's freezes and quiet hours."""
        here = self.environments.get(environment, Environment())
        where = f"environments.{environment}.freeze"
        freezes = tuple(frozen(f.window, f.why, f"{where}[{n}]") for n, f in enumerate(here.freeze))
        return Calendar(freezes, tuple(q.window for q in here.quiet))


@dataclass(frozen=True, slots=True)
class PolicyError:
    """Why a policy is not taken: every fault with its place. `str` is what a person gets, one line a fault."""

    file: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return "\n".join(self._line(fault) for fault in self.faults)

    def _line(self, fault: Fault) -> str:
        where = f":{fault.place.line}:{fault.place.column}" if fault.place else ""
        return f"{self.file}{where}: {fault}"


def load(path: str | os.PathLike[str]) -> Policy | PolicyError:
    """The policy in a file, as it is now; `bot.book` has the one that is in force."""
    name = os.fspath(path)
    try:
        with File(name).open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except OSError as e:
        what = f"The policy cannot be read: {(e.strerror or str(e)).lower()}."
        return PolicyError(
            name, (Fault("", what, "Correct the path, or GRAYLIGHT_POLICY where it stands there."),)
        )
    except UnicodeDecodeError:
        return PolicyError(name, (Fault("", "The policy is not UTF-8 text.", "Save it as UTF-8."),))
    return parse(text, name)


def parse(text: str, name: str = "policy") -> Policy | PolicyError:
    """The policy in a text; `name` stands before each fault."""
    document = read(text)
    if isinstance(document, Fault):
        return PolicyError(name, (document,))
    if not isinstance(document.value, dict):
        what = "A policy is a mapping of fields."
        return PolicyError(
            name, (Fault("", what, "Write `name: value`, one field a line.", document.at(())),)
        )
    try:
        policy = Policy.model_validate(document.value)
        places: dict[Path, Governed] = {("environments", n): e for n, e in policy.environments.items()}
        places |= {("services", n): s for n, s in policy.services.items()}
        unknown = strangers(places, policy.people, document)
        unknown += unnamed({("admins",): policy.admins or ()}, policy.people, document)
        return PolicyError(name, tuple(unknown)) if unknown else policy
    except ValidationError as e:
        return PolicyError(name, tuple(faults(e, Policy, document)))


def json_schema() -> dict[str, Any]:
    """What a file may hold, as JSON Schema: for editors."""
    made = Policy.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Graylight policy"}


def hints(policy: Policy | None, service: str, environment: str = "default") -> Hints:
    """What the policy says about a service: its own entry, else its environment's defaults, else those of all."""
    if policy is None:
        return Hints()
    said = policy.services.get(service, Service())
    own = Hints.model_validate(
        {name: value for name in Hints.model_fields if (value := getattr(said, name, None)) is not None}
    )
    here = policy.environments.get(environment, Environment()).defaults
    usual = (Hints.model_validate(d.model_dump(exclude_none=True)) for d in (here, policy.defaults))
    return own.over(next(usual).over(next(usual)))

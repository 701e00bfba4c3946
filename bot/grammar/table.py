"""The one table of commands and flags; parsing, usage, help and canonical text all follow it.

A flag or command added here is thereby parsed, explained and suggested. The order is the order of usage and
help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.grammar import values

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY, BLUEGREEN, ROLLING = "canary", "bluegreen", "rolling"
STRATEGIES = (CANARY, BLUEGREEN, ROLLING)
ROUTERS = ("selector", "ratio", "httproute", "nginx", "alb", "aws-alb", "istio", "traefik")
STANDARD_HISTORY = 10


@dataclass(frozen=True, slots=True)
class Place:
    """A word without a flag: its name in the usage, where it goes, how it is read."""

    name: str
    field: str
    read: values.Reader
    required: bool = True

    @property
    def shown(self) -> str:
        """As in the usage."""
        return self.name if self.required else f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: without a metavar it is a switch.

    `takes` are the commands it fits (strategies stand for themselves and for `plan` with them); `default`
    says in words what holds without it; `coming`, where not empty, why it is known and not available yet.
    """

    name: str
    metavar: str
    takes: tuple[str, ...]
    help: str
    default: str = ""
    read: values.Reader | None = None
    write: Callable[[Any], str] = str
    coming: str = ""
    meant: tuple[str, ...] = ()  # other tools' names for it, for did-you-mean

    @property
    def field(self) -> str:
        """Its field in `ReleaseSpec`, or in the command."""
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def shown(self) -> str:
        """As typed: `--soak TIME`."""
        return f"{self.name} {self.metavar}".strip()


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: `also` are spellings that are accepted, `meant` words that people try instead of it."""

    name: str
    places: tuple[Place, ...]
    help: str
    about: str
    examples: tuple[str, ...]
    group: str
    also: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


_SERVICE = Place("SERVICE", "service", values.service)
_VERSION = Place("VERSION", "version", values.version)
_TARGET = Place("SERVICE|ID", "target", values.target, required=False)
_ID = Place("ID|SERVICE", "target", values.target, required=False)

VERBS: tuple[Verb, ...] = (
    Verb(
        CANARY,
        (_SERVICE, _VERSION),
        "a share of the users first, then step by step all of them.",
        "The new version stands beside the old one and gets a growing share of the traffic. At each step"
        " the share is proven with real requests and watched for the soak time; then it asks, or goes on"
        " by itself with `--auto`.",
        (
            "canary k8sdemo v6",
            "canary k8sdemo v6 in prod --steps 25,50 --soak 10m",
            'canary k8sdemo v6 --ratio 1:3 --auto --reason "faster start"',
        ),
        "Release",
        meant=("gray", "grey", "deploy", "release", "start"),
    ),
    Verb(
        BLUEGREEN,
        (_SERVICE, _VERSION),
        "the whole new version beside the old one, then one switch.",
        "The new version comes up at full size without traffic and is checked by itself before anyone is"
        " asked. One switch moves all the traffic; the old version is kept warm, so that going back is one"
        " click.",
        ("bluegreen k8sdemo v6", "blue-green k8sdemo v6 --keep 2h --after upgrade"),
        "Release",
        also=("blue-green",),
        meant=("bg", "b/g", "blue", "green", "blue_green", "switch"),
    ),
    Verb(
        ROLLING,
        (_SERVICE, _VERSION),
        "pod by pod, the Deployment's own update.",
        "The Deployment replaces its pods one after the other, with a pause at a share where you ask for"
        " one.",
        ("rolling k8sdemo v6", "rolling k8sdemo v6 --surge 1 --unavailable 0 --pause-at 50%"),
        "Release",
        meant=("roll", "update", "rollout", "upgrade"),
    ),
    Verb(
        "plan",
        (_SERVICE, _VERSION),
        "what a release would do, and what speaks against it; changes nothing.",
        "The strategy comes first, then all that the release itself would take. It shows what was found,"
        " each step with its pods and shares, the timers, what is refused or advised, and the way back.",
        ("plan canary k8sdemo v6 --steps 25,50", "plan bluegreen k8sdemo v6 in prod"),
        "Release",
        meant=("preview", "dry-run", "diff", "what"),
    ),
    Verb(
        "status",
        (_TARGET,),
        "what runs now, or how one release stands.",
        "Without a word it lists every release that has not ended; with a service or a release, that one"
        " in full.",
        ("status", "status k8sdemo", "status k8sdemo-17"),
        "See",
        meant=("list", "ls", "show", "get", "ps", "info", "describe"),
    ),
    Verb(
        "samples",
        (_TARGET, Place("N", "count", values.within(values.MOST_SAMPLES), required=False)),
        "real answers of both versions, now.",
        "It sends N requests (at most 400) as the service's probe says and shows how many each version"
        " answered, the share with its interval, the status codes, the latency, and one answer of each.",
        ("samples k8sdemo", "samples k8sdemo-17 100"),
        "See",
        also=("sample",),
        meant=("probe", "test", "curl", "check"),
    ),
    Verb(
        "history",
        (_SERVICE, Place("N", "limit", values.within(values.MOST_RELEASES), required=False)),
        "the last releases of a service.",
        f"Its last N releases (without N: {STANDARD_HISTORY}), the newest first: versions, strategy, how each"
        " ended, and who started it.",
        ("history k8sdemo", "history k8sdemo 30"),
        "See",
        meant=("log", "logs", "audit", "releases"),
    ),
    Verb(
        "promote",
        (_ID,),
        "go on to the next step.",
        "It moves a release to its next step; with `--full` to the last one. While the old version is"
        " kept warm it ends the keeping.",
        ("promote k8sdemo-17", "promote k8sdemo-17 --full"),
        "Act on a release",
        meant=("approve", "next", "continue", "advance", "yes", "ok"),
    ),
    Verb(
        "hold",
        (_ID,),
        "stop the timers; nothing moves.",
        "The release stays where it is until somebody resumes, promotes or rolls back.",
        ("hold k8sdemo-17",),
        "Act on a release",
        meant=("pause", "stop", "wait", "freeze"),
    ),
    Verb(
        "resume",
        (_ID,),
        "go on after a hold; the soak starts anew.",
        "It ends a hold: a failed proof is tried again, and the soak of the step starts anew.",
        ("resume k8sdemo-17",),
        "Act on a release",
        meant=("unpause", "unhold", "retry"),
    ),
    Verb(
        "rollback",
        (_ID,),
        "move everybody back to the old version.",
        "The traffic moves first, then the pods. It works from every step, and as long as the old version"
        " stands.",
        ("rollback k8sdemo-17", "rollback k8sdemo"),
        "Act on a release",
        also=("roll-back",),
        meant=("undo", "revert", "back", "abort"),
    ),
    Verb(
        "cancel",
        (_ID,),
        "end a release that has changed nothing yet.",
        "Once something has changed, it is `rollback` that ends a release.",
        ("cancel k8sdemo-17",),
        "Act on a release",
        meant=("delete", "remove", "kill"),
    ),
    Verb(
        "help",
        (Place("COMMAND", "topic", str, required=False),),
        "all the commands, or one with its flags and examples.",
        "It explains a command or a flag.",
        ("help", "help canary", "help --steps"),
        "See",
        also=("?",),
        meant=("usage", "man", "commands"),
    ),
)

_ALL = STRATEGIES
_TWO_TRACKS = (CANARY, BLUEGREEN)

FLAGS: tuple[Flag, ...] = (
    Flag(
        "--steps",
        "N,N,…",
        (CANARY,),
        "the new version's shares in percent, ascending; 100 may be left out.",
        "5,25,50,100 where a route carries weights, else what the pods can make of 25,50,100",
        values.steps,
        values.written_steps,
        meant=("--weight", "--weights", "--percent", "--share", "--shares"),
    ),
    Flag(
        "--ratio",
        "NEW:OLD",
        (CANARY,),
        "one step, made by pods: so many new to so many old ones, NEW at most OLD; instead of `--steps`.",
        "",
        values.ratio,
        values.written_ratio,
    ),
    Flag(
        "--soak",
        "TIME",
        _ALL,
        "how long a step is watched before it asks or goes on: `30s`, `10m`, `2h`.",
        "5m; bluegreen: it asks at once, under `--auto` 30s",
        values.duration,
        values.written_duration,
        meant=("--wait", "--bake", "--interval", "--delay", "--duration"),
    ),
    Flag(
        "--keep",
        "TIME",
        _TWO_TRACKS,
        "how long the old version stands warm at the end, one click away.",
        "30m",
        values.duration,
        values.written_duration,
    ),
    Flag(
        "--auto",
        "",
        _ALL,
        "go on by itself after each soak in which nothing was wrong.",
        "it asks",
        meant=("--automatic", "--auto-promote", "--yes"),
    ),
    Flag(
        "--after",
        "delete|upgrade|keep",
        _TWO_TRACKS,
        "what becomes of the old Deployment after the keeping, where a new one takes its place.",
        "delete",
        values.one_of("delete", "upgrade", "keep"),
    ),
    Flag(
        "--one-way",
        '"WHY"',
        _TWO_TRACKS,
        "the switch cannot simply be undone (a data migration).",
        read=values.reason,
        write=values.written_text,
        coming="`--one-way` comes together with consent of a second person; it is not available yet.",
    ),
    Flag(
        "--surge",
        "N|N%",
        (ROLLING,),
        "how many pods more than wanted may stand meanwhile.",
        "the Deployment's own",
        values.count_or_percent,
        meant=("--max-surge",),
    ),
    Flag(
        "--unavailable",
        "N|N%",
        (ROLLING,),
        "how many pods fewer than wanted may stand meanwhile.",
        "the Deployment's own",
        values.count_or_percent,
        meant=("--max-unavailable",),
    ),
    Flag(
        "--pause-at",
        "N%",
        (ROLLING,),
        "stop and ask when this share of the pods is new.",
        "no pause",
        values.percent,
        values.written_percent,
        meant=("--pause",),
    ),
    Flag(
        "--router",
        "|".join(ROUTERS),
        _TWO_TRACKS,
        "what splits the traffic.",
        "what leads to the service decides",
        values.one_of(*ROUTERS),
        meant=("--ingress", "--traffic"),
    ),
    Flag(
        "--container",
        "NAME",
        _ALL,
        "which container gets the new image; needed where the pods have several.",
        "the only one",
        values.container,
    ),
    Flag(
        "--accept-replace",
        "",
        _TWO_TRACKS,
        "put a new Deployment in the old one's place even where Helm, Argo CD, Flux or KEDA owns that.",
        "a refusal",
    ),
    Flag(
        "--on-fail",
        "rollback|hold",
        _ALL,
        "what happens when the new version is worse.",
        "hold; rollback with `--auto`",
        values.one_of("rollback", "hold"),
        meant=("--on-failure", "--on-error"),
    ),
    Flag(
        "--reason",
        '"TEXT"',
        _ALL,
        "why, in at most 300 characters; it stands on the card and in the record.",
        "",
        values.reason,
        values.written_text,
        meant=("--message", "-m", "--why", "--comment"),
    ),
    Flag("--full", "", ("promote",), "straight to the last step.", meant=("--all",)),
)

BY_NAME: dict[str, Verb] = {name: verb for verb in VERBS for name in (verb.name, *verb.also)}
FLAG_BY_NAME: dict[str, Flag] = {flag.name: flag for flag in FLAGS}


def flags_of(command: str) -> tuple[Flag, ...]:
    """The flags that a command (or strategy) takes, those to come left out; `plan` takes any strategy's."""
    wanted = STRATEGIES if command == "plan" else (command,)
    return tuple(flag for flag in FLAGS if not flag.coming and set(wanted) & set(flag.takes))

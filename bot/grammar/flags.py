"""The flags of all commands, in the order of usage and help; `table.py` has the commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.grammar import values

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY, BLUEGREEN, ROLLING = "canary", "bluegreen", "rolling"
STRATEGIES = (CANARY, BLUEGREEN, ROLLING)
OF_NO_SPEC = frozenset({"queue"})  # what a release's command takes and its spec does not say
ROUTERS = ("selector", "ratio", "httproute", "nginx", "alb", "aws-alb", "istio", "traefik")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: without a metavar it is a switch.

    `takes` are the commands it fits (strategies stand for themselves and for `plan` with them); `default`
    says in words what holds without it.
    """

    name: str
    metavar: str
    takes: tuple[str, ...]
    help: str
    default: str = ""
    read: values.Reader | None = None
    write: Callable[[Any], str] = str
    meant: tuple[str, ...] = ()  # other tools' names for it, for did-you-mean

    @property
    def field(self) -> str:
        """Its field in `ReleaseSpec`, or in the command."""
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def shown(self) -> str:
        """As typed: `--soak TIME`."""
        return f"{self.name} {self.metavar}".strip()


_ALL = STRATEGIES
_TWO_TRACKS = (CANARY, BLUEGREEN)

FLAGS: tuple[Flag, ...] = (
    Flag(
        "--steps",
        "N,N,…",
        (CANARY,),
        "the new version's shares in percent, ascending; 100 may be left out. Where a route can tell users apart,"
        " audiences too, which get all of it and stay in force: `header:X-Canary=beta,cookie:canary,5,25`.",
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
        "--ask",
        "",
        _ALL,
        "ask after each step, where the policy says that it goes on by itself.",
        "as the policy says",
        meant=("--manual", "--no-auto"),
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
        "the switch cannot simply be undone (a data migration): going back after it takes two people.",
        "one person goes back",
        values.reason,
        values.written_text,
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
        "--sticky",
        "",
        (CANARY,),
        "who got the new version keeps it, by a cookie, until the end; needs a route that can do so.",
        "each request is dealt anew",
        meant=("--stickiness", "--session-affinity", "--affinity"),
    ),
    Flag(
        "--mirror",
        "N%",
        (CANARY,),
        "copy so many of the requests to the new version, too, until all users have it; it answers them for nobody."
        " Only for requests that may be made twice; needs a route that can do so.",
        "none",
        values.percent_of_all,
        values.written_percent,
        meant=("--shadow", "--copy"),
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
        "--queue",
        "",
        _ALL,
        "where somebody else has the service, wait for your turn: then you are asked, with a plan made anew.",
        "a refusal",
        meant=("--wait-for-lock", "--enqueue"),
    ),
    Flag(
        "--for",
        "TIME",
        ("lock", "freeze"),
        "how long, at most 14 days.",
        "2h",
        values.duration,
        values.written_duration,
        meant=("--until", "--time"),
    ),
    Flag(
        "--reason",
        '"TEXT"',
        (*_ALL, "lock", "freeze"),
        "why, in at most 300 characters; it stands on the card and in the record, or on the lock or freeze.",
        "",
        values.reason,
        values.written_text,
        meant=("--message", "-m", "--why", "--comment"),
    ),
    Flag("--full", "", ("promote",), "straight to the last step.", meant=("--all",)),
    Flag("--anyway", "", ("nudge",), "in quiet hours too.", "a refusal then", meant=("--force", "--now")),
    Flag(
        "--picture",
        "",
        ("samples",),
        "and the release's picture, as `picture` draws it.",
        meant=("--chart", "--graph", "--plot", "--png"),
    ),
)

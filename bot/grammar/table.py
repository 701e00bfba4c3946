"""The one table of commands, beside that of flags (`flags.py`); parsing, usage, help and canonical text all follow it.

A flag or command added here is thereby parsed, explained and suggested. The order is the order of usage and
help.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.grammar import values
from bot.grammar.flags import BLUEGREEN, CANARY, FLAGS, ROLLING, STRATEGIES, Flag

STANDARD_HISTORY = 10
STANDARD_LOCK = 7200  # seconds
STANDARD_SNOOZE = 1800
STANDARD_FREEZE = 7200
LOCATED = (*STRATEGIES, "plan", "lock", "unlock", "queue", "queue leave", "services")  # that take `in ENV`


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
_ENV = Place("ENV", "environment", values.environment)
LEAVE = (_SERVICE,)  # what `queue leave` takes

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
            "canary k8sdemo v6 --steps header:X-Canary=beta,cookie:canary,10,50",
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
        " answered, the share with its interval, the status codes, the latency, and one answer of each beside the"
        " other, with what differs marked.",
        ("samples k8sdemo", "samples k8sdemo-17 100", "samples k8sdemo-17 --picture"),
        "See",
        also=("sample",),
        meant=("probe", "test", "curl", "check"),
    ),
    Verb(
        "picture",
        (_TARGET,),
        "a release as a picture: shares, latencies, decisions.",
        "It draws the share asked and measured with its interval, how fast both versions answered, and who decided"
        " what when, from the start until now. In Slack it goes into the release's thread; a terminal writes it into"
        " a file (`--out FILE`).",
        ("picture k8sdemo", "picture k8sdemo-17"),
        "See",
        meant=("chart", "graph", "plot", "draw", "image", "png"),
    ),
    Verb(
        "history",
        (_SERVICE, Place("N", "limit", values.within(values.MOST_RELEASES), required=False)),
        "the last releases of a service.",
        f"Its last N releases (without N: {STANDARD_HISTORY}), the newest first: versions, strategy, how each"
        " ended, and who started it.",
        ("history k8sdemo", "history k8sdemo 30"),
        "See",
        meant=("log", "logs", "releases"),
    ),
    Verb(
        "services",
        (),
        "what there is, in which version, and what you may do with it.",
        "Each service of an environment (without `in ENV`: of every one): the version and pods that run, who has locked"
        " it, which release is under way, and whether you may start one.",
        ("services", "services in prod"),
        "See",
        meant=("service", "apps", "deployments", "versions", "what-runs"),
    ),
    Verb(
        "doctor",
        (),
        "what is wrong with this installation, and what to do about it.",
        "It looks at the rights at home and in each environment, clocks, timers, the policy file, Slack's scopes and"
        " connection, whether the cluster vouches for people of the command line, and each service's probe.",
        ("doctor",),
        "See",
        meant=("health", "diagnose", "selftest"),
    ),
    Verb(
        "audit",
        (Place("ID", "target", values.target),),
        "who agreed to a release, and whether its record is as it was written.",
        "It checks the chain of the record's events and that each consent stands in it, and lists the consents:"
        " who, when, to what, at which revision of which plan, and the teams that allowed it.",
        ("audit k8sdemo-17",),
        "See",
        meant=("verify", "approvals", "consents", "receipt"),
    ),
    Verb(
        "locks",
        (),
        "what people have locked, until when, and why.",
        "It lists the locks of people; a release's own lock shows in `status`.",
        ("locks",),
        "See",
    ),
    Verb(
        "whoami",
        (),
        "who you are to Graylight, and what you may do where.",
        "For each environment it says what you may do now and, of the rest, the rule that forbids it and who can.",
        ("whoami",),
        "See",
        meant=("who", "me", "may", "can", "permissions", "rights"),
    ),
    Verb(
        "promote",
        (_ID,),
        "go on to the next step.",
        "It moves a release to its next step; with `--full` to the last one. While the old version is"
        " kept warm it ends the keeping. Where the policy wants several people to agree, each of them says it.",
        ("promote k8sdemo-17", "promote k8sdemo-17 --full", "approve k8sdemo-17"),
        "Act on a release",
        also=("approve",),
        meant=("next", "continue", "advance", "yes", "ok"),
    ),
    Verb(
        "hold",
        (_ID,),
        "stop the timers; nothing moves.",
        "The release stays where it is until somebody resumes, promotes or rolls back.",
        ("hold k8sdemo-17",),
        "Act on a release",
        meant=("pause", "stop", "wait"),
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
        "snooze",
        (_ID, Place("TIME", "seconds", values.duration, required=False)),
        "no reminders for a while; the question stays.",
        "A release that waits for a decision reminds people, less and less often. This puts the next reminder off by"
        f" TIME (without it: {values.written_duration(STANDARD_SNOOZE)}). Its deadline stays where it is.",
        ("snooze k8sdemo-17 1h", "snooze 30m"),
        "Act on a release",
        meant=("later", "quiet", "mute", "remind"),
    ),
    Verb(
        "nudge",
        (_ID,),
        "remind those who can decide, now.",
        "Once, in the release's thread, by name of the teams that the policy asks; the usual reminders begin anew"
        " behind it. In quiet hours it is refused unless you say `--anyway`.",
        ("nudge k8sdemo-17", "nudge k8sdemo --anyway"),
        "Act on a release",
        meant=("ping", "poke", "ask"),
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
        "lock",
        (_SERVICE,),
        "nobody else releases a service for a while.",
        "Its reason and its end are shown to everybody who tries. You are reminded before it ends, and it ends by"
        " itself. Where somebody else has locked it, they or a second person must agree that it becomes yours.",
        ('lock k8sdemo --reason "database migration"', 'lock k8sdemo in prod --for 2h --reason "load test"'),
        "Lock",
        meant=("block", "claim", "reserve"),
    ),
    Verb(
        "unlock",
        (_SERVICE,),
        "give a lock back.",
        "Your own goes at once. Of another's, you ask that it goes: its owner or a second person must agree. Who is"
        " asked so agrees with the same command.",
        ("unlock k8sdemo", "unlock k8sdemo in prod"),
        "Lock",
        meant=("unblock", "free", "unreserve"),
    ),
    Verb(
        "queue",
        (Place("SERVICE", "service", values.service, required=False),),
        "who waits for a service, and whose turn it is.",
        "A release that meets a lock waits in line where it was asked for with `--queue`. The next one is asked, with the"
        " plan made anew; nothing starts by itself. `queue leave SERVICE` gives your place up.",
        ("queue", "queue k8sdemo in prod", "queue leave k8sdemo"),
        "Lock",
        meant=("waiting", "line", "queued", "turn"),
    ),
    Verb(
        "freeze",
        (Place("ENV", "environment", values.environment, required=False),),
        "when nothing is started or promoted: now, and next.",
        "Without a flag it lists the freezes of an environment, or of all. With `--reason` it begins one, for those who"
        " may override freezes there; it ends by itself. Going back is always possible.",
        ("freeze", "freeze prod", 'freeze prod --for 2h --reason "incident 42"'),
        "Lock",
        meant=("freezes", "calendar", "windows"),
    ),
    Verb(
        "unfreeze",
        (_ENV,),
        "end a freeze that somebody began by command.",
        "Whoever began it, or may begin one, ends it. What the policy file freezes stays frozen.",
        ("unfreeze prod",),
        "Lock",
        meant=("thaw", "unfroze", "melt"),
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

BY_NAME: dict[str, Verb] = {name: verb for verb in VERBS for name in (verb.name, *verb.also)}
FLAG_BY_NAME: dict[str, Flag] = {flag.name: flag for flag in FLAGS}


def flags_of(command: str) -> tuple[Flag, ...]:
    """The flags that a command (or strategy) takes; `plan` takes any strategy's."""
    wanted = STRATEGIES if command == "plan" else (command,)
    return tuple(flag for flag in FLAGS if set(wanted) & set(flag.takes))

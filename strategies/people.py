"""Who a person is, and what an environment's policy says about people: values, nothing looked up.

A person is a Slack id, or on the command line who the API server says; `ids` are all that they are known to be. What
could not be found out stands in `unread`, and nothing is concluded from it: it never allows anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strategies.release import Actor
from strategies.windows import Window, following, until


class Standing(StrEnum):
    """What somebody is to this workspace, as far as that could be found out."""

    MEMBER = "member"  # a full member of the workspace
    ACCOUNT = "account"  # a user of the cluster, on the command line
    GUEST = "guest"
    GONE = "gone"  # deactivated
    ELSEWHERE = "elsewhere"  # another team's, by Slack Connect
    BOT = "bot"
    UNKNOWN = "unknown"  # it could not be found out


WELCOME = frozenset({Standing.MEMBER, Standing.ACCOUNT})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for something now.

    `ids`: own id and groups (`U…`, `S…`, `user:NAME`, `group:NAME`); `unread`: groups whose members are not known now.
    `vouched`: nobody else could have written this name (in Slack always; see docs/reference.md for the command line).
    """

    actor: Actor
    standing: Standing
    ids: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    vouched: bool = True


@dataclass(frozen=True, slots=True)
class Team:
    """A name of the policy and whose ids it stands for."""

    name: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who a rule allows: some teams, or with None everybody who is welcome. `rule` is where the policy says so."""

    rule: str
    teams: tuple[Team, ...] | None = None

    def by(self, person: Person) -> tuple[str, ...]:
        """The teams by which somebody belongs; empty where they do not, or where nobody needs one."""
        return tuple(t.name for t in self.teams or () if t.ids & person.ids)

    def has(self, person: Person) -> bool:
        """Whether somebody belongs; who is not welcome belongs nowhere."""
        return person.standing in WELCOME and (self.teams is None or bool(self.by(person)))

    def hidden(self, person: Person) -> frozenset[str]:
        """The groups that could not be read and might have allowed it."""
        return frozenset(i for t in self.teams or () for i in t.ids) & person.unread


@dataclass(frozen=True, slots=True)
class Approval:
    """So many different people of a crowd must say yes; `own`: whether the one who started it counts."""

    crowd: Crowd
    count: int = 1
    own: bool = True


@dataclass(frozen=True, slots=True)
class Freeze:
    """A window in which nothing is started or promoted, and why; `rule` is where the policy says so."""

    window: Window
    why: str
    rule: str
    by: Actor | None = None  # who began it by command, where it is none of the policy's


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that holds now, and when the last one that follows it without a gap ends (UTC)."""

    freeze: Freeze
    until: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """An environment's windows."""

    freezes: tuple[Freeze, ...] = ()
    quiet: tuple[Window, ...] = ()

    def frozen(self, now: datetime) -> Frozen | None:
        """The freeze that holds now."""
        end = until((f.window for f in self.freezes), now)
        here = next((f for f in self.freezes if until((f.window,), now)), None)
        return Frozen(here, end) if here and end else None

    def next_freeze(self, now: datetime) -> tuple[Freeze, datetime, datetime] | None:
        """The freeze that begins next, and from when to when (UTC)."""
        coming = ((span, f) for f in self.freezes if (span := following(f.window, now)))
        first = min(coming, key=lambda found: found[0], default=None)
        return (first[1], *first[0]) if first else None

    def quiet_until(self, now: datetime) -> datetime | None:
        """When people may be reminded again, where now is no time for it."""
        return until(self.quiet, now)


@dataclass(frozen=True, slots=True)
class Account:
    """Who a person of Slack is to the cluster."""

    user: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """What policy says about people for one service in one environment; without a policy everybody may do everything.

    `aliases` make one person of a Slack id and a user of the cluster: `user:NAME` to `U…`; `accounts` are those users by
    Slack id. `impersonate`: what they may not do there, they may not ask for either.
    """

    environment: str = "default"
    start: Crowd = Crowd("start")
    approve: Approval | None = None
    override: Approval | None = None
    reason: bool = False
    calendar: Calendar = Calendar()
    aliases: Mapping[str, str] = field(default_factory=dict)
    impersonate: bool = False
    accounts: Mapping[str, Account] = field(default_factory=dict)

    @property
    def back(self) -> tuple[Crowd, ...]:
        """Who may hold and go back: whoever may start, approve or override."""
        return self.start, *(a.crowd for a in (self.approve, self.override) if a)

    @property
    def deciding(self) -> Approval:
        """Who promotes: by the rule of approval, else whoever may start."""
        return self.approve or Approval(self.start)

    @property
    def ids(self) -> frozenset[str]:
        """Every id that a rule names."""
        return frozenset(i for crowd in self.back for t in crowd.teams or () for i in t.ids)

    def same(self, one: Actor, other: Actor) -> bool:
        """Whether these are one person, wherever they were met."""
        return self._key(one) == self._key(other)

    def different(self, actors: Iterable[Actor]) -> int:
        """How many people these are."""
        return len({self._key(a) for a in actors})

    def _key(self, actor: Actor) -> str:
        own = identity(actor)
        return self.aliases.get(own, own)


def identity(actor: Actor) -> str:
    """An actor as the policy writes them.

    >>> identity(Actor(id="U1", via="slack")), identity(Actor(id="ana", via="cli"))
    ('U1', 'user:ana')
    """
    return actor.id if actor.via == "slack" else f"user:{actor.id}"

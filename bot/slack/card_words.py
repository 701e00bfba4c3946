"""The words of the card's table, plain, since a cell is no markup; and who may press its buttons, in mrkdwn."""

from bot.slack.markup import quote
from bot.slack.progress import Track
from strategies.denials import listed
from strategies.people import Crowd, Rules
from strategies.spec import Strategy

PODS, SAMPLED, ERRORS, LATENCY = "Pods", "Requests sampled", "Errors", "p95"
_NONE = "–"


def stable(version: str) -> str:
    """The column of the version that serves."""
    return f"{version} · stable"


def coming(version: str, strategy: Strategy) -> str:
    """The column of the new version."""
    return f"{version} · {'canary' if strategy is Strategy.CANARY else 'new'}"


def ready(ready_pods: int, total: int) -> str:
    """One track's pods."""
    return f"{ready_pods} of {total} ready" if total else "none"


def counted(track: Track) -> str:
    """How many requests it answered."""
    return _NONE if track.answers is None else str(track.answers)


def failed(track: Track) -> str:
    """How many of them failed.

    >>> failed(Track(40, 1)), failed(Track(0)), failed(Track())
    ('1 (2.5 %)', '–', '–')
    """
    if not track.answers:
        return _NONE
    return f"{track.failed} ({100 * track.failed / track.answers:.1f} %)" if track.failed else "0"


def latency(track: Track) -> str:
    """How long 95 % of them took at most; a track whose answers were not timed yet says nothing."""
    return ms(track.p95) if track.answers and track.p95 else _NONE


def next_look(when: str) -> str:
    """When both versions are compared next; mrkdwn."""
    return f"Next check {when}"


def ms(value: float) -> str:
    """Milliseconds; below ten of them a decimal matters.

    >>> ms(9.96), ms(12.4)
    ('10.0 ms', '12 ms')
    """
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"  # noqa: PLR2004 - see above


def may_press(rules: Rules) -> str:
    """Who may press its buttons, by the policy as it is in force.

    >>> may_press(Rules())
    'Every full member of the workspace may press'
    """
    deciding, back = rules.deciding, _names(rules.back)
    if not back and deciding.crowd.teams is None:
        return "Every full member of the workspace may press"
    many = f", {deciding.count} of them" if deciding.count > 1 else ""
    other = "" if deciding.own else ", not who started it"
    decide = listed(tuple(map(quote, _names((deciding.crowd,))))) or "every full member"
    go_back = listed(tuple(map(quote, back))) or "every full member"
    return f"May press · approve and promote: {decide}{many}{other} · hold and roll back: {go_back}"


def _names(crowds: tuple[Crowd, ...]) -> tuple[str, ...]:
    """Their teams; none where one of them is everybody."""
    if any(c.teams is None for c in crowds):
        return ()
    return tuple(dict.fromkeys(t.name for c in crowds for t in c.teams or ()))

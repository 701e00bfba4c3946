"""Every no that is about people and times, in words: which rule says it, and who can.

One function per sentence. Teams are named as the policy names them, people by their ids, so that each surface can show
whom that means.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from strategies.people import Approval, Crowd, Freeze, Frozen, Person, Rules, Standing
from strategies.refusal import Refusal
from strategies.release import Release
from strategies.windows import Recurring
from strategies.words import who

_LISTED = 12  # ids of a team
_IS = {
    Standing.GUEST: "You are a guest here.",
    Standing.GONE: "Your account is deactivated.",
    Standing.ELSEWHERE: "You belong to another workspace.",
    Standing.BOT: "You are an app.",
}


def unwelcome(person: Person) -> Refusal:
    """Somebody who is no full member, or of whom that is not known."""
    if person.standing is Standing.UNKNOWN:
        what = "Slack did not tell me who you are just now, so I did nothing."
        return Refusal(code="who", what=what, remedy="Try again in a moment.")
    what = f"{_IS.get(person.standing, '')} Only full members of this workspace may use Graylight; guests, apps and people of other workspaces may not."
    return Refusal(code="not-a-member", what=what.strip(), remedy="Ask a full member to do it.")


def not_allowed(what: str, crowds: Iterable[Crowd], person: Person, rules: Rules) -> Refusal:
    """Somebody whom no rule allows this; where it could not be found out, that is said instead."""
    asked = tuple(crowds)
    hidden = sorted({i for c in asked for i in c.hidden(person)})
    if hidden:
        return Refusal(
            code="who",
            what=f"Slack did not say who is in {', '.join(map(shown, hidden))}, so it is not known whether you may {what} in {rules.environment}. Nothing was done.",
            remedy="Try again in a moment. An administrator finds the reason in the log.",
        )
    names = listed(dict.fromkeys(t.name for c in asked for t in c.teams or ()))
    rule = " and ".join(f"`{c.rule}`" for c in dict.fromkeys(asked))
    return Refusal(
        code="not-allowed",
        what=f"Only {names} may {what} in {rules.environment} (rule {rule}).",
        remedy=f"Ask one of them: {members(asked)}.",
    )


def own(release: Release, approval: Approval, rules: Rules) -> Refusal:
    """The one who started it, where the policy wants somebody else."""
    return Refusal(
        code="own",
        what=f"You started {release.id}, and in {rules.environment} somebody else must approve it (rule `{approval.crowd.rule.removesuffix('.who')}.own`).",
        remedy=f"Ask another one: {members((approval.crowd,))}.",
    )


def frozen(found: Frozen, rules: Rules) -> Refusal:
    """A freeze, for somebody who may not override it."""
    over = rules.override
    able = (
        f"wait, or ask {over.count} of those who may override it: {members((over.crowd,))}"
        if over
        else "wait: nobody may override it"
    )
    return Refusal(
        code="frozen",
        what=f"{rules.environment} is frozen until {moment(found)} ({found.freeze.why}; {origin(found.freeze)}): nothing is started or promoted. Going back is always possible.",
        remedy=f"{able[0].upper()}{able[1:]}.",
    )


def unvouched(rules: Rules) -> Refusal:
    """A second person from the command line, whose name nobody vouches for."""
    return Refusal(
        code="unvouched",
        what=f"In {rules.environment} a second person decides, and from the command line anybody who may write records could write any name.",
        remedy="Do it in Slack; or let the cluster vouch for names: `kubectl apply -k deploy/admission`.",
    )


def already(release: Release) -> Refusal:
    """The same person once more."""
    return Refusal(
        code="already",
        what=f"You have agreed already; {release.id} needs {release.needed - release.pending} more.",
        remedy="Ask somebody else.",
    )


def no_identity(rules: Rules) -> Refusal:
    """Nobody said who this person is to the cluster, and it must be asked."""
    return Refusal(
        code="no-identity",
        what=f"In {rules.environment} the cluster decides too (rule `environments.{rules.environment}.impersonate`), and the policy does not say who you are to it.",
        remedy="Ask an administrator for an entry of yours under `identities`.",
    )


def not_in_cluster(user: str, missing: Iterable[str], namespace: str, rules: Rules) -> Refusal:
    """What somebody may not do by kubectl, they may not do by chat."""
    return Refusal(
        code="not-in-cluster",
        what=f"You are `{user}` to the cluster, which may not {listed(missing)} in namespace `{namespace}`; so you may not let Graylight do it (rule `environments.{rules.environment}.impersonate`).",
        remedy="Ask for these rights, or somebody who has them.",
    )


def no_reason(rules: Rules) -> Refusal:
    """A release without a reason where the policy asks for one."""
    return Refusal(
        code="no-reason",
        what=f"In {rules.environment} a release needs a reason (rule `environments.{rules.environment}.reason`).",
        remedy='Add `--reason "…"`.',
    )


def altered(release: Release, what: str) -> Refusal:
    """A record that somebody changed by hand."""
    return Refusal(
        code="altered",
        what=f"The record of {release.id} was changed by hand: {what}. What was agreed cannot be trusted, so it does not go on.",
        remedy=f"Look at it with `/release audit {release.id}`, and roll it back.",
    )


def origin(freeze: Freeze) -> str:
    """Where a freeze comes from: the policy, or somebody's command."""
    return f"begun by {who(freeze.by)}" if freeze.by else f"rule `{freeze.rule}`"


def moment(found: Frozen) -> str:
    """When a freeze ends, on the clocks of its zone."""
    return clock(found.until, found.freeze)


def clock(when: datetime, freeze: Freeze) -> str:
    """A moment as the people of a freeze's zone read it: `Mon 2026-07-06 08:00 CEST`."""
    window = freeze.window
    zone = window.zone if isinstance(window, Recurring) else window.end.tzinfo or UTC
    return f"{when.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def members(crowds: Iterable[Crowd]) -> str:
    """Who belongs to some crowds: each team with its people and groups."""
    teams = dict.fromkeys(t for c in crowds for t in c.teams or ())
    return "; ".join(f"{t.name} ({_some(sorted(t.ids))})" for t in teams) or "any full member"


def shown(name: str) -> str:
    """An id of the policy as Slack shows it.

    >>> shown("U1"), shown("S1"), shown("user:ana")
    ('<@U1>', '<!subteam^S1>', '`user:ana`')
    """
    if ":" in name:
        return f"`{name}`"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence.

    >>> listed(["shop"]), listed(["shop", "sre", "ops"])
    ('shop', 'shop, sre and ops')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else str(last)


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return ", ".join(map(shown, ids[:_LISTED])) + more

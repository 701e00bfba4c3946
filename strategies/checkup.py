"""What a look at an installation finds: one value per check, with a remedy where something is wrong. Values and words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Mark = Literal["fine", "wrong", "unknown"]
SKEW: Final = 5.0  # seconds between our clock and the API server's from which people would notice
LAG: Final = 1.0  # seconds by which an alarm may ring late
DEAF: Final = 60.0  # seconds without a frame from Slack
NEEDED_SCOPES: Final = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "channels:read",
    "groups:read",
    "users:read",
    "usergroups:read",
    "files:write",
    "im:write",
    "im:history",
)
OPTIONAL_SCOPES: Final = ("channels:history", "groups:history")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what to do where that is wrong."""

    name: str
    mark: Mark
    what: str
    remedy: str = ""


def fine(name: str, what: str) -> Check:
    """As it should be."""
    return Check(name, "fine", what)


def wrong(name: str, what: str, remedy: str) -> Check:
    """Not as it should be."""
    return Check(name, "wrong", what, remedy)


def unknown(name: str, what: str, remedy: str = "") -> Check:
    """It cannot be said from here."""
    return Check(name, "unknown", what, remedy)


def well(checks: Iterable[Check]) -> bool:
    """Whether nothing is wrong."""
    return all(c.mark != "wrong" for c in checks)


def skew(seconds: float, within: float) -> Check:
    """Our clock against the API server's; `within` is how exactly that could be told.

    >>> skew(0.3, 0.5).mark, skew(-7.0, 0.6).mark
    ('fine', 'wrong')
    """
    side = "ahead of" if seconds > 0 else "behind"
    told = f"{abs(seconds):.1f} s {side} the API server's (told within {within:.1f} s)"
    if abs(seconds) - within <= SKEW:
        return fine("clock", f"Our clock is {told}.")
    return wrong(
        "clock",
        f"Our clock is {told}: freezes, soaks and reminders are that much off.",
        "Let the machines keep time by NTP.",
    )


def lag(seconds: float, missed: int) -> Check:
    """How late an alarm rang that was set for now, and how many did not ring as they should since the start."""
    told = f"An alarm set for now rang after {seconds * 1000:.0f} ms"
    if seconds > LAG:
        return wrong(
            "timers",
            f"{told}: this process does not keep up.",
            "Give it more CPU: see `resources` in deploy/deployment.yaml.",
        )
    also = f"; {missed} since the start were missed or failed" if missed else ""
    if missed:
        return wrong(
            "timers", f"{told}{also}.", "The log says which; nothing is lost by it, each is looked at again."
        )
    return fine("timers", f"{told}.")


def scopes(granted: frozenset[str]) -> list[Check]:
    """What the bot token may do, as Slack says; the optional ones are only told."""
    missing = [s for s in NEEDED_SCOPES if s not in granted]
    if missing:
        return [
            wrong(
                "Slack scopes",
                f"The bot token lacks {', '.join(missing)}.",
                "Update the app from deploy/slack-manifest.yaml and install it to the workspace again.",
            )
        ]
    without = [s for s in OPTIONAL_SCOPES if s not in granted]
    note = (
        f" Without {', '.join(without)} a message whose answer was lost may be posted twice."
        if without
        else ""
    )
    return [fine("Slack scopes", f"The bot token has all {len(NEEDED_SCOPES)} scopes that it needs.{note}")]


def socket(age: float, *, open_: bool) -> Check:
    """When Slack was last heard over the socket."""
    if open_ and age < DEAF:
        return fine("Slack connection", f"Heard from Slack {age:.1f} s ago.")
    return wrong(
        "Slack connection",
        f"Nothing was heard from Slack for {age:.0f} s.",
        "It connects anew by itself within a minute; if that fails, look at SLACK_APP_TOKEN and at the way out to slack.com.",
    )


def rights(where: str, lacking: list[str], role: str) -> Check:
    """What may be done somewhere."""
    if not lacking:
        return fine("rights", f"Every right that a release needs is granted in {where}.")
    return wrong("rights", f"In {where} Graylight may not {', '.join(lacking)}.", f"Apply {role}.")


def policy(file: str | None, trouble: str) -> Check:
    """Which policy is in force."""
    if file is None:
        return unknown(
            "policy",
            "There is no policy file: every full member of the workspace may do everything.",
            "Write one, name it in GRAYLIGHT_POLICY, and look at it with `graylight policy check FILE`.",
        )
    if trouble:
        return wrong(
            "policy",
            f"The file is broken, so the former one stays in force: {trouble}",
            f"Mend it; `graylight policy check {file}` says every fault.",
        )
    return fine("policy", f"{file} is in force as it stands.")


def vouching(*, installed: bool) -> Check:
    """Whether the cluster compares the actors in records with who writes them."""
    if installed:
        return fine(
            "admission", "The ValidatingAdmissionPolicy is in force: a consent from the command line counts."
        )
    return unknown(
        "admission",
        "The ValidatingAdmissionPolicy is not installed, so a second person must agree in Slack.",
        "To let them agree from the command line: `kubectl apply -k deploy/admission`.",
    )


def engine(holder: str, *, ours: bool) -> Check:
    """Who runs the releases."""
    if ours:
        return fine("engine", "This process runs the releases.")
    if holder:
        return fine("engine", f"{holder} runs the releases.")
    return wrong("engine", "No engine runs, so nothing moves.", "Start `graylight run`.")


def records(trouble: str, since: datetime | None) -> Check:
    """Whether what is known of releases is what there is."""
    if not trouble:
        return fine("records", "The records can be read, and are followed where a bot runs.")
    when = f" since {since:%H:%M:%S} UTC" if since else ""
    return wrong(
        "records", f"The watch of the records is broken{when}: {trouble}.", "Look at the API server."
    )


def probe(service: str, answered: int, sent: int, error: str) -> Check:
    """Whether a service's probe reaches it."""
    if answered == sent:
        return fine("probe", f"{service} answers its probe.")
    return wrong(
        "probe",
        f"{service} did not answer its probe: {error or 'no answer'}.",
        f"Correct its `graylight/probe`, or its `connect`: try `/release samples {service}`.",
    )


def no_probe(service: str) -> Check:
    """One whose shares cannot be proven."""
    return unknown(
        "probe",
        f"{service} declares no probe, so its shares are not proven.",
        "Set the annotation `graylight/probe` on its Deployment.",
    )

"""The sentences of the form and what follows it; plain text unless said otherwise, as in `words.py`."""

from strategies.catalog import Known

TITLE = "Release a service"  # at most 24 characters, as all titles and buttons of a modal
PREVIEW = "Preview"
START = "Start"
CANCEL = "Cancel"
BACK = "Back"
CLOSE = "Close"
PLAN = "Plan"
NOT_POSSIBLE = "Not possible now"
STATE = "Release"

LABELS = {
    "service": "Service",
    "environment": "Environment",
    "version": "Version",
    "strategy": "Strategy",
    "steps": "Steps",
    "pause_at": "Pause at",
    "soak": "Soak",
    "keep": "Keep",
    "more": "More flags",
    "reason": "Reason",
    "channel": "Channel of the card",
}
HINTS = {
    "version": "A tag or a digest; type one that is not in the list.",
    "steps": "Shares of the new version in percent, ascending, such as 5,25,50. Audiences too: header:X-Canary=beta.",
    "pause_at": "Stop and ask when this share of the pods is new, such as 50%.",
    "soak": "How long each step is watched: 30s, 10m, 2h.",
    "keep": "How long the old version stands warm at the end, one click away.",
    "more": "As in the command, such as --auto --on-fail rollback.",
    "reason": "It stands on the card and in the record.",
    "channel": "I must be a member of it.",
}
PLACEHOLDERS = {
    "service": "Search a service",
    "environment": "Search an environment",
    "version": "Search a version, or type one",
    "more": "none",
    "channel": "Choose a channel",
}
STRATEGIES = {
    "canary": ("Canary", "a share of the users first, then more"),
    "bluegreen": ("Blue-green", "the new version stands beside, then one switch"),
    "rolling": ("Rolling", "pod by pod, the Deployment's own update"),
}


def without(default: str, strategy: str | None = None) -> str:
    """What holds where a field is left empty, as the flag's help says it: of two strategies' the one that is asked for.

    >>> without("5m; bluegreen: it asks at once", "canary"), without("5m; bluegreen: it asks at once", "bluegreen")
    ('empty: 5m', 'empty: it asks at once')
    """
    usual, _, other = default.partition("; bluegreen: ")
    return f"empty: {other if other and strategy == 'bluegreen' else usual}"


def runs_now(versions: tuple[str, ...]) -> str:
    """Under a service."""
    return f"runs {', '.join(versions)}" if versions else ""


def use(version: str) -> str:
    """A version that nobody knows yet."""
    return f"{version} (as typed)"


def known_from(known: Known, environment: str) -> str:
    """Where a version is known from."""
    if known.runs == environment:
        return "runs here now"
    if known.runs:
        return f"runs in {known.runs}"
    if known.release:
        outcome = known.outcome.replace("-", " ")
        return f"{known.release}, {outcome}" if outcome else f"ran before {known.release}"
    return "stood here before"


def missing(field: str) -> str:
    """A field that must be filled in."""
    return f"{LABELS[field]} is missing."


def reason_required(service: str, environment: str) -> str:
    """The policy asks why."""
    return f"The policy asks for a reason for {service} in {environment}."


def not_flags() -> str:
    """The field for flags asked for help, or for something else that is none."""
    return "Only flags belong here, as in the command: --auto --on-fail rollback."


def planning(service: str, version: str) -> str:
    """While the cluster is looked at; mrkdwn."""
    return f"⏳  Planning {service} {version}: I look at the cluster, and ask it what it would allow. Nothing is changed."


def no_plan() -> str:
    """The cluster, or we, failed while planning; mrkdwn."""
    return "This could not be planned now, and nothing was changed. Go back and try again in a moment."


def looking() -> str:
    """While a release is looked up; mrkdwn."""
    return "⏳  Looking …"


def no_form(code: str, usage: str) -> str:
    """Slack did not open it in time; mrkdwn."""
    return f"The form could not be opened ({code}). Ask for it again, or type: {usage}"


def no_card() -> str:
    """The shortcut was used on some other message; mrkdwn."""
    return "This message is no release's card. Use the shortcut on a card, or type `/release status`."


def only_here() -> str:
    """Somebody acts in a direct message; mrkdwn."""
    return (
        "In a direct message I only answer questions. Releases are started and decided where others see it: type this in a"
        " channel that I am a member of, or mention me in the release's thread."
    )

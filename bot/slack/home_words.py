"""The sentences of the Home tab; mrkdwn, and what they are given is escaped already, but for headings and labels."""

HEADINGS = {
    "waiting": "Waiting for you",
    "running": "Running",
    "frozen": "Freezes",
    "locks": "Locks",
    "recent": "Your recent releases",
}
RELEASE = "Release a service"
REFRESH = "Refresh"
CARD = "To the card"


def nothing(section: str) -> str:
    """What stands where a section is empty."""
    return {
        "waiting": "Nothing waits for you.",
        "running": "No release is running.",
        "frozen": "No freeze holds now, and none is to come.",
        "locks": "Nobody has locked anything.",
        "recent": "None of yours has ended lately. `/release help` shows how to begin one.",
    }[section]


def frozen(environment: str, why: str, until: str) -> str:
    """A freeze that holds now."""
    return f"❄️  *{environment}*: {why}, until {until}. Going back is always possible."


def freezes(environment: str, why: str, begin: str, until: str) -> str:
    """A freeze to come."""
    return f"🗓️  *{environment}*: {why}, from {begin} until {until}."


def locked(where: str, person: str, until: str, why: str) -> str:
    """A person's lock."""
    return f"🔒  *{where}*: {person} until {until}, “{why}”"


def more(count: int) -> str:
    """What does not fit."""
    return f"… and {count} more: `/release status`"


def as_of(when: str) -> str:
    """The small print."""
    return f"As of {when}. It is brought up to date when you open it, and now and then while releases move."

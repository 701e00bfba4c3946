"""The sentences that Slack says of an installation as a whole; mrkdwn, with their parts escaped."""

from bot.slack import words


def nothing() -> str:
    """No service at all."""
    return "There is no Deployment that a Service leads to."


def count(number: int) -> str:
    """How many there are."""
    return words.count(number, "service")


def environment(name: str) -> str:
    """A heading."""
    return f"Services in {name}"


def pods(ready: int, wanted: int) -> str:
    """How many stand."""
    return f"{ready} of {words.count(wanted, 'pod')} ready"


def locked(person: str, until: str, why: str) -> str:
    """A person's lock."""
    return f"locked by {person} until {until} (“{why}”)"


def in_line(number: int) -> str:
    """Releases that wait."""
    return f"{number} in line"


def well() -> str:
    """The doctor found nothing."""
    return "Nothing is wrong"


def unwell(bad: int, of: int) -> str:
    """The doctor found something."""
    return f"{bad} of {of} checks found something wrong"

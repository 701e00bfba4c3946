"""The sentences that Slack says about waiting in line; labels are plain, all others mrkdwn with their parts escaped."""


def join_label() -> str:
    """Under a refusal that somebody's lock is the reason of; plain."""
    return "Queue"


def give_up_label() -> str:
    """Beside Start, when it is somebody's turn; plain."""
    return "Give it up"


def your_turn(person: str, what: str, until: str) -> str:
    """To the next one in line, in the channel where they asked."""
    return f"🎟️  {person}, it is your turn: *{what}*. Nobody has the service now, and this is the plan as of now. Until {until} nobody else is asked."


def not_now(person: str, what: str, why: str) -> str:
    """The turn is over, or it never came."""
    return f"🎟️  {person}: *{what}* is not started. {why}"


def gave_up(person: str, what: str) -> str:
    """In place of the question."""
    return f"🎟️  {person} gave up the turn of *{what}*."


def not_your_turn() -> str:
    """Somebody else's Start."""
    return "It is somebody else's turn. `/release queue` shows the line."

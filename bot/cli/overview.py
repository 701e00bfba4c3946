"""All commands on one screen of 80 columns: what `graylight` alone and `graylight --help` show."""

from textwrap import wrap

from bot.grammar.table import VERBS

_WIDTH = 80  # cells of help
_OWN = (
    ("run", "the bot: Slack, and the engine that does the releases."),
    ("playground", "try it all on a cluster and a Slack that are only pretended."),
    ("policy", "check a policy file, or print its JSON Schema for editors."),
    ("version", "which Graylight this is."),
)
_ENVIRONMENT = (
    ("KUBECONFIG", "the cluster; a pod has its own account"),
    ("GRAYLIGHT_NAMESPACE", "where records live (graylight)"),
    ("GRAYLIGHT_POLICY", "the policy file"),
    ("GRAYLIGHT_LISTEN", "health of `graylight run` (127.0.0.1:8080)"),
    ("SLACK_BOT_TOKEN, SLACK_APP_TOKEN", "Slack, for `graylight run`"),
)
_GROUPS = ("Release", "Act on a release", "See", "Lock")
_CODES = (
    "0 promoted or done · 1 failed · 2 wrong usage or refused",
    "3 rolled back · 4 holds, or a person is needed · 130 interrupted",
)


def overview() -> str:
    """What `graylight` alone and `graylight --help` show."""
    parts = [
        "Graylight releases services on Kubernetes and proves what users get.",
        "",
        "Usage: graylight COMMAND …",
    ]
    for group in _GROUPS:
        rows = [(verb.name, verb.help) for verb in VERBS if verb.group == group]
        parts += ["", group, *_rows(rows)]
    parts += ["", "Run", *_rows(_OWN)]
    parts += ["", "Environment", *(f"  {name:<33} {what}" for name, what in _ENVIRONMENT)]
    parts += ["", "Exit codes", *(f"  {codes}" for codes in _CODES)]
    parts += ["", "`graylight help canary` shows a command's flags with examples."]
    return "\n".join(parts) + "\n"


def _rows(rows: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> list[str]:
    lines: list[str] = []
    for name, what in rows:
        lines += wrap(
            what[0].upper() + what[1:], _WIDTH, initial_indent=f"  {name:<11} ", subsequent_indent=" " * 14
        )
    return lines

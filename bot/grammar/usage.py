"""Usage lines and help texts, made from the table: plain text, backticks the only markup.

Total functions: an unknown command or topic gives the list. Light to import, so `--help` may use it.
"""

from bot.grammar.flags import FLAGS, STRATEGIES, Flag
from bot.grammar.table import BY_NAME, FLAG_BY_NAME, LOCATED, VERBS, Verb, flags_of

_WIDTH = 92
_GROUPS = ("Release", "Act on a release", "See", "Lock")
_NOTES = (
    "SERVICE is a service's name, VERSION an image tag or `sha256:…`, ID a release such as `k8sdemo-17`,"
    " ENV an environment of the policy. Texts with spaces go in quotes."
)


def commands() -> tuple[str, ...]:
    """The names of all commands, in the order of the help."""
    return tuple(verb.name for verb in VERBS)


def summary(command: str) -> str:
    """A command in one sentence, for a list of subcommands; empty where there is no such command."""
    verb = BY_NAME.get(command.lower())
    return verb.help[0].upper() + verb.help[1:] if verb else ""


def flag_names(command: str) -> tuple[str, ...]:
    """The flags that a command takes, for the shell's completion."""
    return tuple(flag.name for flag in flags_of(command))


def usage(command: str) -> str:
    """How a command (`canary`, or `plan canary`) is written; further lines are indented.

    >>> print(usage("promote"))
    promote [ID|SERVICE] [--full]
    """
    verb, _, strategy = command.partition(" ")
    found = BY_NAME.get(verb)
    if found is None:
        return " | ".join(commands())
    words = [_head(found, strategy)]
    if found.name == "plan" and not strategy:
        words.append("[flags of the strategy]")
    else:
        words += [f"[{flag.shown}]" for flag in flags_of(strategy or found.name)]
    return _wrapped(words)


def help_text(topic: str | None = None, prefix: str = "") -> str:
    """The list of commands, or one command or flag with its examples.

    `prefix` stands before what is to be typed: `/release` in Slack, `graylight` in a terminal.
    """
    lead = f"{prefix} " if prefix else ""
    name = (topic or "").lower()
    if name in BY_NAME:
        return _about_verb(BY_NAME[name], lead)
    if name in FLAG_BY_NAME:
        return _about_flag(FLAG_BY_NAME[name], lead)
    return _list(lead)


def _list(lead: str) -> str:
    parts = []
    for group in _GROUPS:
        lines = [f"`{lead}{_head(verb)}` – {verb.help}" for verb in VERBS if verb.group == group]
        parts.append("\n".join([group, *lines]))
    flags = "Flags: " + ", ".join(f"`{flag.name}`" for flag in FLAGS)
    more = (
        f"`{lead}help canary` shows a command's flags with examples, `{lead}help --steps` explains one flag."
    )
    return "\n\n".join([*parts, f"{flags}.\n{more}", _NOTES])


def _about_verb(verb: Verb, lead: str) -> str:
    parts = [f"`{lead}{_head(verb)}`\n{verb.about}"]
    if verb.name == "plan":
        parts.append(
            "Flags: those of the strategy; " + ", ".join(f"`{lead}help {name}`" for name in STRATEGIES) + "."
        )
    elif flags := flags_of(verb.name):
        parts.append("\n".join(["Flags", *(_flag_line(flag) for flag in flags)]))
    if verb.also:
        parts.append("Also written " + ", ".join(f"`{name}`" for name in verb.also) + ".")
    parts.append("\n".join(["Examples", *(f"`{lead}{example}`" for example in verb.examples)]))
    return "\n\n".join(parts)


def _about_flag(flag: Flag, lead: str) -> str:
    parts = [_flag_line(flag)]
    parts.append("Fits " + ", ".join(f"`{name}`" for name in flag.takes) + ".")
    examples = [text for verb in VERBS for text in verb.examples if f"{flag.name} " in f"{text} "]
    if examples:
        parts.append("\n".join(["Examples", *(f"`{lead}{text}`" for text in examples)]))
    return "\n\n".join(parts)


def _flag_line(flag: Flag) -> str:
    default = f" Without it: {flag.default}." if flag.default else ""
    return f"`{flag.shown}` – {flag.help}{default}"


def _head(verb: Verb, strategy: str = "") -> str:
    """The command without its flags."""
    words = [verb.name, *(place.shown for place in verb.places)]
    if verb.name == "plan":
        words.insert(1, strategy or "|".join(STRATEGIES))
    if verb.name in LOCATED:
        words.append("[in ENV]")
    return " ".join(words)


def _wrapped(words: list[str]) -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)

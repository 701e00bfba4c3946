"""The regular expression that finds one cookie in a `Cookie` header, and never a match that spans two of them.

Anchored at both ends, so that engines that match the whole (Envoy) and those that search (Go) agree; RE2's syntax.
"""

import re

_SPECIAL = set(r"\.+*?()|[]{}^$")
_BEFORE, _AFTER = r"^(.*;\s*)?", r"(;.*)?$"


def pattern(name: str, value: str) -> str:
    r"""The expression for one cookie with one value.

    >>> pattern("canary", "always")
    '^(.*;\\s*)?canary=always(;.*)?$'
    """
    return f"{_BEFORE}{literal(name)}={literal(value)}{_AFTER}"


def read(expression: str) -> tuple[str, str] | None:
    """The name and value that an expression of ours asks for; None where it is not ours.

    >>> read(pattern("a.b", "x+y")), read(".*canary.*")
    (('a.b', 'x+y'), None)
    """
    if not expression.startswith(_BEFORE) or not expression.endswith(_AFTER):
        return None
    plain = unliteral(expression[len(_BEFORE) : -len(_AFTER)])
    name, equals, value = (plain or "").partition("=")
    return (name, value) if equals and name else None


def literal(text: str) -> str:
    """The text as an expression that matches nothing else."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


def unliteral(expression: str) -> str | None:
    """The text that alone matches; None where the expression means more than one."""
    bare = re.sub(r"\\(\W)", "", expression)
    return None if set(bare) & _SPECIAL else re.sub(r"\\(\W)", r"\1", expression)

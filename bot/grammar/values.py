"""What a word may be where a value is expected: readers from text to value, and writers back.

A reader answers `Wrong` instead of raising, for any text at all. The types of a release's wishes are
imported late: help and usage need the names of these readers, not pydantic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.grammar.line import quoted
from bot.grammar.mistake import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from strategies.spec import Audience, Ratio, Rung

MOST_SAMPLES = 400  # what one decision of a proof may send
MOST_RELEASES = 100
_SERVICE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"@?sha256:([0-9a-fA-F]{64})")
_NUMBER = re.compile(r"[0-9]{1,4}")
_PERCENT = re.compile(r"([0-9]{1,3})%?")
_COUNT_OR_PERCENT = re.compile(r"([0-9]{1,4})(%?)")
_RATIO = re.compile(r"([0-9]{1,4}):([0-9]{1,4})")
_LONGEST_TIME = 24
_LONGEST_SERVICE = 253
_ALL = 100
_TYPOGRAPHIC_DASHES = str.maketrans("‐‑‒–—―−", "-------")

_AUDIENCES = {  # kind → its name, its value; neither may hold what would end a step, a word or a cookie
    "header": (
        re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}"),
        re.compile(r"[A-Za-z0-9!#$%()*+./:;=?@\[\]^_{|}~-]{1,64}"),
    ),
    "cookie": (re.compile(r"[A-Za-z0-9_.-]{1,64}"), re.compile(r"[A-Za-z0-9._~+/@:-]{1,64}")),
}
_MOST_AUDIENCES = 8


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a text is not the value; `at` are the columns of the wrong part in it, if it is not the whole."""

    what: str
    suggestion: str = ""
    at: tuple[int, int] | None = None


Value = int | str | bool | tuple[int, ...] | object
if TYPE_CHECKING:
    Reader = Callable[[str], Value | Wrong]


def service(text: str) -> str | Wrong:
    """A service as people name it: a label's value or a Deployment's name."""
    if _SERVICE.fullmatch(text) and len(text) <= _LONGEST_SERVICE:
        return text
    name, _, tag = text.replace("@", ":", 1).partition(":")
    if _SERVICE.fullmatch(name) and _TAG.fullmatch(tag):
        return Wrong(f"{brief(text)} is no service name.", f"Did you mean {brief(f'{name} {tag}')}?")
    plain = text.translate(_TYPOGRAPHIC_DASHES)
    near = f"Did you mean {brief(plain)}?" if plain != text and _SERVICE.fullmatch(plain) else ""
    return Wrong(
        f"{brief(text)} is no service name: letters, digits, `-`, `.` and `_`, as in a Deployment's name.",
        near,
    )


def version(text: str) -> str | Wrong:
    """An image tag, or a digest (`sha256:` and 64 hexadecimal digits; a leading `@` is dropped).

    >>> version("v6"), version("@sha256:" + "AB" * 32) == "sha256:" + "ab" * 32
    ('v6', True)
    """
    if _TAG.fullmatch(text):
        return text
    if found := _DIGEST.fullmatch(text):
        return f"sha256:{found[1].lower()}"
    if text.removeprefix("@").lower().startswith("sha256:"):
        return Wrong("A digest is `sha256:` and 64 hexadecimal digits.")
    tag = text.rpartition(":")[2]
    if tag != text and _TAG.fullmatch(tag):
        return Wrong(
            "The version is the tag alone; the repository stays the one that runs.",
            f"Did you mean {brief(tag)}?",
        )
    plain = text.translate(_TYPOGRAPHIC_DASHES)
    near = f"Did you mean {brief(plain)}?" if plain != text and _TAG.fullmatch(plain) else ""
    return Wrong(
        f"{brief(text)} is no version: a tag (at most 128 letters, digits, `_`, `.`, `-`) or `sha256:…`.",
        near,
    )


def environment(text: str) -> str | Wrong:
    """The name of an environment in the policy."""
    if _SERVICE.fullmatch(text) and len(text) <= _LONGEST_SERVICE:
        return text
    return Wrong(f"{brief(text)} is no environment's name: letters, digits, `-`, `.` and `_`.")


def target(text: str) -> str | Wrong:
    """A release's id, `k8sdemo-17`, or a service."""
    read = service(text)
    if isinstance(read, Wrong):
        return Wrong(f"{brief(text)} is neither a service nor a release like `web-17`.", read.suggestion)
    return read


def container(text: str) -> str | Wrong:
    """A container's name: a DNS label."""
    if _LABEL.fullmatch(text):
        return text
    return Wrong(f"{brief(text)} is no container name: small letters, digits and `-`, at most 63.")


def within(most: int) -> Callable[[str], int | Wrong]:
    """A whole number from 1 to `most`."""

    def read(text: str) -> int | Wrong:
        if _NUMBER.fullmatch(text) and 1 <= int(text) <= most:
            return int(text)
        return Wrong(f"{brief(text)} is no whole number from 1 to {most}.")

    return read


def steps(text: str) -> tuple[Rung, ...] | Wrong:
    """Shares of the new version in percent, ascending, and audiences: `5,25,50`, `header:X-Canary=beta,cookie:canary,25%`.

    An audience may stand anywhere before 100, which is not added.
    """
    found: list[Rung] = []
    at = 0
    for part in text.split(","):
        here = (at, at + max(1, len(part)))
        at += len(part) + 1
        if not part:
            return Wrong("Steps are numbers with commas between and no spaces: `25,50,100`.", at=here)
        kind = part.partition(":")[0].lower()
        read = _audience(part, kind) if kind in _AUDIENCES else _share(part, found)
        if isinstance(read, Wrong):
            return Wrong(read.what, read.suggestion, at=here)
        if not isinstance(read, int) and read in found:
            return Wrong(f"{brief(part)} stands twice: an audience stays in force.", at=here)
        if _ALL in found:
            return Wrong("At 100 the new version has everybody: no step comes after it.", at=here)
        found.append(read)
    if sum(not isinstance(rung, int) for rung in found) > _MOST_AUDIENCES:
        return Wrong(f"At most {_MOST_AUDIENCES} audiences can be in force together.")
    return tuple(found)


def _share(part: str, before: list[Rung]) -> int | Wrong:
    share, shares = _percent(part), [rung for rung in before if isinstance(rung, int)]
    if share is None or not 1 <= share <= _ALL:
        near = nearest(part.partition(":")[0], tuple(_AUDIENCES)) if ":" in part else ""
        return Wrong(f"{brief(part)} is no step: each is a share in percent, 1 to 100, or an audience.", near)
    if shares and share <= shares[-1]:
        return Wrong(f"Steps ascend: {share} does not come after {shares[-1]}.")
    return share


def _audience(part: str, kind: str) -> Audience | Wrong:
    """`header:NAME=VALUE` or `cookie:NAME=VALUE`; the value is `always` where none is said."""
    from strategies.spec import Audience

    name, equals, value = part.partition(":")[2].partition("=")
    value = value if equals else "always"
    names, values = _AUDIENCES[kind]
    if not names.fullmatch(name) or not values.fullmatch(value):
        return Wrong(
            f"{brief(part)} is no audience: `{kind}:NAME=VALUE`, or `{kind}:NAME` for the value `always`."
        )
    return Audience.model_validate({"by": kind, "name": name, "value": value})


def ratio(text: str) -> Ratio | Wrong:
    """`NEW:OLD` in pods; NEW is at most OLD, since the old track is not shrunk before the handover."""
    from strategies.spec import Ratio

    found = _RATIO.fullmatch(text)
    if found is None:
        return Wrong(f"{brief(text)} is no ratio: NEW:OLD in pods, such as `1:3`.")
    new, old = int(found[1]), int(found[2])
    if not (1 <= new <= 1000 and 1 <= old <= 1000):  # noqa: PLR2004 — the bounds of `Ratio`
        return Wrong("Both sides of a ratio are 1 to 1000 pods.")
    if new > old:
        return Wrong(
            "In a ratio NEW:OLD the new pods are at most as many as the old ones.",
            f"Did you mean `{old}:{new}`?",
        )
    return Ratio(new=new, old=old)


def duration(text: str) -> int | Wrong:
    """Whole seconds, from `30s`, `10m`, `1h30m` or a bare `0`; at most two weeks."""
    from strategies.duration import seconds

    if text in {"0", "00"}:
        return 0
    read = seconds(text) if len(text) <= _LONGEST_TIME and text.isascii() else None
    if read is not None:
        return read
    if _NUMBER.fullmatch(text):
        return Wrong(
            f"{brief(text)} has no unit.", f"Did you mean `{int(text)}s`, `{int(text)}m` or `{int(text)}h`?"
        )
    return Wrong(f"{brief(text)} is no duration: `30s`, `10m`, `2h` or `1h30m`, at most 14 days.")


def percent(text: str) -> int | Wrong:
    """A share strictly between 0 and 100, `50%` or `50`."""
    share = _percent(text)
    if share is not None and 0 < share < _ALL:
        return share
    return Wrong(f"{brief(text)} is no share between 1% and 99%.")


def percent_of_all(text: str) -> int | Wrong:
    """A share from 1 to 100, `10%` or `10`."""
    share = _percent(text)
    if share is not None and 0 < share <= _ALL:
        return share
    return Wrong(f"{brief(text)} is no share between 1% and 100%.")


def count_or_percent(text: str) -> str | Wrong:
    """As in a Deployment: a number of pods, or percent up to 100.

    >>> count_or_percent("01"), count_or_percent("25%")
    ('1', '25%')
    """
    found = _COUNT_OR_PERCENT.fullmatch(text)
    if found is None or (found[2] and int(found[1]) > _ALL):
        return Wrong(
            f"{brief(text)} is neither a number of pods, such as `1`, nor percent up to 100, such as `25%`."
        )
    return f"{int(found[1])}{found[2]}"


def one_of(*names: str) -> Callable[[str], str | Wrong]:
    """One of a few words, in any case."""

    def read(text: str) -> str | Wrong:
        if text.lower() in names:
            return text.lower()
        return Wrong(
            f"{brief(text)} is none of {', '.join(f'`{name}`' for name in names)}.", nearest(text, names)
        )

    return read


def reason(text: str) -> str | Wrong:
    """A sentence of at most 300 characters, its spaces made single."""
    from strategies.spec import MAX_REASON

    words = " ".join(text.split())
    if not words:
        return Wrong("The reason is empty.")
    if len(words) > MAX_REASON:
        return Wrong(f"The reason has {len(words)} characters; at most {MAX_REASON} fit on the card.")
    return words


def nearest(text: str, names: tuple[str, ...]) -> str:
    """``Did you mean `NAME`?``, or empty; long texts are not compared: that costs their square."""
    from difflib import get_close_matches

    if len(text) > 40:  # noqa: PLR2004 — no name is half as long
        return ""
    near = get_close_matches(text.lower(), names, n=1)
    return f"Did you mean `{near[0]}`?" if near else ""


def written_duration(total: int) -> str:
    """Seconds as `duration` reads them.

    >>> written_duration(5400), written_duration(0), written_duration(90061)
    ('1h30m', '0s', '1d1h1m1s')
    """
    left, parts = total, []
    for unit, name in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def written_ratio(value: Ratio) -> str:
    """`1:3`."""
    return f"{value.new}:{value.old}"


def written_steps(value: tuple[Rung, ...]) -> str:
    """`header:X-Canary=beta,25,50,100`."""
    return ",".join(map(str, value))


def written_percent(value: int) -> str:
    """`50%`."""
    return f"{value}%"


def written_text(value: str) -> str:
    """Always in quotes, since a sentence reads better so."""
    bare = quoted(value)
    return bare if bare.startswith('"') else f'"{bare}"'


def _percent(text: str) -> int | None:
    found = _PERCENT.fullmatch(text)
    return int(found[1]) if found else None

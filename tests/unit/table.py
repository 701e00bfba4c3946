"""The tables of docs/reference.md as data, so that what is documented and what is done are compared."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from bot.grammar import flags, table
from bot.policy import Defaults, Environment, Policy, Service
from bot.rules import Approve, Freeze, Governed, Identity, Override, Quiet
from bot.settings import Settings
from tests.unit.stations import STATIONS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference.md"
OF_PEOPLE = ("denials.py", "locks.py", "queue.py", "freezes.py", "reminding.py")
OF_ROUTERS = ("weights.py",)
What = Literal["handled", "advised", "refused", "held"]


@dataclass(frozen=True, slots=True)
class Row:
    """One condition: what happens, the code it is told under, and the words that are never missing."""

    condition: str
    what: str
    code: str
    words: str


def section(title: str) -> str:
    """The text under one heading, up to the next of the same rank."""
    text = REFERENCE.read_text()
    mark = f"\n## {title}\n"
    assert mark in text, f"docs/reference.md has no section {title!r}"
    return text.partition(mark)[2].partition("\n## ")[0].strip() + "\n"


def cells(title: str) -> list[tuple[str, ...]]:
    """A section's first table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [tuple(c.strip() for c in line.strip("|").split(" | ")) for line in lines[2:]]


def conditions() -> list[Row]:
    """The table of conditions."""
    return [
        Row(condition, what, code.strip("`"), words) for condition, what, code, words in cells("Conditions")
    ]


def codes() -> set[str]:
    """Every code that planning and deciding can give, read from the source; routers' own are in docs/routers.md."""
    found = set(
        _codes(f for f in (ROOT / "strategies").glob("*.py") if f.name not in (*OF_PEOPLE, *OF_ROUTERS))
    )
    return found | set(
        _codes(
            ROOT / name
            for name in ("bot/cluster/reviews.py", "bot/engine/planning.py", "bot/engine/rehearsing.py")
        )
    )


def codes_of_people() -> set[str]:
    """Every code of a refusal that is about people, times and locks."""
    files = [ROOT / "strategies" / name for name in OF_PEOPLE]
    files += [ROOT / "bot" / "engine" / name for name in ("consenting.py", "locking.py", "queueing.py")]
    return set(_codes(iter(files))) - {"busy", "rights"}


def _codes(files: Iterator[Path]) -> Iterator[str]:
    """Constants given as `code=`, as the first word of a trouble, or chosen as `code = "a" if … else "b"`."""
    for node in (n for file in files for n in ast.walk(ast.parse(file.read_text()))):
        found: list[ast.expr] = []
        match node:
            case ast.Call(func=ast.Name(id="Trouble" | "Stuck"), args=[first, *_]):
                found = [first]
            case ast.Call(keywords=[*keywords]):
                found = [k.value for k in keywords if k.arg == "code"]
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.IfExp(body=one, orelse=other)):
                found = [one, other]
        yield from (c.value for c in found if isinstance(c, ast.Constant) and isinstance(c.value, str))


def commands() -> str:
    """The section of commands and flags, as the grammar has them."""
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| `{usage_line(verb.name)}` | {verb.help} |" for verb in table.VERBS]
    lines += ["", "| flag | for | what it says | without it |", "|---|---|---|---|"]
    lines += [
        f"| `{_escaped(flag.shown)}` | {', '.join(flag.takes)} | {flag.help} | {flag.default or '–'} |"
        for flag in flags.FLAGS
    ]
    return "\n".join(lines) + "\n"


def usage_line(name: str) -> str:
    """A command and its words."""
    verb = table.BY_NAME[name]
    return " ".join((name, *(_escaped(place.shown) for place in verb.places)))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def intents() -> str:
    """The section of states and intents, as a release knows them."""
    lines = ["| state | intents |", "|---|---|"]
    for station, make in STATIONS.items():
        lines.append(f"| {station} | {', '.join(make().intents()) or '–'} |")
    return "\n".join(lines) + "\n"


def environment() -> str:
    """The section of the process's environment, as its settings say."""
    lines = ["| variable | what it is |", "|---|---|"]
    lines += [f"| `{f.validation_alias}` | {f.description} |" for f in Settings.model_fields.values()]
    return "\n".join(lines) + "\n"


def policy() -> str:
    """The section of the policy's fields, as its models say."""
    lines = ["| field | what it says |", "|---|---|"]
    models: tuple[tuple[str, type[BaseModel]], ...] = (
        ("", Policy),
        ("defaults.", Defaults),
        ("identities.ID.", Identity),
        ("environments.NAME.", Environment),
        ("environments.NAME.approve.", Approve),
        ("environments.NAME.override.", Override),
        ("environments.NAME.freeze[].", Freeze),
        ("environments.NAME.quiet[].", Quiet),
        ("services.NAME.", Service),
    )
    ruled = set(Governed.model_fields)  # a service's are those of its environment
    lines += [
        f"| `{prefix}{field.alias or name}` | {field.description} |"
        for prefix, m in models
        for name, field in m.model_fields.items()
        if not (m is Service and name in ruled)
    ]
    lines.append(
        "| `services.NAME.start`, `.approve`, `.override`, `.reason` | Instead of the environment's. |"
    )
    return "\n".join(lines) + "\n"


def write() -> None:
    """Put the generated sections into the page: `python -m tests.unit.table`."""
    text = REFERENCE.read_text()
    for title, made in (
        ("Commands and flags", commands()),
        ("States and intents", intents()),
        ("Environment", environment()),
        ("Policy", policy()),
    ):
        old = section(title)
        text = text.replace(old, _merged(old, made))
    REFERENCE.write_text(text)


def _merged(old: str, made: str) -> str:
    """Prose before the first table stays."""
    prose = old.partition("|")[0].rstrip()
    return (f"{prose}\n\n" if prose else "") + made


if __name__ == "__main__":
    write()

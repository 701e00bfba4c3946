"""`graylight policy`: a policy file looked at without a cluster, and its schema for editors."""

import json
import sys
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Look at a policy file, or at what it may say.",
)


@app.command("check")
def check(file: Annotated[str, typer.Argument(help="The file; `-` reads standard input.")]) -> None:
    """Say every fault of a policy file with its line, column and remedy; exit 2 where there is one."""
    from bot.policy import PolicyError, load, parse

    found = parse(sys.stdin.read(), "standard input") if file == "-" else load(file)
    if isinstance(found, PolicyError):
        typer.echo(str(found), err=True)
        raise typer.Exit(2)
    environments = ", ".join(found.environments)
    typer.echo(f"{file} is a policy: environments {environments}; {len(found.people)} teams.")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors that complete and check YAML."""
    from bot.policy import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))

"""The commands as Typer knows them: thin, and light to import; what a command needs is imported when it runs.

The words of a command go to the grammar as they were typed, whatever they are: its mistakes have a caret and a remedy.
Only what a terminal has beyond Slack is read here: `--yes`, `--detach`, `--follow`, `-o`.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.overview import overview
from bot.cli.policy import app as policies
from bot.grammar.table import VERBS, Verb

if TYPE_CHECKING:
    from collections.abc import Callable

_ANY_WORDS: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}
_UNKNOWN = "…"  # no shell user types this
_STARTS = ("canary", "bluegreen", "rolling")
_DRAWS = ("picture", "samples")
_SEES = (
    *("plan", "history", "help", "audit", "locks", "whoami", "lock", "unlock"),
    *("queue", "freeze", "unfreeze", "services", "doctor", "nudge"),
)


class Commands(typer.core.TyperGroup):
    """Commands that leave a word they do not know to the grammar, and a help of one screen."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command and its words; an unknown one keeps all of them, so that the caret finds its place."""
        if self.get_command(ctx, args[0]) is None:
            return _UNKNOWN, self.get_command(ctx, _UNKNOWN), args
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """All commands on one screen."""
        del ctx
        formatter.write(overview())


app = typer.Typer(cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Words = typer.Context
_OUTPUTS = ("text", "json")
As = Annotated[str, typer.Option("--output", "-o", help="text, or json for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Start without asking.")]
Detach = Annotated[bool, typer.Option("--detach", help="Do not follow the release.")]
Out = Annotated[str, typer.Option("--out", help="The PNG to write.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Until it ends or needs a person.")]


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Which Graylight this is.")] = False,  # noqa: FBT002 — how Typer declares a switch
) -> None:
    if version:
        _version()
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(overview().rstrip("\n"))
        raise typer.Exit


def _obey(ctx: typer.Context, output: str, **said: Any) -> None:
    from bot.cli.commands import Wish, obey
    from bot.cli.screen import Screen

    if output not in _OUTPUTS:
        typer.echo(f"`-o` takes `text` or `json`, not `{output}`.", err=True)
        raise typer.Exit(2)
    name = () if ctx.info_name == _UNKNOWN else (str(ctx.info_name),)
    raise typer.Exit(obey([*name, *ctx.args], Wish(**said), Screen(as_json=output == "json")))


def _start(ctx: Words, output: As = "text", yes: Yes = False, detach: Detach = False) -> None:  # noqa: FBT002 — how Typer declares a switch
    _obey(ctx, output, yes=yes, detach=detach)


def _act(ctx: Words, output: As = "text", yes: Yes = False, detach: Detach = False) -> None:  # noqa: FBT002 — how Typer declares a switch
    del yes  # an intent asks nothing; scripts may say it to every command
    _obey(ctx, output, detach=detach)


def _status(ctx: Words, output: As = "text", follow: Follow = False) -> None:  # noqa: FBT002 — how Typer declares a switch
    _obey(ctx, output, follow=follow)


def _see(ctx: Words, output: As = "text") -> None:
    _obey(ctx, output)


def _draws(ctx: Words, output: As = "text", out: Out = "") -> None:
    _obey(ctx, output, out=out)


def _reader(verb: Verb) -> "Callable[..., None]":
    if verb.name in _STARTS:
        return _start
    if verb.name == "status":
        return _status
    if verb.name in _DRAWS:
        return _draws
    return _see if verb.name in _SEES else _act


def _register() -> None:
    for verb in VERBS:
        for name in (verb.name, *verb.also):
            made = app.command(
                name,
                help=verb.help,
                hidden=name != verb.name,
                add_help_option=False,
                context_settings=_ANY_WORDS,
            )
            made(_reader(verb))
    app.command(_UNKNOWN, hidden=True, add_help_option=False, context_settings=_ANY_WORDS)(_see)


_register()


@app.command("run")
def _run() -> None:
    """Run the bot: Slack where its tokens are set, and the engine that does the releases."""
    from bot.cli.errand import serve
    from bot.cli.screen import Screen
    from bot.settings import for_slack

    raise typer.Exit(serve("run", Screen(), for_slack))


@app.command("playground")
def _playground(
    port: Annotated[int | None, typer.Option(help="Port of the page.", min=0, max=65535)] = None,
    kubeconfig: Annotated[
        str | None, typer.Option(help="A real cluster to play on, instead of a pretended one.")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="A policy file.")] = None,
) -> None:
    """Try it all on a cluster and a Slack that are only pretended, on this machine."""
    import logging

    from bot.cli.errand import serve
    from bot.cli.screen import Screen

    said = {"port": port, "kubeconfig": kubeconfig, "policy": policy}
    wishes: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    raise typer.Exit(serve("play", Screen(), level=logging.WARNING, **wishes))


app.add_typer(policies, name="policy")


@app.command("version")
def _version() -> None:
    """Which Graylight this is."""
    from importlib.metadata import version

    typer.echo(f"graylight {version('graylight')}")

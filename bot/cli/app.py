"""`graylight`: the entry point. Help is there before anything else is imported; commands import what they need."""

import sys

from bot.cli.overview import overview

_HELP: tuple[list[str], ...] = ([], ["--help"], ["-h"])


def main() -> None:
    """The `graylight` of the shell."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an arrow must not kill it under an ASCII locale
    if sys.argv[1:] in _HELP:
        sys.stdout.write(overview())
        return
    from bot.cli.shell import app

    app(prog_name="graylight")

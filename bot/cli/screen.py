"""Where a command speaks: stdout for what was asked, stderr for what went wrong, and the person, where there is one.

Invariants: without a terminal nothing but text is written, no control codes; with `-o json` stdout has JSON and nothing
else; a question is put only where somebody can answer it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from bot.cli.documents import refused
from bot.cli.plain import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from strategies.refusal import Refusal

_WIDE = 100  # without a terminal nobody's window limits a table
_LONGEST_ANSWER = 4096


class Screen:
    """One command's voice. `as_json` is `-o json`."""

    def __init__(
        self, *, as_json: bool = False, out: TextIO | None = None, keys: "Keyboard | None" = None
    ) -> None:
        self.as_json = as_json
        self._out = out or sys.stdout
        self.keys = keys or Keyboard(sys.stdin)
        self._console: Console | None = None

    @property
    def live(self) -> bool:
        """Whether a moving picture makes sense."""
        return self._out.isatty() and not self.as_json and os.environ.get("TERM") != "dumb"

    @property
    def person(self) -> bool:
        """Whether somebody is there to be asked."""
        return self._out.isatty() and self.keys.there and not self.as_json

    @property
    def console(self) -> "Console":
        """Rich's console, made when first needed; it honours NO_COLOR."""
        if self._console is None:
            from rich.console import Console

            width = None if self._out.isatty() else _WIDE
            self._console = Console(
                file=self._out, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False
            )
        return self._console

    def show(self, shown: "RenderableType") -> None:
        """Something that was asked for; nothing under -o json."""
        if self.as_json:
            return
        if self._out.isatty():
            self.console.print(shown)
            return
        with self.console.capture() as captured:
            self.console.print(shown)
        print("\n".join(row.rstrip() for row in captured.get().splitlines()), file=self._out, flush=True)

    def say(self, text: str) -> None:
        """A sentence on stdout, unwrapped; nothing under -o json."""
        if self.as_json:
            return
        if self._out.isatty():
            self.console.print(styled(text))
        else:
            print(clean(text), file=self._out, flush=True)

    def document(self, document: Mapping[str, Any]) -> None:
        """One JSON document on a line of its own; nothing without -o json."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False), file=self._out, flush=True)

    def trouble(self, text: str, *, as_is: bool = False) -> None:
        """Something that went wrong, on stderr; `as_is` where the columns matter."""
        if sys.stderr.isatty() and not as_is:
            from rich.console import Console

            Console(stderr=True, highlight=False, markup=False, emoji=False).print(styled(text))
            return
        sys.stderr.write(clean(text) + "\n")
        sys.stderr.flush()

    def refuse(self, refusal: "Refusal") -> None:
        """A refusal: what, and the remedy, on stderr; as a document too, under -o json."""
        self.document(refused(refusal))
        self.trouble("\n".join(part for part in (refusal.what, refusal.remedy) if part))

    async def ask(self, question: str, *, fresh: bool = False) -> str | None:
        """An answer without spaces around it, None at the end of the input. `fresh` forgets what was typed before."""
        if fresh:
            self.keys.forget()
        self.prompt(question)
        return await self.keys.line()

    def prompt(self, question: str) -> None:
        """The question alone; the answer is awaited already, or will be."""
        print(f"{clean(question)} ", end="", file=self._out, flush=True)


class Keyboard:
    """Lines that a person types, awaited without blocking anything else."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._typed = b""
        self._hushed = False

    @property
    def there(self) -> bool:
        """Whether a terminal is at the other end."""
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def forget(self) -> None:
        """Drop what was typed before the question was seen: it answered something else."""
        self._typed = b""
        with suppress(ImportError, OSError):  # no such thing here: then it is read as the answer
            import termios

            if self._stream is not None:
                termios.tcflush(self._stream.fileno(), termios.TCIFLUSH)

    def hush(self, *, quiet: bool) -> None:
        """Typed keys are not echoed while a picture moves: they would tear it. Ctrl-C works as ever."""
        if quiet == self._hushed or not self.there or self._stream is None:
            return
        with suppress(ImportError, OSError):  # no such thing here: then they are echoed
            import termios

            number = self._stream.fileno()
            modes = termios.tcgetattr(number)
            modes[3] = modes[3] & ~termios.ECHO if quiet else modes[3] | termios.ECHO
            termios.tcsetattr(number, termios.TCSANOW, modes)
            self._hushed = quiet

    async def line(self) -> str | None:
        """The next line; None at the end of the input."""
        if self._stream is None:
            return None
        loop, number = asyncio.get_running_loop(), self._stream.fileno()
        readable = asyncio.Event()
        loop.add_reader(number, readable.set)
        try:
            while b"\n" not in self._typed:
                await readable.wait()
                readable.clear()
                more = os.read(number, _LONGEST_ANSWER)
                if not more:
                    return None
                self._typed += more
        finally:
            loop.remove_reader(number)
        answer, _, self._typed = self._typed.partition(b"\n")
        return answer.decode(errors="replace").strip()


def styled(text: str) -> "RenderableType":
    """A sentence for a terminal: what stands in backticks is to be typed, so it gets a colour instead of them."""
    from rich.text import Text

    parts = clean(text).split("`")
    if len(parts) % 2 == 0:
        return Text("`".join(parts))
    return Text("").join(Text(part, "cyan" if at % 2 else "") for at, part in enumerate(parts))

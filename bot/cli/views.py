"""Three ways to follow a release: a live picture at a terminal, plain lines without one, JSON lines for scripts.

Each is told of every event once, in order, and of every change of the record; none decides anything.
"""

from typing import TYPE_CHECKING, Protocol

from bot.cli.documents import ended, followed
from bot.cli.plain import line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from bot.cli.exits import Exit
    from bot.cli.screen import Screen
    from strategies.release import Event, Release


class View(Protocol):
    """How a followed release is shown."""

    def told(self, event: "Event", release: "Release") -> None:
        """One more event."""
        ...

    def changed(self, release: "Release") -> None:
        """The release as it stands now."""
        ...

    def still(self) -> None:
        """Nothing moves on the screen until the next change: a question or the end follows."""
        ...

    def ended(self, release: "Release", code: "Exit", goes_on: str) -> None:
        """Following ends; `goes_on` is the command that continues, where one does."""
        ...


def view(screen: "Screen") -> View:
    """The one that fits the screen."""
    if screen.as_json:
        return Documents(screen)
    return Picture(screen) if screen.live else Lines(screen)


class Lines:
    """One line per event, no control codes."""

    def __init__(self, screen: "Screen") -> None:
        self._screen = screen

    def told(self, event: "Event", release: "Release") -> None:
        """The local time of day, and the sentence."""
        del release
        self._screen.say(f"{event.at.astimezone():%H:%M:%S} {line(event.text)}")

    def changed(self, release: "Release") -> None:
        """Events say it already."""

    def still(self) -> None:
        """Nothing moves here."""

    def ended(self, release: "Release", code: "Exit", goes_on: str) -> None:
        """The events said how; the caller says what to do next."""


class Documents:
    """One JSON document per event, and one for the end."""

    def __init__(self, screen: "Screen") -> None:
        self._screen = screen

    def told(self, event: "Event", release: "Release") -> None:
        """See documents.followed."""
        self._screen.document(followed(event, release))

    def changed(self, release: "Release") -> None:
        """Events say it already."""

    def still(self) -> None:
        """Nothing moves here."""

    def ended(self, release: "Release", code: "Exit", goes_on: str) -> None:
        """See documents.ended."""
        self._screen.document(ended(release, code, goes_on))


class Picture:
    """The panel at the bottom, drawn anew as its clock runs; the log scrolls above it."""

    def __init__(self, screen: "Screen") -> None:
        self._screen = screen
        self._live: Live | None = None
        self._release: Release | None = None

    def told(self, event: "Event", release: "Release") -> None:
        """Above the panel."""
        from bot.cli.progress import log_line

        del release
        self._screen.console.print(log_line(event))

    def changed(self, release: "Release") -> None:
        """Draw it, and keep drawing."""
        from rich.live import Live

        self._release = release
        if self._live is None:
            self._live = Live(
                console=self._screen.console,
                get_renderable=self._panel,
                refresh_per_second=2,
                transient=True,
                redirect_stdout=False,
            )
            self._screen.keys.hush(quiet=True)
            self._live.start(refresh=True)
        else:
            self._live.refresh()

    def still(self) -> None:
        """Take the moving panel away and leave a standing one."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._screen.keys.hush(quiet=False)
            self._screen.console.print(self._panel())

    def ended(self, release: "Release", code: "Exit", goes_on: str) -> None:
        """The last picture stays."""

    def _panel(self) -> "RenderableType":
        from bot.cli.progress import panel

        return panel(self._release) if self._release is not None else ""

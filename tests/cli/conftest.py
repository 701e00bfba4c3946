"""`graylight …` in this process, with a fake office; and a terminal with a person at it."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.cli import app
from bot.cli import office as offices
from bot.cli.commands import Wish, obey
from bot.cli.screen import Keyboard, Screen
from bot.settings import Settings
from tests.cli.stage import FakeOffice


@dataclass
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str = ""


class Window(io.StringIO):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class Person(Keyboard):
    """Somebody who types these answers, one each time they are asked, and then thinks for ever; None is Ctrl-D."""

    def __init__(self, *answers: str | None) -> None:
        super().__init__(None)
        self.answers = list(answers)
        self.asked = 0
        self._more = asyncio.Condition()

    async def until(self, times: int) -> None:
        """Until they have been asked so often, and have answered what they can."""
        async with self._more:
            await self._more.wait_for(lambda: self.asked >= times)

    @property
    def there(self) -> bool:
        """They are."""
        return True

    def hush(self, *, quiet: bool) -> None:
        """No terminal to tell."""

    def forget(self) -> None:
        """They type only when asked."""

    async def line(self) -> str | None:
        """The next answer."""
        async with self._more:
            self.asked += 1
            self._more.notify_all()
        if not self.answers:
            await asyncio.Event().wait()
        return self.answers.pop(0)


Graylight = Callable[..., Ran]
AtTerminal = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "KUBECONFIG",
        "GRAYLIGHT_NAMESPACE",
        "GRAYLIGHT_POLICY",
        "GRAYLIGHT_LISTEN",
        "GRAYLIGHT_DEBUG",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL", "SLACK_SIGNING_SECRET", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeOffice], None]:
    """Put a fake office in the place of the real one."""

    def use(office: FakeOffice) -> None:
        @asynccontextmanager
        async def open_office(settings: Settings) -> AsyncIterator[FakeOffice]:
            yield office

        monkeypatch.setattr(offices, "open_office", open_office)

    return use


@pytest.fixture
def graylight(
    opened: Callable[[FakeOffice], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Graylight:
    """Run it without a terminal: `graylight(office, "status", "-o", "json")`."""

    def run(office: FakeOffice, *words: str) -> Ran:
        opened(office)
        monkeypatch.setattr(sys, "argv", ["graylight", *words])
        code = 0
        try:
            app.main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def at_terminal(
    opened: Callable[[FakeOffice], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AtTerminal:
    """Run it at a terminal of 80 columns, with a person."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(office: FakeOffice, person: Person, *words: str, **said: Any) -> Ran:
        opened(office)
        window = Window()
        code = obey(words, Wish(**said), Screen(out=window, keys=person))
        return Ran(code, window.getvalue(), capsys.readouterr().err)

    return run

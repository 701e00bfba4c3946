"""`picture` at a terminal."""

from pathlib import Path
from typing import Any

import pytest

from bot.ports import Unpainted
from strategies.picture import Picture
from tests.cli.conftest import Graylight
from tests.cli.stage import FakeOffice
from tests.picture.test_painter import released


@pytest.fixture
def brush(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Draws at once; fails where the list holds an exception."""
    drawn: list[Any] = []

    class Brush:
        async def paint(self, picture: Picture) -> bytes:
            """What begins as a PNG does."""
            if drawn:
                raise drawn[0]
            return b"\x89PNG" + picture.title.encode()

    monkeypatch.setattr("bot.picture.painter.Painter", Brush)
    return drawn


def test_a_picture_goes_into_the_file_that_was_named(
    graylight: Graylight, brush: list[Any], tmp_path: Path
) -> None:
    out = tmp_path / "release.png"
    ran = graylight(FakeOffice(found=released()), "picture", "k8sdemo-17", "--out", str(out))
    assert (ran.code, out.read_bytes()[:4]) == (0, b"\x89PNG")
    assert str(out) in ran.out


def test_what_cannot_be_drawn_is_told_and_fails(
    graylight: Graylight, brush: list[Any], tmp_path: Path
) -> None:
    brush.append(Unpainted("no ink"))
    ran = graylight(FakeOffice(found=released()), "picture", "--out", str(tmp_path / "x.png"))
    assert ran.code == 1
    assert "no ink" in ran.err


def test_of_what_was_not_measured_nothing_is_drawn(
    graylight: Graylight, brush: list[Any], tmp_path: Path
) -> None:
    bare = released().model_copy(update={"course": released().course.model_copy(update={"points": ()})})
    out = tmp_path / "x.png"
    ran = graylight(FakeOffice(found=bare), "picture", "--out", str(out))
    assert (ran.code, out.exists()) == (2, False)

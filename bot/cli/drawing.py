"""`picture` at a terminal: a release's life into a PNG file, drawn in a process of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.exits import Exit
from bot.ports import Unpainted
from strategies.picture import picture
from strategies.refusal import Refusal

if TYPE_CHECKING:
    from bot.cli.office import Office
    from bot.cli.screen import Screen


async def draw(office: "Office", screen: "Screen", target: str | None, out: str) -> int:
    """Into `out`, or into a file named by the release; an existing one is written over."""
    from bot.picture.painter import Painter

    release = await office.desk.find(target)
    if isinstance(release, Refusal):
        screen.refuse(release)
        return Exit.REFUSED
    seen = picture(release, now=datetime.now(UTC))
    if seen is None:
        what = f"Nothing has been measured of {release.id} yet, so there is nothing to draw."
        screen.refuse(Refusal(code="nothing-measured", what=what, remedy="Draw it when a step is proven."))
        return Exit.REFUSED
    path = Path(out or f"{release.id}.png")
    try:
        drawn = await Painter().paint(seen)
        path.write_bytes(drawn)  # noqa: ASYNC240 - one small file, and nobody else waits for this process
    except (Unpainted, OSError) as e:
        screen.trouble(f"{release.id} could not be drawn into {path}: {e}")
        return Exit.FAILED
    screen.document({"picture": {"release": release.id, "file": str(path), "bytes": len(drawn)}})
    screen.say(f"{path} shows {release.id}.")
    return Exit.DONE

"""Draws a message or view as a PNG: `python tests/slack_standin/render.py BLOCKS.json OUT.png [--dark]`.

BLOCKS.json is a list of blocks, a message `{text?, blocks?, attachments?, only_you?}`, a list of messages, or a
modal view. Needs Playwright (of any Python) and a Chromium: `--chromium`, else the one on the path. Nothing is
fetched: the page's own files are handed to the browser from the package.
"""

import argparse
import asyncio
import json
import mimetypes
import shutil
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[2] / "bot/playground/page/static"
ORIGIN = "http://graylight.invalid"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def messages(given: Any) -> list[dict[str, Any]]:
    """The messages (or the one view) that a file holds."""
    if isinstance(given, dict):
        return [given]
    if given and all("type" in one and "blocks" not in one for one in given):
        return [{"blocks": given}]
    return list(given)


async def draw(given: Any, out: Path, *, width: int, dark: bool, chromium: str) -> None:
    """Writes the picture; the browser's errors are raised."""
    from playwright.async_api import (  # type: ignore[import-not-found]  # no dependency of the project
        async_playwright,
    )

    async def serve(route: Any) -> None:
        path = STATIC / Path(route.request.url.removeprefix(f"{ORIGIN}/")).name
        kind = mimetypes.guess_type(path.name)[0] or "text/plain"
        await route.fulfill(body=path.read_bytes(), content_type=kind)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page(
            viewport={"width": width, "height": 200},
            device_scale_factor=2,
            color_scheme="dark" if dark else "light",
        )
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.route("**/*", serve)
        await page.goto(f"{ORIGIN}/render.html")
        await page.wait_for_function("window.ready")
        for one in messages(given):
            await page.evaluate("given => window.draw(given)", one)
        if problems:
            raise RuntimeError("; ".join(problems))
        await page.screenshot(path=str(out), full_page=True)
        await browser.close()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("blocks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=760, help="pixels")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    given = parser.parse_args()
    content = json.loads(given.blocks.read_text())
    asyncio.run(draw(content, given.out, width=given.width, dark=given.dark, chromium=given.chromium))


if __name__ == "__main__":
    main()

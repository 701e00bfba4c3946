"""Asks a short-lived process to draw: what matplotlib takes (80 MiB) is given back before the next release.

One at a time, so that the container's limit holds; a drawing that takes too long is ended. Raises Unpainted, never more.
"""

import asyncio
import os
import sys
from contextlib import suppress
from tempfile import TemporaryDirectory

from bot.ports import Unpainted
from strategies.picture import Picture

PATIENCE = 60.0  # seconds
MOST = 4 * 1024 * 1024  # bytes of a picture


class Painter:
    """Implements `ports.Painter`."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._one = asyncio.Semaphore(1)

    async def paint(self, picture: Picture) -> bytes:
        """A PNG."""
        async with self._one:
            try:
                with TemporaryDirectory(prefix="graylight-", ignore_cleanup_errors=True) as scratch:
                    return await self._drawn(picture, scratch)
            except TimeoutError as e:
                raise Unpainted(f"it was not drawn within {self._patience:g} s") from e
            except OSError as e:
                raise Unpainted(f"it could not be drawn: {e}") from e

    async def _drawn(self, picture: Picture, scratch: str) -> bytes:
        """`scratch` is where matplotlib keeps its list of fonts; the rest of the file system may be read-only."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.picture.draw",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(scratch),
        )
        try:
            async with asyncio.timeout(self._patience):
                drawn, said = await process.communicate(picture.model_dump_json().encode())
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode or not drawn.startswith(b"\x89PNG") or len(drawn) > MOST:
            last = said.decode(errors="replace").strip().splitlines()[-1:] or [f"exit {process.returncode}"]
            raise Unpainted(f"it could not be drawn: {last[0]}")
        return drawn


def _environment(scratch: str) -> dict[str, str]:
    """Only what Python needs: no token goes to a process that has no use for it."""
    kept = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
    own = {"MPLCONFIGDIR": scratch, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
    return {name: os.environ[name] for name in kept if name in os.environ} | own

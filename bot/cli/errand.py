"""One command from its words to its exit code; whatever happens ends in a sentence, not in a traceback.

A refusal is exit 2, an outage 1, a bug 1 with a hint at GRAYLIGHT_DEBUG=1, Ctrl-C 130. Heavy imports happen here.
"""

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.cli import office as offices
from bot.cli.exits import Exit
from bot.settings import Settings, load
from strategies.refusal import Refusal

if TYPE_CHECKING:
    from bot.cli.office import Office
    from bot.cli.screen import Screen

Errand: TypeAlias = "Callable[[Office, Screen], Awaitable[int]]"


def perform(errand: Errand, screen: "Screen") -> int:
    """Run an errand with an office that is opened for it and closed after it."""
    settings = load()
    if isinstance(settings, Refusal):
        screen.refuse(settings)
        return Exit.REFUSED

    async def in_office() -> int:
        async with offices.open_office(settings) as office:
            return await errand(office, screen)

    logs(logging.DEBUG if debugging() else logging.WARNING)
    return guarded(in_office, screen)


def serve(
    name: str,
    screen: "Screen",
    check: Callable[[Settings], Refusal | None] | None = None,
    *,
    level: int = logging.INFO,
    **wishes: Any,
) -> int:
    """Run an entry point of the composition root that serves until it is told to stop: `run`, `play`.

    `wishes` go to it as they are; `level` is what it logs from on.
    """
    settings = load()
    refused = settings if isinstance(settings, Refusal) else check(settings) if check else None
    if isinstance(settings, Refusal) or refused is not None:
        screen.refuse(refused or Refusal(code="bad-setting", what="The settings are wrong."))
        return Exit.REFUSED
    logs(logging.DEBUG if debugging() else level)

    async def serving() -> int:
        from importlib import import_module

        main = import_module("bot.main")
        code: int = await getattr(main, name)(settings, **wishes)
        return code

    return guarded(serving, screen)


def guarded(work: Callable[[], Coroutine[Any, Any, int]], screen: "Screen") -> int:
    """Run it; every way it may end becomes an exit code."""

    async def stoppable() -> int:
        # A polite kill ends a command as Ctrl-C does, so that the engine's Lease is given back at once. An entry
        # point that serves puts its own in place of it.
        task = asyncio.current_task()
        if task is not None:
            with suppress(NotImplementedError, ValueError, RuntimeError):  # only the main thread has signals
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    try:
        return asyncio.run(stoppable())
    except (KeyboardInterrupt, asyncio.CancelledError):
        screen.trouble("Interrupted. `graylight status` shows what runs.")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader left, as `head` does; nothing may be written any more, not even by the interpreter's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as e:  # noqa: BLE001 — the one guard: a person gets a sentence and the number 1
        return _failed(e, screen)


def _failed(error: Exception, screen: "Screen") -> int:
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if debugging():
        traceback.print_exception(error, file=sys.stderr)
    if _is(error, "bot.main", "Unusable"):
        screen.refuse(Refusal(code="unusable", what=str(error)))
        return Exit.REFUSED
    if _is(error, "bot.cluster.errors", "ApiError"):
        _outage(screen, _no_answer(error))
    elif isinstance(error, OSError):
        _outage(screen, f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}.")
    else:
        what = f"This is a bug in Graylight: {type(error).__name__}: {error}."
        _outage(screen, what if debugging() else f"{what} GRAYLIGHT_DEBUG=1 shows where.")
    return Exit.FAILED


def _no_answer(error: Exception) -> str:
    said = str(error).strip().rstrip(".")
    if said.startswith("no cluster"):
        return f"{said[0].upper()}{said[1:]}."
    down = _is(error, "bot.cluster.errors", "Unreachable")
    return f"{'The cluster does not answer' if down else 'The API server refuses'}: {said}."


def _outage(screen: "Screen", what: str) -> None:
    screen.document({"failed": {"what": what}})
    screen.trouble(what)


def _is(error: Exception, module: str, name: str) -> bool:
    """Whether it is such an error; a module that was never imported cannot have raised it."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def debugging() -> bool:
    """Whether tracebacks and debug logs are wanted."""
    return os.environ.get("GRAYLIGHT_DEBUG", "") not in {"", "0"}


def logs(level: int) -> None:
    """Logs go to stderr, a line each."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    if level > logging.DEBUG:
        for chatty in ("apscheduler", "kubernetes", "aiohttp.access", "watchfiles"):
            logging.getLogger(chatty).setLevel(logging.WARNING if level < logging.WARNING else logging.ERROR)

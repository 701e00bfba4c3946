"""The policy in force: read at the start, and again whenever its file changes; a broken new one keeps the old one.

A ConfigMap's mount swaps a symlink beside the file, editors write a new file and rename it: so the folder is watched,
and the file read again after anything in it changed (and every half minute, for file systems that tell nobody).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from logging import getLogger
from pathlib import Path

from watchfiles import awatch

from bot.policy import Policy, PolicyError, hints, load
from strategies.hints import Hints
from strategies.people import Calendar, Freeze, Rules

log = getLogger(__name__)

DEBOUNCE, STEP = 200, 50  # milliseconds: a change is read once it has been quiet for a step
AT_LEAST = 30_000  # milliseconds between two readings where nothing is told
AGAIN = 30.0  # seconds after which a folder that cannot be watched is tried again
NO_POLICY = "There is no policy file: every full member of the workspace may do everything."


class Book:
    """`trouble` says why what stands in the file now is not in force; `changed` is called with each new policy."""

    def __init__(self, policy: Policy | None = None, path: str | None = None) -> None:
        self.policy, self._path = policy, path
        self._folder = Path(path or ".").absolute().parent
        self.trouble: PolicyError | None = None
        self.changed: Callable[[Policy], None] = lambda _: None
        self.looked: Callable[[], None] = lambda: None  # called after each reading of the file
        self.decreed: Callable[[str], tuple[Freeze, ...]] = lambda _: ()  # freezes begun by command

    @property
    def file(self) -> str | None:
        """Where it stands; None without one."""
        return self._path

    @property
    def admins(self) -> tuple[str, ...]:
        """The ids of those who are told that the file is broken."""
        return self.policy.told if self.policy else ()

    @property
    def channel(self) -> str:
        """Where cards of the command line go; empty for nowhere."""
        return (self.policy.channel or "") if self.policy else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a preview says about it."""
        if self.policy is None:
            return (NO_POLICY,)
        return (
            (f"The policy file is broken, so the former one holds: {self.trouble}",) if self.trouble else ()
        )

    def hints(self, service: str, environment: str) -> Hints:
        """What it says about how a service is released there."""
        return hints(self.policy, service, environment)

    def rules(self, environment: str, service: str) -> Rules:
        """Who may do what."""
        rules = self.policy.rules(environment, service) if self.policy else Rules(environment)
        return replace(rules, calendar=self.calendar(environment))

    def calendar(self, environment: str) -> Calendar:
        """Freezes and quiet hours."""
        found = self.policy.calendar(environment) if self.policy else Calendar()
        return replace(found, freezes=(*self.decreed(environment), *found.freezes))

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Every environment by itself, then each service that has rules of its own in it: what whoami tells."""
        if self.policy is None:
            return (("default", ""),)
        own = [n for n, s in self.policy.services.items() if s.start or s.approve or s.override]
        return tuple((env, name) for env in self.policy.environments for name in ("", *own))

    async def watch(self) -> None:
        """Until cancelled; nothing to do where there is no file."""
        if self._path is None:
            return
        while True:
            try:
                async for _ in awatch(
                    self._folder,
                    watch_filter=self.concerns,
                    debounce=DEBOUNCE,
                    step=STEP,
                    rust_timeout=AT_LEAST,
                    yield_on_timeout=True,
                    recursive=False,
                ):
                    self.read()
            except OSError as e:
                log.warning("the folder of the policy %s cannot be watched: %s", self._path, e)
            await asyncio.sleep(AGAIN)  # a back-off; the loop above ends only by a failure
            self.read()

    def concerns(self, _: object, path: str) -> bool:
        """Whether a change in the folder may be one of the file: its own, or the swap of a ConfigMap's mount (`..data`)."""
        name = Path(path).name
        return name == Path(self._path or "").name or name.startswith("..")

    def read(self) -> None:
        """The file as it is now; in force where it is right and says something new."""
        if self._path is None:
            return
        self._take(load(self._path))
        self.looked()

    def _take(self, found: Policy | PolicyError) -> None:
        if isinstance(found, PolicyError):
            if found != self.trouble:
                log.warning("the new policy is broken, so the former one stays in force: %s", found)
            self.trouble = found
            return
        if self.trouble is not None or found != self.policy:
            log.info("the policy %s is in force as it stands now", self._path)
        before, self.policy, self.trouble = self.policy, found, None
        if found != before:
            self.changed(found)


def opened(path: str | None) -> Book | PolicyError:
    """The book of a file, or of none; a first policy that is broken is an error, since there is no former one."""
    if path is None:
        return Book()
    found = load(path)
    return found if isinstance(found, PolicyError) else Book(found, path)

"""Outages on demand, rights withheld, and eyes on every request: what tests use to hurt and to count.

`Calls` is told of each request before it is carried out and after; a hook that raises cuts the connection at that
point, so "the write was made and its answer lost" is one line of a test.
"""

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from bot.playground.kube.answers import Refusal

Away = Literal["", "refuse", "hang", "error"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `verb` is get, list, watch, create, update, patch, delete, proxy, log or other.

    `status` is the HTTP status of the answer, 0 in the phase before it.
    """

    phase: Literal["before", "after"]
    verb: str
    plural: str
    namespace: str
    name: str
    subresource: str
    manager: str
    method: str
    path: str
    status: int = 0


Hook = Callable[[Call], Awaitable[None] | None]


class Cut(Exception):  # it names what happens: the connection ends without an answer
    """A hook raised: no answer is to be sent."""


class Calls:
    """Counts requests by `verb plural` and tells hooks of them."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self._hooks: list[Hook] = []

    def hook(self, hook: Hook) -> Callable[[], None]:
        """Be told of every request from now on; answers how to stop."""
        self._hooks.append(hook)
        return lambda: self._hooks.remove(hook)

    async def before(self, call: Call) -> None:
        """Count the request and tell the hooks; Cut where one raises."""
        self.count[f"{call.verb} {call.plural}".strip()] += 1
        await self._tell(call)

    async def after(self, call: Call, status: int) -> None:
        """Tell the hooks how it went; Cut where one raises."""
        await self._tell(replace(call, phase="after", status=status))

    async def _tell(self, call: Call) -> None:
        for hook in list(self._hooks):
            try:
                result = hook(call)
                if inspect.isawaitable(result):
                    await result
            except Exception as e:
                raise Cut from e


class Rights:
    """What the user may not do: pairs of verb and resource, such as `("patch", "deployments/scale")`."""

    def __init__(self) -> None:
        self.denied: set[tuple[str, str]] = set()
        self.denied_to: set[tuple[str, str, str]] = set()  # another user, verb, resource

    def allows_to(self, user: str, verb: str, resource: str) -> bool:
        """The same for somebody else."""
        return (user, verb, resource) not in self.denied_to

    def allows(self, verb: str, resource: str) -> bool:
        """Whether a verb on a resource or subresource is allowed."""
        return (verb, resource) not in self.denied

    def check(self, call: Call) -> None:
        """Refusal 403 for what is denied."""
        resource = f"{call.plural}/{call.subresource}" if call.subresource else call.plural
        if not self.allows(call.verb, resource):
            words = f'{resource} is forbidden: User "playground" cannot {call.verb} resource "{resource}"'
            raise Refusal(403, "Forbidden", f'{words} in the namespace "{call.namespace}"', {})


class Gate:
    """Whether the server answers at all."""

    def __init__(self) -> None:
        self.away: Away = ""
        self._back = asyncio.Event()
        self._back.set()

    def close(self, how: Away) -> None:
        """From now on hang or answer 503."""
        self.away = how
        self._back.clear()

    def open(self) -> None:
        """Answer again; what hung goes on."""
        self.away = ""
        self._back.set()

    async def passed(self) -> bool:
        """Wait while the server hangs; False where it is to answer 503."""
        if self.away == "hang":
            await self._back.wait()
        return self.away != "error"


class Control:
    """All of it, for one server."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.rights = Rights()
        self.gate = Gate()

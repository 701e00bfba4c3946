"""The addresses that a command or click may be answered at: five times, within thirty minutes.

An answer may add a message (private by default), replace the one that was clicked, or delete it; it is the
only way to change an ephemeral message. Source: Slack's "Handling user interaction", message responses.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from bot.playground.slack.limits import judge_message
from bot.playground.slack.message import Message
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import Workspace

USES: Final = 5
LIVES: Final = 30 * 60.0  # seconds


@dataclass(slots=True)
class Handle:
    """One response_url: whom it answers, where, and the message that was clicked (None for a command)."""

    id: str
    user: str
    channel: str
    origin: Message | None
    issued: float
    uses: int = 0


@dataclass(slots=True)
class Responses:
    """All response_urls; `refused` says why answers were not taken."""

    workspace: Workspace
    handles: dict[str, Handle] = field(default_factory=dict)
    refused: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def issue(self, user: str, channel: str, origin: Message | None) -> str:
        """A new response_url."""
        name = f"R{self.workspace.serial()}"
        self.handles[name] = Handle(name, user, channel, origin, self.workspace.clock())
        return f"{self.workspace.address}/response/{name}"

    async def answer(self, request: web.Request) -> web.Response:
        """An app answers at a response_url."""
        handle = self.handles.get(request.match_info["handle"])
        if handle is None:
            return self._refuse(404, "invalid_url")
        if self.workspace.clock() - handle.issued > LIVES:
            return self._refuse(404, "expired_url")
        if handle.uses >= USES:
            return self._refuse(404, "used_url")
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return self._refuse(400, "invalid_payload")
        deletes = _said(body.get("delete_original"))
        verdict = None if deletes else judge_message(body)
        if verdict:
            return self._refuse(400, verdict.error, verdict.messages)
        replaces = deletes or _said(body.get("replace_original"))
        if replaces and handle.origin is not None and handle.origin not in self.workspace.messages:
            return self._refuse(404, "message_not_found")
        handle.uses += 1
        self.apply(handle, body, replaces=replaces, deletes=deletes)
        return web.Response(text="ok")

    def apply(self, handle: Handle, body: Json, *, replaces: bool, deletes: bool) -> None:
        """Does what a valid answer says."""
        if handle.origin is not None and deletes:
            self.workspace.remove(handle.origin)
        elif handle.origin is not None and replaces:
            self.workspace.rewrite(handle.origin, body)
        elif not deletes:
            self.say(handle.user, handle.channel, body)

    def say(self, user: str, channel: str, body: Json) -> Message:
        """Posts an answer: to one person, unless it says `in_channel`."""
        alone = user if body.get("response_type", "ephemeral") == "ephemeral" else None
        return self.workspace.post(body, channel=channel, ephemeral_for=alone)

    def _refuse(self, status: int, error: str, messages: tuple[str, ...] = ()) -> web.Response:
        self.refused.append(("response_url", error, messages))
        return web.Response(status=status, text=error)


def _said(value: Any) -> bool:
    return value in (True, "true")

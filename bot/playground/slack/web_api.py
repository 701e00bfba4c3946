"""The Web API's door: token, scope, rate, failures on command, then the method; every call is recorded.

Answers are as Slack's: HTTP 200 with `ok`, 429 with `Retry-After`. Invariant: a refused call changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiohttp import web

from bot.playground.slack import chat, conversations, files
from bot.playground.slack.arguments import Arguments, read
from bot.playground.slack.faults import Faults
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import Refused, Workspace

Action = Callable[[Workspace, Arguments], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """What a Web API method does, the scope it needs, and which of the two tokens."""

    act: Action
    scope: str | None = None
    token: Literal["bot", "app"] = "bot"  # noqa: S105 - which token, not its value


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was made and answered; `answer` is None where it got none. `at`: seconds."""

    at: float
    method: str
    arguments: Json
    answer: Json | None


METHODS: Final[Mapping[str, Method]] = {
    "auth.test": Method(conversations.auth),
    "chat.postMessage": Method(chat.post, "chat:write"),
    "chat.update": Method(chat.update, "chat:write"),
    "chat.delete": Method(chat.delete, "chat:write"),
    "chat.postEphemeral": Method(chat.ephemeral, "chat:write"),
    "chat.getPermalink": Method(chat.permalink),
    "conversations.history": Method(conversations.history),
    "conversations.replies": Method(conversations.replies),
    "conversations.info": Method(conversations.info),
    "conversations.open": Method(conversations.open_direct, "im:write"),
    "users.info": Method(conversations.user, "users:read"),
    "usergroups.users.list": Method(conversations.group, "usergroups:read"),
    "reactions.add": Method(chat.react, "reactions:write"),
    "files.getUploadURLExternal": Method(files.reserve, "files:write"),
    "files.completeUploadExternal": Method(files.share, "files:write"),
    "files.info": Method(files.info, "files:read"),
}


@dataclass(slots=True)
class WebApi:
    """Serves `/api/{method}`; `methods` may be added to."""

    workspace: Workspace
    faults: Faults
    methods: dict[str, Method]
    calls: list[Call] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        name = request.match_info["method"]
        arguments = Arguments({})
        try:
            arguments = await read(request)
            response = await self._meet(request, name, stored=False)
            if response is not None:
                return self._recorded(name, arguments, None, response)
            method = self._allowed(request, name, arguments)
            answer = {"ok": True, **method.act(self.workspace, arguments)}
        except Refused as refused:
            if refused.error == "ratelimited":
                return self._recorded(name, arguments, None, _limited(refused.more["retry_after"]))
            answer = {"ok": False, "error": refused.error, **refused.more}
        response = await self._meet(request, name, stored=True)
        if response is not None:
            return self._recorded(name, arguments, None, response)
        scopes = ",".join(sorted(self.workspace.scopes))
        done = web.json_response(answer, headers={"x-oauth-scopes": scopes})
        return self._recorded(name, arguments, answer, done)

    def _allowed(self, request: web.Request, name: str, arguments: Arguments) -> Method:
        """The method, if this caller may call it now."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token if scheme == "Bearer" else str(arguments.given.pop("token", ""))
        arguments.given.pop("token", None)
        method = self.methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if not token:
            raise Refused("not_authed")
        tokens = {"bot": self.workspace.bot_token, "app": self.workspace.app_token}
        if token != tokens[method.token]:
            raise Refused("not_allowed_token_type" if token in tokens.values() else "invalid_auth")
        if method.scope and method.scope not in self.workspace.scopes:
            provided = ",".join(sorted(self.workspace.scopes))
            raise Refused("missing_scope", needed=method.scope, provided=provided)
        channel = str(arguments.given.get("channel", ""))
        if (wait := self.faults.too_fast(name, channel, self.workspace.clock())) is not None:
            raise Refused("ratelimited", retry_after=wait)
        return method

    async def _meet(self, request: web.Request, name: str, *, stored: bool) -> web.Response | None:
        """What a failure on command answers, if this call meets one."""
        fault = self.faults.next(name, stored=stored)
        if fault is None:
            return None
        match fault.kind:
            case "drop":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case "limit":
                return _limited(fault.retry_after)
            case "status":
                return web.Response(status=fault.status, text="upstream connect error")
            case "refuse":
                raise Refused(fault.error)
            case "hold":
                await fault.released.wait()
                return None

    def _recorded(
        self, name: str, arguments: Arguments, answer: Json | None, response: web.Response
    ) -> web.Response:
        self.calls.append(Call(self.workspace.clock(), name, arguments.given, answer))
        self.workspace.changed.tick()
        return response


def _limited(retry_after: Any) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(retry_after)}
    )

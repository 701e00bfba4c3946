"""Calls to Slack's Web API: where, with what patience, and what went wrong in a few kinds.

Talks to Slack. Invariant: a call that may have taken effect without an answer is `Unsure`, never plainly failed.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

if TYPE_CHECKING:
    from slack_sdk.http_retry.async_handler import AsyncRetryHandler

SLACK = "https://slack.com/api/"
PATIENCE = 10  # seconds for one call
IDLE = 10  # seconds a connection is kept: less than any proxy on the way does
TOO_MANY = 429
SERVER = 500
_SEEN_TWICE = frozenset({"chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"})
_UNSURE = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission"}
)


class Client(AsyncWebClient):
    """The SDK's client with one session for all calls; `close()` ends it."""

    async def api_call(self, *args: Any, **more: Any) -> AsyncSlackResponse:
        """One call, over a connection that is kept."""
        if self.session is None or self.session.closed:
            self.session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE),
            )
        return await super().api_call(*args, **more)

    async def close(self) -> None:
        """Ends the session; a later call begins another."""
        if self.session is not None:
            await self.session.close()


def web_client(bot_token: str, base_url: str | None = None, *, retries: int = 2) -> Client:
    """A client; with retries it waits out a rate limit itself, and a lost connection where nothing could be seen twice."""
    handlers: list[AsyncRetryHandler] = []
    if retries:
        handlers = [
            AsyncRateLimitErrorRetryHandler(max_retry_count=retries),
            _Lost(max_retry_count=retries),
        ]
    return Client(bot_token, base_url=base_url or SLACK, timeout=PATIENCE, retry_handlers=handlers)


class _Lost(AsyncConnectionErrorRetryHandler):
    """A lost connection is tried again, except where the call may have been heard and would be seen twice."""

    async def _can_retry_async(self, *, request: HttpRequest, **more: Any) -> bool:
        if request.url.rpartition("/")[2] in _SEEN_TWICE:
            return False
        return await super()._can_retry_async(request=request, **more)


class Failed(Exception):
    """A call that did not do what was asked. `code` is Slack's, or ours in words; `after` when to try again."""

    def __init__(self, code: str, after: float = 5.0) -> None:
        super().__init__(code)
        self.code, self.after = code, after


class Limited(Failed):
    """Slack takes no more of these before `after`."""


class Unsure(Failed):
    """It may have been done all the same: no answer, or one of a broken server."""


class Unwelcome(Failed):
    """The token is not, or no longer, good for this."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call answered."""

    data: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """A header of the answer, whatever its case; empty where there is none."""
        return next((str(v) for k, v in self.headers.items() if k.lower() == name), "")

    def text(self, key: str) -> str:
        """A string of the answer, empty where there is none."""
        return str(self.data.get(key) or "")


async def call(made: Awaitable[AsyncSlackResponse]) -> Answered:
    """Awaits a call; whatever it raises becomes a `Failed`."""
    try:
        response = await made
    except SlackApiError as e:
        raise _failed(e) from e
    except (aiohttp.ClientError, TimeoutError, OSError) as e:
        raise Unsure(f"no answer ({type(e).__name__})") from e
    return Answered(response.data if isinstance(response.data, dict) else {}, dict(response.headers))


def _failed(error: SlackApiError) -> Failed:
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == TOO_MANY or code == "ratelimited":
        return Limited("rate limited", _retry_after(response))
    if status >= SERVER or code in _UNSURE or not code:
        return Unsure(code or f"HTTP {status}")
    if code in _TOKEN:
        return Unwelcome(code, 60)
    return Failed(code)


def _retry_after(response: Any) -> float:
    given = {k.lower(): v for k, v in dict(response.headers).items()}.get("retry-after", "1")
    try:
        return max(float(given), 0.1)
    except (TypeError, ValueError):
        return 1.0

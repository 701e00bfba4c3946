"""One Socket Mode connection that is replaced without a gap: the next one is open before the last one is let go.

The SDK's client closes first and opens then, and what Slack sends in between is lost; here the old socket is read to its
end while the new one serves. Talks to Slack over websockets. Invariant: what arrived on any socket of ours is answered, and
answered again on the next socket where the last one closed right after: whoever closes a socket need not read it any more.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from logging import getLogger
from typing import Any

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

log = getLogger(__name__)

DRAIN = 15.0  # seconds an old socket is read after its successor serves; Slack warns ten seconds before it closes one
DIAL = 10.0  # seconds for an address and a handshake
UNHEARD = 3.0  # seconds before a socket's end in which an answer may be lost; later Slack waits for none
_AWAY = (aiohttp.ClientError, SlackClientError, TimeoutError, OSError)
_OVER = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Link(SocketModeClient):
    """The SDK's client, apart from how a connection is replaced and what is known of its silence.

    `answered` is when anything last came from Slack, pongs included; `served` when a ping or a payload of Slack's own
    did, None before the first ping (then a Slack that pings nobody is no sign). Both in seconds of `monotonic`.
    """

    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    answered: float = 0.0
    served: float | None = None

    def __init__(self, app_token: str, **more: Any) -> None:
        super().__init__(app_token, **more)
        self._leaving: set[asyncio.Task[None]] = set()
        self._said: deque[tuple[float, ClientWebSocketResponse | None, str]] = deque()
        self._grace = DRAIN

    def fresh(self) -> None:
        """A new connection is not judged by the silence of the last."""
        self.answered = self.monotonic()
        if self.served is not None:
            self.served = self.answered

    async def open(self) -> None:
        """The first socket, as soon as Slack is there; nobody else opens one meanwhile."""
        async with self.connect_operation_lock:
            if self.current_session is None:
                await self.connect()

    async def replace(self) -> None:
        """Another socket for one that is silent: of that nothing more is expected."""
        self._grace = 0.0
        try:
            await self.connect_to_new_endpoint(force=True)
        finally:
            self._grace = DRAIN

    async def connect(self) -> None:
        """Until there is a new socket or the client is closed; the old one is read to its end beside it."""
        while not self.closed:
            try:
                async with asyncio.timeout(DIAL):
                    session = await self._dial()
                old = self.current_session
                await self._take(session)
            except _AWAY as e:
                log.warning("no socket to Slack (%s: %s); trying again", type(e).__name__, e)
                self.wss_uri = None
                await asyncio.sleep(self.ping_interval)
                continue
            if old is not None:
                self._beside(self._drain(old, self._grace))
            return

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - the SDK's shape
        """Another socket in place of the present one; once, however many want it at the same moment."""
        before = self.current_session
        if force or not await self.is_connected():
            await self._succeed(before)

    async def send_message(self, message: str) -> None:
        """On the present socket; kept for a moment, in case that one is closing already."""
        session, now = self.current_session, self.monotonic()
        while self._said and self._said[0][0] < now - UNHEARD:
            self._said.popleft()
        self._said.append((now, session, message))
        await super().send_message(message)

    async def receive_messages(self) -> None:
        """What comes on the present socket, until it is over; then there is another one."""
        session = self.current_session
        assert session is not None  # noqa: S101 - it was just opened
        while not self.closed and session is self.current_session:
            kind = await self._frame(session)
            if kind in _OVER and session is self.current_session and not self.closed:
                await self._replaced(session)

    async def close(self) -> None:
        """Ends every socket."""
        for task in list(self._leaving):
            task.cancel()
        await super().close()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    async def _succeed(self, session: ClientWebSocketResponse | None) -> None:
        """Another socket in place of this one, where it is still the present one."""
        async with self.connect_operation_lock:
            if self.current_session is session and not self.closed:
                self.wss_uri = await self.issue_new_wss_url()
                await self.connect()

    async def _dial(self) -> ClientWebSocketResponse:
        if self.aiohttp_client_session.closed:
            self.aiohttp_client_session = aiohttp.ClientSession()
        if self.wss_uri is None:
            self.wss_uri = await self.issue_new_wss_url()
        return await self.aiohttp_client_session.ws_connect(
            self.wss_uri,
            autoping=False,
            proxy=self.proxy,
            ssl=self.web_client.ssl if self.web_client.ssl is not None else True,
        )

    async def _take(self, session: ClientWebSocketResponse) -> None:
        """From here on this is the socket: it is heard, watched, and answered on."""
        await session.ping(f"sdk-ping-pong:{time.time()}".encode())
        self.current_session, self.stale, self.last_ping_pong_time = session, False, None
        self.fresh()
        for task in (self.current_session_monitor, self.message_receiver):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    async def _leave(self, session: ClientWebSocketResponse, reason: str) -> None:
        """Slack says goodbye to a socket that may still carry something: it is read on meanwhile."""
        if reason == "too_many_websockets":
            await asyncio.sleep(self.ping_interval)  # others have all the places; asking at once helps nobody
        try:
            await self._succeed(session)
        except _AWAY as e:
            log.warning("no address for the next socket (%s); the present one goes on", type(e).__name__)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _replaced(self, session: ClientWebSocketResponse) -> None:
        try:
            await self._succeed(session)
        except _AWAY as e:
            log.warning("no address for a socket (%s); trying again", type(e).__name__)
            await asyncio.sleep(self.ping_interval)
        if session is self.current_session:
            await session.close()

    async def _frame(self, session: ClientWebSocketResponse) -> WSMsgType:
        message = await session.receive()
        if message.type not in _OVER:
            self.answered = self.monotonic()
        if message.type is WSMsgType.TEXT:
            if self.served is not None:
                self.served = self.answered
            if goodbye := _goodbye(message.data):
                self._beside(self._leave(session, goodbye))
            else:
                await self.enqueue_message(message.data)
        elif message.type is WSMsgType.PING:
            self.served = self.answered
            await session.pong(message.data)
        elif message.type is WSMsgType.PONG:
            self.last_ping_pong_time = time.time()
        return message.type

    async def _drain(self, session: ClientWebSocketResponse, grace: float) -> None:
        """What was sent to an old socket is worked on, too; its goodbyes ask for nothing any more."""
        with suppress(TimeoutError, aiohttp.ClientError, OSError, RuntimeError):
            async with asyncio.timeout(grace):
                while not session.closed:
                    message = await session.receive()
                    if message.type in _OVER:
                        break
                    if message.type is WSMsgType.TEXT and not _goodbye(message.data):
                        await self.enqueue_message(message.data)
        with suppress(aiohttp.ClientError, OSError):
            await self._repeat(session)
        with suppress(aiohttp.ClientError, OSError):
            await session.close()

    async def _repeat(self, ended: ClientWebSocketResponse) -> None:
        """Answers that went out on a socket right before its end, on the present one; Slack takes one twice."""
        since = self.monotonic() - UNHEARD
        for message in [m for at, session, m in self._said if session is ended and at >= since]:
            await self.send_message(message)


def _goodbye(frame: str) -> str:
    """Why Slack will close this socket; empty for every other frame."""
    said = json.loads(frame) if frame.startswith("{") else {}
    return str(said.get("reason") or "unknown") if said.get("type") == "disconnect" else ""


class Handler(AsyncBaseSocketModeHandler):
    """Bolt's end of a link."""

    app: AsyncApp
    client: Link

    def __init__(self, app: AsyncApp, app_token: str, *, ping: float) -> None:
        self.app = app
        self.client = Link(app_token, logger=app.logger, web_client=app.client, ping_interval=ping)
        self.client.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """One envelope: to the app, and its answer back."""
        began = time.time()
        answer = await run_async_bolt_app(self.app, req)
        await send_async_response(client, req, answer, began)

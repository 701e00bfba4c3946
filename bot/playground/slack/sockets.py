"""Socket Mode: up to ten connections, each payload to one of them, acknowledgements within three seconds.

Frames: `hello`, envelopes, `disconnect` (warning, refresh_requested, too_many_websockets). An address from
apps.connections.open is good for one connection. Source: Slack's "Using Socket Mode".
A connection is pinged from here too, as Slack does: that tells an app which idles from one that nobody serves.
Invariants: a payload goes to a connection that is open and has not been told to go; commands and clicks are
never sent again by themselves, events are (at once, after one and after five minutes).
"""

import asyncio
import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.delivery import PATIENCE, Delivery
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import APP, Workspace

MOST: Final = 10
PING: Final = 10.0  # seconds; the official Node client gives a server up that is silent for 30
RETRIES: Final = (0.0, 60.0, 300.0)  # seconds after an event was not acknowledged


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket of the app."""

    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False
    received: int = 0
    pings: int = 0
    ponged: int = 0

    def abort(self) -> None:
        """Cuts it without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True)
class Sockets:
    """All connections and what is under way on them."""

    workspace: Workspace
    patience: float = PATIENCE
    connections: list[Connection] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    held: list[Delivery] | None = None
    silent: bool = False
    stray: list[Json] = field(default_factory=list)
    _tickets: set[str] = field(default_factory=set)
    _turn: int = 0
    _tasks: set[asyncio.Task[Delivery]] = field(default_factory=set)
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def open(self) -> list[Connection]:
        """The connections that may be given a payload."""
        return [one for one in self.connections if not one.leaving and not one.socket.closed]

    def address(self, _workspace: Workspace, _call: Arguments) -> Json:
        """apps.connections.open."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {
            "url": f"{self.workspace.address.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP}"
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its handshake to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="no such connection")
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self.open) >= MOST:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = Connection(socket, request)
        self.connections.append(connection)
        pinging = asyncio.create_task(self._ping(connection))
        try:
            await socket.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self.open),
                    "connection_info": {"app_id": APP},
                    "debug_info": {
                        "host": "playground",
                        "build_number": 1,
                        "approximate_connection_time": 3600,
                    },
                }
            )
            self.workspace.changed.tick()
            async for frame in socket:
                await self._frame(connection, frame)
        finally:
            pinging.cancel()
            self.connections.remove(connection)
            self.workspace.changed.tick()
        return socket

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(PING)
            if not self.silent:
                with suppress(ConnectionError):
                    await connection.socket.ping(b"Ping from the playground")
                    connection.pings += 1
                    self.workspace.changed.tick()

    async def _frame(self, connection: Connection, frame: WSMessage) -> None:
        if frame.type is WSMsgType.PING:
            if not self.silent:
                await connection.socket.pong(frame.data)
                connection.ponged += 1
                self.workspace.changed.tick()
        elif frame.type is WSMsgType.TEXT:
            self._acknowledged(frame.data)

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except json.JSONDecodeError:
            answer = {"unreadable": text}
        name = answer.get("envelope_id") if isinstance(answer, dict) else None
        found = [one for one in self.deliveries if one.envelope_id == name]
        if not found:
            self.stray.append(answer)
        for delivery in found:
            if delivery.acked_after is None:
                delivery.acked_after = time.monotonic() - delivery.began
            if not delivery.over.is_set():
                delivery.answer = answer.get("payload")
                delivery.end()
                if delivery.settle is not None:
                    delivery.settle(delivery.answer)
        self.workspace.changed.tick()

    async def deliver(self, delivery: Delivery, *, expired: str, nobody: str) -> Delivery:
        """Sends it to one connection; `expired` and `nobody` are the words shown when nothing answers."""
        self.deliveries.append(delivery)
        loop = asyncio.get_running_loop()
        delivery.timer = loop.call_later(self.patience, self._expire, delivery, expired)
        if self.held is not None:
            self.held.append(delivery)
        elif not await self.send(delivery) and delivery.kind != "events_api":
            delivery.end(nobody)
        self.workspace.changed.tick()
        return delivery

    async def send(self, delivery: Delivery) -> bool:
        """Puts the envelope on the next connection in turn; says whether there was one."""
        for _ in range(len(self.open)):
            if not (ready := self.open):
                break
            self._turn += 1
            connection = ready[self._turn % len(ready)]
            if self.silent:
                return True  # a connection that looks well and carries nothing
            try:
                await connection.socket.send_json(delivery.envelope())
            except ConnectionError:
                connection.leaving = True
                continue
            connection.received += 1
            delivery.sent += 1
            return True
        return False

    def _expire(self, delivery: Delivery, words: str) -> None:
        delivery.end(words)
        if delivery.kind == "events_api" and delivery.retry_attempt < len(RETRIES):
            loop = asyncio.get_running_loop()
            wait = RETRIES[delivery.retry_attempt]
            self._timers.append(loop.call_later(wait, self._again, delivery, words))
        self.workspace.changed.tick()

    def _again(self, delivery: Delivery, words: str) -> None:
        again = Delivery(
            envelope_id=str(uuid.uuid4()),
            kind=delivery.kind,
            payload=delivery.payload,
            retry_attempt=delivery.retry_attempt + 1,
            retry_reason="timeout",
        )
        task = asyncio.create_task(self.deliver(again, expired=words, nobody=words))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def disconnect(
        self,
        reason: Literal["warning", "refresh_requested", "link_disabled"],
        which: list[Connection] | None = None,
    ) -> None:
        """Tells connections (all, unless some are named) to go; after a warning they may still be used."""
        for connection in list(self.open):
            if which is not None and connection not in which:
                continue
            frame = {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}
            await connection.socket.send_json(frame)
            if reason != "warning":
                connection.leaving = True
                await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def cut(self) -> None:
        """Closes every connection without a word."""
        for connection in list(self.connections):
            connection.leaving = True
            connection.abort()

    def stop(self) -> None:
        """Ends all clocks and connections."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        for delivery in self.deliveries:
            if delivery.timer is not None:
                delivery.timer.cancel()
        self.cut()

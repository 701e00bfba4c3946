"""A Slack of one's own on 127.0.0.1: Web API, Socket Mode, response_url, and the people who use it.

It refuses what Slack refuses (see `limits.py`, `blocks.py`, `web_api.py`), keeps its clocks (`delivery.py`,
`responses.py`, `workspace.py`), and fails on command (`faults`, `away`, `cut`, `refresh`, `mute`, `hold`).
Invariant: everything a bot did is in `calls`, `messages` and `refusals`; nothing is accepted silently.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

from aiohttp import web

from bot.playground.slack import files
from bot.playground.slack.delivery import PATIENCE, Delivery
from bot.playground.slack.faults import PUBLISHED, Faults, Rate
from bot.playground.slack.listener import Listener
from bot.playground.slack.message import Message
from bot.playground.slack.people import People
from bot.playground.slack.responses import Responses
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.transcript import transcript
from bot.playground.slack.views import Views
from bot.playground.slack.web_api import METHODS, Call, Method, WebApi
from bot.playground.slack.workspace import MANIFEST_SCOPES, Person, Workspace

BOT_TOKEN: Final = "xoxb-1-1-playground"  # noqa: S105 - of the stand-in, opens nothing else
APP_TOKEN: Final = "xapp-1-A1-1-playground"  # noqa: S105 - the same
_T = TypeVar("_T")


class SlackStandIn(People):
    """The whole stand-in; what people do (`slash`, `click`, `mention`, …) is inherited.

    `port` 0 takes a free one. `clock` gives seconds since the epoch and drives `ts`, triggers, response_urls
    and rates; the acknowledgement's `patience` is real seconds. `rates` are the published ones unless others are given.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        patience: float = PATIENCE,
        scopes: frozenset[str] = MANIFEST_SCOPES,
        rates: Mapping[str, Rate] = PUBLISHED,
    ) -> None:
        workspace = Workspace(clock=clock, bot_token=BOT_TOKEN, app_token=APP_TOKEN, scopes=scopes)
        super().__init__(workspace, Sockets(workspace, patience), Views(workspace), Responses(workspace))
        self.faults = Faults(limits=rates)
        views = self.views
        self._api = WebApi(
            workspace,
            self.faults,
            {
                **METHODS,
                "apps.connections.open": Method(self.sockets.address, token="app"),  # noqa: S106 - a kind
                "views.open": Method(views.open),
                "views.push": Method(views.push),
                "views.update": Method(views.update),
                "views.publish": Method(views.publish),
            },
        )
        self._listener = Listener(self._application(), port)

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.route("*", "/api/{method}", self._api.serve),
                web.get("/link/", self.sockets.serve),
                web.post("/response/{handle}", self.responses.answer),
                web.post("/upload/{file}", self._upload),
                web.get("/files/{file}", self._file),
            ]
        )
        return application

    async def _upload(self, request: web.Request) -> web.Response:
        return await files.receive(self.workspace, request)

    async def _file(self, request: web.Request) -> web.Response:
        return await files.serve(self.workspace, request)

    async def start(self) -> None:
        """Opens the port; `url` is valid from here on."""
        await self._listener.start()
        self.workspace.address = f"http://127.0.0.1:{self._listener.port}"

    async def stop(self) -> None:
        """Ends every connection, clock and held call."""
        self.faults.clear()
        self.sockets.stop()
        await self._listener.stop()

    @property
    def url(self) -> str:
        """What `SLACK_API_URL` must be: `http://127.0.0.1:PORT/api/`."""
        return f"{self.workspace.address}/api/"

    @property
    def bot_token(self) -> str:
        """What `SLACK_BOT_TOKEN` must be."""
        return self.workspace.bot_token

    @property
    def app_token(self) -> str:
        """What `SLACK_APP_TOKEN` must be."""
        return self.workspace.app_token

    @property
    def messages(self) -> list[Message]:
        """Every message that stands, replies and ephemeral ones included, oldest first."""
        return self.workspace.messages

    @property
    def people(self) -> dict[str, Person]:
        """Members by id; U1 and U2 are full members, U3 a guest, U4 deactivated, U5 of another team."""
        return self.workspace.people

    @property
    def calls(self) -> list[Call]:
        """Every Web API call, in order."""
        return self._api.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that people did, in order."""
        return self.sockets.deliveries

    @property
    def refusals(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What was refused: method (or where), error code, messages. A correct bot causes none."""
        refused = [
            (
                call.method,
                str(call.answer["error"]),
                tuple(call.answer.get("response_metadata", {}).get("messages", ())),
            )
            for call in self.calls
            if call.answer is not None and not call.answer["ok"]
        ]
        return refused + self.responses.refused

    def find(self, words: str) -> Message | None:
        """The newest message that says this."""
        return next((one for one in reversed(self.messages) if words in one.words), None)

    def offering(self, action_id: str) -> Message | None:
        """The newest message with a control of this action_id."""
        for message in reversed(self.messages):
            if any(control.action_id == action_id for control in message.controls):
                return message
        return None

    def thread(self, message: Message) -> list[Message]:
        """The replies to a message, private ones included, oldest first."""
        return [one for one in self.messages if one.in_thread and one.thread_ts == message.ts]

    def transcript(self) -> str:
        """All channels as text: threads indented, controls in [brackets]."""
        names = {person.id: person.name for person in self.workspace.people.values()}
        names |= {channel.id: channel.name for channel in self.workspace.channels.values()}
        return transcript(self.messages, names | {"USLACKBOT": "Slackbot"})

    async def until(
        self, predicate: Callable[[], _T], *, seconds: float = 60, what: str = "what was expected"
    ) -> _T:
        """Waits until the predicate is true of this Slack, and returns what it returned.

        It is asked again after each change, never in between. Raises AssertionError with a transcript.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen = self.workspace.changed.version
                    if result := predicate():
                        return result
                    await self.workspace.changed.after(seen)
        except TimeoutError:
            refused = "".join(f"\nrefused: {one}" for one in self.refusals)
            shown = "".join(f"\nshown: {one.error}" for one in self.deliveries if one.error)
            raise AssertionError(
                f"not within {seconds:g} s: {what}\n{self.transcript()}{refused}{shown}"
            ) from None

    async def connected(self, *, seconds: float = 60) -> None:
        """Waits for the app's first (or next) socket."""
        await self.until(lambda: self.sockets.open, seconds=seconds, what="a socket of the app")

    async def away(self) -> None:
        """Slack is unreachable: connections are cut and refused until `back()`."""
        self.sockets.cut()
        await self._listener.away()

    async def back(self) -> None:
        """Slack is reachable again, under the same address."""
        await self._listener.back()

    def cut(self) -> None:
        """Closes every socket without a word; the Web API goes on."""
        self.sockets.cut()

    async def refresh(self, *, warning: bool = True, grace: float = 10.0) -> None:
        """Refreshes the connections, as Slack does every few hours.

        After a warning each is served for `grace` seconds more, or until the app has opened another one.
        """
        old = list(self.sockets.open)
        if warning:
            await self.sockets.disconnect("warning", old)
            with suppress(AssertionError):
                await self.until(lambda: [c for c in self.sockets.open if c not in old], seconds=grace)
        await self.sockets.disconnect("refresh_requested", old)

    def mute(self, *, on: bool = True) -> None:
        """Sockets stay open but deliver nothing and answer no ping."""
        self.sockets.silent = on

    def hold(self) -> None:
        """Keeps what people do from being delivered until `release()`; their clocks run."""
        self.sockets.held = self.sockets.held or []

    async def release(self) -> None:
        """Delivers, late, what was held."""
        held, self.sockets.held = self.sockets.held or [], None
        for delivery in held:
            await self.sockets.send(delivery)

    async def redeliver(self, delivery: Delivery) -> None:
        """Delivers the same envelope once more, as after a lost acknowledgement."""
        await self.sockets.send(delivery)

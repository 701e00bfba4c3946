"""The Bolt app: every handler acknowledges first, then hands over; nothing a person does ends in silence.

Talks to Slack through Bolt. Acknowledging needs no call to Slack and none to the cluster, so it takes no longer when
they do: who we are is remembered (`Identity`), and what follows runs in tasks of its own (`Work`).
"""

import re
from collections.abc import Awaitable, Callable
from logging import ERROR, getLogger
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.board import NOTHING, Board
from bot.ports import Clock, Desk, Painter
from bot.slack import answers, buttons, modals, words
from bot.slack.affairs import AGREE
from bot.slack.asked import by_a_bot, by_click, by_command, by_mention
from bot.slack.clicks import Clicks
from bot.slack.client import web_client
from bot.slack.commands import Commands
from bot.slack.crier import LEAVE, TURN
from bot.slack.forms import Forms
from bot.slack.identity import Identity
from bot.slack.people import People
from bot.slack.pictures import Pictures
from bot.slack.queueing import JOIN
from bot.slack.signing import Signer
from bot.slack.tabs import Tabs
from bot.slack.work import Work
from strategies.release import IntentKind

Json = dict[str, Any]
Ack = Callable[[], Awaitable[Any]]
_SIGNED = (
    buttons.START,
    buttons.SAMPLES,
    AGREE,
    JOIN,
    TURN,
    LEAVE,
    *(buttons.PREFIX + kind.value for kind in IntentKind),
)
_ANYTHING = re.compile(r"[\s\S]*")


class SlackApp(AsyncApp):
    """The app with what outlives a single request."""

    identity: Identity
    work: Work
    people: People
    tabs: Tabs
    pictures: Pictures


def build(
    desk: Desk,
    *,
    board: Board = NOTHING,
    bot_token: str,
    base_url: str | None = None,
    signing_key: bytes,
    signing_secret: str = "",
    clock: Clock,
    painter: Painter | None = None,
) -> SlackApp:
    """The app, not connected yet.

    Without a board forms propose nothing and the Home tab is empty. `signing_key` (at least 16 bytes) is ours, that of all replicas; `signing_secret` is Slack's, for HTTP mode.
    """
    client = web_client(bot_token, base_url)
    identity = Identity(client)
    app = _app(identity, bot_token, signing_secret)
    app.people = People(client, identity, clock)
    app.pictures = Pictures(client, painter)
    commands = Commands(desk, app.people, identity, Signer(signing_key), app.pictures)
    clicks = Clicks(commands)
    forms, app.tabs = Forms(clicks, board), Tabs(commands, board, clock)
    modals.listen(app, forms, app.tabs, app.work)
    _typed(app, commands, forms)
    _clicked(app, clicks)
    return app


def _app(identity: Identity, bot_token: str, signing_secret: str) -> SlackApp:
    async def authorize() -> AuthorizeResult:
        """Without a call, or the first acknowledgement would wait for one."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team or None,
            bot_user_id=identity.user or None,
            bot_id=identity.bot or None,
            bot_token=bot_token,
        )

    log = getLogger("bot.slack.bolt")
    usual = log.getEffectiveLevel()
    log.setLevel(ERROR)  # it warns that the token is not used for authorizing, which is meant
    app = SlackApp(
        name="graylight",  # without one Bolt looks for the caller's file, in a tenth of a second
        client=identity.client,
        authorize=authorize,
        logger=log,
        signing_secret=signing_secret,
    )
    log.setLevel(usual)
    app.identity, app.work = identity, Work()
    return app


def _typed(app: SlackApp, commands: Commands, forms: Forms) -> None:
    client = commands.identity.client

    @app.command(_ANYTHING)
    async def command(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_command(body, client)
        use_case = commands.run if asked.text.strip() else forms.open
        app.work.take(asked.delivery, asked.reply, lambda: use_case(asked))

    @app.event("app_mention")
    async def mention(ack: Ack, body: Json) -> None:
        await ack()
        if by_a_bot(body):
            return
        asked = by_mention(body, client)
        app.work.take(asked.delivery, asked.reply, lambda: commands.run(asked))

    @app.event("subteam_members_changed")
    async def members(ack: Ack, body: Json) -> None:
        await ack()
        commands.people.forget(str(body["event"].get("subteam_id") or ""))

    @app.event(_ANYTHING)
    async def event(ack: Ack) -> None:
        await ack()  # nothing of ours; Slack would send it again


def _clicked(app: SlackApp, clicks: Clicks) -> None:
    client = clicks.commands.identity.client

    @app.action(re.compile("|".join(f"^{re.escape(name)}$" for name in _SIGNED)))
    async def click(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_click(body, client)
        app.work.take(asked.delivery, asked.reply, lambda: clicks.run(asked))

    @app.action(buttons.DISMISS)
    async def dismiss(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_click(body, client)
        app.work.take(asked.delivery, asked.reply, asked.reply.delete)

    @app.action(_ANYTHING)
    async def unknown(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_click(body, client)
        answer = answers.sentence(words.unknown_control())
        app.work.take(asked.delivery, asked.reply, lambda: asked.reply.private(answer))

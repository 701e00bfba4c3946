"""Who listens to forms, shortcuts, direct messages and the Home tab: each acknowledges, reads, and hands over.

Talks to Slack through Bolt; beside `app.py`, which listens to commands, mentions and buttons.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack import buttons, filled, form, home
from bot.slack.asked import by_click, by_message, by_shortcut, by_submission, directly
from bot.slack.filled import Filled
from bot.slack.forms import Forms, planning
from bot.slack.queueing import JOIN
from bot.slack.tabs import Tabs
from bot.slack.work import Work

Json = dict[str, Any]
Ack = Callable[..., Awaitable[Any]]
RELEASE = "form.release"  # the global shortcut, by its callback_id in deploy/slack-manifest.yaml
_CHOICES = re.compile("|".join(f"^{re.escape(form.PREFIX + name)}$" for name in form.DISPATCHED))
_FIELDS = re.compile(f"^{re.escape(form.PREFIX)}")


def listen(app: AsyncApp, forms: Forms, tabs: Tabs, work: Work) -> None:
    """Registers them all."""
    _form(app, forms, work)
    _submitted(app, forms, work)
    _shortcuts(app, forms, work)
    _home(app, forms, tabs, work)


def _form(app: AsyncApp, forms: Forms, work: Work) -> None:
    client = forms.clicks.commands.identity.client

    @app.options(_FIELDS)
    async def search(ack: Ack, body: Json) -> None:
        name = str(body["action_id"]).removeprefix(form.PREFIX)
        view, query = body.get("view") or {}, str(body.get("value") or "")
        await ack(options=await forms.options(str(body["user"]["id"]), name, query, view))

    @app.action(_CHOICES)
    async def chosen(ack: Ack, body: Json) -> None:
        await ack()
        asked, view, at = by_click(body, client), body["view"], str(body["actions"][0]["action_ts"])
        forms.choosing(view["id"], at)
        work.take(asked.delivery, asked.reply, lambda: forms.choose(view, at))

    @app.action(form.OPEN)
    async def opened(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_click(body, client)
        work.take(asked.delivery, asked.reply, lambda: forms.open(asked))


def _submitted(app: AsyncApp, forms: Forms, work: Work) -> None:
    client = forms.clicks.commands.identity.client

    @app.view(form.FORM)
    async def submitted(ack: Ack, body: Json) -> None:
        found = filled.read(body["view"])
        if not isinstance(found, Filled):
            await ack(response_action="errors", errors=found)
            return
        asked, view = by_submission(body, client, found.channel), _named(body)
        await ack(response_action="push", view=planning(found, view))
        work.take(asked.delivery, asked.reply, lambda: forms.plan(asked, found, view))

    @app.view(form.PREVIEW)
    async def started(ack: Ack, body: Json) -> None:
        await ack(response_action="clear")
        value, channel = form.carried(body["view"])
        asked = by_submission(body, client, channel, clicked=value, control=buttons.START)
        work.take(asked.delivery, asked.reply, lambda: forms.submit(asked))

    @app.view(form.QUEUE)
    async def queued(ack: Ack, body: Json) -> None:
        await ack(response_action="clear")
        value, channel = form.carried(body["view"])
        asked = by_submission(body, client, channel, clicked=value, control=JOIN)
        work.take(asked.delivery, asked.reply, lambda: forms.submit(asked))


def _named(body: Json) -> str:
    """The name of the view that follows: that of this submission, so that Slack sending it twice makes one."""
    return hashlib.sha256(str(body.get("trigger_id")).encode()).hexdigest()[:24]


def _shortcuts(app: AsyncApp, forms: Forms, work: Work) -> None:
    client = forms.clicks.commands.identity.client

    @app.shortcut(RELEASE)
    async def release(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_shortcut(body, client)
        work.take(asked.delivery, asked.reply, lambda: forms.open(asked))

    @app.shortcut(form.SHOW)
    async def show(ack: Ack, body: Json) -> None:
        await ack()
        asked, message = by_shortcut(body, client), body.get("message") or {}
        ts, thread = str(message.get("ts") or ""), str(message.get("thread_ts") or "")
        work.take(asked.delivery, asked.reply, lambda: forms.show(asked, ts, thread))


def _home(app: AsyncApp, forms: Forms, tabs: Tabs, work: Work) -> None:
    commands = forms.clicks.commands
    client = commands.identity.client

    @app.event("app_home_opened")
    async def opened(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_message(body, client)
        if body["event"].get("tab") == "home":
            work.take(asked.delivery, asked.reply, lambda: tabs.opened(asked.user))

    @app.action(home.REFRESH)
    async def refresh(ack: Ack, body: Json) -> None:
        await ack()
        asked = by_click(body, client)
        work.take(asked.delivery, asked.reply, lambda: tabs.opened(asked.user))

    @app.action(home.CARD)
    async def followed(ack: Ack) -> None:
        await ack()  # the link opens by itself

    @app.event("message")
    async def said(ack: Ack, body: Json) -> None:
        await ack()
        if not directly(body):
            return
        asked = by_message(body, client)
        work.take(asked.delivery, asked.reply, lambda: commands.run(asked))

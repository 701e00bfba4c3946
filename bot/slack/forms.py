"""The form's use-cases: open it, propose, take what was filled in, plan, and start; and a card's state in a modal.

Talks to Slack (views.open, views.update). Invariants: a trigger is spent before anything is asked of anybody; what a
person reads in a modal is what the channel would say, by the same use-cases.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any

from bot.board import Board
from bot.grammar.usage import usage
from bot.slack import answers, filled, form, form_words
from bot.slack.asked import Asked
from bot.slack.blocks import Block, Message
from bot.slack.clicks import Clicks
from bot.slack.client import Failed, call
from bot.slack.filled import Filled
from bot.slack.form import Chosen
from bot.slack.markup import code, name
from bot.slack.preview import preview
from bot.slack.signing import StartValue
from strategies.refusal import Refusal
from strategies.release import Actor

log = getLogger(__name__)

SEARCH = 2.5  # seconds for the options of a search; Slack waits three
AGAIN = (
    0.1,
    0.2,
    0.4,
    0.8,
    1.6,
)  # seconds: a view that was pushed by an acknowledgement may come after our update of it
MOST = 200  # views remembered


@dataclass(slots=True)
class Forms:
    """What modals do."""

    clicks: Clicks
    board: Board
    _latest: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    @property
    def _client(self) -> Any:
        return self.clicks.commands.identity.client

    async def open(self, asked: Asked) -> None:
        """The form, first of all; the channel is where it was asked for."""
        now = Chosen(channel=asked.channel, command=asked.command, environment=self.board.environments[0])
        view = form.form(now, reason=self.board.needs_reason(now.environment, now.service))
        try:
            await call(self._client.views_open(trigger_id=asked.delivery, view=view))
        except Failed as e:
            typed = code(f"{asked.command} {usage('canary').partition(' [')[0]}")
            await asked.reply.private(answers.sentence(form_words.no_form(e.code, typed)))

    async def options(self, user: str, field_name: str, query: str, view: dict[str, Any]) -> list[Block]:
        """What a search proposes; nothing where it takes too long."""
        now, actor = form.chosen(view), Actor(id=user, via="slack")
        try:
            async with asyncio.timeout(SEARCH):
                return await self._found(field_name, query, now, actor)
        except TimeoutError:
            log.warning("the search for %s took too long", field_name)
            return form.versions((), query, now.environment) if field_name == "version" else []

    async def _found(self, field_name: str, query: str, now: Chosen, actor: Actor) -> list[Block]:
        match field_name:
            case "environment":
                return form.environments(self.board.environments, query)
            case "service":
                if await self.clicks.commands.people.refusal(actor.id):
                    return []
                return form.services(await self.board.services(actor, now.environment), query)
            case "version":
                known = await self.board.versions(now.service, now.environment) if now.service else ()
                return form.versions(known, query, now.environment)
            case _:
                return []

    def choosing(self, view_id: str, at: str) -> None:
        """Something was chosen in a view, at this moment: of several the last one counts."""
        self._latest[view_id] = max(at, self._latest.get(view_id, ""))
        self._latest.move_to_end(view_id)
        if len(self._latest) > MOST:
            self._latest.popitem(last=False)

    async def choose(self, view: dict[str, Any], at: str) -> None:
        """The form as it is after a choice: other fields, other versions; nothing where those stay."""
        before, fields = form.chosen(view), filled.said(view)
        said = {n: fields[n][1] for n in form.DISPATCHED if n in fields and fields[n][1]}
        now = Chosen.model_validate(before.model_dump() | said)
        if now == before:
            return
        made = form.form(now, reason=self.board.needs_reason(now.environment, now.service))
        update = {"view_id": view["id"], "view": made}
        try:
            await call(self._client.views_update(**update, hash=view["hash"]))
        except Failed as e:
            # Two choices in a row: both were made on the same view, and only the later one says both.
            if e.code == "hash_conflict" and self._latest.get(view["id"]) == at:
                await call(self._client.views_update(**update))
            elif e.code not in ("hash_conflict", "not_found"):
                raise

    async def plan(self, asked: Asked, wanted: Filled, view: str) -> None:
        """The preview in the pushed view, or why not."""
        commands = self.clicks.commands
        if missing := await commands.missing(wanted.channel):
            await self._put(view, form.refused(answers.sentence(missing), view))
            return
        try:
            ready = await commands.ready(asked, wanted.spec, look_only=False)
        except Exception:
            await self._put(view, form.refused(answers.sentence(form_words.no_plan()), view))
            raise
        if isinstance(ready, Refusal):
            queue = commands.affairs.queueing.place(ready, wanted.spec, asked.user)
            await self._put(view, form.refused(answers.refusal(ready), view, queue, wanted.channel))
            return
        shown, showing = ready
        value = StartValue(spec=shown.plan.spec, plan=shown.plan.hash, user=asked.user, showing=showing.id)
        start = commands.signer.value(value) or ""
        message = preview(shown, commands.signer, showing)
        await self._put(view, form.planned(message, view, start, wanted.channel))

    async def submit(self, asked: Asked) -> None:
        """As the same button in the channel does; the modal has closed, so the answer stands in the channel."""
        await self.clicks.run(asked)

    async def show(self, asked: Asked, message_ts: str, thread_ts: str) -> None:
        """The state of the release whose card, or whose thread, a message is."""
        opened = await call(self._client.views_open(trigger_id=asked.delivery, view=form.waiting()))
        view = opened.data["view"]
        message = await self._state(asked, message_ts, thread_ts)
        update = self._client.views_update(view_id=view["id"], hash=view["hash"], view=form.told(message))
        try:
            await call(update)
        except Failed as e:
            if e.code != "not_found":  # closed meanwhile
                raise

    async def _state(self, asked: Asked, message_ts: str, thread_ts: str) -> Message:
        commands = self.clicks.commands
        if refused := await commands.people.refusal(asked.user):
            return answers.refusal(refused)
        for ts in (message_ts, thread_ts):
            if ts and (release := await self.board.at(asked.channel, ts)):
                return answers.status(release, commands.link(release))
        return answers.sentence(form_words.no_card())

    async def _put(self, name: str, view: Block) -> None:
        """Into the view of this name, which may be a moment late, or closed by now."""
        for pause in (*AGAIN, None):
            try:
                await call(self._client.views_update(external_id=name, view=view))
            except Failed as e:
                if e.code != "not_found":
                    raise
            else:
                return
            if pause is not None:
                await asyncio.sleep(pause)
        log.info("the view %s was closed before its plan was there", name)


def planning(wanted: Filled, view: str) -> Block:
    """What is pushed by the acknowledgement."""
    return form.planning(name(wanted.spec.service), name(wanted.spec.version), view)

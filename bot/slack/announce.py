"""Bringing Slack to what a record says: the card, the thread under it, and buttons only where they still do something.

Talks to Slack. Invariants: each event is posted once (what was posted and not remembered is found again, see `found`);
a release that moved on leaves no live button; nothing here changes a release.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from logging import getLogger
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Painter, Silent
from bot.slack import blocks, thread
from bot.slack.blocks import Message
from bot.slack.card import card as card_of
from bot.slack.card import fingerprint
from bot.slack.client import Answered, Client, Failed, Limited, Unsure, call
from bot.slack.found import CARD, PICTURE, look, metadata
from bot.slack.gate import Gate
from bot.slack.pictures import Pictures
from bot.slack.signing import Signer
from strategies.release import Card, Release

log = getLogger(__name__)

EVERY = 1.0  # seconds between two edits of cards in one channel
_GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"})
_UNFIT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long", "msg_too_long"}
)
_CLOSED = frozenset({"channel_not_found", "is_archived", "not_in_channel", "restricted_action"})
CLOSED_AFTER = 60.0  # seconds; somebody has to invite the bot


class Announcer:
    """Implements `ports.Surface`."""

    def __init__(
        self,
        client: AsyncWebClient,
        signing_key: bytes,
        *,
        may: Callable[[Release], str] = lambda _: "",
        painter: Painter | None = None,
        every: float = EVERY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._signer, self._may = client, Signer(signing_key), may
        self._gate = Gate(every, monotonic)
        self._pictures = Pictures(client, painter)
        self._known: dict[str, Card] = {}
        self._unsure: set[str] = set()
        self._shut: set[str] = set()
        self._extras: defaultdict[str, set[int]] = defaultdict(set)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def client(self) -> AsyncWebClient:
        """What it posts with: nothing is tried twice by itself."""
        return self._client

    @property
    def pause(self) -> float:
        """When a merged edit may be made."""
        return self._gate.every

    def current(self, release: Release) -> bool:
        """Whether everything is posted and shown, and no button is left that does nothing."""
        card = release.card
        if card is None or not card.channel or (release.ended and release.id in self._shut):
            return True
        told = not release.events or card.told >= release.events[-1].n
        shown = card.shown == fingerprint(self._card(release))
        drawn = not self._pictures.due(release)
        return bool(card.ts) and told and shown and drawn and not _stale(release, card)

    async def announce(self, release: Release) -> Card | None:
        """See `ports.Surface`. A part that was done before a failure is remembered here until the record has it."""
        if release.card is None or not release.card.channel:
            return None
        async with self._locks[release.id]:
            try:
                if release.id in self._unsure:
                    await self._find(release, self._latest(release))
                await self._bring(release)
            except Failed as e:
                raise self._silent(release, e) from e
            card = self._known[release.id]
            if self.current(release.model_copy(update={"card": card})) and release.ended:
                self._forget(release.id)
            return card

    async def resume(self, release: Release) -> Card | None:
        """What stands in the channel, where it can be read; else what is remembered."""
        if release.card is None or not release.card.channel:
            return release.card
        async with self._locks[release.id]:
            self._known.pop(release.id, None)
            try:
                await self._find(release, release.card)
            except Failed as e:
                log.warning("%s: cannot look for what was posted before the restart: %s", release.id, e)
                self._unsure.add(release.id)
                return release.card
            return self._known[release.id]

    async def close(self) -> None:
        """Ends the connections, where the client is ours."""
        if isinstance(self._client, Client):
            await self._client.close()

    def _card(self, release: Release) -> Message:
        """As it should look now, with who may press."""
        return card_of(release, self._signer, self._may(release))

    def _latest(self, release: Release) -> Card:
        """The record's card, or what was done since and not recorded."""
        recorded, known = release.card, self._known.get(release.id)
        assert recorded is not None  # noqa: S101 - both callers have looked
        if known is None or known.channel != recorded.channel or known.told < recorded.told:
            self._known[release.id] = recorded
        return self._known[release.id]

    def _forget(self, release_id: str) -> None:
        """All is said; nothing of it is needed here any more."""
        self._known.pop(release_id, None)
        self._extras.pop(release_id, None)
        self._shut.discard(release_id)

    def _keep(self, release: Release, **changed: Any) -> Card:
        kept = self._known[release.id] = self._latest(release).model_copy(update=changed)
        return kept

    async def _find(self, release: Release, card: Card) -> None:
        found = await look(self._client, release, card)
        self._known[release.id] = found.card
        self._extras[release.id] |= found.extras
        self._unsure.discard(release.id)

    async def _bring(self, release: Release) -> None:
        try:
            await self._card_stands(release)
            await self._decide(release)
            await self._tell(release)
            await self._refresh(release)
            await self._draw(release)
        except Failed as e:
            if e.code not in _GONE:
                raise
            log.info("%s: somebody deleted the card; it is posted again", release.id)
            self._keep(release, ts="", shown="")
            await self._card_stands(release)
            await self._tell(release)
        self._shut.discard(release.id)

    async def _card_stands(self, release: Release) -> None:
        card = self._latest(release)
        if card.ts:
            return
        message = self._card(release)
        answer = await self._post(release, message, CARD)
        self._gate.passed(card.channel)
        self._keep(release, ts=answer.text("ts"), shown=fingerprint(message))

    async def _decide(self, release: Release) -> None:
        """Questions of a former revision lose their buttons."""
        for asked in _stale(release, self._latest(release)):
            ts, n, _ = asked
            try:
                await self._update(release, ts, thread.decided(release, n), metadata(release, str(n)))
            except Failed as e:
                if e.code not in _GONE:
                    raise
            left = tuple(a for a in self._latest(release).asked if a != asked)
            self._keep(release, asked=left)

    async def _tell(self, release: Release) -> None:
        """The events that the thread does not have."""
        told = self._latest(release).told
        first = release.events[0].n if release.events else told + 1
        gap = max(first - told - 1, 0)
        for part in thread.parts(release, told):
            await self._say(release, thread.post(release, part, self._signer, gap=gap))
            gap = 0

    async def _say(self, release: Release, post: thread.Post) -> None:
        card = self._latest(release)
        done = self._extras[release.id]
        if post.also is not None and post.entry not in done:
            await self._post(release, post.also, f"{post.entry}+", thread_ts=card.ts)
            done.add(post.entry)
        answer = await self._post(
            release,
            post.message,
            str(post.entry),
            thread_ts=card.ts,
            reply_broadcast=post.broadcast,
            revision=release.revision if post.asks else None,
        )
        live = ((answer.text("ts"), post.entry, release.revision),) if post.asks else ()
        self._keep(release, told=post.entry, asked=(*card.asked, *live))

    async def _draw(self, release: Release) -> None:
        """Last of all, and once: the end in a picture."""
        card = self._latest(release)
        if not self._pictures.due(release.model_copy(update={"card": card})):
            return

        async def post(message: Message) -> object:
            more = {"thread_ts": card.ts, "metadata": metadata(release, PICTURE)}
            return await self._send(self._client.chat_postMessage, release, message, more, plainly=False)

        await self._pictures.conclude(release, card, post)
        self._keep(release, drawn=True)

    async def _refresh(self, release: Release) -> None:
        """The card, unless one in this channel was edited a moment ago: then the next call does it."""
        card, message = self._latest(release), self._card(release)
        shown = fingerprint(message)
        if card.shown == shown or not self._gate.open(card.channel):
            return
        self._gate.passed(card.channel)
        await self._update(release, card.ts, message, metadata(release, CARD))
        self._keep(release, shown=shown)

    async def _post(self, release: Release, message: Message, entry: str, **more: Any) -> Answered:
        carried = metadata(release, entry, revision=more.pop("revision", None))
        return await self._send(self._client.chat_postMessage, release, message, more | {"metadata": carried})

    async def _update(self, release: Release, ts: str, message: Message, carried: dict[str, Any]) -> None:
        await self._send(self._client.chat_update, release, message, {"ts": ts, "metadata": carried})

    async def _send(
        self,
        method: Callable[..., Any],
        release: Release,
        message: Message,
        more: dict[str, Any],
        *,
        plainly: bool = True,
    ) -> Answered:
        """One call; where Slack does not know what is in it, `plainly` the same in plain words."""
        where = {"channel": self._latest(release).channel, "unfurl_links": False, "unfurl_media": False}
        if "ts" in more:
            where = {"channel": where["channel"]}
        if (wait := self._gate.wait(method.__name__)) > 0:
            raise Limited("rate limited", wait)
        try:
            return await call(method(**where, **message.content(), **more))
        except Limited as e:
            self._gate.rest(method.__name__, e.after)
            raise
        except Failed as e:
            if e.code not in _UNFIT or not plainly:
                raise
            if (other := message.without_table()) != message:
                return await self._send(method, release, other, more)
            log.exception("%s: Slack refuses a message of ours; it is sent as plain words", release.id)
            return await call(method(**where, **_plain(message).content(), **more))

    def _silent(self, release: Release, e: Failed) -> Silent:
        if isinstance(e, Unsure):
            self._unsure.add(release.id)
        if e.code in _CLOSED:
            self._shut.add(release.id)
            channel = release.card.channel if release.card else ""
            return Silent(f"cannot post in {channel}: {e.code}; invite the bot there", CLOSED_AFTER)
        return Silent(f"Slack: {e.code}", e.after)


def _stale(release: Release, card: Card) -> list[tuple[str, int, int]]:
    return [asked for asked in card.asked if asked[2] != release.revision]


def _plain(message: Message) -> Message:
    """The same in one paragraph with its buttons: what Slack takes when it does not know a newer kind of block."""
    controls = tuple(b for b in message.blocks if b["type"] == "actions")
    return Message(message.text, (blocks.section(message.text), *controls))

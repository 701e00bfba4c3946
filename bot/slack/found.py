"""What of a release already stands in Slack: found by the metadata that each of its messages carries.

Talks to Slack, reading only. There is no idempotency key for posting; this is what takes its place after a lost answer
or a `kill -9` between posting and remembering.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import Answered, Failed, call
from strategies.release import Card, Release

EVENT_TYPE = "graylight"
CARD, PICTURE = "card", "picture"
PAGE = 200
MOST_PAGES = 10
_CANNOT_LOOK = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type"})


def metadata(release: Release, entry: str, *, revision: int | None = None) -> dict[str, Any]:
    """What a message carries unseen; `revision` only while it has live buttons."""
    payload: dict[str, Any] = {"release": release.id, "entry": entry}
    if revision is not None:
        payload["revision"] = revision
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def file_name(release: Release, when: str) -> str:
    """What its picture is called: that of the `end` is uploaded once."""
    return f"{release.id}-{when}.png"


@dataclass(frozen=True, slots=True)
class Mark:
    """One of our messages: which entry it is, and for which revision its buttons are live."""

    ts: str
    entry: str
    revision: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The card brought up to what was found, and which events' second messages stand already."""

    card: Card
    extras: frozenset[int] = frozenset()


async def look(client: AsyncWebClient, release: Release, card: Card) -> Found:
    """Raises Failed when Slack cannot be read now; where it may not be read at all, nothing is found."""
    try:
        if not card.ts:
            card = card.model_copy(update={"ts": await _card(client, release, card.channel)})
        if not card.ts:
            return Found(card)
        marks = [mark async for mark in _replies(client, release, card)]
    except Failed as e:
        if e.code == "thread_not_found":
            return Found(card.model_copy(update={"ts": "", "shown": ""}))
        if e.code in _CANNOT_LOOK:
            return Found(card)
        raise
    told = max((int(m.entry) for m in marks if m.entry.isdecimal()), default=0)
    asked = {a[0]: a for a in card.asked}
    asked |= {m.ts: (m.ts, int(m.entry), m.revision) for m in marks if m.revision is not None}
    extras = frozenset(int(m.entry[:-1]) for m in marks if m.entry.endswith("+"))
    drawn = card.drawn or any(m.entry == PICTURE for m in marks)
    found = {"told": max(card.told, told), "asked": tuple(sorted(asked.values())), "drawn": drawn}
    return Found(card.model_copy(update=found), extras)


async def _card(client: AsyncWebClient, release: Release, channel: str) -> str:
    """The ts of its card, empty where there is none."""
    oldest = f"{(release.started_at - timedelta(minutes=5)).timestamp():.6f}"
    pages = _pages(
        lambda cursor: client.conversations_history(
            channel=channel, oldest=oldest, limit=PAGE, cursor=cursor, include_all_metadata=True
        )
    )
    found = [m.ts async for page in pages for m in _marks(page, release) if m.entry == CARD]
    return min(found, default="")


async def _replies(client: AsyncWebClient, release: Release, card: Card) -> AsyncIterator[Mark]:
    pages = _pages(
        lambda cursor: client.conversations_replies(
            channel=card.channel, ts=card.ts, limit=PAGE, cursor=cursor, include_all_metadata=True
        )
    )
    async for page in pages:
        for mark in _marks(page, release):
            yield mark


async def _pages(ask: Any) -> AsyncIterator[Answered]:
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await call(ask(cursor))
        yield page
        cursor = (page.data.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            return


def _marks(page: Answered, release: Release) -> Iterator[Mark]:
    for message in page.data.get("messages") or []:
        carried = message.get("metadata") or {}
        payload = carried.get("event_payload") or {}
        if carried.get("event_type") == EVENT_TYPE and payload.get("release") == release.id:
            yield Mark(str(message["ts"]), str(payload.get("entry", "")), payload.get("revision"))
        elif any(file.get("name") == file_name(release, "end") for file in message.get("files") or []):
            yield Mark(str(message["ts"]), PICTURE, None)  # a file's message carries nothing unseen

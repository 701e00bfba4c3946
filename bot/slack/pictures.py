"""A release's picture in its thread: once at its end, natively where Slack takes charts, and as a file for who asks.

Talks to Slack. Invariant: nothing that goes wrong with a picture touches the release or the rest of its thread.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from logging import getLogger

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Painter, Unpainted
from bot.slack import picture_words as words
from bot.slack.blocks import Message
from bot.slack.charts import charts
from bot.slack.client import Failed, Limited, call
from bot.slack.found import file_name
from bot.slack.markup import name
from strategies.picture import Picture, picture
from strategies.release import Card, Release

log = getLogger(__name__)

UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format"})
MOST_NAMES = 20  # people that are looked up for one picture


class Pictures:
    """`natively` until a workspace refuses charts; then files, for as long as this process lives."""

    def __init__(self, client: AsyncWebClient, painter: Painter | None) -> None:
        self._client, self.painter = client, painter
        self._natively = True

    @staticmethod
    def due(release: Release) -> bool:
        """Whether its end is worth a picture, and has none yet."""
        measured = any(point.n for point in release.course.points)
        return release.ended and release.changed and measured and not (release.card and release.card.drawn)

    async def conclude(
        self, release: Release, card: Card, post: Callable[[Message], Awaitable[object]]
    ) -> None:
        """The end of a release, by `post` or as a file; raises Failed only where the same call may be made again."""
        seen = picture(release)
        if seen is None:
            return
        message = charts(seen, release.id) if self._natively else None
        if message is not None:
            try:
                await post(message)
            except Failed as e:
                if e.code not in UNFIT:
                    raise
                self._natively = False
                log.info("this workspace takes no charts (%s): pictures are uploaded instead", e.code)
            else:
                return
        why = await self.upload(release, card.channel, card.ts, when="end")
        if why:
            log.warning("%s has no picture in its thread: %s", release.id, why)

    async def upload(
        self,
        release: Release,
        channel: str,
        thread_ts: str,
        *,
        when: str = "now",
        by: str = "",
        now: datetime | None = None,
    ) -> str:
        """As a file; why not, where it could not be. Raises Failed where Slack says to come again."""
        seen = picture(release, await self._names(release), now)
        if seen is None:
            return words.nothing_measured(release.id)
        try:
            drawn = await self._painted(seen)
            await call(
                self._client.files_upload_v2(
                    filename=file_name(release, when),
                    content=drawn,
                    title=words.title(release),
                    alt_txt=words.alternative(release),
                    channel=channel,
                    thread_ts=thread_ts or None,
                    initial_comment=words.comment(name(release.id), by),
                    request_file_info=False,
                )
            )
        except Limited:
            raise
        except Failed as e:
            return f"Slack says {e.code}"
        except (Unpainted, SlackClientError) as e:
            return str(e) or type(e).__name__
        return ""

    async def _painted(self, seen: Picture) -> bytes:
        if self.painter is None:
            raise Unpainted("nothing here can draw")
        return await self.painter.paint(seen)

    async def _names(self, release: Release) -> dict[str, str]:
        """What people who decided call themselves; who cannot be looked up keeps their id."""
        found = {}
        for user in list(dict.fromkeys(e.by.id for e in release.events if e.by.via == "slack"))[:MOST_NAMES]:
            try:
                answer = await call(self._client.users_info(user=user))
            except Failed:
                continue
            known = answer.data.get("user") or {}
            profile = known.get("profile") or {}
            called = (
                profile.get("display_name"),
                profile.get("real_name"),
                known.get("real_name"),
                known.get("name"),
            )
            found[user] = next((str(one) for one in called if one), user)
        return found

"""HTTP mode, from Slack's side: what people do arrives as signed requests at one address, instead of over a socket.

Source: Slack's "Verifying requests from Slack" and "Events API". An event that is not answered by 200 within the patience
is sent again with the same `event_id` and `X-Slack-Retry-Num`; commands and clicks never are.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack.delivery import Delivery
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.standin import SlackStandIn

OK = 200


def signed(body: bytes, secret: str, *, at: float | None = None) -> dict[str, str]:
    """The headers by which an app knows that a body is Slack's; `at`: seconds since the epoch, now where not said."""
    timestamp = str(int(time.time() if at is None else at))
    base = b"v0:" + timestamp.encode() + b":" + body
    made = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={made}"}


def written(delivery: Delivery) -> tuple[bytes, str]:
    """A delivery as the body of a request, and its content type."""
    match delivery.kind:
        case "slash_commands":
            return urlencode(delivery.payload).encode(), "application/x-www-form-urlencoded"
        case "interactive":
            payload = {"payload": json.dumps(delivery.payload)}
            return urlencode(payload).encode(), "application/x-www-form-urlencoded"
        case "events_api":
            return json.dumps(delivery.payload).encode(), "application/json"


@dataclass(slots=True)
class Requests(Sockets):
    """Deliveries by request; there are no connections to keep."""

    url: str = ""
    signing_secret: str = ""
    statuses: list[int] = field(default_factory=list)
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def send(self, delivery: Delivery) -> bool:
        """Puts it on its way; the answer is its acknowledgement."""
        task = asyncio.create_task(self._request(delivery))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        delivery.sent += 1
        return True

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Any request, signed or not: its status and what it answers."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers) as answer,
        ):
            self.statuses.append(answer.status)
            return answer.status, await answer.text()

    async def _request(self, delivery: Delivery) -> None:
        body, kind = written(delivery)
        headers = signed(body, self.signing_secret) | {"Content-Type": kind}
        if delivery.retry_attempt:
            headers |= {
                "X-Slack-Retry-Num": str(delivery.retry_attempt),
                "X-Slack-Retry-Reason": delivery.retry_reason,
            }
        try:
            status, text = await self.post(body, headers)
        except (aiohttp.ClientError, OSError):
            return  # nobody answers: the patience ends it
        if status == OK:
            payload = json.loads(text) if text.startswith("{") else text or None
            answer = {"envelope_id": delivery.envelope_id, "payload": payload}
            self._acknowledged(json.dumps(answer))

    def stop(self) -> None:
        """Ends what is on its way too."""
        for task in self._sending:
            task.cancel()
        Sockets.stop(self)


def over_http(slack: SlackStandIn, url: str, signing_secret: str) -> Requests:
    """From now on this Slack talks to the app at `url`."""
    slack.sockets = Requests(slack.workspace, slack.sockets.patience, url=url, signing_secret=signing_secret)
    return slack.sockets

"""HTTP mode: the same app behind real signed requests; what is forged, old or sent again does nothing."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.health import Health
from bot.playground.slack import SlackStandIn
from bot.playground.slack.requests import Requests, over_http, signed, written
from bot.slack.app import build
from bot.slack.http import Door
from bot.slack.identity import NotWelcome
from tests.slack import stories
from tests.slack.desk import FakeClock, FakeDesk

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@dataclass
class House:
    """A bot that listens, and Slack before its door."""

    slack: SlackStandIn
    desk: FakeDesk
    health: Health
    requests: Requests
    door: Door

    async def works(self) -> bool:
        """Whether anything is or was under way for a person: the desk was asked, or somebody was answered."""
        await self.door.app.work.close()
        return bool(self.desk.asked or self.slack.messages)


@pytest.fixture
async def house(slack: SlackStandIn) -> AsyncIterator[House]:
    desk = FakeDesk()
    app = build(
        desk,
        bot_token=slack.bot_token,
        base_url=slack.url,
        signing_key=stories.KEY,
        signing_secret=SECRET,
        clock=FakeClock(),
    )
    door = Door(app, SECRET)
    async with Health("127.0.0.1:0", http=True) as health:
        await door.open()
        health.slack = door.answer
        requests = over_http(slack, f"{health.url}/slack/events", SECRET)
        yield House(slack, desk, health, requests, door)
        await door.close()


async def test_a_command_a_click_and_a_mention_arrive_by_request(house: House) -> None:
    slack = house.slack
    assert (await (await slack.slash("canary k8sdemo v6")).done()).acked
    preview = await slack.until(lambda: slack.offering("release.start"), what="a preview")
    assert preview is not None
    assert (await (await slack.click(preview, "release.start")).done()).acked
    await slack.until(lambda: "is started" in preview.words, what="the start")
    await slack.mention("status", user="U2")
    await slack.until(lambda: slack.find("Started by"), what="an answer to the mention")
    assert set(house.requests.statuses) == {200}


async def test_slacks_first_question_is_answered(house: House) -> None:
    body = json.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"}).encode()
    headers = signed(body, SECRET) | {"Content-Type": "application/json"}
    status, text = await house.requests.post(body, headers)
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw1a"})


async def _command(house: House) -> tuple[bytes, dict[str, str]]:
    """The body of a real command that has not been sent."""
    house.slack.hold()
    delivery = await house.slack.slash("status")
    body, kind = written(delivery)
    return body, {"Content-Type": kind}


async def test_a_forged_a_missing_and_a_garbled_signature_get_401_and_do_nothing(house: House) -> None:
    body, kind = await _command(house)
    good = signed(body, SECRET)
    for headers in (
        {},
        signed(body, "another secret"),
        signed(body + b"&x=1", SECRET),
        good | {"X-Slack-Signature": "v0=" + "é"},
        good | {"X-Slack-Signature": ""},
        good | {"X-Slack-Request-Timestamp": "soon"},
        good | {"X-Slack-Request-Timestamp": "9" * 400},
        good | {"X-Slack-Request-Timestamp": "²"},
    ):
        assert (await house.requests.post(body, headers | kind))[0] == 401
    for garbage in (b"{", b"payload={", b'{"a":' * 90_000, b"\xff\xfe", b""):
        assert (await house.requests.post(garbage, {"X-Slack-Signature": "v0=00"}))[0] == 401
    assert not await house.works()


async def test_a_signature_six_minutes_old_or_from_the_future_gets_401_and_does_nothing(house: House) -> None:
    body, kind = await _command(house)
    for minutes in (-6, 6):
        headers = signed(body, SECRET, at=time.time() + minutes * 60)
        assert (await house.requests.post(body, headers | kind))[0] == 401
    assert not await house.works()
    four = signed(body, SECRET, at=time.time() - 4 * 60)
    assert (await house.requests.post(body, four | kind))[0] == 200


async def test_an_event_that_slack_sends_again_acts_once(house: House) -> None:
    slack = house.slack
    house.desk.release = stories.asking(stories.proven(stories.started(stories.planned(steps=(25, 100)))))
    slack.hold()
    event = await slack.mention("hold k8sdemo-17")
    body, kind = written(event)
    for again in ({}, {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}):
        headers = signed(body, SECRET) | {"Content-Type": kind} | again
        assert (await house.requests.post(body, headers))[0] == 200
    await house.door.app.work.close()
    assert house.desk.count("act") == 1


async def test_health_stands_beside_it_and_slack_waits_until_it_may_come_in(house: House) -> None:
    house.health.slack = None
    body, kind = await _command(house)
    assert (await house.requests.post(body, signed(body, SECRET) | kind))[0] == 503
    async with aiohttp.ClientSession() as session:
        for path, status in (("/healthz", 200), ("/readyz", 503)):
            async with session.get(f"{house.health.url}{path}") as answer:
                assert answer.status == status
        async with session.get(f"{house.health.url}/slack/events") as answer:
            assert answer.status == 405


async def test_without_http_mode_there_is_no_door() -> None:
    async with (
        Health("127.0.0.1:0") as health,
        aiohttp.ClientSession() as session,
        session.post(f"{health.url}/slack/events") as answer,
    ):
        assert answer.status == 404


async def test_a_refused_bot_token_is_named(house: House) -> None:
    house.door.app.identity.team, house.door.app.client.token = "", "xoxb-wrong"
    with pytest.raises(NotWelcome, match="SLACK_BOT_TOKEN"):
        await house.door.open()

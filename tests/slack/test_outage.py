"""Slack is away for an hour, or says to wait: the release goes on, Slack is left alone, and the thread catches up short."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from bot.engine.announcing import Announcing
from bot.engine.timers import Timers
from bot.playground.slack import Message, SlackStandIn
from bot.slack.announce import Announcer
from strategies.release import Card, Intent, IntentKind, Release
from tests.slack import stories
from tests.slack.conftest import Seconds
from tests.slack.test_announce import begun, card, entries


@dataclass
class Hour:
    """A clock with alarms that ring only as it is moved; the announcer's own seconds move with it."""

    seconds: Seconds
    time: datetime = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    alarms: dict[str, tuple[datetime, Callable[[], None]]] = field(default_factory=dict)
    set_again: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        """The present moment."""
        return self.time

    def at(self, name: str, when: datetime, call: Callable[[], None]) -> None:
        """As `Timers.at`."""
        self.alarms[name] = (when, call)
        self.set_again.set()

    def move(self, seconds: float) -> None:
        """Time passes, and what is due rings."""
        self.time += timedelta(seconds=seconds)
        self.seconds.now += seconds
        for name, (when, call) in list(self.alarms.items()):
            if when <= self.time:
                del self.alarms[name]
                call()

    async def again(self) -> datetime:
        """When the next alarm that is set will ring."""
        await self.set_again.wait()
        self.set_again.clear()
        return min(when for when, _ in self.alarms.values())


@dataclass
class Told:
    """A release that is announced beside its (pretended) loop."""

    slack: SlackStandIn
    announcing: Announcing
    hour: Hour
    release: Release

    def tell(self, kind: str, text: str) -> None:
        """Another event."""
        self.put(self.release.tell(kind, text, self.hour.now()))

    def put(self, release: Release) -> None:
        """The record changed."""
        self.release = release
        self.announcing.news(release)

    async def caught_up(self) -> list[Message]:
        """Once all is said: the thread."""
        while not self.announcing.current(self.release):
            seen = self.slack.workspace.changed.version
            self.hour.move(1)
            if not self.announcing.current(self.release):
                await asyncio.wait({asyncio.create_task(self.slack.workspace.changed.after(seen))}, timeout=5)
        return self.slack.thread(card(self.slack))


@pytest.fixture
async def told(slack: SlackStandIn, announcer: Announcer, seconds: Seconds) -> AsyncIterator[Told]:
    hour = Hour(seconds)
    release = begun().model_copy(update={"card": Card(channel="C1")})
    made = Announcing(announcer, cast("Timers", hour), hour, release, slack.workspace.changed.tick)
    running = asyncio.create_task(made.run(resumed=False))
    yield Told(slack, made, hour, release)
    running.cancel()
    await asyncio.wait({running})


async def test_an_hour_without_slack_becomes_a_few_messages_in_order(told: Told, slack: SlackStandIn) -> None:
    assert len(await told.caught_up()) == 1
    await slack.away()
    for minute in range(60):
        told.tell("step", f"Minute {minute} is over.")
        assert await told.hour.again() > told.hour.now()  # it was tried, and waits
        told.hour.move(60)
    asking = stories.asking(stories.proven(told.release))
    told.put(asking)
    await slack.back()
    told.hour.move(60)
    thread = await told.caught_up()
    said = [line for message in thread for line in message.words.splitlines()]
    minutes = [line.partition("Minute ")[2] for line in said if "Minute " in line]
    assert minutes == [f"{minute} is over." for minute in range(60)]
    assert len(thread) <= 8
    question = [message for message in thread if message.controls]
    assert question == thread[-1:]
    assert question[0].broadcast
    assert "Waiting for a decision" in card(slack).words
    assert slack.refusals == []


async def test_what_was_asked_and_decided_during_an_outage_is_a_line_and_not_a_question(
    told: Told, slack: SlackStandIn
) -> None:
    await told.caught_up()
    await slack.away()
    release = stories.asking(stories.proven(told.release))
    for n in range(6):
        release = stories.reminded(release)
        release = release.tell("step", f"Step {n} is done.", stories.later(900 + n))
    moved = release.on(Intent(kind=IntentKind.PROMOTE), stories.BEN, stories.later(1000))
    assert isinstance(moved, Release)
    told.put(stories.promoted(stories.keeping(moved)))
    await told.hour.again()
    await slack.back()
    told.hour.move(60)
    thread = await told.caught_up()
    (ending,) = [m.words for m in thread if m.broadcast]
    assert ending.startswith("✅  *k8sdemo-17*  ·  " + _last(told))
    assert not any(m.controls for m in slack.messages)
    assert len(thread) <= 6
    assert "Promoted" in card(slack).words


def _last(told: Told) -> str:
    return told.release.events[-1].text


async def test_news_does_not_shorten_the_wait_that_slack_asked_for(told: Told, slack: SlackStandIn) -> None:
    await told.caught_up()
    slack.faults.limit("chat.postMessage", retry_after=30)
    told.tell("step", "one")
    assert await told.hour.again() == told.hour.now() + timedelta(seconds=30)
    tried = len(slack.calls)
    for words in ("two", "three"):
        told.tell("step", words)
        told.hour.move(10)
        await asyncio.sleep(0)
    assert len(slack.calls) == tried
    told.hour.move(10)
    thread = await told.caught_up()
    assert thread[-1].words == "one\ntwo\nthree"


async def test_a_method_that_was_limited_rests_for_every_release(
    told: Told, slack: SlackStandIn, announcer: Announcer
) -> None:
    from bot.ports import Silent

    await told.caught_up()
    slack.faults.limit("chat.postMessage", retry_after=30)
    told.tell("step", "one")
    await told.hour.again()
    tried = len(slack.calls)
    other = begun().model_copy(update={"card": Card(channel="C1")})
    other = other.model_copy(update={"plan": other.plan.model_copy(update={"service": "other"})})
    with pytest.raises(Silent) as silent:
        await announcer.announce(other.model_copy(update={"id": "other-1"}))
    assert 0 < silent.value.after <= 30
    assert len(slack.calls) == tried


@pytest.mark.parametrize("how", ["timeout", "5xx", "dropped"])
async def test_an_answer_that_is_lost_is_said_once(told: Told, slack: SlackStandIn, how: str) -> None:
    await told.caught_up()
    if how == "timeout":
        slack.faults.hold("chat.postMessage", stored=True)
        assert told.announcing._surface._client is not None  # type: ignore[attr-defined]
        told.announcing._surface._client.timeout = 1  # type: ignore[attr-defined]
    elif how == "5xx":
        slack.faults.status("chat.postMessage", 502, stored=True)
    else:
        slack.faults.drop("chat.postMessage")
    told.tell("step", "one")
    await told.hour.again()
    told.tell("step", "two")
    told.hour.move(60)
    thread = await told.caught_up()
    assert [m.words for m in thread[1:]] == ["one", "two"]
    assert entries(slack) == ["card", "1", "2", "3"]

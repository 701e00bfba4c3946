"""The Home tab and direct messages: what somebody sees alone, how often it is brought up to date, and what is not done there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.board import FrozenTime, Home
from bot.playground.slack import View
from bot.slack import tabs
from strategies.release import Card
from tests.slack import stories
from tests.slack.conftest import Room
from tests.slack.test_form import titled


async def tab(room: Room, words: str, user: str = "U1") -> View:
    """Somebody's Home tab, once it says this."""

    def found() -> View | None:
        view = room.slack.views.homes.get(user)
        return view if view and words in str(view.content) else None

    view = await room.slack.until(found, seconds=30, what=f"a Home tab that says {words}")
    assert view is not None
    return view


def published(room: Room) -> int:
    """How often any tab was."""
    return sum(c.method == "views.publish" for c in room.slack.calls)


@pytest.fixture
async def kept(room: Room) -> AsyncIterator[Room]:
    """With the rounds that keep tabs up, and nearly no pause between."""
    room.app.tabs.every = 0.01
    running = asyncio.create_task(room.app.tabs.run())
    yield room
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def asking() -> Home:
    """One release that waits, with its card in the channel."""
    release = stories.asking(stories.proven(stories.started(stories.planned(steps=(25, 50, 100)))))
    release = release.model_copy(update={"card": Card(channel="C1", ts="18.5")})
    return Home(
        running=(release,), waiting=(release,), freezes=(FrozenTime("prod", "weekend", stories.later(60)),)
    )


async def test_opening_it_shows_what_runs_what_waits_and_what_is_frozen(room: Room) -> None:
    room.board.found = asking()
    assert (await (await room.slack.open_home()).done()).acked
    view = await tab(room, "Waiting for you")
    said = str(view.content)
    assert said.count("*k8sdemo-17*") == 2
    assert "weekend" in said
    assert "Nobody has locked anything." in said
    (link, *_) = [c for c in view.controls if c.action_id == "home.card"]
    assert link.element["url"].endswith("/archives/C1/p185")
    assert (await (await room.slack.press(view, "home.card", value=link.value)).done()).acked
    assert room.slack.refusals == []


async def test_its_button_opens_the_form(room: Room) -> None:
    await room.slack.open_home()
    view = await tab(room, "No release is running.")
    await room.slack.press(view, "form.open")
    form = await titled(room, "Release a service")
    channel = next(c for c in form.controls if c.action_id == "form.channel")
    assert channel.element["default_to_current_conversation"] is True


async def test_refresh_looks_again(room: Room) -> None:
    await room.slack.open_home()
    view = await tab(room, "No release is running.")
    room.board.found = asking()
    await room.slack.press(view, "home.refresh")
    await tab(room, "k8sdemo-17")


async def test_a_guest_is_told_why_there_is_nothing(room: Room) -> None:
    await room.slack.open_home("U3")
    await tab(room, "Only full members", "U3")
    assert ("home", "U3") not in room.board.asked


async def test_it_follows_releases_for_those_who_opened_it_and_only_where_it_says_something_new(
    kept: Room,
) -> None:
    await kept.slack.open_home()
    await tab(kept, "No release is running.")
    kept.board.found = asking()
    kept.app.tabs.changed()
    await tab(kept, "k8sdemo-17")
    assert published(kept) == 2
    assert set(kept.slack.views.homes) == {"U1"}
    looks = kept.board.asked.count(("home", "U1"))
    kept.app.tabs.changed()
    await kept.board.homes("U1", looks + 1)
    assert published(kept) == 2


async def test_many_changes_at_once_are_one_round(kept: Room) -> None:
    kept.app.tabs.every = 3600
    await kept.slack.open_home()
    await tab(kept, "No release is running.")
    kept.board.found = asking()
    kept.app.tabs.changed()
    await tab(kept, "k8sdemo-17")
    for _ in range(100):
        kept.app.tabs.changed()
    await (await kept.slack.slash("status")).done()
    await kept.private("No release is running")
    assert published(kept) == 2


async def test_a_tab_is_kept_up_for_a_while_and_for_so_many_people(kept: Room) -> None:
    moment = 0.0
    kept.app.tabs.monotonic = lambda: moment
    await kept.slack.open_home()
    await tab(kept, "No release is running.")
    moment = tabs.KEPT + 1
    kept.board.found = asking()
    await kept.slack.open_home("U2")
    await tab(kept, "k8sdemo-17", "U2")
    kept.app.tabs.changed()
    await kept.board.homes("U2", 2)
    assert kept.board.asked.count(("home", "U1")) == 1
    for n in range(tabs.MOST + 5):
        kept.app.tabs._open[f"U9{n}"] = moment
    await kept.slack.open_home()
    await tab(kept, "k8sdemo-17")
    assert len(kept.app.tabs._open) == tabs.MOST


async def test_a_direct_message_is_answered_with_the_same_grammar(room: Room) -> None:
    room.desk.release = asking().running[0]
    for text, answer in (
        ("status k8sdemo", "Traffic to v6"),
        ("/release history k8sdemo", "Releases of"),
        ("plan canary k8sdemo v6", "Plan for"),
        ("canry k8sdemo v6", "There is no command"),
        ("help", "Act on a release"),
        ("whoami", "You are"),
    ):
        assert (await (await room.slack.tell(text)).done()).acked
        found = await room.slack.until(
            lambda answer=answer: next(  # type: ignore[misc]  # bound per turn
                (
                    m
                    for m in room.slack.messages
                    if m.channel == "DU1" and m.user != "U1" and answer in m.words
                ),
                None,
            ),
            what=answer,
        )
        assert found is not None
        assert not found.thread_ts
    assert room.slack.refusals == []


@pytest.mark.parametrize(
    "text",
    ["canary k8sdemo v6", "promote k8sdemo-17", "rollback", "lock k8sdemo --reason x", "unlock k8sdemo"],
)
async def test_nothing_is_done_from_a_direct_message(room: Room, text: str) -> None:
    room.desk.release = asking().running[0]
    await room.slack.tell(text)
    await room.slack.until(lambda: room.slack.find("I only answer questions"), what="where it can be done")
    assert not {what for what, _ in room.desk.asked} & {"act", "start", "preview"}
    assert room.desk.held is None


async def test_our_own_messages_and_edits_are_no_questions(room: Room) -> None:
    body = {"type": "message", "channel_type": "im", "channel": "DU1", "ts": "1.1", "text": "status"}
    for more in ({"bot_id": "B1", "user": "UBOT"}, {"user": "U1", "subtype": "message_changed"}, {}):
        assert (await (await room.slack._happened({**body, **more})).done()).acked
    channel = {**body, "user": "U1", "channel_type": "channel", "channel": "C1"}
    assert (await (await room.slack._happened(channel)).done()).acked
    await room.app.work.close()
    assert room.slack.messages == []


async def test_a_message_that_slack_sends_again_is_answered_once(room: Room) -> None:
    delivery = await room.slack.tell("status")
    await delivery.done()
    await room.slack.redeliver(delivery)
    await room.app.work.close()
    assert len([m for m in room.slack.messages if m.user != "U1"]) == 1

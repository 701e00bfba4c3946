"""The card and its thread: each thing said once, whatever Slack does, and no button outlives its question."""

from collections.abc import Awaitable, Callable

import pytest

from bot.playground.slack import MANIFEST_SCOPES, Message, SlackStandIn
from bot.ports import Silent
from bot.slack.announce import Announcer
from bot.slack.card_words import may_press
from bot.slack.client import web_client
from strategies import words
from strategies.release import Card, Intent, IntentKind, Release, State
from strategies.spec import Strategy
from tests.slack import stories
from tests.slack.conftest import Seconds

Show = Callable[[Release], Awaitable[Release]]


def begun() -> Release:
    """A release whose card is not there yet."""
    return stories.started(stories.planned(steps=(25, 50, 100), reason="for <!channel> & <@U2>"))


def entries(slack: SlackStandIn) -> list[str]:
    """Which entries stand, in order."""
    marked = [m for m in slack.messages if m.metadata]
    return [str(m.metadata["event_payload"]["entry"]) for m in marked if m.metadata]


def card(slack: SlackStandIn) -> Message:
    """The newest card."""
    return next(m for m in reversed(slack.messages) if not m.in_thread and m.subtype != "tombstone")


def live(slack: SlackStandIn) -> list[Message]:
    """Messages with buttons."""
    return [m for m in slack.messages if m.controls]


async def test_a_release_has_one_card_and_its_thread_is_the_log(slack: SlackStandIn, shown: Show) -> None:
    release = await shown(begun())
    release = await shown(stories.proven(release))
    release = await shown(stories.asking(release))
    assert entries(slack) == ["card", "1", "3", "4", "5"]
    first = card(slack)
    assert all(m.thread_ts == first.ts for m in slack.messages[1:])
    assert [m.broadcast for m in slack.messages] == [False, False, False, False, True]
    assert "Bringing up 1 pod" in slack.messages[2].words
    assert slack.refusals == []


async def test_nobody_is_mentioned_by_a_reason(slack: SlackStandIn, shown: Show) -> None:
    await shown(begun())
    for message in slack.messages:
        assert "&lt;!channel&gt; &amp; &lt;@U2&gt;" in message.words
        assert "<!channel>" not in message.words + message.text
        assert "<@U2>" not in message.words + message.text
        assert "<@U1>" in message.words


async def test_the_same_again_says_nothing(slack: SlackStandIn, shown: Show, announcer: Announcer) -> None:
    release = await shown(stories.asking(stories.proven(begun())))
    assert announcer.current(release)
    calls = len(slack.calls)
    await shown(release)
    assert len(slack.calls) == calls


async def test_what_needs_a_person_has_buttons_until_the_release_moves_on(
    slack: SlackStandIn, shown: Show
) -> None:
    release = await shown(stories.reminded(stories.asking(stories.proven(begun()))))
    question = [m for m in live(slack) if m.in_thread]
    assert [c.action_id for m in question for c in m.controls] == [
        "release.promote",
        "release.hold",
        "release.snooze",
        "release.rollback",
    ] * 2
    assert "<@U1>" in question[1].words
    assert release.card is not None
    assert len(release.card.asked) == 2
    moved = release.on(Intent(kind=IntentKind.PROMOTE), stories.BEN, stories.later(1000))
    assert isinstance(moved, Release)
    moved = await shown(moved)
    assert live(slack) == [card(slack)]
    assert "release.promote" not in [c.action_id for c in card(slack).controls]
    assert "waits for a decision" in question[0].words
    assert moved.card is not None
    assert moved.card.asked == ()


async def test_an_ended_release_has_no_buttons_and_the_channel_hears_of_it(
    slack: SlackStandIn, shown: Show, announcer: Announcer
) -> None:
    release = await shown(stories.keeping(stories.asking(stories.proven(begun()))))
    assert "release.rollback" in [c.action_id for c in card(slack).controls]
    release = await shown(stories.promoted(release))
    assert live(slack) == []
    assert slack.messages[-1].broadcast
    assert "promoted to v6" in slack.messages[-1].words
    assert "kind: Deployment" in slack.messages[-2].words
    assert not slack.messages[-2].broadcast
    assert "hunter2" not in slack.transcript()
    assert announcer.current(release)


async def test_a_question_already_answered_never_gets_buttons(slack: SlackStandIn, shown: Show) -> None:
    await shown(stories.rolled_back(stories.asking(stories.proven(begun()))))
    assert live(slack) == []
    (said,) = [m.words for m in slack.messages if m.broadcast]
    assert said.startswith("↩️  *k8sdemo-17*  ·  Rolled back: k8sdemo runs v2 as before.\nTook ")


async def test_an_outage_catches_up_condensed(slack: SlackStandIn, shown: Show) -> None:
    release = begun()
    for n in range(12):
        release = release.tell("step", f"Step {n} is done.", stories.later(30 * n))
    await shown(release)
    assert entries(slack) == ["card", "13"]
    assert "Step 11" in slack.messages[1].words


async def test_what_the_record_lost_is_counted(slack: SlackStandIn, shown: Show) -> None:
    release = begun()
    for n in range(200):
        release = release.tell("step", f"Step {n} is done.", stories.later(n))
    await shown(release)
    assert "(81 earlier lines not kept)" in slack.messages[1].words
    assert slack.refusals == []


async def test_edits_of_a_card_are_merged(
    slack: SlackStandIn, shown: Show, announcer: Announcer, seconds: Seconds
) -> None:
    release = await shown(begun())
    for ready in (1, 2, 3):
        pods = release.canary_pods.model_copy(update={"total": 3, "ready": ready})
        release = release.model_copy(update={"canary_pods": pods})
        release = release.model_copy(update={"card": await announcer.announce(release)})
        seconds.now += 0.4
    assert not announcer.current(release)
    assert sum(c.method == "chat.update" for c in slack.calls) == 0
    seconds.now += announcer.pause
    release = release.model_copy(update={"card": await announcer.announce(release)})
    assert announcer.current(release)
    assert "3 of 3 ready | 3 of 3 ready" in card(slack).words


async def test_two_cards_in_one_channel_share_the_second(
    slack: SlackStandIn, shown: Show, announcer: Announcer, seconds: Seconds
) -> None:
    one = await shown(begun())
    other = await shown(begun().model_copy(update={"id": "other-1"}))

    async def edited() -> list[bool]:
        """Both have news at the same moment; which of them is shown now."""
        made = []
        for release in (one, other):
            pods = release.canary_pods.model_copy(update={"total": 3, "ready": 3})
            changed = release.model_copy(update={"canary_pods": pods})
            card = await announcer.announce(changed)
            made.append(announcer.current(changed.model_copy(update={"card": card})))
        return made

    seconds.now += announcer.pause
    assert await edited() == [True, False]
    seconds.now += announcer.pause
    assert await edited() == [True, True]
    assert [c.method for c in slack.calls].count("chat.update") == 2


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("effect", ["stored", "not stored"])
async def test_a_lost_answer_is_looked_for_before_anything_is_said_again(
    slack: SlackStandIn, shown: Show, which: int, effect: str
) -> None:
    stored = effect == "stored"
    release = stories.asking(stories.proven(begun()))
    first = begun() if which > 1 else release
    if which > 1:
        release = release.model_copy(update={"card": (await shown(first)).card})
    if which % 2:
        slack.faults.status("chat.postMessage", 503, stored=stored)
    elif stored:
        slack.faults.drop("chat.postMessage")
    else:
        slack.faults.status("chat.postMessage", 500)
    with pytest.raises(Silent):
        await shown(release)
    release = await shown(release)
    expected = ["card", "1", "3", "4", "5"] if which > 1 else ["card", "3", "4", "5"]
    assert entries(slack) == expected
    assert release.card is not None
    assert [a[0] for a in release.card.asked] == [slack.messages[-1].ts]
    assert len([m for m in live(slack) if m.in_thread]) == 1


async def test_without_the_right_to_look_a_lost_answer_may_double_and_nothing_worse() -> None:
    slack = SlackStandIn(scopes=MANIFEST_SCOPES - {"channels:history", "groups:history"})
    await slack.start()
    announcer = Announcer(web_client(slack.bot_token, slack.url, retries=0), stories.KEY)
    release = stories.asking(stories.proven(begun()))
    slack.faults.drop("chat.postMessage")
    with pytest.raises(Silent):
        await announcer.announce(release)
    assert await announcer.announce(release) is not None
    assert entries(slack) == ["card", "card", "3", "4", "5"]
    await announcer.close()
    await slack.stop()


async def test_a_rate_limit_says_when_to_try_again(slack: SlackStandIn, shown: Show) -> None:
    slack.faults.limit("chat.postMessage", retry_after=7)
    with pytest.raises(Silent) as silent:
        await shown(begun())
    assert silent.value.after == 7
    await shown(begun())
    assert entries(slack) == ["card", "1"]


async def test_what_was_said_before_a_failure_is_not_said_again(slack: SlackStandIn, shown: Show) -> None:
    release = stories.asking(stories.proven(begun()))
    announced = await shown(begun())
    release = release.model_copy(update={"card": announced.card})
    slack.faults.limit("chat.update")
    with pytest.raises(Silent):
        await shown(release)
    await shown(release)
    assert entries(slack) == ["card", "1", "3", "4", "5"]


async def test_a_new_process_finds_what_was_posted_and_not_remembered(
    slack: SlackStandIn, shown: Show
) -> None:
    release = stories.asking(stories.proven(begun()))
    await shown(release)
    reborn = Announcer(web_client(slack.bot_token, slack.url, retries=0), stories.KEY)
    for remembered in (Card(channel="C1"), Card(channel="C1", ts=card(slack).ts, told=1)):
        forgetful = release.model_copy(update={"card": remembered})
        found = await reborn.resume(forgetful)
        assert found is not None
        assert (found.ts, found.told) == (card(slack).ts, 5)
        assert [a[1:] for a in found.asked] == [(5, release.revision)]
        await reborn.announce(release.model_copy(update={"card": found}))
    assert entries(slack) == ["card", "3", "4", "5"]
    await reborn.close()


async def test_a_restart_without_slack_goes_on_with_what_is_remembered(
    slack: SlackStandIn, shown: Show, announcer: Announcer
) -> None:
    release = await shown(stories.asking(stories.proven(begun())))
    slack.faults.status("conversations.replies", 503)
    assert await announcer.resume(release) == release.card
    again = await shown(release)
    assert again.card == release.card
    assert entries(slack) == ["card", "3", "4", "5"]


async def test_a_deleted_card_is_drawn_again(slack: SlackStandIn, shown: Show) -> None:
    release = await shown(begun())
    slack.workspace.remove(card(slack))
    release = await shown(stories.proven(release))
    assert card(slack).words.startswith("k8sdemo: v2 → v6")
    assert release.card is not None
    assert release.card.ts == card(slack).ts
    release = await shown(stories.asking(release))
    assert slack.messages[-1].thread_ts == card(slack).ts
    moved = release.on(Intent(kind=IntentKind.HOLD), stories.BEN, stories.later(1000))
    assert isinstance(moved, Release)
    await shown(moved)
    assert slack.messages[-1].controls[0].action_id == "release.promote"
    assert len(live(slack)) == 2


async def test_a_deleted_card_without_replies_takes_its_thread_with_it(
    slack: SlackStandIn, shown: Show
) -> None:
    release = await shown(begun())
    slack.workspace.messages.clear()
    await shown(stories.asking(stories.proven(release)))
    assert entries(slack) == ["card", "3", "4", "5"]


async def test_a_message_that_slack_refuses_is_sent_as_plain_words(
    slack: SlackStandIn, shown: Show, caplog: pytest.LogCaptureFixture
) -> None:
    release = await shown(begun())
    slack.faults.refuse("chat.postMessage", "invalid_blocks")
    await shown(stories.asking(stories.proven(release)))
    assert entries(slack)[-3:] == ["3", "4", "5"]
    assert "refuses a message" in caplog.text


async def test_a_card_whose_table_is_refused_stands_with_the_same_in_words(
    slack: SlackStandIn, shown: Show
) -> None:
    slack.faults.refuse("chat.postMessage", "invalid_blocks")
    release = await shown(begun())
    assert all(b["type"] != "table" for b in card(slack).blocks)
    assert "*v6 · canary*\nPods: none" in card(slack).words
    assert [c.action_id for c in card(slack).controls] == ["release.cancel"]
    slack.faults.refuse("chat.update", "invalid_blocks")
    await shown(stories.proven(release))
    assert "Requests sampled: 27" in card(slack).words
    assert entries(slack)[0] == "card"


async def test_the_card_says_who_may_press(slack: SlackStandIn) -> None:
    client = web_client(slack.bot_token, slack.url, retries=0)
    made = Announcer(client, stories.KEY, may=lambda _: may_press(stories.TWO))
    try:
        release = begun()
        shown = release.model_copy(update={"card": await made.announce(release)})
        assert "May press · approve and promote: sre, 2 of them" in card(slack).words
        assert made.current(shown)
    finally:
        await made.close()


async def test_a_channel_without_the_bot_is_told_and_holds_up_no_ended_release(
    slack: SlackStandIn, shown: Show, announcer: Announcer
) -> None:
    release = begun().model_copy(update={"card": Card(channel="C2")})
    with pytest.raises(Silent, match="invite"):
        await shown(release)
    assert not announcer.current(release)
    ended = release.become(State.CANCELLED, stories.later(1), ended_at=stories.later(1))
    assert announcer.current(ended)


async def test_a_release_without_a_channel_is_shown_nowhere(
    slack: SlackStandIn, announcer: Announcer
) -> None:
    release = begun().model_copy(update={"card": None})
    assert announcer.current(release)
    assert await announcer.announce(release) is None
    assert await announcer.resume(release) is None
    assert slack.calls == []


async def test_a_log_and_a_proof_that_failed_stand_with_their_question(
    slack: SlackStandIn, shown: Show
) -> None:
    release = await shown(stories.stuck(stories.proven(begun())))
    question = slack.messages[-1]
    assert "```not the end```" in question.words
    assert question.broadcast
    assert "release.resume" in [c.action_id for c in question.controls]
    assert release.card is not None
    assert release.card.told == release.events[-1].n


async def test_a_rolling_release_is_shown_with_its_own_words(slack: SlackStandIn, shown: Show) -> None:
    release = stories.started(stories.planned(Strategy.ROLLING, pause_at=50))
    release = stories.asking(stories.proven(release))
    await shown(release)
    confirm = next(c.confirm for c in card(slack).controls if c.action_id == "release.promote")
    assert confirm is not None
    assert "All 3 pods become v6" in confirm["text"]["text"]
    await shown(release.tell("engine", words.resumed_engine(), stories.later(320)))
    assert "resumed" in slack.messages[-1].words

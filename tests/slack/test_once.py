"""What no record remembers is said once, too: whatever becomes of the answer, and whoever else had the same delivery."""

from collections.abc import AsyncIterator

import pytest

from bot.playground.slack import MANIFEST_SCOPES, SlackStandIn
from bot.slack import answers, once
from bot.slack.client import Client, Failed, web_client

WORDS = answers.sentence("v6 answered 27 of 100")


@pytest.fixture
async def client(slack: SlackStandIn) -> AsyncIterator[Client]:
    """As commands have it: with the SDK's retries, which post a second time by themselves where they are let."""
    made = web_client(slack.bot_token, slack.url)
    yield made
    await made.close()


@pytest.mark.parametrize("where", ["thread", "channel"])
@pytest.mark.parametrize("what", ["nothing", "dropped", "5xx after it", "5xx before it"])
async def test_a_saying_stands_once(slack: SlackStandIn, client: Client, what: str, where: str) -> None:
    card = slack.workspace.post({"text": "card"}, channel="C1")
    thread = card.ts if where == "thread" else ""
    if what == "dropped":
        slack.faults.drop("chat.postMessage")
    elif what != "nothing":
        slack.faults.status("chat.postMessage", 502, stored=what == "5xx after it")
    for _ in range(2):  # the second is another replica's
        await once.say(client, "C1", WORDS, "Ev1", thread_ts=thread)
    assert [m.words for m in slack.messages[1:]] == ["v6 answered 27 of 100"]
    assert slack.messages[1].thread_ts == (card.ts if thread else None)
    await once.say(client, "C1", WORDS, "Ev2", thread_ts=thread)
    assert len(slack.messages) == 3


async def test_without_the_right_to_look_it_may_stand_twice(slack: SlackStandIn, client: Client) -> None:
    slack.workspace.scopes = MANIFEST_SCOPES - {"channels:history", "groups:history"}
    slack.faults.drop("chat.postMessage")
    await once.say(client, "C1", WORDS, "Ev1")
    assert len(slack.messages) == 2


async def test_a_refusal_is_no_lost_answer(slack: SlackStandIn, client: Client) -> None:
    with pytest.raises(Failed, match="not_in_channel"):
        await once.say(client, "C2", WORDS, "Ev1")
    assert slack.messages == []

"""The official Node clients, another code base than the one our bot stands on, take our stand-in for Slack."""

import json

import pytest

from bot.playground.slack import SlackStandIn, sockets
from tests.judges.conftest import PATIENCE, Judge, Started

pytestmark = pytest.mark.judge

OPTION = {"text": {"type": "plain_text", "text": "k8sdemo"}, "value": "k8sdemo"}


def said(judge: Judge) -> list[dict[str, object]]:
    """What the bare client has told, without its first word."""
    return [json.loads(line) for line in judge.heard if line.startswith("{")]


async def test_bolt_for_node_holds_a_whole_conversation(slack: SlackStandIn, started: Started) -> None:
    async with started("bolt.mjs"):
        assert (await (await slack.slash("canary k8sdemo v6")).done()).acked
        card = await slack.until(lambda: slack.offering("go"), seconds=PATIENCE, what="its card")
        assert card is not None
        assert card.metadata == {"event_type": "judge", "event_payload": {"entry": 1}}
        assert [m.words for m in slack.messages if m.ephemeral_for == "U1"] == ["planning canary k8sdemo v6"]
        before = card.snapshot()
        assert (await (await slack.click(card, "go", user="U2")).done()).acked
        await slack.until(lambda: slack.find("value 7"), seconds=PATIENCE, what="its private answer")
        assert (card.words, card.controls) == ("it went", [])
        assert (await (await slack.click(before, "form")).done()).acked
        form = await slack.until(lambda: slack.views.top("U1"), seconds=PATIENCE, what="its form")
        assert form is not None
        found = await (await slack.search(form, "service", "k8sdemo")).done()
        assert found.answer == {"options": [OPTION]}
        wrong = {"text": {"type": "plain_text", "text": "x"}, "value": "x"}
        for chosen, errors in ((wrong, {"service": "none of that name"}), (OPTION, {})):
            await (await slack.submit(form, {"service": {"selected_option": chosen}})).done()
            assert form.errors == errors or slack.views.top("U1") is None
        assert slack.views.top("U1") is None
        await slack.mention("hold")
        heard = await slack.until(lambda: slack.find("heard <@UBOT> hold"), seconds=PATIENCE, what="it heard")
        assert heard is not None
        assert heard.in_thread
    assert slack.refusals == []


async def test_bolt_for_node_that_does_not_acknowledge_shows_the_error(
    slack: SlackStandIn, started: Started
) -> None:
    async with started("bolt.mjs"):
        slack.sockets.patience = 0.2
        assert not (await (await slack.slash("silence")).done()).acked
        assert slack.find('/release failed with the error "operation_timeout"') is not None


async def test_the_node_socket_answers_in_its_acknowledgement_and_comes_back_after_a_refresh(
    slack: SlackStandIn, started: Started
) -> None:
    async with started("socket.mjs") as judge:
        for turn in ("one", "two", "three"):
            assert (await (await slack.slash(turn)).done()).acked
            assert slack.find(f"pong {turn}") is not None
            await slack.refresh(warning=turn == "two")
            await slack.connected(seconds=PATIENCE)
        await slack.mention("hold")
        last = await slack.until(
            lambda: next((one for one in said(judge) if one.get("type") == "events_api"), None),
            seconds=PATIENCE,
            what="the mention",
        )
        assert last == {"type": "events_api", "command": None, "text": "<@UBOT> hold", "retry": 0}
    assert slack.sockets.stray == []


async def test_the_node_socket_gives_up_a_slack_that_pings_no_more_and_keeps_one_that_does(
    slack: SlackStandIn, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PING", 0.05)
    async with started("socket.mjs", SERVER_PING_TIMEOUT="2000") as judge:
        first = slack.sockets.open[0]
        await slack.until(
            lambda: first.pings > 60, seconds=PATIENCE, what="more pings than its patience is long"
        )
        assert slack.sockets.open == [first]
        slack.mute()
        await slack.until(lambda: first not in slack.sockets.connections, seconds=PATIENCE, what="it leaves")
        slack.mute(on=False)
        await slack.connected(seconds=PATIENCE)
        assert {"state": "connected"} in said(judge)
        assert (await (await slack.slash("again")).done()).acked

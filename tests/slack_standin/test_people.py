"""The driver itself: waiting, finding, transcripts, stale clicks."""

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SlackStandIn


def card(*labels: str) -> list[dict[str, Any]]:
    buttons = [
        {
            "type": "button",
            "action_id": f"release.{label.lower()}",
            "text": {"type": "plain_text", "text": label},
            "value": f"signed-{label}",
        }
        for label in labels
    ]
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "k8sdemo v5 → v6"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*split*\n25 %"}]},
        {"type": "actions", "elements": buttons},
    ]


async def test_waiting_ends_at_the_change_and_returns_what_was_found(
    slack: SlackStandIn, web: AsyncWebClient
) -> None:
    waiting = asyncio.create_task(slack.until(lambda: slack.offering("release.promote"), what="the card"))
    await web.chat_postMessage(channel="C1", text="card", blocks=card("Promote"))
    message = await waiting
    assert message is not None
    assert [(control.action_id, control.value) for control in message.controls] == [
        ("release.promote", "signed-Promote")
    ]


async def test_waiting_in_vain_shows_the_channel(slack: SlackStandIn, web: AsyncWebClient) -> None:
    await web.chat_postMessage(channel="C1", text="card", blocks=card("Hold", "Promote"))
    await web.chat_postMessage(channel="C1", text="step 1", thread_ts=slack.messages[0].ts)
    await web.chat_postEphemeral(channel="C1", user="U2", text="not yours")
    with pytest.raises(AssertionError) as failed:
        await slack.until(lambda: False, seconds=0.01, what="a miracle")
    assert str(failed.value).split("\n") == [
        "not within 0.01 s: a miracle",
        "#releases",
        "  Graylight (1800000000.000001)",
        "    k8sdemo v5 → v6",
        "    *split*",
        "    25 %",
        "    [Hold] [Promote]",
        "      Graylight (1800000000.000002)",
        "        step 1",
        "  Graylight (1800000000.000003, only Ben Okafor sees it)",
        "    not yours",
    ]


async def test_a_button_that_is_gone_can_be_clicked_only_by_who_still_sees_it(
    slack: SlackStandIn, web: AsyncWebClient
) -> None:
    posted = await web.chat_postMessage(channel="C1", text="card", blocks=card("Hold", "Promote"))
    message = slack.messages[0]
    stale = message.snapshot()
    await web.chat_update(channel="C1", ts=posted["ts"], text="card", blocks=card("Hold"))
    with pytest.raises(LookupError, match=r"no release\.promote here, but release\.hold \[Hold\]"):
        await slack.click(message, "release.promote")
    delivery = await slack.click(stale, "release.promote")
    assert delivery.payload["actions"][0]["value"] == "signed-Promote"


async def test_block_ids_change_with_every_update(slack: SlackStandIn, web: AsyncWebClient) -> None:
    posted = await web.chat_postMessage(channel="C1", text="card", blocks=card("Hold"))
    before = [block["block_id"] for block in slack.messages[0].blocks]
    await web.chat_update(channel="C1", ts=posted["ts"], text="card", blocks=card("Hold"))
    after = [block["block_id"] for block in slack.messages[0].blocks]
    assert set(before).isdisjoint(after)


async def test_a_group_change_is_told_to_the_app(slack: SlackStandIn) -> None:
    delivery = await slack.change_group("S1", ["U1"])
    event = delivery.payload["event"]
    assert (event["type"], event["removed_users"]) == ("subteam_members_changed", ["U2"])
    assert slack.workspace.groups["S1"] == ["U1"]


async def test_picks_on_messages_name_the_option(slack: SlackStandIn, web: AsyncWebClient) -> None:
    option = {"text": {"type": "plain_text", "text": "All samples"}, "value": "all"}
    menu = {"type": "overflow", "action_id": "more", "options": [option]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": menu}
    await web.chat_postMessage(channel="C1", text="card", blocks=[section])
    delivery = await slack.pick(slack.messages[0], "more", "All samples")
    assert delivery.payload["actions"][0]["selected_option"] == option
    with pytest.raises(LookupError, match="no option 'none'"):
        await slack.pick(slack.messages[0], "more", "none")

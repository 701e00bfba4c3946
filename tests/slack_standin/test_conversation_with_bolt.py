"""The whole way, judged by Bolt for Python: commands, clicks, mentions, answers, refreshes."""

import asyncio
from typing import Any

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import Message, SlackStandIn
from tests.slack_standin.conftest import Bolt, Clock, outcome

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "7"}
CONFIRM = {
    "title": {"type": "plain_text", "text": "Sure?"},
    "text": {"type": "plain_text", "text": "4 pods go"},
    "confirm": {"type": "plain_text", "text": "Yes"},
    "deny": {"type": "plain_text", "text": "No"},
}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


async def posted(slack: SlackStandIn, web: AsyncWebClient, *blocks: dict[str, Any]) -> Message:
    answer = await web.chat_postMessage(channel="C1", text="a card", blocks=list(blocks))
    return slack.workspace.find("C1", answer["ts"])


async def test_a_command_is_acknowledged_and_answered_to_one_person(bolt: Bolt) -> None:
    @bolt.app.command("/release")
    async def release(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond(f"planning {command['text']}", response_type="ephemeral")

    await bolt.connect()
    delivery = await (await bolt.slack.slash("canary k8sdemo v6", user="U2")).done()
    assert delivery.acked
    await bolt.slack.until(lambda: bolt.slack.find("planning canary k8sdemo v6"), what="the answer")
    assert [message.ephemeral_for for message in bolt.slack.messages] == ["U2"]


async def test_what_comes_with_the_acknowledgement_is_shown(bolt: Bolt) -> None:
    @bolt.app.command("/release")
    async def release(ack: AsyncAck) -> None:
        await ack("got it")

    await bolt.connect()
    await (await bolt.slack.slash("help")).done()
    assert [message.words for message in bolt.slack.messages] == ["got it"]


async def test_a_click_carries_value_message_and_person(bolt: Bolt, web: AsyncWebClient) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        seen.append(body)

    await bolt.connect()
    card = await posted(bolt.slack, web, section("*v6*"), actions(BUTTON | {"confirm": CONFIRM}))
    delivery = await (await bolt.slack.click(card, "go", user="U2")).done()
    await bolt.slack.until(lambda: seen, what="the click")
    assert delivery.confirm == CONFIRM
    assert seen[0]["user"]["id"] == "U2"
    assert seen[0]["actions"][0]["value"] == "7"
    assert seen[0]["message"]["ts"] == card.ts


async def test_who_declines_the_dialog_sends_nothing(bolt: Bolt, web: AsyncWebClient) -> None:
    await bolt.connect()
    card = await posted(bolt.slack, web, actions(BUTTON | {"confirm": CONFIRM}))
    delivery = await bolt.slack.click(card, "go", deny=True)
    assert (delivery.denied, delivery.sent, bolt.slack.deliveries) == (True, 0, [])


async def test_an_ephemeral_message_is_replaced_only_by_its_response_url(
    bolt: Bolt, web: AsyncWebClient
) -> None:
    @bolt.app.action("go")
    async def go(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        await ack()
        assert "message" not in body
        await respond("started", replace_original=True)

    await bolt.connect()
    answer = await web.chat_postEphemeral(channel="C1", user="U1", text="preview", blocks=[actions(BUTTON)])
    preview = bolt.slack.messages[0]
    update = web.chat_update(channel="C1", ts=answer["message_ts"], text="no")
    assert await outcome(update) == "message_not_found"
    with pytest.raises(LookupError, match="only U1 does"):
        await bolt.slack.click(preview, "go", user="U2")
    await bolt.slack.click(preview, "go")
    await bolt.slack.until(lambda: preview.words == "started", what="the replacement")
    assert preview.blocks == []


async def test_a_listener_that_never_acknowledges_shows_an_error(bolt: Bolt) -> None:
    @bolt.app.command("/release")
    async def release() -> None:
        """Forgets to acknowledge."""

    await bolt.connect()
    bolt.slack.sockets.patience = 0.1
    delivery = await (await bolt.slack.slash("status")).done()
    assert not delivery.acked
    assert delivery.error == '/release failed with the error "operation_timeout"'
    assert bolt.slack.find("operation_timeout") is not None


async def test_a_late_acknowledgement_is_recorded_and_changes_nothing(bolt: Bolt) -> None:
    late = asyncio.Event()

    @bolt.app.command("/release")
    async def release(ack: AsyncAck) -> None:
        await late.wait()
        await ack("too late")

    await bolt.connect()
    bolt.slack.sockets.patience = 0.1
    delivery = await (await bolt.slack.slash("status")).done()
    late.set()
    await bolt.slack.until(lambda: delivery.acked_after, what="the late acknowledgement")
    assert delivery.error is not None
    assert bolt.slack.find("too late") is None


async def test_a_command_to_nobody_fails_at_once(slack: SlackStandIn) -> None:
    delivery = await (await slack.slash("status")).done()
    assert delivery.error == '/release failed with the error "dispatch_failed"'


async def test_a_mention_in_a_thread_names_the_thread(bolt: Bolt, web: AsyncWebClient) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.app.event("app_mention")
    async def mentioned(event: dict[str, Any]) -> None:
        seen.append(event)

    await bolt.connect()
    card = await posted(bolt.slack, web, section("a card"))
    await bolt.slack.mention("promote", thread_ts=card.ts)
    await bolt.slack.until(lambda: seen, what="the mention")
    assert (seen[0]["text"], seen[0]["thread_ts"]) == ("<@UBOT> promote", card.ts)


async def test_an_event_that_is_not_acknowledged_comes_again(slack: SlackStandIn, bolt: Bolt) -> None:
    seen: list[dict[str, Any]] = []

    async def ignore(_client: Any, request: Any) -> None:
        seen.append({"attempt": request.retry_attempt, "event": request.payload["event_id"]})
        slack.workspace.changed.tick()

    bolt.handler.client.socket_mode_request_listeners = [ignore]
    await bolt.connect()
    bolt.slack.sockets.patience = 0.1
    await slack.mention("hello")
    await slack.until(lambda: len(seen) >= 2, what="the retry")
    assert [one["attempt"] for one in seen[:2]] == [0, 1]
    assert seen[0]["event"] == seen[1]["event"]


async def test_a_refresh_of_the_sockets_loses_no_command(bolt: Bolt) -> None:
    @bolt.app.command("/release")
    async def release(ack: AsyncAck) -> None:
        await ack()

    await bolt.connect()
    for _ in range(3):
        await bolt.slack.refresh()
        await bolt.slack.connected()
        assert (await (await bolt.slack.slash("status")).done()).acked


async def test_the_bot_comes_back_after_slack_was_away(bolt: Bolt, web: AsyncWebClient) -> None:
    @bolt.app.command("/release")
    async def release(ack: AsyncAck) -> None:
        await ack()

    await bolt.connect()
    await bolt.slack.away()
    with pytest.raises(OSError, match="Connect call failed"):
        await web.auth_test()
    await bolt.slack.back()
    await bolt.slack.connected()
    assert (await (await bolt.slack.slash("status")).done()).acked


async def test_the_same_envelope_may_come_twice_and_late(
    bolt: Bolt, web: AsyncWebClient, clock: Clock
) -> None:
    seen: list[str] = []
    errors: list[str] = []

    @bolt.app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.append(body["trigger_id"])
        errors.append(await outcome(client.views_open(trigger_id=body["trigger_id"], view=FORM)))
        bolt.slack.workspace.changed.tick()

    await bolt.connect()
    card = await posted(bolt.slack, web, actions(BUTTON))
    delivery = await bolt.slack.click(card, "go")
    await bolt.slack.until(lambda: errors, what="the first")
    await bolt.slack.redeliver(delivery)
    await bolt.slack.until(lambda: len(errors) == 2, what="the second")
    bolt.slack.hold()
    await bolt.slack.click(card, "go")
    clock.now += 4
    await bolt.slack.release()
    await bolt.slack.until(lambda: len(errors) == 3, what="the late one")
    assert seen[0] == seen[1] != seen[2]
    assert errors == ["ok", "exchanged_trigger_id", "expired_trigger_id"]


FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Release"},
    "submit": {"type": "plain_text", "text": "Plan"},
    "blocks": [
        {
            "type": "input",
            "block_id": "service",
            "label": {"type": "plain_text", "text": "Service"},
            "element": {"type": "external_select", "action_id": "service", "min_query_length": 0},
        }
    ],
}


async def test_a_form_is_searched_corrected_and_submitted(bolt: Bolt) -> None:
    @bolt.app.shortcut("open")
    async def shortcut(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @bolt.app.options("service")
    async def options(ack: AsyncAck, payload: dict[str, Any]) -> None:
        option = {"text": {"type": "plain_text", "text": payload["value"]}, "value": payload["value"]}
        await ack(options=[option])

    @bolt.app.view("form")
    async def submitted(ack: AsyncAck, view: dict[str, Any]) -> None:
        chosen = view["state"]["values"]["service"]["service"]["selected_option"]["value"]
        if chosen != "k8sdemo":
            await ack(response_action="errors", errors={"service": "nothing of that name"})
        else:
            await ack()

    await bolt.connect()
    await bolt.slack.shortcut("open")
    form = await bolt.slack.until(lambda: bolt.slack.views.top("U1"), what="the form")
    assert form is not None
    found = await (await bolt.slack.search(form, "service", "k8s")).done()
    assert found.answer["options"][0]["value"] == "k8s"
    for chosen in ("other", "k8sdemo"):
        option = {"text": {"type": "plain_text", "text": chosen}, "value": chosen}
        await (await bolt.slack.submit(form, {"service": {"selected_option": option}})).done()
        assert form.errors == {"service": "nothing of that name"}
    assert bolt.slack.views.top("U1") is None
    assert bolt.slack.refusals == []

"""Messages, threads, metadata, tokens, rates and failures, through the official client."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.slack import MANIFEST_SCOPES, PUBLISHED, Channel, Person, SlackStandIn
from tests.slack_standin.conftest import Clock, outcome

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "in blocks"}}]


async def post(web: AsyncWebClient, text: str = "hello", **more: Any) -> str:
    answer = await web.chat_postMessage(channel="C1", text=text, **more)
    return str(answer["ts"])


async def test_a_wrong_block_is_refused_in_slacks_words(web: AsyncWebClient, slack: SlackStandIn) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    with pytest.raises(SlackApiError) as refused:
        await post(web, blocks=[header])
    message = "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert refused.value.response["error"] == "invalid_blocks"
    assert refused.value.response["response_metadata"]["messages"] == [message]
    assert slack.refusals == [("chat.postMessage", "invalid_blocks", (message,))]
    assert slack.messages == []


async def test_an_update_with_text_alone_removes_the_blocks(web: AsyncWebClient, slack: SlackStandIn) -> None:
    ts = await post(web, blocks=BLOCKS)
    await web.chat_update(channel="C1", ts=ts, text="only text")
    message = slack.messages[0]
    assert (message.words, message.blocks, message.edited is not None) == ("only text", [], True)
    assert message.past[0].words == "in blocks"


async def test_messages_that_are_gone_or_of_others_cannot_be_changed(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    ts = await post(web)
    await web.chat_delete(channel="C1", ts=ts)
    await slack.mention("hi")
    theirs = slack.messages[0].ts
    assert await outcome(web.chat_update(channel="C1", ts=ts, text="x")) == "message_not_found"
    assert await outcome(web.chat_delete(channel="C1", ts=ts)) == "message_not_found"
    assert await outcome(web.chat_update(channel="C1", ts=theirs, text="x")) == "cant_update_message"
    assert await outcome(web.chat_delete(channel="C1", ts=theirs)) == "cant_delete_message"


async def test_threads_stay_out_of_the_history_unless_broadcast(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    card = await post(web, "card")
    quiet = await post(web, "quiet", thread_ts=card)
    loud = await post(web, "loud", thread_ts=quiet, reply_broadcast=True)
    await web.chat_postEphemeral(channel="C1", user="U1", text="only you")
    history = await web.conversations_history(channel="C1")
    replies = await web.conversations_replies(channel="C1", ts=card)
    assert [one["ts"] for one in history["messages"]] == [loud, card]
    assert [one["ts"] for one in replies["messages"]] == [card, quiet, loud]
    assert replies["messages"][2]["thread_ts"] == card
    assert replies["messages"][0]["reply_count"] == 2
    assert [one.text for one in slack.thread(slack.messages[0])] == ["quiet", "loud"]


async def test_a_thread_outlives_its_first_message_as_a_tombstone(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    card = await post(web, "card")
    await post(web, "reply", thread_ts=card)
    await web.chat_delete(channel="C1", ts=card)
    assert slack.messages[0].subtype == "tombstone"
    assert await outcome(web.chat_update(channel="C1", ts=card, text="x")) == "cant_update_message"
    lonely = await post(web, "lonely")
    await web.chat_delete(channel="C1", ts=lonely)
    assert await outcome(web.chat_postMessage(channel="C1", text="x", thread_ts=lonely)) == "thread_not_found"
    assert await outcome(web.conversations_replies(channel="C1", ts=lonely)) == "thread_not_found"


async def test_metadata_comes_back_only_when_asked_for(web: AsyncWebClient) -> None:
    metadata = {"event_type": "release", "event_payload": {"release": "k8sdemo-1", "entry": 3}}
    card = await post(web, metadata=metadata)
    await post(web, "reply", thread_ts=card, metadata=metadata)
    plain = await web.conversations_history(channel="C1")
    full = await web.conversations_history(channel="C1", include_all_metadata=True)
    replies = await web.conversations_replies(channel="C1", ts=card, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata
    assert replies["messages"][1]["metadata"] == metadata
    wrong = web.chat_postMessage(channel="C1", text="x", metadata={"event_type": "release"})
    assert await outcome(wrong) == "invalid_metadata_format"


async def test_history_comes_in_pages_and_windows(web: AsyncWebClient) -> None:
    stamps = [await post(web, str(number)) for number in range(5)]
    texts = []
    async for page in await web.conversations_history(channel="C1", limit=2):
        texts += [one["text"] for one in page["messages"]]
    window = await web.conversations_history(channel="C1", oldest=stamps[1], latest=stamps[3])
    assert texts == ["4", "3", "2", "1", "0"]
    assert [one["text"] for one in window["messages"]] == ["2"]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("xoxb-else", "invalid_auth"),
        ("xapp-1-A1-1-playground", "not_allowed_token_type"),
        (None, "not_authed"),
    ],
)
async def test_tokens_are_checked(slack: SlackStandIn, token: str | None, error: str) -> None:
    client = AsyncWebClient(token, base_url=slack.url)
    assert await outcome(client.auth_test()) == error
    assert await outcome(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"


async def test_scopes_are_checked_and_told(web: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.workspace.scopes = MANIFEST_SCOPES - {"channels:history"}
    answer = await web.auth_test()
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    with pytest.raises(SlackApiError) as refused:
        await web.conversations_history(channel="C1")
    assert refused.value.response["needed"] == "channels:history"
    slack.workspace.channels["C3"] = Channel("C3", "secret", private=True)
    for channel, kind in (("C3", "groups"), (slack.workspace.direct("U1").id, "im")):
        slack.workspace.scopes = MANIFEST_SCOPES - {f"{kind}:history", f"{kind}:read"}
        for method, scope in (("conversations.history", "history"), ("conversations.info", "read")):
            with pytest.raises(SlackApiError) as refused:
                await web.api_call(method, params={"channel": channel})
            assert refused.value.response["needed"] == f"{kind}:{scope}"


async def test_places_where_the_bot_may_not_write_refuse(web: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.workspace.channels["C1"].archived = True
    for channel, error in (("C9", "channel_not_found"), ("C2", "not_in_channel"), ("C1", "is_archived")):
        assert await outcome(web.chat_postMessage(channel=channel, text="x")) == error
    assert await outcome(web.api_call("chat.shout")) == "unknown_method"


async def test_people_and_groups_are_told_as_they_are(web: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.people["U6"] = Person("U6", "Una Gast", ultra_restricted=True)
    guests = {user: (await web.users_info(user=user))["user"] for user in ("U1", "U3", "U4", "U5", "U6")}
    assert [user for user, one in guests.items() if one["is_restricted"]] == ["U3"]
    assert [user for user, one in guests.items() if one["is_ultra_restricted"]] == ["U6"]
    assert [user for user, one in guests.items() if one["deleted"]] == ["U4"]
    assert guests["U5"]["team_id"] == "T2"
    assert (await web.usergroups_users_list(usergroup="S1"))["users"] == ["U1", "U2"]
    assert await outcome(web.usergroups_users_list(usergroup="S9")) == "no_such_subteam"
    slack.workspace.free_plan = True
    assert await outcome(web.usergroups_users_list(usergroup="S1")) == "plan_upgrade_required"


async def test_a_response_url_is_good_for_five_uses(slack: SlackStandIn) -> None:
    delivery = await slack.slash("status")
    assert delivery.response_url is not None
    webhook = AsyncWebhookClient(delivery.response_url)
    answers = [await webhook.send(text=str(number)) for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[5].body == "used_url"


async def test_a_response_url_is_good_for_half_an_hour(slack: SlackStandIn, clock: Clock) -> None:
    delivery = await slack.slash("status")
    assert delivery.response_url is not None
    webhook = AsyncWebhookClient(delivery.response_url)
    clock.now += 1800
    assert (await webhook.send(text="just in time", response_type="in_channel")).status_code == 200
    clock.now += 1
    assert (await webhook.send(text="too late")).body == "expired_url"
    message = slack.find("just in time")
    assert message is not None
    assert message.ephemeral_for is None


async def test_a_wrong_answer_to_a_response_url_is_refused(slack: SlackStandIn) -> None:
    delivery = await slack.slash("status")
    assert delivery.response_url is not None
    answer = await AsyncWebhookClient(delivery.response_url).send_dict({"blocks": [{"type": "nothing"}]})
    assert (answer.status_code, answer.body) == (400, "invalid_blocks")
    assert slack.refusals[0][0] == "response_url"


async def test_an_answer_may_be_lost_after_it_took_effect(web: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.faults.drop("chat.postMessage")
    web.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await post(web, "lost")
    assert [message.text for message in slack.messages] == ["lost"]
    await post(web, "next")


async def test_the_official_client_posts_twice_by_itself_when_an_answer_is_lost(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    slack.faults.drop("chat.postMessage")
    await post(web, "lost")
    assert [message.text for message in slack.messages] == ["lost", "lost"]


async def test_failures_come_on_command_and_go(web: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.faults.limit("chat.postMessage", retry_after=7)
    slack.faults.status("chat.postMessage", 503)
    slack.faults.refuse("chat.postMessage", "internal_error")
    with pytest.raises(SlackApiError) as limited:
        await post(web)
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "7")
    with pytest.raises(SlackApiError) as broken:
        await post(web)
    assert broken.value.response.status_code == 503
    assert await outcome(web.chat_postMessage(channel="C1", text="x")) == "internal_error"
    assert slack.messages == []
    await post(web, "at last")


async def test_a_call_can_be_held_between_storing_and_answering(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    fault = slack.faults.hold("chat.postMessage", stored=True)
    posting = asyncio.create_task(post(web, "stored"))
    await fault.met.wait()
    assert slack.find("stored") is not None
    assert not posting.done()
    fault.release()
    await posting


async def test_published_rates_answer_429(slack: SlackStandIn, clock: Clock, web: AsyncWebClient) -> None:
    assert slack.faults.limits == PUBLISHED
    web.retry_handlers.clear()
    await web.conversations_open(users="U1")
    for _ in range(10):  # a short burst
        await post(web)
    for _ in range(3):  # then one a second
        with pytest.raises(SlackApiError) as limited:
            await post(web)
        assert limited.value.response.status_code == 429
        clock.now += float(limited.value.response.headers["Retry-After"])
        await post(web)
    await web.chat_postMessage(channel="DU1", text="another channel has its own")
    await web.chat_update(channel="C1", ts=slack.messages[0].ts, text="and so has another method")


async def test_small_things_work(web: AsyncWebClient, slack: SlackStandIn) -> None:
    ts = await post(web)
    link = await web.chat_getPermalink(channel="C1", message_ts=ts)
    assert link["permalink"].endswith(f"/archives/C1/p{ts.replace('.', '')}")
    await web.reactions_add(channel="C1", timestamp=ts, name="eyes")
    assert await outcome(web.reactions_add(channel="C1", timestamp=ts, name="eyes")) == "already_reacted"
    direct = await web.conversations_open(users="U2")
    await web.chat_postMessage(channel=direct["channel"]["id"], text="psst")
    assert (await web.conversations_info(channel="C1"))["channel"]["is_member"]
    assert "Graylight" in slack.transcript()
    assert ":eyes: 1" in slack.transcript()


async def test_a_home_tab_is_kept_per_person_and_guarded_by_its_hash(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    view = {"type": "home", "blocks": BLOCKS}
    first = await web.views_publish(user_id="U1", view=view)
    await web.views_publish(user_id="U1", view=view, hash=first["view"]["hash"])
    again = web.views_publish(user_id="U1", view=view, hash=first["view"]["hash"])
    assert await outcome(again) == "hash_conflict"
    assert list(slack.views.homes) == ["U1"]


async def test_modals_stack_three_deep_on_fresh_triggers(web: AsyncWebClient, slack: SlackStandIn) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": BLOCKS}

    def trigger() -> str:
        return slack.workspace.issue_trigger("U1")

    await web.views_open(trigger_id=trigger(), view=view)
    pushed = await web.views_push(trigger_id=trigger(), view=view)
    await web.views_push(trigger_id=trigger(), view=view)
    assert await outcome(web.views_push(trigger_id=trigger(), view=view)) == "push_limit_reached"
    assert await outcome(web.views_open(trigger_id="made up", view=view)) == "invalid_trigger_id"
    await web.views_update(view_id=pushed["view"]["id"], hash=pushed["view"]["hash"], view=view)
    stale = web.views_update(view_id=pushed["view"]["id"], hash=pushed["view"]["hash"], view=view)
    assert await outcome(stale) == "hash_conflict"

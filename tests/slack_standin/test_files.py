"""Uploads through the official client: bytes first, then shown to somebody, and never half."""

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SlackStandIn
from tests.slack_standin.conftest import outcome


@pytest.fixture
async def card(web: AsyncWebClient) -> str:
    return str((await web.chat_postMessage(channel="C1", text="card"))["ts"])


async def reserved(web: AsyncWebClient, content: bytes, name: str = "v6.yaml") -> str:
    """A file whose bytes have arrived and that nobody was shown."""
    place = await web.files_getUploadURLExternal(filename=name, length=len(content))
    async with aiohttp.ClientSession() as http, http.post(place["upload_url"], data=content) as answer:
        assert answer.status == 200
    return str(place["file_id"])


async def test_files_become_a_message_of_the_thread(
    web: AsyncWebClient, slack: SlackStandIn, card: str
) -> None:
    await web.files_upload_v2(
        channel="C1",
        thread_ts=card,
        content="kind: Deployment",
        filename="v6.yaml",
        initial_comment="commit this",
    )
    message = slack.messages[-1]
    assert (message.text, message.thread_ts, message.files[0]["name"]) == ("commit this", card, "v6.yaml")
    assert message.files[0]["size"] == 16
    replies = await web.conversations_replies(channel="C1", ts=card)
    shown = replies["messages"][1]["files"][0]
    async with aiohttp.ClientSession() as http, http.get(shown["url_private"]) as answer:
        assert await answer.read() == b"kind: Deployment"


async def test_blocks_stand_beside_a_file_unless_there_is_a_comment(
    web: AsyncWebClient, slack: SlackStandIn, card: str
) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "in blocks"}}]
    for comment in ({}, {"initial_comment": "a comment"}):
        file = {"id": await reserved(web, b"x"), "title": "answers"}
        where = {"files": [file], "channel_id": "C1", "thread_ts": card, "blocks": blocks}
        await web.api_call("files.completeUploadExternal", json=where | comment)
    assert [m.words for m in slack.messages[1:]] == ["in blocks", "a comment\nanswers"]


async def test_an_upload_is_refused_where_slack_would(web: AsyncWebClient, card: str) -> None:
    file = [{"id": await reserved(web, b"x"), "title": "answers"}]
    empty = await web.files_getUploadURLExternal(filename="x", length=3)
    markdown = [{"type": "markdown", "text": "x"}]
    rows: tuple[tuple[dict[str, object], str], ...] = (
        ({"files": []}, "invalid_arguments"),
        ({"files": [{"id": "F404"}]}, "file_not_found"),
        ({"files": [{"id": empty["file_id"]}]}, "file_not_found"),
        ({"files": file, "channel_id": "C404"}, "channel_not_found"),
        ({"files": file, "channel_id": "C2"}, "not_in_channel"),
        ({"files": file, "channel_id": "C1", "thread_ts": "1.2"}, "thread_not_found"),
        ({"files": file, "channels": "C1,DU1", "thread_ts": card}, "invalid_arguments"),
        ({"files": file, "channel_id": "C1", "blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ({"files": file, "channel_id": "C1", "blocks": markdown}, "internal_error"),
    )
    for arguments, error in rows:
        assert await outcome(web.api_call("files.completeUploadExternal", json=arguments)) == error, arguments
    assert await outcome(web.files_getUploadURLExternal(filename="x", length=0)) == "invalid_arguments"
    async with aiohttp.ClientSession() as http, http.post(empty["upload_url"], data=b"four") as answer:
        assert answer.status == 400


async def test_a_file_that_is_shared_again_is_posted_again(web: AsyncWebClient, slack: SlackStandIn) -> None:
    file: list[dict[str, str | None]] = [{"id": await reserved(web, b"x"), "title": "answers"}]
    slack.faults.drop("files.completeUploadExternal")
    web.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await web.files_completeUploadExternal(files=file, channel_id="C1")
    await web.files_completeUploadExternal(files=file, channel_id="C1")
    assert [m.files[0]["title"] for m in slack.messages] == ["answers", "answers"]


async def test_a_picture_in_a_message_is_a_file_that_is_there(
    web: AsyncWebClient, slack: SlackStandIn
) -> None:
    def picture(file: str) -> list[dict[str, object]]:
        return [{"type": "image", "slack_file": {"id": file}, "alt_text": "the split"}]

    file = await reserved(web, b"PNG", "split.png")
    await web.chat_postMessage(channel="C1", text="x", blocks=picture(file))
    refused = web.chat_postMessage(channel="C1", text="x", blocks=picture("F404"))
    assert await outcome(refused) == "invalid_blocks"
    assert len(slack.messages) == 1


async def test_metadata_has_slacks_shape(web: AsyncWebClient) -> None:
    for event_type, payload, error in (
        ("release", {"release": "k8sdemo-1", "entry": 3, "list": [{"a": 1}]}, "ok"),
        ("a release", {}, "invalid_metadata_format"),
        ("release", {"entry": None}, "invalid_metadata_format"),
        ("release", {"entry": "x" * 8000}, "metadata_too_large"),
    ):
        metadata = {"event_type": event_type, "event_payload": payload}
        assert await outcome(web.chat_postMessage(channel="C1", text="x", metadata=metadata)) == error

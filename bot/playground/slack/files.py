"""Uploads in three steps: ask for a place, send the bytes there, say to whom it is shown.

Source: Slack's reference of files.getUploadURLExternal and files.completeUploadExternal. Two habits matter to apps: a
file that was never shared is seen by nobody, and sharing it again (after a lost answer) posts it again. A `markdown`
block beside a file is answered by internal_error, as measured by others (python-slack-sdk 1756).
"""

import mimetypes
from typing import Any, Final

from aiohttp import web

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.chat import in_thread, refuse
from bot.playground.slack.limits import judge_message
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import BOT_USER, Refused, Workspace

LARGEST: Final = 2**30  # bytes
_SHOWN: Final = (
    "id",
    "name",
    "title",
    "mimetype",
    "size",
    "user",
    "created",
    "mode",
    "url_private",
    "permalink",
)


def reserve(workspace: Workspace, call: Arguments) -> Json:
    """files.getUploadURLExternal."""
    name, length = call.text("filename"), call.number("length", 0)
    if not 0 < length <= LARGEST:
        raise _wrong(f"length must be between 1 and {LARGEST} [json-pointer:/length]")
    file = f"F{workspace.serial()}"
    workspace.files[file] = {
        "id": file,
        "name": name,
        "title": name,
        "alt_txt": call.maybe("alt_txt") or "",
        "mimetype": mimetypes.guess_type(name)[0] or "text/plain",
        "mode": "snippet" if call.maybe("snippet_type") else "hosted",
        "size": length,
        "user": BOT_USER,
        "created": int(workspace.clock()),
        "url_private": f"{workspace.address}/files/{file}",
        "permalink": f"{workspace.address}/files/{file}",
        "content": None,
        "channels": [],
    }
    return {"upload_url": f"{workspace.address}/upload/{file}", "file_id": file}


async def receive(workspace: Workspace, request: web.Request) -> web.Response:
    """The upload itself: raw bytes, or one field of a form; as many bytes as were announced."""
    file = workspace.files.get(request.match_info["file"])
    if file is None:
        return web.Response(status=404, text="file not found")
    if request.content_type == "multipart/form-data":
        form = await request.post()
        part = next((value for value in form.values() if isinstance(value, web.FileField)), None)
        content = part.file.read() if part else b""
    else:
        content = await request.read()
    if len(content) != file["size"]:
        return web.Response(status=400, text="length differs from the one announced")
    file["content"] = content
    return web.Response(text=f"OK - {len(content)}")


async def serve(workspace: Workspace, request: web.Request) -> web.Response:
    """The bytes of a file, to who has a token or looks at the playground's page (which has none)."""
    file = workspace.files.get(request.match_info["file"])
    if file is None or file["content"] is None:
        return web.Response(status=404, text="file not found")
    return web.Response(body=file["content"], content_type=file["mimetype"])


def share(workspace: Workspace, call: Arguments) -> Json:
    """files.completeUploadExternal: the files become one message in each channel, or in one thread."""
    files = list(_uploaded(workspace, call.given.get("files")))
    places = [
        place for place in (call.maybe("channel_id") or call.maybe("channels") or "").split(",") if place
    ]
    thread = call.maybe("thread_ts")
    if thread and len(places) != 1:
        raise _wrong("thread_ts needs exactly one channel [json-pointer:/thread_ts]")
    targets = [workspace.channel(place, to_post=True) for place in places]
    content = _beside(call)
    if thread:
        in_thread(workspace, targets[0].id, thread)
        content["thread_ts"] = thread
    for file, title in files:
        file["title"] = title or file["title"]
    shown = [{name: file[name] for name in _SHOWN} for file, _ in files]
    for target in targets:
        workspace.post(content, channel=target.id, files=shown)
        for file, _ in files:
            file["channels"].append(target.id)
    return {"files": shown}


def info(workspace: Workspace, call: Arguments) -> Json:
    """files.info."""
    file = workspace.files.get(call.text("file", "file_not_found"))
    if file is None or file["content"] is None:
        raise Refused("file_not_found")
    return {"file": {name: file[name] for name in _SHOWN} | {"channels": file["channels"]}}


def _uploaded(workspace: Workspace, wanted: Any) -> "list[tuple[Json, str]]":
    """Each file that is to be shared, and its title; bytes must have arrived."""
    if not isinstance(wanted, list) or not wanted:
        raise _wrong("missing required field: files")
    found = []
    for index, one in enumerate(wanted):
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise _wrong(f"missing required field: id [json-pointer:/files/{index}]")
        file = workspace.files.get(one["id"])
        if file is None or file["content"] is None:
            raise Refused("file_not_found")
        found.append((file, str(one.get("title") or "")))
    return found


def _beside(call: Arguments) -> Json:
    """What stands beside the files: a comment, or else blocks."""
    if comment := call.maybe("initial_comment"):
        refuse(judge_message({"text": comment}))
        return {"text": comment}
    blocks = call.given.get("blocks")
    if not blocks:
        return {}
    refuse(judge_message({"blocks": blocks}))
    if any(block["type"] == "markdown" for block in blocks):
        raise Refused("internal_error")
    return {"blocks": blocks}


def _wrong(message: str) -> Refused:
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}"]})

"""Uploads in three steps: ask for a place, send the bytes there, say to whom it is shown.

Source: Slack's reference of files.getUploadURLExternal and files.completeUploadExternal.
"""

from aiohttp import web

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import Refused, Workspace


def reserve(workspace: Workspace, call: Arguments) -> Json:
    """files.getUploadURLExternal."""
    name, length = call.text("filename"), call.number("length", 0)
    if length <= 0:
        raise Refused("invalid_arguments")
    file = f"F{workspace.serial()}"
    workspace.files[file] = {"id": file, "name": name, "title": name, "length": length, "content": None}
    return {"upload_url": f"{workspace.address}/upload/{file}", "file_id": file}


async def receive(workspace: Workspace, request: web.Request) -> web.Response:
    """The upload itself: raw bytes, or one field of a form."""
    file = workspace.files.get(request.match_info["file"])
    if file is None:
        return web.Response(status=404, text="file not found")
    if request.content_type == "multipart/form-data":
        form = await request.post()
        part = next((value for value in form.values() if isinstance(value, web.FileField)), None)
        content = part.file.read() if part else b""
    else:
        content = await request.read()
    if len(content) != file["length"]:
        return web.Response(status=400, text="length differs from the one announced")
    file["content"] = content
    return web.Response(text=f"OK - {len(content)}")


def share(workspace: Workspace, call: Arguments) -> Json:
    """files.completeUploadExternal: the files become one message of a channel or thread."""
    wanted = call.given.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise Refused("invalid_arguments")
    files = []
    for one in wanted:
        file = workspace.files.get(one.get("id", "")) if isinstance(one, dict) else None
        if file is None or file["content"] is None:
            raise Refused("file_not_found")
        file["title"] = one.get("title") or file["name"]
        files.append({name: file[name] for name in ("id", "name", "title")} | {"size": file["length"]})
    channel = call.maybe("channel_id")
    if channel:
        target = workspace.channel(channel, to_post=True)
        content = {"text": call.maybe("initial_comment") or ""}
        if thread := call.maybe("thread_ts"):
            content["thread_ts"] = thread
        workspace.post(content, channel=target.id, files=files)
    return {"files": files}

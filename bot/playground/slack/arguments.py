"""Reads the arguments of a Web API call, sent as JSON, as a form or in the address, with Slack's refusals.

Invariant: what is of the wrong kind is refused as `invalid_arguments`, what is missing by the error that the
method documents.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import Refused

_TRUE: Final = frozenset({"1", "true", "True"})
_JSON_FIELDS: Final = frozenset({"blocks", "attachments", "metadata", "view", "files"})


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call."""

    given: Json

    def text(self, name: str, missing: str | None = None) -> str:
        """A required string; `missing` is the error code when it is not there."""
        value = self.given.get(name)
        if value is None or value == "":
            raise Refused(missing) if missing else _invalid(f"missing required field: {name}")
        if not isinstance(value, str):
            raise _invalid(f"must provide a string [json-pointer:/{name}]")
        return value

    def maybe(self, name: str) -> str | None:
        """An optional string."""
        return self.text(name) if self.given.get(name) else None

    def flag(self, name: str) -> bool:
        """An optional boolean; forms write it as 1 or true."""
        value = self.given.get(name, False)
        return value if isinstance(value, bool) else str(value) in _TRUE

    def number(self, name: str, default: int) -> int:
        """An optional integer."""
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError) as wrong:
            raise _invalid(f"must provide an integer [json-pointer:/{name}]") from wrong

    def content(self) -> Json:
        """The parts of a message that were given."""
        names = ("text", "blocks", "attachments", "metadata", "thread_ts")
        return {name: self.given[name] for name in names if self.given.get(name) is not None}


def _invalid(message: str) -> Refused:
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}"]})


async def read(request: web.Request) -> Arguments:
    """The arguments of a request; a field that is JSON inside a form is parsed, or refused."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except json.JSONDecodeError as wrong:
            raise Refused("invalid_json") from wrong
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        given |= body
    else:
        given |= dict(await request.post())
    for name in _JSON_FIELDS & given.keys():
        if isinstance(given[name], str):
            try:
                given[name] = json.loads(given[name])
            except json.JSONDecodeError as wrong:
                raise Refused("invalid_blocks_format" if name == "blocks" else "invalid_json") from wrong
    return Arguments(given)

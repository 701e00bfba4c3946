"""The form: what a person fills in to ask for a release, and the views that follow it. Pure.

A view is Slack's own JSON. Inputs keep what was typed as long as `block_id` and `action_id` stay; the version's block
changes with the service, so that one service's tag is never sent for another. Slack's search of options carries no other
input's value, so what was chosen travels in `private_metadata`.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.board import Offer
from bot.grammar.table import FLAG_BY_NAME
from bot.grammar.values import Wrong, version
from bot.slack import blocks, form_words, queue_words
from bot.slack.blocks import Block, Message
from bot.slack.markup import cut
from strategies.catalog import Known
from strategies.spec import MAX_REASON, Strategy

FORM, PREVIEW, QUEUE, PREFIX = "form.release", "form.preview", "form.queue", "form."
OPEN = f"{PREFIX}open"  # the button that opens it
SHOW = f"{PREFIX}show"  # the shortcut on a card
DISPATCHED = ("service", "environment", "strategy")  # what they say decides what else is asked, or proposed
OPTIONS, OPTION, VALUE, PLACEHOLDER = 100, 75, 150, 150
_STEPWISE = {Strategy.CANARY: ("steps", "soak", "keep"), Strategy.BLUEGREEN: ("soak", "keep")}
_STEPWISE[Strategy.ROLLING] = ("pause_at", "soak")


class Chosen(BaseModel):
    """What was chosen so far, and where the form was opened; `command` is what the command is called there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    channel: str = ""
    command: str = "/release"
    service: str = ""
    environment: str = "default"
    strategy: Strategy = Strategy.CANARY


def chosen(view: dict[str, Any]) -> Chosen:
    """As a view carries it."""
    try:
        return Chosen.model_validate_json(view.get("private_metadata") or "{}")
    except ValidationError:
        return Chosen()  # of another version: the fields still say all that counts


def form(now: Chosen, *, reason: bool = False) -> Block:
    """The modal; `reason`: whether the policy asks why."""
    made = [
        _select("service", now.service),
        _select("environment", now.environment),
        _select("version", "", block_id=version_block(now)),
        _strategies(now.strategy),
        *(_typed(name, strategy=now.strategy) for name in _STEPWISE[now.strategy]),
        _typed("reason", optional=not reason, multiline=True, most=MAX_REASON),
        _typed("more"),
        _channel(now.channel),
    ]
    return modal(
        form_words.TITLE, made, submit=form_words.PREVIEW, close=form_words.CANCEL, callback=FORM
    ) | {"private_metadata": now.model_dump_json()}


def version_block(now: Chosen) -> str:
    """The block of the version, another for each service and environment."""
    of = hashlib.sha256(json.dumps([now.service, now.environment]).encode()).hexdigest()[:8]
    return f"version.{of}"


def modal(title: str, made: Sequence[Block], *, submit: str = "", close: str, callback: str = "") -> Block:
    """A modal; without `submit` it is only to be looked at."""
    view: Block = {
        "type": "modal",
        "title": blocks.plain(title, 24),
        "close": blocks.plain(close, 24),
        "blocks": list(made),
    }
    if submit:
        view["submit"] = blocks.plain(submit, 24)
    if callback:
        view["callback_id"] = callback
    return view


def planning(service: str, version: str, name: str) -> Block:
    """The view that is pushed at once; `name` finds it again."""
    text = blocks.section(form_words.planning(service, version))
    return modal(form_words.PLAN, [text], close=form_words.BACK) | {"external_id": name}


def planned(message: Message, name: str, start: str = "", channel: str = "") -> Block:
    """The preview in the form's place, with Start where there is a value for it; how it ends goes to the channel."""
    shown = [b for b in message.content()["blocks"] if b["type"] != "actions"]
    view = modal(
        form_words.PLAN,
        shown,
        submit=form_words.START if start else "",
        close=form_words.BACK,
        callback=PREVIEW if start else "",
    )
    return view | {"external_id": name} | ({"private_metadata": _carried(start, channel)} if start else {})


def _carried(value: str, channel: str) -> str:
    return json.dumps({"value": value, "channel": channel})


def carried(view: dict[str, Any]) -> tuple[str, str]:
    """The signed value of a view's Start or Queue, and its channel."""
    try:
        said = json.loads(view.get("private_metadata") or "{}")
        return str(said.get("value", "")), str(said.get("channel", ""))
    except (ValueError, AttributeError):
        return "", ""


def refused(message: Message, name: str, queue: str = "", channel: str = "") -> Block:
    """Why not; Back leads to the form as it was filled in, and where somebody has it, Queue waits for them."""
    view = modal(
        form_words.NOT_POSSIBLE,
        message.content()["blocks"],
        submit=queue_words.join_label() if queue else "",
        close=form_words.BACK,
        callback=QUEUE if queue else "",
    )
    return view | {"external_id": name} | ({"private_metadata": _carried(queue, channel)} if queue else {})


def told(message: Message) -> Block:
    """A release's state, or why there is none to show."""
    shown = message.without_table().content()["blocks"]
    return modal(form_words.STATE, shown, close=form_words.CLOSE)


def waiting() -> Block:
    """Until it is known."""
    return modal(form_words.STATE, [blocks.section(form_words.looking())], close=form_words.CLOSE)


# Options: what a search finds.


def environments(names: Sequence[str], query: str) -> list[Block]:
    """Environments that a search finds."""
    return _fitting([option(name, name) for name in names if _has(name, query)])


def services(offers: Sequence[Offer], query: str) -> list[Block]:
    """Services that a search finds, with what runs there."""
    found = [one for one in offers if _has(one.service, query)]
    return _fitting([option(o.service, o.service, form_words.runs_now(o.versions)) for o in found])


def versions(known: Sequence[Known], query: str, environment: str) -> list[Block]:
    """Versions that a search finds, and what was typed where it is none of them but could be one."""
    said = query.strip()
    found = [
        option(k.version, k.version, form_words.known_from(k, environment))
        for k in known
        if _has(k.version, said)
    ]
    typed = version(said) if said else Wrong("")
    if isinstance(typed, str) and all(k.version != typed for k in known):
        found.insert(0, option(form_words.use(typed), typed))
    return _fitting(found)


def _has(name: str, query: str) -> bool:
    return query.strip().lower() in name.lower()


def _fitting(found: list[Block]) -> list[Block]:
    """As many as Slack takes; a value that is too long to be sent back whole is not offered."""
    return [one for one in found if 0 < len(one["value"]) <= VALUE][:OPTIONS]


def option(label: str, value: str, note: str = "") -> Block:
    """One of several."""
    made: Block = {"text": blocks.plain(label, OPTION), "value": value}
    if note:
        made["description"] = blocks.plain(note, OPTION)
    return made


# Inputs.


def _input(name: str, element: Block, *, optional: bool = False, block_id: str = "") -> Block:
    made: Block = {
        "type": "input",
        "block_id": block_id or name,
        "label": blocks.plain(form_words.LABELS[name], 2000),
        "element": element | {"action_id": PREFIX + name},
        "optional": optional,
    }
    if name in form_words.HINTS:
        made["hint"] = blocks.plain(form_words.HINTS[name], 2000)
    return made


def _select(name: str, value: str, *, block_id: str = "") -> Block:
    element: Block = {
        "type": "external_select",
        "placeholder": blocks.plain(form_words.PLACEHOLDERS[name], PLACEHOLDER),
        "min_query_length": 0,
    }
    if value:
        element["initial_option"] = option(value, cut(value, VALUE))
    made = _input(name, element, block_id=block_id)
    return made | ({"dispatch_action": True} if name in DISPATCHED else {})


def _strategies(now: Strategy) -> Block:
    every = {s: option(*_named(s)) for s in Strategy}
    element: Block = {"type": "static_select", "options": list(every.values()), "initial_option": every[now]}
    return _input("strategy", element) | {"dispatch_action": True}


def _named(strategy: Strategy) -> tuple[str, str, str]:
    label, note = form_words.STRATEGIES[strategy.value]
    return label, strategy.value, note


def _typed(
    name: str,
    *,
    optional: bool = True,
    multiline: bool = False,
    most: int = 300,
    strategy: Strategy | None = None,
) -> Block:
    flag = FLAG_BY_NAME.get("--" + name.replace("_", "-"))
    default = form_words.without(flag.default, strategy) if flag and flag.default else ""
    default = default or form_words.PLACEHOLDERS.get(name, "")
    element: Block = {"type": "plain_text_input", "max_length": most, "multiline": multiline}
    if default:
        element["placeholder"] = blocks.plain(default.replace("`", ""), PLACEHOLDER)
    return _input(name, element, optional=optional)


def _channel(channel: str) -> Block:
    """Where the form was opened from a channel, that one; else the one that the person looks at."""
    element: Block = {
        "type": "conversations_select",
        "placeholder": blocks.plain(form_words.PLACEHOLDERS["channel"], PLACEHOLDER),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if channel.startswith(("C", "G")):
        element["initial_conversation"] = channel
    else:
        element["default_to_current_conversation"] = True
    return _input("channel", element)

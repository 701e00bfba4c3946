"""What Slack refuses in messages and views, one row per limit; what it takes stays taken."""

import copy
from typing import Any

import pytest
from slack_sdk.models.blocks import Block, TableBlock

from bot.playground.slack import judge_blocks, judge_message, judge_view

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action: str = "go", **more: Any) -> Json:
    return {"type": "button", "action_id": action, "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def options(count: int, length: int = 1) -> list[Json]:
    return [{"text": plain("y" * length), "value": str(index)} for index in range(count)]


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "placeholder": plain(), **more}


def table(rows: int = 2, columns: int = 2, cell: Json | None = None) -> Json:
    one = cell or {"type": "raw_text", "text": "x"}
    return {"type": "table", "rows": [[one] * columns for _ in range(rows)]}


def line(**more: Any) -> Json:
    points = [{"label": "a", "value": 1}, {"label": "b", "value": 2.5}]
    chart = {
        "type": "line",
        "series": [{"name": "v6", "data": points}],
        "axis_config": {"categories": ["a", "b"]},
        **more,
    }
    return {"type": "data_visualization", "title": "share", "chart": chart}


def pie(segments: int) -> Json:
    parts = [{"label": f"p{index}", "value": 1} for index in range(segments)]
    return {"type": "data_visualization", "title": "share", "chart": {"type": "pie", "segments": parts}}


def container(*children: Json, **more: Any) -> Json:
    return {"type": "container", "title": plain("steps"), "child_blocks": list(children), **more}


CONFIRM: Json = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
RICH: Json = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "bold", "style": {"bold": True}},
                {"type": "user", "user_id": "U1"},
                {"type": "link", "url": "https://example.com", "text": "there"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}],
        },
    ],
}

TAKEN: list[tuple[str, list[Json]]] = [
    ("fifty blocks", [section()] * 50),
    ("a section of 3000", [section("x" * 3000)]),
    ("fields only", [{"type": "section", "fields": [mrkdwn("y" * 2000)] * 5}]),
    ("a header of 150", [{"type": "header", "text": plain("x" * 150)}]),
    ("25 buttons", [actions(*(button(f"b{n}") for n in range(25)))]),
    ("one action_id in two blocks", [actions(button()), actions(button())]),
    ("a button with everything", [actions(button(value="v" * 2000, style="danger", confirm=CONFIRM))]),
    ("an overflow of 5", [section(accessory={"type": "overflow", "options": options(5)})]),
    ("a select of 100", [actions(select(options=options(100)))]),
    ("a table of 100 × 20", [table(100, 20)]),
    ("a table of numbers", [table(cell={"type": "raw_number", "value": 1.5})]),
    ("a table of rich text", [table(cell=RICH)]),
    ("columns as they come", [table() | {"column_settings": [None, {"align": "right", "is_wrapped": True}]}]),
    ("two charts", [line(), pie(6)]),
    ("a foldable container", [container(section(), is_collapsible=True, default_collapsed=True)]),
    ("rich text", [RICH]),
    ("markdown", [{"type": "markdown", "text": "# a\n" * 100}]),
    ("context of text and image", [{"type": "context", "elements": [mrkdwn(), plain()]}]),
    ("a divider", [{"type": "divider"}]),
]

REFUSED: list[tuple[str, list[Json], str]] = [
    ("51 blocks", [section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ("unknown kind", [{"type": "chart"}], "unsupported type: chart [json-pointer:/blocks/0/type]"),
    ("no kind", [{"text": plain()}], "missing required field: type [json-pointer:/blocks/0]"),
    (
        "unknown field",
        [section(colour="red")],
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    (
        "section of 3001",
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    ("empty text", [section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    (
        "section of nothing",
        [{"type": "section"}],
        "must define either `text` or `fields` [json-pointer:/blocks/0]",
    ),
    ("11 fields", [{"type": "section", "fields": [mrkdwn()] * 11}], "no more than 10 items allowed"),
    (
        "field of 2001",
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters",
    ),
    ("header of 151", [{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    ("mrkdwn in a header", [{"type": "header", "text": mrkdwn()}], "unsupported type: mrkdwn"),
    (
        "emoji in mrkdwn",
        [{"type": "section", "text": mrkdwn() | {"emoji": True}}],
        "invalid additional property: emoji",
    ),
    ("26 buttons", [actions(*(button(f"b{n}") for n in range(26)))], "no more than 25 items allowed"),
    ("an empty actions block", [actions()], "no fewer than 1 items allowed"),
    (
        "an action_id twice in a block",
        [section(), actions(button(), button())],
        '`action_id` "go" already exists [json-pointer:/blocks/1/elements/1/action_id]',
    ),
    ("a block_id twice", [section(block_id="a"), section(block_id="a")], '`block_id` "a" already exists'),
    ("a block_id of 256", [section(block_id="a" * 256)], "must be less than 256 characters"),
    ("an action_id of 256", [actions(button("a" * 256))], "must be less than 256 characters"),
    ("a label of 76", [actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    ("a label in mrkdwn", [actions(button(text=mrkdwn()))], "unsupported type: mrkdwn"),
    ("a value of 2001", [actions(button(value="v" * 2001))], "must be less than 2001 characters"),
    ("a value that is a number", [actions(button(value=7))], "must provide a string"),
    ("a style of its own", [actions(button(style="warning"))], "must be one of: primary, danger"),
    (
        "a confirm title of 101",
        [actions(button(confirm=CONFIRM | {"title": plain("x" * 101)}))],
        "less than 101",
    ),
    (
        "a confirm text of 301",
        [actions(button(confirm=CONFIRM | {"text": plain("x" * 301)}))],
        "less than 301",
    ),
    (
        "a confirm button of 31",
        [actions(button(confirm=CONFIRM | {"deny": plain("x" * 31)}))],
        "less than 31",
    ),
    ("a confirm without deny", [actions(button(confirm={"title": plain()}))], "missing required field: deny"),
    ("an overflow of 6", [section(accessory={"type": "overflow", "options": options(6)})], "no more than 5"),
    ("a select of 101", [actions(select(options=options(101)))], "no more than 100 items allowed"),
    ("a select of none", [actions(select(options=[]))], "no fewer than 1 items allowed"),
    ("an option of 76", [actions(select(options=options(1, 76)))], "must be less than 76 characters"),
    (
        "a select without options",
        [actions(select())],
        "must define exactly one of `options`, `option_groups`",
    ),
    (
        "an initial option that is none",
        [actions(select(options=options(1), initial_option={"text": plain("z"), "value": "z"}))],
        "initial option must be one of the options",
    ),
    ("context of 11", [{"type": "context", "elements": [mrkdwn()] * 11}], "no more than 10 items allowed"),
    ("a button in a context", [{"type": "context", "elements": [button()]}], "unsupported type: button"),
    ("101 rows", [table(101)], "no more than 100 items allowed"),
    ("21 columns", [table(1, 21)], "no more than 20 items allowed"),
    ("an empty cell", [table(cell={"type": "raw_text", "text": ""})], "must be more than 0 characters"),
    ("a cell of mrkdwn", [table(cell=mrkdwn())], "unsupported type: mrkdwn"),
    ("three charts", [line(), line(), pie(1)], "no more than 2 data_visualization blocks"),
    ("seven segments", [pie(7)], "no more than 6 items allowed"),
    ("a chart title of 51", [line() | {"title": "x" * 51}], "must be less than 51 characters"),
    (
        "other labels than categories",
        [line(axis_config={"categories": ["a", "c"]})],
        "must match axis_config",
    ),
    ("a category of 21", [line(axis_config={"categories": ["a" * 21]})], "must be less than 21 characters"),
    ("a container of 11", [container(*[section()] * 11)], "no more than 10 items allowed"),
    ("a container in a container", [container(container(section()))], "unsupported type: container"),
    ("folded but not foldable", [container(section(), default_collapsed=True)], "requires `is_collapsible`"),
    ("markdown of 12001 in all", [{"type": "markdown", "text": "x" * 6001}] * 2, "must be less than 12001"),
    (
        "rich text of unknown pieces",
        [{"type": "rich_text", "elements": [plain()]}],
        "unsupported type: plain_text",
    ),
]


@pytest.mark.parametrize(("name", "blocks"), TAKEN, ids=[row[0] for row in TAKEN])
def test_slack_takes(name: str, blocks: list[Json]) -> None:
    assert judge_blocks(blocks) is None


@pytest.mark.parametrize(("name", "blocks", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_slack_refuses(name: str, blocks: list[Json], words: str) -> None:
    verdict = judge_blocks(blocks)
    assert verdict is not None
    assert verdict.error == "invalid_blocks"
    assert any(words in message for message in verdict.messages), verdict.messages


def test_a_block_that_is_no_object_is_refused() -> None:
    verdict = judge_blocks(["section"])
    assert verdict is not None
    assert verdict.messages == ("must provide an object [json-pointer:/blocks/0]",)


def test_a_message_has_one_table_also_inside_containers() -> None:
    verdict = judge_blocks([table(), container(table())])
    assert verdict is not None
    assert (verdict.error, verdict.messages) == ("invalid_attachments", ("only_one_table_allowed",))


def test_all_blocks_together_stay_under_thirteen_thousand_characters() -> None:
    assert judge_blocks([section("x" * 2600)] * 5) is None
    verdict = judge_blocks([section("x" * 2600)] * 5 + [section()])
    assert verdict is not None
    assert verdict.error == "msg_blocks_too_long"


@pytest.mark.parametrize(
    ("content", "updated", "error"),
    [
        ({}, False, "no_text"),
        ({"text": "", "blocks": []}, False, "no_text"),
        ({"text": "x" * 40_001}, False, "msg_too_long"),
        ({"text": "x" * 4_001}, True, "msg_too_long"),
        ({"text": 7}, False, "invalid_arguments"),
        ({"text": "x", "blocks": {"type": "section"}}, False, "invalid_blocks"),
        ({"text": "x", "attachments": [{"blocks": [{"type": "nothing"}]}]}, False, "invalid_attachments"),
    ],
)
def test_a_message_as_a_whole_is_refused(content: Json, updated: bool, error: str) -> None:
    verdict = judge_message(content, updated=updated)
    assert verdict is not None
    assert verdict.error == error


FORM: Json = {
    "type": "modal",
    "title": plain("Release"),
    "submit": plain("Plan"),
    "blocks": [
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "a"}}
    ],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"submit": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/submit/text]"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters"),
        ({"blocks": [section()] * 101}, "no more than 100 items allowed [json-pointer:/view/blocks]"),
        ({"blocks": [table()]}, "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        ({"blocks": [line()]}, "unsupported type: data_visualization"),
        ({"type": "home"}, "invalid additional property: title"),
        ({"colour": "red"}, "invalid additional property: colour"),
    ],
)
def test_a_modal_is_refused(change: Json, words: str) -> None:
    assert judge_view(FORM, "modal") is None
    verdict = judge_view(FORM | change, "modal")
    assert verdict is not None
    assert verdict.error == "invalid_arguments"
    assert any(words in message for message in verdict.messages), verdict.messages


def test_a_modal_with_an_input_needs_a_submit_button() -> None:
    form = copy.deepcopy(FORM)
    del form["submit"]
    verdict = judge_view(form, "modal")
    assert verdict is not None
    assert "must define `submit`" in verdict.messages[0]


@pytest.mark.parametrize(("name", "blocks"), TAKEN, ids=[row[0] for row in TAKEN])
def test_what_is_taken_here_is_valid_for_the_official_models_too(name: str, blocks: list[Json]) -> None:
    for block in blocks:
        parsed = Block.parse(copy.deepcopy(block))
        if parsed is None:  # the models do not know the kind
            assert block["type"] == "data_visualization"
        elif not isinstance(parsed, TableBlock):  # whose cells the models cannot write again
            parsed.to_dict()

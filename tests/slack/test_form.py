"""People fill in the form: opened at once, errors at their fields, the preview pushed, Start as in the channel."""

import json
from typing import Any

import pytest

from bot.board import Offer
from bot.grammar.command import Start
from bot.grammar.parse import parse
from bot.playground.slack import View
from bot.ports import Away
from bot.slack import form
from strategies.catalog import Known
from strategies.refusal import Refusal
from strategies.release import Card
from strategies.spec import Strategy
from tests.slack import stories
from tests.slack.conftest import Room

CHANNEL = {"selected_conversation": "C1"}


def picked(value: str) -> dict[str, Any]:
    """An option as a client sends it."""
    return {"selected_option": {"text": {"type": "plain_text", "text": value}, "value": value}}


def filled(**more: Any) -> dict[str, Any]:
    """What a person fills in at least."""
    fields = {"service": picked("k8sdemo"), "environment": picked("default"), "version": picked("v6")}
    given = {**fields, **{k: {"value": v} if isinstance(v, str) else v for k, v in more.items()}}
    return {f"form.{name}": value for name, value in given.items()}


async def opened(room: Room, text: str = "") -> View:
    """The form, by the command alone."""
    assert (await (await room.slack.slash(text)).done()).acked
    return await titled(room, "Release a service")


async def titled(room: Room, title: str, user: str = "U1") -> View:
    """The modal on top, once it is this one."""

    def found() -> View | None:
        view = room.slack.views.top(user)
        return view if view and view.content["title"]["text"] == title else None

    view = await room.slack.until(found, seconds=30, what=f"the modal {title}")
    assert view is not None
    return view


def words(view: View) -> str:
    """All that a view says."""
    return str(view.content["blocks"])


async def planned(room: Room, **more: Any) -> View:
    """From the command to the preview."""
    await room.slack.submit(await opened(room), filled(**more))
    await room.slack.until(lambda: _start(room), seconds=30, what="the preview")
    return await titled(room, "Plan")


def _start(room: Room) -> bool:
    view = room.slack.views.top("U1")
    return bool(view and "submit" in view.content and view.content["submit"]["text"] == "Start")


async def test_the_command_alone_opens_the_form_before_anything_is_asked(room: Room) -> None:
    room.desk.gate.clear()
    room.board.gate.clear()
    fault = room.slack.faults.hold("users.info", times=9)
    view = await opened(room)
    assert [c.method for c in room.slack.calls if c.method.startswith(("users", "views"))] == ["views.open"]
    names = [c.action_id.removeprefix("form.") for c in view.controls]
    assert names == [
        *("service", "environment", "version", "strategy", "steps", "soak", "keep"),
        *("reason", "more", "channel"),
    ]
    fault.release()
    assert room.slack.refusals == []


async def test_help_is_still_help_and_a_mention_alone_too(room: Room) -> None:
    await room.slack.slash("help")
    await room.private("Act on a release")
    await room.slack.mention("", user="U2")
    await room.slack.until(lambda: any(m.ephemeral_for == "U2" for m in room.slack.messages), what="help")
    assert room.slack.views.modals == {}


async def test_services_and_versions_are_searched(room: Room) -> None:
    room.board.offers = [Offer(f"shop-{n:03}", "default", ("1.4",)) for n in range(150)]
    room.board.offers += [Offer("pay", "prod", ("v1",))]
    view = await opened(room)
    every = (await (await room.slack.search(view, "form.service", "")).done()).answer["options"]
    assert len(every) == 100
    (one,) = (await (await room.slack.search(view, "form.service", "SHOP-149")).done()).answer["options"]
    assert (one["value"], one["description"]["text"]) == ("shop-149", "runs 1.4")
    assert (await (await room.slack.search(view, "form.service", "pay")).done()).answer["options"] == []
    places = (await (await room.slack.search(view, "form.environment", "pr")).done()).answer["options"]
    assert [o["value"] for o in places] == ["prod"]
    assert room.slack.refusals == []


async def test_versions_are_those_of_the_chosen_service_and_environment(room: Room) -> None:
    room.board.known = [
        Known("v7", "prod"),
        Known("v6", "", "k8sdemo-3", "rolled-back"),
        Known("v2", "default"),
    ]
    view = await opened(room)
    await (await room.slack.press(view, "form.service", option="k8sdemo")).done()
    await room.slack.until(lambda: view.revision == 2, what="the form as it is then")
    options = (await (await room.slack.search(view, "form.version", "")).done()).answer["options"]
    assert [(o["value"], o["description"]["text"]) for o in options] == [
        ("v7", "runs in prod"),
        ("v6", "k8sdemo-3, rolled back"),
        ("v2", "runs here now"),
    ]
    assert room.board.asked[-1] == ("versions", "k8sdemo", "default")
    typed = (await (await room.slack.search(view, "form.version", "v9.1")).done()).answer["options"]
    assert [o["value"] for o in typed] == ["v9.1"]
    wrong = (await (await room.slack.search(view, "form.version", "v 9!")).done()).answer["options"]
    assert wrong == []


async def test_a_cluster_that_is_slow_costs_the_proposals_and_nothing_else(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.forms.SEARCH", 0.05)
    view = await opened(room)
    await (await room.slack.press(view, "form.service", option="k8sdemo")).done()
    await room.slack.until(lambda: view.revision == 2, what="the form as it is then")
    room.board.gate.clear()
    search = await (await room.slack.search(view, "form.service", "k")).done()
    assert (search.acked, search.answer) == (True, {"options": []})
    search = await (await room.slack.search(view, "form.version", "v6")).done()
    assert [o["value"] for o in search.answer["options"]] == ["v6"]


async def test_a_guest_is_offered_nothing(room: Room) -> None:
    await (await room.slack.slash("", user="U3")).done()
    view = await titled(room, "Release a service", "U3")
    assert (await (await room.slack.search(view, "form.service", "")).done()).answer["options"] == []
    await room.slack.submit(view, filled(channel=CHANNEL))
    refused = await titled(room, "Not possible now", "U3")
    assert "Only full members" in words(refused)


async def test_the_strategy_decides_which_fields_there_are_and_what_was_typed_stays(room: Room) -> None:
    view = await opened(room)
    typed = {"form.soak": {"value": "10m"}, "form.reason": {"value": "hotfix"}}
    await (await room.slack.press(view, "form.strategy", option="rolling", filled=typed)).done()
    await room.slack.until(lambda: view.revision == 2, what="other fields")
    names = [c.action_id for c in view.controls]
    assert "form.pause_at" in names
    assert "form.steps" not in names
    assert "form.keep" not in names
    state = view.state()
    assert state["soak"]["form.soak"]["value"] == "10m"
    assert state["reason"]["form.reason"]["value"] == "hotfix"
    assert state["strategy"]["form.strategy"]["selected_option"]["value"] == "rolling"


async def test_another_service_takes_the_chosen_version_away(room: Room) -> None:
    view = await opened(room)
    await (await room.slack.press(view, "form.service", option="k8sdemo")).done()
    await room.slack.until(lambda: view.revision == 2, what="the first choice")
    view.fill({"form.version": picked("v6")})
    assert "version.block" not in view.state()
    block = next(c.block_id for c in view.controls if c.action_id == "form.version")
    assert view.state()[block]["form.version"]["selected_option"]["value"] == "v6"
    await (await room.slack.press(view, "form.service", option="other")).done()
    await room.slack.until(lambda: view.revision == 3, what="the second choice")
    block = next(c.block_id for c in view.controls if c.action_id == "form.version")
    assert "selected_option" not in view.state()[block]["form.version"]


@pytest.mark.parametrize("first", [0, 1])
async def test_two_choices_in_a_row_end_as_the_later_says(room: Room, first: int) -> None:
    view = await opened(room)
    held = [room.slack.faults.hold("views.update"), room.slack.faults.hold("views.update")]
    for fault, (control, option) in zip(
        held, (("form.service", "k8sdemo"), ("form.strategy", "bluegreen")), strict=True
    ):
        await (await room.slack.press(view, control, option=option)).done()
        await fault.met.wait()
    before = len(room.slack.calls)
    held[first].release()
    await room.slack.until(lambda: len(room.slack.calls) > before, what="one update")
    held[1 - first].release()
    await room.app.work.close()
    assert form.chosen(view.content).strategy is Strategy.BLUEGREEN
    assert form.chosen(view.content).service == "k8sdemo"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("steps", "50,25", "Steps ascend: 25 does not come after 50."),
        ("steps", "many", "is no step"),
        ("soak", "10", "has no unit. Did you mean 10s, 10m or 10h?"),
        ("keep", "for ever", "is no duration"),
        ("reason", "x" * 301, "at most 300 fit"),
        ("reason", "a\u202eb", "cannot stand in a command"),
        ("more", "--sokk 5m", "Did you mean --soak?"),
        ("more", "--soak 5m --soak 6m", "said twice"),
        ("more", "--surge 1", "goes with rolling"),
        ("more", "please", "Only flags belong here"),
        ("more", "--help", "Only flags belong here"),
        ("version", picked("v 6"), "is no version"),
        ("service", picked("k8s demo"), "is no service name"),
    ],
)
async def test_an_error_stands_at_its_field(room: Room, field: str, value: Any, said: str) -> None:
    view = await opened(room)
    assert (await (await room.slack.submit(view, filled(**{field: value}))).done()).acked
    await room.slack.until(lambda: view.errors, what="an error")
    (block,) = view.errors
    assert block.partition(".")[0] == field
    assert said in view.errors[block]
    assert "`" not in view.errors[block]
    assert room.slack.views.top("U1") is view
    assert room.desk.count("preview") == 0


async def test_several_errors_stand_at_several_fields(room: Room) -> None:
    view = await opened(room)
    await (await room.slack.submit(view, filled(steps="0", soak="x"))).done()
    assert set(view.errors) == {"steps", "soak"}


async def test_what_is_filled_in_is_what_the_command_would_say(room: Room) -> None:
    await planned(
        room, steps="25, 50%", soak="10m", keep="1h", reason="why & <!channel>", more="--auto --on-fail hold"
    )
    (spec,) = [value for what, value in room.desk.asked if what == "preview"]
    typed = 'canary k8sdemo v6 --steps 25,50 --soak 10m --keep 1h --auto --on-fail hold --reason "why & <!channel>"'
    command = parse(typed)
    assert isinstance(command, Start)
    assert spec == command.spec


async def test_the_plan_stands_in_a_pushed_view_at_once_and_the_preview_follows(room: Room) -> None:
    view = await opened(room)
    room.desk.gate.clear()
    assert (await (await room.slack.submit(view, filled())).done()).acked
    waiting = await titled(room, "Plan")
    assert "Planning k8sdemo v6" in words(waiting)
    assert "submit" not in waiting.content
    room.desk.gate.set()
    await room.slack.until(lambda: _start(room), what="the preview")
    assert "50 %" in words(waiting)
    assert all(b["type"] != "actions" for b in waiting.content["blocks"])
    await room.slack.close(waiting)
    assert room.slack.views.top("U1") is view
    assert room.slack.refusals == []


async def test_start_in_the_form_starts_as_in_the_channel_and_closes(room: Room) -> None:
    preview = await planned(room)
    await (await room.slack.submit(preview, {})).done()
    assert room.slack.views.top("U1") is None
    answer = await room.private("is started")
    assert (answer.channel, answer.ephemeral_for) == ("C1", "U1")
    assert room.desk.release is not None
    assert room.desk.release.card == Card(channel="C1")
    assert room.desk.release.started_by == stories.ANA


async def test_a_doubled_start_in_the_form_starts_once(room: Room) -> None:
    preview = await planned(room)
    first = await room.slack.submit(preview, {})
    await first.done()
    await room.slack.redeliver(first)
    room.slack.views.modals["U1"] = [preview]  # as a second client of the same person still shows it
    await (await room.slack.submit(preview, {})).done()
    await room.slack.until(lambda: room.desk.count("start") == 2, what="both")
    assert room.desk.asked[-1][1] == room.desk.asked[-2][1]
    assert room.slack.find("under way") is None


async def test_a_plan_that_changed_meanwhile_is_shown_anew_in_the_channel(room: Room) -> None:
    preview = await planned(room)
    room.desk.plan = stories.planned(Strategy.CANARY, steps=(50, 100))
    await (await room.slack.submit(preview, {})).done()
    again = await room.private("The cluster has changed")
    assert room.desk.release is None
    await room.slack.click(again, "release.start")
    await room.private("is started")


async def test_a_refusal_stands_in_the_pushed_view_and_back_leads_to_the_form(room: Room) -> None:
    room.desk.plan = Refusal(code="x", what="`k8sdemo` could be <b>.", remedy="Name one & go.")
    view = await opened(room)
    await room.slack.submit(view, filled(reason="hotfix"))
    refused = await titled(room, "Not possible now")
    assert "Name one &amp; go." in words(refused)
    assert "submit" not in refused.content
    await room.slack.close(refused)
    assert room.slack.views.top("U1") is view
    assert view.state()["reason"]["form.reason"]["value"] == "hotfix"


async def test_a_cluster_that_does_not_answer_is_told_in_the_view(room: Room) -> None:
    room.desk.fails = Away("no answer")
    await room.slack.submit(await opened(room), filled())
    assert "could not be planned" in words(await titled(room, "Not possible now"))


async def test_a_channel_without_the_bot_is_told_before_anything_starts(room: Room) -> None:
    await room.slack.submit(await opened(room), filled(channel={"selected_conversation": "C2"}))
    assert "not a member of this channel" in words(await titled(room, "Not possible now"))
    assert room.desk.count("preview") == 0


async def test_a_forged_start_does_nothing(room: Room) -> None:
    preview = await planned(room)
    value, channel = form.carried(preview.content)
    preview.content["private_metadata"] = json.dumps({"value": value[:-4] + "AAAA", "channel": channel})
    await (await room.slack.submit(preview, {})).done()
    await room.private("valid signature")
    assert room.desk.count("start") == 0


async def test_where_the_policy_asks_why_the_field_must_be_filled_in(room: Room) -> None:
    room.board.reasons = {"default"}
    view = await opened(room)
    await room.slack.submit(view, filled())
    assert list(view.errors) == ["reason"]
    await room.slack.submit(view, filled(reason="hotfix"))
    await titled(room, "Plan")


async def test_a_form_that_slack_opens_too_late_is_told_with_what_to_type(room: Room) -> None:
    room.slack.faults.refuse("views.open", "expired_trigger_id")
    await room.slack.slash("")
    assert "/release canary SERVICE VERSION" in (await room.private("expired_trigger_id")).words


async def test_the_global_shortcut_opens_the_same_form(room: Room) -> None:
    assert (await (await room.slack.shortcut("form.release")).done()).acked
    view = await titled(room, "Release a service")
    channel = next(c for c in view.controls if c.action_id == "form.channel")
    assert channel.element["default_to_current_conversation"] is True
    await room.slack.submit(view, filled(channel=CHANNEL))
    await room.slack.until(lambda: _start(room), what="the preview")


async def test_a_shortcut_on_a_card_shows_its_state(room: Room) -> None:
    release = stories.asking(stories.proven(stories.started(stories.planned(steps=(25, 50, 100)))))
    card = room.slack.workspace.post({"text": "card"}, channel="C1")
    room.board.cards["C1", card.ts] = release
    reply = room.slack.workspace.post({"text": "x", "thread_ts": card.ts}, channel="C1")
    for message in (card, reply):
        await (await room.slack.shortcut("form.show", message=message)).done()
        view = await titled(room, "Release")
        await room.slack.until(lambda view=view: "Waiting for a decision" in words(view), what="its state")  # type: ignore[misc]  # bound per turn
        assert "v6 · canary" in words(view)
        await room.slack.close(view)
    other = room.slack.workspace.post({"text": "lunch?"}, channel="C1", user="U2")
    await room.slack.shortcut("form.show", message=other)
    view = await titled(room, "Release")
    await room.slack.until(lambda: "no release's card" in words(view), what="the answer")
    assert room.slack.refusals == []

"""People talk to the bot: commands, previews, clicks and mentions, through real Bolt and a strict Slack."""

import asyncio

from bot.ports import Away
from bot.slack.signing import ActValue, Signer
from strategies.refusal import Refusal
from strategies.release import Card, IntentKind, Release
from strategies.spec import Strategy
from tests.slack import stories
from tests.slack.conftest import Room


def asking(room: Room) -> Release:
    """A release that waits for a person, with its card in the channel."""
    release = stories.asking(stories.proven(stories.started(stories.planned(steps=(25, 50, 100)))))
    room.desk.release = release
    return release


async def test_a_command_becomes_a_preview_that_only_its_author_sees(room: Room) -> None:
    preview = await room.previewed()
    assert preview.ephemeral_for == "U1"
    assert "50 %" in preview.words
    assert [c.action_id for c in preview.controls] == ["release.start", "release.dismiss"]
    assert room.slack.refusals == []


async def test_start_begins_the_release_and_takes_the_previews_place(room: Room) -> None:
    preview = await room.previewed()
    await room.slack.click(preview, "release.start")
    await room.slack.until(lambda: "is started" in preview.words, what="the replacement")
    assert preview.controls == []
    assert room.desk.release is not None
    assert room.desk.release.started_by == stories.ANA
    assert room.desk.release.card == Card(channel="C1")


async def test_a_doubled_start_starts_once(room: Room) -> None:
    preview = await room.previewed()
    seen = preview.snapshot()
    await room.slack.click(preview, "release.start")
    await room.slack.click(seen, "release.start")
    await room.slack.until(lambda: room.desk.count("start") == 2, what="both clicks")
    await room.slack.until(lambda: "is started" in preview.words, what="the replacement")
    assert room.desk.asked[-1][1] == room.desk.asked[-2][1]
    assert room.slack.find("under way") is None


async def test_cancel_takes_the_preview_away(room: Room) -> None:
    preview = await room.previewed()
    await room.slack.click(preview, "release.dismiss")
    await room.slack.until(lambda: preview not in room.slack.messages, what="the preview gone")
    assert room.desk.count("start") == 0


async def test_a_plan_is_only_to_be_looked_at(room: Room) -> None:
    await room.slack.slash("plan canary k8sdemo v6")
    plan = await room.private("Plan for")
    assert plan.controls == []
    assert "/release canary k8sdemo v6" in plan.words


async def test_a_changed_cluster_is_shown_anew_instead_of_started(room: Room) -> None:
    preview = await room.previewed()
    room.desk.plan = stories.planned(Strategy.CANARY, steps=(50, 100))
    await room.slack.click(preview, "release.start")
    await room.slack.until(lambda: "The cluster has changed" in preview.words, what="the new plan")
    assert room.desk.release is None
    await room.slack.click(preview, "release.start")
    await room.slack.until(lambda: "is started" in preview.words, what="the start")


async def test_the_author_alone_may_start_from_a_preview(room: Room) -> None:
    preview = await room.previewed()
    preview.ephemeral_for = None  # as if the value had been carried to somebody else
    await room.slack.click(preview, "release.start", user="U2")
    await room.private("made for somebody else")
    assert room.desk.count("start") == 0


async def test_a_refusal_comes_with_its_remedy(room: Room) -> None:
    room.desk.plan = Refusal(code="x", what="`k8sdemo` could be <b> or <@U2>.", remedy="Name one & go.")
    await room.slack.slash("canary k8sdemo v6")
    answer = await room.private("Name one &amp; go.")
    assert "&lt;b&gt; or <@U2>" in answer.words


async def test_a_mistake_gets_a_caret_under_the_word(room: Room) -> None:
    await room.slack.slash("canry k8sdemo v6")
    answer = await room.private("There is no command")
    lines = answer.words.splitlines()
    assert lines[0] == "/release canry k8sdemo v6"
    assert lines[1].strip() == "^^^^^"
    assert lines[1].index("^") == lines[0].index("canry")
    assert answer.blocks[0]["elements"][0]["type"] == "rich_text_preformatted"


async def test_help_is_valid_for_every_topic(room: Room) -> None:
    for topic in ("help", "help canary", "help --steps", "?"):
        await (await room.slack.slash(topic)).done()
    await room.slack.until(lambda: len(room.slack.messages) == 4, what="four answers")
    assert room.slack.refusals == []


async def test_status_lists_what_runs_with_a_link_to_its_card(room: Room) -> None:
    await room.slack.slash("status")
    await room.private("No release is running")
    room.desk.release = asking(room).model_copy(update={"card": Card(channel="C1", ts="18.5")})
    await room.slack.slash("status")
    answer = await room.private("Waiting for a decision")
    assert "/archives/C1/p185" in answer.words
    await room.slack.slash("status k8sdemo")
    full = await room.private("Traffic to v6")
    assert full.controls == []


async def test_history_tells_how_each_ended(room: Room) -> None:
    room.desk.release = stories.promoted(stories.keeping(stories.proven(asking(room))))
    await room.slack.slash("history k8sdemo")
    assert "promoted" in (await room.private("Releases of")).words


async def test_a_typed_intent_is_confirmed_privately(room: Room) -> None:
    asking(room)
    await room.slack.slash("promote k8sdemo-17")
    await room.private("going on to the next step")
    assert room.desk.count("act") == 1


async def test_a_mention_in_a_thread_means_that_release(room: Room) -> None:
    message = room.slack.workspace.post({"text": "card"}, channel="C1")
    room.desk.release = asking(room).model_copy(update={"card": Card(channel="C1", ts=message.ts)})
    await room.slack.mention("hold", thread_ts=message.ts, user="U2")
    answer = await room.private("on hold")
    assert answer.thread_ts == message.ts
    assert ("act", ("k8sdemo-17", "hold", None)) in room.desk.asked


async def test_an_event_that_comes_again_acts_once(room: Room) -> None:
    asking(room)
    delivery = await room.slack.mention("hold k8sdemo-17")
    await room.private("on hold")
    await room.slack.redeliver(delivery)
    await (await room.slack.slash("status")).done()
    await room.private("On hold")
    assert room.desk.count("act") == 1


async def test_samples_go_into_the_thread_of_their_release(room: Room) -> None:
    from bot.ports import Looked

    message = room.slack.workspace.post({"text": "card"}, channel="C1")
    release = asking(room).model_copy(update={"card": Card(channel="C1", ts=message.ts)})
    room.desk.looked = Looked(release, "k8sdemo", "v2", "v6", 25, stories.tally(), proxied=False)
    await room.slack.slash("samples k8sdemo-17 100")
    await room.slack.until(lambda: room.slack.thread(message), what="a reply")
    assert "27 % (19–36 %), asked 25 %" in room.slack.thread(message)[0].words
    await room.private("in the release's thread")
    room.desk.looked = Looked(None, "k8sdemo", "", "v2", 100, stories.tally(40, 0), proxied=False)
    await room.slack.slash("samples k8sdemo")
    await room.private("v2 answered 40 of 40")
    assert room.slack.refusals == []


async def test_only_full_members_are_listened_to(room: Room) -> None:
    for user in ("U3", "U4", "U5"):
        await room.slack.slash("canary k8sdemo v6", user=user)
        await room.slack.until(
            lambda user=user: any(  # type: ignore[misc]  # bound per turn
                m.ephemeral_for == user and "Only full members" in m.words for m in room.slack.messages
            ),
            what=f"no to {user}",
        )
    assert room.slack.offering("release.start") is None


async def test_who_somebody_is_must_be_known(room: Room) -> None:
    asking(room)
    room.slack.faults.refuse("users.info", "fatal_error", times=5)
    await room.slack.slash("promote k8sdemo-17")
    await room.private("did not tell me who you are")
    assert room.desk.count("act") == 0


async def test_a_person_is_remembered_for_a_minute(room: Room) -> None:
    for _ in range(2):
        await room.slack.slash("status")
        await room.private("No release is running")
        room.slack.workspace.messages.clear()
    assert sum(call.method == "users.info" for call in room.slack.calls) == 1


async def test_a_slow_desk_delays_no_acknowledgement(room: Room) -> None:
    room.desk.gate.clear()
    acts = [await room.slack.slash("canary k8sdemo v6"), await room.slack.slash("status")]
    acts.append(await room.slack.mention("status"))
    for act in acts:
        assert (await act.done()).acked
    assert room.slack.find("Plan for") is None
    room.desk.gate.set()
    await room.private("Plan for")


async def test_a_slow_slack_delays_no_acknowledgement(room: Room) -> None:
    fault = room.slack.faults.hold("users.info", times=9)
    assert (await (await room.slack.slash("status")).done()).acked
    fault.release()
    await room.private("No release is running")


async def test_a_bug_is_told_in_a_sentence(room: Room) -> None:
    room.desk.fails = RuntimeError("secret detail")
    await room.slack.slash("status")
    answer = await room.private("Something went wrong on my side")
    assert "secret detail" not in answer.words


async def test_where_the_bot_is_not_it_asks_to_be_invited(room: Room) -> None:
    await room.slack.slash("canary k8sdemo v6", channel="C2")
    preview = await room.private("not a member of this channel")
    await room.slack.click(preview, "release.start")
    await room.slack.until(lambda: room.slack.messages[-1] is not preview, what="the answer")
    assert room.desk.count("start") == 0


async def test_an_answer_finds_its_way_when_the_response_url_is_used_up(room: Room) -> None:
    delivery = await room.slack.slash("status")
    room.slack.responses.handles[(delivery.response_url or "").rpartition("/")[2]].uses = 5
    await room.private("No release is running")
    assert any(call.method == "chat.postEphemeral" for call in room.slack.calls)


async def test_unknown_controls_and_forged_values_change_nothing(room: Room) -> None:
    release = asking(room)
    signer, other = Signer(stories.KEY), Signer(b"another key, not ours")
    value = ActValue(release=release.id, action=IntentKind.PROMOTE, revision=release.revision)
    good, forged = signer.value(value) or "", other.value(value) or ""

    def button(action: str, value: str) -> dict[str, object]:
        text = {"type": "plain_text", "text": "x"}
        return {"type": "button", "action_id": action, "value": value, "text": text}

    for action, carried, answer in (
        ("release.promote", forged, "valid signature"),
        ("release.rollback", good, "valid signature"),
        ("release.promote", good[:-2] + "AA", "valid signature"),
        ("release.promote", "", "valid signature"),
        ("release.nudge", good, "another version"),
    ):
        block = {"type": "actions", "elements": [button(action, carried)]}
        message = room.slack.workspace.post({"text": "x", "blocks": [block]}, channel="C1")
        assert (await (await room.slack.click(message, action)).done()).acked
        said = await room.private(answer)
        room.slack.workspace.messages.remove(said)
    assert room.desk.count("act") == 0


async def test_a_stale_click_is_told_what_happened_instead(room: Room) -> None:
    release = asking(room)
    value = ActValue(release=release.id, action=IntentKind.PROMOTE, revision=release.revision - 1)
    element = {
        "type": "button",
        "action_id": "release.promote",
        "text": {"type": "plain_text", "text": "Promote"},
        "value": Signer(stories.KEY).value(value),
    }
    block = {"type": "actions", "elements": [element]}
    message = room.slack.workspace.post({"text": "x", "blocks": [block]}, channel="C1")
    await room.slack.click(message, "release.promote")
    await room.private("has moved on")
    assert room.desk.release == release


async def test_the_connection_survives_being_replaced(room: Room) -> None:
    await room.slack.refresh()
    await room.slack.connected()
    assert (await (await room.slack.slash("status")).done()).acked
    await room.private("No release is running")


async def test_a_person_may_do_two_things_at_once(room: Room) -> None:
    room.desk.gate.clear()
    first = await room.slack.slash("canary k8sdemo v6")
    second = await room.slack.slash("help")
    await asyncio.gather(first.done(), second.done())
    await room.slack.until(lambda: room.slack.find("Act on a release"), what="help before the plan")
    room.desk.gate.set()
    await room.private("Plan for")


async def test_a_cluster_that_does_not_answer_is_told_as_that(room: Room) -> None:
    room.desk.fails = Away("the API server does not answer: TimeoutError")
    await room.slack.slash("status k8sdemo")
    answer = await room.private("The cluster does not answer")
    assert "my side" not in answer.words
    assert "TimeoutError" not in answer.words

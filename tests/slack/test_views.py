"""Every message looks as its golden file says, and is valid under Slack's published limits.

After a change that is meant: `GOLDEN=write pytest tests/slack/test_views.py`, and read the difference.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.board import Home, Offer
from bot.playground.slack import judge_message, judge_view
from bot.playground.slack.limits import judge_options
from bot.ports import Preview
from bot.slack import answers, form, home, thread
from bot.slack.blocks import Message
from bot.slack.card import card
from bot.slack.markup import escape
from bot.slack.preview import preview
from strategies.catalog import Known
from strategies.refusal import Advice
from strategies.release import Counted, Release
from tests.slack import scenes, stories

GOLDEN = Path(__file__).parent / "golden"
SCENES, VIEWS = scenes.scenes(), scenes.views()
NAMED = {"card-held", "samples", "refusal", "audit", "rights", "locks", "lock-request"} | {
    "card-agreed",
    "card-one-way-keeping",
    "thread-agreed-6",
    *("refusal-queue", "queue", "turn", "freezes", "services", "services-hundred"),
}  # where U2 really did something, or one person reads alone


@pytest.mark.parametrize("name", SCENES)
def test_a_message_is_as_its_golden_file(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    now = json.dumps(scenes.readable(SCENES[name].content()), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(now)
    assert path.exists(), f"{path.name} is missing: GOLDEN=write makes it"
    assert json.loads(now) == json.loads(path.read_text())


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {*SCENES, *VIEWS}


@pytest.mark.parametrize("name", VIEWS)
def test_a_modal_or_home_tab_is_as_its_golden_file(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    now = json.dumps(scenes.readable(VIEWS[name]), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(now)
    assert path.exists(), f"{path.name} is missing: GOLDEN=write makes it"
    assert json.loads(now) == json.loads(path.read_text())


@pytest.mark.parametrize("name", VIEWS)
def test_slack_takes_every_modal_and_home_tab(name: str) -> None:
    view = VIEWS[name]
    assert judge_view(view, view["type"]) is None
    for text in markup(view["blocks"]):
        assert "<!" not in text.replace("<!date^", "")
        assert "<@U2>" not in text or name in ("home", "home-many", "home-shut", "form-refused")


@given(name=st.text(min_size=1, max_size=300), reason=st.text(max_size=300), query=st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_no_name_or_query_makes_a_view_or_option_that_slack_refuses(
    name: str, reason: str, query: str
) -> None:
    now = form.Chosen(service=name, environment=name)
    assert judge_view(form.form(now), "modal") is None
    assert judge_view(form.planning(escape(name), escape(name), "x"), "modal") is None
    offers = [Offer(f"{name}{n}", "default", (name, reason)) for n in range(120)]
    known = [Known(name, reason), Known(reason or "v", "", name, "failed")]
    for options in (
        form.services(offers, query[:1]),
        form.versions(known, query, "default"),
        form.environments([name, reason], ""),
    ):
        assert judge_options({"options": options}) == ()
    release = stories.asking(
        stories.proven(stories.started(stories.planned(steps=(25, 50, 100), reason=reason)))
    )
    plan = release.plan.model_copy(update={"service": name, "environment": name, "to_version": name})
    release = release.model_copy(update={"plan": plan, "reason": reason})
    found = Home(running=(release,) * 50, waiting=(release,) * 50, recent=(release,) * 5)
    assert judge_view(home.home(found, {release.id: "https://x"}, stories.NOW), "home") is None
    assert judge_view(form.told(answers.status(release, "")), "modal") is None


def test_a_hundred_services_and_fifty_pods_fit() -> None:
    offers = [Offer(f"{'very-long-service-name-' * 5}{n}", "default", ("v" * 128,)) for n in range(100)]
    assert len(form.services(offers, "")) == 100
    assert judge_options({"options": form.services(offers, "")}) == ()
    pods = Counted(ready=49, total=50)
    release = stories.asking(stories.proven(scenes.canary()))
    shown = card(release.model_copy(update={"stable_pods": pods, "canary_pods": pods}), scenes.SIGNER)
    assert "49 of 50 ready" in str(shown.blocks)
    assert judge_message(shown.content(), updated=True) is None


def markup(value: Any) -> Iterator[str]:
    """Every text in which Slack would find a mention; plain and rich texts are shown to the letter."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from markup(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from markup(inner)


@pytest.mark.parametrize("name", SCENES)
def test_slack_takes_every_message(name: str) -> None:
    content = SCENES[name].content()
    assert judge_message(content, updated=True) is None
    for text in (content["text"], *markup(content["blocks"])):
        assert "<!channel>" not in text
        assert "<!here>" not in text
        assert "<@U2>" not in text.replace("<@U2> put it", "").replace("<@U2> rolls", "") or name in NAMED


@given(name=st.text(min_size=1, max_size=400), reason=st.text(max_size=300), log=st.text(max_size=9000))
@settings(max_examples=40, deadline=None)
def test_no_name_reason_or_log_makes_a_message_that_slack_refuses(name: str, reason: str, log: str) -> None:
    made = stories.planned(steps=(25, 50, 100))
    spec = made.spec.model_copy(update={"reason": reason})
    advice = tuple(Advice(code="x", what=name * 9) for _ in range(40))
    made = made.model_copy(update={"service": name, "to_version": name, "stable": name, "spec": spec})
    release = stories.asking(stories.proven(stories.started(made)))
    release = release.tell("stuck", name, stories.later(320), log=log)
    messages = [card(release, scenes.SIGNER)]
    messages += [thread.post(release, part, scenes.SIGNER).message for part in thread.parts(release, 0)]
    messages.append(
        preview(Preview(made.model_copy(update={"advice": advice})), scenes.SIGNER, scenes.SHOWING)
    )
    for message in messages:
        assert judge_message(message.content(), updated=True) is None


def _buttons(release: Release) -> list[str]:
    blocks = card(release, scenes.SIGNER).blocks
    return [e["action_id"] for b in blocks if b["type"] == "actions" for e in b["elements"]]


def test_the_buttons_are_the_legal_intents_and_samples() -> None:
    begun = scenes.canary()
    asking = stories.asking(stories.proven(begun))
    for release in (
        begun,
        asking,
        stories.held(asking),
        stories.keeping(asking),
        stories.rolling_back(asking),
    ):
        legal = [f"release.{kind.value}" for kind in release.intents()]
        assert _buttons(release) == legal + (["release.samples"] if release.changed else [])
    assert _buttons(stories.promoted(asking)) == []


def test_dialogs_say_the_effect_in_numbers() -> None:
    def dialog(release: Release, action: str) -> str:
        blocks = card(release, scenes.SIGNER).blocks
        elements = [e for b in blocks if b["type"] == "actions" for e in b["elements"]]
        return str(next(e for e in elements if e["action_id"] == action)["confirm"]["text"]["text"])

    asking = stories.asking(stories.proven(scenes.canary()))
    assert dialog(asking, "release.promote") == (
        "v6 gets 50 % of the traffic (now 25 %, measured 27 of 100 (19–36 %)): 3 pods of v6 beside 3 of v2."
    )
    assert dialog(asking, "release.rollback") == (
        "All traffic goes back to 3 pods of v2 (v6 gets 25 %, measured 27 of 100 (19–36 %) now), "
        "then k8sdemo-deploy-v6 goes (1 pod)."
    )
    assert dialog(stories.keeping(asking), "release.promote") == (
        "The keeping ends now: k8sdemo-deploy (3 pods of v2) is deleted. Going back is then a release of its own."
    )
    assert "0 pods and 0 %" in dialog(scenes.canary(), "release.cancel")


def test_a_card_that_looks_different_is_different() -> None:
    from bot.slack.card import fingerprint

    release = scenes.canary()
    one, again = card(release, scenes.SIGNER), card(release, scenes.SIGNER)
    other = card(release.model_copy(update={"reason": "waiting"}), scenes.SIGNER)
    assert fingerprint(one) == fingerprint(again) != fingerprint(other)


def test_controls_survive_when_a_message_is_too_long() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    actions = {"type": "actions", "elements": []}
    kept = Message("x", (*[section] * 9, actions)).content()["blocks"]
    assert kept == [section] * 4 + [actions]


@given(st.text())
def test_escaped_text_mentions_nobody(text: str) -> None:
    assert "<" not in escape(text)
    assert ">" not in escape(text)

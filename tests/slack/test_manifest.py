"""The app's manifest asks for what the bot uses: shortcuts, scopes, events, within Slack's limits."""

from pathlib import Path
from typing import Any

import yaml

from bot.playground.slack import MANIFEST_SCOPES
from bot.slack import form, modals
from bot.slack.asked import COMMAND

FILE = Path(__file__).parents[2] / "deploy" / "slack-manifest.yaml"
MANIFEST: dict[str, Any] = yaml.safe_load(FILE.read_text())


def test_the_shortcuts_are_those_that_are_listened_to() -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]
    kinds = {one["callback_id"]: one["type"] for one in shortcuts}
    assert kinds == {modals.RELEASE: "global", form.SHOW: "message"}
    for one in shortcuts:
        assert len(one["name"]) <= 24
        assert len(one["description"]) <= 150


def test_home_and_direct_messages_are_on_and_what_they_send_is_asked_for() -> None:
    home = MANIFEST["features"]["app_home"]
    assert home == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    events = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    assert events == {"app_mention", "app_home_opened", "message.im", "subteam_members_changed"}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == MANIFEST_SCOPES


def test_interactivity_is_on_and_the_command_escapes_mentions() -> None:
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    (command,) = MANIFEST["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == (COMMAND, True)
    assert len(command["usage_hint"]) <= 1000

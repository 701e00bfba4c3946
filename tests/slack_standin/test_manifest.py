"""The app's manifest has the shape, the lengths and the counts that Slack's JSON schema for manifests (version 2) allows.

The schema is published in the repository slackapi/manifest-schema and in no package: what it says of the fields that a
bot like ours may use stands here. `tests/judges` holds the manifest against the types that Slack ships, too.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.playground.slack.schema import Check, Shape, boolean, choice, items, number, text

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "deploy/slack-manifest.yaml").read_text())
URL = text(3500)
COMMAND = Shape(
    {
        "command": text(32, 2),
        "url": text(3000),
        "description": text(2000),
        "usage_hint": text(1000),
        "should_escape": boolean,
    },
    ("command", "description"),
)
SHORTCUT = Shape(
    {
        "name": text(24),
        "type": choice("message", "global"),
        "callback_id": text(255),
        "description": text(150),
    },
    ("name", "type", "callback_id", "description"),
)
SCOPES = items(text(50), 255, 0)
EVENTS = items(text(50), 100, 0)
PUBLISHED: Check = Shape(
    {
        "_metadata": Shape({"major_version": number(2, 2), "minor_version": number(0)}),
        "display_information": Shape(
            {
                "name": text(35),
                "description": text(140),
                "background_color": text(7, 4),
                "long_description": text(4000, 175),
            },
            ("name",),
        ),
        "features": Shape(
            {
                "app_home": Shape(
                    dict.fromkeys(
                        ("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"),
                        boolean,
                    )
                ),
                "bot_user": Shape({"display_name": text(80), "always_online": boolean}, ("display_name",)),
                "shortcuts": items(SHORTCUT, 10),
                "slash_commands": items(COMMAND, 50),
            }
        ),
        "oauth_config": Shape({"scopes": Shape({"bot": SCOPES, "bot_optional": SCOPES})}),
        "settings": Shape(
            {
                "event_subscriptions": Shape({"request_url": URL, "bot_events": EVENTS}),
                "interactivity": Shape(
                    {"is_enabled": boolean, "request_url": URL, "message_menu_options_url": URL},
                    ("is_enabled",),
                ),
                "org_deploy_enabled": boolean,
                "socket_mode_enabled": boolean,
                "token_rotation_enabled": boolean,
            }
        ),
    },
    ("display_information",),
)


def test_the_manifest_is_as_the_published_schema_says() -> None:
    assert list(PUBLISHED(MANIFEST, "")) == []
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert len(set(events)) == len(events)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("display_information", "name"), "x" * 36),
        (("features", "slash_commands"), [{"command": "/release"}]),
        (
            ("features", "shortcuts"),
            [{"name": "x" * 25, "type": "global", "callback_id": "a", "description": "b"}],
        ),
        (("settings", "socket_mode_enabled"), "yes"),
        (("settings", "events"), []),
    ],
)
def test_a_manifest_that_slack_would_not_take_is_seen(path: tuple[str, str], value: Any) -> None:
    wrong = copy.deepcopy(MANIFEST)
    wrong[path[0]][path[1]] = value
    assert list(PUBLISHED(wrong, ""))

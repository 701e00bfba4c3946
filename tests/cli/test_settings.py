import pytest

from bot.settings import Settings, for_slack, load
from strategies.refusal import Refusal


def settings(**environ: str) -> Settings:
    found = load(environ)
    assert isinstance(found, Settings), str(found)
    return found


def test_nothing_set_is_enough() -> None:
    found = settings()
    assert (found.namespace, found.listen, found.kubeconfig, found.policy) == (
        "graylight",
        "127.0.0.1:8080",
        None,
        None,
    )
    assert not found.slack
    assert found.slack_api_url == "https://slack.com/api/"
    assert for_slack(found) is None


def test_an_empty_variable_is_as_one_that_is_not_set() -> None:
    assert settings(GRAYLIGHT_NAMESPACE="", SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="") == settings()


def test_the_process_own_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAYLIGHT_LISTEN", "[::1]:0")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:9000/api")
    found = load()
    assert isinstance(found, Settings)
    assert (found.listen_host, found.listen_port) == ("::1", 0)
    assert found.slack_api_url == "http://127.0.0.1:9000/api/"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRAYLIGHT_LISTEN", "8080"),
        ("GRAYLIGHT_LISTEN", ":8080"),
        ("GRAYLIGHT_LISTEN", "localhost:99999"),
        ("GRAYLIGHT_NAMESPACE", "Gray Light"),
        ("SLACK_API_URL", "slack.com"),
        ("SLACK_BOT_TOKEN", "xoxb secret"),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(name: str, value: str) -> None:
    refused = load({name: value})
    assert isinstance(refused, Refusal)
    assert refused.code == "bad-setting"
    assert refused.what.startswith(name)
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
        ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"),
        ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN"),
    ],
)
def test_one_token_of_two_is_refused_for_the_bot_only(there: str, lacking: str) -> None:
    refused = for_slack(settings(**{there: "x-secret"}))
    assert refused is not None
    assert refused.what.startswith(f"{lacking} is missing")


def test_what_is_set_says_how_slack_comes_in() -> None:
    bot, app, secret = (
        {"SLACK_BOT_TOKEN": "xoxb-1"},
        {"SLACK_APP_TOKEN": "xapp-1"},
        {"SLACK_SIGNING_SECRET": "s"},
    )
    assert settings(**bot, **app).slack == "socket"
    assert settings(**bot, **secret).slack == "http"
    assert settings(**bot, **app, **secret).slack == "socket"
    assert settings(**bot).slack is settings(**secret).slack is None
    assert for_slack(settings(**bot, **secret)) is None


def test_tokens_are_never_shown() -> None:
    found = settings(SLACK_BOT_TOKEN=" xoxb-secret\n", SLACK_APP_TOKEN="xapp-secret")
    assert found.slack
    assert "-secret" not in repr(found)
    assert found.slack_bot_token is not None
    assert found.slack_bot_token.get_secret_value() == "xoxb-secret"


def test_each_setting_says_its_default_and_why() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description is not None, name
        assert "Default" in field.description, name

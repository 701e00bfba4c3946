import pytest

from bot.cluster.errors import Forbidden, Unreachable
from bot.main import Unusable
from tests.cli.conftest import Graylight
from tests.cli.stage import FakeOffice


def failing(error: Exception) -> FakeOffice:
    office = FakeOffice()
    office.failure = error
    return office


def test_an_unreachable_cluster_is_one_sentence_and_exit_1(graylight: Graylight) -> None:
    ran = graylight(failing(Unreachable("https://10.0.0.1:6443: connection refused")), "status")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "The cluster does not answer: https://10.0.0.1:6443: connection refused.\n"


def test_no_cluster_at_all_says_what_to_set(graylight: Graylight) -> None:
    said = "no cluster to talk to: no kubeconfig. Set KUBECONFIG, or run inside a cluster."
    assert graylight(failing(Unreachable(said)), "status").err == f"N{said[1:]}\n"


def test_a_right_that_is_lacking_is_one_sentence(graylight: Graylight) -> None:
    ran = graylight(failing(Forbidden("secrets is forbidden", 403)), "status")
    assert (ran.code, ran.err) == (1, "The API server refuses: secrets is forbidden.\n")


def test_unusable_settings_are_wrong_usage(graylight: Graylight) -> None:
    ran = graylight(failing(Unusable("policy.yaml:2:1: There is no field `chanel`.")), "status")
    assert (ran.code, ran.err) == (2, "policy.yaml:2:1: There is no field `chanel`.\n")


def test_a_bug_is_one_sentence_and_the_traceback_is_a_variable_away(
    graylight: Graylight, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = graylight(failing(ZeroDivisionError("oh")), "status")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == ("This is a bug in Graylight: ZeroDivisionError: oh. GRAYLIGHT_DEBUG=1 shows where.\n")
    monkeypatch.setenv("GRAYLIGHT_DEBUG", "1")
    again = graylight(failing(ZeroDivisionError("oh")), "status")
    assert "Traceback (most recent call last)" in again.err


def test_the_only_error_of_a_group_is_told_by_itself(graylight: Graylight) -> None:
    group = ExceptionGroup("tasks", [Unreachable("no answer")])
    assert graylight(failing(group), "status").err == "The cluster does not answer: no answer.\n"


@pytest.mark.parametrize("command", ["status", "run"])
def test_a_wrong_setting_is_a_sentence_and_exit_2(
    graylight: Graylight, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("GRAYLIGHT_LISTEN", "everywhere")
    ran = graylight(FakeOffice(), command)
    assert ran.code == 2
    assert "GRAYLIGHT_LISTEN is wrong: it is no `host:port`" in ran.err


def test_the_bot_with_half_of_slacks_tokens_is_refused(
    graylight: Graylight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    ran = graylight(FakeOffice(), "run")
    assert ran.code == 2
    assert "SLACK_APP_TOKEN is missing" in ran.err
    assert "secret" not in ran.err

import json
import subprocess
import sys

import pytest

from bot.settings import Settings
from tests.cli.conftest import Graylight
from tests.cli.stage import FakeOffice


def test_a_mistake_gets_a_caret_under_the_word_on_stderr_and_exit_2(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "canary", "k8sdemo", "v6", "--soak", "10x", "--yes")
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert lines[:2] == [
        "graylight canary k8sdemo v6 --soak 10x",
        "                                   ^^^",
    ]
    assert lines[3].startswith("Usage: graylight canary SERVICE VERSION")


@pytest.mark.parametrize("word", ["canry", "deploy", "kanary"])
def test_an_unknown_command_keeps_its_words_and_is_guessed(graylight: Graylight, word: str) -> None:
    ran = graylight(FakeOffice(), word, "k8sdemo", "v6", "--steps", "25,50")
    assert ran.code == 2
    assert ran.err.startswith(f"graylight {word} k8sdemo v6 --steps 25,50\n          {'^' * len(word)}\n")
    assert "Did you mean `canary`?" in ran.err


def test_a_misspelt_flag_of_the_terminal_is_guessed_too(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "canary", "k8sdemo", "v6", "--detatch")
    assert "`canary` has no flag `--detatch`. Did you mean `--detach`?" in ran.err


def test_flags_of_the_grammar_arrive_in_the_release_as_typed(graylight: Graylight) -> None:
    office = FakeOffice(elsewhere=True)
    words = ("--steps=25,50", "--soak", "30s", "--reason", "faster, they say", "-y", "--detach", "--auto")
    assert graylight(office, "canary", "k8sdemo", "v6", "in", "default", *words).code == 0
    spec, plan_hash = office.started[0]
    assert (spec.steps, spec.soak, spec.reason, spec.auto) == ((25, 50), 30, "faster, they say", True)
    assert len(plan_hash) == 12


def test_without_a_terminal_nobody_can_be_asked_so_it_is_refused_before_anything_is_looked_at(
    graylight: Graylight,
) -> None:
    office = FakeOffice()
    office.failure = AssertionError("the cluster was asked")
    ran = graylight(office, "canary", "k8sdemo", "v6")
    assert (ran.code, ran.out) == (2, "")
    assert "Add `--yes`" in ran.err


def test_an_unknown_output_is_wrong_usage(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "status", "-o", "yaml")
    assert (ran.code, ran.err) == (2, "`-o` takes `text` or `json`, not `yaml`.\n")


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command_on_a_screen_of_80_columns(
    graylight: Graylight, words: tuple[str, ...]
) -> None:
    ran = graylight(FakeOffice(), *words)
    assert (ran.code, ran.err) == (0, "")
    for name in (
        "canary",
        "bluegreen",
        "rolling",
        "plan",
        "status",
        "promote",
        "rollback",
        "run",
        "playground",
    ):
        assert f"\n  {name} " in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


@pytest.mark.parametrize("words", [("canary", "--help"), ("help", "canary"), ("canary", "-h")])
def test_help_on_a_command_has_its_flags_the_terminals_own_and_examples(
    graylight: Graylight, words: tuple[str, ...]
) -> None:
    ran = graylight(FakeOffice(), *words)
    assert ran.code == 0
    for expected in ("  `--steps N,N,…`", "  `--yes`", "  `--detach`", "`graylight canary k8sdemo v6`"):
        assert expected in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


@pytest.mark.parametrize("words", [("version",), ("--version",)])
def test_the_version_is_one_line(graylight: Graylight, words: tuple[str, ...]) -> None:
    ran = graylight(FakeOffice(), *words)
    assert ran.code == 0
    assert ran.out.startswith("graylight 0.")


def test_a_mistake_is_a_document_too_where_one_is_wanted(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "canary", "k8sdemo", "-o", "json")
    assert ran.code == 2
    assert json.loads(ran.out)["refused"]["code"] == "usage"


def test_the_playground_gets_what_was_said_and_nothing_else(
    graylight: Graylight, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[dict[str, object]] = []

    async def play(settings: Settings, **wishes: object) -> int:
        heard.append(wishes)
        return 0

    monkeypatch.setattr("bot.main.play", play)
    assert graylight(FakeOffice(), "playground").code == 0
    assert graylight(FakeOffice(), "playground", "--port", "0").code == 0
    assert heard == [{}, {"port": 0}]


def test_help_imports_nothing_that_takes_long() -> None:
    heavy = (
        "rich",
        "pydantic",
        "kubernetes",
        "yaml",
        "aiohttp",
        "slack_sdk",
        "bot.main",
        "strategies.release",
    )
    program = f"import sys; sys.argv = ['graylight', '--help']; import bot.cli.app; bot.cli.app.main(); print([m for m in {heavy!r} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 — our own words
    assert ran.stdout.endswith("\n[]\n")

"""Usage and help follow the table, and what they show is true."""

import re
import subprocess
import sys
from typing import get_args

import pytest

from bot.grammar import flags, table, values
from bot.grammar.command import Intent
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse
from bot.grammar.usage import commands, flag_names, help_text, summary, usage
from strategies.spec import ReleaseSpec, RouterName, Strategy

EVERY = [verb.name for verb in table.VERBS]


@pytest.mark.parametrize("example", [text for verb in table.VERBS for text in verb.examples])
def test_every_example_is_a_command(example: str) -> None:
    assert not isinstance(parse(example), Mistake)


@pytest.mark.parametrize("name", EVERY)
def test_every_command_is_explained_with_its_flags_and_examples(name: str) -> None:
    text = help_text(name, "/release")
    verb = table.BY_NAME[name]
    assert all(f"`/release {example}`" in text for example in verb.examples)
    assert name == "plan" or all(f"`{flag.shown}`" in text for flag in table.flags_of(name))
    assert usage(name).startswith(name)


def test_the_list_names_every_command_and_flag_and_nothing_that_is_not_there_yet() -> None:
    text = help_text(None, "graylight")
    assert all(f"`graylight {name}" in text for name in EVERY)
    assert all(f"`{flag.name}`" in text for flag in flags.FLAGS)


def test_an_unknown_topic_gives_the_list() -> None:
    assert help_text("nonsense") == help_text()


def test_a_flag_is_explained_with_its_default_and_where_it_fits() -> None:
    text = help_text("--keep")
    assert "Without it: 30m." in text
    assert "Fits `canary`, `bluegreen`." in text
    assert "`blue-green k8sdemo v6 --keep 2h --after upgrade`" in text


@pytest.mark.parametrize("topic", [None, *EVERY, *(flag.name for flag in flags.FLAGS)])
def test_help_has_no_markup_but_backticks(topic: str | None) -> None:
    text = help_text(topic, "/release")
    assert text.count("`") % 2 == 0
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"[*_~<>#`]", outside)
    assert "  " not in text
    assert all(line == line.strip() for line in text.splitlines())


def test_a_plans_usage_is_that_of_its_strategy() -> None:
    assert usage("plan canary").startswith("plan canary SERVICE VERSION [in ENV] [--steps N,N,…]")
    assert usage("plan") == "plan canary|bluegreen|rolling SERVICE VERSION [in ENV] [flags of the strategy]"
    assert usage("nonsense") == " | ".join(EVERY)


def test_the_shells_help_is_made_from_the_same_table() -> None:
    assert commands() == tuple(EVERY)
    assert summary("rolling") == "Pod by pod, the Deployment's own update."
    assert summary("nonsense") == ""
    assert flag_names("promote") == ("--full",)


def test_the_table_says_what_the_spec_says() -> None:
    assert [Strategy(name) for name in flags.STRATEGIES] == list(Strategy)
    assert [RouterName(name) for name in flags.ROUTERS] == list(RouterName)
    taken = {flag.field for flag in flags.FLAGS if set(flag.takes) & set(flags.STRATEGIES)}
    assert taken - flags.OF_NO_SPEC | {"strategy", "service", "version", "environment"} == set(
        ReleaseSpec.model_fields
    )
    assert set(get_args(Intent)) == {
        verb.name for verb in table.VERBS if verb.group == "Act on a release" and verb.name != "nudge"
    }


def test_no_word_means_two_things() -> None:
    accepted = [name for verb in table.VERBS for name in (verb.name, *verb.also)]
    suggested = [name for verb in table.VERBS for name in verb.meant]
    assert len(set(accepted + suggested)) == len(accepted + suggested)
    named = [name for flag in flags.FLAGS for name in (flag.name, *flag.meant)]
    assert len(set(named)) == len(named)


def test_a_written_duration_is_read_back() -> None:
    assert values.duration(values.written_duration(14 * 86400 - 1)) == 14 * 86400 - 1


def test_help_needs_neither_pydantic_nor_a_cluster() -> None:
    code = "import sys, bot.grammar.usage; print([m for m in ('pydantic', 'kubernetes') if m in sys.modules])"
    done = subprocess.run(  # noqa: S603 — our own interpreter with the line above
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

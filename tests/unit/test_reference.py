"""docs/reference.md says what the code does: what is generated is up to date, and the numbers are the code's."""

import re
from collections.abc import Callable

import pytest

from bot.cli.exits import Exit
from bot.hints import READ
from strategies import finish, pods, proof, reminding, soaking
from strategies.plan import Timers
from strategies.planner import ALONE_AT_GREEN
from strategies.release import KEPT_DETAILS, KEPT_EVENTS, Release
from strategies.routers.ratio import MANY
from strategies.tracks import VERSION_LABELS
from tests.unit import table
from tests.unit.table import cells, section

MADE: dict[str, Callable[[], str]] = {
    "Commands and flags": table.commands,
    "States and intents": table.intents,
    "Environment": table.environment,
    "Policy": table.policy,
}


@pytest.mark.parametrize("title", list(MADE))
def test_what_is_generated_is_up_to_date(title: str) -> None:
    assert MADE[title]() in section(title), "run `python -m tests.unit.table`"


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    assert [int(code) for code, _ in cells("Exit codes")] == sorted(Exit)


def test_every_annotation_that_is_read_is_listed_and_no_other() -> None:
    listed = {name.strip("`").removeprefix("graylight/") for name, _ in cells("Annotations")}
    assert listed == set(READ)


@pytest.mark.parametrize(
    ("what", "numbers"),
    [
        ("soak after each step", [Timers().soak, 0, ALONE_AT_GREEN]),
        ("keep", [Timers().keep]),
        ("first reminder", [Timers().remind, reminding.LONGEST]),
        ("asking ends in holding after", [Timers().ask_for]),
        ("progress of one step", [Timers().progress]),
        ("settle: how long a pod without a readiness probe must have stood", [int(pods.SETTLE)]),
        (
            "routers' lag that is waited out",
            [finish.ROUTE_LAG, *sorted(finish.LAGS.values()), finish.SERVICE_LAG],
        ),
        ("proof: deadline", [Timers().proof]),
        ("proof: at most in one window", [proof.Asked(50, 0).max_requests]),
        ("proof of 0 and 100 %", [proof.MET]),
        ("looks of a soak", [int(soaking.EVERY.total_seconds())]),
        ("a look", [soaking.LEAST_LOOKED, soaking.LOOK_NEW, soaking.MOST_LOOKED]),
        ("the last look of a soak", [soaking.LAST_NEW, soaking.MOST_LAST]),
        ("a look while the old version stands warm", [soaking.LOOK_KEPT]),
        ("between the sentence that condemns and the way back", [soaking.FALL]),
        ("pods above which a weighted route is advised", [MANY]),
    ],
)
def test_a_default_is_the_number_in_the_code(what: str, numbers: list[int]) -> None:
    value = next(value for name, value in cells("Defaults") if name == what)
    assert [int(n) for n in re.findall(r"\d+", value)] == numbers


def test_the_record_is_described_field_by_field() -> None:
    described = {name for path, _ in cells("The record") for name in re.findall(r"`([a-z_]+)`", path)}
    hidden = {"started_by", "started_at", "reminded", "stable_pods", "canary_pods", "deliveries"}
    assert described <= set(Release.model_fields)
    assert set(Release.model_fields) - described <= hidden


def test_the_lengths_of_the_record_are_those_of_the_code() -> None:
    text = section("The record")
    assert f"newest {KEPT_EVENTS}" in text
    assert f"newest {KEPT_DETAILS} keep" in text


def test_the_usual_version_labels_are_named() -> None:
    assert all(f"`{label}`" in section("Names of objects") for label in VERSION_LABELS)


def test_every_refusal_that_is_about_people_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \| [a-zS]", section("People"), re.MULTILINE))
    assert table.codes_of_people() <= listed

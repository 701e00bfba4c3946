"""What a policy says about people and times is read strictly, and means what it says; a changed file is in force."""

import asyncio
import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.book import Book, opened
from bot.cli.policy import app
from bot.policy import Policy, PolicyError, json_schema, parse
from bot.rules import Approve, Freeze, Governed, Identity, Override, Quiet
from strategies.people import Approval, Crowd, Rules, Team
from strategies.windows import DAY, WEEK, Recurring

SPEC = """\
channel: C0RELEASES                    # where cards go
defaults: {soak: 10m, keep: 30m, ask_for: 2h, steps: [5, 25, 50, 100]}
people:
  sre: [S0SRE]                         # user groups and users, by id
  shop: [S0SHOP, U0ANA]
environments:
  default: {namespace: shop}
  prod:
    context: prod-eu
    namespace: shop
    start: [shop, sre]
    approve: {who: [sre], count: 1, own: false}
    override: {who: [sre], count: 2}
    reason: required
    freeze: [{every: "Fri 16:00 – Mon 08:00", zone: Europe/Berlin, why: weekend}]
    quiet: {every: "22:00 – 07:00", zone: Asia/Shanghai}
services:
  payments:
    approve: {who: [sre, U0BOSS], count: 2, own: true}
"""


def policy(text: str = SPEC) -> Policy:
    found = parse(text)
    assert isinstance(found, Policy), str(found)
    return found


def wrong(text: str) -> list[str]:
    found = parse(text, "policy.yaml")
    assert isinstance(found, PolicyError)
    return str(found).splitlines()


def test_the_rules_of_an_environment_are_those_of_the_file() -> None:
    rules = policy().rules("prod", "k8sdemo")
    sre, shop = Team("sre", frozenset({"S0SRE"})), Team("shop", frozenset({"S0SHOP", "U0ANA"}))
    assert rules.start == Crowd("environments.prod.start", (shop, sre))
    assert rules.approve == Approval(Crowd("environments.prod.approve.who", (sre,)), 1, own=False)
    assert rules.override == Approval(Crowd("environments.prod.override.who", (sre,)), 2)
    assert rules.reason
    friday = datetime(2026, 7, 3, 15, tzinfo=UTC)
    frozen = rules.calendar.frozen(friday)
    assert frozen is not None
    assert (frozen.freeze.why, frozen.freeze.rule) == ("weekend", "environments.prod.freeze[0]")
    assert frozen.until == datetime(2026, 7, 6, 6, tzinfo=UTC)
    assert rules.calendar.quiet_until(friday) == datetime(2026, 7, 3, 23, tzinfo=UTC)


def test_what_a_service_says_holds_instead() -> None:
    rules = policy().rules("prod", "payments")
    assert rules.approve is not None
    assert (rules.approve.count, rules.approve.own) == (2, True)
    assert rules.approve.crowd.rule == "services.payments.approve.who"
    assert [t.name for t in rules.approve.crowd.teams or ()] == ["sre", "U0BOSS"]
    assert rules.start.rule == "environments.prod.start"


def test_an_environment_without_rules_is_open_to_every_full_member() -> None:
    rules = policy().rules("default", "k8sdemo")
    assert rules.start.teams is None
    assert (rules.approve, rules.override, rules.reason) == (None, None, False)
    assert Book().rules("default", "k8sdemo") == Rules("default")


def test_a_person_of_slack_and_a_user_of_the_cluster_can_be_one() -> None:
    found = policy("identities: {U0ANA: {user: ana@example.com}}")
    assert found.rules("default", "web").aliases == {"user:ana@example.com": "U0ANA"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "people: {sre: [ana]}",
            "1:16: people.sre[0]: `ana` is nobody's id: write `U…` for a person and `S…` for a user group of Slack, `user:NAME` or `group:NAME` for the command line.",
        ),
        (
            "people: {sre: [S0]}\nenvironments:\n  prod:\n    start: [srs]",
            "4:13: environments.prod.start[0]: There is no team `srs`. Did you mean `sre`?",
        ),
        (
            "environments: {prod: {approve: {who: [sre]}}}",
            "1:39: environments.prod.approve.who[0]: There is no team `sre`. Name it under `people`.",
        ),
        (
            "services:\n  web: {override: {who: [ops]}}",
            "2:26: services.web.override.who[0]: There is no team `ops`. Name it under `people`.",
        ),
        (
            "environments: {prod: {override: {who: [U1], count: 1}}}",
            "1:52: environments.prod.override.count: `1` does not fit: should be greater than or equal to 2.",
        ),
        (
            "environments: {prod: {approve: {count: 2}}}",
            "1:32: environments.prod.approve.who: `who` is missing.",
        ),
        (
            "environments: {prod: {reason: yes}}",
            "1:31: environments.prod.reason: `yes` is neither `required` nor `optional`.",
        ),
        (
            "environments: {prod: {freeze: [{every: 'Fri', zone: UTC}]}}",
            "1:40: environments.prod.freeze[0].every: `Fri` is no recurring time; write `Fri 16:00 – Mon 08:00` (every week) or `22:00 – 07:00` (every day).",
        ),
        (
            "environments: {prod: {quiet: {every: 22:00-07:00, zone: Berlin}}}",
            "1:57: environments.prod.quiet.zone: `Berlin` is no IANA time zone. Did you mean `Europe/Berlin`?",
        ),
        (
            "environments: {prod: {freeze: {zone: UTC}}}",
            "1:31: environments.prod.freeze: A freeze is either `every`, or both `from` and `until`.",
        ),
        (
            "environments: {prod: {freeze: {from: 2026-12-24, zone: UTC}}}",
            "1:31: environments.prod.freeze: A freeze is either `every`, or both `from` and `until`.",
        ),
        (
            "environments: {prod: {freeze: {from: tomorrow, until: 2027-01-01, zone: UTC}}}",
            "1:38: environments.prod.freeze.from: `tomorrow` is no moment; write `2026-12-24 12:00`.",
        ),
        (
            "environments: {prod: {freeze: {from: 2027-01-01, until: 2026-12-24, zone: UTC}}}",
            "1:31: environments.prod.freeze: The freeze ends before it begins.",
        ),
    ],
)
def test_a_wrong_rule_is_told_with_its_place_and_what_to_write(text: str, line: str) -> None:
    assert wrong(text)[0] == f"policy.yaml:{line}"


def recurring(every: str) -> Recurring:
    window = Quiet.model_validate({"every": every, "zone": "UTC"}).window
    assert isinstance(window, Recurring)
    return window


@pytest.mark.parametrize(
    ("every", "begin", "length", "period"),
    [
        ("Fri 16:00 – Mon 08:00", 4 * DAY + 960, 3840, WEEK),
        ("friday 16:00 - monday 08:00", 4 * DAY + 960, 3840, WEEK),
        ("Mon 00:00 to Sun 24:00", 0, WEEK, WEEK),
        ("Wed 12:00 – 14:00", 2 * DAY + 720, 120, WEEK),
        ("Wed 22:00 – 02:00", 2 * DAY + 1320, 240, WEEK),
        ("22:00–07:00", 1320, 540, DAY),
        ("00:00 - 24:00", 0, DAY, DAY),
    ],
)
def test_a_recurring_time_is_read_as_people_write_it(
    every: str, begin: int, length: int, period: int
) -> None:
    found = recurring(every)
    assert (found.begin, found.length, found.every) == (begin, length, period)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_time(text: str) -> None:
    assert isinstance(
        parse(json.dumps({"environments": {"a": {"quiet": {"every": text, "zone": text}}}})),
        Policy | PolicyError,
    )


def test_each_field_says_its_default_and_why() -> None:
    for model in (Approve, Override, Freeze, Quiet, Governed, Identity):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            assert "efault" in field.description


# the command


def test_a_right_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(SPEC)
    done = CliRunner().invoke(app, ["check", str(tmp_path / "policy.yaml")])
    assert done.exit_code == 0
    assert "environments default, prod; 2 teams" in done.stdout


def test_a_wrong_file_is_told_line_by_line_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("environments: {prod: {start: [sre]}}\n")
    done = CliRunner().invoke(app, ["check", str(tmp_path / "policy.yaml")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "policy.yaml:1:31: environments.prod.start[0]: There is no team `sre`." in done.stderr
    again = CliRunner().invoke(app, ["check", "-"], input="chanel: C1")
    assert again.exit_code == 2
    assert "Did you mean `channel`?" in again.stderr


def test_the_schema_knows_every_field_and_takes_what_people_write() -> None:
    done = CliRunner().invoke(app, ["schema"])
    schema = json.loads(done.stdout)
    assert schema == json_schema()
    assert set(schema["properties"]) == set(Policy.model_fields)
    assert schema["additionalProperties"] is False
    freeze = schema["$defs"]["Freeze"]["properties"]
    assert set(freeze) == {"every", "from", "until", "zone", "why"}
    assert freeze["zone"]["type"] == "string"
    soak = schema["$defs"]["Defaults"]["properties"]["soak"]
    assert {"type": "string"} in soak["anyOf"]
    assert set(schema["$defs"]["Environment"]["properties"]) >= {"start", "approve", "override", "freeze"}


# the file under watch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a ConfigMap's mount: the file is a link into a folder that is a link, and that is swapped."""
    _swap(tmp_path, SPEC, "1")
    (tmp_path / "policy.yaml").symlink_to("..data/policy.yaml")
    return tmp_path


def _swap(folder: Path, text: str, number: str) -> None:
    made = folder / f"..{number}"
    made.mkdir()
    (made / "policy.yaml").write_text(text)
    (folder / "..new").symlink_to(made.name)
    (folder / "..new").rename(folder / "..data")


async def test_a_new_policy_is_in_force_and_a_broken_one_keeps_the_old(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.book")
    told = asyncio.Event()

    def noticed(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            told.set()
        return True

    caplog.handler.addFilter(noticed)
    book = opened(str(folder / "policy.yaml"))
    assert isinstance(book, Book)
    news: asyncio.Queue[Policy] = asyncio.Queue()
    book.changed = news.put_nowait
    watching = asyncio.create_task(book.watch())
    try:
        await _watched(book, folder, news)
        assert book.channel == "C0OTHER"
        _swap(folder, "chanel: C1", "3")
        await told.wait()
        assert book.channel == "C0OTHER"
        assert book.trouble is not None
        assert "Did you mean `channel`?" in caplog.text
        assert any("policy file is broken" in note for note in book.notes)
        _swap(folder, SPEC, "4")
        await news.get()
        assert book.channel == "C0RELEASES"
        assert book.notes == ()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watched(book: Book, folder: Path, news: "asyncio.Queue[Policy]") -> None:
    """Swap until it is seen: the watch may begin after the first swap."""
    for number in range(100, 200):
        _swap(folder, SPEC.replace("C0RELEASES", "C0OTHER") + f"# {number}\n", str(number))
        with suppress(TimeoutError):
            await asyncio.wait_for(news.get(), 0.5)
            return
    raise AssertionError(book.channel)


def test_a_first_policy_that_is_broken_is_an_error() -> None:
    assert isinstance(opened("/nowhere/policy.yaml"), PolicyError)
    assert isinstance(opened(None), Book)


def test_only_changes_of_the_file_itself_and_of_its_mount_are_read() -> None:
    book = Book(path="/etc/graylight/policy.yaml")
    named = ("policy.yaml", "..data", "..2026_11_28", "bot.log", "policy.yaml~")
    assert [book.concerns(None, f"/etc/graylight/{n}") for n in named] == [True, True, True, False, False]

"""What people type and what it means, in Slack and in a shell alike."""

import pytest

from bot.grammar.command import (
    Act,
    Doctor,
    Freeze,
    Freezes,
    Help,
    History,
    Leave,
    Nudge,
    Queue,
    Samples,
    Services,
    Start,
    Status,
    Unfreeze,
)
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse, parse_words
from strategies.spec import Audience, Ratio, ReleaseSpec, RouterName, Strategy

BETA = Audience(by="header", name="X-Canary", value="beta")
COOKIE = Audience(by="cookie", name="canary")


def spec_of(text: str) -> ReleaseSpec:
    command = parse(text)
    assert isinstance(command, Start), command
    return command.spec


def wanted(strategy: Strategy = Strategy.CANARY, **fields: object) -> ReleaseSpec:
    return ReleaseSpec.model_validate({"strategy": strategy, "service": "web", "version": "v6", **fields})


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("canary web v6", wanted()),
        ("CANARY web v6\n", wanted()),
        ("bluegreen web v6", wanted(Strategy.BLUEGREEN)),
        ("Blue-Green web v6 ", wanted(Strategy.BLUEGREEN)),
        ("rolling web v6", wanted(Strategy.ROLLING)),
        ("canary web v6 in prod", wanted(environment="prod")),
        ("canary web v6 IN prod", wanted(environment="prod")),
        ("canary web v6 --auto in prod --soak 0s", wanted(environment="prod", auto=True, soak=0)),
        ("canary --auto web v6", wanted(auto=True)),
        ("canary web --soak 1h30m v6", wanted(soak=5400)),
        ("canary web v6 --steps 25,50,100", wanted(steps=(25, 50, 100))),
        ("canary web v6 --steps 25%,50%", wanted(steps=(25, 50))),
        ("canary web v6 --steps=100", wanted(steps=(100,))),
        ("canary web v6 --Steps 5", wanted(steps=(5,))),
        ("canary web v6 --steps header:X-Canary=beta,cookie:canary,5", wanted(steps=(BETA, COOKIE, 5))),
        ("canary web v6 --steps 5,HEADER:X-Canary=beta", wanted(steps=(5, BETA))),
        ("canary web v6 --steps cookie:canary=always", wanted(steps=(COOKIE,))),
        ("canary web v6 --ratio 1:3", wanted(ratio=Ratio(new=1, old=3))),
        ("canary web v6 --soak 0", wanted(soak=0)),
        ("canary web v6 --keep 2h --after upgrade", wanted(keep=7200, after="upgrade")),
        ("canary web v6 --router aws-alb", wanted(router=RouterName.AWS_ALB)),
        ("canary web v6 --container app --accept-replace", wanted(container="app", accept_replace=True)),
        ("canary web v6 --on-fail rollback", wanted(on_fail="rollback")),
        (
            "rolling web v6 --surge 25% --unavailable 0 --pause-at 50%",
            wanted(Strategy.ROLLING, surge="25%", unavailable="0", pause_at=50),
        ),
        ("rolling web v6 --pause-at 50", wanted(Strategy.ROLLING, pause_at=50)),
        ("canary web @sha256:" + "AB" * 32, wanted(version="sha256:" + "ab" * 32)),
        ("canary in v6", wanted(service="in")),
        ('canary web "in" in in', wanted(version="in", environment="in")),
    ],
)
def test_a_release_is_read_as_it_is_written(text: str, spec: ReleaseSpec) -> None:
    assert parse(text) == Start(spec, preview_only=False)
    assert parse("plan " + text) == Start(spec, preview_only=True)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help(None)),
        (" \n\t ", Help(None)),
        ("help", Help(None)),
        ("?", Help(None)),
        ("--help", Help(None)),
        ("help canary", Help("canary")),
        ("help Blue-Green", Help("bluegreen")),
        ("help --steps", Help("--steps")),
        ("help steps", Help("--steps")),
        ("canary web --help --nonsense", Help("canary")),
        ("plan --help", Help("plan")),
        ("status", Status(None)),
        ("status web", Status("web")),
        ("status web-17", Status("web-17")),
        ("samples", Samples(None, None)),
        ("samples web", Samples("web", None)),
        ("samples web 20", Samples("web", 20)),
        ("samples 20", Samples(None, 20)),
        ("samples 20 30", Samples("20", 30)),
        ("history web", History("web", 10)),
        ("history web 3", History("web", 3)),
        ("promote", Act("promote", None)),
        ("Promote web-17 --full", Act("promote", "web-17", full=True)),
        ("promote --full", Act("promote", None, full=True)),
        ("hold web-17", Act("hold", "web-17")),
        ("resume web", Act("resume", "web")),
        ("rollback web-17", Act("rollback", "web-17")),
        ("roll-back web-17", Act("rollback", "web-17")),
        ("cancel web-17", Act("cancel", "web-17")),
    ],
)
def test_the_other_commands_are_read_as_they_are_written(text: str, command: object) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("canary web v6 —steps 25,50", "canary web v6 --steps 25,50"),
        ("canary web v6 –steps 25", "canary web v6 --steps 25"),
        ("canary web v6 –-steps=25", "canary web v6 --steps=25"),
        ("canary web v6 --reason “a b”", 'canary web v6 --reason "a b"'),
        ("canary web v6 —reason=„a b“", 'canary web v6 --reason="a b"'),
        ("canary web v6 --reason ‘it’s fine’", 'canary web v6 --reason "it’s fine"'),
        ("canary\u00a0web\u202fv6\u3000--auto", "canary web v6 --auto"),
        ("canary web\tv6\r\n--auto", "canary web v6 --auto"),
        ("canary web <http://v1.2|v1.2>", "canary web v1.2"),
        ("canary <mailto:web.v6|web.v6> v6", "canary web.v6 v6"),
        ('canary web v6 --reason "see <https://x.io/a?b=1&amp;c=2>"', None),
    ],
)
def test_what_slack_makes_of_a_line_is_undone(typed: str, meant: str | None) -> None:
    if meant is None:
        assert spec_of(typed).reason == "see https://x.io/a?b=1&c=2"
    else:
        assert parse(typed) == parse(meant)
        assert isinstance(parse(typed), Start)


def test_slacks_entities_are_undone_once_and_mentions_stay() -> None:
    assert spec_of('canary web v6 --reason "a &lt; b &amp;amp; <@U1|ana>"').reason == "a < b &amp; <@U1|ana>"


def test_quotes_within_quotes_are_kept_by_a_backslash() -> None:
    assert spec_of(r'canary web v6 --reason "say \"hi\" in C:\new \\"').reason == 'say "hi" in C:\\new \\'


def test_an_apostrophe_in_a_word_is_no_quote() -> None:
    assert spec_of("canary web v6 --reason don't").reason == "don't"


def test_a_quoted_word_is_a_value_even_where_it_looks_like_a_flag() -> None:
    assert spec_of('canary web v6 --reason "--auto was wrong"').reason == "--auto was wrong"


def test_spaces_in_a_reason_are_made_single() -> None:
    assert spec_of('canary web v6 --reason "  a \n b  "').reason == "a b"


def test_words_that_a_shell_has_split_mean_the_same() -> None:
    words = ["canary", "web", "v6", "in", "prod", "—steps", "25,50", "--reason=faster & better", "--auto"]
    assert parse_words(words) == parse(
        'canary web v6 in prod --steps 25,50 --reason "faster & better" --auto'
    )


def test_words_from_a_shell_are_not_unescaped() -> None:
    command = parse_words(["canary", "web", "v6", "--reason", 'an "&lt;" \\'])
    assert isinstance(command, Start)
    assert command.spec.reason == 'an "&lt;" \\'


def test_no_words_ask_for_help() -> None:
    assert parse_words([]) == Help(None)


def test_an_empty_word_is_a_word() -> None:
    mistake = parse_words(["canary", "", "v6"])
    assert isinstance(mistake, Mistake)
    assert (mistake.line, mistake.start, mistake.end) == ('canary "" v6', 7, 9)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("queue", Queue(None, None)),
        ("queue web in prod", Queue("web", "prod")),
        ("queue in prod", Queue(None, "prod")),
        ("queue leave web", Leave("web", "default")),
        ("queue LEAVE web in prod", Leave("web", "prod")),
        ("freeze", Freezes(None)),
        ("freeze prod", Freezes("prod")),
        ('freeze prod --reason "incident 42"', Freeze("prod", 7200, "incident 42")),
        ("freeze --for 1h --reason load prod", Freeze("prod", 3600, "load")),
        ("unfreeze prod", Unfreeze("prod")),
        ("services", Services(None)),
        ("services in prod", Services("prod")),
        ("doctor", Doctor()),
        ("nudge", Nudge(None)),
        ("nudge web-17 --anyway", Nudge("web-17", anyway=True)),
        ("canary web v6 --queue", Start(wanted(), preview_only=False, queue=True)),
        ("canary web v6 --ask", Start(wanted(ask=True), preview_only=False)),
    ],
)
def test_what_is_about_people_and_times(text: str, command: object) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queue leave", "SERVICE is missing"),
        ("freeze prod --for 1h", "A freeze needs a reason"),
        ("freeze --reason x", "ENV is missing"),
        ("unfreeze", "ENV is missing"),
        ("plan canary web v6 --queue", "waits for nobody"),
        ("canary web v6 --auto --ask", "contradict each other"),
        ("services web", "one word too many"),
    ],
)
def test_what_is_wrong_about_them(text: str, words: str) -> None:
    read = parse(text)
    assert isinstance(read, Mistake)
    assert words in read.what

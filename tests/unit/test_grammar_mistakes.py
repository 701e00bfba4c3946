"""What is wrong with a line, where, and what was meant; `^` stands under the wrong word."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.grammar.flags import FLAGS
from bot.grammar.line import LONGEST
from bot.grammar.mistake import Mistake, cells
from bot.grammar.parse import parse, parse_words
from bot.grammar.table import VERBS
from bot.grammar.usage import usage


def mistake_in(text: str) -> Mistake:
    read = parse(text)
    assert isinstance(read, Mistake), read
    return read


@pytest.mark.parametrize(
    ("text", "carets", "words"),
    [
        ("canry web v6", "^^^^^", "There is no command `canry`. Did you mean `canary`?"),
        ("bg web v6", "^^", "Did you mean `bluegreen`?"),
        ("undo web", "^^^^", "Did you mean `rollback`?"),
        ("--auto canary web v6", "^^^^^^", "A command comes first"),
        ("canary", "       ^", "SERVICE is missing."),
        ("canary web", "           ^", "VERSION is missing."),
        ("canary web --auto", "                  ^", "VERSION is missing."),
        ("canary web in prod", "           ^^", "VERSION is missing before `in`."),
        ("canary web v6 in", "                 ^", "After `in` comes an environment."),
        ("canary web v6 in --auto", "                 ^", "After `in` comes an environment."),
        ("canary web v6 in a in b", "                   ^^", "The environment is said twice."),
        ("canary web v6 prod", "              ^^^^", "one word too many. Did you mean `in prod`?"),
        ("canary web v6 in a b", "                   ^", "`b` is one word too many."),
        ("canary web v6 in -a", "                 ^", "After `in` comes an environment."),
        ("canary web v6 in a/b", "                 ^^^", "`a/b` is no environment's name"),
        ("canary web:v6", "       ^^^^^^", "`web:v6` is no service name. Did you mean `web v6`?"),
        ("canary web– v6", "       ^^^^", "`web–` is no service name"),
        ("canary we_b- v6", "       ^^^^^", "`we_b-` is no service name"),
        ("canary web r.io/web:v6", "           ^^^^^^^^^^^", "the tag alone"),
        ("canary web v6!", "           ^^^", "`v6!` is no version"),
        ("canary web v1–2", "           ^^^^", "Did you mean `v1-2`?"),
        ("canary web sha256:abc", "           ^^^^^^^^^^", "64 hexadecimal digits"),
        ("canary web " + "v" * 129, "           " + "^" * 89, "is no version"),
        ("plan web v6", "     ^^^", "`canary`, `bluegreen` or `rolling`."),
        ("plan", "     ^", "`canary`, `bluegreen` or `rolling`."),
        ("plan canry web v6", "     ^^^^^", "Did you mean `canary`?"),
        ("plan --auto canary web v6", "     ^^^^^^", "the strategy as its first word"),
        (
            "canary web v6 --stpes 25",
            "              ^^^^^^^",
            "has no flag `--stpes`. Did you mean `--steps`?",
        ),
        ("canary web v6 --stpes=25", "              ^^^^^^^", "Did you mean `--steps`?"),
        ("canary web v6 -steps 25", "              ^^^^^^", "Did you mean `--steps`?"),
        ("canary web v6 --env prod", "              ^^^^^", "The environment is written `in ENV`."),
        ("rolling web v6 --max-surge 1", "               ^^^^^^^^^^^", "Did you mean `--surge`?"),
        ("bluegreen web v6 --surge 1", "                 ^^^^^^^", "`--surge` goes with `rolling`"),
        ("rolling web v6 --steps 25", "               ^^^^^^^", "`--steps` goes with `canary`"),
        ("promote web-17 --soak 5m", "               ^^^^^^", "`promote` does not take it"),
        ("hold web-17 --full", "            ^^^^^^", "`--full` goes with `promote`"),
        ("canary web v6 --auto --auto", "                     ^^^^^^", "`--auto` is said twice."),
        ("canary web v6 --auto=yes", "              ^^^^^^^^^^", "takes no value"),
        ("canary web v6 --soak", "              ^^^^^^", "`--soak` needs a value: `--soak TIME`."),
        ("canary web v6 --soak=", "              ^^^^^^", "`--soak` needs a value"),
        ("canary web v6 --soak --auto", "              ^^^^^^", "`--soak` needs a value"),
        ("canary web v6 --soak 10", "                     ^^", "Did you mean `10s`, `10m` or `10h`?"),
        ("canary web v6 --soak=ten", "                     ^^^", "`ten` is no duration"),
        ("canary web v6 --keep 15d", "                     ^^^", "at most 14 days"),
        (
            "canary web v6 --steps 25,10",
            "                         ^^",
            "Steps ascend: 10 does not come after 25.",
        ),
        ("canary web v6 --steps 25,25", "                         ^^", "Steps ascend"),
        ("canary web v6 --steps 0,50", "                      ^", "`0` is no step"),
        ("canary web v6 --steps 50,101", "                         ^^^", "`101` is no step"),
        ("canary web v6 --steps 25, 50", "                         ^", "no spaces"),
        ("canary web v6 --steps header:,50", "                      ^^^^^^^", "is no audience"),
        ("canary web v6 --steps 10,cookie:c=", "                         ^^^^^^^^^", "is no audience"),
        ("canary web v6 --steps hedaer:X", "                      ^^^^^^^^", "Did you mean `header`?"),
        (
            "canary web v6 --steps header:X,5,header:X=always",
            "                                 ^^^^^^^^^^^^^^^",
            "stands twice",
        ),
        (
            "canary web v6 --steps 100,cookie:c",
            "                          ^^^^^^^^",
            "no step comes after it",
        ),
        ("rolling web v6 --one-way “moved”", "               ^^^^^^^^^", "goes with `canary`, `bluegreen`"),
        ("lock web --for 2h", "                  ^", "needs a reason"),
        ("lock web --for soon", "               ^^^^", "is no duration"),
        ("canary web v6 --ratio 3:1", "                      ^^^", "Did you mean `1:3`?"),
        ("canary web v6 --ratio 0:1", "                      ^^^", "1 to 1000 pods"),
        ("canary web v6 --ratio 1-3", "                      ^^^", "`1-3` is no ratio"),
        (
            "canary web v6 --steps 25 --ratio 1:3",
            "                         ^^^^^^^",
            "one of them is enough",
        ),
        ("rolling web v6 --surge 101%", "                       ^^^^", "percent up to 100"),
        ("rolling web v6 --surge 0 --unavailable 0%", "                         ^^^^^^^^^^^^^", "both 0"),
        ("rolling web v6 --pause-at 100%", "                          ^^^^", "between 1% and 99%"),
        ("canary web v6 --router ngnix", "                       ^^^^^", "Did you mean `nginx`?"),
        ("canary web v6 --on-fail explode", "                        ^^^^^^^", "none of `rollback`, `hold`"),
        ("canary web v6 --container App", "                          ^^^", "no container name"),
        ('canary web v6 --reason " "', "                       ^^^", "The reason is empty."),
        ("canary web v6 --reason too slow", "                           ^^^^", "goes in quotes"),
        ("canary web v6 --reason=too slow", "                           ^^^^", "goes in quotes"),
        ("canary web v6 --reason “too slow", "                       ^", "never closed"),
        ("canary web v6 --reason=“too slow", "                       ^", "never closed"),
        ("samples web 401", "            ^^^", "from 1 to 400"),
        ("history", "        ^", "SERVICE is missing."),
        ("history web 0", "            ^", "from 1 to 100"),
        ("rollback web 17", "             ^^", "Did you mean `web-17`?"),
        ("status web now", "           ^^^", "`now` is one word too many."),
        ("hold #17", "     ^^^", "neither a service nor a release"),
        ("help stats", "     ^^^^^", "Did you mean `status`?"),
        ("help canary rolling", "            ^^^^^^^", "takes one word"),
        ("canary web\x1b[31m v6", "          ^^^^", "cannot stand in a command"),
        ("canary web\u202ev6", "          ^^^^^^", "right-to-left override"),
        ("canary web v6 \ud800", "              ^^^^^^", "cannot stand in a command"),
    ],
)
def test_a_mistake_stands_under_its_word_and_says_what_helps(text: str, carets: str, words: str) -> None:
    mistake = mistake_in(text)
    shown = mistake.render().splitlines()
    assert shown[0] == mistake.line[:100] + "…" * (len(mistake.line) > 100)
    assert shown[1] == carets
    assert words in shown[2]


def test_the_block_holds_line_caret_sentence_and_usage() -> None:
    assert mistake_in("rolling  web v6 —surg 1").render("/release") == (
        "/release rolling web v6 --surg 1\n"
        "                        ^^^^^^\n"
        "`rolling` has no flag `--surg`. Did you mean `--surge`?\n"
        "Usage: /release rolling SERVICE VERSION [in ENV] [--soak TIME] [--auto] [--ask] [--surge N|N%]\n"
        "    [--unavailable N|N%] [--pause-at N%] [--container NAME] [--on-fail rollback|hold]\n"
        '    [--queue] [--reason "TEXT"]'
    )


def test_the_caret_counts_the_cells_of_wide_and_combining_characters() -> None:
    mistake = mistake_in("hold 版本e\u0301 🚀")
    assert mistake.render().splitlines()[1] == "     ^^^^^"
    assert mistake_in('canary web v6 --reason "版本" 🚀').render().splitlines()[1].index("^") == 30


def test_a_sentence_never_breaks_out_of_its_backticks() -> None:
    assert "There is no command `'x'`." in mistake_in("`x`").what


def test_a_long_line_is_shown_around_the_wrong_word() -> None:
    line, carets, *_ = (
        mistake_in("canary web v6 --reason " + "x" * 290 + " so " + "y" * 500).render("/release").splitlines()
    )
    assert len(line) < 120
    assert line[carets.index("^") :].startswith("so yy")
    assert carets.count("^") == 2


def test_a_line_beyond_the_limit_is_not_read() -> None:
    assert isinstance(parse('canary web v6 --reason "' + "x" * (LONGEST - 25) + '"'), Mistake)
    assert "longer than 10,000" in mistake_in("canary " * 2000).what


@pytest.mark.parametrize("word", ["blue-green", "Bluegreen"])
def test_an_unreadable_line_still_gets_the_usage_of_its_command(word: str) -> None:
    assert mistake_in(f"{word} web 'v6").usage == usage("bluegreen")


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_command_misspelt_by_a_letter_is_suggested(verb: str) -> None:
    assert mistake_in(f"{verb}x web").suggestion == f"Did you mean `{verb}`?"


@pytest.mark.parametrize("flag", list(FLAGS), ids=lambda flag: flag.name)
def test_every_flag_misspelt_by_a_letter_is_suggested(flag: object) -> None:
    name, command = flag.name, flag.takes[0]  # type: ignore[attr-defined]  # ids= wants an object
    rest = {"promote": "web-17", "lock": "web", "samples": "web", "nudge": "web"}.get(command, "web v6")
    assert mistake_in(f"{command} {rest} {name}x").suggestion == f"Did you mean `{name}`?"


PIECES = st.sampled_from(
    [
        *(verb.name for verb in VERBS),
        *(flag.name for flag in FLAGS),
        *(
            "web",
            "v6",
            "in",
            "prod",
            "25,50",
            "1:3",
            "10m",
            "50%",
            "—",
            "–x",
            "=",
            " ",
            " ",
            '"',
            "“",
            "”",
            "'",
            "\\",
        ),
        *(
            "<http://",
            "|",
            ">",
            "&lt;",
            "&amp;",
            "<@U1|a>",
            "\n",
            "\x00",
            "\u202e",
            "版",
            "🚀",
            "\ud800",
            "1" * 30,
            ",",
        ),
    ]
)
LINES = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=14).map("".join),
)


def check(read: object) -> None:
    if not isinstance(read, Mistake):
        return
    assert 0 <= read.start < read.end <= len(read.line) + 2
    assert read.line.isprintable() or all(
        char.isprintable() or char in "\u200c\u200d" or ord(char) > 255 for char in read.line
    )
    assert read.what.endswith(".")
    line, carets, *_ = read.render("/release").splitlines()
    assert set(carets) == {" ", "^"}
    assert cells(carets) <= cells(line) + 2
    read.render().encode()  # nothing that cannot be printed


@settings(deadline=None)  # a busy machine is no failure
@given(LINES)
@example("")
@example('"')
@example("canary web v6 --steps")
def test_no_text_raises_and_each_mistake_points_into_its_line(text: str) -> None:
    check(parse(text))


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=10))
def test_no_words_raise_and_each_mistake_points_into_its_line(words: list[str]) -> None:
    check(parse_words(words))


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "“a ",
        "'a' ",
        "<http://",
        "<http://a|",
        "&amp;",
        "\\",
        "—",
        "--a=",
        '--a="',
        "--steps ",
        "1",
        ",",
        "a ",
    ],
)
def test_a_line_of_ten_thousand_characters_is_read_at_once(piece: str) -> None:
    rest = piece * ((LONGEST - 40) // len(piece))
    began = time.process_time()
    for head in (
        "",
        "canary web v6 --reason ",
        'canary web v6 --reason "',
        "canary web v6 --steps ",
        "canary web v6 --soak ",
    ):
        parse(head + rest)
    assert time.process_time() - began < 1.5  # five lines; anything quadratic takes ten times that

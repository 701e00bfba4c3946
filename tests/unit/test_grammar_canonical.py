"""One text per wish: what is written is read back as the same wish."""

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.grammar.canonical import line
from bot.grammar.command import Start
from bot.grammar.flags import FLAGS, OF_NO_SPEC
from bot.grammar.parse import parse
from strategies.spec import MAX_REASON, Audience, Ratio, ReleaseSpec, RouterName, Rung, Strategy

DAYS_14 = 14 * 86400
NAMES = st.from_regex(re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", re.ASCII), fullmatch=True)
VERSIONS = st.one_of(
    st.from_regex(re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", re.ASCII), fullmatch=True),
    st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
    st.sampled_from(["in", "IN", "canary", "v6"]),
)
TRICKY = st.sampled_from(
    [
        '"',
        "“",
        "”",
        "'",
        "’",
        "\\",
        "&",
        "&lt;",
        "&amp;",
        "amp;",
        "<",
        "<http://",
        "<mailto:",
        "|",
        ">",
        " ",
        "--",
        "—",
        "=",
    ]
)
WRITING = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"]), max_size=8)
REASONS = st.lists(st.one_of(TRICKY, WRITING), max_size=20).map(
    lambda parts: " ".join("".join(parts).split())[:MAX_REASON].strip()
)
AUDIENCES = st.one_of(
    st.builds(
        Audience,
        by=st.just("header"),
        name=st.from_regex(re.compile(r"[A-Za-z][A-Za-z0-9-]{0,12}", re.ASCII), fullmatch=True),
        value=st.from_regex(
            re.compile(r"[A-Za-z0-9!#$%()*+./:;=?@\[\]^_{|}~-]{1,12}", re.ASCII), fullmatch=True
        ),
    ),
    st.builds(
        Audience,
        by=st.just("cookie"),
        name=st.from_regex(re.compile(r"[A-Za-z0-9_.-]{1,12}", re.ASCII), fullmatch=True),
        value=st.from_regex(re.compile(r"[A-Za-z0-9._~+/@:-]{1,12}", re.ASCII), fullmatch=True),
    ),
)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Rung, ...]:
    """Shares that ascend, audiences among them but never after 100."""
    rungs: list[Rung] = [*sorted(draw(st.sets(st.integers(1, 100), max_size=6)))]
    for audience in draw(st.lists(AUDIENCES, min_size=0 if rungs else 1, max_size=3, unique=True)):
        last = len(rungs) - (100 in rungs)
        rungs.insert(draw(st.integers(0, last)), audience)
    return tuple(rungs)


STEPS = ladders()
RATIOS = st.tuples(st.integers(1, 1000), st.integers(1, 1000)).map(
    lambda pods: Ratio(new=min(pods), old=max(pods))
)
PODS = st.one_of(st.integers(1, 999).map(str), st.integers(1, 100).map("{}%".format))


@st.composite
def specs(draw: st.DrawFn) -> ReleaseSpec:
    """Every spec that the grammar can make."""
    strategy = draw(st.sampled_from(Strategy))
    values: dict[str, st.SearchStrategy[Any]] = {
        "steps": STEPS,
        "ratio": RATIOS,
        "soak": st.integers(0, DAYS_14),
        "keep": st.integers(0, DAYS_14),
        "auto": st.booleans(),
        "ask": st.booleans(),
        "after": st.sampled_from(["delete", "upgrade", "keep"]),
        "surge": PODS,
        "unavailable": PODS,
        "pause_at": st.integers(1, 99),
        "router": st.sampled_from(RouterName),
        "sticky": st.booleans(),
        "mirror": st.integers(1, 100),
        "container": st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True),
        "accept_replace": st.booleans(),
        "on_fail": st.sampled_from(["rollback", "hold"]),
        "reason": REASONS,
        "one_way": REASONS,
    }
    fit = [flag.field for flag in FLAGS if strategy.value in flag.takes and flag.field not in OF_NO_SPEC]
    assert set(fit) <= set(values), "a new flag needs a line here"
    fields = {name: draw(values[name]) for name in fit if draw(st.booleans())}
    if "steps" in fields and "ratio" in fields:
        del fields[draw(st.sampled_from(["steps", "ratio"]))]
    if fields.get("auto") and fields.get("ask"):
        del fields["ask"]
    return ReleaseSpec(
        strategy=strategy,
        service=draw(NAMES),
        version=draw(VERSIONS),
        environment=draw(st.one_of(st.just("default"), NAMES)),
        **fields,
    )


def why(reason: str) -> ReleaseSpec:
    return ReleaseSpec(strategy=Strategy.CANARY, service="web", version="v6", reason=reason)


@settings(deadline=None)  # a busy machine is no failure
@given(specs(), st.booleans())
@example(why('<http://a<http://b>|&lt;&amp;lt; “x” \\" \\'), False)
@example(why("--auto"), True)
def test_what_is_written_is_read_back_as_the_same_wish(spec: ReleaseSpec, preview_only: bool) -> None:
    assert parse(line(spec, preview_only=preview_only)) == Start(spec, preview_only)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Blue-Green web v6 in default", "bluegreen web v6"),
        ("canary web @sha256:" + "AB" * 32, "canary web sha256:" + "ab" * 32),
        (
            "canary --auto web v6 —steps 25%,50% in prod --soak=90s",
            "canary web v6 in prod --steps 25,50 --soak 1m30s --auto",
        ),
        ("canary web v6 --reason ‘it’s “fast”’", r'canary web v6 --reason "it’s \“fast\”"'),
        ("canary web v6 --reason faster", 'canary web v6 --reason "faster"'),
        ("rolling web v6 --pause-at 50 --surge 01", "rolling web v6 --surge 1 --pause-at 50%"),
        ('canary web "in"', 'canary web "in"'),
    ],
)
def test_many_ways_of_typing_have_one_text(typed: str, written: str) -> None:
    command = parse(typed)
    assert isinstance(command, Start)
    assert line(command.spec) == written

"""Two answers beside each other: nothing is lost or invented, long ones are cut where they differ, bytes stay harmless."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.contrast import contrast, readable, windows
from strategies.samples import EXCERPT, Sample, tally


@given(st.text(max_size=120), st.text(max_size=120))
def test_the_pieces_of_both_are_what_both_said(old: str, new: str) -> None:
    before, after = contrast(old, new)
    assert "".join(p.text for p in before) == old
    assert "".join(p.text for p in after) == new
    if old and new:
        same = [[p.text for p in side if not p.differs] for side in (before, after)]
        assert same[0] == same[1]
        assert any(p.differs for p in (*before, *after)) == (old != new)


def test_an_address_differs_as_a_whole() -> None:
    _, after = contrast("from 10.88.0.3:60001", "from 10.88.0.9:60001")
    assert [(p.text, p.differs) for p in after] == [("from ", False), ("10.88.0.9:60001", True)]


def test_where_one_did_not_answer_nothing_is_marked() -> None:
    assert contrast("", "<b>hello")[1][0].differs is False


@given(st.text(max_size=900), st.text(max_size=900))
def test_what_is_kept_of_long_answers_is_short_and_shows_the_difference(old: str, new: str) -> None:
    before, after = windows(old, new, EXCERPT)
    assert max(len(before), len(after)) <= EXCERPT
    common = "x" * 800
    before, after = windows(common + "old", common + "new", EXCERPT)
    assert before.endswith("old")
    assert after.endswith("new")


@given(st.binary(max_size=400))
def test_no_answer_can_command_a_screen(body: bytes) -> None:
    shown = readable(body.decode(errors="replace"))
    assert all(c.isprintable() or c in "\n\t\u200d" for c in shown)


def test_a_picture_is_told_by_its_size_and_a_page_is_text() -> None:
    assert readable(bytes(range(256)).decode(errors="replace")).startswith("(binary, about 256 bytes")
    assert readable("<!channel> `x`\r\n<html>") == "<!channel> `x`\n<html>"


def test_a_tally_keeps_both_answers_where_they_differ() -> None:
    page = "<p>" + "same " * 200
    seen = tally([Sample("new", 200, 0.1, page + "v6"), Sample("old", 200, 0.1, page + "v2")])
    assert (seen.new.example[-2:], seen.old.example[-2:]) == ("v6", "v2")

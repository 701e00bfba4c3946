"""Each row of the table of conditions in docs/reference.md happens as it says, under its code and in its words."""

import pytest

from strategies.spec import Strategy
from tests.unit.cases import BLUEGREEN, CANARY, EXAMPLES, ROLLING, on, seed
from tests.unit.manifests import shop
from tests.unit.table import Row, codes, conditions
from tests.unit.troubles import DURING

ROWS = conditions()
ALL = EXAMPLES | DURING
SOFT = {"handled", "advised"}  # a person reads both as advice; the table says which needs nothing of them


@pytest.mark.parametrize("row", ROWS, ids=[row.code for row in ROWS])
def test_a_condition_is_met_as_the_table_says(row: Row) -> None:
    said = ALL[row.condition]().said
    found = [text for what, code, text in said if code == row.code and (what == row.what or row.what in SOFT)]
    assert any(row.words in text for text in found), said


def test_the_table_and_the_examples_have_the_same_rows() -> None:
    assert [row.condition for row in ROWS] == list(ALL)


def test_the_table_lists_exactly_the_codes_that_there_are() -> None:
    assert {row.code for row in ROWS} == codes() | {"foreign"}


def test_every_refusal_says_what_to_do_instead() -> None:
    for row in ROWS:
        if row.what == "refused":
            ((_, _, text),) = ALL[row.condition]().said
            assert text.count(". ") or text.count("? "), text


@pytest.mark.parametrize("strategy", [CANARY, BLUEGREEN, ROLLING])
def test_a_deployment_with_probe_hook_and_nothing_special_is_left_in_peace(strategy: Strategy) -> None:
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}
    told = on(strategy, shop("nowhere", probed=True, container=hook))()
    assert {code for _, code, _ in told.said} <= {"route-lag"}


def test_the_first_refusal_wins_over_all_advice() -> None:
    told = on(CANARY, seed(notes={"meta.helm.sh/release-name": "demo"}))()
    assert [(what, code) for what, code, _ in told.said] == [("refused", "owned")]

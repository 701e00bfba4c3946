"""A patch made from two values turns one into the other, whatever they are."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.playground.kube.jsonpatch import json_patch
from strategies import cookies
from strategies.operations import operations

LEAF = st.none() | st.integers(0, 3) | st.sampled_from(("a", "b/c", "d~e", ""))
VALUES = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(("k", "l/m", "n~")), inner),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_the_operations_make_one_value_of_the_other(before: Any, after: Any) -> None:
    ops = operations({"at": before}, {"at": after})
    assert json_patch({"at": before}, ops) == {"at": after}
    assert bool(ops) == (before != after)


def test_an_element_put_before_another_leaves_the_other_in_its_place() -> None:
    main = {"route": [{"host": "web"}], "name": "main"}
    turned = {"route": [{"host": "web", "weight": 90}, {"host": "twin", "weight": 10}], "name": "main"}
    ops = operations([main], [{"match": ["x"]}, turned])
    assert [(op["op"], op["path"]) for op in ops] == [
        ("add", "/0/route/1"),
        ("add", "/0/route/0/weight"),
        ("add", "/0"),
    ]


def test_an_element_is_never_made_of_one_of_another_name() -> None:
    before = [{"name": "a", "to": ["x", "y", "z"]}, {"name": "b", "to": ["x"]}]
    after = [{"name": "a", "to": ["x"]}, {"name": "c", "to": ["x", "y", "z"]}, {"name": "b", "to": ["x"]}]
    assert [(op["op"], op["path"]) for op in operations(before, after)] == [
        ("add", "/1"),
        ("remove", "/0/to/2"),
        ("remove", "/0/to/1"),
    ]


NAME = st.text("ab.x+-_", min_size=1, max_size=6)


@given(NAME, NAME)
def test_a_cookies_expression_is_read_back(name: str, value: str) -> None:
    assert cookies.read(cookies.pattern(name, value)) == (name, value)


@given(st.dictionaries(NAME, NAME, max_size=4), NAME, NAME)
def test_a_cookies_expression_finds_that_cookie_and_no_two_others(
    jar: dict[str, str], name: str, value: str
) -> None:
    header = "; ".join(f"{k}={v}" for k, v in jar.items())
    for found in (
        re.search(cookies.pattern(name, value), header),
        re.fullmatch(cookies.pattern(name, value), header),
    ):
        assert bool(found) == (jar.get(name) == value)


def test_a_cookies_expression_does_not_match_across_two_cookies() -> None:
    assert not re.search(cookies.pattern("canary", "always"), "canary=never; other=always")
    assert not re.search(cookies.pattern("canary", "always"), "x-canary=always; canary=always2")
    assert re.search(cookies.pattern("canary", "always"), "a=b;canary=always; c=d")

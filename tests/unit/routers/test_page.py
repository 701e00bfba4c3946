"""docs/routers.md says what the routers can and refuse, and no more."""

import re
from pathlib import Path

import pytest

from strategies.lens import Audience, Can, Split
from strategies.routes import ROUTERS
from strategies.spec import RouterName

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "routers.md").read_text()


def test_every_refusal_of_a_router_is_listed_and_no_other() -> None:
    sources = [*(ROOT / "strategies" / "routers").glob("*.py"), ROOT / "strategies" / "weights.py"]
    codes = {c for path in sources for c in re.findall(r'Refusal\(\s*code="([a-z0-9-]+)"', path.read_text())}
    assert _listed("Refusals") == codes


def test_every_advice_of_a_router_is_listed_and_no_other() -> None:
    sources = (ROOT / "strategies" / "routers").glob("*.py")
    codes = {c for path in sources for c in re.findall(r'Advice\(\s*code="([a-z0-9-]+)"', path.read_text())}
    assert _listed("Advice") == codes


def _listed(title: str) -> set[str]:
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([a-z0-9-]+)` \| [^|]*\|$", section, re.MULTILINE))


@pytest.mark.parametrize("name", list(ROUTERS))
def test_what_a_router_can_is_what_the_table_says(name: RouterName) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    share, header, cookie, keeps, mirror = (cell.strip() for cell in row.split("|")[3:8])
    can = ROUTERS[name].can
    assert share == (
        "whole percents" if can.smallest == 1 else f"from {can.smallest:g} %".replace("1e-04", "0.0001")
    )
    assert header == ("one" if can.each == 1 else "yes") + (", patterns too" if can.patterns else "")
    assert cookie == ("no" if not can.cookie else "yes" if can.values else "one, `always` alone")
    assert (keeps.startswith("yes"), mirror == "yes") == (can.sticky, can.mirror)


def test_every_router_is_registered_by_its_own_name() -> None:
    assert all(router.name is name for name, router in ROUTERS.items())
    assert {*ROUTERS, RouterName.SELECTOR, RouterName.RATIO} == set(RouterName)


H = Audience(by="header", name="a")
C = Audience(by="cookie", name="c")


@pytest.mark.parametrize(
    ("can", "split", "lacks"),
    [
        (Can(weight=False), Split(share=100), ""),
        (Can(weight=False), Split(share=10), "divide by weight"),
        (Can(weight=True), Split(share=5, per=1000), "make a share below 1 %"),
        (Can(weight=True, smallest=0.1), Split(share=5, per=1000), ""),
        (Can(weight=True), Split(share=0, audiences=(H,)), "tell users by a header"),
        (Can(weight=True, header=True), Split(share=0, audiences=(H, C)), "tell users by a cookie"),
        (
            Can(weight=True, header=True, each=1),
            Split(share=0, audiences=(H, Audience(by="header", name="b"))),
            "tell users by 2 headers at once",
        ),
        (
            Can(weight=True, header=True),
            Split(share=0, audiences=(Audience(by="header", name="a", value="~b"),)),
            "tell users by a pattern of a header",
        ),
        (
            Can(weight=True, cookie=True, values=False),
            Split(share=0, audiences=(Audience(by="cookie", name="c", value="d"),)),
            "tell users by a cookie with another value than `always`",
        ),
        (Can(weight=True), Split(share=1, sticky=True), "keep users on the version they met"),
        (Can(weight=True), Split(share=1, mirror=5), "copy requests"),
    ],
)
def test_what_a_router_lacks_is_said_in_words(can: Can, split: Split, lacks: str) -> None:
    assert can.lacks(split) == lacks


def test_one_split_has_one_form() -> None:
    assert Split(share=100, per=1000) == Split(share=10)
    assert Split(share=2, per=6) == Split(share=1, per=3)
    lower, upper = (Audience(by="header", name=n) for n in ("x-canary", "X-CANARY"))
    assert Split(share=0, audiences=(C, lower, upper)) == Split(share=0, audiences=(upper, C))
    with pytest.raises(ValueError, match="more than all"):
        Split(share=3, per=2)
    assert Split.model_validate_json(Split(share=1, per=3, audiences=(H, C)).model_dump_json()).per == 3

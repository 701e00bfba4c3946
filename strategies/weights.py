"""Weights that divide one Service's part of a rule between it and its twin, and nobody else's.

Alone in a rule the two may have any weights: 10 % are 90 and 10, whatever the one weight was. Beside other people's
backends their sum stays what it was, so that nobody else's share moves: of 3 parts no tenth is whole.
"""

from math import gcd

from strategies.lens import Split
from strategies.refusal import Refusal


def divided(split: Split, total: int, *, alone: bool) -> tuple[int, int] | None:
    """The weights (Service, twin); None where whole numbers cannot say it.

    >>> divided(Split(share=10), 1, alone=True), divided(Split(share=50), 4, alone=False)
    ((90, 10), (2, 2))
    >>> divided(Split(share=10), 3, alone=False) is None
    True
    """
    if alone:
        return split.per - split.share, split.share
    twin, rest = divmod(total * split.share, split.per)
    return None if rest else (total - twin, twin)


def indivisible(where: str, service: str, split: Split, total: int) -> Refusal:
    """Why the share cannot be made beside other people's backends."""
    factor = split.per // gcd(total * split.share, split.per)
    return Refusal(
        code="indivisible",
        what=f"{where} sends {total} part{'s' * (total != 1)} to {service} and others to other Services; {split.share * 100 / split.per:g} % of {total} is no whole number, and their weights are not ours to change.",
        remedy=f"Multiply all weights of that rule by {factor}, or choose other steps.",
    )

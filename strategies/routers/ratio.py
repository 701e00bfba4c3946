"""What share a number of pods can make, by the law that a balancer deals evenly over pods.

With S stable pods and C canary pods the canary gets C / (S + C). The old track is not shrunk before the handover, and
the new one is never larger than it: C ≤ S, so three old pods make 1/4 = 25 %, 2/5 = 40 % and 3/6 = 50 %.
"""

from dataclasses import dataclass

MANY = 20  # pods above which counting is too coarse or too costly a way to split


@dataclass(frozen=True, slots=True)
class Made:
    """The nearest that pods can make: `pods` of the canary give `share` percent where `asked` was wanted."""

    asked: int
    pods: int
    share: int

    @property
    def exact(self) -> bool:
        """Whether that is what was asked."""
        return self.asked == self.share


def share(canary: int, stable: int) -> int:
    """Percent, rounded.

    >>> share(1, 3), share(2, 3), share(0, 3)
    (25, 40, 0)
    """
    total = canary + stable
    return round(100 * canary / total) if total else 0


def nearest(asked: int, stable: int) -> Made:
    """The canary size whose share is nearest to what was asked; of two as near, the smaller.

    >>> nearest(10, 3), nearest(25, 3).pods, nearest(50, 4).pods
    (Made(asked=10, pods=1, share=25), 1, 4)
    >>> nearest(75, 3).share
    50
    """
    pods = min(range(1, stable + 1), key=lambda c: (abs(asked - 100 * c / (stable + c)), c))
    return Made(asked, pods, share(pods, stable))


def ladder(steps: tuple[int, ...], stable: int) -> tuple[Made, ...]:
    """The steps below 100 that pods can make, each larger than the one before; the others fall together.

    >>> [(m.asked, m.pods) for m in ladder((5, 25, 50, 100), 3)]
    [(25, 1), (50, 3)]
    >>> [(m.asked, m.pods) for m in ladder((10, 75), 3)]
    [(10, 1), (75, 3)]
    """
    found: dict[int, Made] = {}
    for made in (nearest(s, stable) for s in steps if s < 100):
        kept = found.get(made.pods)
        if kept is None or abs(made.asked - made.share) < abs(kept.asked - kept.share):
            found[made.pods] = made
    return tuple(found[pods] for pods in sorted(found))

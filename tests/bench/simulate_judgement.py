"""How often judgement is wrong, and how soon it is right: `python -m tests.bench.simulate_judgement [runs]`.

Each run is a release that is looked at each minute for an hour: samples of both versions, with failures and times that
are drawn as the case says, go through the very comparison and judgement of a release. Seeded: the same table each time.
Exits 1 where a limit is broken.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import repeat
from math import exp
from random import Random

from strategies.comparison import Comparison
from strategies.judgement import Fail, judge
from strategies.plan import Plan
from strategies.probe import Probe
from strategies.samples import Sample, Version
from strategies.spec import ReleaseSpec, RouterName, Strategy

LOOKS = 60  # one a minute for an hour
NEW = 10  # answers of the new version in a look
LIMIT = 0.05  # of runs: a version without fault is condemned
POWER = 0.95  # of runs: one that fails a fifth of its requests is caught within WITHIN
WITHIN = 60  # answers of the new version
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Times = Callable[[Random], float]  # seconds of one answer


def quick(random: Random) -> float:
    """2 ms, within a factor of two or so."""
    return 0.002 * exp(random.gauss(0, 0.4))


def heavy(random: Random) -> float:
    """30 ms in the middle, and a long tail."""
    return 0.03 * exp(random.gauss(0, 1.2))


def slow(random: Random) -> float:
    """150 ms more than quick."""
    return 0.15 + quick(random)


def doubled(random: Random) -> float:
    """Twice as long as heavy."""
    return 2 * heavy(random)


@dataclass(frozen=True, slots=True)
class Case:
    """A share for the new version; how often the old one fails, and the new one (as often, where not said)."""

    share: float
    rate: float
    failing: float | None = None
    times: Times = quick
    new_times: Times | None = None
    drifts: bool = False
    look: int = NEW

    def __str__(self) -> str:
        failing = self.rate if self.failing is None else self.failing
        drift = " and back, over the hour" if self.drifts else ""
        times = self.times.__name__ + (f" → {self.new_times.__name__}" if self.new_times else "")
        return f"{self.share:4.0%} | {self.rate:.1%} → {failing:.1%}{drift} | {times}"

    def look_at(self, random: Random, number: int) -> list[Sample]:
        """The samples of one look. Drifting, both fail up to three times as often in the middle of the hour."""
        drift = 1 + 2 * (1 - abs(2 * number / LOOKS - 1)) if self.drifts else 1
        every = max(self.look + 1, round(self.look / self.share))
        rates: dict[Version, float] = {
            "new": self.rate if self.failing is None else self.failing,
            "old": self.rate,
        }
        made = []
        for n in range(every):
            version: Version = "new" if n < self.look else "old"
            failed = random.random() < rates[version] * drift
            took = (self.new_times or self.times if version == "new" else self.times)(random)
            made.append(
                Sample(version, 500 if failed else 304, took, "")
            )  # no body: shapes are not simulated
        return made


@lru_cache
def plan() -> Plan:
    """As much of a plan as judgement reads."""
    return Plan(
        service="k8sdemo",
        environment="default",
        namespace="default",
        strategy=Strategy.CANARY,
        ending="in-place",
        router=RouterName.HTTPROUTE,
        from_version="v5",
        to_version="v6",
        from_image="k8sdemo:v5",
        to_image="k8sdemo:v6",
        container="k8sdemo",
        base="k8sdemo",
        stable="k8sdemo",
        stable_pods=3,
        probe=Probe(url="http://hi.k8sdemo.com/hello"),
        spec=ReleaseSpec(strategy=Strategy.CANARY, service="k8sdemo", version="v6"),
    )


def ends(case: Case, runs: int) -> Iterator[int]:
    """Of each run: the answers of the new version after which it was condemned, 0 where it never was."""
    random = Random(f"{case}")  # noqa: S311 -- a simulation, no secret
    for _ in range(runs):
        seen, end = Comparison(), 0
        for number in range(LOOKS):
            seen = seen.added(case.look_at(random, number), NOW)
            if isinstance(judge(seen, plan()), Fail):
                end = seen.new.requests
                break
        yield end


def condemned(case: Case, runs: int) -> float:
    """The part of runs in which it was called worse, at any look."""
    return sum(end > 0 for end in ends(case, runs)) / runs


@dataclass(frozen=True, slots=True)
class Caught:
    """When each run was condemned, in answers of the new version; 0 where it never was."""

    ends: tuple[int, ...]

    def within(self, answers: int) -> float:
        """The part of runs condemned by then."""
        return sum(0 < end <= answers for end in self.ends) / len(self.ends)

    @property
    def median(self) -> int:
        """Of those that were."""
        found = sorted(end for end in self.ends if end)
        return found[len(found) // 2] if found else 0


def caught(case: Case, runs: int) -> Caught:
    """Many runs of one case that is at fault."""
    return Caught(tuple(ends(case, runs)))


INNOCENT = (
    *(Case(share, rate) for share in (0.25, 0.5) for rate in (0.0, 0.01, 0.05, 0.2)),
    Case(0.1, 0.01),
    *(Case(share, 0.02, drifts=True) for share in (0.25, 0.5)),
    *(Case(share, 0.01, times=heavy) for share in (0.25, 0.5)),
)
GUILTY = (
    *(Case(share, rate, failing=0.2) for share in (0.1, 0.25, 0.5) for rate in (0.0, 0.01)),
    Case(0.25, 0.0, failing=0.05),
    *(Case(share, 0.0, new_times=slow) for share in (0.1, 0.25, 0.5)),
    Case(0.25, 0.0, times=heavy, new_times=doubled),
)


def _innocent(case: Case, runs: int) -> tuple[str, str]:
    """A row of the first table, and the case where its limit is broken."""
    part = condemned(case, runs)
    return f"| {case} | {part:.1%} |", str(case) * (part > LIMIT)


def _guilty(case: Case, runs: int) -> tuple[str, str]:
    """A row of the second table, and the case where its limit is broken."""
    found = caught(case, runs)
    part = found.within(WITHIN)
    fifth = case.failing == 0.2 and case.rate == 0
    row = f"| {case} | {part:.1%} | {found.median} | {found.within(LOOKS * NEW):.1%} |"
    return row, str(case) * ((fifth or case.new_times is slow) and part < POWER)


def main(runs: int) -> int:
    """Print the tables; 1 where a limit is broken."""
    broken = list[str]()
    print(f"{runs} releases each, looked at each minute for an hour, {NEW} answers of the new version a look")
    tables = (
        ("| share | fails: old → new | times | condemned in vain |", _innocent, INNOCENT),
        (
            f"| share | fails: old → new | times | caught within {WITHIN} | median | within the hour |",
            _guilty,
            GUILTY,
        ),
    )
    with ProcessPoolExecutor() as pool:
        for head, row, cases in tables:
            print(f"\n{head}\n{'|---' * (head.count('|') - 1)}|")
            for line, name in pool.map(row, cases, repeat(runs)):
                print(line, flush=True)
                broken += [name] * bool(name)
    print(f"limits broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))

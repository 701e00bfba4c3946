"""How often the proof is wrong, and how many requests it takes: `python -m tests.bench.simulate_proof [runs]`.

Each run begins at the shift and sends the batches that the proof asks for, at most `DEADLINE` requests (60 s at
100 per second). Counted is every request, those before the first sign of change too. Seeded: the same table each
time. Exits 1 where a limit is broken.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from random import Random

from strategies.proof import Asked, Open, Proof, Proven

DEADLINE = 6_000  # requests
LIMIT = 0.05  # of runs: a true share not proven, and one 15 points off proven
QUARTER = 25  # %
MEDIAN = 150  # requests for it

Answers = Callable[[Random], Iterator[bool]]  # per request: did the new track answer?


@dataclass(frozen=True, slots=True)
class Row:
    """What became of all runs of one case."""

    name: str
    asked: Asked
    runs: int
    ends: Counter[str]
    requests: tuple[int, ...]  # of the proven runs, ascending
    restarts: int

    @property
    def proven(self) -> float:
        """The part of runs that was called proven."""
        return self.ends[Proven.__name__] / self.runs

    def at(self, part: float) -> int:
        """The requests within which this part of the proven runs was decided; 0 where none was."""
        return (
            self.requests[min(len(self.requests) - 1, int(part * len(self.requests)))] if self.requests else 0
        )

    def __str__(self) -> str:
        before = "–" if self.asked.before is None else self.asked.before
        parts = (f"{self.ends[end] / self.runs:6.1%}" for end in ("Proven", "Disproven", "Undecided", "Open"))
        sent = f"{self.at(0.5):5} | {self.at(0.95):5}" if self.requests else "    – |     –"
        name = f"{self.name:34} | {before:>3} → {self.asked.share:<3}"
        return f"| {name} | {' | '.join(parts)} | {sent} | {self.restarts / self.runs:5.2f} |"


def drawn(share: float) -> Answers:
    """A router that draws each answer: the new track with probability `share`."""
    return lambda random: (random.random() < share for _ in repeat(None))


def dealt(pattern: str) -> Answers:
    """A router that deals a pattern round and round, from a phase of its own: `AAAB` is every fourth, B is new."""

    def answers(random: Random) -> Iterator[bool]:
        return islice(cycle(track == "B" for track in pattern), random.randrange(len(pattern)), None)

    return answers


def late(former: Answers, then: Answers, requests: int) -> Answers:
    """A router that goes on as before for so many requests."""

    def answers(random: Random) -> Iterator[bool]:
        yield from islice(former(random), requests)
        yield from then(random)

    return answers


def smooth(old: int, new: int) -> str:
    """One round of smooth weighted round robin: each turn both gain their weight, the richer serves and pays all."""
    credit, pattern = 0, ""
    for _ in range(old + new):
        credit += new
        served = 2 * credit > old + new
        credit -= (old + new) * served
        pattern += "B" if served else "A"
    return pattern


def run(asked: Asked, answers: Iterator[bool], piece: int = DEADLINE) -> Proof:
    """One proof to its end or the deadline, counted in pieces of at most so many answers."""
    proof = Proof(asked)
    while isinstance(verdict := proof.verdict(), Open) and proof.total < DEADLINE:
        batch = min(verdict.batch, piece)
        proof = proof.add(sum(islice(answers, batch)), batch)
    return proof


def simulate(name: str, asked: Asked, answers: Answers, runs: int, piece: int = DEADLINE) -> Row:
    """Many runs of one case, with one seed for the case."""
    random = Random(f"{name} {asked}")  # noqa: S311 -- a simulation, no secret
    ends, requests, restarts = Counter[str](), list[int](), 0
    for _ in range(runs):
        proof = run(asked, answers(random), piece)
        ends[type(proof.verdict()).__name__] += 1
        restarts += proof.restarts
        if isinstance(proof.verdict(), Proven):
            requests.append(proof.total)
    return Row(name, asked, runs, ends, tuple(sorted(requests)), restarts)


def trues(runs: int) -> Iterator[Row]:
    """Cases whose share is what was asked: drawn, dealt, and after a late router."""
    for share in (5, 10, 25, 33, 40, 50, 75):
        yield simulate("true", Asked(share, 0), drawn(share / 100), runs)
    yield simulate("true, one by one", Asked(25, 0), drawn(0.25), runs, piece=1)
    for before, share in ((None, 25), (5, 25), (10, 50), (25, 50), (33, 50), (50, 75), (60, 25), (50, 10)):
        yield simulate("true", Asked(share, before), drawn(share / 100), runs)
    for lag in (30, 200, 1_000):
        for before, share in ((0, 25), (5, 25), (25, 50), (33, 50)):
            answers = late(drawn(before / 100), drawn(share / 100), lag)
            yield simulate(f"true, after {lag} as before", Asked(share, before), answers, runs)
    for pattern, share in (("AAAB", 25), ("AAB", 33), ("AAABB", 40), ("AB", 50), ("ABBB", 75)):
        yield simulate(f"true, dealt {pattern}", Asked(share, 0), dealt(pattern), runs // 10)
    for before, share in ((0, 5), (0, 25), (25, 50), (0, 33)):
        answers = dealt(smooth(100 - share, share))
        yield simulate("true, smooth round robin", Asked(share, before), answers, runs // 10)


def offs(runs: int) -> Iterator[Row]:
    """Cases whose share is 15 points off, at once or after a late router, or still the former one."""
    for share in (5, 10, 25, 33, 40, 50, 75):
        for wrong in (share - 15, share + 15):
            if wrong >= 0:
                yield simulate(f"{wrong} % instead", Asked(share, 0), drawn(wrong / 100), runs)
    for before, share, wrong in ((None, 25, 40), (None, 25, 10), (5, 25, 40), (25, 50, 65), (25, 50, 35)):
        yield simulate(f"{wrong} % instead", Asked(share, before), drawn(wrong / 100), runs)
    for lag in (30, 200, 1_000):
        for before, share, wrong in ((0, 25, 40), (5, 25, 40), (10, 25, 40), (25, 50, 65), (33, 50, 65)):
            answers = late(drawn(before / 100), drawn(wrong / 100), lag)
            yield simulate(f"{wrong} % instead, after {lag} as before", Asked(share, before), answers, runs)
    yield simulate("40 % instead, one by one", Asked(25, 0), drawn(0.4), runs, piece=1)
    for before, share in ((0, 25), (10, 25), (25, 50), (33, 50)):
        yield simulate("ignored, as before", Asked(share, before), drawn(before / 100), runs)


def main(runs: int) -> int:
    """Print the table; 1 where a limit is broken."""
    # A table for people at a terminal: print is meant.
    print(f"{runs} runs each (a tenth for those that are dealt), at most {DEADLINE} requests")
    print("| case | before → asked | proven | disproven | undecided | open | median | 95 % | restarts |")
    print("|---|---|---|---|---|---|---|---|---|")
    broken = list[str]()
    for row in trues(runs):
        print(row, flush=True)
        slow = row.name == "true" and row.asked.share == QUARTER and row.at(0.5) > MEDIAN
        broken += [row.name] * (row.proven < 1 - LIMIT or slow)
    for row in offs(runs):
        print(row, flush=True)
        broken += [row.name] * (row.proven > LIMIT)
    print(f"limits broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))

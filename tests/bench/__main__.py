"""How fast, beside the bare API calls of the same run: `python -m tests.bench`, on the cluster of KUBECONFIG.

Both sides take turns on fresh services, in namespaces of the bench's own; medians are shown. The machine may be noisy:
times shift from run to run, ratios within one hold. `--proof` and `--judgement` simulate
them after that, and need no cluster.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

from tests.bench import counts, processes, routes, simulate_judgement, simulate_proof, switches
from tests.bench.bot import Bot, Chance, bot
from tests.bench.switches import Runs
from tests.bench.table import Row, beyond, compared, counted, table
from tests.bench.world import NEW, World, world

COUNTED = 3  # runs of a release that is only counted: it varies little
TRIES = 4  # of one run, against the odds of a proof
FORWARD, BACK, BY_ROUTE = 40, 25, 45  # requests
PROVEN, LAST = 0.5, 0.15  # seconds beyond the router's own delay
PARTS = ("bluegreen", "canary", "back", "in-place", "routes", "idle", "process", "help")


@dataclass(slots=True)
class Report:
    """What is printed in the end; progress goes to stderr."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    chances: list[str] = field(default_factory=list)


async def measure(runs: int, parts: set[str]) -> Report:
    """All parts that were asked for."""
    report = Report()
    async with world() as place:
        if parts - {"process", "help"}:
            async with bot(place) as running:
                await _released(place, running, runs, parts, report)
        if "process" in parts:
            rows, notes = await processes.measure(place, runs)
            report.rows += rows
            report.notes += notes
    if "help" in parts:
        report.rows.append(processes.help_row(runs))
    return report


async def _released(place: World, running: Bot, runs: int, parts: set[str], report: Report) -> None:
    requests = list[Row]()
    if "bluegreen" in parts:
        bare, ours = await _turns(
            "blue-green",
            runs,
            lambda r: switches.bare_bluegreen(place, r),
            lambda r: switches.our_bluegreen(place, running, r),
            report,
        )
        report.rows.append(compared("blue-green: approval → last old answer", bare.bare, ours.ours, 2.0))
        requests.append(counted("requests: blue-green", ours.requests, FORWARD))
    if "canary" in parts:
        bare, ours = await _turns(
            "canary",
            2 * runs,  # each of its two waits for pods takes one second or two, as the kubelet's look falls
            lambda r: switches.bare_canary(place, r),
            lambda r: switches.our_canary(place, running, r),
            report,
        )
        report.rows.append(
            compared(
                "canary 25 → 100 %: start → asked, + approval → last old answer", bare.bare, ours.ours, 1.2
            )
        )
        for i, what in enumerate(("start → asked", "approval → last old answer")):
            report.notes.append(
                f"canary, {what}: bare {median(p[i] for p in bare.parts):.2f} s, Graylight {median(p[i] for p in ours.parts):.2f} s"
            )
        requests.append(counted("requests: canary, replace", ours.requests, FORWARD))
    if "back" in parts:
        bare, ours = await _turns(
            "back",
            runs,
            lambda r: switches.bare_back(place, r),
            lambda r: switches.our_back(place, running, r),
            report,
        )
        report.rows.append(
            compared("roll back at 25 %: click → last canary answer", bare.bare, ours.ours, 3.0)
        )
        requests.append(counted("requests: abort at 25 %, replace", ours.requests, BACK))
    if "in-place" in parts:
        requests += await _in_place(place, running, report)
    report.rows += requests
    if "routes" in parts:
        report.rows += await _by_route(place, running, runs, report)
    if "idle" in parts:
        rate, sent = await counts.idle(running)
        report.rows.append(counted("idle: requests beside watches and lease renewals", [rate], 0, "/s"))
        report.notes.append(f"idle for {counts.IDLE:.0f} s: {dict(sent)}")


async def _by_route(place: World, running: Bot, runs: int, report: Report) -> list[Row]:
    """Through the ingress: bare and Graylight by turns, then whole releases whose requests are counted."""
    if not routes.door():
        report.notes.append(f"by route: not measured, {routes.DOOR} names no ingress")
        return []
    theirs, mine = routes.Routed(), routes.Routed()
    for n in range(runs):
        await routes.bare(place, theirs)
        await _run(lambda: routes.ours(place, running, mine), report)
        _say(
            f"by route {n + 1}/{runs}: there {theirs.there[-1]:.2f} s, {mine.there[-1]:.2f} s; back {theirs.back[-1]:.2f} s, {mine.back[-1]:.2f} s"
        )
    for _ in range(COUNTED):
        await _run(lambda: routes.whole(place, running, mine), report)
    report.failed += mine.failed
    return [
        beyond("by Ingress, 25 %: patch → met, patch → proven", theirs.there, mine.there, PROVEN),
        beyond(
            "by Ingress, roll back at 25 %: delete, click → last canary answer", theirs.back, mine.back, LAST
        ),
        counted("requests: canary by Ingress, --steps 25,100", mine.requests, BY_ROUTE),
    ]


async def _in_place(place: World, running: Bot, report: Report) -> list[Row]:
    """Where no label tells the versions apart."""
    lines = {
        "canary": "canary {} " + NEW + " --steps 25,100 --soak 0s --keep 10m",
        "canary in three steps": "canary {} " + NEW + " --steps 25,50,100 --soak 0s --keep 10m",
        "blue-green": "bluegreen {} " + NEW + " --keep 10m",
        "rolling": "rolling {} " + NEW,
    }
    rows = list[Row]()
    for name, line in lines.items():
        requests = list[int]()
        for _ in range(COUNTED):
            await _run(lambda: counts.in_place(place, running, line, requests, report.failed), report)  # noqa: B023  # awaited at once
        _say(f"{name}, in place: {requests} requests")
        rows.append(counted(f"requests: {name}, in place", requests, FORWARD))
    requests = list[int]()
    for _ in range(COUNTED):
        await _run(lambda: counts.in_place_back(place, running, requests, report.failed), report)
    _say(f"abort, in place: {requests} requests")
    return [*rows, counted("requests: abort at 25 %, in place", requests, BACK)]


Side = Callable[[Runs], Awaitable[None]]


async def _turns(name: str, runs: int, bare: Side, ours: Side, report: Report) -> tuple[Runs, Runs]:
    """Bare and Graylight by turns, so that the machine's moods hit both."""
    theirs, mine = Runs(), Runs()
    for n in range(runs):
        await bare(theirs)
        await _run(lambda: ours(mine), report)
        _say(
            f"{name} {n + 1}/{runs}: bare {theirs.bare[-1]:.3f} s, Graylight {mine.ours[-1]:.3f} s,"
            f" {mine.requests[-1]} requests, {len(theirs.failed)} + {len(mine.failed)} failed"
        )
    report.failed += mine.failed
    return theirs, mine


async def _run(run: Callable[[], Awaitable[None]], report: Report) -> None:
    """One run, and another one where a proof said no by chance; that too is told."""
    for _ in range(TRIES):
        try:
            return await run()
        except Chance as e:
            report.chances.append(str(e))
            _say(f"again: {e}")
    raise AssertionError(f"{TRIES} times in a row is no chance: {report.chances[-1]}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each side (10)")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--proof", action="store_true", help="simulate the proof after that")
    parser.add_argument("--judgement", action="store_true", help="simulate the judgement after that")
    said = parser.parse_args()
    parts = {p for p in said.only.split(",") if p}
    if parts - set(PARTS):
        parser.error(f"there is no part {', '.join(parts - set(PARTS))}")
    if parts:
        report = asyncio.run(measure(said.runs, parts))
        sys.stdout.write(
            f"\nMedians of {said.runs} runs of each side, by turns (canary: {2 * said.runs}).\n\n{table(report.rows)}\n\n"
        )
        sys.stdout.writelines(f"{note}\n" for note in report.notes)
        load, _, before = os.getloadavg()
        sys.stdout.write(f"{os.cpu_count()} cores, load {load:.1f}, {before:.1f} over a quarter of an hour\n")
        sys.stdout.write(f"true shares that a proof said no to, run again: {len(report.chances)}\n")
        sys.stdout.write(f"failed requests under load: {dict(Counter(report.failed)) or 'none'}\n")
    proof = simulate_proof.main(1_000) if said.proof else 0
    return proof or (simulate_judgement.main(1_000) if said.judgement else 0)


if __name__ == "__main__":
    sys.exit(main())

"""The import contracts bite: for each, one import that it forbids is put into a copy of the tree, and the linter says so."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")
OFFENCES = {
    "The shell stands above the brain: strategies never import bot": ("strategies/plan.py", "bot.policy"),
    "strategies is pure: no I/O, no clock, no randomness, no logging, no async": (
        "strategies/decide.py",
        "time",
    ),
    "Routers do not know each other": ("strategies/routers/ratio.py", "strategies.routers.selector"),
    "Only bot.cluster imports kubernetes": ("bot/engine/loop.py", "kubernetes.aio.client"),
    "Only bot.slack imports Slack's libraries": ("bot/cli/commands.py", "slack_sdk"),
    "Only bot.picture.draw imports matplotlib, in a process of its own": (
        "bot/slack/charts.py",
        "matplotlib",
    ),
    "Adapters do not know each other; they meet in the engine": ("bot/slack/app.py", "bot.probe.sampler"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code, to be spoiled."""
    for package in ("bot", "strategies"):
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda folder, names: [
                n for n in names if Path(folder, n).is_file() and not n.endswith(".py")
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", OFFENCES)
def test_a_forbidden_import_breaks_its_contract(contract: str, copy: Path) -> None:
    file, module = OFFENCES[contract]
    spoiled = copy / file
    spoiled.write_text(f"{spoiled.read_text()}\nimport {module}\n")
    said = subprocess.run([LINTER, "--no-cache"], cwd=copy, capture_output=True, text=True, check=False)  # noqa: S603  # our own linter, on our own copy
    assert said.returncode == 1, said.stdout + said.stderr
    broken = [line for line in said.stdout.splitlines() if line.endswith("BROKEN")]
    assert broken == [f"{contract} BROKEN"]


def test_every_contract_is_held_to_that() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {c["name"] for c in written} == set(OFFENCES)

"""Stories run with next to no lags, and each process's tasks and requests known.

`slow` ones (every point of every scenario) run where they are asked for: `pytest -m slow`.
"""

import os

import pytest

from tests.stories.world import hurry


def pytest_configure(config: pytest.Config) -> None:
    """The marker of this folder."""
    config.addinivalue_line("markers", "slow: minutes of CPU; runs where -m asks for it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow ones out unless they are asked for by name."""
    if "slow" in str(config.getoption("markexpr")):
        return
    left_out = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
async def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)  # plain HTTP: loading the trust store costs 40 ms a client
    hurry(monkeypatch)

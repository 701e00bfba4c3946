"""Stories run with next to no lags, and each process's tasks and requests known."""

import os

import pytest

from tests.stories.world import hurry


@pytest.fixture(autouse=True)
async def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)  # plain HTTP: loading the trust store costs 40 ms a client
    hurry(monkeypatch)

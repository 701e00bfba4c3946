"""The two clusters the contract is held against: the embedded one always, a real one where KUBECONFIG names it.

CONTRACT_INGRESS is the `host:port` of the real cluster's ingress (class nginx, Gateway default/public); without it the
tests that go through one are skipped there.

Each test has a namespace of its own, gone afterwards; on the real cluster nothing else is touched.
"""

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.cluster.api import Api
from bot.playground.kube import EmbeddedCluster
from tests.contract.world import World

QUICK: dict[str, Any] = {
    "start_seconds": 0.02,
    "grace_seconds": 0.3,
    "crash_seconds": 0.05,
    "backoff_seconds": 0.2,
    "ingress_port": 0,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without KUBECONFIG there is no real cluster to ask."""
    if os.environ.get("KUBECONFIG"):
        return
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(
                pytest.mark.skip(reason="no KUBECONFIG: no real cluster to hold the contract against")
            )


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.cluster)])
async def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A cluster, as one test sees it."""
    namespace = f"contract-{uuid.uuid4().hex[:8]}"
    if request.param == "embedded":
        monkeypatch.setenv(
            "SSL_CERT_FILE", os.devnull
        )  # plain HTTP: loading the trust store costs 40 ms a test
        async with EmbeddedCluster(**QUICK) as embedded:
            embedded.write_kubeconfig(tmp_path / "kubeconfig")
            api = await Api.connect(str(tmp_path / "kubeconfig"))
            async with World.opened(api, namespace, embedded) as world:
                yield world
        return
    api = await Api.connect(os.environ["KUBECONFIG"])
    async with World.opened(api, namespace, None) as world:
        yield world


@pytest.fixture
async def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """The embedded cluster alone: for what no real one can be asked to do, such as failing."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    async with EmbeddedCluster(**QUICK) as started:
        started.write_kubeconfig(tmp_path / "kubeconfig")
        api = await Api.connect(str(tmp_path / "kubeconfig"))
        async with World.opened(api, "contract", started) as world:
            yield world

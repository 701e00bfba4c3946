"""Tests of the mark `cluster` run where they were asked for, and a real cluster is there to run them against."""

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A KUBECONFIG alone is no wish to test against what it points at: it may well be production."""
    asked = "cluster" in str(config.option.markexpr)
    if asked and os.environ.get("KUBECONFIG"):
        return
    why = (
        "no KUBECONFIG: no real cluster to test against" if asked else "needs a real cluster: `make cluster`"
    )
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.skip(reason=why))

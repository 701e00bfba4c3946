"""Which tests run: those marked `slow` or `judge` where they are asked for, those marked `cluster` where a cluster is, too."""

import os

import pytest
from hypothesis import settings

settings.register_profile("graylight", deadline=None)  # a busy machine is no failure
settings.load_profile("graylight")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A KUBECONFIG alone is no wish to test against what it points at: it may well be production."""
    _left_out(config, items)
    asked = "cluster" in str(config.option.markexpr)
    if asked and os.environ.get("KUBECONFIG"):
        return
    why = (
        "no KUBECONFIG: no real cluster to test against" if asked else "needs a real cluster: `make cluster`"
    )
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.skip(reason=why))


def _left_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    unasked = [mark for mark in ("slow", "judge") if mark not in str(config.option.markexpr)]
    left_out = [item for item in items if any(map(item.get_closest_marker, unasked))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]

"""A Kubernetes API server with what stands behind it, in one process, for tests and the playground."""

from bot.playground.kube.cluster import EmbeddedCluster
from bot.playground.kube.faults import Call
from bot.playground.kube.images import Behaviour

__all__ = ["Behaviour", "Call", "EmbeddedCluster"]

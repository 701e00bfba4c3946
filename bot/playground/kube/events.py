"""Events, as controllers and the kubelet write them: the same thing said again counts up."""

import secrets

from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.registry import Registry
from bot.playground.kube.requests import Writer
from bot.playground.kube.times import now
from strategies.objects import EVENT, NAMESPACE, Obj, meta, name_of, namespace_of, uid_of, version_of


class Recorder:
    """Writes Events about objects."""

    def __init__(self, registry: Registry, source: str) -> None:
        self._registry = registry
        self._source = source
        self._writer = Writer(manager=source)
        self._said: dict[tuple[str, str, str], str] = {}

    def say(self, about: Obj, reason: str, message: str, kind: str = "Normal") -> None:
        """One Event; nothing where the namespace is being deleted."""
        resource, namespace = BY_KIND[EVENT], namespace_of(about)
        key = (uid_of(about), reason, message)
        stored = self._registry.store.get(EVENT, namespace, self._said.get(key, ""))
        if stored:

            def count(event: Obj) -> None:
                event |= {"count": event.get("count", 1) + 1, "lastTimestamp": now()}

            self._registry.mend(resource, stored, count, self._writer)
            return
        home = self._registry.store.get(NAMESPACE, "", namespace)
        if home is None or meta(home).get("deletionTimestamp"):
            return
        name = f"{name_of(about)}.{secrets.token_hex(8)}"
        self._said[key] = name
        body = {
            "metadata": {"name": name},
            "involvedObject": {
                "kind": about.get("kind", ""),
                "apiVersion": about.get("apiVersion", ""),
                "namespace": namespace,
                "name": name_of(about),
                "uid": uid_of(about),
                "resourceVersion": version_of(about),
            },
            "reason": reason,
            "message": message,
            "type": kind,
            "source": {"component": self._source},
            "reportingComponent": self._source,
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "count": 1,
        }
        self._registry.create(resource, namespace, body, self._writer)

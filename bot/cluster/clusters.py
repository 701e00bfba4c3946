"""The clusters that environments name: one connection per kubeconfig context, made when first asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.cluster.api import Api


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment is: a kubeconfig context (None: the current one) and a namespace (None: the context's)."""

    context: str | None = None
    namespace: str | None = None


class Clusters:
    """Environment names to API servers and namespaces."""

    def __init__(self, home: Api, places: Mapping[str, Place], kubeconfig: str | None = None) -> None:
        self.home, self.places, self._kubeconfig = home, places, kubeconfig
        self._apis: dict[str, Api] = {home.context: home}

    async def at(self, environment: str) -> tuple[Api, str]:
        """The API server and the namespace of an environment; KeyError for one that the policy does not name."""
        place = self.places[environment]
        api = self.home
        if place.context and place.context != self.home.context:
            api = self._apis.get(place.context) or await Api.connect(self._kubeconfig, place.context)
            self._apis[place.context] = api
        return api, place.namespace or api.namespace

    async def close(self) -> None:
        """Close every connection."""
        for api in self._apis.values():
            await api.close()

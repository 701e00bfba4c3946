"""Somebody with kubectl beside the bot: plain requests to the API server under a field manager's own name."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.cluster.api import path_of
from strategies.objects import DEPLOYMENT, SERVICE, Kind, Obj
from tests.stories.world import World

CONTENT = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}


@dataclass(frozen=True, slots=True)
class Colleague:
    """What they do is done when it returns."""

    world: World

    async def set_image(self, deployment: str, image: str) -> None:
        """`kubectl set image`."""
        path = "/spec/template/spec/containers/0/image"
        patch = [{"op": "replace", "path": path, "value": image}]
        await self._patch(DEPLOYMENT, deployment, patch, "kubectl-set", "json")

    async def annotate(self, deployment: str, notes: dict[str, str]) -> None:
        """`kubectl annotate`."""
        await self._patch(DEPLOYMENT, deployment, {"metadata": {"annotations": notes}}, "kubectl-annotate")

    async def scale(self, deployment: str, replicas: int) -> None:
        """`kubectl scale`."""
        await self._patch(DEPLOYMENT, deployment, {"spec": {"replicas": replicas}}, "kubectl")

    async def select(self, service: str, selector: Obj) -> None:
        """`kubectl edit service`: another selector in place of the present one."""
        patch = [{"op": "replace", "path": "/spec/selector", "value": selector}]
        await self._patch(SERVICE, service, patch, "kubectl-edit", "json")

    async def delete(self, deployment: str) -> None:
        """`kubectl delete deployment`."""
        await self._send("DELETE", DEPLOYMENT, deployment, None, "kubectl", "application/json")

    async def _patch(self, kind: Kind, name: str, patch: Any, manager: str, how: str = "merge") -> None:
        await self._send("PATCH", kind, name, patch, manager, CONTENT[how])

    async def _send(self, method: str, kind: Kind, name: str, body: Any, manager: str, content: str) -> None:
        url = f"{self.world.cluster.url}{path_of(kind, 'default', name)}?fieldManager={manager}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method,
                url,
                data=json.dumps(body) if body is not None else None,
                headers={"Content-Type": content},
            ) as answer,
        ):
            assert answer.status < 300, await answer.text()

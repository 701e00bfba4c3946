"""Asking through the API server's proxy: a pod by itself, or a Service where no probe says how users go.

It is not the users' way, so nothing learnt here is called proven.
"""

import time

from bot.cluster.api import Api
from strategies.course import Probes
from strategies.probe import SAFE, Probe
from strategies.samples import Answer, Naming, Sample, attribute

AGENT = {"User-Agent": "graylight-probe"}
UNREACHED = ("error trying to reach service", '"kind":"Status"')  # the API server's words, not the pod's


class Proxied:
    """One namespace, asked through its API server."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._root = api, f"/api/v1/namespaces/{namespace}"
        self.probes = Probes()  # over its life

    async def pod(self, name: str, port: str, probe: Probe | None) -> Answer:
        """One pod, with the service's probe or `GET /`; status 0 where it cannot be reached."""
        self.probes += Probes(alone=1)
        return await self._ask(f"{self._root}/pods/{name}:{port}/proxy", probe)

    async def service(self, name: str, port: str, count: int, naming: Naming) -> list[Sample]:
        """So many `GET /`, answered by pods that the API server chooses."""
        taken = []
        for _ in range(count):
            got = await self._ask(f"{self._root}/services/{name}:{port}/proxy", None)
            taken.append(
                Sample(attribute(got, None, naming), got.status, got.seconds, got.body, got.error, got.kind)
            )
            self.probes += Probes(sent=1, failed=int(taken[-1].failed))
        return taken

    async def _ask(self, root: str, probe: Probe | None) -> Answer:
        begun = time.perf_counter()
        if probe is None:
            status, headers, data = await self._api.proxy(f"{root}/", headers=AGENT)
        else:
            body = probe.body.encode() if probe.body is not None and probe.method not in SAFE else None
            status, headers, data = await self._api.proxy(
                root + probe.path, probe.method, body=body, headers=probe.sends | AGENT
            )
        text, seconds = data.decode(errors="replace"), time.perf_counter() - begun
        if status >= 400 and any(said in text for said in UNREACHED):
            return Answer(0, {}, "", seconds, "does not answer")
        return Answer(status, headers, text, seconds)

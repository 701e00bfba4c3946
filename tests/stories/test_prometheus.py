"""A real Prometheus that scrapes what routers export, and every way in which one may say nothing.

The real one is Debian's package (`apt-get install prometheus`); without its program that test is skipped.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from bot.metrics.prometheus import Prometheus
from strategies.meters import Counter, Names, Tracks, counter, queries, read
from strategies.metrics import Metrics, Query, Source
from strategies.readings import NoNumber, Number, Readings

NEEDED = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus here: apt-get install prometheus brings it"
)
NEW = Names(
    "canary", "shop", "web-v6", "web-canary", ("web-v6-1",), ("10.1.0.3",), "v6", "web", "web-canary", "main"
)
OLD = Names("stable", "shop", "web", "web", ("web-1",), ("10.1.0.2",), "v5", "web", "web-canary", "main")
TRACKS = Tracks(NEW, OLD, 60)
CONFIG = """
global: {{scrape_interval: 200ms, evaluation_interval: 1m}}
scrape_configs:
- job_name: routers
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

# what each router calls the two tracks: new, old, and somebody else's that must not be counted; CODE is the status
TRAEFIK = 'traefik_service_requests_total{{method="GET",protocol="http",code="CODE",service="{}"}}'
NGINX = (
    'nginx_ingress_controller_requests{{exported_namespace="shop",ingress="{}",canary="{}",status="CODE"}}'
)
ISTIO = 'istio_requests_total{{reporter="{}",destination_workload_namespace="shop",destination_workload="{}",response_code="CODE"}}'
SERIES: dict[str, tuple[Source, str, str, str]] = {
    "Traefik, nginx' annotations": (
        "traefik",
        TRAEFIK.format("shop-main-web-80-canary@kubernetesingressnginx"),
        TRAEFIK.format("shop-main-web-80@kubernetesingressnginx"),
        TRAEFIK.format("shop-main-website-80@kubernetesingressnginx"),
    ),
    "Traefik, Gateway API": (
        "traefik",
        TRAEFIK.format(
            "httproute-shop-main-gw-default-public-ep-web-0-108f-svc-shop-web-canary-1@kubernetesgateway"
        ),
        TRAEFIK.format(
            "httproute-shop-main-gw-default-public-ep-web-0-108f-svc-shop-web-0@kubernetesgateway"
        ),
        TRAEFIK.format(
            "httproute-shop-main-gw-default-public-ep-web-0-108f-svc-shop-website-0@kubernetesgateway"
        ),
    ),
    "Traefik, its own route": (
        "traefik",
        TRAEFIK.format("shop-web-canary-80@kubernetescrd"),
        TRAEFIK.format("shop-web-80@kubernetescrd"),
        TRAEFIK.format("other-web-80@kubernetescrd"),
    ),
    "ingress-nginx": (
        "nginx",
        NGINX.format("main", "shop-web-canary-80"),
        NGINX.format("main", ""),
        NGINX.format("another", ""),
    ),
    "Istio": (
        "istio",
        ISTIO.format("source", "web-v6"),
        ISTIO.format("source", "web"),
        ISTIO.format("destination", "web"),
    ),
}
ENVOY = 'envoy_cluster_endpoint_rq_{}{{envoy_cluster_name="httproute/shop/main/rule/0",envoy_endpoint_address="{}:8080"}}'


def ok(series: str) -> str:
    """Its answers that are none of failures."""
    return series.replace("CODE", "200")


def failed(series: str) -> str:
    """Its failures."""
    return series.replace("CODE", "500")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Exporter:
    """Counters as text, to be scraped."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}

    async def serve(self, request: web.Request) -> web.Response:
        """All of them, in Prometheus' text format."""
        return web.Response(text="".join(f"{name} {value}\n" for name, value in self.counters.items()))


@asynccontextmanager
async def served(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Every path answered by this."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def prometheus(scraped: str, scratch: Path) -> AsyncIterator[str]:
    """The real one."""
    config, port = scratch / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(port=scraped.rpartition(":")[2]))
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={scratch / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def number(url: str, query: str, wanted: Callable[[float], bool]) -> None:
    """Once Prometheus gives such a number."""
    async with asyncio.timeout(90):
        while True:
            answers = (await Prometheus().ask(Metrics(url=url, errors="istio"), (query,))).answers
            found = answers[query]
            if isinstance(found, Number) and wanted(found.value):
                return
            await asyncio.sleep(0.05)  # between two looks at a condition


async def counted(exporter: Exporter, url: str, up: dict[str, int]) -> None:
    """Every counter has been scraped twice at 0, then grows, and the growth was scraped."""
    exporter.counters = dict.fromkeys(up, 0)
    name = next(iter(up))
    await number(url, f"count_over_time({name}[1m])", lambda n: n >= 3)
    exporter.counters = dict(up)
    for series, value in up.items():
        await number(url, series, lambda n, value=value: n == value)  # type: ignore[misc]  # bound now


@NEEDED
async def test_users_failures_are_read_from_a_real_prometheus_for_every_router(tmp_path: Path) -> None:
    exporter = Exporter()
    async with served(exporter.serve) as scraped, prometheus(scraped, tmp_path) as url:
        up: dict[str, int] = {}
        for _, new, old, other in SERIES.values():
            up |= {ok(new): 900, failed(new): 100, ok(old): 3000, ok(other): 50_000, failed(other): 50_000}
        for address, total, bad in (
            ("10.1.0.3", 1000, 100),
            ("10.1.0.2", 3000, 0),
            ("10.1.0.30", 9000, 9000),
        ):
            up |= {ENVOY.format("total", address): total, ENVOY.format("error", address): bad}
        await counted(exporter, url, up)
        sources = {name: source for name, (source, *_) in SERIES.items()} | {"Envoy Gateway": "envoy-gateway"}
        for name, source in sources.items():
            metrics = Metrics(url=url, errors=source)
            asked = queries(metrics, TRACKS)
            readings = read(metrics, TRACKS, await Prometheus().ask(metrics, asked), Readings())
            assert readings.trouble == "", (name, readings)
            n, bad = readings.new
            old_n, old_bad = readings.old
            several = list(sources.values()).count(source)  # the names of one router's providers add up
            assert n == pytest.approx(several * 1000, rel=0.35), (name, readings)
            assert bad == pytest.approx(several * 100, rel=0.35), (name, readings)
            assert old_n == pytest.approx(several * 3000, rel=0.35), (name, readings)
            assert old_bad == 0, (name, readings)
            assert readings.failures.luck < 0.001


@NEEDED
async def test_own_queries_of_a_real_prometheus_are_filled_in_compared_and_missed(tmp_path: Path) -> None:
    exporter = Exporter()
    async with served(exporter.serve) as scraped, prometheus(scraped, tmp_path) as url:
        await counted(exporter, url, {'queue{pod="web-v6-1"}': 40, 'queue{pod="web-1"}': 10})
        metrics = Metrics(
            url=url,
            queries={
                "queue": Query(query='sum(queue{pod=~"{{pods}}"})', max_ratio=2),
                "missing": Query(query='sum(nothing{pod=~"{{pods}}"})', max=1),
                "none": Query(query="sum(queue) * 0 / 0", max=1),
                "many": Query(query="queue", max=1),
                "wrong": Query(query="sum(queue", max=1),
            },
        )
        metered = await Prometheus().ask(metrics, queries(metrics, TRACKS))
        own = read(metrics, TRACKS, metered, Readings()).own
        assert (own["queue"].new, own["queue"].old, own["queue"].row) == (40, 10, 1)
        assert own["missing"].trouble == "Prometheus has no data"
        assert own["none"].trouble == "Prometheus gives no number (NaN)"
        assert own["many"].trouble == "the query gives 2 series, and one number is needed"
        assert own["wrong"].trouble.startswith("Prometheus answers 400: invalid parameter")


# every way to say nothing, without a real one


def said(text: str, status: int = 200) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status)

    return answer


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def result(kind: str, value: str) -> str:
    return f'{{"status": "success", "data": {{"resultType": "{kind}", "result": {value}}}}}'


def troubles() -> Iterator[tuple[Callable[[web.Request], Awaitable[web.StreamResponse]], str]]:
    yield said(result("vector", "[]")), "Prometheus has no data"
    yield said(result("vector", '[{"value": [1, "NaN"]}]')), "Prometheus gives no number (NaN)"
    yield said(result("scalar", '[1, "+Inf"]')), "Prometheus gives no number (+Inf)"
    yield said(result("matrix", "[]")), "the query gives a matrix, and one number is needed"
    yield said('{"status": "error", "error": "parse error"}', 400), "Prometheus answers 400: parse error"
    yield said("<html>log in</html>"), "the answer (200) is none of Prometheus"
    yield said('{"status": "success"}'), "the answer (200) is none of Prometheus"
    yield said("bad gateway", 502), "the answer (502) is none of Prometheus"
    yield silent, "did not answer within 0.2 s"


@pytest.mark.parametrize(("answer", "why"), list(troubles()), ids=lambda v: v if isinstance(v, str) else "")
async def test_a_prometheus_that_says_nothing_is_told_in_words(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], why: str
) -> None:
    async with served(answer) as url:
        metrics = Metrics(url=url, errors="istio", timeout=0.2)
        found = (await Prometheus().ask(metrics, ("up",))).answers["up"]
    assert isinstance(found, NoNumber)
    assert why in found.why


async def test_a_prometheus_that_is_not_there_is_told_in_words() -> None:
    metrics = Metrics(url=f"http://127.0.0.1:{free_port()}", errors="istio")
    found = (await Prometheus().ask(metrics, ("up",))).answers["up"]
    assert isinstance(found, NoNumber)
    assert "cannot be reached" in found.why


def test_failures_that_never_happened_are_none_and_not_unknown() -> None:
    found = counter("istio", NEW)
    assert isinstance(found, Counter)
    assert found.failed(60).endswith(f"or {found.total(60)} * 0")

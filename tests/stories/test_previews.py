"""A preview shows each object as the API server's dry run says it will stand, and writes none."""

from bot.cli import documents
from bot.main import connected
from bot.ports import Preview
from bot.settings import Settings
from strategies.objects import HTTPROUTE, at
from strategies.spec import ReleaseSpec, Strategy
from tests.stories.conftest import Opening
from tests.stories.ending import objects
from tests.stories.manifests import plain, routed


async def test_the_preview_of_a_route_is_exact_and_changes_nothing(opening: Opening) -> None:
    world = await opening(routed(plain(replicas=2)), bots=0)
    before = objects(world)
    async with connected(Settings(kubeconfig=str(world.kubeconfig))) as parts:
        spec = ReleaseSpec(strategy=Strategy.CANARY, service="k8sdemo", version="v6", steps=(25,))
        shown = await parts.desk.preview(spec)
    assert isinstance(shown, Preview), shown
    assert {k: v for k, v in objects(world).items() if not k.startswith("Secret")} == {
        k: v for k, v in before.items() if not k.startswith("Secret")
    }
    told = {f"{c.kind} {c.name}": c for c in shown.changes}
    assert list(told) == [
        "Service k8sdemo-svc-canary",
        "Deployment k8sdemo-deploy-canary",
        "HTTPRoute k8sdemo",
        "Service k8sdemo-svc",
        "Deployment k8sdemo-deploy",
    ]
    assert told["Deployment k8sdemo-deploy-canary"].like == "k8sdemo-deploy"
    assert "+ labels.graylight/release: k8sdemo-N" in told["Service k8sdemo-svc-canary"].lines
    assert all("backendRefs" in line for line in told["HTTPRoute k8sdemo"].lines)
    assert documents.preview(shown)["changes"]
    route = world.get(HTTPROUTE, "k8sdemo")
    assert len(at(route, "spec", "rules", 0, "backendRefs")) == 1

"""What a preview says will be written, by the API server's dry run, is what then stands: object by object, line by line."""

import pytest

from bot.grammar.command import Start
from bot.grammar.parse import parse
from bot.ports import Preview
from strategies.changes import Changed, compare
from strategies.objects import (
    DEPLOYMENT,
    HTTPROUTE,
    INGRESS,
    INGRESS_CLASS,
    SERVICE,
    VIRTUALSERVICE,
    Obj,
    Ref,
    name_of,
)
from strategies.refusal import Refusal
from strategies.release import IntentKind, State
from tests.cluster.conftest import Installation, begin, say
from tests.cluster.planes import BY, STEPS, needs
from tests.cluster.users import serve

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

LINE = f"canary k8sdemo v6 --steps {STEPS} --soak 0s --keep 1h"
KINDS = (DEPLOYMENT, SERVICE, INGRESS, HTTPROUTE, VIRTUALSERVICE)
THEIRS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: their-canary
  annotations:
    kubernetes.io/ingress.class: nginx
    nginx.ingress.kubernetes.io/canary: "true"
    nginx.ingress.kubernetes.io/canary-weight: "5"
spec:
  rules:
  - host: hi.k8sdemo.com
    http:
      paths:
      - path: /hello
        pathType: ImplementationSpecific
        backend: {service: {name: their-svc, port: {number: 80}}}
"""
# what the first split writes: object → a line of it
TELLS = {
    "nginx": (
        "create Ingress k8sdemo-ingress-prefix-canary",
        "+ annotations.nginx.ingress.kubernetes.io/canary-by-header: X-Canary",
    ),
    "httproute": ("patch HTTPRoute k8sdemo", "k8sdemo-svc-canary"),
    "istio": ("patch VirtualService k8sdemo", "k8sdemo-svc-canary"),
}


async def standing(installed: Installation) -> dict[str, Obj]:
    """Every object of the user's kinds."""
    return {f"{kind.name} {name_of(o)}": o for kind in KINDS for o in await installed.all(kind)}


def called(change: Changed) -> str:
    """As a person reads it."""
    return f"{change.verb} {change.kind} {change.name}"


@pytest.mark.parametrize("plane", list(TELLS))
async def test_a_preview_says_exactly_what_the_first_split_writes(
    installed: Installation, plane: str
) -> None:
    needs(plane)
    await serve(installed, "seed" + BY[plane])
    before = await standing(installed)
    async with installed.bot() as bot:
        command = parse(LINE)
        assert isinstance(command, Start)
        preview = await bot.parts.desk.preview(command.spec)
        assert isinstance(preview, Preview), preview
        unchanged = {name: obj["spec"] for name, obj in (await standing(installed)).items()}
        assert unchanged == {name: obj["spec"] for name, obj in before.items()}  # a dry run writes nothing
        release = await begin(bot, LINE)
        await bot.until(release.id, lambda s: s.release.state is State.ASKING)
        after = await standing(installed)
        await say(bot, release.id, IntentKind.ROLLBACK)
        await bot.until(release.id, lambda s: s.sealed)
    told = {called(c): c for c in preview.changes}
    route, line = TELLS[plane]
    assert any(line in said for said in told[route].lines), told[route].lines
    assert "create Deployment k8sdemo-deploy-v6" in told
    assert "create Service k8sdemo-svc-canary" in told
    for name, change in told.items():
        if name == "patch Service k8sdemo-svc":  # the selector moves at the very end
            assert change.lines == ("~ spec.selector.version: 1.0.0 → v6",)
            continue
        like = before[f"{change.kind} {change.like or change.name}"]
        stands = compare(like, after[f"{change.kind} {change.name}"])
        wrote = tuple(said.replace(release.id, f"{release.plan.service}-N") for said in stands)
        assert wrote == change.lines, name


async def refused(installed: Installation, line: str) -> Refusal:
    """What a person is told instead of a plan."""
    command = parse(line)
    assert isinstance(command, Start)
    async with installed.bot() as bot:
        said = await bot.parts.desk.preview(command.spec)
    assert isinstance(said, Refusal), said
    return said


async def test_somebody_elses_canary_ingress_is_a_refusal_that_names_it(installed: Installation) -> None:
    needs("nginx")
    ways = await serve(installed, "seed")
    await installed.apply(THEIRS.replace("hi.k8sdemo.com", ways.host))
    said = await refused(installed, LINE)
    assert said.code == "canary-taken"
    assert "Ingress their-canary" in said.what
    assert "kubectl delete ingress their-canary" in said.remedy


async def test_a_controller_without_canary_annotations_is_a_refusal_that_says_what_to_use(
    installed: Installation,
) -> None:
    needs("nginx")
    await serve(installed, "plain")
    name = f"f5-{installed.home}"
    made = {"apiVersion": INGRESS_CLASS.api, "kind": INGRESS_CLASS.name, "metadata": {"name": name}}
    await installed.admin.create(
        INGRESS_CLASS, "", {**made, "spec": {"controller": "nginx.org/ingress-controller"}}
    )
    try:
        ref = Ref(INGRESS, installed.target, "k8sdemo-ingress-prefix")
        change = {"spec": {"ingressClassName": name}}
        await installed.admin.patch(ref, change, "merge", manager="kubectl-patch")
        said = await refused(installed, LINE)
    finally:
        await installed.admin.delete(Ref(INGRESS_CLASS, "", name))
    assert said.code == "no-canary-annotations"
    assert "F5" in said.what
    assert "HTTPRoute" in said.remedy

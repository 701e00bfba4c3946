"""The rights that deploy/ grants: enough for releases there and back, and nothing beyond them."""

from pathlib import Path

import pytest
import yaml

from bot.cluster.api import Api
from bot.cluster.errors import Forbidden
from strategies.objects import DEPLOYMENT, LEASE, NAMESPACE, NODE, POD, SECRET, SERVICE, Kind, Obj, Ref
from strategies.release import State
from tests.cluster.conftest import DEPLOY, Installation, Right, granted, rendered

CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")

POD_SPEC = """
      containers:
      - name: demo
        image: k8s-grpc-demo:v2
        imagePullPolicy: Never
        ports: [{containerPort: 60001}]
        readinessProbe: {httpGet: {path: /healthz, port: 60001}, periodSeconds: 1}
"""
# As the first user has it: the version is in the Deployment's selector, so a new Deployment takes the old one's place.
PINNED = (
    """
apiVersion: v1
kind: Service
metadata: {name: pinned-svc}
spec:
  ports: [{port: 8000, targetPort: 60001}]
  selector: {app: pinned, version: 1.0.0}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pinned-pdb}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: pinned, version: 1.0.0}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: pinned, labels: {app: pinned, version: 1.0.0}}
spec:
  replicas: 2
  selector: {matchLabels: {app: pinned, version: 1.0.0}}
  template:
    metadata: {labels: {app: pinned, version: 1.0.0}}
    spec:"""
    + POD_SPEC
)
# No version label anywhere: the canary's pods have a readiness gate, and the Deployment itself is updated in the end.
PLAIN = (
    """
apiVersion: v1
kind: Service
metadata: {name: plain-svc}
spec:
  ports: [{port: 8000, targetPort: 60001}]
  selector: {app: plain}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: plain-hpa}
spec:
  minReplicas: 1
  maxReplicas: 4
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: plain}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: plain, labels: {app: plain}}
spec:
  replicas: 2
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec:"""
    + POD_SPEC
)
QUICK = "--soak 0s --keep 0s"
# What only a failure needs, with the failure.
RARE: set[Right] = {
    ("apps", "deployments", "get"),  # the answer to a create was lost
    ("", "pods/log", "get"),  # a container crashed
    ("coordination.k8s.io", "leases", "update"),  # a lock whose holder has ended, or is a person
    ("coordination.k8s.io", "leases", "list"),  # what people have locked, where Slack is there to remind them
    ("authorization.k8s.io", "localsubjectaccessreviews", "create"),  # `impersonate: true`
    ("", "pods/proxy", "create"),  # a probe that posts
    ("", "secrets", "get"),  # Slack's signing key; what was before, after a restart
    ("", "secrets", "delete"),  # more than ten ended releases
    ("", "services", "get"),  # the answer to a create was lost
    ("networking.k8s.io", "ingresses", "get"),  # the same
    ("apps", "replicasets", "list"),  # what the form proposes, where Slack is there
}
# What only other ways in need: no release of this test comes through them.
OTHER_WAYS: set[Right] = {
    (group, resource, verb)
    for group, resource in (
        ("gateway.networking.k8s.io", "grpcroutes"),
        ("networking.istio.io", "virtualservices"),
        ("networking.istio.io", "destinationrules"),
        ("traefik.io", "ingressroutes"),
        ("traefik.io", "traefikservices"),
    )
    for verb in ("list", "watch", "patch")
}
# Ways in whose controller need not be there: what is asked of them is written, and not proven without a probe.
WAYS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain, annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  rules:
  - host: plain.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: plain-svc, port: {number: 8000}}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: plain}
spec:
  hostnames: [plain.example]
  rules: [{backendRefs: [{name: plain-svc, port: 8000}]}]
"""


@pytest.mark.cluster
@pytest.mark.timeout(240)
async def test_a_bot_with_the_rights_of_deploy_releases_there_and_back_and_needs_every_one_of_them(
    installed: Installation,
) -> None:
    await installed.apply(PINNED)
    await installed.apply(PLAIN)
    async with installed.bot() as bot:
        ended = [
            (await bot.release(f"canary pinned v6 --steps 50 {QUICK}", "rollback")).state,
            (await bot.release(f"canary pinned v6 --steps 50 {QUICK}")).state,
            (await bot.release(f"bluegreen pinned v7 {QUICK}")).state,
            (await bot.release(f"canary plain v6 --steps 50 {QUICK}")).state,
            (await bot.release("rolling plain v7 --soak 0s")).state,
        ]
        await installed.apply(WAYS)
        ended.append((await bot.release(f"canary plain v6 --steps 50 {QUICK}")).state)
    assert ended == [State.ROLLED_BACK, *[State.PROMOTED] * 5]
    # Looking whether its namespace is there is the one thing it tries without needing it.
    assert [r for r in installed.sent.refused if f"api/v1/namespaces/{installed.home}:" not in r] == []
    for manifest in (
        await _role(installed, installed.home, "graylight"),
        await _role(installed, installed.target, "graylight-target"),
    ):
        used = installed.sent.rights(manifest["metadata"]["namespace"])
        assert set(granted(manifest)) - used - RARE - OTHER_WAYS == set()


@pytest.mark.cluster
async def test_the_account_can_do_nothing_elsewhere_and_little_where_the_services_are(
    installed: Installation,
) -> None:
    api = await Api.connect(installed.settings.kubeconfig)
    try:
        for namespace in ("kube-system", "default", installed.target):
            await _forbidden(api, SECRET, namespace)
        for kind in (POD, SERVICE, DEPLOYMENT, LEASE):
            await _forbidden(api, kind, "kube-system")
        for kind in (NODE, NAMESPACE):
            await _forbidden(api, kind, "")
        await _forbidden(api, CONFIG_MAP, installed.target)
        await _forbidden(api, ROLE, installed.home)
        with pytest.raises(Forbidden):
            await api.delete(Ref(POD, installed.target, "any"))
        with pytest.raises(Forbidden):
            await api.create(POD, installed.target, {}, name="any", subresource="exec")
    finally:
        await api.close()


@pytest.mark.cluster
async def test_another_namespace_is_one_line_of_an_overlay(tmp_path: Path) -> None:
    made = rendered("deploy", "elsewhere", tmp_path)
    assert {m["metadata"].get("namespace", "") for m in made} == {"", "elsewhere"}
    binding = next(m for m in made if m["kind"] == "RoleBinding")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "graylight", "namespace": "elsewhere"}]


def test_every_rule_has_its_reason_above_it() -> None:
    for path in (DEPLOY / "role.yaml", DEPLOY / "classes.yaml", DEPLOY / "target" / "role.yaml"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith("- apiGroups:"):
                told = lines[number - 1].startswith("#") or "#" in lines[number + 1]
                assert told, f"{path.name}:{number + 1}"


def test_no_rule_has_a_wildcard_and_for_the_whole_cluster_only_ingress_classes_are_read() -> None:
    for path in DEPLOY.rglob("*.yaml"):
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest.get("kind") == "ClusterRole":
                verbs = {("networking.k8s.io", "ingressclasses", verb) for verb in ("list", "watch")}
                assert set(granted(manifest)) == verbs
            if manifest.get("kind") == "Role":
                assert "*" not in {part for right in granted(manifest) for part in right}


def test_the_pods_run_as_nobody_and_can_write_nowhere() -> None:
    deployment = _file("deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    tokens = [e for e in container["env"] if e["name"].startswith("SLACK")]
    assert all(e["valueFrom"]["secretKeyRef"]["optional"] for e in tokens)
    assert not any("value" in e for e in tokens)


def test_the_slack_app_needs_no_public_address_and_hears_what_the_bot_listens_to() -> None:
    manifest = _file("slack-manifest.yaml")
    settings, (command,) = manifest["settings"], manifest["features"]["slash_commands"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"]["is_enabled"] is True
    assert set(settings["event_subscriptions"]["bot_events"]) == {
        "app_mention",
        "app_home_opened",
        "message.im",
        "subteam_members_changed",
    }
    assert (command["command"], command["should_escape"]) == ("/release", True)
    assert "url" not in command


def _file(name: str) -> Obj:
    found: Obj = yaml.safe_load((DEPLOY / name).read_text())
    return found


async def _role(installed: Installation, namespace: str, name: str) -> Obj:
    return await installed.admin.get(Ref(ROLE, namespace, name))


async def _forbidden(api: Api, kind: Kind, namespace: str) -> None:
    with pytest.raises(Forbidden):
        await api.list(kind, namespace)

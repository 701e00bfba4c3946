"""Ingresses as tests write them, and as hypothesis does: odd ones, other people's ones, hosts and paths of any order."""

from typing import Any

from hypothesis import strategies as st

from strategies.objects import INGRESS, INGRESS_CLASS, Kind, Obj


def path(service: str = "web", at: str = "/", *, port: Any = None, kind: str = "Prefix") -> Obj:
    backend = {"name": service, "port": port or {"number": 80}}
    return {"path": at, "pathType": kind, "backend": {"service": backend}}


def rule(*paths: Obj, host: str = "shop.test") -> Obj:
    return {"host": host, "http": {"paths": list(paths or (path(),))}}


def ingress(
    *rules: Obj, name: str = "shop", notes: dict[str, str] | None = None, labels: Any = None, **spec: Any
) -> tuple[Kind, Obj]:
    """One whose class is given by the field, unless the spec says otherwise."""
    told: Obj = {"ingressClassName": "nginx"} | spec
    told = {k: v for k, v in told.items() if v is not None}
    told_of = {"annotations": dict(notes or {}), "labels": dict(labels or {})}
    meta = {"name": name, **{k: v for k, v in told_of.items() if v}}  # as the server shows them
    return INGRESS, {"metadata": meta, "spec": {**told, "rules": list(rules or (rule(),))}}


def ingress_class(
    controller: str = "k8s.io/ingress-nginx", name: str = "nginx", *, default: bool = False
) -> tuple[Kind, Obj]:
    notes = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    return INGRESS_CLASS, {
        "metadata": {"name": name, "annotations": notes},
        "spec": {"controller": controller},
    }


@st.composite
def rules(draw: st.DrawFn, *, ports: Any = ({"number": 80}, {"name": "http"})) -> list[Obj]:
    """Rules of one or two hosts with paths to `web` and to others, at least one to `web`."""
    made, ours = [], False
    for host in draw(
        st.lists(st.sampled_from(("a.test", "b.test", "")), min_size=1, max_size=3, unique=True)
    ):
        paths = []
        for at in draw(
            st.lists(st.sampled_from(("/", "/a", "/b", "/c")), min_size=1, max_size=3, unique=True)
        ):
            leads = draw(st.booleans()) or not ours
            ours = ours or leads
            kind = draw(st.sampled_from(("Prefix", "Exact", "ImplementationSpecific")))
            paths.append(path("web" if leads else "other", at, port=draw(st.sampled_from(ports)), kind=kind))
        made.append({"host": host, "http": {"paths": paths}} if host else {"http": {"paths": paths}})
    return made


def described(obj: Obj) -> None:
    """A colleague's edit that no router has to do with."""
    obj["metadata"].setdefault("annotations", {})["note"] = "mine"
    obj["metadata"].setdefault("labels", {})["team"] = "shop"


def another_host(obj: Obj) -> None:
    """A colleague's edit of the rules that does not concern our Service."""
    number = len(obj["spec"]["rules"])
    obj["spec"]["rules"].append(rule(path("new"), host=f"new-{number}.test"))

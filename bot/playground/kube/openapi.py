"""As much OpenAPI as kubectl asks for before `apply`: that the server checks fields itself.

kubectl looks for the parameter `fieldValidation` of a kind's patch; finding it, it leaves the checking to the server.
"""

from bot.playground.kube.kinds import API_VERSIONS, RESOURCES, Resource
from strategies.objects import Obj


def _path(api: str) -> str:
    return f"apis/{api}" if "/" in api else f"api/{api}"


def answer(parts: list[str]) -> Obj | None:
    """The document at a path below `/openapi/v3`, None where there is none."""
    if parts == ["openapi", "v3"]:
        return {
            "paths": {_path(api): {"serverRelativeURL": f"/openapi/v3/{_path(api)}"} for api in API_VERSIONS}
        }
    api = "/".join(parts[3:])
    if parts[:2] != ["openapi", "v3"] or api not in API_VERSIONS:
        return None
    paths = {
        f"/{_path(api)}/{r.kind.plural}/{{name}}": _operations(r) for r in RESOURCES if r.kind.api == api
    }
    return {"openapi": "3.0.0", "info": {"title": "playground", "version": "v1"}, "paths": paths}


def _operations(resource: Resource) -> Obj:
    kind = resource.kind
    version = {"group": kind.group, "version": kind.api.rpartition("/")[2], "kind": kind.name}
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")
    ]
    return {
        "patch": {
            "parameters": parameters,
            "responses": {},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": version,
        }
    }

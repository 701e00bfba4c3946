"""The JSON of an AWS ALB action or condition, read in either case of its keys, written in the lower one.

A field that the controller does not know it drops without a word, and the rule then matches everything: what we write
is these shapes and no other.
"""

import json
from typing import Any

from strategies.objects import Labels, Obj

NOTE = "alb.ingress.kubernetes.io/"
ACTION, CONDITIONS = NOTE + "actions.", NOTE + "conditions."
USE = "use-annotation"


def forward(groups: list[tuple[str, str, int]], sticky: int = 0) -> str:
    """An action that divides requests over Services: name, port, weight; `sticky` seconds on one of them.

    >>> forward([("web", "80", 90), ("web-canary", "80", 10)])
    '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web","servicePort":"80","weight":90},{"serviceName":"web-canary","servicePort":"80","weight":10}]}}'
    """
    listed = [{"serviceName": n, "servicePort": port, "weight": weight} for n, port, weight in groups]
    kept = {"targetGroupStickinessConfig": {"enabled": True, "durationSeconds": sticky}} if sticky else {}
    return compact({"type": "forward", "forwardConfig": {"targetGroups": listed, **kept}})


def header(name: str, value: str, *beside: Any) -> str:
    """The condition that a header has a value, after those of the rule it is taken from: all must hold.

    >>> header("X-Canary", "beta")
    '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Canary","values":["beta"]}}]'
    """
    config = {"httpHeaderName": name, "values": [value]}
    return compact([*beside, {"field": "http-header", "httpHeaderConfig": config}])


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def parsed(notes: Labels, key: str) -> Any:
    """An annotation's JSON, None where there is none or it is not JSON."""
    try:
        return json.loads(notes.get(key, ""))
    except ValueError:
        return None


def field(obj: Any, name: str) -> Any:
    """A field whose key is written in either case."""
    if not isinstance(obj, dict):
        return None
    return obj.get(name, obj.get(name[0].upper() + name[1:]))


def groups(action: Any) -> list[Obj]:
    """The target groups of a forward action, none where it does anything else."""
    listed = field(field(action, "forwardConfig"), "targetGroups")
    forwards = field(action, "type") == "forward" and isinstance(listed, list)
    return [g for g in listed if isinstance(g, dict)] if forwards else []


def asks(conditions: Any) -> tuple[str, str] | None:
    """The one header and value that the last condition asks for; None where it is no such one."""
    last = conditions[-1] if isinstance(conditions, list) and conditions else None
    config = field(last, "httpHeaderConfig")
    values = field(config, "values")
    if field(last, "field") != "http-header" or not isinstance(values, list) or len(values) != 1:
        return None
    return str(field(config, "httpHeaderName")), str(values[0])

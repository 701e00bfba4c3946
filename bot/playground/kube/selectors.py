"""Label and field selectors of the query string, and LabelSelector objects as strings."""

import re
from collections.abc import Callable

from bot.playground.kube.answers import bad_request
from strategies.objects import EVENT, NAMESPACE, NODE, POD, SECRET, Kind, Labels, Obj, at, labels_of

Matcher = Callable[[Obj], bool]
_TERM = re.compile(
    r"^\s*([^\s=!,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$|^\s*([^\s=!,()]+)\s*(==|=|!=)\s*([^\s,()=!]*)\s*$"
)
_BARE = re.compile(r"^\s*(!?)\s*([^\s=!,()]+)\s*$")
_FIELDS: dict[Kind, tuple[str, ...]] = {
    EVENT: (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "reason",
        "type",
    ),
    POD: ("spec.nodeName", "spec.restartPolicy", "status.phase", "status.podIP"),
    SECRET: ("type",),
    NAMESPACE: ("status.phase",),
    NODE: ("spec.unschedulable",),
}


def _terms(text: str) -> list[str]:
    return [t for t in re.split(r",(?![^(]*\))", text) if t.strip()]


def labels_matcher(text: str) -> Matcher:
    """A `labelSelector` such as `app=web,track in (a,b),!old`; Refusal 400 where it cannot be read.

    >>> labels_matcher("app=web,!old")({"metadata": {"labels": {"app": "web"}}})
    True
    """
    checks = [_label_check(term) for term in _terms(text)]
    return lambda obj: all(check(labels_of(obj)) for check in checks)


def _label_check(term: str) -> Callable[[Labels], bool]:
    if bare := _BARE.match(term):
        absent, key = bool(bare[1]), bare[2]
        return lambda labels: (key in labels) != absent
    if not (found := _TERM.match(term)):
        raise bad_request(f"unable to parse requirement: {term!r}")
    if found[1]:
        key, values, inside = found[1], {v.strip() for v in found[3].split(",")}, found[2] == "in"
        return lambda labels: (labels.get(key) in values) == inside
    name, value, equal = found[4], found[6], found[5] != "!="
    return lambda labels: (labels.get(name) == value) == equal


def fields_matcher(kind: Kind, text: str) -> Matcher:
    """A `fieldSelector` such as `metadata.name=web`; Refusal 400 for a field the kind does not offer."""
    known = ("metadata.name", "metadata.namespace", *_FIELDS.get(kind, ()))
    checks: list[tuple[str, str, bool]] = []
    for term in _terms(text):
        field, sign, value = re.split(r"(!=|==|=)", term, maxsplit=1) if "=" in term else (term, "", "")
        if field not in known or not sign:
            raise bad_request(f"field label not supported: {field}")
        checks.append((field, value, sign != "!="))
    return lambda obj: all((str(at(obj, *f.split("."), default="")) == v) == equal for f, v, equal in checks)


def selector_text(selector: Obj | None) -> str:
    """A LabelSelector as the scale subresource shows it: `app=web,version=1`."""
    selector = selector or {}
    parts = [f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or []:
        key, values = rule["key"], ",".join(rule.get("values") or [])
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(words.get(rule["operator"], f"!{key}"))
    return ",".join(parts)

"""The parts of a Gateway API rule that we write: matches of an audience, a kept user's cookie, a mirror.

The same for HTTPRoute and GRPCRoute (v1). What the API server fills in by default is compared as if it were written.
"""

from typing import Any

from strategies import cookies
from strategies.lens import Audience, audience
from strategies.objects import Obj

EVERYTHING = {"type": "PathPrefix", "value": "/"}
KEPT_FOR = 3600  # seconds that a kept user's cookie lives


def matches(rule: Obj, *, http: bool) -> list[Obj]:
    """A rule's matches as the server stores them: at least one, an HTTP one always with its path."""
    listed = rule.get("matches") or [{}]
    return [({"path": EVERYTHING} | m) if http else dict(m) for m in listed]


def asking(match: Obj, who: Audience) -> Obj | None:
    """The match, for this audience alone; None where it asks for that header already."""
    header = _header(who)
    had = match.get("headers") or []
    if any(h["name"].lower() == header["name"].lower() for h in had):
        return None
    return {**match, "headers": [*had, header]}


def audiences(match: Obj) -> list[Audience]:
    """Whom the headers of a match could have been written for."""
    return [found for h in match.get("headers") or [] if (found := _audience(h))]


def _header(who: Audience) -> Obj:
    if who.by == "cookie":
        expression = cookies.pattern(who.name, who.value)
        return {"type": "RegularExpression", "name": "Cookie", "value": expression}
    if who.value.startswith("~"):
        return {"type": "RegularExpression", "name": who.name, "value": f"^(?:{who.value[1:]})$"}
    return {"type": "Exact", "name": who.name, "value": who.value}


def _audience(header: Obj) -> Audience | None:
    name, value = str(header["name"]), str(header["value"])
    if header.get("type", "Exact") == "Exact":
        return audience("header", name, value)
    if name.lower() == "cookie":
        found = cookies.read(value)
        return audience("cookie", *found) if found else None
    whole = value.startswith("^(?:") and value.endswith(")$")
    return audience("header", name, f"~{value[4:-2]}") if whole else None


def cookie(kept: Audience, seconds: int = KEPT_FOR) -> str:
    """A `Set-Cookie` that keeps a user, or with -1 forgets."""
    return f"{kept.name}={kept.value}; Path=/; Max-Age={seconds}"


def setting(filters: list[Obj], value: str) -> list[Obj] | None:
    """The filters with this `Set-Cookie` on answers; None where they set a cookie of their own."""
    ours = {"name": "Set-Cookie", "value": value}
    for i, found in enumerate(filters):
        if found["type"] != "ResponseHeaderModifier":
            continue
        changes = found["responseHeaderModifier"]
        listed = [*(changes.get("set") or []), *(changes.get("add") or [])]
        if any(h["name"].lower() == "set-cookie" for h in listed):
            return None
        merged = {**changes, "add": [*(changes.get("add") or []), ours]}
        return [*filters[:i], {**found, "responseHeaderModifier": merged}, *filters[i + 1 :]]
    return [*filters, {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [ours]}}]


def sets(filters: list[Obj], value: str) -> bool:
    """Whether answers get this `Set-Cookie`."""
    return any(
        h["name"].lower() == "set-cookie" and h["value"] == value
        for found in filters
        if found["type"] == "ResponseHeaderModifier"
        for h in found["responseHeaderModifier"].get("add") or []
    )


def mirrors(filter_: Obj, twin: str) -> bool:
    """Whether a filter copies requests to the twin."""
    return bool(filter_["type"] == "RequestMirror" and filter_["requestMirror"]["backendRef"]["name"] == twin)


def mirrored(filters: list[Obj], twin: str) -> int:
    """How many percent of the requests are copied to the twin."""
    found = next((f["requestMirror"] for f in filters if mirrors(f, twin)), None)
    return 0 if found is None else int(found.get("percent", 100))


def mirroring(filters: list[Obj], ref: Obj, percent: int) -> list[Obj]:
    """The filters with so much copied to this backend; those that copy so much already are left as they are."""
    if mirrored(filters, ref["name"]) == percent:
        return filters
    others = [f for f in filters if not mirrors(f, ref["name"])]
    target: dict[str, Any] = {
        k: v for k, v in ref.items() if k in ("group", "kind", "name", "namespace", "port")
    }
    part = {"percent": percent} if percent < 100 else {}
    ours = {"type": "RequestMirror", "requestMirror": {"backendRef": target, **part}}
    return [*others, ours] if percent else others

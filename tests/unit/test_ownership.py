"""Field ownership at the end: none of ours, and everybody else's as it was where the value is."""

from typing import Any

from strategies.objects import HTTPROUTE, Obj
from strategies.ownership import disown
from tests.unit.world import patched

RULES: dict[str, Any] = {"f:spec": {"f:rules": {}}}


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply") -> Obj:
    """As the API server writes it."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def route(rules: list[Obj], *owners: Obj) -> Obj:
    """An HTTPRoute with these rules and owners."""
    meta = {"name": "web", "namespace": "shop", "resourceVersion": "7", "managedFields": list(owners)}
    return {"metadata": meta, "spec": {"hostnames": ["a.example"], "rules": rules}}


def owners(obj: Obj, before: Obj | None) -> list[Obj]:
    """Who owns what after it was given back."""
    write = disown(HTTPROUTE, obj, before)
    assert write is not None
    made = patched(obj, write.ops, "graylight")
    assert made["spec"] == obj["spec"]
    return list(made["metadata"]["managedFields"])


BOTH = entry("kim", {"f:spec": {"f:hostnames": {}, "f:rules": {}}})
LEFT = entry("kim", {"f:spec": {"f:hostnames": {}}})
OURS = entry("graylight", RULES, "Update")
STATUS = entry("gateway", {"f:status": {}}, "Update") | {"subresource": "status"}


def test_who_owned_a_field_before_owns_it_again_where_the_value_is_as_it_was() -> None:
    assert owners(route([], LEFT, OURS, STATUS), route([], BOTH)) == [BOTH, STATUS]


def test_an_owner_of_that_field_alone_is_written_anew() -> None:
    alone = entry("kim", RULES)
    assert owners(route([], OURS), route([], alone)) == [alone]


def test_nobody_is_made_the_owner_of_a_value_that_is_another_one() -> None:
    assert owners(route([{"name": "new"}], LEFT, OURS), route([], BOTH)) == [LEFT]


def test_who_took_a_field_over_meanwhile_keeps_it() -> None:
    edited = entry("lee", RULES, "Update")
    other = entry("graylight", {"f:metadata": {"f:labels": {}}}, "Update")
    assert owners(route([], LEFT, edited, other), route([], BOTH)) == [LEFT, edited]


def test_what_we_never_owned_is_left_alone() -> None:
    assert disown(HTTPROUTE, route([], BOTH), route([], BOTH)) is None
    assert owners(route([], LEFT, OURS), None) == [LEFT]

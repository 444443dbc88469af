"""Our structs beside the Alliance's YAML: the same fields, needed and nullable alike."""

from importlib import resources
from typing import Any, get_args

import msgspec
import pytest
import yaml

from evenload.openadr.v3 import parts, wire

YAML = resources.files("evenload.files") / "data" / "openadr3" / "openadr3-3.1.0.yaml"
SCHEMAS: dict[str, Any] = yaml.safe_load(YAML.read_text())["components"]["schemas"]
STRUCTS = {
    "programRequest": wire.ProgramRequest, "eventRequest": wire.EventRequest, "reportRequest": wire.ReportRequest,
    "subscriptionRequest": wire.SubscriptionRequest, "BlVenRequest": wire.BlVenRequest,
    "VenVenRequest": wire.VenVenRequest, "BlResourceRequest": wire.BlResourceRequest,
    "VenResourceRequest": wire.VenResourceRequest, "interval": parts.Interval, "intervalPeriod": parts.IntervalPeriod,
    "valuesMap": parts.ValuesMap, "point": parts.Point, "eventPayloadDescriptor": parts.EventPayloadDescriptor,
    "reportPayloadDescriptor": parts.ReportPayloadDescriptor, "reportDescriptor": parts.ReportDescriptor,
    "program": wire.Program, "event": wire.Event, "report": wire.Report, "subscription": wire.Subscription,
    "ven": wire.Ven, "resource": wire.Resource, "notification": wire.Notification,
}  # fmt: skip


def flat(schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Properties and those needed, of a schema and all it is made of."""
    if "$ref" in schema:
        return flat(SCHEMAS[schema["$ref"].rsplit("/", 1)[1]])
    properties, needed = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        more, also = flat(part)
        properties, needed = properties | more, needed | also
    return properties, needed


def nullable(schema: dict[str, Any]) -> bool:
    return bool(flat_ref(schema).get("nullable"))


def flat_ref(schema: dict[str, Any]) -> dict[str, Any]:
    return flat_ref(SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]) if "$ref" in schema else schema


@pytest.mark.parametrize("name", STRUCTS)
def test_a_struct_has_the_fields_of_the_yaml(name: str) -> None:
    struct = STRUCTS[name]
    properties, needed = flat(SCHEMAS[name])
    info: Any = msgspec.inspect.type_info(struct)
    ours = {one.encode_name: one for one in info.fields}
    tag = {info.tag_field} if info.tag_field else set()
    assert set(ours) | tag == set(properties)
    assert {one for one, field in ours.items() if field.required} | tag == needed | tag
    for one in ours.keys() - needed:
        may_be_null = type(None) in get_args(
            dict(zip(struct.__struct_encode_fields__, annotations(struct), strict=True))[one]
        )
        assert may_be_null == nullable(properties[one]), one


def annotations(struct: Any) -> list[Any]:
    from typing import get_type_hints  # noqa: PLC0415

    hints = get_type_hints(struct)
    return [hints[one] for one in struct.__struct_fields__]


def test_words_are_those_of_the_yaml() -> None:
    assert list(parts.ObjectType) == SCHEMAS["objectTypes"]["enum"]
    assert set(parts.Operation) == set(SCHEMAS["notification"]["properties"]["operation"]["enum"])

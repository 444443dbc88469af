"""Every schema of the installed `ocpp` package against the structs: what one takes or refuses, so does the other."""

import copy
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema.validators
import msgspec
import pytest
from jsonschema.protocols import Validator

from evenload.ocpp.faults import Fault
from evenload.ocpp.payload import Inbound, decode, encode
from evenload.ocpp.reading import read
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201
from evenload.ocpp.wire import Wire

pytestmark = pytest.mark.requirement("R77")

SPEC = importlib.util.find_spec("ocpp")
assert SPEC is not None
assert SPEC.origin is not None
SCHEMAS = Path(SPEC.origin).parent

# What each version's text calls each kind of fault, written out: OCPP-J 1.6 section 4.2.3, 2.0.1 Part 4 section 4.3.
CODES = {
    "missing": ("ProtocolError", "OccurrenceConstraintViolation"),
    "extra": ("FormationViolation", "ProtocolError"),
    "null": ("TypeConstraintViolation", "TypeConstraintViolation"),
    "type": ("TypeConstraintViolation", "TypeConstraintViolation"),
    "long": ("TypeConstraintViolation", "TypeConstraintViolation"),
    "enum": ("PropertyConstraintViolation", "PropertyConstraintViolation"),
    "range": ("PropertyConstraintViolation", "PropertyConstraintViolation"),
    "items": ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
}


@dataclass(frozen=True)
class Case:
    """One message: its schema and our struct for it."""

    name: str
    schema: Any
    kind: type[Wire]
    codes: dict[str, str]

    def validator(self) -> Validator:
        return jsonschema.validators.validator_for(self.schema)(self.schema)

    def resolve(self, node: Any) -> Any:
        return self.schema["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


@cache
def cases() -> list[Case]:
    found = []
    for index, (dialect, folder, suffix) in enumerate(((OCPP16, "v16", ""), (OCPP201, "v201", "Request"))):
        codes = {kind: pair[index] for kind, pair in CODES.items()}
        for action in dialect.actions:
            for kind, stem in ((action.request, action.name + suffix), (action.response, f"{action.name}Response")):
                schema = json.loads((SCHEMAS / folder / "schemas" / f"{stem}.json").read_text(encoding="utf-8-sig"))
                found.append(Case(f"{folder}-{stem}", schema, kind, codes))
    return found


ALL = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def test_there_is_a_struct_for_every_schema() -> None:
    stems = {
        f"{path.parts[-3]}-{path.stem}" for folder in ("v16", "v201") for path in SCHEMAS.glob(f"{folder}/*/*.json")
    }
    assert {case.name for case in cases()} == stems
    assert len(stems) == 78 + 128


def instance(case: Case, node: Any, *, full: bool) -> Any:
    """A valid instance of a schema: all its fields, or those required."""
    node = case.resolve(node)
    if "enum" in node:
        return node["enum"][-1 if full else 0]
    kind = node.get("type")
    if kind == "array":
        count = max(node.get("minItems", 0), min(2, node.get("maxItems", 2)) if full else 0)
        return [instance(case, node["items"], full=full) for _ in range(count)]
    if kind == "string" and node.get("format") == "date-time":
        return "2026-03-29T01:59:59.25+01:00" if full else "2026-03-29T00:59:59Z"
    if kind == "object":
        wanted = node.get("properties", {}) if full else node.get("required", [])
        made = {name: instance(case, node["properties"][name], full=full) for name in wanted}
        open_ended = full and node.get("additionalProperties") is not False
        return made | ({"vendors": {"own": [1, None]}} if open_ended else {})
    text = "ä" * (node.get("maxLength", 40) if full else 0)
    return {
        "integer": int(node.get("maximum", 7)),
        "number": 16.0,
        "boolean": True,
        "string": text,
        None: {"any": None},
    }[kind]


def same(ours: Any, theirs: Any) -> bool:
    """Equal JSON, times compared as instants."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, str) and theirs.startswith("2026-03-29T"):
        return datetime.fromisoformat(ours) == datetime.fromisoformat(theirs)
    return bool(ours == theirs) and type(ours) is type(theirs)


@ALL
@pytest.mark.parametrize("full", [False, True], ids=["least", "all"])
def test_a_valid_message_survives_the_round_trip(case: Case, full: bool) -> None:
    given = instance(case, case.schema, full=full)
    case.validator().validate(given)
    decoded = decode(msgspec.json.encode(given), case.kind)
    assert not decoded.violations
    assert decoded.value is not None
    assert same(json.loads(encode(decoded.value)), given)


def test_the_test_notices_a_difference() -> None:
    assert not same({"a": 1}, {"a": 2})
    assert not same({"a": [1]}, {"a": [1, 2]})
    assert not same(["2026-03-29T00:00:00Z"], ["2026-03-29T00:00:01Z"])
    assert not same({"a": 1}, {})


Path_ = tuple[str | int, ...]
Mutation = tuple[str, str, Any]  # what kind of fault, where, and the instance that has it


class Mutations:
    """Instances of a schema with one fault each."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.whole = instance(case, case.schema, full=True)

    def __iter__(self) -> Iterator[Mutation]:
        return self.walk(self.case.schema, (), self.whole)

    def walk(self, node: Any, path: Path_, value: Any) -> Iterator[Mutation]:
        node = self.case.resolve(node)
        for kind, bad in wrong(node, value):
            yield self.put(kind, path, bad)
        if node.get("type") == "object":
            yield from self.fields(node, path, value)
        if node.get("type") == "array" and value:
            yield from self.walk(node["items"], (*path, 0), value[0])

    def fields(self, node: Any, path: Path_, value: Any) -> Iterator[Mutation]:
        for name, inner in node.get("properties", {}).items():
            if name in node.get("required", []):
                yield self.change("missing", (*path, name), lambda parent, key: parent.pop(key))
            if "type" in self.case.resolve(inner):
                yield self.put("null", (*path, name), None)
            yield from self.walk(inner, (*path, name), value[name])
        if node.get("additionalProperties") is False:
            yield self.put("extra", (*path, "notInTheSchema"), 1)

    def put(self, kind: str, path: Path_, bad: Any) -> Mutation:
        return self.change(kind, path, lambda parent, key: parent.__setitem__(key, bad))

    def change(self, kind: str, path: Path_, change: Callable[[Any, Any], object]) -> Mutation:
        changed = copy.deepcopy(self.whole)
        inner = changed
        for step in path[:-1]:
            inner = inner[step]
        change(inner, path[-1])
        return kind, "/".join(map(str, path)), changed


def wrong(node: Any, value: Any) -> list[tuple[str, Any]]:
    """Values a schema does not take, with the kind of fault."""
    bounds = wrong_number(node) if node.get("type") in {"integer", "number"} else []
    words = [("enum", "NotAValue"), ("enum", node["enum"][0].swapcase())] if "enum" in node else []
    types = {"string": 12, "boolean": "true", "array": {}}
    typed = [("type", types[node["type"]])] if node.get("type") in types else []
    long = [("long", "x" * (node["maxLength"] + 1))] if "maxLength" in node else []
    few: list[tuple[str, Any]] = [("items", [])] if node.get("minItems") else []
    many = [("items", [value[0]] * (node["maxItems"] + 1))] if "maxItems" in node else []
    return [*bounds, *words, *typed, *long, *few, *many]


def wrong_number(node: Any) -> list[tuple[str, Any]]:
    low = [("range", node["minimum"] - 1)] if "minimum" in node else []
    high = [("range", node["maximum"] + 1)] if "maximum" in node else []
    part = [("type", 1.5)] if node["type"] == "integer" else []
    return [("type", "7"), ("type", True), *low, *high, *part]


@ALL
def test_a_wrong_message_is_refused_by_schema_and_struct_alike(case: Case) -> None:
    validator = case.validator()
    tried = 0
    for kind, where, bad in Mutations(case):
        text = f"{case.name}: {kind} at {where}"
        assert not validator.is_valid(bad), f"{text}: the schema takes it"
        decoded = decode(msgspec.json.encode(bad), case.kind)
        assert decoded.value is None, f"{text}: the struct takes it"
        dialect = OCPP16 if case.name.startswith("v16") else OCPP201
        assert dialect.codes[decoded.refusal.fault] == case.codes[kind], f"{text}: {decoded.refusal}"
        if where:
            assert where.lstrip("/").split("/")[0] in decoded.refusal.where or kind == "extra", text
        tried += 1
    assert tried >= 1


@ALL
def test_the_slow_reading_finds_a_fault_exactly_where_the_typed_decoder_does(case: Case) -> None:
    for full in (False, True):
        given = instance(case, case.schema, full=full)
        value, violations = read(given, case.kind)
        assert not violations
        assert value == decode(msgspec.json.encode(given), case.kind).value
    for kind, where, bad in Mutations(case):
        _, violations = read(bad, case.kind)
        assert violations, f"{case.name}: {kind} at {where}"


@pytest.mark.slow
def test_what_is_mended_is_what_was_meant() -> None:
    """In lenient mode no message is taken whose faults were not all called mended."""
    taken = refused = 0
    for case in cases():
        for kind, where, bad in Mutations(case):
            decoded = decode(msgspec.json.encode(bad), case.kind, Inbound.LENIENT)
            assert decoded.violations, f"{case.name}: {kind} at {where} passed without a word"
            assert (decoded.value is not None) == all(one.mended for one in decoded.violations)
            taken += decoded.value is not None
            refused += decoded.value is None
            if kind == "missing" and "customData" not in where:
                assert decoded.value is None
                assert decoded.refusal.fault is Fault.MISSING_FIELD
    assert taken > 1000
    assert refused > 1000


def test_a_payload_that_is_no_object() -> None:
    for raw, code in ((b"[]", "FormatViolation"), (b"7", "FormatViolation"), (b'{"a":', "FormatViolation")):
        decoded = decode(raw, next(iter(OCPP201.actions)).request)
        assert decoded.value is None
        assert OCPP201.codes[decoded.refusal.fault] == code


def test_stop_transaction_takes_the_unit_that_an_erratum_gave_only_to_meter_values() -> None:
    sample = {"timestamp": "2026-03-29T00:59:59Z", "sampledValue": [{"value": "50", "unit": "Hertz"}]}
    stop = {"transactionId": 1, "timestamp": "2026-03-29T00:59:59Z", "meterStop": 1, "transactionData": [sample]}
    by_name = {case.name: case for case in cases()}
    stopping = by_name["v16-StopTransaction"]
    assert not stopping.validator().is_valid(stop)
    assert decode(msgspec.json.encode(stop), stopping.kind).value is not None
    assert by_name["v16-MeterValues"].validator().is_valid({"connectorId": 1, "meterValue": [sample]})

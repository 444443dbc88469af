"""Program documents as YAML: what is read, what is refused and in which words, and that writing loses nothing."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.files.program_file import (
    program_json,
    program_of_json,
    program_of_text,
    program_schema,
    program_text,
    read_program_file,
)
from evenload.program.document import ProgramDocument

GOOD = """
program_id: evenings
version: 1
name: Evenings off
archetype: direct_load_control_evse
stage: demand_response
timezone: America/New_York
currency: USD
starts_on: 2026-06-01
eligibility:
  segments: [residential]
  devices: {levels: [L2], approved: [{maker: Siemens}]}
consents: [{kind: control}, {kind: data_sharing, required: false, months_valid: 12}]
arms: [{name: nothing, kind: control, share: 0.1}, {name: managed, kind: managed, share: 0.9}]
events:
  seasons: [{name: summer, first: 06-01, last: 09-30}]
  hours: [{start: 17:00, end: 21:00}]
  limits: [{most: 1, per: day}]
opt_out: {per_event: true, per_month_max: 3}
incentives:
  - {kind: per_kwh, amount: 0.017155}
  - {kind: enrol_bonus, amount: 25}
"""


def test_a_document_is_read_with_exact_amounts_and_plain_clock_times() -> None:
    document = program_of_text(GOOD)
    assert document.incentives[0].amount == Decimal("0.017155")
    assert document.events is not None
    assert str(document.events.hours[0]) == "17:00-21:00"  # YAML reads 17:00 without quotes as a number
    assert document.arms[0].share == Decimal("0.1")


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("direct_load_control_evse", "direct_load_control_evs",
         "archetype = 'direct_load_control_evs' is no word for it. Did you mean 'direct_load_control_evse'?"),
        ("segments:", "segmnts:", "eligibility.segmnts is not a key of eligibility. Did you mean 'segments'?"),
        ("events:", "evnts:", "evnts is not a key of a program document. Did you mean 'events'?"),
        ("most: 1", "mst: 1", "events.limits.1.mst is not a key of limits. Did you mean 'most'?"),
        ("most: 1", "most: one", "events.limits.1.most = 'one': should be a whole number, not in quotes"),
        ("version: 1", "version: '1'", "version = '1': should be a whole number, not in quotes"),
        ("version: 1", "version: 1.5", "version = 1.5: should be a whole number"),
        ("start: 17:00", "start: 25:00", "hours 25:00-21:00: '25:00' is not a clock time between 00:00 and 24:00"),
        ("first: 06-01", "first: 13-01", "season 'summer': first = '13-01' is no day of the year such as 06-01"),
        ("[{kind: control}, ", "[", "archetype direct_load_control_evse needs a consent of kind control"),
        ("amount: 25", "amount: many", "incentives.2.amount = 'many': should be a number, such as 25 or 0.05"),
        ("amount: 25", "amount: .nan", "a number is not finite"),
        ("amount: 25", "amount: [25]", "incentives.2.amount: should be a number, such as 25 or 0.05"),
        ("share: 0.9", "share: 0.8", "arms: the shares 0.1 + 0.8 add up to 0.9, not to 1"),
        ("starts_on: 2026-06-01", "starts_on: June", "starts_on = 'June': should be a date such as 2026-06-01"),
        ("name: Evenings off\n", "", "name is missing"),
        ("opt_out: {per_event: true,", "opt_out: {per_event: maybe,",
         "opt_out.per_event = 'maybe': should be true or false"),
        ("segments: [residential]", "segments: residential",
         "eligibility.segments = 'residential': should be a list, such as [a, b]"),
        ("opt_out: {per_event: true, per_month_max: 3}", "opt_out: yes",
         "opt_out = True: should be keys with values in braces, or indented"),
    ],
)  # fmt: skip
def test_wrong_documents_are_refused_by_key_and_value(right: str, wrong: str, sentence: str) -> None:
    assert right in GOOD
    with pytest.raises(InputError) as refused:
        program_of_text(GOOD.replace(right, wrong, 1))
    assert str(refused.value).startswith(sentence)


def test_a_misspelt_key_is_told_before_the_one_it_leaves_missing() -> None:
    with pytest.raises(InputError) as refused:
        program_of_text(GOOD.replace("maker:", "mker:"))
    first, second = str(refused.value).splitlines()
    assert first.startswith("eligibility.devices.approved.1.mker is not a key of approved. Did you mean 'maker'?")
    assert second == "eligibility.devices.approved.1.maker is missing"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1, 2]", "the document holds no keys with values, such as `program_id: evenings`"),
        ("a: [", "the document is not YAML"),
        ("version: 1\nversion: 2", "the key 'version' stands twice"),
        ("1: 2", "1 is not a key of a program document"),
    ],
)
def test_what_is_no_document_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        program_of_text(text)
    assert sentence in str(refused.value)


def test_faults_of_a_file_are_told_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "evenings.yaml"
    path.write_text(GOOD.replace("version: 1", "version: 0"), encoding="utf-8")
    with pytest.raises(InputError, match=r"evenings\.yaml: version = 0: give a whole number of 1 or more"):
        read_program_file(path)
    path.write_text(GOOD, encoding="utf-8")
    assert read_program_file(path) == program_of_text(GOOD)
    with pytest.raises(InputError, match="does not exist"):
        read_program_file(tmp_path / "none.yaml")


def test_json_and_yaml_hold_the_same_and_keep_to_the_published_schema() -> None:
    document = program_of_text(GOOD)
    told = program_json(document)
    assert program_of_json(json.dumps(told)) == document
    schema = program_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    jsonschema.validate(json.loads(json.dumps(yaml.safe_load(program_text(document)), default=str)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**told, "evnts": {}}, schema)


def test_every_key_of_the_schema_is_described() -> None:
    parts: list[dict[str, Any]] = [program_schema(), *program_schema()["$defs"].values()]
    bare = [
        f"{part['title']}.{name}"
        for part in parts
        for name, key in part.get("properties", {}).items()
        if not key.get("description")
    ]
    assert bare == []


AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=6)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    amounts=st.lists(AMOUNTS, min_size=1, max_size=4),
    name=WORDS.filter(str.strip),
    remark=WORDS,
    day=st.dates(),
    clock=st.integers(0, 1438),
)
def test_whatever_is_written_reads_back_the_same(
    amounts: list[Decimal], name: str, remark: str, day: Any, clock: int
) -> None:  # fmt: skip
    told = {
        **program_json(program_of_text(GOOD)),
        "name": name, "remarks": [remark], "starts_on": day.isoformat(),
        "incentives": [{"kind": "per_year", "amount": str(amount)} for amount in amounts],
        "periods": [{"name": "p", "hours": {"start": f"{clock // 60:02d}:{clock % 60:02d}", "end": "23:59"}}],
    }  # fmt: skip
    document: ProgramDocument = program_of_json(json.dumps(told))
    assert [term.amount for term in document.incentives] == amounts
    assert program_of_text(program_text(document)) == document

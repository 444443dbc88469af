"""Whatever a station may send is answered in form, and stories told in any order, twice or in part stay one story."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.domain.station import Registration
from evenload.domain.station_events import (
    CertificateRequested,
    DataReceived,
    ProgressReported,
    SecurityNoticed,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality
from evenload.ocpp.action import Role
from evenload.ocpp.desk import Blocks
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.desk import BLOCKS as BLOCKS16
from evenload.ocpp.v201 import OCPP201
from evenload.ocpp.v201.desk import BLOCKS as BLOCKS201

pytestmark = pytest.mark.requirement("R77")

NOT_DONE = {"Get15118EVCertificate", "GetCertificateStatus"}
BY_STATION = [
    (dialect, action.name)
    for dialect in (OCPP16, OCPP201)
    for action in dialect.actions
    if Role.STATION in action.sent_by
]


def instance(schema: Any, node: Any, *, full: bool) -> Any:
    """A valid instance of a schema: all its fields, or those required."""
    node = schema["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    if "enum" in node:
        return node["enum"][-1 if full else 0]
    kind = node.get("type")
    if kind == "object":
        wanted = node.get("properties", {}) if full else node.get("required", [])
        return {name: instance(schema, node["properties"][name], full=full) for name in wanted}
    if kind == "array":
        return [instance(schema, node["items"], full=full)]
    if node.get("format") == "date-time":
        return "2026-03-28T21:00:00Z"
    plain = {"integer": 1, "number": 16, "boolean": True, "string": "x", None: "any"}
    return plain[kind]


@pytest.mark.parametrize("full", [False, True], ids=["least", "all"])
@pytest.mark.parametrize(("dialect", "action"), BY_STATION, ids=lambda one: getattr(one, "subprotocol", one))
def test_every_message_of_a_station_is_answered_in_form(
    booted: Callable[..., Any], schema_of: Callable[..., Any], dialect: Dialect, action: str, full: bool
) -> None:
    one = booted(dialect)
    schema = json.loads(json.dumps(schema_of(dialect.subprotocol, action), default=float))
    answer = one.says(action, instance(schema, schema, full=full))  # held against the schema of the response
    assert (answer == "NotSupported") == (action in NOT_DONE)
    assert one.desk.dossier.registration is Registration.ACCEPTED


@pytest.mark.parametrize(("dialect", "blocks"), [(OCPP16, BLOCKS16), (OCPP201, BLOCKS201)], ids=["16", "201"])
def test_every_block_is_of_an_action_of_the_version(dialect: Dialect, blocks: Blocks) -> None:
    assert set(blocks.taken) <= {name for own, name in BY_STATION if own is dialect}
    assert set(blocks.answered) <= {action.response for action in dialect.actions}


@pytest.mark.parametrize("dialect", [OCPP16, OCPP201], ids=["16", "201"])
def test_a03_and_a04_and_p02_and_16_a03_and_16_a04_and_16_4_3_notices_keep_the_station_s_words(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect, vendors=frozenset({"ours"}))
    when = "2026-03-28T21:00:00Z"
    one.says("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": when, "techInfo": "lid"})
    one.says("SignCertificate", {"csr": "PEM"})
    one.says("LogStatusNotification", {"status": "Uploading"})
    [security], [asked], [log] = one.of(SecurityNoticed), one.of(CertificateRequested), one.of(ProgressReported)
    assert (security.kind, security.info, security.at.hour) == ("TamperDetectionActivated", "lid", 21)
    assert asked.request_pem == "PEM"
    assert (log.task, log.progress) == ("log", "Uploading")
    data = {"vendorId": "ours", "messageId": "m", "data": "d"}
    assert one.says("DataTransfer", data) == {"status": "Accepted"}
    assert one.says("DataTransfer", {**data, "vendorId": "theirs"}) == {"status": "UnknownVendorId"}
    assert [(event.vendor, event.data) for event in one.of(DataReceived)] == [("ours", "d"), ("theirs", "d")]


def test_16_4_4_and_16_4_5_how_far_diagnostics_and_firmware_have_come_is_kept(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    assert one.says("DiagnosticsStatusNotification", {"status": "UploadFailed"}) == {}
    assert one.says("FirmwareStatusNotification", {"status": "Downloading"}) == {}
    told = [(event.task, event.progress) for event in one.of(ProgressReported)]
    assert told == [("diagnostics", "UploadFailed"), ("firmware", "Downloading")]


# stories

EVENTS = 6
ORDER = st.lists(st.integers(0, EVENTS - 1), min_size=1, max_size=20)


def tell(talk: Any, number: int) -> None:
    """The event of that number of one transaction: 0 starts it, the last ends it; the meter counts 1 kWh an event."""
    kind = "Started" if number == 0 else "Ended" if number == EVENTS - 1 else "Updated"
    at = f"2026-03-28T21:{number:02d}:00Z"
    sample = {"value": 1000.0 * number, "measurand": "Energy.Active.Import.Register"}
    talk.says("TransactionEvent", {
        "eventType": kind, "timestamp": at, "triggerReason": "Trigger", "seqNo": number, "evse": {"id": 1},
        "transactionInfo": {"transactionId": "tx"}, "meterValue": [{"timestamp": at, "sampledValue": [sample]}],
    })  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=ORDER)
def test_e11_to_e13_a_transaction_told_in_any_order_twice_or_in_part_is_one_transaction(
    booted: Callable[..., Any], order: list[int]
) -> None:
    one = booted(OCPP201)
    one.now += timedelta(hours=1)
    for number in order:
        tell(one, number)
    told = set(order)
    starts, ends = one.of(TransactionStarted), one.of(TransactionEnded)
    assert [event.quality for event in starts].count(Quality.MEASURED) == (0 in told)
    assert len(starts) <= 2  # concluded from what came first, then told
    assert len(ends) == (EVENTS - 1 in told)
    assert len(one.of(TransactionUpdated)) == len(told - {0, EVENTS - 1})
    known = one.desk.dossier.transactions.find("tx")
    assert known.sequences.missing == set(range(max(told))) - told
    if ends and ends[0].energy_quality is Quality.MEASURED:
        assert ends[0].energy_kwh == EVENTS - 1
    assert (known.ended is Quality.MEASURED) == (EVENTS - 1 in told)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["start", "stop", "lost stop", "again"]), st.integers(1, 2)), max_size=25),
    own_ids=st.sampled_from(["told", "-1"]),
)
def test_16_3_5_and_16_3_7_offline_stories_leave_every_transaction_ended_once_and_energy_right(
    booted: Callable[..., Any], steps: list[tuple[str, int]], own_ids: str
) -> None:
    """Two connectors charge by turns, each with its own meter and tag; stops get lost, messages come again."""
    one = booted(OCPP16)
    clock, meters = one.now, {1: 0, 2: 500_000}
    one.now += timedelta(days=1)
    open_on: dict[int, int] = {}
    last: tuple[str, dict[str, Any]] | None = None
    energy: dict[str, float] = {}
    begun: dict[str, int] = {}
    for what, connector in steps:
        clock += timedelta(minutes=5)
        if what == "again" and last:
            one.says(*last)
        elif what == "start":
            open_on.pop(connector, None)
            at = clock.isoformat()
            last = ("StartTransaction", {"connectorId": connector, "idTag": f"T{connector}", "timestamp": at,
                                         "meterStart": meters[connector]})  # fmt: skip
            open_on[connector] = one.says(*last)["transactionId"]
            begun[str(open_on[connector])] = meters[connector]
        elif what in ("stop", "lost stop") and connector in open_on:
            own_id = open_on.pop(connector)
            meters[connector] += 3000
            if what == "stop":
                energy[str(own_id)] = (meters[connector] - begun[str(own_id)]) / 1000
                given_id = own_id if own_ids == "told" else -1
                payload = {"transactionId": given_id, "idTag": f"T{connector}", "meterStop": meters[connector]}
                last = ("StopTransaction", {**payload, "timestamp": clock.isoformat()})
                one.says(*last)
    measured = [event for event in one.of(TransactionEnded) if event.quality is Quality.MEASURED]
    assert {event.transaction_id: event.energy_kwh for event in measured} == energy
    assert len(measured) == len(energy)
    assert len({event.transaction_id for event in one.of(TransactionStarted)}) == len(begun)
    assert all((event.energy_kwh or 0) >= 0 for event in one.of(TransactionEnded))

"""What stations in the field send, read in lenient mode."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.ocpp.faults import Fault
from evenload.ocpp.payload import Decoded, Inbound, decode
from evenload.ocpp.reading import read
from evenload.ocpp.v16.wire import core
from evenload.ocpp.v16.wire.datatypes import AuthorizationStatus, IdTagInfo
from evenload.ocpp.v201.wire.availability import HeartbeatRequest
from evenload.ocpp.v201.wire.smart_charging import NotifyEVChargingNeedsRequest
from evenload.ocpp.v201.wire.transactions import TransactionEventRequest
from evenload.ocpp.wire import CustomData, Wire

pytestmark = pytest.mark.requirement("R77")


def lenient(payload: Any, kind: type[Wire]) -> Decoded:
    return decode(json.dumps(payload).encode(), kind, Inbound.LENIENT)


def meter_values(timestamp: Any = "2026-01-01T00:00:00Z", **sample: Any) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": timestamp, "sampledValue": [{"value": "1"} | sample]}]}


def sample_of(payload: dict[str, Any]) -> tuple[core.SampledValue, list[Fault]]:
    decoded = lenient(payload, core.MeterValuesRequest)
    assert isinstance(decoded.value, core.MeterValuesRequest)
    [meter_value] = decoded.value.meter_value
    return meter_value.sampled_value[0], [one.fault for one in decoded.violations]


def test_an_unknown_unit_does_not_lose_the_message_nor_pass_for_a_known_unit() -> None:
    """lbbrhzn/ocpp issue 1576: the unit Hz killed the whole message."""
    sample, found = sample_of(meter_values(value="50", unit="Hz"))
    assert found == [Fault.NOT_A_VALUE]
    assert isinstance(sample.unit, core.UnitOfMeasure)
    assert sample.unit == "Hz"
    assert all(sample.unit is not unit and sample.unit != unit for unit in core.UnitOfMeasure)


def test_a_known_word_in_the_wrong_case() -> None:
    sample, found = sample_of(meter_values(unit="WH"))
    assert sample.unit is core.UnitOfMeasure.WH
    assert found == [Fault.NOT_A_VALUE]


def test_numbers_where_text_is_wanted() -> None:
    sample, found = sample_of(meter_values(value=230.5))
    assert sample.value == "230.5"
    assert found == [Fault.WRONG_TYPE]


def test_a_long_serial_number_is_kept() -> None:
    """mobilityhouse/ocpp issue 128: 26 characters where 25 are allowed."""
    boot = {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "S" * 26}
    decoded = lenient(boot, core.BootNotificationRequest)
    assert isinstance(decoded.value, core.BootNotificationRequest)
    assert decoded.value.charge_point_serial_number == "S" * 26
    assert [one.fault for one in decoded.violations] == [Fault.TOO_LONG]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T02:00:00", datetime(2026, 1, 1, 2, tzinfo=UTC)),
        ("2026-01-01T02:00:00+02", datetime(2026, 1, 1, 0, tzinfo=UTC)),
        ("2026-01-01 02:00:00Z", datetime(2026, 1, 1, 2, tzinfo=UTC)),
        ("20260101T020000Z", datetime(2026, 1, 1, 2, tzinfo=UTC)),
    ],
)
def test_16_3_14_and_16_3_15_times_that_are_not_quite_rfc_3339(text: str, expected: datetime) -> None:
    """evcc issue 10399 (no zone), monta-app/ocpp-emulator issue 5 (+02)."""
    decoded = lenient(meter_values(text), core.MeterValuesRequest)
    assert isinstance(decoded.value, core.MeterValuesRequest)
    assert decoded.value.meter_value[0].timestamp == expected
    mended = {one.fault for one in decoded.violations}
    assert mended <= {Fault.NOT_A_TIME}
    assert decode(json.dumps(meter_values(text)).encode(), core.MeterValuesRequest).value is None or not mended


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14", 1767225600])
def test_a_time_nobody_can_know_is_refused(text: Any) -> None:
    assert lenient(meter_values(text), core.MeterValuesRequest).value is None


def test_nulls_and_empty_strings_stand_for_absent() -> None:
    info = {"status": "Accepted", "expiryDate": "", "parentIdTag": None}
    decoded = lenient({"idTagInfo": info}, core.AuthorizeResponse)
    assert decoded.value == core.AuthorizeResponse(id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED))
    assert [one.fault for one in decoded.violations] == [Fault.NOT_A_TIME, Fault.NULL_FIELD]
    assert decode(json.dumps({"idTagInfo": info}).encode(), core.AuthorizeResponse).value is None


def test_numbers_and_truths_as_text() -> None:
    event = {
        "eventType": "Updated", "timestamp": "2026-01-01T00:00:00Z", "triggerReason": "MeterValuePeriodic",
        "seqNo": "3", "offline": "True", "numberOfPhasesUsed": 3.0, "transactionInfo": {"transactionId": 77},
    }  # fmt: skip
    decoded = lenient(event, TransactionEventRequest)
    assert isinstance(decoded.value, TransactionEventRequest)
    assert (decoded.value.seq_no, decoded.value.offline, decoded.value.number_of_phases_used) == (3, True, 3)
    assert decoded.value.transaction_info.transaction_id == "77"
    assert [one.where for one in decoded.violations] == [
        "$.seqNo",
        "$.transactionInfo.transactionId",
        "$.offline",
        "$.numberOfPhasesUsed",
    ]


@pytest.mark.parametrize("soc", ["150", 150, True, [], "high", 1e999])
def test_a_state_of_charge_nobody_can_mean_is_refused(soc: Any) -> None:
    parameters = {"evMaxCurrent": 1, "evMaxVoltage": 1, "stateOfCharge": soc}
    needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", "dcChargingParameters": parameters}}
    raw = json.dumps(needs).replace("Infinity", "1e999").encode()
    assert decode(raw, NotifyEVChargingNeedsRequest, Inbound.LENIENT).value is None


def test_custom_data_is_kept_as_it_came() -> None:
    custom = {"vendorId": "us", "deep": {"list": [1, None, "x"]}}
    decoded = decode(json.dumps({"customData": custom}).encode(), HeartbeatRequest)
    assert decoded.value == HeartbeatRequest(custom_data=CustomData(custom))
    assert lenient({"customData": {"deep": 1}}, HeartbeatRequest).value is not None


def test_the_word_null_in_a_text_is_no_null() -> None:
    request = {"vendorId": "null", "data": "null"}
    assert decode(json.dumps(request).encode(), core.DataTransferRequest).value == core.DataTransferRequest(
        vendor_id="null", data="null"
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "connectorId": JSON | st.integers(),
        "transactionId": JSON | st.integers(),
        "meterValue": JSON
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "timestamp": JSON | st.datetimes().map(lambda at: at.isoformat() + "Z"),
                    "sampledValue": JSON
                    | st.lists(
                        st.fixed_dictionaries({}, optional={"value": JSON | st.text(), "unit": JSON | st.just("Wh")})
                    ),
                },
            )
        ),
    },
)


@given(FIELDS)
def test_whatever_comes_the_two_readings_agree(payload: dict[str, Any]) -> None:
    """The typed decoder takes a payload exactly where the walk finds nothing wrong, and then they read the same."""
    raw = json.dumps(payload).encode()
    strict = decode(raw, core.MeterValuesRequest)
    value, violations = read(json.loads(raw), core.MeterValuesRequest)
    assert (strict.value is not None) == (not violations)
    if strict.value is not None:
        assert strict.value == value
    mended = decode(raw, core.MeterValuesRequest, Inbound.LENIENT)
    assert (mended.value is None) == any(not one.mended for one in violations)

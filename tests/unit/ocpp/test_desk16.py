"""A desk of OCPP 1.6, spoken to in plain JSON. Numbers in names are sections of the 1.6 edition 2 text."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from evenload.domain.station import ConnectorStatus, Registration, TokenStatus, Verdict
from evenload.domain.station_events import (
    AuthorisationAsked,
    MeterFaultFound,
    MeterSampled,
    StationBooted,
    StationSeen,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUnplaced,
)
from evenload.domain.station_readings import MeterFault, Quality
from evenload.ocpp.records import KnownTransaction, MemoryRecords

pytestmark = pytest.mark.requirement("R77")


def start(talk: Any, at: str = "2026-03-28T22:00:00Z", **over: Any) -> dict[str, Any]:
    return talk.says(
        "StartTransaction", {"connectorId": 1, "idTag": "Tag-A", "meterStart": 1000, "timestamp": at, **over}
    )


def stop(talk: Any, transaction_id: int, at: str = "2026-03-28T23:00:00Z", **over: Any) -> dict[str, Any]:
    return talk.says("StopTransaction", {"transactionId": transaction_id, "meterStop": 8000, "timestamp": at, **over})


def test_16_4_2_boot_is_answered_with_time_and_interval_and_the_station_is_set_up(talk: Callable[..., Any]) -> None:
    one = talk(heartbeat_s=240)
    answer = one.says("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One"})
    assert answer == {"status": "Accepted", "currentTime": "2026-03-28T22:00:00Z", "interval": 240}
    [event] = one.of(StationBooted)
    assert (event.details.vendor, event.details.model, event.registration) == ("Acme", "One", Registration.ACCEPTED)
    called = [action for action, _ in one.answer_all()]
    assert called == ["GetConfiguration", *["ChangeConfiguration"] * 3]
    one.says("Heartbeat", {})
    assert not one.calls  # set up once


def test_16_4_2_a_pending_station_may_only_boot(talk: Callable[..., Any]) -> None:
    records = MemoryRecords(registered=Registration.PENDING)
    one = talk(records=records, retry_boot_s=30)
    assert one.says("Heartbeat", {}) == "SecurityError"
    answer = one.says("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One"})
    assert (answer["status"], answer["interval"]) == ("Pending", 30)
    assert not one.calls
    assert start(one) == "SecurityError"
    assert not one.of(TransactionStarted)
    records.registered = Registration.ACCEPTED
    assert one.says("BootNotification", {"chargePointVendor": "A", "chargePointModel": "B"})["status"] == "Accepted"
    assert one.calls


def test_16_4_6_heartbeat_tells_the_time(booted: Callable[..., Any]) -> None:
    one = booted()
    one.now += timedelta(seconds=90.5)
    assert one.says("Heartbeat", {}) == {"currentTime": "2026-03-28T22:01:30.500000Z"}
    assert len(one.of(StationSeen)) == 1


def test_a_socket_that_comes_back_without_a_boot_is_set_up_all_the_same(talk: Callable[..., Any]) -> None:
    one = talk()
    one.says("Heartbeat", {})
    assert one.next_call()[0] == "GetConfiguration"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", ConnectorStatus.AVAILABLE),
        ("SuspendedEVSE", ConnectorStatus.SUSPENDED_BY_STATION),
        ("SuspendedEV", ConnectorStatus.SUSPENDED_BY_VEHICLE),
        ("Finishing", ConnectorStatus.FINISHING),
    ],
)
def test_16_4_9_status_of_a_connector(booted: Callable[..., Any], word: str, status: ConnectorStatus) -> None:
    one = booted()
    payload = {"connectorId": 2, "errorCode": "NoError", "status": word, "timestamp": "2026-03-28T21:59:00Z"}
    assert one.says("StatusNotification", payload) == {}
    [event] = one.of(StatusChanged)
    assert (event.evse_id, event.connector_id, event.status, event.error) == (2, 1, status, "")
    assert event.at.minute == 59


def test_16_4_9_a_fault_keeps_the_station_s_words(booted: Callable[..., Any]) -> None:
    one = booted()
    payload = {"connectorId": 0, "errorCode": "OtherError", "status": "Faulted", "vendorErrorCode": "E7", "info": "hot"}
    one.says("StatusNotification", payload)
    [event] = one.of(StatusChanged)
    assert (event.evse_id, event.connector_id, event.error, event.info) == (0, 0, "OtherError E7", "hot")


def test_16_4_1_a_token_is_answered_and_the_answer_is_durable(booted: Callable[..., Any]) -> None:
    one = booted(records=MemoryRecords(tokens={"tag-b": Verdict(TokenStatus.BLOCKED)}))
    assert one.says("Authorize", {"idTag": "TAG-B"}) == {"idTagInfo": {"status": "Blocked"}}
    assert one.durable
    [event] = one.of(AuthorisationAsked)
    assert event.status is TokenStatus.BLOCKED


def test_16_4_8_and_16_4_10_a_transaction_from_start_to_stop(booted: Callable[..., Any]) -> None:
    one = booted()
    answer = start(one)
    assert answer == {"idTagInfo": {"status": "Accepted"}, "transactionId": 1}
    assert one.durable
    one.now += timedelta(hours=1)
    assert stop(one, 1, idTag="Tag-A", reason="EVDisconnected") == {"idTagInfo": {"status": "Accepted"}}
    [began], [ended] = one.of(TransactionStarted), one.of(TransactionEnded)
    assert (began.transaction_id, began.register_kwh, began.offline) == ("1", 1.0, False)
    assert (ended.transaction_id, ended.evse_id, ended.reason) == ("1", 1, "EVDisconnected")
    assert (ended.energy_kwh, ended.energy_quality, ended.quality) == (7.0, Quality.MEASURED, Quality.MEASURED)


def test_16_3_7_and_16_4_8_a_start_told_again_gets_the_same_id_and_happens_once(booted: Callable[..., Any]) -> None:
    one = booted()
    assert start(one)["transactionId"] == start(one, idTag="TAG-A")["transactionId"] == 1
    assert one.durable
    assert len(one.of(TransactionStarted)) == 1
    assert start(one, "2026-03-28T22:00:01Z")["transactionId"] == 2


def test_16_3_7_and_16_4_10_a_stop_told_again_happens_once_with_its_readings(booted: Callable[..., Any]) -> None:
    one = booted()
    start(one)
    data = [{"timestamp": "2026-03-28T22:30:00Z", "sampledValue": [{"value": "4000"}]}]
    for _ in range(2):
        stop(one, 1, transactionData=data)
        assert one.durable
    assert len(one.of(TransactionEnded)) == len(one.of(MeterSampled)) == 1


def test_16_3_5_an_offline_transaction_told_late_keeps_its_own_times(booted: Callable[..., Any]) -> None:
    one = booted()
    one.now += timedelta(hours=9)
    start(one)
    stop(one, 1)
    [began], [ended] = one.of(TransactionStarted), one.of(TransactionEnded)
    assert (began.at.hour, ended.at.hour, began.offline, ended.offline) == (22, 23, True, True)
    assert began.received_at == one.now


@pytest.mark.parametrize("given", [-1, 0, -17])
def test_16_3_5_and_16_4_10_a_stop_without_a_known_id_is_of_the_transaction_it_fits(
    booted: Callable[..., Any], given: int
) -> None:
    """Two were begun offline on two connectors; the token tells which one ended."""
    one = booted()
    one.now += timedelta(hours=9)
    start(one)
    start(one, "2026-03-28T22:05:00Z", connectorId=2, idTag="Tag-B", meterStart=500)
    stop(one, given, idTag="tag-b", meterStop=2500)
    [ended] = one.of(TransactionEnded)
    assert (ended.transaction_id, ended.evse_id, ended.energy_kwh) == ("2", 2, 2.0)


def test_16_4_10_of_several_that_fit_the_oldest_ended(booted: Callable[..., Any]) -> None:
    one = booted()
    one.now += timedelta(hours=9)
    for hour in (1, 2, 3):
        start(one, f"2026-03-29T0{hour}:00:00Z", connectorId=hour, meterStart=1000 * hour)
    stop(one, -1, "2026-03-29T04:00:00Z")
    assert [event.transaction_id for event in one.of(TransactionEnded)] == ["1"]


def test_16_3_7_and_16_4_10_a_stop_without_an_id_told_again_ends_nobody_else(booted: Callable[..., Any]) -> None:
    one = booted()
    one.now += timedelta(hours=9)
    start(one)
    start(one, "2026-03-28T22:05:00Z", connectorId=2, idTag="Tag-B", meterStart=500)
    for _ in range(2):
        stop(one, -1, idTag="Tag-A")
    assert [event.transaction_id for event in one.of(TransactionEnded)] == ["1"]


def test_16_4_7_and_16_4_10_a_made_up_id_is_learned_from_meter_values(booted: Callable[..., Any]) -> None:
    """A station that numbers by itself: its id becomes known at the connector, then its stop is placed."""
    one = booted()
    start(one)
    start(one, "2026-03-28T22:00:10Z", connectorId=2)
    value = {"timestamp": "2026-03-28T22:10:00Z", "sampledValue": [{"value": "3000"}]}
    one.says("MeterValues", {"connectorId": 2, "transactionId": 77, "meterValue": [value]})
    assert one.of(MeterSampled)[0].transaction_id == "2"
    stop(one, 77)
    assert one.of(TransactionEnded)[0].transaction_id == "2"


def test_16_4_10_a_stop_nobody_can_place_is_acknowledged_and_kept(booted: Callable[..., Any]) -> None:
    one = booted()
    assert stop(one, 4711) == {}
    assert one.durable
    [event] = one.of(TransactionUnplaced)
    assert event.transaction_id == "4711"
    assert "8 kWh" in event.text


def test_16_4_10_a_stop_lost_in_a_power_cut_is_concluded_by_the_next_start_and_may_still_come(
    booted: Callable[..., Any],
) -> None:
    one = booted()
    one.now += timedelta(hours=11)
    start(one)
    value = {"timestamp": "2026-03-28T22:30:00Z", "sampledValue": [{"value": "3500"}]}
    one.says("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]})
    start(one, "2026-03-29T08:00:00Z", meterStart=3500)
    [concluded] = one.of(TransactionEnded)
    assert (concluded.transaction_id, concluded.quality, concluded.energy_kwh) == ("1", Quality.ESTIMATED, 2.5)
    assert concluded.at.isoformat() == "2026-03-28T22:30:00+00:00"
    stop(one, 1, "2026-03-28T22:40:00Z", meterStop=3600)
    [_, told] = one.of(TransactionEnded)
    assert (told.transaction_id, told.quality, told.energy_kwh) == ("1", Quality.MEASURED, 2.6)


def test_16_4_9_available_after_a_restart_concludes_what_was_in_the_midst(booted: Callable[..., Any]) -> None:
    one = booted()
    start(one)
    free = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    one.says("StatusNotification", free)
    assert not one.of(TransactionEnded)  # without a restart the stop is on its way
    one.now += timedelta(minutes=5)
    one.says("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One"})
    one.says("StatusNotification", free)
    [concluded] = one.of(TransactionEnded)
    assert (concluded.quality, concluded.energy_kwh) == (Quality.ESTIMATED, None)
    assert one.durable


def test_16_4_10_a_meter_that_shows_less_at_the_end_gives_an_estimate(booted: Callable[..., Any]) -> None:
    one = booted()
    start(one, meterStart=900_000)
    for minute, watt_hours in ((10, 902_000), (20, 100), (30, 1100)):
        value = {"timestamp": f"2026-03-28T22:{minute}:00Z", "sampledValue": [{"value": str(watt_hours)}]}
        one.says("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]})
    stop(one, 1, meterStop=2100)
    [ended] = one.of(TransactionEnded)
    assert (ended.energy_kwh, ended.energy_quality) == (pytest.approx(2 + 1 + 1), Quality.ESTIMATED)


def test_16_4_7_readings_after_the_stop_belong_to_the_transaction_and_do_not_revive_it(
    booted: Callable[..., Any],
) -> None:
    one = booted()
    start(one)
    stop(one, 1)
    value = {"timestamp": "2026-03-28T23:00:00Z", "sampledValue": [{"value": "8000", "context": "Transaction.End"}]}
    one.says("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]})
    assert one.of(MeterSampled)[-1].transaction_id == "1"
    assert one.desk.dossier.transactions.open() == []


def test_transactions_known_from_before_a_restart_of_ours_go_on(booted: Callable[..., Any]) -> None:
    records = MemoryRecords()
    begun = KnownTransaction("9", 1, booted().now, "tag-a", 1.0)
    records.transactions = [begun]
    one = booted(records=records)
    stop(one, 9)
    assert one.of(TransactionEnded)[0].energy_kwh == 7.0


@pytest.mark.parametrize("told", ["1970-01-01T00:03:00Z", "2026-03-29T02:00:00Z"])
def test_16_4_8_a_clock_that_is_wrong_does_not_date_a_transaction(booted: Callable[..., Any], told: str) -> None:
    one = booted()
    start(one, told)
    assert one.of(TransactionStarted)[0].at == one.now


def test_16_4_7_a_sample_of_an_impossible_time_is_an_estimate_of_now(booted: Callable[..., Any]) -> None:
    one = booted()
    value = {"timestamp": "2000-01-01T00:00:00Z", "sampledValue": [{"value": "3500"}]}
    one.says("MeterValues", {"connectorId": 1, "meterValue": [value]})
    [reading] = one.of(MeterSampled)[0].readings
    assert (reading.at, reading.quality) == (one.now, Quality.ESTIMATED)
    assert [event.fault for event in one.of(MeterFaultFound)] == [MeterFault.TIME_IMPLAUSIBLE]


def test_16_4_7_and_16_4_10_a_register_that_runs_backwards_is_answered_noted_and_counts_no_energy(
    booted: Callable[..., Any],
) -> None:
    one = booted()
    start(one)
    for minute, watt_hours in ((5, 400), (10, 900), (15, 300)):
        value = {"timestamp": f"2026-03-28T22:{minute:02d}:00Z", "sampledValue": [{"value": str(watt_hours)}]}
        assert one.says("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]}) == {}
    assert stop(one, 1, meterStop=200) == {}
    faults = one.of(MeterFaultFound)
    assert [event.fault for event in faults] == [MeterFault.REGISTER_FELL] * 3
    assert [event.text.split(" within")[0] for event in faults] == [
        "from 1 to 0.4 kWh", "from 0.9 to 0.3 kWh", "from 0.3 to 0.2 kWh",
    ]  # fmt: skip
    [ended] = one.of(TransactionEnded)
    assert (ended.energy_kwh, ended.energy_quality) == (0.5, Quality.ESTIMATED)


def test_16_4_10_an_end_below_the_start_is_no_measured_nothing(booted: Callable[..., Any]) -> None:
    one = booted()
    start(one)
    stop(one, 1, meterStop=200)
    [ended] = one.of(TransactionEnded)
    assert (ended.energy_kwh, ended.energy_quality) == (0.0, Quality.ESTIMATED)
    assert [event.fault for event in one.of(MeterFaultFound)] == [MeterFault.REGISTER_FELL]


def test_16_4_7_signed_meter_data_is_kept_as_it_came(booted: Callable[..., Any]) -> None:
    one = booted()
    value = {"timestamp": "2026-03-28T22:00:00Z", "sampledValue": [{"value": "OCMF|{}", "format": "SignedData"}]}
    one.says("MeterValues", {"connectorId": 1, "meterValue": [value]})
    [event] = one.of(MeterSampled)
    assert (event.readings, event.signed_data) == ((), ("OCMF|{}",))

"""A desk of OCPP 2.0.1, spoken to in plain JSON."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from evenload.domain.station import ConnectorStatus, Registration, TokenStatus, Verdict
from evenload.domain.station_commands import AskTransaction, GetSettings, Settlement, Trigger, Wanted
from evenload.domain.station_events import (
    AuthorisationAsked,
    ChargingState,
    MeterFaultFound,
    MeterSampled,
    ProgressReported,
    SequenceGapFound,
    SettingsReported,
    StationBooted,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import MeterFault, Quality
from evenload.ocpp.records import KnownTransaction, MemoryRecords
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77")

TOKEN = {"idToken": "Tag-A", "type": "ISO14443"}


def register(watt_hours: float, at: str, context: str = "Sample.Periodic") -> dict[str, Any]:
    sample = {"value": watt_hours, "context": context, "measurand": "Energy.Active.Import.Register"}
    return {"timestamp": at, "sampledValue": [sample]}


def tell(talk: Any, kind: str, number: int, at: str = "2026-03-28T22:00:00Z", **over: Any) -> Any:
    own_id, info = over.pop("own_id", "tx-1"), over.pop("info", {})
    evse = {"evse": {"id": 1, "connectorId": 1}} if kind == "Started" else {}
    usual = {"Started": "CablePluggedIn", "Updated": "MeterValuePeriodic", "Ended": "EVDeparted"}
    payload = {
        "eventType": kind, "timestamp": at, "triggerReason": usual[kind], "seqNo": number,
        "transactionInfo": {"transactionId": own_id, **info}, **evse, **over,
    }  # fmt: skip
    return talk.says("TransactionEvent", payload)


def test_b01_boot_is_accepted_and_the_station_is_set_up(talk: Callable[..., Any]) -> None:
    one = talk(OCPP201, heartbeat_s=240)
    boot = {"reason": "Watchdog", "chargingStation": {"vendorName": "Acme", "model": "One", "firmwareVersion": "7"}}
    answer = one.says("BootNotification", boot)
    assert answer == {"currentTime": "2026-03-28T22:00:00Z", "interval": 240, "status": "Accepted"}
    [event] = one.of(StationBooted)
    assert (event.reason, event.details.firmware) == ("Watchdog", "7")
    assert one.calls


BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}
REPORT = {"requestId": 1, "generatedAt": "2026-03-28T22:00:00Z", "seqNo": 0}
FREE = {"timestamp": "2026-03-28T22:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


def test_b02_fr_09_a_pending_station_may_only_boot_and_send_what_it_was_asked_for(talk: Callable[..., Any]) -> None:
    records = MemoryRecords(registered=Registration.PENDING)
    one = talk(OCPP201, records=records)
    assert one.says("BootNotification", BOOT)["status"] == "Pending"
    for action, payload in (("NotifyReport", REPORT), ("StatusNotification", FREE), ("Heartbeat", {})):
        assert one.says(action, payload) == "SecurityError"
    assert tell(one, "Started", 0) == "SecurityError"
    one.orders(GetSettings(command_id="r"))
    one.answer({"status": "Accepted"})
    one.orders(Trigger(command_id="t", evse_id=1, wanted=Wanted.STATUS))
    one.answer({"status": "Accepted"})
    for number in (0, 1):
        assert one.says("NotifyReport", {**REPORT, "seqNo": number, "tbc": number == 0}) == {}
    assert one.says("StatusNotification", FREE) == {}
    assert one.says("Heartbeat", {}) == "SecurityError"
    records.registered = Registration.ACCEPTED
    assert one.says("BootNotification", BOOT)["status"] == "Accepted"
    assert tell(one, "Started", 0) == {}


def test_b03_fr_03_and_fr_07_to_and_from_a_rejected_station_nothing_goes_but_boots(talk: Callable[..., Any]) -> None:
    one = talk(OCPP201, records=MemoryRecords(registered=Registration.REJECTED))
    assert one.says("BootNotification", BOOT)["status"] == "Rejected"
    one.orders(Trigger(command_id="t", evse_id=1, wanted=Wanted.STATUS))
    assert one.settled("t").settlement is Settlement.NOT_SUPPORTED
    assert not one.calls
    assert one.says("StatusNotification", FREE) == "SecurityError"


def test_e04_and_e08_and_e12_fr_02_what_happened_offline_is_marked_and_keeps_its_times(
    booted: Callable[..., Any],
) -> None:
    one = booted(OCPP201)
    one.now += timedelta(hours=9)
    tell(one, "Started", 0, offline=True)
    tell(one, "Ended", 1, "2026-03-28T23:00:00Z")  # not marked, but so late that it must have waited
    [start], [end] = one.of(TransactionStarted), one.of(TransactionEnded)
    assert (start.offline, end.offline) == (True, True)
    assert (start.at.hour, end.at.hour, end.received_at) == (22, 23, one.now)


def test_e14_a_station_is_asked_whether_messages_wait(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    one.orders(AskTransaction(command_id="a", transaction_id="tx-1"))
    one.answer({"ongoingIndicator": False, "messagesInQueue": True})
    assert one.settled("a").value == {"goes_on": False, "messages_wait": True}


def test_g01_status_of_a_connector(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    told = {"timestamp": "2026-03-28T21:59:00Z", "connectorStatus": "Occupied", "evseId": 2, "connectorId": 1}
    assert one.says("StatusNotification", told) == {}
    [event] = one.of(StatusChanged)
    assert (event.evse_id, event.connector_id, event.status) == (2, 1, ConnectorStatus.OCCUPIED)


def test_c01_and_c09_a_token_is_answered_with_its_group(booted: Callable[..., Any]) -> None:
    verdict = Verdict(TokenStatus.NOT_AT_THIS_TIME, group="fleet")
    one = booted(OCPP201, records=MemoryRecords(tokens={"tag-a": verdict}))
    answer = one.says("Authorize", {"idToken": TOKEN})
    group = {"idToken": "fleet", "type": "Central"}
    assert answer == {"idTokenInfo": {"status": "NotAtThisTime", "groupIdToken": group}}
    assert one.of(AuthorisationAsked)[0].token.kind == "ISO14443"


def test_e01_and_e02_and_e06_and_e09_and_j02_a_transaction_from_plug_to_plug(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    began = [register(1000, "2026-03-28T22:00:00Z", "Transaction.Begin")]
    answer = tell(one, "Started", 0, idToken=TOKEN, meterValue=began, info={"remoteStartId": 5})
    assert answer == {"idTokenInfo": {"status": "Accepted"}}
    assert one.durable
    tell(one, "Updated", 1, "2026-03-28T22:10:00Z", info={"chargingState": "Charging"})
    ended = [register(8000, "2026-03-28T23:00:00Z", "Transaction.End")]
    tell(one, "Ended", 2, "2026-03-28T23:00:00Z", meterValue=ended, info={"stoppedReason": "EVDisconnected"})
    [start], [update], [end] = one.of(TransactionStarted), one.of(TransactionUpdated), one.of(TransactionEnded)
    assert (start.register_kwh, start.remote_start_id, start.token_status) == (1.0, 5, TokenStatus.ACCEPTED)
    assert (update.state, update.trigger) == (ChargingState.CHARGING, "MeterValuePeriodic")
    assert (end.energy_kwh, end.energy_quality, end.reason) == (7.0, Quality.MEASURED, "EVDisconnected")
    assert {event.evse_id for event in (start, update, end)} == {1}
    assert len(one.of(MeterSampled)) == 2


def test_e13_an_event_told_again_happens_once(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    tell(one, "Started", 0)
    for _ in range(3):
        tell(one, "Updated", 1, "2026-03-28T22:10:00Z", meterValue=[register(5, "2026-03-28T22:10:00Z")])
        assert one.durable
    assert len(one.of(TransactionUpdated)) == len(one.of(MeterSampled)) == 1


def test_a_station_that_does_not_count_is_heard_all_the_same(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    tell(one, "Started", 0)
    for minute in (10, 20):
        tell(one, "Updated", 0, f"2026-03-28T22:{minute}:00Z")
    assert len(one.of(TransactionUpdated)) == 2
    assert not one.of(SequenceGapFound)


def test_e11_a_gap_is_found_once_and_filled(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    tell(one, "Started", 0)
    tell(one, "Updated", 3, "2026-03-28T22:30:00Z")
    [gap] = one.of(SequenceGapFound)
    assert gap.missing == (1, 2)
    tell(one, "Updated", 2, "2026-03-28T22:20:00Z", offline=True)
    assert len(one.of(SequenceGapFound)) == 1
    assert one.desk.dossier.transactions.find("tx-1").sequences.missing == {1}
    assert one.of(TransactionUpdated)[-1].offline


def test_an_update_of_a_transaction_nobody_saw_begin_implies_its_beginning(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    tell(one, "Updated", 4, evse={"id": 2})
    [start] = one.of(TransactionStarted)
    assert (start.quality, start.evse_id) == (Quality.ESTIMATED, 2)
    assert one.of(SequenceGapFound)[0].missing == (0, 1, 2, 3)


def test_e08_a_lost_end_is_concluded_by_the_next_transaction_of_the_evse(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    one.now += timedelta(hours=10)
    tell(one, "Started", 0, meterValue=[register(1000, "2026-03-28T22:00:00Z", "Transaction.Begin")])
    tell(one, "Updated", 1, "2026-03-28T22:10:00Z", meterValue=[register(3000, "2026-03-28T22:10:00Z")])
    tell(one, "Started", 0, "2026-03-29T06:00:00Z", own_id="tx-2")
    [end] = one.of(TransactionEnded)
    assert (end.transaction_id, end.quality, end.energy_kwh) == ("tx-1", Quality.ESTIMATED, 2.0)


def test_what_was_concluded_too_soon_goes_on_when_it_is_heard_of_again(booted: Callable[..., Any]) -> None:
    """After a restart the connector looks free for a moment, then the transaction resumes."""
    one = booted(OCPP201)
    tell(one, "Started", 0)
    one.now += timedelta(minutes=5)
    one.says("BootNotification", BOOT)
    one.says("StatusNotification", FREE)
    assert [event.quality for event in one.of(TransactionEnded)] == [Quality.ESTIMATED]
    tell(one, "Updated", 1, "2026-03-28T22:06:00Z")
    assert [known.transaction_id for known in one.desk.dossier.transactions.open()] == ["tx-1"]
    tell(one, "Ended", 2, "2026-03-28T22:07:00Z")
    tell(one, "Updated", 3, "2026-03-28T22:06:30Z")  # and an end that was told stays one
    assert one.desk.dossier.transactions.open() == []


def test_j02_a_register_that_runs_backwards_is_answered_noted_and_counts_no_energy(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    told = (("Started", 1000), ("Updated", 400), ("Updated", 900), ("Updated", 300), ("Ended", 200))
    for number, (kind, watt_hours) in enumerate(told):
        at = f"2026-03-28T22:{5 * number:02d}:00Z"
        assert tell(one, kind, number, at, meterValue=[register(watt_hours, at)]) == {}
    assert [event.fault for event in one.of(MeterFaultFound)] == [MeterFault.REGISTER_FELL] * 3
    [ended] = one.of(TransactionEnded)
    assert (ended.energy_kwh, ended.energy_quality) == (0.5, Quality.ESTIMATED)


def test_j02_a_register_below_what_a_start_of_before_our_restart_told_harms_nothing(booted: Callable[..., Any]) -> None:
    records = MemoryRecords()
    records.transactions = [KnownTransaction("tx-1", 1, booted(OCPP201).now, "tag-a", 5.0)]
    one = booted(OCPP201, records=records)
    tell(one, "Updated", 1, "2026-03-28T22:05:00Z", meterValue=[register(400, "2026-03-28T22:05:00Z")])
    [event] = one.of(MeterFaultFound)
    assert event.text == "from 5 to 0.4 kWh within a transaction"


def test_e01_and_e03_a_token_before_the_cable_tells_the_evse_later(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    payload = {
        "eventType": "Started", "timestamp": "2026-03-28T22:00:00Z", "triggerReason": "Authorized", "seqNo": 0,
        "transactionInfo": {"transactionId": "tx-1"}, "idToken": TOKEN,
    }  # fmt: skip
    one.says("TransactionEvent", payload)
    tell(one, "Updated", 1, "2026-03-28T22:01:00Z", evse={"id": 3})
    assert one.of(TransactionStarted)[0].evse_id == 0
    assert one.of(TransactionUpdated)[0].evse_id == 3
    assert one.desk.dossier.transactions.open_on(3).transaction_id == "tx-1"


def test_b04_a_station_that_was_offline_says_its_status_without_a_boot(talk: Callable[..., Any]) -> None:
    one = talk(OCPP201)
    for evse_id in (1, 2):
        assert one.says("StatusNotification", {**FREE, "evseId": evse_id}) == {}
    assert [event.evse_id for event in one.of(StatusChanged)] == [1, 2]
    assert {action for action, _ in one.answer_all()} >= {"GetVariables", "SetVariables"}


def test_e10_a_transaction_goes_on_while_the_cable_is_out(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    tell(one, "Started", 0, info={"chargingState": "Charging"})
    tell(one, "Updated", 1, "2026-03-28T22:10:00Z", triggerReason="EVCommunicationLost", info={"chargingState": "Idle"})
    assert [known.transaction_id for known in one.desk.dossier.transactions.open()] == ["tx-1"]
    tell(one, "Updated", 2, "2026-03-28T22:15:00Z", triggerReason="CablePluggedIn", info={"chargingState": "Charging"})
    states = [event.state for event in one.of(TransactionUpdated)]
    assert states == [ChargingState.IDLE, ChargingState.CHARGING]
    assert not one.of(TransactionEnded)


@pytest.mark.parametrize("trigger", ["Alerting", "Delta", "Periodic"])
def test_g05_and_n07_and_n08_what_a_monitor_noticed_is_kept(booted: Callable[..., Any], trigger: str) -> None:
    one = booted(OCPP201)
    row = {
        "eventId": 3, "timestamp": "2026-03-28T21:59:00Z", "trigger": trigger, "actualValue": "true",
        "eventNotificationType": "HardWiredNotification", "variable": {"name": "Problem"},
        "component": {"name": "ConnectorPlugRetentionLock", "evse": {"id": 2, "connectorId": 1}},
    }  # fmt: skip
    event = {"generatedAt": "2026-03-28T22:00:00Z", "seqNo": 0, "eventData": [row]}
    assert one.says("NotifyEvent", event) == {}
    [noticed] = one.of(ProgressReported)
    assert (noticed.task, noticed.evse_id, noticed.info, noticed.at.minute) == ("monitor", 2, "true", 59)
    assert noticed.progress == f"ConnectorPlugRetentionLock.Problem {trigger}"


def test_b07_a_report_tells_settings(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    item = {
        "component": {"name": "DeviceDataCtrlr"},
        "variable": {"name": "ItemsPerMessage", "instance": "GetVariables"},
        "variableAttribute": [{"type": "MaxSet", "value": "9"}, {"value": "8"}],
    }
    report = {"requestId": 1, "generatedAt": "2026-03-28T22:00:00Z", "seqNo": 0, "reportData": [item], "tbc": True}
    one.says("NotifyReport", report)
    [event] = one.of(SettingsReported)
    assert event.values == {"DeviceDataCtrlr.ItemsPerMessage[GetVariables]": "8"}
    assert not event.complete


def test_what_is_not_done_here_is_refused(booted: Callable[..., Any]) -> None:
    payload = {"iso15118SchemaVersion": "urn:x", "action": "Install", "exiRequest": "AA=="}
    assert booted(OCPP201).says("Get15118EVCertificate", payload) == "NotSupported"

"""Every command in both versions: what is sent (each frame is held against its official schema) and how it settles."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.domain.station import Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    AskTransaction,
    ChangeAvailability,
    ClearCache,
    ClearProfile,
    Command,
    GetLocalListVersion,
    GetSettings,
    InstallSignedCertificate,
    Reset,
    SendData,
    SetProfile,
    SetSettings,
    Settlement,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    UpdateLocalList,
    Wanted,
)
from evenload.domain.station_events import SettingsReported, StationLost
from evenload.domain.station_limits import Limits, LimitStep
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77")

BOTH = pytest.mark.parametrize("dialect", [OCPP16, OCPP201], ids=["16", "201"])
TOKEN = Token("Tag-A")
VERDICT = Verdict(TokenStatus.ACCEPTED, datetime(2027, 1, 1, tzinfo=UTC), "fleet")
NEVER = object()

COMMANDS: list[tuple[Command, Any, Any]] = [
    (
        StartRemotely(command_id="c", evse_id=2, token=TOKEN, remote_start_id=5),
        ("RemoteStartTransaction", {"idTag": "Tag-A", "connectorId": 2}),
        (
            "RequestStartTransaction",
            {"idToken": {"idToken": "Tag-A", "type": "Central"}, "remoteStartId": 5, "evseId": 2},
        ),
    ),
    (
        StopRemotely(command_id="c", transaction_id="17"),
        ("RemoteStopTransaction", {"transactionId": 17}),
        ("RequestStopTransaction", {"transactionId": "17"}),
    ),
    (
        AskTransaction(command_id="c", transaction_id="17"),
        NEVER,
        ("GetTransactionStatus", {"transactionId": "17"}),
    ),
    (
        UnlockConnector(command_id="c", evse_id=2),
        ("UnlockConnector", {"connectorId": 2}),
        ("UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ),
    (
        Reset(command_id="c"),
        ("Reset", {"type": "Soft"}),
        ("Reset", {"type": "OnIdle"}),
    ),
    (
        Reset(command_id="c", at_once=True),
        ("Reset", {"type": "Hard"}),
        ("Reset", {"type": "Immediate"}),
    ),
    (
        Reset(command_id="c", evse_id=1),
        NEVER,
        ("Reset", {"type": "OnIdle", "evseId": 1}),
    ),
    (
        ChangeAvailability(command_id="c", operative=False),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
        ("ChangeAvailability", {"operationalStatus": "Inoperative"}),
    ),
    (
        ChangeAvailability(command_id="c", evse_id=2, connector_id=1, operative=True),
        ("ChangeAvailability", {"connectorId": 2, "type": "Operative"}),
        ("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 2, "connectorId": 1}}),
    ),
    (
        Trigger(command_id="c", wanted=Wanted.METER, evse_id=1),
        ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}),
        ("TriggerMessage", {"requestedMessage": "MeterValues", "evse": {"id": 1}}),
    ),
    (
        Trigger(command_id="c", wanted=Wanted.STATUS, evse_id=1),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}),
    ),
    (
        Trigger(command_id="c", wanted=Wanted.CERTIFICATE),
        ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}),
        ("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}),
    ),
    (
        Trigger(command_id="c", wanted=Wanted.TRANSACTION, evse_id=1),
        NEVER,
        ("TriggerMessage", {"requestedMessage": "TransactionEvent", "evse": {"id": 1}}),
    ),
    (
        GetLocalListVersion(command_id="c"),
        ("GetLocalListVersion", {}),
        ("GetLocalListVersion", {}),
    ),
    (
        ClearCache(command_id="c"),
        ("ClearCache", {}),
        ("ClearCache", {}),
    ),
    (
        InstallSignedCertificate(command_id="c", chain_pem="PEM", use="V2GCertificate"),
        ("CertificateSigned", {"certificateChain": "PEM"}),
        ("CertificateSigned", {"certificateChain": "PEM", "certificateType": "V2GCertificate"}),
    ),
    (
        SendData(command_id="c", vendor="v", message="m", data={"a": 1}),
        ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": '{"a":1}'}),
        ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": {"a": 1}}),
    ),
    (
        ClearProfile(command_id="c", fallback=True),
        ("ClearChargingProfile", {}),
        ("ClearChargingProfile", {"chargingProfileId": 1}),
    ),
    (
        GetSettings(command_id="c", names=("A.B", "C.D[e]")),
        ("GetConfiguration", {"key": ["A.B", "C.D[e]"]}),
        (
            "GetVariables",
            {"getVariableData": [
                {"component": {"name": "A"}, "variable": {"name": "B"}},
                {"component": {"name": "C"}, "variable": {"name": "D", "instance": "e"}},
            ]},
        ),
    ),
    (
        GetSettings(command_id="c"),
        ("GetConfiguration", {}),
        ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
    ),
    (
        SetSettings(command_id="c", values={"A.B": "1"}),
        ("ChangeConfiguration", {"key": "A.B", "value": "1"}),
        (
            "SetVariables",
            {"setVariableData": [{"attributeValue": "1", "component": {"name": "A"}, "variable": {"name": "B"}}]},
        ),
    ),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: type(case[0]).__name__)
def test_b05_to_b07_and_b11_to_b12_and_f03_and_f05_to_f06_and_g03_to_g04_and_p01_every_command_is_sent(
    booted: Callable[..., Any], dialect: Dialect, case: tuple[Command, Any, Any]
) -> None:
    command, *expected = case
    one = booted(dialect)
    one.orders(command)
    wanted = expected[dialect is OCPP201]
    if wanted is NEVER:
        settled = one.settled("c")
        assert settled.settlement is Settlement.NOT_SUPPORTED
        assert settled.info
        assert not one.calls
    else:
        assert one.next_call() == wanted


@BOTH
@pytest.mark.parametrize(
    ("status", "settlement"),
    [("Accepted", Settlement.DONE), ("Scheduled", Settlement.LATER), ("Rejected", Settlement.REJECTED)],
)
def test_g04_and_16_5_2_an_answer_settles_its_command(
    booted: Callable[..., Any], dialect: Dialect, status: str, settlement: Settlement
) -> None:
    one = booted(dialect)
    one.orders(ChangeAvailability(command_id="c", operative=True))
    one.answer({"status": status})
    assert one.settled("c").settlement is settlement
    assert settlement.good == (status != "Rejected")


@BOTH
@pytest.mark.parametrize(
    ("code", "settlement"),
    [("NotImplemented", Settlement.NOT_SUPPORTED), ("NotSupported", Settlement.NOT_SUPPORTED),
     ("InternalError", Settlement.REJECTED)],
)  # fmt: skip
def test_an_error_settles_its_command(
    booted: Callable[..., Any], dialect: Dialect, code: str, settlement: Settlement
) -> None:
    one = booted(dialect)
    one.orders(ClearCache(command_id="c"))
    one.refuse(code)
    settled = one.settled("c")
    assert settled.settlement is settlement
    assert settled.info.startswith(code)


@BOTH
def test_no_answer_settles_it_too_and_only_once(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    one.orders(ClearCache(command_id="c"))
    one.wait(31)
    assert one.settled("c").settlement is Settlement.NO_ANSWER
    one.answer({"status": "Accepted"})  # late
    assert one.settled("c").settlement is Settlement.NO_ANSWER


@BOTH
def test_a_command_that_is_worthless_by_now_is_not_sent(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    one.orders(ClearCache(command_id="c", worthless_at=one.now))
    assert one.settled("c").settlement is Settlement.NO_ANSWER
    assert not one.calls


@BOTH
def test_a_closed_connection_settles_what_waits(booted: Callable[..., Any], dialect: Dialect) -> None:
    one = booted(dialect)
    for name in ("a", "b"):
        one.orders(ClearCache(command_id=name))
    one.connection.close()
    one.collect()
    assert {one.settled(name).settlement for name in "ab"} == {Settlement.NO_ANSWER}
    one.orders(ClearCache(command_id="c"))
    assert one.settled("c").settlement is Settlement.NO_ANSWER
    assert [type(event) for event in one.desk.lost(one.now)] == [StationLost]


@BOTH
def test_d01_and_16_5_15_a_local_list_is_split_by_what_the_station_takes(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    """The first part replaces the list, the others add to it; the worst answer is the answer."""
    one = booted(dialect)
    one.desk.dossier.settings |= {"SendLocalListMaxLength": "2", "LocalAuthListCtrlr.ItemsPerMessage": "2"}
    entries = tuple((Token(f"T{i}"), VERDICT) for i in range(5))
    one.orders(UpdateLocalList(command_id="c", version=7, entries=entries))
    answers = iter(["Accepted", "Failed", "Accepted"])
    called = one.answer_all({"SendLocalList": lambda _: {"status": next(answers)}})
    assert [payload["updateType"] for _, payload in called] == ["Full", "Differential", "Differential"]
    assert [len(payload["localAuthorizationList"]) for _, payload in called] == [2, 2, 1]
    assert one.settled("c").settlement is Settlement.REJECTED


@BOTH
def test_d01_and_16_5_15_an_empty_list_clears_and_a_token_without_a_verdict_is_removed(
    booted: Callable[..., Any], dialect: Dialect
) -> None:
    one = booted(dialect)
    one.orders(UpdateLocalList(command_id="c", version=7, entries=()))
    assert "localAuthorizationList" not in one.next_call()[1]
    one.answer({"status": "Accepted"})
    one.orders(UpdateLocalList(command_id="d", version=8, entries=((TOKEN, None),), differential=True))
    [entry] = one.next_call()[1]["localAuthorizationList"]
    assert set(entry) in ({"idTag"}, {"idToken"})


def test_16_5_8_settings_are_told_and_believed(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    one.orders(GetSettings(command_id="c"))
    rows = {
        "ChargeProfileMaxStackLevel": "0", "ChargingScheduleAllowedChargingRateUnit": "Power",
        "ChargingScheduleMaxPeriods": "6", "MeterValueSampleInterval": "30", "NumberOfConnectors": "2",
    }  # fmt: skip
    known = [{"key": key, "readonly": True, "value": value} for key, value in rows.items()]
    one.answer({"configurationKey": known, "unknownKey": ["Nonsense"]})
    [event] = one.of(SettingsReported)
    assert event.values == {**rows, "Nonsense": None}
    charging = one.desk.dossier.charging
    assert (charging.abilities.stack_level_max, charging.abilities.unit, charging.abilities.periods_max) == (0, "W", 6)
    assert charging.evse_ids == {1, 2}
    assert one.desk.dossier.sample_interval_s == 30


def test_b06_variables_are_told_and_believed(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    rows = {"ProfileStackLevel": "0", "RateUnit": "W", "PeriodsPerSchedule": "6"}
    one.orders(GetSettings(command_id="c", names=tuple(f"SmartChargingCtrlr.{name}" for name in rows)))
    results = [
        {"attributeStatus": "Accepted", "attributeValue": value, "component": {"name": "SmartChargingCtrlr"},
         "variable": {"name": name}}
        for name, value in rows.items()
    ]  # fmt: skip
    one.answer({"getVariableResult": results})
    abilities = one.desk.dossier.charging.abilities
    assert (abilities.stack_level_max, abilities.unit, abilities.periods_max) == (0, "W", 6)
    assert one.settled("c").value == {f"SmartChargingCtrlr.{name}": value for name, value in rows.items()}


def test_b05_more_variables_than_fit_go_in_several_messages_and_settle_once(booted: Callable[..., Any]) -> None:
    one = booted(OCPP201)
    one.orders(SetSettings(command_id="c", values={f"C.V{i}": "1" for i in range(6)}))
    sizes = []
    while one.calls:
        rows = one.next_call()[1]["setVariableData"]
        sizes.append(len(rows))
        status = "RebootRequired" if len(sizes) == 1 else "Accepted"
        results = [{"attributeStatus": status, "component": row["component"], "variable": row["variable"]}
                   for row in rows]  # fmt: skip
        one.answer({"setVariableResult": results})
    assert sizes == [4, 2]
    assert one.settled("c").settlement is Settlement.AFTER_REBOOT


def test_16_5_3_a_list_of_measurands_that_is_refused_is_shortened_from_its_end(talk: Callable[..., Any]) -> None:
    one = talk(OCPP16)
    one.says("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One"})

    def change(payload: Any) -> Any:
        taken = "SoC" not in payload["value"] and "Voltage" not in payload["value"]
        return {"status": "Accepted" if taken else "Rejected"}

    called = one.answer_all({"ChangeConfiguration": change})
    lists = [payload["value"] for _, payload in called if payload.get("key") == "MeterValuesSampledData"]
    assert [value.count(",") for value in lists] == [4, 3, 2]
    assert one.desk.dossier.settings["MeterValuesSampledData"] == lists[-1]


def test_a_transaction_that_is_no_number_does_not_exist_in_1_6(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    one.orders(StopRemotely(command_id="c", transaction_id="abc"))
    assert one.settled("c").settlement is Settlement.NOT_SUPPORTED


def test_a_plan_without_an_end_in_sight_is_refused_with_the_reason(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16)
    limits = Limits((LimitStep(one.now, float("inf")),), one.now + timedelta(hours=1))
    one.orders(SetProfile(command_id="c", evse_id=1, limits=limits))
    assert "finite" in one.settled("c").info

"""Quirks of makes: each fact that changes what a desk does, shown at a desk."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, StationDetails
from evenload.domain.station_commands import SetFallback, SetProfile, Settlement
from evenload.domain.station_events import StatusChanged, TransactionEnded
from evenload.domain.station_limits import Limits
from evenload.ocpp.composite import Unit
from evenload.ocpp.profiles import Abilities
from evenload.ocpp.quirk_facts import QUIRKS
from evenload.ocpp.quirks import NO_QUIRKS, Habits, habits_of, numbers_of
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77")

LEAST = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import")


def habits(vendor: str, model: str, firmware: str = "", subprotocol: str = "ocpp1.6") -> Habits:
    return habits_of(StationDetails(vendor, model, firmware=firmware), subprotocol, QUIRKS)


def made_by(vendor: str, model: str, firmware: str = "") -> dict[str, str]:
    return {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": firmware}


def limit(talk: Any, power_kw: float = 11.04) -> SetProfile:
    window = Interval(talk.now, talk.now + timedelta(minutes=30))
    return SetProfile(command_id="p", evse_id=1, limits=Limits.constant(power_kw, window))


def start(talk: Any) -> None:
    at = talk.now.isoformat()
    talk.says("StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": at})


@pytest.mark.parametrize(
    ("details", "subprotocol", "expected"),
    [
        (("ABB", "Terra AC W22-T-RD-M-0"), "ocpp1.6", {"abilities": {"stack_level_max": 0}}),
        (("abb ", "terra ac"), "ocpp1.6", {"abilities": {"stack_level_max": 0}}),
        (("ABB", "Terra AC", "1.8.21"), "ocpp1.6", {"probe": False}),
        (("ABB", "Terra AC", "1.8.22"), "ocpp1.6", {"probe": True}),
        (("ABB", "Terra AC"), "ocpp2.0.1", {"abilities": {}}),
        (("Autel", "MaxiCharger AC"), "ocpp1.6",
         {"starts_itself": False, "stop_by_limit": True, "station_status": False}),
        (("Easee", "Home"), "ocpp1.6", {"sample_s_min": 30, "measurands": LEAST, "starts_itself": False}),
        (("EN+", "Caro"), "ocpp1.6",
         {"measurands": ("Energy.Active.Import.Register", "Current.Import", "Voltage", "Current.Offered")}),
        (("EVBox", "Elvi"), "ocpp1.6", {"measurands": (*LEAST, "Voltage")}),
        (("FoxESS", "A022KP1"), "ocpp2.0.1",
         {"status_tells_cable": False, "restart_wait_s": 300, "silence_s": 1200}),
        (("FoxESS", "A022KP1"), "ocpp1.6", {"status_tells_cable": True, "silence_s": 1200}),
        (("Huawei", "SCharger-22KT-S0"), "ocpp1.6", {"abilities": {"unit": Unit.W, "units": frozenset({Unit.W})}}),
        (("Mennekes", "AMTRON 4You"), "ocpp1.6", {"silence_s": 900}),
        (("Mennekes", "Smart T"), "ocpp1.6", {"sample_s_min": 60}),
        (("Morek", "Smart AC"), "ocpp1.6", {"set_aligned": False}),
        (("Ocular", "LTE Plus v3 (BS-EV22)"), "ocpp1.6", {"stop_by_limit": True}),
        (("SyncEV", "Compact EVCP"), "ocpp1.6", {"ask_meter": True, "set_heartbeat": True}),
        (("Teison", "Smart MINI"), "ocpp1.6", {"measurands": (*LEAST, "Voltage")}),
        (("United Chargers", "Grizzl-E"), "ocpp1.6", {"probe": False}),
        (("United Chargers", "Grizzl-E Ultimate"), "ocpp1.6", {"abilities": {"station_max": False}}),
        (("Wallbox", "Pulsar Plus", "4.9.1"), "ocpp1.6", {"abilities": {"relative": True}}),
        (("Wallbox", "Pulsar Plus", "5.17"), "ocpp1.6", {"abilities": {"stack_level_max": 0}, "starts_itself": False}),
        (("Wallbox", "Pulsar Plus"), "ocpp1.6", {"abilities": {}}),  # an unknown firmware is not taken for an old one
        (("Nobody", "Nothing"), "ocpp1.6", {"abilities": {}, "notes": ()}),
    ],
)  # fmt: skip
def test_habits_of_makes(details: tuple[str, ...], subprotocol: str, expected: dict[str, Any]) -> None:
    found = habits(*details, subprotocol=subprotocol)
    assert {name: getattr(found, name) for name in expected} == expected


def test_every_fact_is_told_and_fits_somebody() -> None:
    for quirk in QUIRKS:
        firmware = quirk.since or "1.0"
        details = StationDetails(quirk.vendor, quirk.models[0], firmware=firmware)
        assert quirk.fits(details, f"ocpp{quirk.version or '1.6'}")
        assert quirk.fact
        assert quirk.source.endswith((".yaml", ".md", ".go", ".py"))


@pytest.mark.shared_data
def test_no_gathered_fact_is_left_out(shared_data: Path) -> None:
    rows = json.loads((shared_data / "ev" / "ocpp_charger_quirks.json").read_text())["rows"]
    assert len(rows) == len(QUIRKS)
    for row, quirk in zip(rows, QUIRKS, strict=True):
        assert (row["vendor"], len(row["models"])) == (quirk.vendor, len(quirk.models))
        assert quirk.fact.startswith(row["behaviour"])


def test_firmware_is_compared_by_its_numbers() -> None:
    assert numbers_of("A0-MEV-V2.0.10") > numbers_of("A0-MEV-V2.0.9")
    assert numbers_of("5.17") < numbers_of("6")
    assert NO_QUIRKS.applied(Abilities()) == Abilities()


def test_abb_gets_plan_and_fallback_as_one_profile_of_level_0(booted: Callable[..., Any]) -> None:
    one = booted(details=made_by("ABB", "Terra AC"))
    one.orders(SetFallback(command_id="f", evse_id=1, power_kw=4.2))
    one.answer_all()
    one.orders(limit(one))
    profile = one.next_call()[1]["csChargingProfiles"]
    assert (profile["stackLevel"], "validTo" in profile) == (0, False)
    periods = profile["chargingSchedule"]["chargingSchedulePeriod"]
    assert [(period["startPeriod"], period["limit"]) for period in periods] == [(0, 16.0), (1860, 6.0)]
    one.answer({"status": "Accepted"})
    assert len(one.desk.dossier.charging.installed) == 1


def test_abb_of_old_firmware_is_not_asked_for_its_settings(talk: Callable[..., Any]) -> None:
    one = talk()
    one.says("BootNotification", made_by("ABB", "Terra AC", "1.8.20"))
    called = one.answer_all()
    assert {action for action, _ in called} == {"ChangeConfiguration"}
    assert called[0][1]["value"].startswith("Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage")


def test_autel_s_status_of_the_station_means_nothing(booted: Callable[..., Any]) -> None:
    one = booted(details=made_by("Autel", "MaxiCharger AC"))
    for connector_id in (0, 1):
        told = {"connectorId": connector_id, "errorCode": "NoError", "status": "Available"}
        one.says("StatusNotification", told)
    assert [event.status for event in one.of(StatusChanged)] == [ConnectorStatus.UNKNOWN, ConnectorStatus.AVAILABLE]


@pytest.mark.parametrize(
    ("vendor", "model", "sample_s", "interval"),
    [("Easee", "Home", 10, "30"), ("Easee", "Home", 45, "45"), ("Mennekes", "Smart T", 10, "60"), ("A", "B", 10, "10")],
)
def test_meters_are_read_no_oftener_than_a_make_can(
    talk: Callable[..., Any], vendor: str, model: str, sample_s: int, interval: str
) -> None:
    one = talk(sample_s=sample_s)
    one.says("BootNotification", made_by(vendor, model))
    settings = {payload["key"]: payload["value"] for action, payload in one.answer_all() if "key" in payload
                and action == "ChangeConfiguration"}  # fmt: skip
    assert settings["MeterValueSampleInterval"] == interval


def test_foxess_available_does_not_end_a_transaction(booted: Callable[..., Any]) -> None:
    foxess = {"reason": "PowerUp", "chargingStation": {"vendorName": "FoxESS", "model": "A022KP1"}}
    for details, ended in ((foxess, 0), ({}, 1)):
        one = booted(OCPP201, details=details)
        event = {
            "eventType": "Started", "timestamp": one.now.isoformat(), "triggerReason": "CablePluggedIn", "seqNo": 0,
            "transactionInfo": {"transactionId": "x"}, "evse": {"id": 1},
        }  # fmt: skip
        one.says("TransactionEvent", event)
        one.now += timedelta(minutes=1)
        one.desk.dossier.booted_at = one.now
        told = {"timestamp": one.now.isoformat(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        one.says("StatusNotification", told)
        assert len(one.of(TransactionEnded)) == ended


def test_huawei_takes_watts(booted: Callable[..., Any]) -> None:
    one = booted(details=made_by("Huawei", "SCharger-7KS-S0"))
    one.orders(limit(one, 7.0))
    schedule = one.next_call()[1]["csChargingProfiles"]["chargingSchedule"]
    assert (schedule["chargingRateUnit"], schedule["chargingSchedulePeriod"][0]["limit"]) == ("W", 7000.0)


def test_morek_s_aligned_interval_is_left_alone(talk: Callable[..., Any]) -> None:
    for vendor, set_ in (("Morek", False), ("Acme", True)):
        one = talk()
        one.says("BootNotification", made_by(vendor, "Smart AC", "A0-MEV-V2.0.9"))
        keys = [payload["key"] for action, payload in one.answer_all() if action == "ChangeConfiguration"]
        assert ("ClockAlignedDataInterval" in keys) == set_


def test_syncev_is_asked_for_its_meter_at_every_heartbeat_and_its_heartbeat_is_set_again(
    talk: Callable[..., Any],
) -> None:
    one = talk(sample_s=60, heartbeat_s=300)
    assert one.says("BootNotification", made_by("SyncEV", "Compact EVCP"))["interval"] == 60
    keys = [payload["key"] for action, payload in one.answer_all() if action == "ChangeConfiguration"]
    assert "HeartbeatInterval" in keys
    one.says("Heartbeat", {})
    assert not one.calls  # nobody charges
    start(one)
    one.says("Heartbeat", {})
    assert one.next_call() == ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})


def test_grizzl_e_is_not_given_a_limit_of_the_station_it_would_ignore(booted: Callable[..., Any]) -> None:
    one = booted(details=made_by("United Chargers", "Grizzl-E Ultimate"))
    one.orders(SetFallback(command_id="f", evse_id=0, power_kw=4.2))
    settled = one.settled("f")
    assert settled.settlement is Settlement.NOT_SUPPORTED
    assert "station as a whole" in settled.info
    assert not one.calls


def test_wallbox_of_old_firmware_gets_relative_schedules(booted: Callable[..., Any]) -> None:
    one = booted(OCPP16, details=made_by("Wallbox", "Pulsar Plus", "4.1"))
    one.orders(limit(one))
    assert one.settled("p").settlement is Settlement.NOT_SUPPORTED  # nothing to count from yet
    one.events.clear()
    start(one)
    one.now += timedelta(minutes=10)
    one.orders(limit(one))
    profile = one.next_call()[1]["csChargingProfiles"]
    assert profile["chargingProfileKind"] == "Relative"
    assert "startSchedule" not in profile["chargingSchedule"]
    assert profile["chargingSchedule"]["duration"] == 600 + 1800

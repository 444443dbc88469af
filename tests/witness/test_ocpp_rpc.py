"""A station on the npm package `ocpp-rpc`, strict in both directions, lives at our server.

It shares neither code nor language with the server and has its own copy of the schemas: whatever either side says is
valid twice over.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import websockets

from evenload.domain.station import TokenStatus
from evenload.domain.station_commands import CompositeReported, Settlement
from evenload.domain.station_events import (
    AuthorisationAsked,
    CertificateRequested,
    DataReceived,
    DisobedienceFound,
    LimitReported,
    MeterSampled,
    SecurityNoticed,
    SettingsReported,
    StationBooted,
    StationSeen,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import LimitSource

pytestmark = [pytest.mark.requirement("R77", "R79"), pytest.mark.slow]


def test_no_message_of_either_side_breaks_a_schema(life: Any) -> None:
    assert life.seen["strict"] == []
    assert life.seen["bad"] == []
    assert life.seen["refused"] == []
    assert life.violations == {}
    assert len(life.seen["asked"]) > 20
    assert len(life.seen["sent"]) > 12


def test_b01_and_g02_and_16_4_2_and_16_4_6_it_boots_and_beats(life: Any) -> None:
    [booted] = life.of(StationBooted)
    assert (booted.details.vendor, booted.details.model) == ("Witness", "Node")
    assert life.seen["answers"]["BootNotification"]["status"] == "Accepted"
    told = datetime.fromisoformat(life.seen["answers"]["Heartbeat"]["currentTime"])
    assert abs(told - booted.at) < timedelta(seconds=10)
    assert len(life.of(StationSeen)) == 1


def test_c01_and_e02_and_g01_and_16_4_1_and_16_4_8_and_16_4_9_a_token_starts_charging(life: Any) -> None:
    [asked], [started] = life.of(AuthorisationAsked), life.of(TransactionStarted)
    assert (asked.token.text, asked.status) == ("TAG", TokenStatus.ACCEPTED)
    info = life.seen["answers"]["Authorize"]
    assert (info.get("idTagInfo") or info["idTokenInfo"])["status"] == "Accepted"
    assert (started.evse_id, started.token, started.offline) == (1, asked.token, False)
    assert {one.evse_id for one in life.of(StatusChanged)} >= {1, 2}


def test_j01_and_j02_and_16_4_7_energy_power_and_current_are_metered(life: Any) -> None:
    readings = [reading for event in life.of(MeterSampled) for reading in event.readings]
    assert {one.power_kw for one in readings if one.power_kw is not None} == {7.0}
    registers = [one.energy_kwh_import for one in readings if one.energy_kwh_import is not None]
    assert registers == sorted(registers)
    assert len(registers) == len(set(registers)) >= 3


def test_k01_fr_03_and_fr_22_and_fr_34_and_16_5_16_profiles_of_a_transaction_a_default_and_the_station(
    life: Any,
) -> None:
    assert {life.settled[name].settlement for name in ("SetFallback", "SetProfile", "whole station")} == {
        Settlement.DONE
    }
    key = "csChargingProfiles" if life.version == "ocpp1.6" else "chargingProfile"
    by_purpose = {one[key]["chargingProfilePurpose"]: one[key] for one in life.asked("SetChargingProfile")}
    station = "ChargePointMaxProfile" if life.version == "ocpp1.6" else "ChargingStationMaxProfile"
    assert set(by_purpose) == {"TxDefaultProfile", "TxProfile", station}
    of_transaction = by_purpose["TxProfile"]
    assert str(of_transaction["transactionId"]) == life.of(TransactionStarted)[0].transaction_id
    schedules = of_transaction["chargingSchedule"]
    [schedule] = schedules if isinstance(schedules, list) else [schedules]
    periods = [(one["startPeriod"] // 60, one["limit"]) for one in schedule["chargingSchedulePeriod"]]
    assert [limit for _, limit in periods] == [16.0, 10.0, 6.0]  # 11.04, 6.9 and 4.14 kW on three phases of 230 V
    assert periods[2][0] - periods[1][0] == 15


def test_k08_and_16_5_7_what_it_follows_is_what_it_was_given(life: Any) -> None:
    assert life.settled["GetCompositeSchedule"].settlement is Settlement.DONE
    of_evse = [one.limits for one in life.of(CompositeReported) if one.evse_id == 1]
    highest = [[round(step.power_kw, 2) for step in limits.steps] for limits in of_evse]
    assert highest[-1] == [11.04, 6.9, 4.14]
    assert life.of(DisobedienceFound) == []


def test_k10_and_16_5_5_limits_are_taken_back(life: Any) -> None:
    assert life.settled["ClearProfile"].settlement is Settlement.DONE
    assert life.asked("ClearChargingProfile")


def test_k05_fr_02_and_f01_and_16_5_11_a_remote_start_brings_its_limits(life: Any) -> None:
    assert life.settled["StartRemotely"].settlement is Settlement.DONE
    [asked] = life.asked("RemoteStartTransaction") or life.asked("RequestStartTransaction")
    assert asked["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in asked["chargingProfile"]


def test_f03_and_e06_and_16_4_10_and_16_5_12_a_remote_stop_ends_the_transaction(life: Any) -> None:
    assert life.settled["StopRemotely"].settlement is Settlement.DONE
    [ended] = life.of(TransactionEnded)
    assert (ended.transaction_id, ended.reason) == (life.of(TransactionStarted)[0].transaction_id, "Remote")
    assert ended.energy_kwh is not None
    assert ended.energy_kwh > 0


def test_b05_and_b06_and_16_5_3_and_16_5_8_settings_are_changed_and_read(life: Any) -> None:
    assert life.settled["SetSettings"].settlement is Settlement.DONE
    assert life.settled["GetSettings"].settlement is Settlement.DONE
    assert life.of(SettingsReported)


def test_d01_and_d02_and_c11_and_16_5_4_and_16_5_10_and_16_5_15_tokens_are_listed_and_forgotten(life: Any) -> None:
    assert life.settled["UpdateLocalList"].settlement is Settlement.DONE
    assert life.settled["GetLocalListVersion"].value == 3
    assert life.settled["ClearCache"].settlement is Settlement.DONE


def test_b12_and_f05_and_f06_and_g03_and_g04_and_16_5_2_and_16_5_14_and_16_5_17_and_16_5_18_it_is_looked_after(
    life: Any,
) -> None:
    done = ("ChangeAvailability", "one of two", "UnlockConnector", "meter", "Reset")
    assert {name: life.settled[name].settlement for name in done} == dict.fromkeys(done, Settlement.DONE)
    assert life.seen["sent"].count("MeterValues") == 2  # once of its own, once when asked


def test_p01_and_p02_and_16_4_3_and_16_5_6_data_of_a_vendor_goes_both_ways(life: Any) -> None:
    assert life.settled["SendData"].settlement is Settlement.DONE
    assert [one.vendor for one in life.of(DataReceived)] == ["witness"]
    assert life.seen["answers"]["DataTransfer"]["status"] == "Accepted"


def test_a02_and_a04_and_16_a02_and_16_a04_a_certificate_is_asked_for_and_an_event_told(life: Any) -> None:
    assert life.settled["certificate"].settlement is Settlement.DONE
    assert life.settled["InstallSignedCertificate"].settlement is Settlement.DONE
    assert [one.request_pem for one in life.of(CertificateRequested)] == ["CSR"]
    assert [one.kind for one in life.of(SecurityNoticed)] == ["StartupOfTheDevice"]


def test_e14_a_transaction_is_asked_about(life: Any) -> None:
    known = {"goes_on": True, "messages_wait": False} if life.version == "ocpp2.0.1" else None
    assert life.settled["AskTransaction"].value == known


def test_k09_and_k12_and_k13_limits_from_outside_are_told(life: Any) -> None:
    """Only 2.0.1 has them: one told and lifted again, one reported each time the server asked."""
    reported = life.of(LimitReported)
    assert {one.source for one in reported} == ({LimitSource.ENERGY_MANAGEMENT} if reported else set())
    assert {(one.evse_id, one.lifted) for one in reported} == (
        {(0, False), (2, False), (2, True)} if life.version == "ocpp2.0.1" else set()
    )


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
def test_the_station_notices_what_is_not_valid(station: Callable[..., Any], version: str) -> None:
    """A server that answers a boot with a status nobody knows."""

    async def serve(socket: Any) -> None:
        async for text in socket:
            _, message_id, action, _ = json.loads(text)
            answer = {"status": "Perhaps", "currentTime": "2026-03-01T00:00:00Z", "interval": 60}
            if action == "BootNotification":
                await socket.send(json.dumps([3, message_id, answer]))
            else:
                await socket.close()

    async def run() -> Any:
        async with websockets.serve(serve, "127.0.0.1", 0, subprotocols=[version]) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            return await station(f"ws://127.0.0.1:{port}", "WITNESS", b"0123456789abcdef", version)

    seen = asyncio.run(asyncio.wait_for(run(), 40))
    assert [(one["method"], one["outbound"]) for one in seen["strict"]] == [("BootNotification", False)]

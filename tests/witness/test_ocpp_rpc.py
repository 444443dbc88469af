"""A station on the npm package `ocpp-rpc`, strict in both directions with schemas of its own, lives at our server.

It shares neither code nor schemas nor language with the server: what either side says is valid twice over.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import websockets

from evenload.base.instants import Interval
from evenload.domain.station import StationId, Token, TokenStatus, Verdict
from evenload.domain.station_commands import (
    AskTransaction,
    ChangeAvailability,
    ClearCache,
    ClearProfile,
    Command,
    CommandSettled,
    CompositeReported,
    GetCompositeSchedule,
    GetLocalListVersion,
    GetSettings,
    InstallSignedCertificate,
    Reset,
    SendData,
    SetFallback,
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
    StationEvent,
    StationSeen,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import Limits, LimitSource, LimitStep
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.password import hash_key
from evenload.net.ports import StationRecord, TenantRecord
from evenload.ocpp.desk import Desk
from evenload.ocpp.desks import desk_for
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
from evenload.ocpp.records import MemoryRecords

pytestmark = [pytest.mark.requirement("R77", "R79"), pytest.mark.slow]

KEY = b"0123456789abcdef"
WITNESS = StationId("depot", "WITNESS")
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
SETTING = {"ocpp1.6": "HeartbeatInterval", "ocpp2.0.1": "OCPPCommCtrlr.HeartbeatInterval"}
E = TypeVar("E", bound=StationEvent)
RunStation = Callable[[str, str, bytes, str], Awaitable[Any]]


def now() -> datetime:
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


@dataclass
class Life:
    """One session at the server, as the server tells it (events, settlements, violations) and as the station saw it."""

    version: str
    events: list[StationEvent] = field(default_factory=list)
    settled: dict[str, CommandSettled] = field(default_factory=dict)
    violations: Mapping[str, int] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return TenantRecord(), StationRecord(password_hash=hash_key(KEY, b"salt" * 4))

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is known")

    async def commit(self, events: Sequence[StationEvent]) -> None:
        self.events += events

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        return desk_for(station, dialect, MemoryRecords(), DeskPolicy(vendors=frozenset({"witness"})))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def asked(self, action: str) -> list[Any]:
        return [one["payload"] for one in self.seen["asked"] if one["action"] == action]

    async def until(self, kind: type[StationEvent], count: int = 1) -> None:
        for _ in range(1000):
            if len(self.of(kind)) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind.__name__} within ten seconds")


def commands(life: Life) -> list[Command]:
    """Everything the station is told while it charges, the end of it last. Command ids are the commands' names."""
    begun = now()
    steps = tuple(LimitStep(begun + timedelta(minutes=15 * i), kw) for i, kw in enumerate((11.04, 6.9, 4.14)))
    limits = Limits(steps, begun + timedelta(hours=1))
    listed = ((Token("TAG"), Verdict(TokenStatus.ACCEPTED, begun + timedelta(days=9), "fleet")),)
    transaction_id = life.of(TransactionStarted)[0].transaction_id
    name = SETTING[life.version]
    return [
        SetFallback(command_id="SetFallback", evse_id=1, power_kw=4.2),
        SetProfile(command_id="SetProfile", evse_id=1, limits=limits),
        SetProfile(command_id="whole station", evse_id=0, limits=Limits.constant(22.0, Interval(begun, limits.end))),
        GetCompositeSchedule(command_id="GetCompositeSchedule", evse_id=1, duration_s=3000),
        GetSettings(command_id="GetSettings", names=(name,)),
        SetSettings(command_id="SetSettings", values={name: "60"}),
        UpdateLocalList(command_id="UpdateLocalList", version=3, entries=listed),
        GetLocalListVersion(command_id="GetLocalListVersion"),
        ClearCache(command_id="ClearCache"),
        ChangeAvailability(command_id="ChangeAvailability", operative=False),
        ChangeAvailability(command_id="one of two", evse_id=2, operative=True),
        UnlockConnector(command_id="UnlockConnector", evse_id=2),
        SendData(command_id="SendData", vendor="witness", message="m", data={"a": 1}),
        Trigger(command_id="meter", wanted=Wanted.METER, evse_id=1),
        Trigger(command_id="certificate", wanted=Wanted.CERTIFICATE),
        InstallSignedCertificate(command_id="InstallSignedCertificate", chain_pem="PEM"),
        AskTransaction(command_id="AskTransaction", transaction_id=transaction_id),
        StartRemotely(command_id="StartRemotely", evse_id=2, token=Token("FAR"), remote_start_id=5, limits=limits),
        ClearProfile(command_id="ClearProfile", evse_id=1),
        StopRemotely(command_id="StopRemotely", evse_id=1, transaction_id=transaction_id),
    ]


async def live(life: Life, run_station: RunStation) -> None:
    """The station boots, charges, does what it is told, stops and leaves."""
    server = OcppServer(
        desk_for=life.desk_for, directory=life, sink=life, clock=now, secret=os.urandom(32), name="w",
        limits=ServerLimits(policy=Policy(inbound=Inbound.STRICT)),
    )  # fmt: skip
    port = await server.listen("127.0.0.1", 0)
    running = asyncio.ensure_future(
        run_station(f"ws://127.0.0.1:{port}/ocpp/depot", WITNESS.identity, KEY, life.version)
    )
    try:
        await life.until(MeterSampled, 1 if life.version == "ocpp1.6" else 3)
        for command in commands(life):
            life.settled[command.command_id] = await server.command(WITNESS, command)
        await life.until(TransactionEnded)
        await life.until(CertificateRequested)
        await asyncio.sleep(0.1)  # what it says after the end
        life.settled["Reset"] = await server.command(WITNESS, Reset(command_id="Reset", at_once=True))
        life.seen = await running
    finally:
        running.cancel()
        await server.drain(1.0)
    life.violations = dict(server.counts.violations)


@pytest.fixture(scope="module", params=VERSIONS)
def life(request: pytest.FixtureRequest, station: RunStation) -> Life:
    lived = Life(str(request.param))
    asyncio.run(asyncio.wait_for(live(lived, station), 60))
    return lived


def test_no_message_of_either_side_breaks_a_schema(life: Life) -> None:
    assert life.seen["strict"] == []
    assert life.seen["bad"] == []
    assert life.seen["refused"] == []
    assert life.violations == {}
    assert len(life.seen["asked"]) > 20
    assert len(life.seen["sent"]) > 12


def test_b01_and_g02_and_16_4_2_and_16_4_6_it_boots_and_beats(life: Life) -> None:
    [booted] = life.of(StationBooted)
    assert (booted.details.vendor, booted.details.model) == ("Witness", "Node")
    assert life.seen["answers"]["BootNotification"]["status"] == "Accepted"
    told = datetime.fromisoformat(life.seen["answers"]["Heartbeat"]["currentTime"])
    assert abs(told - booted.at) < timedelta(seconds=10)
    assert len(life.of(StationSeen)) == 1


def test_c01_and_e02_and_g01_and_16_4_1_and_16_4_8_and_16_4_9_a_token_starts_charging(life: Life) -> None:
    [asked], [started] = life.of(AuthorisationAsked), life.of(TransactionStarted)
    assert (asked.token.text, asked.status) == ("TAG", TokenStatus.ACCEPTED)
    info = life.seen["answers"]["Authorize"]
    assert (info.get("idTagInfo") or info["idTokenInfo"])["status"] == "Accepted"
    assert (started.evse_id, started.token, started.offline) == (1, asked.token, False)
    assert {one.evse_id for one in life.of(StatusChanged)} >= {1, 2}


def test_j01_and_j02_and_16_4_7_energy_power_and_current_are_metered(life: Life) -> None:
    readings = [reading for event in life.of(MeterSampled) for reading in event.readings]
    assert {one.power_kw for one in readings if one.power_kw is not None} == {7.0}
    registers = [one.energy_kwh_import for one in readings if one.energy_kwh_import is not None]
    assert registers == sorted(registers)
    assert len(registers) == len(set(registers)) >= 3


def test_k01_fr_03_and_fr_22_and_fr_34_and_16_5_16_profiles_of_a_transaction_a_default_and_the_station(
    life: Life,
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


def test_k08_and_16_5_7_what_it_follows_is_what_it_was_given(life: Life) -> None:
    assert life.settled["GetCompositeSchedule"].settlement is Settlement.DONE
    of_evse = [one.limits for one in life.of(CompositeReported) if one.evse_id == 1]
    highest = [[round(step.power_kw, 2) for step in limits.steps] for limits in of_evse]
    assert highest[-1] == [11.04, 6.9, 4.14]
    assert life.of(DisobedienceFound) == []


def test_k10_and_16_5_5_limits_are_taken_back(life: Life) -> None:
    assert life.settled["ClearProfile"].settlement is Settlement.DONE
    assert life.asked("ClearChargingProfile")


def test_k05_fr_02_and_f01_and_16_5_11_a_remote_start_brings_its_limits(life: Life) -> None:
    assert life.settled["StartRemotely"].settlement is Settlement.DONE
    [asked] = life.asked("RemoteStartTransaction") or life.asked("RequestStartTransaction")
    assert asked["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in asked["chargingProfile"]


def test_f03_and_e06_and_16_4_10_and_16_5_12_a_remote_stop_ends_the_transaction(life: Life) -> None:
    assert life.settled["StopRemotely"].settlement is Settlement.DONE
    [ended] = life.of(TransactionEnded)
    assert (ended.transaction_id, ended.reason) == (life.of(TransactionStarted)[0].transaction_id, "Remote")
    assert ended.energy_kwh is not None
    assert ended.energy_kwh > 0


def test_b05_and_b06_and_16_5_3_and_16_5_8_settings_are_changed_and_read(life: Life) -> None:
    assert life.settled["SetSettings"].settlement is Settlement.DONE
    assert life.settled["GetSettings"].settlement is Settlement.DONE
    assert life.of(SettingsReported)


def test_d01_and_d02_and_c11_and_16_5_4_and_16_5_10_and_16_5_15_tokens_are_listed_and_forgotten(life: Life) -> None:
    assert life.settled["UpdateLocalList"].settlement is Settlement.DONE
    assert life.settled["GetLocalListVersion"].value == 3
    assert life.settled["ClearCache"].settlement is Settlement.DONE


def test_b12_and_f05_and_f06_and_g03_and_g04_and_16_5_2_and_16_5_14_and_16_5_17_and_16_5_18_it_is_looked_after(
    life: Life,
) -> None:
    done = ("ChangeAvailability", "one of two", "UnlockConnector", "meter", "Reset")
    assert {name: life.settled[name].settlement for name in done} == dict.fromkeys(done, Settlement.DONE)
    assert life.seen["sent"].count("MeterValues") == 2  # once of its own, once when asked


def test_p01_and_p02_and_16_4_3_and_16_5_6_data_of_a_vendor_goes_both_ways(life: Life) -> None:
    assert life.settled["SendData"].settlement is Settlement.DONE
    assert [one.vendor for one in life.of(DataReceived)] == ["witness"]
    assert life.seen["answers"]["DataTransfer"]["status"] == "Accepted"


def test_a02_and_a04_and_16_a02_and_16_a04_a_certificate_is_asked_for_and_an_event_told(life: Life) -> None:
    assert life.settled["certificate"].settlement is Settlement.DONE
    assert life.settled["InstallSignedCertificate"].settlement is Settlement.DONE
    assert [one.request_pem for one in life.of(CertificateRequested)] == ["CSR"]
    assert [one.kind for one in life.of(SecurityNoticed)] == ["StartupOfTheDevice"]


def test_e14_a_transaction_is_asked_about(life: Life) -> None:
    known = {"goes_on": True, "messages_wait": False} if life.version == "ocpp2.0.1" else None
    assert life.settled["AskTransaction"].value == known


def test_k09_and_k12_and_k13_limits_from_outside_are_told(life: Life) -> None:
    """Only 2.0.1 has them: one told and lifted again, one reported when the server asked."""
    reported = life.of(LimitReported)
    assert {one.source for one in reported} == ({LimitSource.ENERGY_MANAGEMENT} if reported else set())
    assert sorted((one.evse_id, one.lifted) for one in reported) == (
        [(0, False), (2, False), (2, True)] if life.version == "ocpp2.0.1" else []
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_station_notices_what_is_not_valid(station: RunStation, version: str) -> None:
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
            return await station(f"ws://127.0.0.1:{port}", "WITNESS", KEY, version)

    seen = asyncio.run(asyncio.wait_for(run(), 40))
    assert [(one["method"], one["outbound"]) for one in seen["strict"]] == [("BootNotification", False)]

"""Virtual stations over real sockets against a CSMS of the PyPI `ocpp` package, which validates by the schemas."""

import asyncio
import contextlib
import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result as result16
import ocpp.v201
import ocpp.v201.call
import ocpp.v201.call_result as result201
import pytest
import websockets
from ocpp.routing import on

from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec

pytestmark = pytest.mark.requirement("R77", "R79")

EPOCH = datetime(2026, 3, 1, 18, tzinfo=UTC)
SPEED = 600.0
QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)


class Csms16(ocpp.v16.ChargePoint):
    """What a user of the package would write."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen: Counter[str] = Counter()
        self.stops: list[dict[str, Any]] = []
        self.last: dict[str, float] = {}

    @on("BootNotification")
    def boot(self, **_: Any) -> Any:
        self.seen["boot"] += 1
        return result16.BootNotification(current_time=EPOCH.isoformat(), interval=600, status="Accepted")

    @on("Heartbeat")
    def beat(self) -> Any:
        return result16.Heartbeat(current_time=EPOCH.isoformat())

    @on("StatusNotification")
    def state(self, status: str, **_: Any) -> Any:
        self.seen[status] += 1
        return result16.StatusNotification()

    @on("Authorize")
    def authorise(self, id_tag: str) -> Any:
        return result16.Authorize(id_tag_info={"status": "Accepted" if id_tag == "tag" else "Invalid"})

    @on("StartTransaction")
    def start_transaction(self, **_: Any) -> Any:
        self.seen["start"] += 1
        return result16.StartTransaction(transaction_id=42, id_tag_info={"status": "Accepted"})

    @on("StopTransaction")
    def stop_transaction(self, **payload: Any) -> Any:
        self.stops.append(payload)
        return result16.StopTransaction()

    @on("MeterValues")
    def meter(self, meter_value: Any, transaction_id: int, **_: Any) -> Any:
        assert transaction_id == 42
        self.seen["meter"] += 1
        self.last = {row["measurand"]: float(row["value"]) for row in meter_value[0]["sampled_value"]}
        return result16.MeterValues()


class Csms201(ocpp.v201.ChargePoint):
    """The same for 2.0.1."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen: Counter[str] = Counter()
        self.events: list[dict[str, Any]] = []

    @on("BootNotification")
    def boot(self, **_: Any) -> Any:
        return result201.BootNotification(current_time=EPOCH.isoformat(), interval=600, status="Accepted")

    @on("Heartbeat")
    def beat(self) -> Any:
        return result201.Heartbeat(current_time=EPOCH.isoformat())

    @on("StatusNotification")
    def state(self, connector_status: str, **_: Any) -> Any:
        self.seen[connector_status] += 1
        return result201.StatusNotification()

    @on("Authorize")
    def authorise(self, **_: Any) -> Any:
        return result201.Authorize(id_token_info={"status": "Accepted"})

    @on("TransactionEvent")
    def transaction(self, **payload: Any) -> Any:
        self.events.append(payload)
        return result201.TransactionEvent()


async def until(what: Callable[[], object], seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true in time")


Scene = Callable[[Any, VirtualStation, SocketFleet], Any]


def play(version: str, scene: Scene) -> None:
    """A server of the package, one virtual station at 600 times the speed of time, and what happens between them."""

    async def run() -> None:
        peers: list[Any] = []

        async def serve(socket: Any) -> None:
            assert socket.request.headers["Authorization"] == "Basic " + b64encode(b"CP1:key").decode()
            assert socket.request.path == "/ocpp/t/CP1"
            kind = Csms16 if version == "ocpp1.6" else Csms201
            peers.append(kind("CP1", socket, response_timeout=5, logger=QUIET))
            with contextlib.suppress(websockets.ConnectionClosed):
                await peers[-1].start()

        async with websockets.serve(serve, "localhost", 0, subprotocols=[version]) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            spec = StationSpec("CP1", version)
            station = VirtualStation(spec, EPOCH, np.random.default_rng(1))
            fleet = SocketFleet(
                [station], lambda _: f"ws://localhost:{port}/ocpp/t/CP1", speed=SPEED, password_of=lambda _: b"key"
            )
            fleet.start()
            try:
                await until(lambda: station.registered)
                await scene(lambda: peers[-1], station, fleet)
                assert station.violations == []
            finally:
                await fleet.stop()

    asyncio.run(asyncio.wait_for(run(), 30))


PROFILE_16 = {
    "charging_profile_id": 1, "stack_level": 0, "charging_profile_purpose": "TxDefaultProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": {
        "charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 8.0, "number_phases": 3}],
    },
}  # fmt: skip
PROFILE_201 = {
    "id": 1, "stack_level": 0, "charging_profile_purpose": "TxDefaultProfile", "charging_profile_kind": "Relative",
    "charging_schedule": [
        {"id": 1, "charging_rate_unit": "W", "charging_schedule_period": [{"start_period": 0, "limit": 5520.0}]}
    ],
}  # fmt: skip


def test_16_5_7_and_16_5_8_and_16_5_12_and_16_5_16_a_station_is_understood_and_obeys() -> None:
    async def scene(peer: Any, station: VirtualStation, fleet: SocketFleet) -> None:
        csms = peer()
        station.plug_in(1, Car(), fleet.now, "tag")
        fleet.attend(station)
        await until(lambda: csms.seen["meter"] >= 2)
        assert csms.last["Power.Active.Import"] == pytest.approx(11040)
        taken = await csms.call(ocpp.v16.call.SetChargingProfile(connector_id=1, cs_charging_profiles=PROFILE_16))
        assert taken.status == "Accepted"
        await until(lambda: csms.last["Power.Active.Import"] == pytest.approx(8 * 3 * 230))
        told = await csms.call(ocpp.v16.call.GetCompositeSchedule(connector_id=1, duration=600))
        assert told.charging_schedule["charging_schedule_period"][0]["limit"] == 8
        assert (await csms.call(ocpp.v16.call.RemoteStopTransaction(transaction_id=42))).status == "Accepted"
        await until(lambda: csms.stops)
        assert csms.stops[0]["meter_stop"] == pytest.approx(station.outlets[1].register_kwh * 1000, abs=1)
        settings = await csms.call(ocpp.v16.call.GetConfiguration(key=["NumberOfConnectors", "Nonsense"]))
        assert settings.unknown_key == ["Nonsense"]
        await until(lambda: csms.seen["Finishing"])
        assert (csms.seen["Preparing"], csms.seen["Charging"], csms.seen["start"]) == (1, 1, 1)

    play("ocpp1.6", scene)


def test_b12_and_f02_and_k01_and_k08_a_station_is_understood_and_obeys() -> None:
    async def scene(peer: Any, station: VirtualStation, fleet: SocketFleet) -> None:
        csms = peer()
        token = {"id_token": "t", "type": "Central"}
        started = await csms.call(ocpp.v201.call.RequestStartTransaction(id_token=token, remote_start_id=9, evse_id=1))
        assert started.status == "Accepted"
        station.plug_in(1, Car(), fleet.now)
        fleet.attend(station)
        await until(lambda: len(csms.events) >= 3)
        taken = await csms.call(ocpp.v201.call.SetChargingProfile(evse_id=1, charging_profile=PROFILE_201))
        assert taken.status == "Accepted"
        await until(lambda: station.outlets[1].power_kw == pytest.approx(5.52))
        told = await csms.call(ocpp.v201.call.GetCompositeSchedule(evse_id=1, duration=60, charging_rate_unit="A"))
        assert told.schedule["charging_schedule_period"][0]["limit"] == 8
        assert (await csms.call(ocpp.v201.call.Reset(type="Immediate"))).status == "Accepted"
        await until(lambda: peer() is not csms and peer().events)
        events = csms.events + peer().events
        assert [event["seq_no"] for event in events] == list(range(len(events)))
        assert events[0]["transaction_info"]["remote_start_id"] == 9
        assert events[-1]["event_type"] == "Ended"
        assert {event["transaction_info"]["transaction_id"] for event in events} == {
            events[0]["transaction_info"]["transaction_id"]
        }

    play("ocpp2.0.1", scene)


def test_16_3_5_and_16_3_7_a_line_that_is_lost_is_dialled_again_and_nothing_is_lost() -> None:
    async def scene(peer: Any, station: VirtualStation, fleet: SocketFleet) -> None:
        csms = peer()
        station.plug_in(1, Car(), fleet.now, "tag")
        fleet.attend(station)
        await until(lambda: csms.seen["meter"] >= 1)
        station.drop(fleet.now, 1200.0)
        fleet.attend(station)
        await until(lambda: fleet.connected == 0)
        station.unplug(1, fleet.now)
        await until(lambda: peer() is not csms and peer().stops)
        assert peer().seen["boot"] == 0
        assert peer().stops[0]["reason"] == "EVDisconnected"
        await until(lambda: station.owed == 0)

    play("ocpp1.6", scene)

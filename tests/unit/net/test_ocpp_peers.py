"""The client side of the PyPI `ocpp` package, which shares no code with ours, drives the server."""

import asyncio
import logging
from decimal import Decimal
from typing import Any

import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v201
import ocpp.v201.call
import ocpp.v201.call_result
import pytest
import websockets
from ocpp.routing import on

from evenload.ocpp.events import Answered
from evenload.ocpp.v16.wire import smart_charging as smart16
from evenload.ocpp.v16.wire.datatypes import (
    ChargingProfile,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
    ChargingSchedulePeriod,
)
from evenload.ocpp.v201.wire import remote_control
from evenload.ocpp.v201.wire.datatypes import IdToken, IdTokenEnum

pytestmark = pytest.mark.requirement("R77", "R79")

AT = "2026-03-01T12:00:00Z"


class Station16(ocpp.v16.ChargePoint):
    """A station of the package, 1.6."""

    profiles: list[Any] = []  # noqa: RUF012  # one station a test

    @on("SetChargingProfile")
    def on_profile(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        Station16.profiles.append((connector_id, cs_charging_profiles))
        return ocpp.v16.call_result.SetChargingProfile(status="Accepted")


class Station201(ocpp.v201.ChargePoint):
    """A station of the package, 2.0.1."""

    @on("RequestStartTransaction")
    def on_start(self, id_token: dict[str, Any], remote_start_id: int, **_: Any) -> Any:
        return ocpp.v201.call_result.RequestStartTransaction(
            status="Accepted", transaction_id=f"{id_token['id_token']}-{remote_start_id}"
        )


def sample(value: str, measurand: str, unit: str) -> dict[str, str]:
    return {"value": value, "measurand": measurand, "unit": unit, "context": "Sample.Periodic"}


def test_16_4_2_and_16_4_8_and_16_4_7_and_16_5_16_a_station_boots_charges_and_takes_a_profile(
    serve: Any, play: Any
) -> None:
    async def day() -> None:
        async with serve() as running, websockets.connect(running.url("OPEN"), subprotocols=["ocpp1.6"]) as socket:
            station = Station16("OPEN", socket, logger=logging.getLogger("quiet"))
            listening = asyncio.create_task(station.start())
            boot = await station.call(ocpp.v16.call.BootNotification(charge_point_model="m", charge_point_vendor="v"))
            assert (boot.status, boot.interval) == ("Accepted", 300)
            started = await station.call(
                ocpp.v16.call.StartTransaction(connector_id=1, id_tag="tag", meter_start=0, timestamp=AT)
            )
            assert started.transaction_id == 7
            rows = [sample("7200", "Power.Active.Import", "W"), sample("31.3", "Current.Import", "A")]
            values = [{"timestamp": AT, "sampled_value": rows}]
            await station.call(ocpp.v16.call.MeterValues(connector_id=1, transaction_id=7, meter_value=values))
            period = ChargingSchedulePeriod(start_period=0, limit=8.1, number_phases=3)
            profile = ChargingProfile(
                charging_profile_id=1,
                stack_level=0,
                charging_profile_purpose=ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
                charging_profile_kind=ChargingProfileKindType.RELATIVE,
                charging_schedule=ChargingSchedule(
                    charging_rate_unit=ChargingRateUnitType.A, charging_schedule_period=(period,)
                ),
            )
            sent = await running.send(
                "OPEN", smart16.SetChargingProfileRequest(connector_id=1, cs_charging_profiles=profile)
            )
            assert isinstance(sent.value, Answered)
            assert sent.value.response.status == "Accepted"  # type: ignore[attr-defined]
            [(connector, taken)] = Station16.profiles
            assert connector == 1
            assert taken["charging_schedule"]["charging_schedule_period"][0]["limit"] == Decimal("8.1")
            await station.call(ocpp.v16.call.StopTransaction(meter_stop=9, timestamp=AT, transaction_id=7))
            assert running.sink.words().count("StopTransaction") == 1  # it was committed before it was answered
            listening.cancel()

    play(day())


def test_b01_and_e01_and_f02_a_station_reports_a_transaction_and_is_started_remotely(serve: Any, play: Any) -> None:
    async def day() -> None:
        async with serve() as running, websockets.connect(running.url("OPEN"), subprotocols=["ocpp2.0.1"]) as socket:
            station = Station201("OPEN", socket, logger=logging.getLogger("quiet"))
            listening = asyncio.create_task(station.start())
            boot = await station.call(
                ocpp.v201.call.BootNotification(charging_station={"model": "m", "vendor_name": "v"}, reason="PowerUp")
            )
            assert boot.status == "Accepted"
            token = IdToken(id_token="t", type=IdTokenEnum.CENTRAL)  # noqa: S106
            sent = await running.send(
                "OPEN", remote_control.RequestStartTransactionRequest(id_token=token, remote_start_id=5, evse_id=1)
            )
            assert sent.value.response.transaction_id == "t-5"
            for number, kind in enumerate(("Started", "Updated", "Ended")):
                await station.call(
                    ocpp.v201.call.TransactionEvent(
                        event_type=kind, timestamp=AT, trigger_reason="RemoteStart", seq_no=number,
                        transaction_info={"transaction_id": "t-5"}, evse={"id": 1},
                        meter_value=[{"timestamp": AT, "sampled_value": [{"value": 1.5 + number}]}],
                    )
                )  # fmt: skip
                assert running.sink.words().count("TransactionEvent") == number + 1
            requests = [called.request for called in running.desk().calls if called.action == "TransactionEvent"]
            assert [request.seq_no for request in requests] == [0, 1, 2]
            assert requests[2].meter_value[0].sampled_value[0].value == 3.5
            listening.cancel()

    play(day())

"""Enrol a town: its grid, sites, devices and vehicles, and what was metered before the first day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitKind
from evenload.domain.station import Token
from evenload.domain.station_commands import SetFallback
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service.access_rows import Role
from evenload.service.fallbacks import allot
from evenload.service.keys import add_key, key_text
from evenload.service.live_rows import CircuitRow, DeviceRow, LoadRow, SiteRow, VehicleRow
from evenload.service.orders import give
from evenload.service.ports import Store
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.simulate.town import ZONE, Town
from evenload.simulate.town_parts import VOLTAGE_V, SiteKind, Vehicle

TENANT: Final = "town"
HISTORY_DAYS: Final = 21
STEP_MINUTES: Final = 15
_HIGH: Final = 0.98
_READY_BY: Final = {SiteKind.HOME: "07:00", SiteKind.WORKPLACE: "16:30", SiteKind.PUBLIC: "18:00"}
_USUAL_KWH: Final = {SiteKind.HOME: 12.0, SiteKind.WORKPLACE: 10.0, SiteKind.PUBLIC: 10.0}
_AT_ONCE_KWH: Final = {SiteKind.HOME: 3.0, SiteKind.WORKPLACE: 4.0, SiteKind.PUBLIC: 10.0}
_LEAST_A: Final = 6.0


def enrol_town(store: Store, town: Town, now: datetime, key_id: str, secret: str) -> str:
    """Enrol everything in one unit of work; a key to the API for the utility and the drivers' phones.

    Cars that are reached by clouds become devices when their drivers link them.
    """
    past = Horizon(now - timedelta(days=HISTORY_DAYS), STEP_MINUTES, HISTORY_DAYS * 24 * 60 // STEP_MINUTES)
    base_kw = own_load_kw(town, past)
    devices = _with_fallbacks(town, devices_of(town, now), base_kw)
    with store.writing() as unit:
        unit.circuits.put(
            CircuitRow(TENANT, one if one.parent else replace(one, timezone=ZONE)) for one in town.circuits.circuits
        )
        unit.sites.put(
            SiteRow(
                TENANT, one.node, timezone=ZONE, ready_by=_READY_BY[one.kind], energy_kwh_usual=_USUAL_KWH[one.kind],
                energy_kwh_minimum=_AT_ONCE_KWH[one.kind], made_at=now,
            )
            for one in town.sites
        )  # fmt: skip
        unit.devices.put(devices)
        unit.stations.put(StationRow(one.station, approved=True, noted_at=now) for one in devices)
        unit.vehicles.put(
            VehicleRow(
                TENANT, one.token.removeprefix(CAR_PREFIX), token=Token(one.token).key, battery_kwh=one.battery_kwh,
                ready_by=f"{one.usually_ready_by:%H:%M}", made_at=now, power_kw_max=_most_kw(one),
            )
            for one in town.vehicles
        )  # fmt: skip
        for one in devices:
            fallback = SetFallback(
                command_id=f"fallback-{one.device_id}", evse_id=one.evse_id, power_kw=one.fallback_kw or 0.0
            )
            give(unit, one.station, fallback, now)
        unit.loads.put(load_rows(town, past, base_kw))
    add_key(Scope(TENANT, "town", Role.ADMIN), store, key_id, secret, now, name="the town", role=Role.ADMIN)
    return key_text(key_id, secret)


def devices_of(town: Town, now: datetime) -> list[DeviceRow]:
    """The devices as they are enrolled."""
    return [
        DeviceRow(
            TENANT, one.station, one.node, one.station, one.evse_id, one.power_kw_max,
            _LEAST_A * one.phases * one.voltage_v / 1000, one.phases, one.voltage_v, enrolled_at=now,
        )
        for one in town.devices
    ]  # fmt: skip


def _most_kw(vehicle: Vehicle) -> float:
    return vehicle.current_a_max * vehicle.phases * VOLTAGE_V / 1000


def _with_fallbacks(town: Town, devices: Sequence[DeviceRow], base_kw: FloatArray) -> list[DeviceRow]:
    """With fallbacks that fit beside a base load that is seldom exceeded."""
    high_kw = town.circuits.sum_up(base_kw)
    allotted = allot(town.circuits, np.quantile(high_kw, _HIGH, axis=1), devices)
    return [replace(one, fallback_kw=allotted.fallback_kw[one.device_id]) for one in devices]


def own_load_kw(town: Town, horizon: Horizon) -> FloatArray:
    """Base load connected at each circuit itself, shape (circuits, steps): at transformers, that of their homes."""
    through = town.base_load_kw(horizon)
    own = np.zeros_like(through)
    for node in town.circuits.of_kind(CircuitKind.TRANSFORMER):
        own[node] = through[node]
    return own


def load_rows(town: Town, horizon: Horizon, own_kw: FloatArray) -> list[LoadRow]:
    """Base load of transformers as meters tell it, every step of a horizon."""
    starts = [to_datetime(one) for one in horizon.starts()]
    duration_s = horizon.step_minutes * 60.0
    return [
        LoadRow(TENANT, town.circuits.circuits[node].node, at, duration_s, round(kw, 3))
        for node in town.circuits.of_kind(CircuitKind.TRANSFORMER).tolist()
        for at, kw in zip(starts, own_kw[node].tolist(), strict=True)
    ]

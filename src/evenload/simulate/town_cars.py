"""The cars of a virtual town that are reached by their makers' clouds: plugged in at outlets nobody can talk to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

import numpy as np

from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.units import FloatArray
from evenload.domain.vehicle_state import CAR_PREFIX, Provider
from evenload.simulate.clouds.car import CarSpec, CloudCar
from evenload.simulate.clouds.faults import CloudFaults, Quirk
from evenload.simulate.clouds.makers import QUIRKS, Makers
from evenload.simulate.station_car import Car, Outlet
from evenload.simulate.town import Town
from evenload.simulate.town_parts import SOC_READY, Device, Vehicle

_KM_PER_KWH: Final = 6.0
_AMPS_SHARE: Final = 0.5
_PLACE: Final = (52.09, 5.11)
_APART: Final = 0.01
"""Degrees between two homes, more than what counts as at home."""


@dataclass(frozen=True, slots=True)
class _Named:
    identity: str


class ParkedCar:
    """A car at its outlet, where drivers plug in (``town_drivers.Point``), and what the outlet counted over time."""

    def __init__(self, device: Device, car: CloudCar, epoch: datetime) -> None:
        self.spec = _Named(device.station)
        self.car = car
        self.device = device
        self.driver = car.spec.user_id
        self.outlets: Mapping[int, Outlet] = {device.evse_id: car.outlet}
        self._epoch = epoch
        self._counted: list[tuple[datetime, float]] = []

    @property
    def provider(self) -> Provider:
        """Which shape of cloud reaches it."""
        return Provider(self.device.subprotocol)

    def plug_in(self, evse_id: int, car: Car, now: float, token: str = "") -> None:  # noqa: ARG002 - there is one outlet
        """A driver is home: the car begins to charge, as nobody tells it otherwise."""
        self.car.plug_in(car, self._at(now))
        self.count(now)

    def unplug(self, evse_id: int, now: float) -> None:  # noqa: ARG002
        """It drives off."""
        self.car.unplug(self._at(now))
        self.count(now)
        self.car.drive(self._at(now), is_home=False)

    def count(self, now: float) -> None:
        """Read the outlet's meter, which only the town knows of."""
        at = self._at(now)
        self.car.advance(at)
        self._counted.append((at, self.car.outlet.register_kwh))

    def meter(self) -> tuple[InstantArray, FloatArray]:
        """When it was read, and what it counted by then (kWh)."""
        at = np.array([to_datetime64(one) for one, _ in self._counted], dtype="datetime64[s]")
        return at, np.array([kwh for _, kwh in self._counted], dtype=np.float64)

    def forget(self, before: datetime) -> None:
        """Keep no readings of long ago."""
        self._counted = [one for one in self._counted if one[0] >= before]

    def _at(self, now: float) -> datetime:
        return self._epoch + timedelta(seconds=now)


def parked_cars(town: Town, makers: Makers, faults: CloudFaults, rng: np.random.Generator) -> list[ParkedCar]:
    """The cars at a town's outlets, in their order, each known to its maker's cloud; they are away to begin with."""
    vehicles = {one.token: one for one in town.vehicles}
    parked = [
        ParkedCar(device, _car(device, vehicles[device.station], number, town.epoch, faults, rng), town.epoch)
        for number, device in enumerate(town.outlets)
    ]
    for one in parked:
        makers.all[one.provider.value].core.add([one.car])
    return parked


def _car(
    device: Device, vehicle: Vehicle, number: int, epoch: datetime, faults: CloudFaults, rng: np.random.Generator
) -> CloudCar:
    name = device.station.removeprefix(CAR_PREFIX)
    vin = f"XEV{crc32(name.encode()):010d}{number:04d}"
    latitude, longitude = _PLACE
    can_set_amps = device.subprotocol == Provider.TESLA or (
        device.subprotocol == Provider.ENODE and bool(rng.random() < _AMPS_SHARE)
    )
    spec = CarSpec(
        vin if device.subprotocol == Provider.TESLA else f"{device.subprotocol}-{name}", vin, f"driver-{name}",
        battery_kwh=vehicle.battery_kwh, range_km_full=round(_KM_PER_KWH * vehicle.battery_kwh),
        home=(round(latitude + _APART * number, 4), longitude), can_set_amps=can_set_amps,
        quirks=faults.quirk(rng, _quirks(device.subprotocol)),
    )  # fmt: skip
    outlet = Outlet(device.evse_id, device.current_a_max, device.phases, device.voltage_v)
    most_a = min(vehicle.current_a_max, device.current_a_max)
    return CloudCar(spec, epoch, outlet, is_home=False, charge_limit=SOC_READY, current_a_wanted=most_a)


def _quirks(provider: str) -> tuple[Quirk, ...]:
    """What may be odd in a town; a car that tells 0 % for ever would be charged at once, every day."""
    return tuple(one for one in QUIRKS[provider] if one is not Quirk.ZERO_SOC)


def count_all(parked: Iterable[ParkedCar], now: float) -> None:
    """Read every outlet's meter."""
    for one in parked:
        one.count(now)

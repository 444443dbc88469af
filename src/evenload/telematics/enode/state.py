"""Enode: what the document of a vehicle tells. https://developers.enode.com/api/reference."""

from collections.abc import Mapping
from typing import Final

from evenload.domain.vehicle_state import Capabilities, PlugState
from evenload.telematics import document as doc
from evenload.telematics.facts import Facts
from evenload.telematics.port import CarFound

_PLUG: Final[Mapping[str, PlugState]] = {
    "UNPLUGGED": PlugState.UNPLUGGED,
    "PLUGGED_IN:INITIALIZING": PlugState.WAITING,
    "PLUGGED_IN:CHARGING": PlugState.CHARGING,
    "PLUGGED_IN:STOPPED": PlugState.WAITING,
    "PLUGGED_IN:COMPLETE": PlugState.COMPLETE,
    "PLUGGED_IN:NO_POWER": PlugState.WAITING,
    "PLUGGED_IN:FAULT": PlugState.FAULT,
    "PLUGGED_IN:DISCHARGING": PlugState.WAITING,
}


def facts_of(vehicle: doc.Document) -> Facts:
    """What a vehicle tells. Ranges are in km and powers in kW whatever the driver's settings."""
    told = doc.part(vehicle, "chargeState")
    plug = _plug(told)
    problems: tuple[str, ...] = ()
    if doc.flag(vehicle, "isReachable") is False:
        problems += ("the cloud cannot reach the car",)
    if doc.text(told, "powerDeliveryState") == "PLUGGED_IN:DISCHARGING":
        problems += ("the car gives energy back, which is not managed",)
    power_kw = doc.number(told, "chargeRate")
    return Facts(
        at=doc.instant(told, "lastUpdated") or doc.instant(vehicle, "lastSeen"), plug=plug,
        soc_percent=doc.number(told, "batteryLevel"), battery_kwh=doc.number(told, "batteryCapacity"),
        range_km=doc.number(told, "range"), charge_limit_percent=doc.number(told, "chargeLimit"),
        power_kw=power_kw if plug is PlugState.CHARGING else (0.0 if plug.is_plugged else None),
        latitude=doc.number(vehicle, "location", "latitude"), longitude=doc.number(vehicle, "location", "longitude"),
        is_asleep=None, problems=problems,
    )  # fmt: skip


def _plug(told: doc.Document) -> PlugState:
    plug = _PLUG.get(doc.text(told, "powerDeliveryState"))
    if plug is not None:
        return plug
    plugged, charging = doc.flag(told, "isPluggedIn"), doc.flag(told, "isCharging")
    if charging:
        return PlugState.CHARGING
    if plugged is False:
        return PlugState.UNPLUGGED
    if plugged:
        return PlugState.COMPLETE if doc.flag(told, "isFullyCharged") else PlugState.WAITING
    return PlugState.UNKNOWN


def car_of(vehicle: doc.Document) -> CarFound:
    """A vehicle of an account, and what can be asked of it."""
    year = doc.number(vehicle, "information", "year")
    return CarFound(
        doc.text(vehicle, "id"), vin=doc.text(vehicle, "information", "vin"),
        make=doc.text(vehicle, "information", "brand") or doc.text(vehicle, "vendor"),
        model=doc.text(vehicle, "information", "model"), year=int(year) if year else None,
        battery_kwh=doc.number(vehicle, "chargeState", "batteryCapacity"), capabilities=_able(vehicle),
    )  # fmt: skip


def _able(vehicle: doc.Document) -> Capabilities:
    can = doc.part(vehicle, "capabilities")
    starts, stops = doc.flag(can, "startCharging", "isCapable"), doc.flag(can, "stopCharging", "isCapable")
    amps = doc.flag(can, "setMaxCurrent", "isCapable")
    most = doc.number(vehicle, "chargeState", "maxCurrent")
    return Capabilities(
        can_start_stop=bool(starts and stops),
        can_set_amps=bool(amps),
        current_a_max=most if most and most > 0 else 32.0,
    )

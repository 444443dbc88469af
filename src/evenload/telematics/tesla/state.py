"""Tesla: what vehicle data tell: https://developer.tesla.com/docs/fleet-api/endpoints/vehicle-endpoints."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from evenload.domain.vehicle_state import Capabilities, PlugState
from evenload.telematics import document as doc
from evenload.telematics.facts import KM_PER_MILE, Facts
from evenload.telematics.port import CarFound

PLUG: Final[Mapping[str, PlugState]] = {
    "Disconnected": PlugState.UNPLUGGED, "NoPower": PlugState.WAITING, "Starting": PlugState.CHARGING,
    "Charging": PlugState.CHARGING, "Complete": PlugState.COMPLETE, "Stopped": PlugState.WAITING,
    "Calibrating": PlugState.WAITING,
}  # fmt: skip
_ABLE: Final = Capabilities(
    can_start_stop=True, can_set_amps=True, can_set_limit=True, can_wake=True, current_a_min=5.0, current_a_max=32.0
)
_THREE_PHASES_TOLD: Final = 2.0
"""Cars on three phases tell of two, as others report; cars on one phase tell of one."""


def facts_of(vehicle: doc.Document) -> Facts:
    """What a vehicle tells. Ranges are in miles whatever the driver's settings."""
    told = doc.part(vehicle, "charge_state")
    plug = PLUG.get(doc.text(told, "charging_state"), PlugState.UNKNOWN)
    range_miles = doc.number(told, "battery_range")
    place = doc.part(vehicle, "drive_state")
    return Facts(
        at=doc.instant(told, "timestamp"), plug=plug, soc_percent=doc.number(told, "battery_level"),
        range_km=None if range_miles is None else range_miles * KM_PER_MILE,
        charge_limit_percent=doc.number(told, "charge_limit_soc"), power_kw=_kw(told, plug),
        current_a=doc.number(told, "charger_actual_current"), voltage_v=doc.number(told, "charger_voltage"),
        energy_kwh_added=doc.number(told, "charge_energy_added"),
        latitude=doc.number(place, "latitude"), longitude=doc.number(place, "longitude"),
        is_asleep=_asleep(doc.text(vehicle, "state")), timer_start=_timer(told),
    )  # fmt: skip


def _kw(told: doc.Document, plug: PlugState) -> float | None:
    """Power by current and voltage, else as told, which is in whole kW."""
    if not plug.is_plugged:
        return None
    current_a, voltage_v = doc.number(told, "charger_actual_current"), doc.number(told, "charger_voltage")
    phases = doc.number(told, "charger_phases")
    if current_a is not None and voltage_v is not None and phases is not None:
        return current_a * voltage_v * (3 if phases == _THREE_PHASES_TOLD else phases) / 1000
    return doc.number(told, "charger_power")


def _timer(told: doc.Document) -> datetime | None:
    start = doc.instant(told, "scheduled_charging_start_time")
    return start if doc.text(told, "scheduled_charging_mode") not in ("", "Off") else None


def _asleep(state: str) -> bool | None:
    return state in ("asleep", "offline") if state else None


def car_of(vehicle: doc.Document) -> CarFound:
    """A vehicle of an account; it is called by its VIN."""
    vin = doc.text(vehicle, "vin")
    return CarFound(vin or doc.text(vehicle, "id"), vin, "TESLA", doc.text(vehicle, "display_name"), capabilities=_ABLE)


# records of the telemetry stream


def facts_of_record(record: doc.Document) -> Facts:
    """What a record of the stream tells: only what changed. Numbers come typed, or as text from older software."""
    told = {doc.text(one, "key"): doc.part(one, "value") for one in doc.rows(record, "data")}
    plug = PLUG.get(_word(told, "DetailedChargeState", "ChargeState"), PlugState.UNKNOWN)
    range_miles = _number(told, "EstBatteryRange") if "RatedRange" not in told else _number(told, "RatedRange")
    percent = _number(told, "Soc") if "BatteryLevel" not in told else _number(told, "BatteryLevel")
    at = doc.instant(record, "createdAt")
    return Facts(
        at=at, plug=plug, soc_percent=percent, battery_energy_kwh=_number(told, "EnergyRemaining"),
        range_km=None if range_miles is None else range_miles * KM_PER_MILE,
        charge_limit_percent=_number(told, "ChargeLimitSoc"), power_kw=_number(told, "ACChargingPower"),
        current_a=_number(told, "ChargeAmps"), voltage_v=_number(told, "ChargerVoltage"),
        energy_kwh_added=_number(told, "ACChargingEnergyIn"),
        latitude=doc.number(told.get("Location"), "locationValue", "latitude"),
        longitude=doc.number(told.get("Location"), "locationValue", "longitude"), is_asleep=False,
        timer_start=_record_timer(told, at), is_partial=True,
    )  # fmt: skip


def _value(told: Mapping[str, doc.Document], key: str) -> object:
    """The one value of a datum, whatever type it is told as; ``None`` where the car says it is not valid."""
    values = told.get(key, {})
    return None if values.get("invalid") else next(iter(values.values()), None)


def _number(told: Mapping[str, doc.Document], key: str) -> float | None:
    return doc.number({key: _value(told, key)}, key)


def _word(told: Mapping[str, doc.Document], *keys: str) -> str:
    """A state, without the name of its kind that typed ones begin with."""
    for key in keys:
        if word := doc.text({key: _value(told, key)}, key):
            return word.removeprefix(f"{key}Value").removeprefix(key)
    return ""


def _record_timer(told: Mapping[str, doc.Document], at: datetime | None) -> datetime | None:
    start = doc.instant({"at": _value(told, "ScheduledChargingStartTime")}, "at")
    pending = doc.flag({"is": _value(told, "ScheduledChargingPending")}, "is")
    since = at or datetime(1970, 1, 1, tzinfo=UTC)
    return start if start is not None and pending is not False and start > since - timedelta(days=1) else None

"""Smartcar: what signals tell of a car. https://smartcar.com/docs/api-reference/signals/charge.

Signals of the newer version; answers of the older one, by path, are read as the same signals.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from evenload.domain.vehicle_state import PlugState
from evenload.telematics import document as doc
from evenload.telematics.facts import KM_PER_MILE, Facts

BATTERY_PATH: Final = "/battery"
CAPACITY_PATH: Final = "/battery/nominal_capacity"
CHARGE_PATH: Final = "/charge"
LIMIT_PATH: Final = "/charge/limit"
LOCATION_PATH: Final = "/location"
PATHS: Final = (BATTERY_PATH, CAPACITY_PATH, CHARGE_PATH, LIMIT_PATH, LOCATION_PATH)

_PLUG: Final[Mapping[str, PlugState]] = {
    "CHARGING": PlugState.CHARGING, "FULLY_CHARGED": PlugState.COMPLETE, "COMPLETE": PlugState.COMPLETE,
    "NOT_CHARGING": PlugState.WAITING, "PAUSED": PlugState.WAITING, "STOPPED": PlugState.WAITING,
    "WAITING": PlugState.WAITING, "FAULT": PlugState.FAULT, "ERROR": PlugState.FAULT,
    "DISCONNECTED": PlugState.UNPLUGGED,
}  # fmt: skip
_WATTS: Final = frozenset({"w", "watt", "watts"})
_KWH: Final = frozenset({"kwh", "kilowatt_hour", "kilowatt_hours"})
_MILES: Final = frozenset({"miles", "mile", "mi"})

Signals = Mapping[str, doc.Document]


def signals_of(found: Iterable[doc.Document]) -> tuple[Signals, list[datetime], list[doc.Document]]:
    """Bodies of signals by code, when the car told them, and the errors of those that could not be had."""
    bodies: dict[str, doc.Document] = {}
    times: list[datetime] = []
    errors: list[doc.Document] = []
    for one in found:
        told = doc.part(one, "attributes") or one
        error = doc.part(told, "error") or doc.part(told, "status", "error") or doc.part(one, "error")
        if error or doc.text(told, "status", "value") == "ERROR":
            errors.append(error)
            continue
        bodies[doc.text(told, "code")] = doc.part(told, "body")
        at = doc.instant(one, "meta", "oemUpdatedAt")
        if at is not None and doc.text(told, "code").startswith(("charge-", "tractionbattery-")):
            times.append(at)
    return bodies, times, errors


def facts_of(signals: Signals, at: datetime | None, *, imperial: bool = False) -> Facts:
    """What signals tell. ``imperial`` is the unit system of what names no unit of its own."""
    percent, doubtful, problems = _percent(signals.get("tractionbattery-stateofcharge", {}))
    limits = signals.get("charge-chargelimits", {})
    return Facts(
        at=at, plug=_plug(signals), soc_percent=percent, soc_is_doubtful=doubtful,
        battery_energy_kwh=_kwh(signals.get("tractionbattery-stateofcharge", {})),
        battery_kwh=doc.number(signals.get("tractionbattery-nominalcapacity"), "capacity"),
        range_km=_km(signals.get("tractionbattery-range", {}), imperial=imperial),
        charge_limit_percent=_limit(limits), power_kw=_kw(signals.get("charge-wattage", {})),
        current_a=doc.number(signals.get("charge-amperage"), "value"),
        voltage_v=doc.number(signals.get("charge-voltage"), "value"),
        energy_kwh_added=doc.number(signals.get("charge-energyadded"), "value"),
        latitude=doc.number(signals.get("location-preciselocation"), "latitude"),
        longitude=doc.number(signals.get("location-preciselocation"), "longitude"),
        is_asleep=doc.flag(signals.get("connectivitystatus-isasleep"), "value"), problems=problems,
    )  # fmt: skip


def _plug(signals: Signals) -> PlugState:
    detailed = doc.text(signals.get("charge-detailedchargingstatus"), "value").upper()
    cable = doc.flag(signals.get("charge-ischargingcableconnected"), "value")
    charging = doc.flag(signals.get("charge-ischarging"), "value")
    if cable is False:
        return PlugState.UNPLUGGED
    if charging:
        return PlugState.CHARGING
    plug = _PLUG.get(detailed)
    if plug is PlugState.CHARGING and charging is False:
        plug = PlugState.WAITING
    if plug is not None and (plug is not PlugState.WAITING or cable):
        return plug
    return PlugState.WAITING if cable else PlugState.UNKNOWN


def _percent(body: doc.Document) -> tuple[float | None, bool, tuple[str, ...]]:
    """State of charge in percent, whether it is doubtful, and why: without a unit, 1 may be full or nearly empty."""
    percentage = doc.number(body, "percentage")
    value = doc.number(body, "value") if percentage is None else percentage
    unit = doc.text(body, "unit")
    if unit.casefold() in _KWH:
        return None, False, ()
    if value is None or percentage is not None or unit.startswith("percent") or value > 1 or value == 0:
        return value, False, ()
    return value * 100, True, (f"a state of charge of {value:g} without a unit is taken as {value:.0%}",)


def _kwh(body: doc.Document) -> float | None:
    """Energy in the battery, where that is told in place of a share of it."""
    return doc.number(body, "value") if doc.text(body, "unit").casefold() in _KWH else None


def _limit(body: doc.Document) -> float | None:
    active = doc.number(body, "activeLimit")
    if active is not None:
        return active
    found = {doc.text(one, "type").casefold(): doc.number(one, "limit") for one in doc.rows(body, "values")}
    return found.get("global")


def _km(body: doc.Document, *, imperial: bool) -> float | None:
    value, unit = doc.number(body, "value"), doc.text(body, "unit").casefold()
    miles = unit in _MILES or (not unit and imperial)
    return value * KM_PER_MILE if value is not None and miles else value


def _kw(body: doc.Document) -> float | None:
    value = doc.number(body, "value")
    return value / 1000 if value is not None and doc.text(body, "unit").casefold() in _WATTS else value


def signals_of_v2(answers: Iterable[doc.Document]) -> tuple[Signals, list[datetime], list[doc.Document], bool]:
    """The same of a batch of the older version, and whether it is in the imperial system."""
    bodies: dict[str, doc.Document] = {}
    times: list[datetime] = []
    errors: list[doc.Document] = []
    imperial = False
    for one in answers:
        headers = {name.casefold(): value for name, value in doc.part(one, "headers").items()}
        if doc.number(one, "code") != 200:
            errors.append(doc.part(one, "body"))
            continue
        path, body = doc.text(one, "path"), doc.part(one, "body")
        imperial = imperial or doc.text(headers, "sc-unit-system") == "imperial"
        bodies |= _as_signals(path, body)
        at = doc.instant(headers, "sc-data-age")
        if at is not None and path in (BATTERY_PATH, CHARGE_PATH):
            times.append(at)
    return bodies, times, errors, imperial


def _as_signals(path: str, body: doc.Document) -> dict[str, doc.Document]:
    if path == BATTERY_PATH:
        remaining = doc.number(body, "percentRemaining")
        percent = None if remaining is None else remaining * 100
        return {
            "tractionbattery-stateofcharge": {"value": percent, "unit": "percent"},
            "tractionbattery-range": {"value": body.get("range")},
        }
    if path == CAPACITY_PATH:
        return {"tractionbattery-nominalcapacity": {"capacity": doc.number(body, "capacity", "nominal")}}
    if path == CHARGE_PATH:
        return {
            "charge-ischargingcableconnected": {"value": body.get("isPluggedIn")},
            "charge-detailedchargingstatus": {"value": body.get("state")},
        }
    if path == LIMIT_PATH:
        limit = doc.number(body, "limit")
        return {"charge-chargelimits": {"activeLimit": None if limit is None else limit * 100}}
    return {"location-preciselocation": body} if path == LOCATION_PATH else {}

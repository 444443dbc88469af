"""What a cloud told of a car in one set of units, and the state that is made of it after it was judged."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Final

from evenload.domain.vehicle_state import PlugState, SocBasis, VehicleState
from evenload.telematics.port import Home, Link
from evenload.telematics.soc import Told, soc_of

KM_PER_MILE: Final = 1.609344
AHEAD_MAX: Final = timedelta(minutes=2)
"""How far a car's clock may be ahead of ours."""

_EARTH_M: Final = 6_371_000.0
_POWER_KW_MAX: Final = 400.0
_ENERGY_KWH_MAX: Final = 300.0
_LONG_AGO: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was told, in kW, kWh, km, A, V, percent and degrees; ``None`` where it was not."""

    at: datetime | None
    plug: PlugState
    soc_percent: float | None = None
    battery_energy_kwh: float | None = None
    battery_kwh: float | None = None
    range_km: float | None = None
    charge_limit_percent: float | None = None
    power_kw: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None
    energy_kwh_added: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    is_asleep: bool | None = None
    timer_start: datetime | None = None
    is_overridden: bool = False
    is_partial: bool = False
    soc_is_doubtful: bool = False
    problems: tuple[str, ...] = ()


def state_of(link: Link, facts: Facts, now: datetime) -> VehicleState:
    """The state of a car; what cannot be is left out and said in ``problems``."""
    problems = list(facts.problems)
    soc, odd = soc_of(
        Told(
            percent=facts.soc_percent, energy_kwh=facts.battery_energy_kwh, range_km=facts.range_km,
            battery_kwh=link.battery_kwh or facts.battery_kwh, range_km_full=link.range_km_full,
        )
    )  # fmt: skip
    problems += odd
    return VehicleState(
        car=link.car, at=_instant(facts.at, now, problems), received_at=now, plug=facts.plug,
        soc=soc.value if soc else None, soc_confidence=_confidence(soc.confidence if soc else 0.0, facts),
        soc_basis=soc.basis if soc else SocBasis.ASSUMED, charge_limit_soc=_share(facts.charge_limit_percent),
        power_kw=_within(facts.power_kw, _POWER_KW_MAX, "power of {:g} kW", problems),
        current_a=facts.current_a, voltage_v=facts.voltage_v,
        energy_kwh_added=_within(facts.energy_kwh_added, _ENERGY_KWH_MAX, "{:g} kWh added", problems),
        is_home=is_home(link.home, facts.latitude, facts.longitude), range_km=facts.range_km,
        is_asleep=facts.is_asleep, timer_start=facts.timer_start, is_overridden=facts.is_overridden,
        is_partial=facts.is_partial, problems=tuple(problems),
    )  # fmt: skip


def _confidence(confidence: float, facts: Facts) -> float:
    return confidence / 2 if facts.soc_is_doubtful else confidence


def _instant(at: datetime | None, now: datetime, problems: list[str]) -> datetime:
    if at is None:
        problems.append("it is not told when the car measured: taken as measured now")
        return now
    if at > now + AHEAD_MAX:
        ahead_s = (at - now).total_seconds()
        problems.append(f"the car's clock is {ahead_s:.0f} s ahead of ours: taken as measured now")
        return now
    if at < now - _LONG_AGO:
        problems.append(f"the car has told nothing since {at:%Y-%m-%d}")
    return min(at, now)


def _share(percent: float | None) -> float | None:
    return percent / 100.0 if percent is not None and 0 < percent <= 100 else None


def _within(amount: float | None, most: float, words: str, problems: list[str]) -> float | None:
    if amount is None or -most <= amount <= most:
        return amount
    problems.append(f"{words.format(amount)} cannot be")
    return None


def is_home(home: Home | None, latitude: float | None, longitude: float | None) -> bool | None:
    """Whether a place is a car's home, by the distance on a sphere; ``None`` where one of them is not known."""
    if home is None or latitude is None or longitude is None:
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180) or (latitude == 0 and longitude == 0):
        return None  # what cars without reception tell
    north, east = radians(latitude - home.latitude) / 2, radians(longitude - home.longitude) / 2
    squared = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(home.latitude)) * sin(east) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(squared, 1.0))) <= home.radius_m

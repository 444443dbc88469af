"""State of charge, whatever it is told in: a fraction with a basis and a confidence; and the energy a car needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from evenload.domain.vehicle_state import SocBasis

_CONFIDENCE: Final = {SocBasis.PERCENT: 0.95, SocBasis.ENERGY: 0.9, SocBasis.RANGE: 0.6, SocBasis.ASSUMED: 0.2}
"""Percents are rounded to whole ones and batteries age; a range depends on weather and driving."""

_APART: Final = 0.1
_DOUBTED: Final = 0.7
_OVER: Final = 0.03
"""What is told may be so much above full, by rounding or a buffer, and still mean full."""

EFFICIENCY_USUAL: Final = 0.9
"""Share of the energy at the connector that reaches the battery, where nobody knows better."""


@dataclass(frozen=True, slots=True)
class Soc:
    """A state of charge (0 to 1), what it was worked out from, and how far it can be trusted (0 to 1)."""

    value: float
    basis: SocBasis
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of a battery: percent, energy in it (kWh), range (km); and what it holds when full."""

    percent: float | None = None
    energy_kwh: float | None = None
    range_km: float | None = None
    battery_kwh: float | None = None
    range_km_full: float | None = None


def soc_of(told: Told) -> tuple[Soc | None, tuple[str, ...]]:
    """The surest state of charge that follows from what was told, and what is odd about it in words."""
    problems: list[str] = []
    found = [
        _checked(SocBasis.PERCENT, told.percent, 100.0, "%", problems),
        _checked(SocBasis.ENERGY, told.energy_kwh, told.battery_kwh, "kWh", problems),
        _checked(SocBasis.RANGE, told.range_km, told.range_km_full, "km", problems),
    ]
    known = [one for one in found if one is not None]
    if not known:
        return None, tuple(problems)
    return _agreed(known, problems), tuple(problems)


def _checked(
    basis: SocBasis, amount: float | None, full: float | None, unit: str, problems: list[str]
) -> Soc | None:  # fmt: skip
    if amount is None or not full or full <= 0:
        return None
    share = amount / full
    over = _OVER if basis is not SocBasis.RANGE else 0.5  # a gentle driver goes farther than the book says
    if not 0 <= share <= 1 + over:
        problems.append(f"a battery cannot hold {amount:g} {unit} of {full:g} {unit}")
        return None
    return Soc(min(share, 1.0), basis, _CONFIDENCE[basis])


def _agreed(known: Sequence[Soc], problems: list[str]) -> Soc:
    surest = known[0]
    for other in known[1:]:
        apart = _APART if SocBasis.RANGE not in (surest.basis, other.basis) else 2 * _APART
        if abs(other.value - surest.value) > apart:
            problems.append(
                f"by its {surest.basis} the battery is at {surest.value:.0%}, by its {other.basis} at {other.value:.0%}"
            )
            return replace(surest, confidence=surest.confidence * _DOUBTED)
    return surest


def assumed(value: float) -> Soc:
    """A state of charge that nobody told."""
    return Soc(value, SocBasis.ASSUMED, _CONFIDENCE[SocBasis.ASSUMED])


def energy_kwh_needed(
    soc: float, target_soc: float, battery_kwh: float, efficiency: float = EFFICIENCY_USUAL
) -> float:  # fmt: skip
    """Energy at the connector (kWh) that brings a battery from one state of charge to another, 0 where it is there."""
    return max(target_soc - soc, 0.0) * battery_kwh / efficiency

"""What a plan is to make least: money, carbon, money with carbon priced in, the highest load, or uneven loads."""

from enum import StrEnum

import numpy as np

from evenload.base.errors import InputError, SignalError
from evenload.base.units import GRAMS_PER_KILOGRAM, FloatArray
from evenload.domain.signal import Signal


class Objective(StrEnum):
    """What is made least."""

    PRICE = "price"
    CARBON = "carbon"
    PEAK = "peak"
    BALANCED = "balanced"

    def unit(self, currency: str) -> str:
        """Unit of the objective: currency, kg CO2, kW of the highest load, or kWh weighted by loading."""
        return {Objective.CARBON: "kg CO2", Objective.PEAK: "kW", Objective.BALANCED: "kWh"}.get(self, currency)


def objective_per_kwh(signal: Signal, objective: Objective, carbon_price_per_kg: float = 0.0) -> FloatArray:
    """What one kWh of each step adds to the objective, shape (steps,): money, or kg CO2 for ``Objective.CARBON``.

    ``carbon_price_per_kg`` puts a price on carbon and adds it to the money. Raises ``SignalError`` where carbon is
    asked for and the signal has none, and ``InputError`` for a price of carbon that cannot be meant. Source: DESIGN
    section 5.
    """
    refuse_carbon_price(objective, carbon_price_per_kg)
    if objective is Objective.CARBON:
        return carbon_kg_per_kwh(signal)
    return _with_carbon(signal.price_per_kwh, signal, carbon_price_per_kg)


def export_per_kwh(signal: Signal, objective: Objective, carbon_price_per_kg: float = 0.0) -> FloatArray | None:
    """What one kWh given back takes off the objective, shape (steps,); None where it is money and no price is known.

    Carbon counts the same both ways: what is given back need not be generated elsewhere. Errors as in
    ``objective_per_kwh``.
    """
    refuse_carbon_price(objective, carbon_price_per_kg)
    if objective is Objective.CARBON:
        return carbon_kg_per_kwh(signal)
    if signal.export_price_per_kwh is None:
        return None
    return _with_carbon(signal.export_price_per_kwh, signal, carbon_price_per_kg)


def carbon_kg_per_kwh(signal: Signal) -> FloatArray:
    """Emissions of one kWh of each step, kg, shape (steps,)."""
    if signal.carbon_g_per_kwh is None:
        raise SignalError("the signal has no carbon_g_per_kwh, which this objective needs")
    return np.asarray(signal.carbon_g_per_kwh / GRAMS_PER_KILOGRAM)


def _with_carbon(price_per_kwh: FloatArray, signal: Signal, carbon_price_per_kg: float) -> FloatArray:
    if not carbon_price_per_kg:
        return price_per_kwh
    return np.asarray(price_per_kwh + carbon_price_per_kg * carbon_kg_per_kwh(signal))


def refuse_carbon_price(objective: Objective, carbon_price_per_kg: float) -> None:
    """Raise ``InputError`` for a price of carbon that cannot be meant, or beside an objective that takes none."""
    if not (np.isfinite(carbon_price_per_kg) and carbon_price_per_kg >= 0):
        raise InputError(f"a price of carbon is a number of 0 or more per kg, not {carbon_price_per_kg:g}")
    if carbon_price_per_kg and objective is not Objective.PRICE:
        looks_at = "no money" if objective is Objective.CARBON else "loads first"
        raise InputError(
            f"a price of carbon belongs to the objective price; the objective {objective} looks at {looks_at}"
        )

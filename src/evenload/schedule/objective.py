"""What a plan is to make least: money, carbon, or money with carbon priced in."""

from enum import StrEnum

import numpy as np

from evenload.base.errors import InputError, SignalError
from evenload.base.units import GRAMS_PER_KILOGRAM, FloatArray
from evenload.domain.signal import Signal


class Objective(StrEnum):
    """What is made least."""

    PRICE = "price"
    CARBON = "carbon"


def objective_per_kwh(signal: Signal, objective: Objective, carbon_price_per_kg: float = 0.0) -> FloatArray:
    """What one kWh of each step adds to the objective, shape (steps,): money, or kg CO2 for ``Objective.CARBON``.

    ``carbon_price_per_kg`` puts a price on carbon and adds it to the money. Raises ``SignalError`` where carbon is
    asked for and the signal has none, and ``InputError`` for a price of carbon that cannot be meant. Source: DESIGN
    section 5.
    """
    if not (np.isfinite(carbon_price_per_kg) and carbon_price_per_kg >= 0):
        raise InputError(f"a price of carbon is a number of 0 or more per kg, not {carbon_price_per_kg:g}")
    if objective is Objective.CARBON:
        if carbon_price_per_kg:
            raise InputError("a price of carbon belongs to the objective price; the objective carbon looks at no money")
        return carbon_kg_per_kwh(signal)
    if carbon_price_per_kg:
        return np.asarray(signal.price_per_kwh + carbon_price_per_kg * carbon_kg_per_kwh(signal))
    return signal.price_per_kwh


def carbon_kg_per_kwh(signal: Signal) -> FloatArray:
    """Emissions of one kWh of each step, kg, shape (steps,)."""
    if signal.carbon_g_per_kwh is None:
        raise SignalError("the signal has no carbon_g_per_kwh, which this objective needs")
    return np.asarray(signal.carbon_g_per_kwh / GRAMS_PER_KILOGRAM)

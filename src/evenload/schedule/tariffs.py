"""Tariffs of a problem: what a kWh costs, and a kWh given back earns, where signals differ from place to place."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.signal import PlacedSignals
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.solver.objective import Objective, carbon_kg_per_kwh, export_per_kwh, objective_per_kwh


def tariffs_of(
    placed: PlacedSignals, giving_back: BoolArray, objective: Objective, carbon_price_per_kg: float = 0.0
) -> Tariffs:
    """One tariff a place, in the unit of the objective; ``giving_back`` (S,) says which sessions may.

    Raises ``SignalError``, naming the place, where carbon is missing, or what power given back earns and a session
    there may give some. Where nobody may, export stands at the price of import and is never used.
    """
    bought, earned = [], []
    for place, signal in enumerate(placed.signals):
        with _naming_place(placed.places[place]):
            bought.append(objective_per_kwh(signal, objective, carbon_price_per_kg))
            export = export_per_kwh(signal, objective, carbon_price_per_kg)
            if export is None and giving_back[placed.of_session == place].any():
                raise SignalError(
                    "sessions may give power back (discharge_kw_max), so the signal needs export_price_per_kwh: the "
                    "same as price_per_kwh under net metering, 0 where export is not paid"
                )
            earned.append(bought[-1] if export is None else export)
    return Tariffs(placed.of_session, np.array(bought), np.array(earned))


def money_of(placed: PlacedSignals) -> Tariffs:
    """What sessions pay and earn, currency per kWh; where no price of export is known, what is given back earns 0."""
    earned = [
        np.zeros_like(signal.price_per_kwh) if signal.export_price_per_kwh is None else signal.export_price_per_kwh
        for signal in placed.signals
    ]
    return Tariffs(placed.of_session, np.array([signal.price_per_kwh for signal in placed.signals]), np.array(earned))


def carbon_of(placed: PlacedSignals) -> Tariffs | None:
    """What sessions emit, kg per kWh; None where some place's carbon is not known."""
    if any(signal.carbon_g_per_kwh is None for signal in placed.signals):
        return None
    emitted = np.array([carbon_kg_per_kwh(signal) for signal in placed.signals])
    return Tariffs(placed.of_session, emitted, emitted)


def overall_per_kwh(tariffs: Tariffs, placed: PlacedSignals) -> FloatArray:
    """Import price of everywhere else, or the mean over places where no session has that, shape (T,)."""
    if "" in placed.places:
        return np.asarray(tariffs.import_per_kwh[placed.places.index("")])
    return np.asarray(tariffs.import_per_kwh.mean(axis=0))


@contextmanager
def _naming_place(place: str) -> Iterator[None]:
    try:
        yield
    except SignalError as error:
        raise SignalError(f"at {place!r}: {error}" if place else str(error)) from error

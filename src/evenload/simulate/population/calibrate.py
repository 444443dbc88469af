"""Bring a driver model to stated facts, such as the report's 11 kWh a day or 12 to 14 h connected at home."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.simulate.population.generate import drive
from evenload.simulate.population.model import DriverModel

TOLERANCE: Final = 0.005
"""Relative; what is promised is 2 %, the rest is left for the draw of the cars."""

_START: Final = datetime(2019, 1, 7, tzinfo=UTC)
_END: Final = datetime(2020, 1, 6, tzinfo=UTC)
_CARS_LEAST: Final = 600
_ROUNDS: Final = 16
_GAP_DAMPING: Final = 1.3
_EXTREMES: Final = {"energy_scale": (0.02, 50.0), "connected_scale": (0.05, 8.0), "gap_scale": (0.0, 30.0)}


@dataclass(frozen=True, slots=True)
class Facts:
    """Means over a year of generated cars: energy of a car and day, of a session, and hours connected a session."""

    energy_kwh_per_day: float
    energy_kwh_per_session: float
    connected_h_mean: float


def facts(model: DriverModel, seed: int = 0) -> Facts:
    """What some 600 cars of the model, as many of each template, do in a year of 52 whole weeks."""
    template = np.tile(np.arange(model.templates), -(-_CARS_LEAST // model.templates))
    made = drive(model, template, _START, _END, np.random.default_rng(seed))
    energy = float(made.energy_kwh_metered.sum())
    return Facts(
        energy_kwh_per_day=energy / template.size / (_END - _START).days,
        energy_kwh_per_session=energy / max(len(made), 1),
        connected_h_mean=float(made.connected_h.sum()) / max(len(made), 1),
    )


def calibrate(
    model: DriverModel,
    energy_kwh_per_day: float | None = None,
    energy_kwh_per_session: float | None = None,
    connected_h_mean: float | None = None,
) -> DriverModel:
    """The model scaled to the targets given (yearly means over cars), each within 2 % when many cars are generated.

    Connected hours stretch every stay. Energy per session scales every session, never past power x stay. Energy per
    day scales sessions too where it is the only energy target; beside energy per session it changes how many whole
    days pass between sessions. Raises ``InputError`` with the reachable range where a target is out of reach.
    """
    targets = {
        name: value
        for name, value in (
            ("connected_h_mean", connected_h_mean),
            ("energy_kwh_per_session", energy_kwh_per_session),
            ("energy_kwh_per_day", energy_kwh_per_day),
        )
        if value is not None
    }
    if any(not 0 < value < np.inf for value in targets.values()):
        raise InputError(f"targets of a calibration must be above 0: {targets}")
    levers = {name: _lever(name, targets) for name in targets}
    for _ in range(_ROUNDS):
        measured = facts(model)
        ratio = {name: target / max(getattr(measured, name), 1e-9) for name, target in targets.items()}
        if all(abs(value - 1) <= TOLERANCE for value in ratio.values()):
            return model
        for name in targets:
            model = _scaled(model, levers[name], _moved(model, levers[name], ratio[name]))
    worst = max(targets, key=lambda name: abs(np.log(targets[name] / getattr(measured, name))))
    raise InputError(_out_of_reach(model, worst, targets[worst], levers[worst]))


def _lever(name: str, targets: dict[str, float]) -> str:
    if name == "connected_h_mean":
        return "connected_scale"
    if name == "energy_kwh_per_day" and "energy_kwh_per_session" in targets:
        return "gap_scale"
    return "energy_scale"


def _scaled(model: DriverModel, lever: str, scale: float) -> DriverModel:
    scales = {name: getattr(model, name) for name in _EXTREMES} | {lever: scale}
    return replace(
        model,
        energy_scale=scales["energy_scale"],
        connected_scale=scales["connected_scale"],
        gap_scale=scales["gap_scale"],
    )


def _moved(model: DriverModel, lever: str, ratio: float) -> float:
    low, high = _EXTREMES[lever]
    factor = ratio**-_GAP_DAMPING if lever == "gap_scale" else ratio
    return float(np.clip(getattr(model, lever) * np.clip(factor, 0.3, 3.0), max(low, 1e-3), high))


def _out_of_reach(model: DriverModel, name: str, target: float, lever: str) -> str:
    ends = sorted(getattr(facts(_scaled(model, lever, end)), name) for end in _EXTREMES[lever])
    return (
        f"{name} = {target:g} is out of reach: with the other targets, "
        f"these drivers reach {ends[0]:.3g} to {ends[1]:.3g}"
    )

"""Populations of cars: driver models fitted to real sessions, presets, calibration, replay, and how good they are."""

from evenload.simulate.population.blend import blend
from evenload.simulate.population.calibrate import Facts, calibrate, facts
from evenload.simulate.population.fit import fit
from evenload.simulate.population.generate import generate
from evenload.simulate.population.goodness import GoodnessReport, held_out
from evenload.simulate.population.model import DriverModel
from evenload.simulate.population.presets import PRESETS, Preset, preset
from evenload.simulate.population.resample import active, resample, watched

__all__ = [
    "PRESETS",
    "DriverModel",
    "Facts",
    "GoodnessReport",
    "Preset",
    "active",
    "blend",
    "calibrate",
    "facts",
    "fit",
    "generate",
    "held_out",
    "preset",
    "resample",
    "watched",
]

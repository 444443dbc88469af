"""One-day household profiles of the IEEE European low-voltage test feeder: a column a household, a row a minute."""

from pathlib import Path

import numpy as np
import pandas as pd

from evenload.base.errors import LoadError
from evenload.base.units import MINUTES_PER_DAY, FloatArray


def read_households(path: Path) -> FloatArray:
    """Load of every household (kW), shape (households, 1440)."""
    table = pd.read_csv(path).drop(columns="minute")
    profiles = np.asarray(table.to_numpy(dtype=np.float64).T)
    if profiles.shape[1] != MINUTES_PER_DAY or np.isnan(profiles).any():
        raise LoadError(f"{path.name} must hold {MINUTES_PER_DAY} minutes of every household without gaps")
    return profiles


def step_means(profiles: FloatArray, step_minutes: int) -> FloatArray:
    """Mean power a step of minute profiles, shape (households, 1440 / step_minutes); energy is kept."""
    if MINUTES_PER_DAY % step_minutes:
        raise LoadError(f"steps of {step_minutes} min do not divide a day")
    return np.asarray(profiles.reshape(profiles.shape[0], -1, step_minutes).mean(axis=2))

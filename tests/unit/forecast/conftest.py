"""A history made of what each local day is like, and a forecast from the end of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.forecast.conditions import Calendar
from evenload.forecast.forecast import Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts

OSLO = LocalClock("Europe/Oslo")


@dataclass(frozen=True, slots=True)
class Bench:
    """Hourly steps around ``now``: 150 days of history before it and two days that must not be looked at."""

    now: datetime
    days: int = 150

    @property
    def horizon(self) -> Horizon:
        return Horizon(self.now - timedelta(days=self.days), 60, 24 * (self.days + 2))

    @property
    def ahead(self) -> Horizon:
        return Horizon(self.now, 60, 36)

    @property
    def at_now(self) -> int:
        return 24 * self.days

    def hour(self, horizon: Horizon | None = None) -> FloatArray:
        """Local hour of each step, as a load."""
        starts = (horizon or self.horizon).starts()
        return OSLO.minute_of_day(starts) / 60.0

    def predict(self, load_kw: FloatArray, facts: NodeFacts | None = None) -> Forecast:
        nodes = tuple(f"n{i}" for i in range(load_kw.shape[0]))
        history = LoadHistory(nodes, self.horizon, load_kw)
        return fit(history, Calendar(OSLO), facts=facts).predict(self.now, self.ahead)


@pytest.fixture
def at() -> Callable[[str], Bench]:
    return lambda text: Bench(parse_instant(text))


@pytest.fixture
def winter() -> Bench:
    """A Wednesday in January, at local midnight."""
    return Bench(parse_instant("2020-01-15T00:00:00+01:00"))


@pytest.fixture
def noise() -> np.random.Generator:
    return np.random.default_rng(3)

"""Household base load: scale, season, days of 23 and 25 hours."""

from datetime import datetime

import numpy as np
import pytest

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.grid.build import GridShape
from evenload.simulate.base_load import HouseholdLoad

OSLO = LocalClock("Europe/Oslo")


def profiles() -> FloatArray:
    """Three homes of 96 quarter hours, each with its own evening."""
    hours = np.arange(96) / 4
    return np.array([0.3 + np.exp(-((hours - top) ** 2)) for top in (18.0, 19.0, 20.0)])


def horizon(start: str, end: str) -> Horizon:
    begin: datetime = parse_instant(start)
    return Horizon.between(begin, parse_instant(end))


def test_diversified_peak_in_the_coldest_days_is_the_preset() -> None:
    grid = GridShape(20, 100, (500.0,), transformers_per_feeder=20).build()
    january = horizon("2020-01-14T00:00:00+01:00", "2020-01-17T00:00:00+01:00")
    load = HouseholdLoad(profiles(), 2.0, 0.6).through_nodes(grid, january, OSLO, np.random.default_rng(1))
    assert load[0].max() / grid.homes == pytest.approx(2.0, rel=0.02)


def test_midsummer_is_the_stated_share_of_midwinter() -> None:
    grid = GridShape(4, 50, (500.0,), transformers_per_feeder=4).build()
    load = HouseholdLoad(profiles(), 2.0, 0.6)
    rng = np.random.default_rng
    winter = load.through_nodes(grid, horizon("2020-01-15T00:00:00+01:00", "2020-01-18T00:00:00+01:00"), OSLO, rng(1))
    summer = load.through_nodes(grid, horizon("2020-07-14T00:00:00+02:00", "2020-07-17T00:00:00+02:00"), OSLO, rng(1))
    assert summer[0].sum() / winter[0].sum() == pytest.approx(0.6, rel=0.01)


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [
        ("2020-03-29T00:00:00+01:00", "2020-03-30T00:00:00+02:00", 92),
        ("2020-10-25T00:00:00+02:00", "2020-10-26T00:00:00+01:00", 100),
    ],
)
def test_a_day_the_clocks_change_follows_the_local_clock(start: str, end: str, steps: int) -> None:
    grid = GridShape(1, 1, (50.0,), transformers_per_feeder=1).build()
    day = horizon(start, end)
    load = HouseholdLoad(profiles()[:1], 1.0).through_nodes(grid, day, OSLO, np.random.default_rng(1))[0]
    assert load.shape == (steps,)
    shown = OSLO.minute_of_day(day.starts())[int(load.argmax())]
    assert abs(int(shown) - 18 * 60) <= 60


def test_every_circuit_carries_what_hangs_below_it() -> None:
    grid = GridShape(3, 4, (50.0,), transformers_per_feeder=2).build()
    load = HouseholdLoad(profiles(), 2.0).through_nodes(
        grid, horizon("2020-01-14T00:00:00+01:00", "2020-01-15T00:00:00+01:00"), OSLO, np.random.default_rng(3)
    )
    kinds = [circuit.kind.value for circuit in grid.tree.circuits]
    transformers = load[[i for i, kind in enumerate(kinds) if kind == "transformer"]].sum(axis=0)
    feeders = load[[i for i, kind in enumerate(kinds) if kind == "feeder"]].sum(axis=0)
    assert np.allclose(load[0], transformers)
    assert np.allclose(load[0], feeders)


def test_profiles_that_do_not_fit_the_steps_are_refused() -> None:
    grid = GridShape(1, 1, (50.0,), transformers_per_feeder=1).build()
    with pytest.raises(LoadError, match="7 values a day"):
        HouseholdLoad(np.ones((2, 7)), 1.0).through_nodes(
            grid, horizon("2020-01-14T00:00:00+01:00", "2020-01-15T00:00:00+01:00"), OSLO, np.random.default_rng(3)
        )

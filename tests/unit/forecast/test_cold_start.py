"""Nodes without history: the class's shape, as large as what is known, and said so."""

from typing import Any

import numpy as np
import pytest

from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.conditions import Calendar
from evenload.forecast.forecast import Basis, Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts

HOUR_SHAPE = np.concatenate([np.full(12, 0.5), np.full(12, 1.5)])
"""Half the mean in the first half of the day, one and a half times in the second."""

EXAMPLE_DAYS = np.array([0.8, 1.0, 1.2])[:, None] * HOUR_SHAPE
"""Three days of one home with a mean of 1 kW."""


def predict(winter: Any, load_kw: FloatArray, facts: NodeFacts, *classes: ClassProfile) -> Forecast:
    history = LoadHistory(tuple(f"n{i}" for i in range(load_kw.shape[0])), winter.horizon, load_kw)
    calendar = Calendar(LocalClock("Europe/Oslo"))
    return fit(history, calendar, facts=facts, classes=classes).predict(winter.now, winter.ahead)


def test_a_profile_is_scaled_by_annual_energy_homes_or_peak(winter: Any) -> None:
    facts = NodeFacts.of(
        4,
        class_name=np.full(4, "home"),
        annual_kwh=np.array([8760.0 * 3, np.nan, np.nan, np.nan]),
        homes=np.array([np.nan, 1.0, np.nan, np.nan]),
        peak_kw=np.array([np.nan, np.nan, 3.6, np.nan]),
    )
    profile = ClassProfile.of_days("home", EXAMPLE_DAYS)
    found = predict(winter, np.full((4, winter.horizon.steps), np.nan), facts, profile)
    assert found.basis == (Basis.CLASS, Basis.CLASS, Basis.CLASS, Basis.NONE)
    shape = np.concatenate([HOUR_SHAPE, HOUR_SHAPE[:12]])
    assert found.quantile_kw(0.5)[0] == pytest.approx(3.0 * shape)
    assert found.quantile_kw(0.5)[1] == pytest.approx(1.0 * shape)
    assert found.quantile_kw(0.95)[2].max() == pytest.approx(3.6)
    assert np.isnan(found.load_kw[3]).all()


def test_the_spread_of_many_homes_is_narrower_by_the_root_of_their_number(winter: Any) -> None:
    facts = NodeFacts.of(2, class_name=np.full(2, "home"), homes=np.array([1.0, 16.0]))
    found = predict(
        winter, np.full((2, winter.horizon.steps), np.nan), facts, ClassProfile.of_days("home", EXAMPLE_DAYS)
    )
    spread = found.quantile_kw(0.9) - found.quantile_kw(0.5)
    assert spread[1] / 16 == pytest.approx(spread[0] / 4)


def test_a_class_is_learned_from_its_members_and_scaled_by_homes(winter: Any) -> None:
    day = np.tile(winter.hour() + 1.0, (6, 1)) * np.array([10.0, 20.0, 30.0, 40.0, 20.0, 20.0])[:, None]
    load = day.copy()
    load[4:] = np.nan
    facts = NodeFacts.of(
        6, class_name=np.array([*["street"] * 5, "other"]), homes=np.array([10.0, 20.0, 30.0, 40.0, 20.0, 20.0])
    )
    found = predict(winter, load, facts)
    assert found.basis == (*[Basis.HISTORY] * 4, Basis.CLASS, Basis.NONE)
    for level in found.levels:
        assert found.quantile_kw(level)[4] == pytest.approx(day[4, winter.at_now : winter.at_now + 36])


def test_a_few_days_of_its_own_say_how_large_a_node_is(winter: Any) -> None:
    load = np.full((2, winter.horizon.steps), np.nan)
    load[:, winter.at_now - 5 * 24 : winter.at_now] = 7.0
    facts = NodeFacts.of(2, class_name=np.array(["home", ""]), homes=np.array([400.0, 400.0]))
    found = predict(winter, load, facts, ClassProfile.of_days("home", EXAMPLE_DAYS, homes=400.0))
    assert found.basis == (Basis.CLASS_MEASURED, Basis.SHORT)
    assert found.quantile_kw(0.5)[0, :12] == pytest.approx(3.5)
    assert found.quantile_kw(0.5)[1] == pytest.approx(7.0)


def test_two_members_do_not_make_a_class(winter: Any) -> None:
    load = np.full((3, winter.horizon.steps), 2.0)
    load[2] = np.nan
    facts = NodeFacts.of(3, class_name=np.full(3, "street"), homes=np.ones(3))
    assert predict(winter, load, facts).basis[2] == Basis.NONE


def test_generators_and_loads_of_one_class_name_do_not_teach_each_other(winter: Any) -> None:
    load = np.full((4, winter.horizon.steps), 2.0)
    load[3] = np.nan
    facts = NodeFacts.of(4, class_name=np.full(4, "site"), peak_kw=np.full(4, 2.0), is_pv=np.arange(4) == 3)
    assert predict(winter, load, facts).basis[3] == Basis.NONE

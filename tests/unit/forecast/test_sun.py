"""Generation from irradiance and from the last days."""

from datetime import timedelta

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.forecast.conditions import Calendar, Weather
from evenload.forecast.forecast import Basis, Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts

NOW = parse_instant("2020-05-10T00:00:00+00:00")
DAYS = 60
HORIZON = Horizon(NOW - timedelta(days=DAYS), 60, 24 * (DAYS + 2))
OSLO = Calendar(LocalClock("Europe/Oslo"))


def sun(brightness: FloatArray) -> FloatArray:
    """Irradiance of days of given brightness (0-1): a half sine from 5 to 19 UTC."""
    hour = np.arange(24)
    shape = np.maximum(np.sin(np.pi * (hour + 0.5 - 5) / 14), 0.0) * ((hour >= 5) & (hour < 19))
    return np.asarray((800.0 * brightness[:, None] * shape).ravel())


def predict(load_kw: FloatArray, irradiance: FloatArray | None) -> Forecast:
    facts = NodeFacts.of(1, is_pv=np.array([True]))
    history = LoadHistory(("pv",), HORIZON, load_kw[None])
    weather = None if irradiance is None else Weather(HORIZON, None, irradiance)
    return fit(history, OSLO, weather, facts).predict(NOW, Horizon(NOW, 60, 36))


def brightness() -> FloatArray:
    return np.random.default_rng(2).uniform(0.2, 0.9, DAYS + 2)


def test_a_bright_day_ahead_generates_in_proportion() -> None:
    bright = brightness()
    bright[DAYS:] = 0.8
    found = predict(-0.01 * sun(bright), sun(bright))
    expected = np.maximum(-0.01 * sun(bright), -0.01 * sun(bright)[: 24 * DAYS].max())[24 * DAYS : 24 * DAYS + 36]
    assert found.basis == (Basis.HISTORY,)
    for level in found.levels:
        assert found.quantile_kw(level)[0] == pytest.approx(expected, abs=0.02)


def test_night_is_zero_and_the_sun_never_draws_power() -> None:
    bright = brightness()
    load = -0.01 * sun(bright) * np.random.default_rng(4).uniform(0.7, 1.1, HORIZON.steps)
    for irradiance in (sun(bright), None):
        found = predict(load, irradiance).load_kw
        assert (found <= 0).all()
        assert (found[0, :, [0, 1, 2, 3, 22, 23]] == 0).all()
        assert (found[0, 0, 8:16] < found[0, 2, 8:16]).all()


def test_a_gap_in_the_irradiance_ahead_falls_back_to_the_last_days() -> None:
    load = -0.01 * sun(brightness())
    gap = sun(brightness())
    gap[24 * DAYS + 3] = np.nan
    assert predict(load, gap).load_kw == pytest.approx(predict(load, None).load_kw)


def test_clear_days_repeat_over_a_clock_change() -> None:
    """Oslo's clocks change on 29 March, inside the history: by the wall clock the curve would be smeared."""
    load = -0.01 * sun(np.full(DAYS + 2, 0.7))
    found = predict(load, None)
    assert found.quantile_kw(0.1)[0] == pytest.approx(load[:36])
    assert found.quantile_kw(0.95)[0] == pytest.approx(load[:36])

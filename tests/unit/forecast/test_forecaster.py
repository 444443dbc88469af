"""The forecaster: what it may look at, what it says of missing data, what it gets right by construction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError, LoadError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.conditions import Calendar, Weather
from evenload.forecast.forecast import Basis
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts
from evenload.forecast.score import coverage

OSLO = Calendar(LocalClock("Europe/Oslo"))


def test_a_constant_load_goes_on_and_is_sure(winter: Any) -> None:
    found = winter.predict(np.full((1, winter.horizon.steps), 4.2))
    assert found.load_kw == pytest.approx(4.2)
    assert found.basis == (Basis.HISTORY,)


@pytest.mark.parametrize(
    "now",
    [
        "2020-03-28T12:00:00+01:00",
        "2020-03-29T00:00:00+01:00",
        "2020-10-24T12:00:00+02:00",
        "2020-10-25T00:00:00+02:00",
    ],
)
def test_a_daily_pattern_keeps_its_local_hours_over_a_clock_change(now: str, at: Callable[[str], Any]) -> None:
    bench = at(now)
    found = bench.predict(bench.hour()[None])
    for level in found.levels:
        assert found.quantile_kw(level)[0] == pytest.approx(bench.hour(bench.ahead))


def test_weekends_and_holidays_are_told_from_workdays(at: Callable[[str], Any]) -> None:
    """From Thursday noon into a Friday that is a holiday: Friday is forecast as the Sundays were."""
    bench = at("2020-05-07T12:00:00+02:00")
    sunday = OSLO.clock.weekday(bench.horizon.starts()) == 6
    load = np.where(sunday, 9.0, 1.0)[None] + np.random.default_rng(1).normal(0.0, 0.05, (1, bench.horizon.steps))
    history = LoadHistory(("n",), bench.horizon, load)
    holiday = Calendar(OSLO.clock, np.array(["2020-05-08"], dtype="datetime64[D]"))
    ordinary = fit(history, OSLO).predict(bench.now, bench.ahead).quantile_kw(0.5)[0]
    found = fit(history, holiday).predict(bench.now, bench.ahead).quantile_kw(0.5)[0]
    assert ordinary == pytest.approx(1.0, abs=0.6)
    assert found[:11] == pytest.approx(1.0, abs=0.6)
    assert found[13:] == pytest.approx(9.0, abs=1.5)


def test_nothing_at_or_after_now_is_looked_at(winter: Any, noise: np.random.Generator) -> None:
    load = noise.gamma(2.0, 1.0, (3, winter.horizon.steps))
    changed = load.copy()
    changed[:, winter.at_now :] = 1e6
    assert np.array_equal(winter.predict(load).load_kw, winter.predict(changed).load_kw)


def test_within_a_step_the_forecast_begins_with_that_step_and_does_not_know_it(winter: Any) -> None:
    load = np.full((1, winter.horizon.steps), 1.0)
    load[0, winter.at_now :] = 50.0
    forecaster = fit(LoadHistory(("n",), winter.horizon, load), OSLO)
    later = winter.now + timedelta(minutes=59)
    assert forecaster.predict(later, winter.ahead).load_kw == pytest.approx(1.0)


def test_a_node_without_any_reading_is_unknown_and_says_so(winter: Any) -> None:
    load = np.ones((2, winter.horizon.steps))
    load[1] = np.nan
    found = winter.predict(load)
    assert found.basis == (Basis.HISTORY, Basis.NONE)
    assert np.isnan(found.load_kw[1]).all()
    assert found.measured_until[0] == to_datetime64(winter.now)
    assert np.isnat(found.measured_until[1])


def test_a_time_of_day_never_measured_is_unknown_and_the_rest_is_not(winter: Any) -> None:
    load = np.where(winter.hour() == 3.0, np.nan, winter.hour())[None]
    found = winter.predict(load).load_kw[0]
    missing = winter.hour(winter.ahead) == 3.0
    assert np.isnan(found[:, missing]).all()
    assert found[1, ~missing] == pytest.approx(winter.hour(winter.ahead)[~missing])


def test_a_history_that_begins_after_now_knows_nothing(winter: Any) -> None:
    history = LoadHistory(("n",), winter.horizon, np.ones((1, winter.horizon.steps)))
    early = winter.horizon.start - timedelta(days=3)
    found = fit(history, OSLO).predict(early, Horizon(early, 60, 24))
    assert found.basis == (Basis.NONE,)
    assert np.isnat(found.measured_until[0])


def late_by_two_days(winter: Any, noise: np.random.Generator) -> np.ndarray:
    """Two transformers and their feeder, whose days are all large or small together; the last two days were large."""
    common = np.exp(np.repeat(noise.normal(0.0, 0.3, winter.days + 2), 24))
    common[winter.at_now - 48 :] = 2.0
    transformers = common * (5.0 + winter.hour() * np.array([[0.2], [0.4]]))
    load = np.vstack([transformers, transformers.sum(axis=0)])
    load[:2, winter.at_now - 48 :] = np.nan
    return load


def test_late_readings_are_judged_by_the_feeder_above(winter: Any, noise: np.random.Generator) -> None:
    load = late_by_two_days(winter, noise)
    # Days follow each other in the past as well: pairs of days share what they have in common.
    alone = winter.predict(load)
    led = winter.predict(load, NodeFacts.of(3, above=np.array([2, 2, -1])))
    assert alone.basis == (Basis.LATE, Basis.LATE, Basis.HISTORY)
    assert led.basis == (Basis.ABOVE, Basis.ABOVE, Basis.HISTORY)
    assert alone.measured_until[0] == to_datetime64(winter.now - timedelta(days=2))
    assert np.array_equal(led.load_kw[2], alone.load_kw[2])
    assert not np.allclose(led.load_kw[:2], alone.load_kw[:2])


def test_the_feeder_moves_its_late_transformers_the_right_way(winter: Any, noise: np.random.Generator) -> None:
    """Where high days last, a feeder high since two days lifts its transformers, and a feeder as usual does not."""
    level = np.zeros(winter.days + 2)
    for day in range(1, level.size):
        level[day] = 0.9 * level[day - 1] + noise.normal(0.0, 0.1)
    level[-4:] = 0.4
    common = np.exp(np.repeat(level, 24))
    load = np.vstack([5.0 * common, 50.0 * common])
    load[0, winter.at_now - 48 :] = np.nan
    truth = 5.0 * np.exp(0.4)
    alone = winter.predict(load).quantile_kw(0.5)[0]
    led = winter.predict(load, NodeFacts.of(2, above=np.array([1, -1]))).quantile_kw(0.5)[0]
    assert np.abs(led - truth).mean() < 0.5 * np.abs(alone - truth).mean()


def test_the_spread_holds_four_fifths_of_what_comes(winter: Any, noise: np.random.Generator) -> None:
    load = noise.gamma(3.0, 1.0, (60, winter.horizon.steps)) * (1.0 + 0.5 * np.sin(winter.hour() / 4.0))
    found = winter.predict(load)
    truth = load[:, winter.at_now : winter.at_now + 36]
    assert coverage(truth, found.quantile_kw(0.1), found.quantile_kw(0.9)) == pytest.approx(0.8, abs=0.04)
    assert coverage(truth, np.full_like(truth, -np.inf), found.quantile_kw(0.95)) == pytest.approx(0.95, abs=0.025)


def test_a_cold_day_ahead_raises_a_load_that_heats(winter: Any, noise: np.random.Generator) -> None:
    """0.3 kW per degree below 15; the last two days, of which one and a half are forecast, are at -8."""
    temperature = np.repeat(noise.uniform(-10.0, 12.0, winter.days + 2), 24)
    temperature[winter.at_now :] = -8.0
    load = (1.0 + 0.3 * (15.0 - temperature))[None]
    history = LoadHistory(("n",), winter.horizon, load)
    found = fit(history, OSLO, Weather(winter.horizon, temperature)).predict(winter.now, winter.ahead).quantile_kw(0.5)
    without = winter.predict(load).quantile_kw(0.5)
    assert found[0] == pytest.approx(1.0 + 0.3 * 23.0, rel=0.12)
    assert np.abs(without[0] - 7.9).mean() > 4 * np.abs(found[0] - 7.9).mean()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.9), st.sampled_from([5, 20, 60]))
def test_quantiles_never_cross_and_stay_within_reach(seed: int, missing: float, days: int) -> None:
    rng = np.random.default_rng(seed)
    now = parse_instant("2020-03-28T18:00:00+01:00")
    horizon = Horizon(now - timedelta(days=days), 60, 24 * days)
    load = rng.lognormal(0.0, 1.5, (4, horizon.steps)) * (rng.random((4, horizon.steps)) < 0.3)
    load[rng.random(load.shape) < missing] = np.nan
    history = LoadHistory(tuple("abcd"), horizon, load)
    facts = NodeFacts.of(4, above=np.array([3, 3, -1, -1]), is_pv=np.array([False, False, True, False]))
    load[2] *= -1
    found = fit(history, OSLO, facts=facts).predict(now, Horizon(now, 60, 36)).load_kw
    known = ~np.isnan(found).any(axis=1)
    assert (np.diff(found, axis=1).transpose(0, 2, 1)[known] >= -1e-9).all()
    assert (found[[0, 1, 3]][~np.isnan(found[[0, 1, 3]])] >= 0).all()
    assert (found[2][~np.isnan(found[2])] <= 0).all()
    assert np.nanmax(np.abs(found), initial=0.0) <= 1.26 * np.nanmax(np.abs(load), initial=0.0)


def test_forecasting_nodes_together_or_alone_is_the_same(winter: Any, noise: np.random.Generator) -> None:
    load = noise.gamma(2.0, 1.0, (70, winter.horizon.steps))
    together = winter.predict(load).load_kw
    assert winter.predict(load[64:66]).load_kw == pytest.approx(together[64:66])


def test_a_sum_is_missing_where_a_member_is() -> None:
    horizon = Horizon(parse_instant("2020-01-01T00:00:00Z"), 60, 2)
    history = LoadHistory(("a", "b"), horizon, np.array([[1.0, 2.0], [10.0, np.nan]]))
    summed = history.with_sums({"feeder": np.array([0, 1])})
    assert summed.nodes == ("a", "b", "feeder")
    assert summed.load_kw[2] == pytest.approx([11.0, np.nan], nan_ok=True)


def test_what_cannot_be_forecast_is_refused(winter: Any) -> None:
    history = LoadHistory(("n",), winter.horizon, np.ones((1, winter.horizon.steps)))
    forecaster = fit(history, OSLO)
    with pytest.raises(LoadError, match="begins with the step that contains now"):
        forecaster.predict(winter.now, Horizon(winter.now - timedelta(hours=1), 60, 4))
    with pytest.raises(LoadError, match="within a week"):
        forecaster.predict(winter.now, Horizon(winter.now, 60, 24 * 8))
    with pytest.raises(LoadError, match="15 min"):
        forecaster.predict(winter.now, Horizon(winter.now, 15, 4))
    with pytest.raises(LoadError, match="2 nodes"):
        fit(history, OSLO, facts=NodeFacts.of(2))
    with pytest.raises(LoadError, match="96 values a day, expected 24"):
        fit(history, OSLO, classes=(ClassProfile.of_days("home", np.ones((2, 96))),))
    with pytest.raises(InputError, match="no quantile"):
        forecaster.predict(winter.now, winter.ahead).quantile_kw(0.75)


def test_a_history_of_the_wrong_shape_or_with_infinite_load_is_refused(winter: Any) -> None:
    with pytest.raises(LoadError, match="nodes by steps"):
        LoadHistory(("n",), winter.horizon, np.ones((1, 3)))
    with pytest.raises(LoadError, match="'n' has an infinite load"):
        LoadHistory(("n",), winter.horizon, np.full((1, winter.horizon.steps), np.inf))
    with pytest.raises(LoadError, match="twice"):
        LoadHistory(("n", "n"), winter.horizon, np.ones((2, winter.horizon.steps)))


def test_weather_may_begin_before_or_after_the_history(winter: Any, noise: np.random.Generator) -> None:
    span = Horizon(winter.horizon.start - timedelta(days=9), 60, winter.horizon.steps + 9 * 24)
    temperature = np.repeat(noise.uniform(-10.0, 12.0, span.steps // 24), 24)
    load = 1.0 + 0.3 * (15.0 - temperature[None, 9 * 24 :])
    history = LoadHistory(("n",), winter.horizon, load)
    found = [
        fit(history, OSLO, Weather(Horizon(span.start + timedelta(days=cut), 60, span.steps - cut * 24), values))
        .predict(winter.now, winter.ahead)
        .load_kw
        for cut in (0, 9, 20)
        for values in [temperature[cut * 24 :]]
    ]
    assert found[1] == pytest.approx(found[0])
    assert found[2] == pytest.approx(found[0])

"""Base load ahead: nothing that is known is lost by what is not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.forecast import Basis, Forecast
from evenload.service.base_load import Metered, base_load_ahead

NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
AHEAD = Horizon(NOW.replace(minute=0), 15, 148)
PAST = Horizon(AHEAD.start - timedelta(days=42), 15, 42 * 96)
TREE = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER, 100.0),
        Circuit("T", "F", CircuitKind.TRANSFORMER, 60.0),
        Circuit("a", "T", CircuitKind.SITE, 50.0),
        Circuit("b", "T", CircuitKind.SITE, 50.0),
        Circuit("c", "F", CircuitKind.SITE, 50.0),
    ]
)
CLOCK = np.tile(np.arange(96) / 96, 42)
BELL = 1.0 + 0.5 * np.sin(2 * np.pi * np.roll(CLOCK, -72))  # by the time of day of the steps
HOMES = ClassProfile.of_days(
    "homes", np.array([1.0 + 0.8 * np.sin(np.arange(96) / 96 * 2 * np.pi + s) for s in (0, 1)])
)


def last(hours: float, load_kw: float | FloatArray) -> FloatArray:
    """A meter that told of the last hours only."""
    own = np.full(PAST.steps, np.nan)
    own[-round(4 * hours) :] = load_kw
    return own


def ahead(**meters: FloatArray) -> Forecast:
    nodes = tuple(name.removesuffix("_total") for name in meters)
    is_total = np.array([name.endswith("_total") for name in meters])
    metered = Metered(nodes, is_total, PAST, np.stack(list(meters.values())).astype(np.float32))
    found = base_load_ahead(metered, TREE, NOW, AHEAD, HOMES)
    assert found is not None
    return found


def at(found: Forecast, node: str, level: float = 0.9) -> FloatArray:
    return np.asarray(found.quantile_kw(level)[found.nodes.index(node)])


def basis(found: Forecast) -> dict[str, Basis]:
    return dict(zip(found.nodes, found.basis, strict=True))


def test_a_new_meter_takes_nothing_away_from_those_above() -> None:
    alone = ahead(a=last(480, 30.0))
    found = ahead(a=last(480, 30.0), b=last(3, 20.0))
    for node in ("T", "F"):
        assert (at(found, node) >= at(alone, node) + 0.999 * at(found, "b")).all()
        assert basis(found)[node] is Basis.PARTIAL
    assert basis(found)["b"] is Basis.CLASS
    assert basis(alone) == dict.fromkeys(("F", "T", "a"), Basis.HISTORY)


def test_a_meter_that_fell_silent_still_counts_above() -> None:
    silent = last(480, 30.0)
    silent[-5 * 96 :] = np.nan
    found = ahead(a=silent, b=last(480, 20.0))
    assert at(found, "F") == pytest.approx(50.0)
    assert (basis(found)["F"], basis(found)["a"]) == (Basis.PARTIAL, Basis.LATE)


def test_gaps_that_never_meet_leave_the_sum_whole() -> None:
    one, other = last(960, 10.0 * BELL[-960 * 4 :]), last(960, 20.0 * BELL[-960 * 4 :])
    whole = at(ahead(a=one, b=other), "T")
    rng = np.random.default_rng(1)
    one[rng.random(one.size) < 0.3], other[rng.random(other.size) < 0.3] = np.nan, np.nan
    found = ahead(a=one, b=other)
    assert at(found, "T") == pytest.approx(whole, rel=0.03)
    assert basis(found)["T"] is Basis.PARTIAL


def test_a_sum_keeps_what_its_members_do_not_share() -> None:
    """Members that never peak together: the P90 of their sum is far below the sum of their P90s."""
    rng = np.random.default_rng(3)
    days = rng.random(42) < 0.5
    one = np.repeat(np.where(days, 20.0, 0.0), 96)
    found = ahead(a=one, b=20.0 - one)
    assert at(found, "T") == pytest.approx(20.0)
    assert (at(found, "a") + at(found, "b") > 30.0).any()


def test_from_the_first_hour_on_there_is_a_forecast_like_that_of_homes() -> None:
    shape = HOMES.relative_mean[0][CLOCK[:96].argsort()]
    slots = (np.arange(PAST.steps) + 72) % 96
    found = ahead(a=last(1, 30.0 * shape[slots[-4:]]))
    median, high = at(found, "a", 0.5), at(found, "a", 0.95)
    assert basis(found)["a"] is Basis.CLASS
    assert np.isfinite(found.load_kw).all()
    assert median.mean() == pytest.approx(30.0, rel=0.25)
    assert (high >= median).all()
    assert high.max() > 30.0


def test_what_is_flat_is_not_taken_for_less_than_it_ever_was() -> None:
    found = ahead(a=last(2, 30.0))
    assert (at(found, "a") >= 30.0).all()


def test_after_some_days_it_goes_by_itself() -> None:
    found = ahead(a=last(96, 30.0))
    assert basis(found)["a"] is Basis.SHORT
    assert at(found, "a") == pytest.approx(30.0)


def test_generation_that_is_new_is_not_counted_on() -> None:
    found = ahead(a=last(3, -30.0), b=last(480, 10.0))
    assert (at(found, "a") >= 0).all()
    assert at(found, "T") == pytest.approx(10.0)
    assert (basis(found)["a"], basis(found)["T"]) == (Basis.GAPS, Basis.PARTIAL)


def test_times_of_day_never_seen_are_as_high_as_the_highest() -> None:
    by_day = last(480, 10.0)
    by_day[np.arange(PAST.steps) % 96 < 8] = np.nan
    by_day[np.arange(PAST.steps) % 96 == 50] = 14.0
    found = ahead(a=by_day)
    assert basis(found)["a"] is Basis.GAPS
    unseen = np.arange(AHEAD.steps) % 96 < 8
    assert at(found, "a")[unseen] == pytest.approx(at(found, "a")[~unseen].max())


def test_a_main_meter_stands_for_all_below_it() -> None:
    found = ahead(T_total=last(480, 45.0), a=last(480, 30.0), c=last(480, 5.0))
    assert at(found, "T") == pytest.approx(45.0)
    assert at(found, "F") == pytest.approx(50.0)
    assert at(found, "a") == pytest.approx(30.0)


def test_a_main_meter_that_is_new_does_not_hide_what_is_known() -> None:
    found = ahead(T_total=last(2, 1.0), a=last(480, 30.0))
    assert at(found, "F") == pytest.approx(30.0)
    assert at(ahead(T_total=last(2, 1.0)), "F").min() >= 1.0


def test_a_main_meter_that_shows_less_than_is_known_below_is_not_believed() -> None:
    found = ahead(T_total=last(480, 20.0), a=last(480, 30.0))
    assert (at(found, "T", 0.5), at(found, "F")) == (pytest.approx(30.0), pytest.approx(30.0))


def test_meters_at_no_circuit_and_none_at_all_are_nothing() -> None:
    empty = Metered(("x",), np.array([False]), PAST, np.ones((1, PAST.steps), dtype=np.float32))
    assert base_load_ahead(empty, TREE, NOW, AHEAD, None) is None

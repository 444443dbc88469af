"""What cars of a group could move: by hand, against chance played out, and against real sessions that were not seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant, to_datetime
from evenload.base.local_clock import LocalClock
from evenload.base.units import TextArray
from evenload.domain.history import History
from evenload.files import packaged
from evenload.files.importers.shared_sessions import read_history
from evenload.forecast.capacity import (
    FLEXIBLE_KW_GUESS,
    PLUGGED_GUESS,
    QUANTILES,
    CapacityModel,
    fit_capacity,
    guessed,
    measured_kw,
)

OSLO, UTC = LocalClock("Europe/Oslo"), LocalClock("UTC")
MONDAY = np.datetime64("2019-03-04T00:00:00", "s")
SESSIONS = Path(__file__).resolve().parents[4] / "shared" / "data" / "sessions"


def evenings(days: int, members: int = 10, share: float = 1.0, seed: int = 1) -> History:
    """Each member plugs in at 17:00 UTC with a probability, for 12 h, and draws 7 kW in the first two hours."""
    there = np.random.default_rng(seed).random((days, members)) < share
    day, who = np.nonzero(there)
    plugged = MONDAY - np.timedelta64(days, "D") + day * np.timedelta64(1, "D") + np.timedelta64(17, "h")
    return History.of(
        session_id=np.arange(day.size).astype(np.str_),
        plugged_at=plugged,
        unplugged_at=plugged + np.timedelta64(12, "h"),
        energy_kwh_metered=np.full(day.size, 14.0),
        power_kw_max=np.full(day.size, 7.0),
        user_id=who.astype(np.str_),
    )


def fitted(history: History, also: tuple[str, ...] = (), clock: LocalClock = UTC) -> CapacityModel:
    return fit_capacity(history, np.full(len(history), "g"), history.user_id, clock, also)


def monday_evening(steps: int = 48) -> Horizon:
    return Horizon(to_datetime(MONDAY).replace(hour=16), 15, steps)


@pytest.mark.requirement("R17", "R37", "R97")
def test_ten_cars_that_always_come_at_the_same_time() -> None:
    found = fitted(evenings(200)).predict(monday_evening(), np.array([10]), 0.1)
    assert found.plugged[0, :4].max() < 0.01
    assert found.plugged[0, 4:].min() > 0.99
    assert found.mean_kw[0, 4:12] == pytest.approx(np.full(8, 63.0), rel=0.02)  # 10 x 7 kW x (1 - 0.1)
    assert found.mean_kw[0, 12:].max() < 1.0
    assert (np.diff(found.quantiles_kw, axis=0) >= 0).all()


def test_days_of_23_and_25_hours_keep_to_the_wall_clock() -> None:
    """Cars plug in at 17:00 UTC, which is 18:00 in Oslo; a week after the clocks change, 18:00 is 16:00 UTC."""
    model = fitted(evenings(25), clock=OSLO)
    found = model.predict(Horizon(parse_instant("2019-04-08T15:00:00Z"), 15, 8), np.array([10]))
    assert found.plugged[0, :4].max() < 0.5 < found.plugged[0, 4:].min()


@pytest.mark.requirement("R97")
def test_quantiles_are_those_of_cars_that_come_by_chance() -> None:
    """30 cars, each there with 30 %: the number is binomial, drawn a hundred thousand times."""
    found = fitted(evenings(600, members=30, share=0.3)).predict(monday_evening(12), np.array([30]))
    drawn = 7.0 * np.random.default_rng(5).binomial(30, 0.3, 100_000)
    assert found.quantiles_kw[:, 0, 8] == pytest.approx(np.quantile(drawn, QUANTILES), abs=8.0)  # a car is 7 kW


def test_few_cars_that_seldom_come_move_nothing_at_the_median() -> None:
    found = fitted(evenings(600, members=2, share=0.1)).predict(monday_evening(12), np.array([2]))
    assert found.quantiles_kw[:2, 0, 8].tolist() == [0.0, 0.0]
    assert found.quantiles_kw[2, 0, 8] == pytest.approx(7.0, abs=3.0)  # one is there with 18 %


def test_a_group_without_sessions_is_taken_for_all_others_and_nothing_at_all_for_a_guess() -> None:
    found = fitted(evenings(200), ("new",)).predict(monday_evening(), np.array([10, 10]))
    assert found.groups == ("g", "new")
    assert found.mean_kw[1, 4:12] == pytest.approx(found.mean_kw[0, 4:12], rel=0.02)
    plain = guessed(("a",), OSLO).predict(monday_evening(), np.array([100]))
    assert plain.mean_kw == pytest.approx(np.full((1, 48), 100 * PLUGGED_GUESS * FLEXIBLE_KW_GUESS))


def test_what_cannot_be_used_is_refused() -> None:
    history = evenings(3)
    with pytest.raises(InputError, match="power_kw_max"):
        fitted(replace(history, power_kw_max=np.full(len(history), np.nan)))
    with pytest.raises(InputError, match="sessions on record"):
        fitted(history.take(slice(0, 0)))
    with pytest.raises(InputError, match="members"):
        fitted(history).predict(monday_evening(), np.array([1, 2]))


def test_measured_power_has_the_energy_of_the_sessions() -> None:
    history = evenings(5, members=3)
    horizon = Horizon(to_datetime(MONDAY - np.timedelta64(5, "D")), 15, 6 * 96)
    power = measured_kw(history, np.full(len(history), "g"), ("g",), horizon)
    assert power.sum() * 0.25 == pytest.approx(history.energy_kwh_metered.sum())
    assert power.max() == pytest.approx(21.0)


REAL = [
    ("norway", "Europe/Oslo", "2019-07-01T00:00", 24),
    ("boulder", "America/Denver", "2019-07-01T06:00", 20),
]


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.requirement("R17", "R97")
@pytest.mark.parametrize(("name", "zone", "first", "weeks"), REAL)
def test_a_week_of_real_sessions_lies_within_the_quantiles_as_often_as_they_say(
    name: str, zone: str, first: str, weeks: int
) -> None:
    history, member = _real(name)
    inside, over, forecast_kw, came_kw = np.array(
        [_one_week(history, member, LocalClock(zone), np.datetime64(first, "s") + 7 * week) for week in _days(weeks)]
    ).T
    print(f"{name}: {inside.mean():.1%} between 10 % and 90 %, {over.mean():.1%} above the median")  # noqa: T201
    assert 0.75 <= inside.mean() <= 0.85
    assert 0.43 <= over.mean() <= 0.57
    assert forecast_kw.sum() / came_kw.sum() == pytest.approx(1.0, abs=0.1)


def _days(weeks: int) -> list[np.timedelta64]:
    return [np.timedelta64(week, "D") for week in range(weeks)]


def _real(name: str) -> tuple[History, TextArray]:
    """Sessions with a power: what is on record, else what is usual there, and never less than the mean."""
    if name == "norway":
        history, usual = packaged.history("residential-norway"), 7.0
    else:
        history, usual = read_history(SESSIONS / f"public_{name}.csv.gz"), 6.2
    power = np.where(np.isnan(history.power_kw_max), usual, history.power_kw_max)
    power = np.maximum(power, history.energy_kwh_metered / history.connected_h)
    history = replace(history, power_kw_max=power).take(history.energy_kwh_metered > 0)
    return history, history.user_id if name == "norway" else history.port_id


def _one_week(
    history: History, member: TextArray, clock: LocalClock, start: np.datetime64
) -> tuple[float, float, float, float]:
    """Fitted on all before a week; those seen in four weeks before it are the members. All of them together."""
    horizon = Horizon(to_datetime(start), 15, 672)
    before = np.flatnonzero(history.unplugged_at < start)
    lately = np.unique(member[before][history.plugged_at[before] >= start - np.timedelta64(28, "D")])
    group = np.full(len(history), "all")
    model = fit_capacity(history.take(before), group[before], member[before], clock)
    found = model.predict(horizon, np.array([lately.size]))
    theirs = np.flatnonzero(np.isin(member, lately))
    came = measured_kw(history.take(theirs), group[theirs], ("all",), horizon)
    low, middle, high = found.quantiles_kw
    busy = low > 0  # where nobody may be there at all, nothing lies below the quantiles
    inside = float(((came >= low) & (came <= high))[busy].mean())
    return inside, float((came > middle)[busy].mean()), float(found.mean_kw.sum()), float(came.sum())

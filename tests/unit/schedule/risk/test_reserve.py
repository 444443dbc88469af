import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import CircuitError, ColumnsError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.risk.reserve import Arrivals, Expected, Usual, along, avoiding
from evenload.schedule.strategies.optimised import Optimised
from evenload.testing import random_problem

TEN_KW = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)
DEAR_THEN_CHEAP = np.array([0.4, 0.4, 0.1, 0.1])
SECOND_CAR = Arrivals((Usual("T", False, 20 * 60 + 30, 120.0, 14.8, 7.4),))
"""A Monday at 20:00, two hours, at full power all along."""


def fitted(times: list[str], energy: list[float], stay: float = 300.0, **settings: Any) -> Arrivals:
    size = len(times)
    return Arrivals.fit(
        np.full(size, "T"),
        np.array(times, dtype="datetime64[s]"),
        np.full(size, stay),
        np.array(energy),
        np.full(size, 7.4),
        **settings,
    )


def unserved_kwh(problem: Problem, power_kw: Any) -> float:
    return float((problem.energy_kwh - problem.delivered_kwh(power_kw)).sum())


@pytest.mark.requirement("R40")
def test_cars_make_way_for_who_usually_comes(problem_of: Any, car: Any, rng: Any) -> None:
    """Two of 14.8 kWh below 10 kW, the second has no time to spare: 9.6 kWh of the first must be dear ones."""
    problem = problem_of(car(0, 4, 14.8), car(2, 2, 14.8), steps=4, circuits=TEN_KW, price=DEAR_THEN_CHEAP)
    alone = Optimised(waiting_weight_per_hour=0.0)
    assert unserved_kwh(problem, alone.power_kw(problem, rng)) == pytest.approx(9.6)
    power = replace(alone, arrivals=SECOND_CAR).power_kw(problem, rng)
    assert unserved_kwh(problem, power) == pytest.approx(0.0, abs=1e-6)
    assert problem.money(power) == pytest.approx(9.6 * 0.4 + 20.0 * 0.1, rel=1e-3)


def test_scarce_steps_are_left_to_others_as_far_as_can_be(problem_of: Any, car: Any, rng: Any) -> None:
    """Three such cars are expected: not all fits, so the one that is there does what it can before they come."""
    many = Arrivals((replace(SECOND_CAR.usual[0], energy_kwh=44.4, power_kw=22.2),))
    problem = problem_of(car(0, 4, 16.0), steps=4, circuits=TEN_KW, price=DEAR_THEN_CHEAP)
    power = Optimised(waiting_weight_per_hour=0.0, arrivals=many).power_kw(problem, rng)
    assert power.tolist() == pytest.approx([7.4, 7.4, 1.2, 0.0], abs=1e-3)


@given(seed=st.integers(0, 2**32 - 1), crowd_kwh=st.sampled_from([1.0, 50.0, 5000.0]))
@settings(deadline=None, max_examples=30)
def test_what_may_come_never_takes_from_who_is_there(seed: int, crowd_kwh: float) -> None:
    """All are there from the start and leave as they said, so as much as can be is served, whoever is expected."""
    rng = np.random.default_rng(seed)
    drawn = random_problem(rng, sessions=8, opted_out=0.0, scarcity=1.3)
    slots = rng.integers(4, drawn.horizon.steps + 1, 8)
    problem = replace(
        drawn,
        first_step=np.zeros(8, dtype=np.int64),
        offset=np.concatenate([[0], np.cumsum(slots)]),
        cap_kw=np.repeat(drawn.power_kw_max, slots),
        declared_slots=slots,
        energy_kwh=drawn.power_kw_max * slots * 0.25 * rng.uniform(0.1, 0.9, 8),
    )
    hours = [Usual("system", False, 60 * hour + 30, 90.0, crowd_kwh, crowd_kwh) for hour in range(24)]
    with_crowd = Optimised(arrivals=Arrivals(tuple(hours))).power_kw(problem, rng)
    assert audit(problem, with_crowd) == ()
    assert unserved_kwh(problem, with_crowd) == pytest.approx(
        unserved_kwh(problem, Optimised().power_kw(problem, rng)), abs=1e-4
    )


def test_a_usual_day_is_the_mean_of_days_also_of_those_nobody_came() -> None:
    """Monday to Friday: 10 and 30 kWh on Monday morning, 20 on Friday, 8 on Saturday."""
    times = ["2025-01-13T08:10", "2025-01-13T08:50", "2025-01-17T08:30", "2025-01-18T15:00"]
    workday, weekend = fitted(times, [10.0, 30.0, 20.0, 8.0]).usual
    assert workday == Usual("T", False, 8 * 60 + 30, 300.0, 12.0, workday.power_kw)
    assert workday.power_kw == pytest.approx(3 * 7.4 / 5)
    assert weekend == Usual("T", True, 15 * 60 + 30, 300.0, 8.0, 7.4)


def test_a_quantile_is_of_the_energy_of_days() -> None:
    """Days of 10, 20, 30, 40 and 50 kWh: 9 in 10 need 46 or less."""
    times = [f"2025-01-{day}T08:00" for day in (13, 14, 15, 16, 17)]
    assert fitted(times, [10.0, 20.0, 30.0, 40.0, 50.0], quantile=0.9).usual[0].energy_kwh == pytest.approx(46.0)


@given(st.lists(st.tuples(st.integers(0, 30 * 1440), st.floats(0, 100), st.floats(1, 2000)), max_size=30))
def test_no_energy_of_the_history_is_lost(rows: list[tuple[int, float, float]]) -> None:
    minute, energy, stay = (np.array([row[k] for row in rows], dtype=np.float64) for k in range(3))
    plugged = np.datetime64("2025-01-01T00:00", "s") + (minute * 60).astype("timedelta64[s]")
    found = Arrivals.fit(np.full(minute.size, "T"), plugged, stay, energy, np.full(minute.size, 7.4)).usual
    days = np.arange(plugged.astype("datetime64[D]").min(), plugged.astype("datetime64[D]").max() + 1) if rows else []
    weekends = sum(1 for day in np.array(days, dtype="datetime64[D]").tolist() if day.weekday() >= 5)
    counted = {True: weekends, False: len(days) - weekends}
    assert sum(one.energy_kwh * counted[one.weekend] for one in found) == pytest.approx(energy.sum(), abs=1e-6)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Auckland"])
def test_weekends_and_hours_are_those_of_the_local_clock(problem_of: Any, zone: str) -> None:
    """Two weeks, with a change of clocks in Oslo: at 8 on weekends, and on all other days."""
    start = datetime(2025, 3, 23, tzinfo=UTC)
    problem = problem_of(steps=14 * 24, start=start, zone=zone)
    weekends, workdays = (
        Expected.of(problem, Arrivals((Usual("T", weekend, 8 * 60 + 30, 60.0, 5.0, 7.4),))) for weekend in (True, False)
    )
    for found, expected in ((weekends, True), (workdays, False)):
        starts = [start + timedelta(hours=step) for step in found.first_step.tolist()]
        local = [one.astimezone(ZoneInfo(zone)) for one in starts]
        assert all((one.weekday() >= 5) is expected and one.hour == 8 for one in local)
    assert weekends.size + workdays.size == 14


def test_who_would_stay_beyond_the_end_wants_the_part_that_falls_inside(problem_of: Any) -> None:
    problem = problem_of(steps=4)  # 18:00 to 22:00
    found = Expected.of(problem, Arrivals((Usual("T", False, 20 * 60, 240.0, 8.0, 7.4),)))
    assert (found.first_step.tolist(), found.slots.tolist(), found.energy_kwh.tolist()) == ([2], [2], [4.0])
    assert found.last_step == 4
    assert along(problem, found, 1).first_step.tolist() == [1]


def test_scarcity_above_counts_below(problem_of: Any, car: Any) -> None:
    circuits = (
        Circuit("S", "", CircuitKind.SYSTEM),
        Circuit("A", "S", CircuitKind.TRANSFORMER),
        Circuit("B", "S", CircuitKind.TRANSFORMER),
    )
    problem = problem_of(car(0, 2, 1.0, node="A"), car(0, 2, 1.0, node="B"), steps=2, circuits=circuits)
    scarce = np.array([[False, True], [True, False], [False, False]])
    tariffs = avoiding(problem, scarce).tariffs
    assert tariffs is not None
    extra = tariffs.import_per_kwh[tariffs.of_session] - problem.price_per_kwh
    assert (extra > 0).tolist() == [[True, True], [False, True]]
    assert extra[0, 1] > extra[0, 0]


def test_nothing_known_and_nothing_that_can_be(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 4, 14.8), steps=4, circuits=TEN_KW, price=DEAR_THEN_CHEAP)
    assert fitted([], []) == Arrivals()
    assert fitted(["2025-01-13T08:00"], [0.0]) == Arrivals()
    assert fitted(["NaT"], [5.0]) == Arrivals()
    assert fitted(["2025-01-13T08:00"], [float("nan")]) == Arrivals()
    assert Optimised(arrivals=Arrivals()).power_kw(problem, rng).tolist() == Optimised().power_kw(problem, rng).tolist()
    with pytest.raises(InputError, match="quantile must be between 0 and 1, not 2"):
        fitted(["2025-01-13T08:00"], [5.0], quantile=2.0)
    with pytest.raises(InputError, match=re.escape("usual sessions at 'T' need a minute_of_day from 0 to 1439")):
        Usual("T", False, 1440, 60.0, 5.0, 7.4)
    with pytest.raises(InputError, match="numbers of 0 or more"):
        Usual("T", False, 0, 60.0, float("nan"), 7.4)
    with pytest.raises(ColumnsError, match="shapes"):
        Arrivals.fit(np.array(["T"]), np.zeros(0, dtype="datetime64[s]"), np.zeros(0), np.zeros(0), np.zeros(0))
    with pytest.raises(CircuitError, match="node 'X' is not in the grid"):
        Expected.of(problem, Arrivals((Usual("X", False, 0, 60.0, 5.0, 7.4),)))
